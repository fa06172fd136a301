"""What goes wrong, when, and for how long. Faults may be added and ended while the house runs.

Written as KIND[.CHANNEL][#HOUSE]@START[+DURATION][:AMOUNT], for example `heater@18:30+2h:2000`, `bypass.grid@9:00:0.6`,
`power#2@2026-11-20T03:00+20m`, `hub@now+10m`. Of two times after `now` the first is a delay: `sag@now+2m+10s` begins in
two minutes. Without a duration a fault lasts until it is ended.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from threading import Lock
from types import MappingProxyType
from zoneinfo import ZoneInfo

FOREVER_MS = 1 << 62


@dataclass(frozen=True)
class Kind:
    """What a fault's amount means, its usual value, and the channels it may touch."""

    says: str
    amount: float | None = None  # None: takes no amount
    least: float = 0.0
    most: float = 1.0
    unit: str = ""
    channels: tuple[str, ...] = ()  # the first is meant when none is named


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "heater": Kind("a heater is left on", 2000.0, 1.0, 9000.0, "W"),
        "hidden": Kind("a hidden load draws steadily", 300.0, 1.0, 9000.0, "W"),
        "bypass": Kind("a share of the current goes around the clamp", 0.5, 0.01, 1.0, "", ("grid", "pv")),
        "reversed": Kind("the clamp is the wrong way round", channels=("grid", "pv")),
        "open": Kind("the clamp has come off", channels=("grid", "pv")),
        "frozen": Kind("the sensor repeats one code", channels=("grid", "v", "pv")),
        "sag": Kind("the voltage falls to this share", 0.7, 0.0, 0.99),
        "swell": Kind("the voltage rises to this share", 1.15, 1.01, 1.3),
        "pv_loss": Kind("a share of the PV power is lost", 0.5, 0.01, 1.0),
        "power": Kind("the house has no power: its meter is off"),
        "wifi": Kind("the meter has no Wi-Fi"),
        "hub": Kind("the hub is off"),
        "internet": Kind("the hub has no internet"),
    }
)
OUTSIDE = ("hub", "internet")  # told to whoever runs the hub; the house itself feels nothing


class BadFault(ValueError):
    """A fault that was written wrongly; its text says what was expected."""


@dataclass(frozen=True, eq=False)  # two equal faults at once are two faults: identity tells them apart
class Fault:
    kind: str
    start_ms: int
    end_ms: int = FOREVER_MS
    amount: float = 0.0
    channel: str = ""
    house: int = 1  # counted from 1; means nothing for `hub` and `internet`

    def active(self, at_ms: float) -> bool:
        return self.start_ms <= at_ms < self.end_ms


