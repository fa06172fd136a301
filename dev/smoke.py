"""The main job without hands: a recorded day, faster than real time, through the whole path and onto the screen.

    make smoke                        the household of UCI's recording, by the minute
    make smoke RECORDING=FILE[#HOME]  another recording, such as citylearn_homes.csv.gz#1: a home with PV, by the hour

Four weeks of the recording are seeded through `ingest` and trained on. Then one of its days is laid onto yesterday and
played: waveforms are made, the real firmware measures them, the real hub carries them, the real functions store them.
On the way a heater is left on at night, the hub's power fails, then the house's own, the internet is away for two hours
and the Wi-Fi for one. At the end a householder logs in with Chromium, and what the screen says is held against what was
recorded. A house without power uses none: what was recorded for the minutes of its power cut is not expected. Its meter
is off too and cannot tell of the interruption: the day names its quarter, and no alert is looked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Error

from contract import documents, ledger, wire
from dev import books
from dev.actors import Json, Person
from dev.failures import FAILURES
from dev.neighbourhood import ZONE, Household, Neighbourhood, NotReached, Settlement, internet_of, midnight_s
from dev.paths import data_dir
from dev.ports import Ports
from dev.processes import Stopped, signals_unwind
from dev.stack import Stack
from dev.told import step
from tests.browser.driver import App, chromium
from twin.faults import Fault
from twin.house import House
from twin.ledger import Energy
from twin.people import demo_households
from twin.profile import Source
from twin.recordings import BadRecording, Recording, day_date, read_recording
from twin.replay import Replay, recorded_energy
from twin.server import Event
from twin.street import Street

HISTORY_DAYS = 28
LEAD_S = 1800  # played before midnight: the day itself then begins and ends within what the meter measured
HOUR_MS = 3_600_000
TALL_PX = (1280, 3000)  # a list builds only what is on the screen
HEATER_W = 2500.0
MAX_ALERT_DELAY_MIN = 65.0  # by then the mean of an hour is the heater's, and was for the five minutes an alert waits
MAX_ALERT_ERROR = 0.03  # of its value: what its minutes hold beside whole cycles, and the meter's own error
MAX_REBOOT_S = 25.0  # what a power cut costs: the reading being made and the one on its way, 10 s each, and the start
MAX_ENERGY_ERROR_PCT = 0.5
MIN_DECISIVE_WH = 100.0  # below this an error in percent says nothing
MAX_LIVE_ERROR = 0.02

# One zone without summer time for each hour of the Earth: the run takes the one in which midnight has just passed,
# since all of today up to now must be played too before the app can show live figures.
ZONES = (
    "Pacific/Tarawa",
    "Pacific/Noumea",
    "Australia/Brisbane",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Asia/Bangkok",
    "Asia/Dhaka",
    "Asia/Karachi",
    "Asia/Dubai",
    "Europe/Istanbul",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Abidjan",
    "Atlantic/Cape_Verde",
    "America/Noronha",
    "America/Sao_Paulo",
    "America/Santo_Domingo",
    "America/Bogota",
    "America/Costa_Rica",
    "America/Phoenix",
    "Pacific/Pitcairn",
    "Pacific/Gambier",
    "Pacific/Honolulu",
    "Pacific/Pago_Pago",
)
TODAY_AT_LEAST_S = 1800

ALERT_MINUTES = {"house_1m": 1, "house_60m": 60, "house_mean_24h": 1440, "excess_60m": 60}  # of `overuse`
POWER_CUT_WORDS = "power cut at the house"  # the app's, for a quarter with that cause


@dataclass(frozen=True)
class Play:
    """What is played: a source whose day of interest lies on `day` in `zone`, and what goes wrong on it."""

    what: str
    source: Source
    zone: str
    day: date

    @property
    def from_s(self) -> int:
        """Local midnight at which the day begins."""
        return midnight_s(datetime.combine(self.day, datetime.min.time(), ZoneInfo(self.zone)), self.zone)

    @property
    def to_s(self) -> int:
        return midnight_s(datetime.combine(self.day, datetime.min.time(), ZoneInfo(self.zone)), self.zone, 1)

    @property
    def start_s(self) -> int:
        """When the houses begin to be played."""
        return self.from_s - LEAD_S

    def at_ms(self, hour: float) -> int:
        return int(self.from_s * 1000 + hour * HOUR_MS)

    @property
    def heater(self) -> Fault:
        return Fault("heater", self.at_ms(2), self.at_ms(4.5), HEATER_W)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return (
            self.heater,
            Fault("hub", self.at_ms(9), self.at_ms(9.25)),
            self.power_cut,
            Fault("internet", self.at_ms(14), self.at_ms(16)),
            self.wifi_loss,
        )

    @property
    def power_cut(self) -> Fault:
        """Ten minutes, whole ones, amid one quarter of an hour."""
        start_ms = self.at_ms(11.5) + 2 * 60_000
        return Fault("power", start_ms, start_ms + 10 * 60_000)

    @property
    def wifi_loss(self) -> Fault:
        return Fault("wifi", self.at_ms(18), self.at_ms(19))

    @property
    def expected(self) -> Energy:
        """What was recorded for the day, by the minute, while the house had power; without the heater."""
        return self.expected_between(self.from_s, self.to_s)

    def expected_between(self, from_s: int, to_s: int) -> Energy:
        """The same from one minute to another."""
        profile = self.source.minutes(from_s, to_s)
        dark_from_s = min(max(self.power_cut.start_ms // 1000, from_s), to_s)
        dark_to_s = min(max(self.power_cut.end_ms // 1000, from_s), to_s)
        return recorded_energy(profile, from_s, to_s) - recorded_energy(profile, dark_from_s, dark_to_s)

    def house_w(self, from_s: int, to_s: int) -> float:
        """Mean power of the house from one minute to another, the heater's included."""
        heater_s = min(to_s, self.heater.end_ms / 1000) - max(from_s, self.heater.start_ms / 1000)
        house_wh = self.expected_between(from_s, to_s).house_wh + HEATER_W * max(heater_s, 0.0) / 3600
        return house_wh * 3600 / (to_s - from_s)


