"""The day of a home: intervals merged into packed columns, in any order, any number of times, to the same totals.

Pure. A quarter's place in every column is (its start − the day's start) / 900; of two intervals for one quarter the
greater (coverage, rev) holds. Everything else in the document is derived from the columns.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..contract import ledger
from ..contract.documents import CAUSES, DAY_COLUMNS, VERSION, blank, pack, unpack
from ..contract.ledger import ZERO, Interval, LocalDay, Registers
from . import books, peaks, pricing
from .books import Entry, Span
from .causes import POWER_CUTS, cause
from .pricing import Terms

_ENERGY = Registers._fields


@dataclass(frozen=True)
class Day:
    """One day document in memory."""

    local: LocalDay
    zone: str
    columns: dict[str, bytes]
    regs0: Registers | None  # None: no meter has told of the day yet
    regs1: Registers | None
    rev: int  # counts the changes of this document, so that what is derived from it knows whether it is behind
    terms: Terms | None = None  # what it is priced under; None: the home had no tariff yet
    spans: dict[str, Span] = field(default_factory=dict)  # by meter, what its registers say of the day

    def column(self, name: str) -> list[int | None]:
        """The values of one column; None where nothing is stored."""
        return unpack(DAY_COLUMNS[name], self.columns[name])

    @property
    def energy(self) -> Registers:
        """Everything counted in the day [mWh], by register."""
        return Registers(*(sum(number or 0 for number in self.column(name)) for name in _ENERGY))

    @property
    def quarters(self) -> list[Registers | None]:
        """The energy of each quarter [mWh]; None where nothing is known."""
        rows = zip(*(self.column(name) for name in _ENERGY), strict=True)
        return [None if row[0] is None else Registers(*(number or 0 for number in row)) for row in rows]

    @property
    def metered(self) -> list[Registers | None]:
        """The energy of each quarter [mWh] that a meter told of; None where none did, whatever a file says."""
        pairs = zip(self.quarters, self.column("quality"), strict=True)
        return [None if quality == ledger.IMPORTED else energy for energy, quality in pairs]

    @property
    def money(self) -> dict[str, int | None] | None:
        """What the day costs and what its PV saved; None without a tariff."""
        return pricing.bill(self.terms, self.quarters) if self.terms else None

    @property
    def books(self) -> list[Entry]:
        """What each meter's registers counted in the day, against the sum of its quarters."""
        return books.entries(self.spans, self.local, [energy or ZERO for energy in self.quarters])

    @property
    def uncertainty_wh(self) -> int | None:
        """Half width of the 95 % interval of what the house used: a gain that is off is off all day, so it adds up.

        Quarters that do not tell theirs are taken as the others; None where less than half tell it.
        """
        known = [
            u_w for energy, u_w in zip(self.column("import_mwh"), self.column("u_w"), strict=True) if energy is not None
        ]
        told_w = [u_w for u_w in known if u_w is not None]
        if not told_w or 2 * len(told_w) < len(known):
            return None
        return round(sum(told_w) / len(told_w) * len(known) / 4)

    @property
    def measured_permille(self) -> int:
        """The part of the whole day that was sampled."""
        return sum(coverage or 0 for coverage in self.column("coverage_permille")) // self.local.quarters


def empty(local: LocalDay, zone: str) -> Day:
    return Day(local, zone, _blank(local.quarters), None, None, 0)


@functools.cache
def _blank(quarters: int) -> dict[str, bytes]:
    """The columns of a day of so many quarters of which nothing is known; not to be changed."""
    return {name: pack(column, blank(column, quarters)) for name, column in DAY_COLUMNS.items()}


def read(document: dict[str, Any]) -> Day:
    """A day from its document; a column that an older version did not store is blank."""
    local = LocalDay(document["day"], document["start_s"], document["quarters"])
    day = empty(local, document["zone"])
    stored = {name: bytes(packed) for name, packed in document["columns"].items() if name in DAY_COLUMNS}
    return replace(
        day,
        columns=day.columns | stored,
        regs0=_registers(document["regs0"]),
        regs1=_registers(document["regs1"]),
        rev=document["rev"],
        terms=pricing.read(document),
        spans={entry.meter: entry.span for entry in books.read(document.get("books"))},
    )


def write(day: Day) -> dict[str, Any]:
    """The document of a day that holds something, without its `updated` (the database's own time)."""
    if day.rev == 0:
        raise ValueError("a day that holds nothing has no document")
    return {
        "v": VERSION,
        "day": day.local.day,
        "zone": day.zone,
        "start_s": day.local.start_s,
        "quarters": day.local.quarters,
        "columns": {**day.columns, **(day.terms.columns if day.terms else {})},
        "totals": totals(day.energy),
        "regs0": list(day.regs0) if day.regs0 else None,
        "regs1": list(day.regs1) if day.regs1 else None,
        "measured_permille": day.measured_permille,
        "rev": day.rev,
        **(pricing.write(day.terms) if day.terms else {}),
        "money": day.money,
        **extras(day),
    }


