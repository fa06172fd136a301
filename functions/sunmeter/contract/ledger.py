"""The ledger of energy: registers, quarters, intervals, and the days they fall into.

A quarter is 15 minutes in UTC and is named by its start in Unix seconds. Registers are integers in mWh that never
fall, so every sum here is exact. Pure: no I/O, no clock.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .refusal import Refusal

QUARTER_S = 900
QUARTER_MS = QUARTER_S * 1000
MINUTES = 15
SCHEMAS = (1,)  # this version and the one before it, once there is one
MEASURED_PERMILLE = 950  # from here on a quarter counts as measured
MAX_QUARTER_MWH = 30_000_000  # 120 kW over a quarter: four times what the clamps can carry
SERIES = ("grid_w", "pv_w", "v_dv", "q_var")
EXTREMES = ("grid_min_w", "grid_max_w", "pv_max_w", "v_min_dv", "v_max_dv", "u_w")
QUALITIES = ("missing", "estimated", "recovered", "measured", "imported")
MISSING, ESTIMATED, RECOVERED, MEASURED, IMPORTED = range(5)

_NONE = type(None)
_NUMBERS = frozenset({int, _NONE})
_WATT_LIMIT = 200_000
_DECIVOLT_LIMIT = 6_000
_REGISTER_LIMIT = 1 << 53


class Registers(NamedTuple):
    """The meter's four counters [mWh]."""

    import_mwh: int
    export_mwh: int
    pv_mwh: int
    standby_mwh: int

    def since(self, earlier: "Registers") -> "Registers":
        """What was counted between two states of the registers."""
        imported, exported, pv, standby = self  # one by one: a backlog does little else
        return Registers(imported - earlier[0], exported - earlier[1], pv - earlier[2], standby - earlier[3])

    def plus(self, other: "Registers") -> "Registers":
        imported, exported, pv, standby = self
        return Registers(imported + other[0], exported + other[1], pv + other[2], standby + other[3])

    @property
    def house_mwh(self) -> int:
        """What the house used: import − export + pv (of a difference of registers)."""
        return self.import_mwh - self.export_mwh + self.pv_mwh

    @property
    def self_used_mwh(self) -> int:
        """PV energy used in the house: pv − export (of a difference of registers)."""
        return self.pv_mwh - self.export_mwh

    def falls_below(self, earlier: "Registers") -> bool:
        return any(now < then for now, then in zip(self, earlier, strict=True))


ZERO = Registers(0, 0, 0, 0)


def named(quarters: Iterable[tuple[str, int]], most: int = 20) -> str:
    """Quarters (meter, start) as the logs of hub and functions name them: `m-1@1790000100 m-2@1790000100`."""
    told = sorted({f"{meter}@{start_s}" for meter, start_s in quarters})
    return " ".join(told) if len(told) <= most else f"{len(told)} from {told[0]} to {told[-1]}"


def quarter_of(ts_ms: int) -> int:
    """Start of the quarter that holds a moment [s]."""
    return ts_ms // QUARTER_MS * QUARTER_S


