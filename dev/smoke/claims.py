"""What must hold at the end of a play, and whether it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from contract import documents, ledger, wire
from dev.actors import Json

from .play import HEATER_W, HOUR_MS, Play
from .run import Run, cloud_day
from .screen import Screen, read_screen

MAX_ALERT_DELAY_MIN = 65.0  # by then the mean of an hour is the heater's, and was for the five minutes an alert waits
MAX_ALERT_ERROR = 0.03  # of its value: what its minutes hold beside whole cycles, and the meter's own error
MAX_REBOOT_S = 25.0  # what a power cut costs: the reading being made and the one on its way, 10 s each, and the start
MAX_ENERGY_ERROR_PCT = 0.5
MIN_DECISIVE_WH = 100.0  # below this an error in percent says nothing
MAX_LIVE_ERROR = 0.02

ALERT_MINUTES = {"house_1m": 1, "house_60m": 60, "house_mean_24h": 1440, "excess_60m": 60}  # of `overuse`


@dataclass(frozen=True)
class Claim:
    """One figure, and whether it is as it must be."""

    name: str
    says: str
    figure: float
    holds: bool


def claims_of(run: Run) -> list[Claim]:
    play = run.play
    alerts = {
        alert_id: alert
        for alert_id, alert in run.owner.list(f"{documents.home(run.household.home)}/alerts").items()
        if alert["kind"] == "overuse" and play.heater.start_ms <= alert["start_ms"] < play.heater.end_ms
    }
    screen = read_screen(run, iter(alerts))
    return [
        *energy_claims(run, screen),
        registers_claim(run),
        dark_claim(run, screen),
        wifi_claim(run),
        alert_claim(play, alerts, screen, promised_w(run)),
        live_claim(run, screen),
    ]


def energy_claims(run: Run, screen: Screen) -> Iterator[Claim]:
    """House and PV against the recording; import and export against the truth of the waveforms.

    Within a minute a house may import and export: a recording by the minute does not tell.
    """
    play = run.play
    heater_wh = HEATER_W * (play.heater.end_ms - play.heater.start_ms) / HOUR_MS
    truth = run.house.energy_between(play.from_s * 1000, play.to_s * 1000)
    wanted = {
        "house": play.expected.house_wh + heater_wh,
        "pv": play.expected.pv_wh,
        "import": truth.import_wh,
        "export": truth.export_wh,
    }
    for name, wanted_wh in wanted.items():
        said_wh = screen.energy_wh[name]
        error_pct = 100 * (said_wh - wanted_wh) / max(wanted_wh, MIN_DECISIVE_WH)
        says = f"{name}: the screen says {said_wh / 1000:.3f} kWh, right is {wanted_wh / 1000:.3f}"
        yield Claim(f"{name}_error_pct", says, round(error_pct, 3), abs(error_pct) <= MAX_ENERGY_ERROR_PCT)


def registers_claim(run: Run) -> Claim:
    counted, carried, stored = run.meter_mwh(), run.hub_mwh(), run.cloud_mwh(cloud_day(run))
    assert counted is not None
    lost = max(abs(counted[name] - each[name]) for each in (carried, stored) for name in wire.REGISTERS)
    return Claim("lost_mwh", "the meter's registers, the hub's intervals and the cloud's day agree", lost, lost == 0)


def cloud_quarter(day: Json, name: str, at_s: int, play: Play) -> int | None:
    """One number of a day's document: of the quarter that begins at a moment."""
    return documents.unpack(documents.DAY_COLUMNS[name], day["columns"][name])[(at_s - play.from_s) // ledger.QUARTER_S]


def cause_of(day: Json, at_s: int, play: Play) -> str:
    """Why that quarter was not measured whole, as the cloud says."""
    return documents.CAUSES[cloud_quarter(day, "cause", at_s, play) or 0]


def dark_claim(run: Run, screen: Screen) -> Claim:
    """Nothing is counted for the minutes without power, and little is lost by the meter's own end and start."""
    play, day = run.play, cloud_day(run)
    cut = play.power_cut
    from_s = cut.start_ms // 1000 // ledger.QUARTER_S * ledger.QUARTER_S
    wanted_wh = play.expected_between(from_s, from_s + ledger.QUARTER_S).house_wh
    stored = ledger.Registers(*(cloud_quarter(day, name, from_s, play) or 0 for name in wire.REGISTERS))
    stored_wh = stored.house_mwh / 1000
    most_w = max(play.house_w(at_s, at_s + 60) for at_s in range(from_s, from_s + ledger.QUARTER_S, 60))
    off_wh = stored_wh - wanted_wh
    cause = cause_of(day, from_s, play)
    says = (
        f"the quarter of the power cut: {stored_wh:.1f} Wh stored, {wanted_wh:.1f} used; its cause: {cause}, "
        f"{'named' if screen.names_power_cut else 'NOT named'} on the screen"
    )
    holds = abs(off_wh) <= most_w * MAX_REBOOT_S / 3600 and cause == "power_cut" and screen.names_power_cut
    return Claim("dark_error_wh", says, round(off_wh, 2), holds)


def wifi_claim(run: Run) -> Claim:
    """What was measured without Wi-Fi comes later: every quarter is there, whole or with the Wi-Fi as its cause."""
    day, loss = cloud_day(run), run.play.wifi_loss
    quarters = range(loss.start_ms // 1000, loss.end_ms // 1000, ledger.QUARTER_S)
    known = [cloud_quarter(day, "import_mwh", at_s, run.play) is not None for at_s in quarters]
    causes = [cause_of(day, at_s, run.play) for at_s in quarters]
    unnamed = sum(not there or cause not in ("none", "wifi") for there, cause in zip(known, causes, strict=True))
    says = f"the quarters without Wi-Fi are all there, whole or with their cause: {', '.join(causes)}"
    return Claim("wifi_unnamed", says, unnamed, unnamed == 0)


def promised_w(run: Run) -> float | None:
    """The smallest excess by night that this home's model says an alert tells of; None when it promises none."""
    model = run.owner.get(documents.insight(run.household.home, "model")) or {}
    found: float | None = model.get("detectable", {}).get("night_w")
    return found


def alert_claim(play: Play, alerts: dict[str, Json], screen: Screen, promised_w: float | None) -> Claim:
    """The first alert under the heater comes in time, and its value is what was recorded and the heater.

    In time: within the hour when the home's model promises to tell of so much, else while the heater is on.
    """
    if not alerts:
        return Claim("alert_delay_min", "the heater left on at night was not noticed", -1, False)
    first = min(alerts, key=lambda alert_id: int(alerts[alert_id]["start_ms"]))
    delay_min = (alerts[first]["start_ms"] - play.heater.start_ms) / 60_000
    is_right, why = alert_value(play, alerts[first])
    is_promised = promised_w is not None and promised_w <= HEATER_W
    heater_min = (play.heater.end_ms - play.heater.start_ms) / 60_000
    most_min = MAX_ALERT_DELAY_MIN if is_promised else heater_min
    says = (
        f"the heater was noticed (at most {most_min:.0f} min, for the model promises {promised_w} W; {why}); "
        f"the inbox says: {screen.alerts[first]}"
    )
    value_w = alerts[first]["value"]
    is_shown = any(figure in screen.alerts[first] for figure in (f"{value_w / 1000:.2f} kW", f"{value_w} W"))
    holds = is_shown and is_right and delay_min <= most_min
    return Claim("alert_delay_min", says, round(delay_min, 1), holds)


def alert_value(play: Play, alert: Json) -> tuple[bool, str]:
    """Whether an alert's value is the house's mean power over its minutes, and how the two compare."""
    minutes = ALERT_MINUTES[alert["channel"]]
    end_s = alert["start_ms"] // 60_000 * 60 + 60  # it begins with the minute that decided
    right_w = play.house_w(end_s - minutes * 60, end_s)
    says = f"{alert['channel']} {alert['value']} W, the house's mean {right_w:.0f} W"
    return abs(alert["value"] - right_w) <= MAX_ALERT_ERROR * right_w, says


def live_claim(run: Run, screen: Screen) -> Claim:
    """The live figure is the mean of a few seconds; it must lie among the true powers of the time it may speak of."""
    to_ms = min(screen.live_read_ms, run.house.now_ms) // 1000 * 1000
    seconds = range(to_ms - 25_000, to_ms, 1000)
    powers_w = [run.house.energy_between(at_ms, at_ms + 1000).house_wh * 3600 for at_ms in seconds]
    live = run.owner.get(documents.live(run.household.home)) or {}
    slack_w = max(MAX_LIVE_ERROR * max(powers_w), float(live.get("u_w") or 0))
    off_w = max(0.0, min(powers_w) - screen.live_house_w, screen.live_house_w - max(powers_w))
    says = (
        f"live: the screen says {screen.live_house_w:.0f} W, the house used {min(powers_w):.0f} to {max(powers_w):.0f}"
    )
    return Claim("live_error_w", says, round(off_w, 1), off_w <= slack_w)


def report(name: str, claims: list[Claim], seconds: float) -> bool:
    """Prints the table and the line of figures; whether everything holds."""
    print()
    for claim in claims:
        print(f"  {'ok    ' if claim.holds else 'WRONG '} {claim.name:<18} {claim.figure:>10}   {claim.says}")
    holds = all(claim.holds for claim in claims)
    figures = {**{claim.name: claim.figure for claim in claims}, "seconds": round(seconds)}
    print(f"\n  {'everything holds' if holds else 'NOT everything holds'}")
    print(json.dumps({"name": name, "figures": figures}), flush=True)
    return holds