def play_of_environment(now: datetime) -> Play:
    """The recording of RECORDING, else UCI's, else a simulated family. Raises BadRecording or OSError."""
    default = data_dir() / "uci_minute_60d.csv.gz"
    spec = os.environ.get("RECORDING") or (str(default) if default.is_file() else None)
    if spec is None:
        yesterday = now.astimezone(ZoneInfo(ZONE)).date() - timedelta(days=1)
        what = f"a simulated family, for there are no recordings in {data_dir()}"
        return Play(what, demo_households(ZONE)[0], ZONE, yesterday)
    recording = read_recording(spec)
    zone = zone_past_midnight(now)
    yesterday = now.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    position = typical_day_after(recording, HISTORY_DAYS)
    what = f"{Path(spec).name}, {day_date(recording, position)}"
    return Play(what, Replay(recording, position, yesterday, zone), zone, yesterday)


def zone_past_midnight(now: datetime) -> str:
    """The zone in which the least of today is over, but for half an hour."""

    def over_s(zone: str) -> float:
        return (now.timestamp() - TODAY_AT_LEAST_S - midnight_s(now, zone)) % 86_400

    return min(ZONES, key=over_s)


def typical_day_after(recording: Recording, days: int) -> int:
    """The position of the complete day nearest to the typical one that has so many days of the recording before it."""
    typical = recording.typical_day()
    eligible = [position for position in recording.complete_days() if position >= days]
    if not eligible:
        raise BadRecording(Path(recording.name), 0, "", f"there is no complete day after the first {days}")
    return min(eligible, key=lambda position: abs(position - typical))


# ------------------------------------------------------------------------------------------------------------ playing


@dataclass
class Run:
    """A play on its way through the real programs."""

    play: Play
    neighbourhood: Neighbourhood
    settlement: Settlement
    street: Street
    address: str

    @property
    def household(self) -> Household:
        return self.settlement.households[0]

    @property
    def house(self) -> House:
        return self.street.meters[0].house

    @property
    def owner(self) -> Person:
        return self.neighbourhood.owner(self.settlement)

    def meter_mwh(self) -> books.Counted | None:
        """What the meter's registers counted in the day; None: not yet heard."""
        folder, play = self.neighbourhood.hub_folder, self.play
        return books.meter_mwh(folder, self.household.meter, play.from_s, play.to_s)

    def hub_mwh(self) -> books.Counted:
        folder, play = self.neighbourhood.hub_folder, self.play
        return books.hub_mwh(folder, self.household.meter, play.from_s, play.to_s)

    def cloud_mwh(self, day: Json) -> books.Counted:
        local = ledger.day_of(self.play.day, ZoneInfo(self.play.zone))
        return books.cloud_mwh([(local, day)], self.play.from_s, self.play.to_s)