def between(a_ms: int, a: Registers, b_ms: int, b: Registers, at_ms: int) -> Registers:
    """Registers at a moment between two samples, interpolated linearly in integers.

    The same two samples give the same answer whichever quarter asks, so intervals on both sides of a boundary join.
    """
    if not a_ms <= at_ms <= b_ms or a_ms == b_ms:
        raise ValueError(f"{at_ms} is not between {a_ms} and {b_ms}")
    return Registers(*(x + (y - x) * (at_ms - a_ms) // (b_ms - a_ms) for x, y in zip(a, b, strict=True)))


@dataclass(frozen=True)
class Interval:
    """One quarter of one meter as the hub cut it. See the contract's README for every field."""

    meter: str
    start_s: int
    rev: int  # the hub's assembly time [ms]
    regs0: Registers
    regs1: Registers
    coverage_permille: int
    minutes: dict[str, tuple[int | None, ...]]  # None: nothing was measured in that minute
    extremes: dict[str, int | None]  # None: nothing was measured in the quarter
    evidence: dict[str, Any]

    @property
    def energy(self) -> Registers:
        return self.regs1.since(self.regs0)

    @property
    def rank(self) -> tuple[int, int]:
        """Of two intervals with one key the one with the greater rank holds."""
        return self.coverage_permille, self.rev

    def to_json(self) -> dict[str, Any]:
        return {
            "type": "interval",
            "v": SCHEMAS[0],
            "meter": self.meter,
            "start_s": self.start_s,
            "rev": self.rev,
            "regs0": list(self.regs0),
            "regs1": list(self.regs1),
            "coverage_permille": self.coverage_permille,
            "minutes": {name: list(values) for name, values in self.minutes.items()},
            **self.extremes,
            "evidence": self.evidence,
        }


def parse_interval(item: Any) -> Interval:
    """Reads and checks one interval from outside.

    Raises Refusal("unknown_schema" | "malformed" | "out_of_range", field). Unknown fields are ignored.
    """
    if not isinstance(item, dict):
        raise Refusal("malformed", "")
    if item.get("v") not in SCHEMAS:
        raise Refusal("unknown_schema", "v")
    meter = item.get("meter")
    if not isinstance(meter, str) or not 1 <= len(meter) <= 32:
        raise Refusal("malformed", "meter")
    start_s = _integer(item, "start_s", 0, 1 << 40)
    if start_s % QUARTER_S:
        raise Refusal("out_of_range", "start_s")
    regs0, regs1 = _registers(item, "regs0"), _registers(item, "regs1")
    if regs1.falls_below(regs0):
        raise Refusal("out_of_range", "regs1")
    if max(regs1.since(regs0)) > MAX_QUARTER_MWH:
        raise Refusal("out_of_range", "regs1")
    return Interval(
        meter=meter,
        start_s=start_s,
        rev=_integer(item, "rev", 0, 1 << 48),
        regs0=regs0,
        regs1=regs1,
        coverage_permille=_integer(item, "coverage_permille", 0, 1000),
        minutes=_minutes(item.get("minutes")),
        extremes={name: _extreme(item, name) for name in EXTREMES},
        evidence=_evidence(item.get("evidence")),
    )


def _integer(item: dict[str, Any], name: str, least: int, greatest: int) -> int:
    number = item.get(name)
    if not isinstance(number, int) or isinstance(number, bool):
        raise Refusal("malformed", name)
    if not least <= number <= greatest:
        raise Refusal("out_of_range", name)
    return number


def _registers(item: dict[str, Any], name: str) -> Registers:
    numbers = item.get(name)
    if not isinstance(numbers, list) or len(numbers) != len(Registers._fields):
        raise Refusal("malformed", name)
    for number in numbers:
        if not isinstance(number, int) or isinstance(number, bool):
            raise Refusal("malformed", name)
        if not 0 <= number < _REGISTER_LIMIT:
            raise Refusal("out_of_range", name)
    return Registers(*numbers)


def _minutes(series: Any) -> dict[str, tuple[int | None, ...]]:
    if not isinstance(series, dict):
        raise Refusal("malformed", "minutes")
    checked = {}
    for name in SERIES:
        values = series.get(name)
        if not isinstance(values, list) or len(values) != MINUTES:
            raise Refusal("malformed", f"minutes.{name}")
        _check_numbers(values, f"minutes.{name}", name)
        checked[name] = tuple(values)
    return checked


def _extreme(item: dict[str, Any], name: str) -> int | None:
    number: int | None = item.get(name)
    _check_numbers((number,), name, name)
    return number


def _check_numbers(numbers: Sequence[Any], field: str, name: str) -> None:
    """Each an integer within its limits, or None."""
    kinds = set(map(type, numbers))
    if not kinds <= _NUMBERS:  # a bool is an int, and no number
        raise Refusal("malformed", field)
    known = numbers if _NONE not in kinds else [number for number in numbers if number is not None]
    least, greatest = (0, _DECIVOLT_LIMIT) if name.endswith("_dv") else (-_WATT_LIMIT, _WATT_LIMIT)
    if known and not (least <= min(known) and max(known) <= greatest):
        raise Refusal("out_of_range", field)


def _evidence(evidence: Any) -> dict[str, Any]:
    if not isinstance(evidence, dict) or len(evidence) > 32:
        raise Refusal("malformed", "evidence")
    for name, fact in evidence.items():
        if isinstance(fact, list):
            if len(fact) > 16 or not all(isinstance(entry, int | str) for entry in fact):
                raise Refusal("malformed", f"evidence.{name}"[:64])
        elif not isinstance(fact, int | str) or len(str(fact)) > 32:
            raise Refusal("malformed", f"evidence.{name}"[:64])
    return evidence


def quality(interval: Interval) -> int:
    """The verdict on a quarter: MEASURED, RECOVERED (exact energy, incomplete shape) or ESTIMATED (shape spread).

    The hub states whether both boundaries lie between samples close together; only then is the quarter's energy exact.
    """
    if interval.coverage_permille >= MEASURED_PERMILLE:
        return MEASURED
    return RECOVERED if interval.evidence.get("edges") == "measured" else ESTIMATED


@dataclass(frozen=True)
class LocalDay:
    """A calendar day in a home's zone: 88 to 104 quarters, 96 unless the clock changes."""

    day: str  # YYYY-MM-DD
    start_s: int
    quarters: int

    @property
    def month(self) -> str:
        return self.day[:7]

    @property
    def end_s(self) -> int:
        return self.start_s + self.quarters * QUARTER_S

    def index(self, quarter_start_s: int) -> int:
        """Column index of a quarter; ValueError when it lies in another day."""
        index = (quarter_start_s - self.start_s) // QUARTER_S
        if not 0 <= index < self.quarters:
            raise ValueError(f"{quarter_start_s} is not in {self.day}")
        return index


def zone_named(name: Any) -> ZoneInfo:
    """The IANA zone of that name; Refusal("out_of_range", "zone") when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise Refusal("out_of_range", "zone") from error


def local_day(ts_s: int, zone: ZoneInfo) -> LocalDay:
    """The day that holds a moment, by the home's zone."""
    return day_of(dt.datetime.fromtimestamp(ts_s, zone).date(), zone)


def day_of(date: dt.date, zone: ZoneInfo) -> LocalDay:
    """The day of a date. Where midnight does not exist (a zone may change then) it starts at the first real moment."""
    start_s, end_s = _midnight_s(date, zone), _midnight_s(date + dt.timedelta(days=1), zone)
    return LocalDay(date.isoformat(), start_s, (end_s - start_s) // QUARTER_S)


def _midnight_s(date: dt.date, zone: ZoneInfo) -> int:
    moment = dt.datetime.combine(date, dt.time(), zone)
    seconds = int(moment.timestamp())
    return seconds - seconds % QUARTER_S
