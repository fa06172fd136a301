"""A day of a home: its quarters, what is known of each, its gaps by name, and its totals."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from ..contract import documents, ledger
from ..contract.refusal import Refusal
from . import fields as read
from .energy import Energy, energy_from, total

GRACE_S = 1800  # a quarter is sent after its end and may wait for one retry before it counts as missing
_MWH_PER_W = 250  # a quarter of an hour at 1 W is 250 mWh


@dataclass(frozen=True)
class Quarter:
    """Fifteen minutes of a day. Every figure is None where nothing was recorded."""

    start_s: int
    quality: int  # ledger.MISSING … ledger.IMPORTED
    cause: str  # of documents.CAUSES: why it is not measured
    registers: ledger.Registers | None

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
    totals: Energy | None  # None: no quarter of the day is known
    measured_permille: int | None

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
    return Day(span, quarters, None, None)


def day_from(found: read.Fields | None, span: ledger.LocalDay) -> Day:
    """Reads `days/{id}` of that day. A column that is missing or ragged counts as nothing recorded."""
    if found is None:
        return empty_day(span)
    columns = {name: _column(read.mapping(found, "columns"), name, span.quarters) for name in _NEEDED}
    quarters = tuple(_quarters(columns, span))
    known = [_energy(quarter.registers) for quarter in quarters if quarter.registers is not None]
    stored = energy_from(read.mapping(found, "totals"))
    return Day(span, quarters, stored or (total(known) if known else None), read.whole(found, "measured_permille"))


_NEEDED = ("import_mwh", "export_mwh", "pv_mwh", "standby_mwh", "quality", "cause")


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
    for index in range(span.quarters):
        row = {name: values[index] for name, values in columns.items()}
        yield Quarter(
            start_s=span.start_s + index * ledger.QUARTER_S,
            quality=row["quality"] or ledger.MISSING,
            cause=_cause(row["cause"]),
            registers=_registers(row),
        )


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


def day_named(name: str, zone: ZoneInfo) -> ledger.LocalDay:
    """The day called "YYYY-MM-DD"; ValueError when that is no date."""
    return ledger.day_of(dt.date.fromisoformat(name), zone)
