"""How each kind of alert is told. Pure: one table, and nothing decides by a kind's name elsewhere."""

from dataclasses import dataclass

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True)
class Kind:
    """What is to be told of a kind, and how soon and how often."""

    pushed: bool = True  # False: it is read in the app, unless a person asks for mail
    urgent: bool = False  # passes quiet hours, and is worth telling even when it is over
    by_day: bool = False  # often judged at night, and can wait: nobody is woken, quiet hours or none
    settle_ms: int = 0  # it must last this long before anybody is told
    cool_down_ms: int = 3 * HOUR_MS  # another of the same channel that soon is only kept in the app
    part_of: str = ""  # the kind that tells more of the same event
    hold_ms: int = 0  # in an area it waits so long for that one


ALERTS = {
    "anomaly": Kind(),
    "overuse": Kind(),
    "hidden_load": Kind(),
    "pv_low": Kind(by_day=True, cool_down_ms=DAY_MS),
    "tamper": Kind(urgent=True, cool_down_ms=HOUR_MS),
    "sensor": Kind(cool_down_ms=DAY_MS),
    # A motor that starts makes a sag: what lasts is a matter for the grid's operator, and too much breaks things.
    "sag": Kind(settle_ms=2 * MINUTE_MS, cool_down_ms=6 * HOUR_MS),
    "swell": Kind(urgent=True, settle_ms=2 * MINUTE_MS, cool_down_ms=6 * HOUR_MS),
    # A meter is called silent after half a minute, and a street of them makes an outage.
    "interruption": Kind(urgent=True, cool_down_ms=15 * MINUTE_MS, part_of="outage", hold_ms=MINUTE_MS),
    "health": Kind(pushed=False),
    "silent": Kind(settle_ms=15 * MINUTE_MS, cool_down_ms=6 * HOUR_MS),  # Wi-Fi comes back by itself, mostly
    "hub_silent": Kind(cool_down_ms=6 * HOUR_MS),
    "outage": Kind(urgent=True, cool_down_ms=0),
    "over_budget": Kind(by_day=True, cool_down_ms=7 * DAY_MS),
    "calibration_due": Kind(by_day=True, cool_down_ms=30 * DAY_MS),
}
_UNKNOWN = Kind(pushed=False)


def of(kind: str) -> Kind:
    """How a kind is told; one that a newer meter knows and we do not is kept in the app."""
    return ALERTS.get(kind, _UNKNOWN)
