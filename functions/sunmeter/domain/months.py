"""The month of a home, derived from its days: totals by day, and every hour packed. Pure.

Hours are counted from the start of the month in elapsed time, so a day of 23 or 25 hours takes 23 or 25 of them. An
hour is known once all its quarters are; where a zone shifts by half an hour, an hour shared by two days stays unknown.
"""

from typing import Any

from ..contract import ledger
from ..contract.documents import MONTH_COLUMNS, TOTALS, VERSION, blank, pack
from ..contract.ledger import Registers
from . import days, peaks, pricing
from .calendar import month_of
from .days import Day

BLOCK_QUARTERS = 16  # a running day reaches its month every four hours: six writes a day
QUARTERS_PER_HOUR = 4
STALE_S = 5 * 3600  # a running day older than a block in its month was missed

_ENERGY = Registers._fields


def closed_quarters(day: Day) -> int:
    """How many of the day's quarters lie in blocks that later quarters have closed."""
    known = [index for index, coverage in enumerate(day.column("coverage_permille")) if coverage is not None]
    reached = max(known, default=-1) + 1
    return reached if reached == day.local.quarters else reached - reached % BLOCK_QUARTERS


def calls_for_rollup(before: Day | None, after: Day) -> bool:
    """Does this change of a day concern its month: a block closed, or something changed within closed ones?

    New prices alone do not: whoever prices days anew writes their month with them.
    """
    closed = closed_quarters(after)
    if before is None:
        return closed > 0
    if closed > closed_quarters(before):
        return True
    return any(
        after.column(name)[:closed] != before.column(name)[:closed] for name in ("coverage_permille", "rev", *_ENERGY)
    )


def is_behind(month: dict[str, Any] | None, day: Day, now_s: int, updated_s: int) -> bool:
    """Was the month not told of this day? For the reconciler.

    updated_s: when the month was last written, 0 for a month that does not exist yet. A running day is behind
    only when no block has reached the month for longer than a block takes.
    """
    if entry_rev(month, day.local.day) >= day.rev:
        return False
    return now_s >= day.local.end_s or (closed_quarters(day) > 0 and updated_s < now_s - STALE_S)


def entry_rev(month: dict[str, Any] | None, day: str) -> int:
    """The revision of the day that the month holds; 0 for none."""
    return int(month["days"].get(day[8:], {}).get("rev", 0)) if month else 0


def with_day(month: dict[str, Any] | None, day: Day) -> dict[str, Any]:
    """The month's document, without its `updated`, with this state of the day in it."""
    start_s, hours = _extent(day)
    entries = dict(month["days"]) if month else {}
    entries[day.local.day[8:]] = {
        **days.totals(day.energy),
        "measured_permille": day.measured_permille,
        "rev": day.rev,
        "money": day.money,
        **days.extras(day),
    }
    return {
        "v": VERSION,
        "month": day.local.month,
        "zone": day.zone,
        "start_s": start_s,
        "days": entries,
        "totals": {name: round(sum(entry[name] for entry in entries.values()), 3) for name in TOTALS},
        "money": pricing.sum_of(entry.get("money") for entry in entries.values()),
        "peaks": peaks.greatest(entry.get("peaks") or {} for entry in entries.values()),
        "columns": _columns_with(month["columns"] if month else {}, day, start_s, hours),
    }


def _extent(day: Day) -> tuple[int, int]:
    """Start of the month [s] and its length in hours, the last one begun included."""
    month = month_of(day.local.month, ledger.zone_named(day.zone))
    return month.start_s, -(-month.quarters // QUARTERS_PER_HOUR)


def _columns_with(stored: dict[str, bytes], day: Day, start_s: int, hours: int) -> dict[str, bytes]:
    columns = {}
    for name, known in _hours(day, start_s).items():
        column = MONTH_COLUMNS[name]
        buffer = bytearray(stored.get(name) or pack(column, blank(column, hours)))
        for hour, energy_wh in known.items():
            packed = pack(column, [energy_wh])
            buffer[hour * len(packed) : (hour + 1) * len(packed)] = packed
        columns[name] = bytes(buffer)
    return columns


def _hours(day: Day, start_s: int) -> dict[str, dict[int, int | None]]:
    """By column, the energy [Wh] of each hour that lies whole within the day; None for one not known whole."""
    quarters = [day.column(name) for name in _ENERGY]
    offset = (day.local.start_s - start_s) // ledger.QUARTER_S
    hours: dict[str, dict[int, int | None]] = {name: {} for name in MONTH_COLUMNS}
    for first in range(-offset % QUARTERS_PER_HOUR, day.local.quarters - QUARTERS_PER_HOUR + 1, QUARTERS_PER_HOUR):
        energy = _sum([column[first : first + QUARTERS_PER_HOUR] for column in quarters])
        hour = (offset + first) // QUARTERS_PER_HOUR
        for name in MONTH_COLUMNS:
            hours[name][hour] = None if energy is None else round(_quantity(name, energy) / 1000)
    return hours


def _sum(quarters: list[list[int | None]]) -> Registers | None:
    """The energy of an hour by register; None when one of its quarters is missing."""
    sums = []
    for register in quarters:
        known = [number for number in register if number is not None]
        if len(known) < QUARTERS_PER_HOUR:
            return None
        sums.append(sum(known))
    return Registers(*sums)


def _quantity(name: str, energy: Registers) -> int:
    return {
        "house_wh": energy.house_mwh,
        "pv_wh": energy.pv_mwh,
        "import_wh": energy.import_mwh,
        "export_wh": energy.export_mwh,
    }[name]
