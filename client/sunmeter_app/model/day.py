"""A day of a home: its quarters, what is known of each, its gaps by name, and its totals."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from ..contract import documents, ledger
from ..contract.refusal import Refusal
from . import fields as read
from .energy import Energy, total
from .record import Compared, Known, known_from

GRACE_S = 1800  # a quarter is sent after its end and may wait for one retry before it counts as missing
_MWH_PER_W = 250  # a quarter of an hour at 1 W is 250 mWh


@dataclass(frozen=True)
class Quarter:
    """Fifteen minutes of a day. Every figure is None where nothing was recorded."""

    start_s: int
    quality: int  # ledger.MISSING … ledger.IMPORTED
    cause: str  # of documents.CAUSES: why it is not measured
    registers: ledger.Registers | None
    u_w: int | None = None  # half width of the 95 % interval of the house's power
    volts: tuple[float, float, float] | None = None  # least, mean and greatest of the mains

    @property
    def is_known(self) -> bool:
        return self.registers is not None

    @property
    def is_exact(self) -> bool:
        return self.quality in (ledger.MEASURED, ledger.IMPORTED)

    @property
    def house_w(self) -> float | None:
        return None if self.registers is None else max(0.0, self.registers.house_mwh / _MWH_PER_W)

    @property
    def pv_w(self) -> float | None:
        return None if self.registers is None else self.registers.pv_mwh / _MWH_PER_W

    @property
    def grid_w(self) -> float | None:
        if self.registers is None:
            return None
        return (self.registers.import_mwh - self.registers.export_mwh) / _MWH_PER_W


@dataclass(frozen=True)
class Gap:
    """A run of quarters that were not simply measured."""

    start_s: int
    end_s: int
    quality: int
    cause: str


@dataclass(frozen=True)
class Day:
    """One calendar day of a home, whole; quarters in order, 88 to 104 of them."""

    span: ledger.LocalDay
    quarters: tuple[Quarter, ...]
    known: Known | None  # None: no quarter of the day is known

    @property
    def totals(self) -> Energy | None:
        return None if self.known is None else self.known.energy

    @property
    def is_empty(self) -> bool:
        return not any(quarter.is_known for quarter in self.quarters)

    @property
    def has_pv(self) -> bool:
        return any(quarter.registers and quarter.registers.pv_mwh > 0 for quarter in self.quarters)

    @property
    def known_until_s(self) -> int | None:
        """End of the last quarter that is known."""
        known = [quarter.start_s for quarter in self.quarters if quarter.is_known]
        return known[-1] + ledger.QUARTER_S if known else None

    def peak(self, of: str) -> Quarter | None:
        """The known quarter with the greatest `house_w` or `pv_w`; None when there is none above zero."""
        known = [quarter for quarter in self.quarters if quarter.is_known and (getattr(quarter, of) or 0) > 0]
        return max(known, key=lambda quarter: getattr(quarter, of), default=None)

    def gaps(self, now_s: int, born_s: int | None = None) -> tuple[Gap, ...]:
        """Every run of quarters that is missing, estimated or recovered, in order.

        Quarters that have not ended, may still be on their way, or lie before the home existed are no gaps.
        """
        due = [quarter for quarter in self.quarters if self._is_due(quarter, now_s, born_s)]
        runs = groupby(due, key=lambda quarter: (quarter.is_exact, quarter.quality, quarter.cause))
        return tuple(_gap(list(run)) for (is_exact, _, _), run in runs if not is_exact)

    def _is_due(self, quarter: Quarter, now_s: int, born_s: int | None) -> bool:
        end_s = quarter.start_s + ledger.QUARTER_S
        if quarter.is_known:
            return True
        if born_s is not None and quarter.start_s < born_s:
            return False
        return end_s + GRACE_S <= now_s


def _gap(run: list[Quarter]) -> Gap:
    return Gap(run[0].start_s, run[-1].start_s + ledger.QUARTER_S, run[0].quality, run[0].cause)


def empty_day(span: ledger.LocalDay) -> Day:
    """A day of which nothing is stored."""
    starts = range(span.start_s, span.end_s, ledger.QUARTER_S)
    quarters = tuple(Quarter(start_s, ledger.MISSING, "none", None) for start_s in starts)
    return Day(span, quarters, None)


def day_from(found: read.Fields | None, span: ledger.LocalDay) -> Day:
    """Reads `days/{id}` of that day. A column that is missing or ragged counts as nothing recorded."""
    if found is None:
        return empty_day(span)
    columns = {name: _column(read.mapping(found, "columns"), name, span.quarters) for name in _NEEDED}
    quarters = tuple(_quarters(columns, span))
    known = [_energy(quarter.registers) for quarter in quarters if quarter.registers is not None]
    summed = Known(total(known)) if known else None
    return Day(span, quarters, known_from(found, read.mapping(found, "totals")) or summed)


def days_from(found: Mapping[str, read.Fields], zone: ZoneInfo) -> tuple[Day, ...]:
    """The days of a query's answer, in order."""
    dates = {dt.date.fromisoformat(path.rpartition("/")[2]): each for path, each in sorted(found.items())}
    return tuple(day_from(each, ledger.day_of(date, zone)) for date, each in dates.items())