def extras(day: Day) -> dict[str, Any]:
    """What the day's document and its entry in the month say alike: books, what is open in them, peaks, uncertainty."""
    kept = day.books
    return {
        "books": books.write(kept),
        "difference_mwh": list(books.total(entry.difference for entry in kept)),
        "peaks": peaks.of_day(day.local, [energy or ZERO for energy in day.quarters]),
        "u_wh": day.uncertainty_wh,
    }


def totals(energy: Registers) -> dict[str, float]:
    """Energy in Wh by name, exact to the mWh."""
    return {
        "import_wh": energy.import_mwh / 1000,
        "export_wh": energy.export_mwh / 1000,
        "pv_wh": energy.pv_mwh / 1000,
        "standby_wh": energy.standby_mwh / 1000,
        "house_wh": energy.house_mwh / 1000,
        "self_used_wh": energy.self_used_mwh / 1000,
    }


def merge(day: Day, intervals: Iterable[Interval]) -> Day:
    """The day with those intervals in it: the very same object when they change nothing."""
    ranks = _ranks(day)
    winners: dict[int, Interval] = {}
    for interval in intervals:
        index = day.local.index(interval.start_s)
        if interval.rank > ranks.get(index, _NOTHING):
            ranks[index] = interval.rank
            winners[index] = interval
    if not winners:
        return day
    first, last = min(ranks), max(ranks)
    return replace(
        day,
        columns=_put(day.columns, {index: _cells(interval) for index, interval in winners.items()}),
        regs0=winners[first].regs0 if first in winners else day.regs0,
        regs1=winners[last].regs1 if last in winners else day.regs1,
        rev=day.rev + 1,
        spans=books.extended(day.spans, winners.values()),
    )


def priced(day: Day, terms: Terms) -> Day:
    """The day under those terms: its revision grows only where that changes what it costs."""
    if terms.price_alike(day.terms):
        return replace(day, terms=terms)
    return replace(day, terms=terms, rev=day.rev + 1)


def with_imported(day: Day, quarters: dict[int, Registers]) -> tuple[Day, int]:
    """The day with the energy [mWh] of quarters by their start [s], from a file; and how many of them it took.

    Only where no meter told of a quarter; of two imports the later holds. The very same object when nothing changes.
    """
    metered = _ranks(day)
    wanted = {day.local.index(start_s): energy for start_s, energy in quarters.items()}
    taken = {index: energy for index, energy in wanted.items() if index not in metered}
    columns = _put(day.columns, {index: _imported_cells(energy) for index, energy in taken.items()})
    if columns == day.columns:
        return day, len(taken)
    return replace(day, columns=columns, rev=day.rev + 1), len(taken)


def lost_power(interval: Interval) -> bool:
    """Did the meter start in this quarter because power had been lost?"""
    resets = interval.evidence.get("resets")
    return isinstance(resets, list) and bool(POWER_CUTS.intersection(resets))


_NOTHING = (-1, -1)


def _ranks(day: Day) -> dict[int, tuple[int, int]]:
    """The rank of each quarter that a meter told of, by index: what was imported has none, and gives way."""
    rows = zip(day.column("coverage_permille"), day.column("rev"), day.column("quality"), strict=True)
    return {
        index: (coverage, rev or 0)
        for index, (coverage, rev, quality) in enumerate(rows)
        if coverage is not None and quality != ledger.IMPORTED
    }


def _registers(stored: list[int] | None) -> Registers | None:
    return None if stored is None else Registers(*stored)


def _put(columns: dict[str, bytes], quarters: dict[int, dict[str, Iterable[int | None]]]) -> dict[str, bytes]:
    """The columns with the values of some quarters, by index, in place of what stood there."""
    if not quarters:
        return columns
    return {name: _put_column(name, packed, quarters) for name, packed in columns.items()}


def _put_column(name: str, packed: bytes, quarters: dict[int, dict[str, Iterable[int | None]]]) -> bytes:
    fresh = pack(DAY_COLUMNS[name], [value for cells in quarters.values() for value in cells[name]])
    size, buffer = len(fresh) // len(quarters), bytearray(packed)
    for place, index in enumerate(quarters):
        buffer[index * size : (index + 1) * size] = fresh[place * size : (place + 1) * size]
    return bytes(buffer)


def _cells(interval: Interval) -> dict[str, Iterable[int | None]]:
    """What one interval puts into each column."""
    return {
        **{name: [number] for name, number in interval.energy._asdict().items()},
        **{name: [interval.extremes[name]] for name in ("u_w", "v_min_dv", "v_max_dv")},
        **interval.minutes,
        "quality": [ledger.quality(interval)],
        "cause": [CAUSES.index(cause(interval))],
        "coverage_permille": [interval.coverage_permille],
        "rev": [interval.rev],
    }


def _imported_cells(energy: Registers) -> dict[str, Iterable[int | None]]:
    """What a quarter of a file puts into each column: its energy; nothing in it was sampled."""
    nothing = {name: blank(column, 1) for name, column in DAY_COLUMNS.items()}
    told = {name: [mwh] for name, mwh in energy._asdict().items()}
    return {**nothing, **told, "quality": [ledger.IMPORTED], "coverage_permille": [0]}