class Faults:
    """The faults of one house; written by whoever controls the twin, read by the house's own thread."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._faults = faults
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults = (*self._faults, fault)

    def end(self, fault: Fault, at_ms: int) -> None:
        """End a fault, at once or later; ending one that is not there changes nothing."""
        with self._lock:
            self._faults = tuple(replace(f, end_ms=min(f.end_ms, at_ms)) if f is fault else f for f in self._faults)

    def end_kind(self, kind: str, at_ms: int) -> int:
        """End all faults of a kind that are active; how many there were."""
        with self._lock:
            hit = [f for f in self._faults if f.kind == kind and f.active(at_ms)]
            self._faults = tuple(replace(f, end_ms=at_ms) if f in hit else f for f in self._faults)
            return len(hit)

    def all(self) -> tuple[Fault, ...]:
        return self._faults

    def over(self, from_ms: float, to_ms: float) -> tuple[Fault, ...]:
        """Faults that touch [from_ms, to_ms)."""
        return tuple(f for f in self._faults if f.start_ms < to_ms and f.end_ms > from_ms)

    def active(self, kind: str, at_ms: float) -> Fault | None:
        return next((f for f in self._faults if f.kind == kind and f.active(at_ms)), None)

    def next_start(self, kind: str, from_ms: float, to_ms: float) -> Fault | None:
        """The first fault of a kind that is active at, or starts in, [from_ms, to_ms)."""
        hits = [f for f in self.over(from_ms, to_ms) if f.kind == kind]
        return min(hits, key=lambda f: f.start_ms, default=None)


_TEXT = re.compile(
    r"(?P<kind>[a-z_]+)(?:\.(?P<channel>[a-z]+))?(?:#(?P<house>\d+))?"
    r"@(?P<start>now(?:\+(?P<delay>[0-9a-z.]+)(?=\+))?|\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?|\d{1,2}:\d\d(?::\d\d)?)"
    r"(?:\+(?P<duration>[0-9a-z.]+))?(?::(?P<amount>[0-9.]+))?"
)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def parse_fault(text: str, run_start_ms: int, now_ms: int, zone: ZoneInfo, houses: int = 1) -> Fault:
    """The fault that a text describes; a bare time of day is the first one at or after the start of the run."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise BadFault(f"{text!r} is not KIND[.CHANNEL][#HOUSE]@START[+DURATION][:AMOUNT], like heater@18:30+2h:2000")
    kind_name = match["kind"]
    if kind_name not in KINDS:
        raise BadFault(f"{text!r}: unknown fault {kind_name!r}; known: {', '.join(KINDS)}")
    house = int(match["house"] or 1)
    if not 1 <= house <= houses:
        raise BadFault(f"{text!r}: there is no house {house}; houses count from 1 to {houses}")
    start_ms = _start_ms(match["start"], run_start_ms, now_ms, zone, text) + (_duration_ms(match["delay"], text) or 0)
    duration_ms = _duration_ms(match["duration"], text)
    return Fault(
        kind=kind_name,
        start_ms=start_ms,
        end_ms=FOREVER_MS if duration_ms is None else start_ms + duration_ms,
        amount=_amount(kind_name, match["amount"], text),
        channel=_channel(kind_name, match["channel"], text),
        house=house,
    )


def _start_ms(when: str, run_start_ms: int, now_ms: int, zone: ZoneInfo, text: str) -> int:
    if when.startswith("now"):
        return now_ms
    try:
        if "T" in when:
            return round(datetime.fromisoformat(when).replace(tzinfo=zone).timestamp() * 1000)
        hour, minute, second = ([int(part) for part in when.split(":")] + [0])[:3]
        day: date = datetime.fromtimestamp(run_start_ms / 1000, zone).date()
        for days in (0, 1):
            at = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone) + timedelta(days=days)
            if at.timestamp() * 1000 >= run_start_ms:
                return round(at.timestamp() * 1000)
    except ValueError as error:
        raise BadFault(f"{text!r}: {when!r} is no time: {error}") from error
    raise AssertionError("a day after the start lies after the start")


def _duration_ms(duration: str | None, text: str) -> int | None:
    if duration is None:
        return None
    parts = _DURATION.findall(duration)
    if not parts or "".join(n + unit for n, unit in parts) != duration:
        raise BadFault(f"{text!r}: {duration!r} is no duration; write 90s, 20m, 1h30m or 500ms")
    total_ms = round(sum(float(n) * _UNIT_MS[unit] for n, unit in parts))
    if total_ms <= 0:
        raise BadFault(f"{text!r}: a fault lasts longer than {duration!r}")
    return total_ms


def _amount(kind_name: str, amount: str | None, text: str) -> float:
    kind = KINDS[kind_name]
    if kind.amount is None:
        if amount is not None:
            raise BadFault(f"{text!r}: {kind_name} takes no amount")
        return 0.0
    try:
        number = kind.amount if amount is None else float(amount)
    except ValueError as error:
        raise BadFault(f"{text!r}: {amount!r} is no number") from error
    if not kind.least <= number <= kind.most:
        unit = f" {kind.unit}" if kind.unit else ""
        raise BadFault(f"{text!r}: {kind_name} takes {kind.least:g} to {kind.most:g}{unit}")
    return number


def _channel(kind_name: str, channel: str | None, text: str) -> str:
    channels = KINDS[kind_name].channels
    if channel is None:
        return channels[0] if channels else ""
    if channel not in channels:
        raise BadFault(
            f"{text!r}: {kind_name} has no channel {channel!r}"
            + (f"; it has {', '.join(channels)}" if channels else "")
        )
    return channel