def day_compared(day: Day, other: Day) -> Compared | None:
    """Two days, quarter by quarter as far as both are known, money only where that is all of both; None: nowhere."""
    if day.known is None or other.known is None:
        return None
    both = [
        (here.registers, there.registers)
        for here, there in zip(day.quarters, other.quarters, strict=False)
        if here.registers is not None and there.registers is not None
    ]
    if not both:
        return None
    if len(both) == len(day.quarters) == len(other.quarters):
        return Compared(day.known, other.known)
    this, that = (Known(total(_energy(registers) for registers in taken)) for taken in zip(*both, strict=True))
    return Compared(this, that, hours=len(both) / 4)


_NEEDED = (
    *("import_mwh", "export_mwh", "pv_mwh", "standby_mwh", "quality", "cause"),
    *("u_w", "v_min_dv", "v_max_dv", "v_dv"),
)


def _column(columns: read.Fields, name: str, quarters: int) -> list[int | None]:
    column = documents.DAY_COLUMNS[name]
    packed: Any = columns.get(name)
    if isinstance(packed, bytes):
        try:
            values = documents.unpack(column, packed)
        except Refusal:
            values = []
        if len(values) == quarters * column.per_index:
            return values
    return documents.blank(column, quarters)


def _quarters(columns: dict[str, list[int | None]], span: ledger.LocalDay) -> Iterator[Quarter]:
    minutes = documents.DAY_COLUMNS["v_dv"].per_index
    for index in range(span.quarters):
        row = {name: values[index] for name, values in columns.items() if name != "v_dv"}
        yield Quarter(
            start_s=span.start_s + index * ledger.QUARTER_S,
            quality=row["quality"] or ledger.MISSING,
            cause=_cause(row["cause"]),
            registers=_registers(row),
            u_w=row["u_w"],
            volts=_volts(row, columns["v_dv"][index * minutes : (index + 1) * minutes]),
        )


def _volts(row: dict[str, int | None], minutes_dv: list[int | None]) -> tuple[float, float, float] | None:
    """Of the readings where they are kept, else of the minutes."""
    known = [each for each in minutes_dv if each is not None]
    if not known:
        return None
    lo_dv, hi_dv = row["v_min_dv"], row["v_max_dv"]
    lo, hi = (min(known) if lo_dv is None else lo_dv), (max(known) if hi_dv is None else hi_dv)
    return lo / 10, sum(known) / len(known) / 10, hi / 10


def _registers(row: dict[str, int | None]) -> ledger.Registers | None:
    import_mwh, export_mwh, pv_mwh = row["import_mwh"], row["export_mwh"], row["pv_mwh"]
    if import_mwh is None or export_mwh is None or pv_mwh is None:
        return None
    return ledger.Registers(import_mwh, export_mwh, pv_mwh, row["standby_mwh"] or 0)


def _cause(index: int | None) -> str:
    return documents.CAUSES[index] if index is not None and index < len(documents.CAUSES) else "unknown"


def _energy(registers: ledger.Registers) -> Energy:
    return Energy(
        import_wh=registers.import_mwh / 1000,
        export_wh=registers.export_mwh / 1000,
        pv_wh=registers.pv_mwh / 1000,
        house_wh=registers.house_mwh / 1000,
    )


def hour_of(ts_s: int, span: ledger.LocalDay) -> float:
    """Hours since the day began: the x of every day chart. A day has 23 to 25 of them when the clock changes."""
    return (ts_s - span.start_s) / 3600
