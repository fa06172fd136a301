"""What was read of a file, one document a month, until the user brings it in. Pure.

A quarter counts once every series of the file covers most of it, with no more energy than a house can use; what lies in
it is what the file says, unscaled.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from ...contract.documents import Column, blank, pack, unpack
from ...contract.ledger import MAX_QUARTER_MWH, QUARTER_S, Registers
from .reader import REGISTERS, Cells

COVERED_S = 720  # of 900: with more missing it stays unknown
_ENERGY = Column("I", 1, (1 << 32) - 1)
_COVERED = Column("H", 1, (1 << 16) - 1)


def by_month(cells: Cells) -> dict[str, Cells]:
    """The quarters by their month in UTC (YYYY-MM)."""
    months: dict[str, Cells] = {}
    for start_s, cell in cells.items():
        moment = dt.datetime.fromtimestamp(start_s, dt.UTC)
        months.setdefault(f"{moment.year:04}-{moment.month:02}", {})[start_s] = cell
    return months


def added(document: dict[str, Any] | None, month: str, cells: Cells, series: int) -> dict[str, Any]:
    """The month's document with what a piece adds to it."""
    start_s, quarters = _extent(month)
    stored = document["columns"] if document else {}
    energy = {name: _values(_ENERGY, stored.get(f"{name}_mwh"), quarters) for name in REGISTERS}
    covered = [_values(_COVERED, stored.get(f"covered_{number}"), quarters) for number in range(series)]
    for quarter_s, cell in cells.items():
        index = (quarter_s - start_s) // QUARTER_S
        for name, mwh in cell.energy_mwh.items():
            energy[name][index] = (energy[name][index] or 0) + mwh
        for number, seconds in cell.covered_s.items():
            covered[number][index] = (covered[number][index] or 0) + seconds
    columns = {f"{name}_mwh": pack(_ENERGY, values) for name, values in energy.items()}
    columns |= {f"covered_{number}": pack(_COVERED, values) for number, values in enumerate(covered)}
    return {"month": month, "series": series, "columns": columns}


def whole(document: dict[str, Any]) -> Iterator[tuple[int, Registers]]:
    """The quarters that are known well enough, with their energy [mWh], in order."""
    for start_s, covered, energy in _rows(document):
        if _is_whole(covered, energy):
            yield start_s, energy


def counts(document: dict[str, Any]) -> tuple[int, int]:
    """(quarters that are known well enough, quarters of which only a part is)."""
    rows = [_is_whole(covered, energy) for _, covered, energy in _rows(document) if any(covered)]
    return sum(rows), len(rows) - sum(rows)


def _is_whole(covered: list[int], energy: Registers) -> bool:
    return min(covered) >= COVERED_S and max(energy) <= MAX_QUARTER_MWH


def _rows(document: dict[str, Any]) -> Iterator[tuple[int, list[int], Registers]]:
    start_s, quarters = _extent(document["month"])
    columns = document["columns"]
    covered = [_values(_COVERED, columns[f"covered_{number}"], quarters) for number in range(document["series"])]
    energy = [_values(_ENERGY, columns[f"{name}_mwh"], quarters) for name in REGISTERS]
    for index in range(quarters):
        registers = Registers(*(column[index] or 0 for column in energy))
        yield start_s + index * QUARTER_S, [column[index] or 0 for column in covered], registers


def _values(column: Column, packed: bytes | None, quarters: int) -> list[int | None]:
    return unpack(column, bytes(packed)) if packed else blank(column, quarters)


def _extent(month: str) -> tuple[int, int]:
    """(start [s], number of quarters) of a month in UTC."""
    first = dt.datetime(int(month[:4]), int(month[5:7]), 1, tzinfo=dt.UTC)
    following = (first + dt.timedelta(days=31)).replace(day=1)
    return int(first.timestamp()), int((following - first).total_seconds()) // QUARTER_S