@contextlib.contextmanager
def played(play: Play) -> Iterator[Run]:
    """Plays up to the present; what was started goes on until the caller is through."""
    with contextlib.ExitStack() as running:
        with step("starting the Firebase emulators"):
            stack = running.enter_context(Stack(Ports.free()))
        internet = running.enter_context(internet_of(stack))
        neighbourhood = Neighbourhood(stack, stack.folder / "smoke", internet)
        neighbourhood.set_clock(play.start_s * 1000)
        with step("signing up, creating a home, enrolling the hub"):
            settlement = neighbourhood.settle(["Smoke"], play.zone)
        with step("starting the hub; the meter knocks and is claimed"):
            neighbourhood.start_hub()
            neighbourhood.claim_all(settlement)
        (household,) = settlement.households
        with step(f"sending {HISTORY_DAYS} days of history"):
            neighbourhood.seed(household.meter, play.source, play.start_s - HISTORY_DAYS * 86_400, play.start_s)
        with step("training on them"):
            neighbourhood.train(settlement, datetime.fromtimestamp(play.from_s + 60, UTC))
        street = neighbourhood.street(settlement, [play.source], play.start_s * 1000, tell_trouble)
        for fault in play.faults:
            street.inject(fault)
        with step("starting the app"):
            address = neighbourhood.start_app()
        run = Run(play, neighbourhood, settlement, street, address)
        with step("playing the day, and today up to now"):
            running.enter_context(street.twin)
            while street.twin.timeline.catching_up:
                stack.processes.check()
                street.twin.join(0.1)
        with step("waiting until the cloud has all of the day"):
            neighbourhood.wait_for(lambda: cloud_has_all(run), "the whole day in the cloud", 120)
        yield run


def tell_trouble(event: Event) -> None:
    if event["event"] in ("crash", "hung"):
        print(f"\n  the meter: {event}", file=sys.stderr, flush=True)


# ------------------------------------------------------------------------------------------------- what each part says


def cloud_day(run: Run) -> Json:
    """The day's document, read as the householder."""
    path = documents.day(run.household.home, run.play.day.isoformat())
    return run.owner.get(path) or {}


def cloud_has_all(run: Run) -> bool:
    counted, day = run.meter_mwh(), cloud_day(run)
    return counted is not None and bool(day) and run.cloud_mwh(day) == counted


@dataclass(frozen=True)
class Screen:
    """What the householder read."""

    energy_wh: dict[str, float]
    names_power_cut: bool  # in the list of how the day's figures were obtained
    alerts: dict[str, str]  # by id
    live_house_w: float
    live_read_ms: int


def read_screen(run: Run, alerts: Iterator[str]) -> Screen:
    """Signs in with real Chromium and goes through History, Alerts and Home."""
    with chromium() as browser:
        app = App(browser, TALL_PX, zone=run.play.zone)
        try:
            return walk_through(run, app, alerts)
        except (Error, AssertionError) as error:
            picture = run.neighbourhood.stack.folder / "logs" / "screen.png"
            app.page.screenshot(path=picture)
            raise NotReached(f"{error}\nthe screen at that moment: {picture}; its errors: {app.errors}") from error


def sign_in(app: App, address: str, settlement: Settlement) -> None:
    """As the householder would, with the keys."""
    app.open(f"{address}/sign-in")
    app.type("E-mail address", settlement.email)
    app.type("Password", settlement.password)
    app.click("Sign in")


def screen_says(app: App, text: str) -> bool:
    """Whether the screen says it, or will in a moment."""
    try:
        app.sees(text)
    except AssertionError:
        return False
    return True


def walk_through(run: Run, app: App, alerts: Iterator[str]) -> Screen:
    sign_in(app, run.address, run.settlement)
    app.tab("History")
    app.click("Previous day")
    app.sees(f"Day shown: {run.play.day.isoformat()}")
    energy_wh = {name: app.number(f"history-{name}-kwh") * 1000 for name in ("house", "pv", "import", "export")}
    names_power_cut = screen_says(app, POWER_CUT_WORDS)
    app.tab("Alerts")
    told = {alert: app.words(f"alert-{alert}") for alert in alerts}
    app.tab("Home")
    live_house_w = app.number("live-house-w") * 1000
    return Screen(energy_wh, names_power_cut, told, live_house_w, time.time_ns() // 1_000_000)


# -------------------------------------------------------------------------------------------------------------- verdict


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


def main() -> int:
    started_s = time.monotonic()
    try:
        play = play_of_environment(datetime.now(UTC))
        print(f"  {play.what}, laid onto {play.day} in {play.zone}", flush=True)
        with signals_unwind(), played(play) as run:
            with step("reading the screen"):
                claims = claims_of(run)
            holds = report("smoke", claims, time.monotonic() - started_s)
    except FAILURES as error:
        print(f"smoke: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Stopped):
        return 130
    return 0 if holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
