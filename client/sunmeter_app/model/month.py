"""A month of a home: its totals day by day."""

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from . import fields as read
from .energy import Energy, energy_from, total


@dataclass(frozen=True)
class Month:
    """One calendar month; `days[0]` is the 1st, None where nothing is known of a day."""

    name: str  # YYYY-MM
    days: tuple[Energy | None, ...]
    totals: Energy | None  # None: nothing is known of the month
    open_wh: float = 0.0  # what the house used by the meter's registers, beyond the sum of the quarters

    @property
    def known(self) -> list[tuple[int, Energy]]:
        """(day of the month, energy) of every day that is known."""
        return [(index + 1, energy) for index, energy in enumerate(self.days) if energy is not None]

    def date(self, day: int) -> dt.date:
        return dt.date.fromisoformat(f"{self.name}-{day:02d}")

    def missing_days(self, today: dt.date, born: dt.date | None) -> tuple[int, ...]:
        """Days of the month that are over, belong to the home's life, and hold nothing."""
        return tuple(
            day
            for day in range(1, len(self.days) + 1)
            if self.days[day - 1] is None and self.date(day) < today and (born is None or self.date(day) >= born)
        )


def month_from(name: str, found: read.Fields | None) -> Month:
    """Reads `months/{name}`; ValueError when the name is no month."""
    year, month = int(name[:4]), int(name[5:7])
    length = calendar.monthrange(year, month)[1]
    stored = read.mapping(found or {}, "days")
    days = tuple(energy_from(read.mapping(stored, f"{day:02d}")) for day in range(1, length + 1))
    known = [energy for energy in days if energy is not None]
    return Month(name, days, total(known) if known else None, sum(_open_wh(each) for each in stored.values()))


def _open_wh(day: object) -> float:
    """Of one day: `difference_mwh` is what the registers counted less what the ledger holds."""
    found = day.get("difference_mwh") if isinstance(day, Mapping) else None
    if not isinstance(found, list) or len(found) < 3 or not all(isinstance(number, int) for number in found):
        return 0.0
    imported, exported, pv = found[:3]
    return float(imported - exported + pv) / 1000


def month_of(date: dt.date) -> str:
    return f"{date:%Y-%m}"


def shifted(name: str, months: int) -> str:
    """The month that many months later."""
    year, month = int(name[:4]), int(name[5:7])
    index = year * 12 + month - 1 + months
    return f"{index // 12:04d}-{index % 12 + 1:02d}"
