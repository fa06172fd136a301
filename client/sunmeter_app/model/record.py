"""What is known of days and runs of days: energy, its uncertainty, money, CO2; two periods side by side. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from . import fields as read
from .energy import Energy, energy_from, total
from .period import Period


@dataclass(frozen=True)
class Costs:
    """Money [micro-units] and CO2 of some days."""

    cost_micro: int
    saved_micro: int  # by the sun
    unpriced_wh: float  # energy that has no price, and is left out
    co2_g: int | None  # None: the tariff does not say what a kWh emits
    co2_saved_g: int | None


@dataclass(frozen=True)
class Known:
    """What is known of a day, or of the sum of some."""

    energy: Energy
    costs: Costs | None = None  # None: no tariff
    u_wh: float | None = None  # half width of the 95 % interval of the house's energy; None: not told
    measured_permille: int | None = None
    open_wh: float = 0.0  # what the house used by the meter's registers, beyond the sum of the quarters
    days: int = 1
    priced_days: int = 0


@dataclass(frozen=True)
class Record:
    """The days of some months."""

    months: tuple[str, str]  # the first and the last
    days: Mapping[dt.date, Known] = field(default_factory=dict)

    def holds(self, period: Period) -> bool:
        return self.months[0] <= period.months[0] and period.months[1] <= self.months[1]


@dataclass(frozen=True)
class Bar:
    period: Period  # a day or a month
    known: Known | None  # None: nothing is


@dataclass(frozen=True)
class Stretch:
    """A period, part by part and as a whole."""

    period: Period
    bars: tuple[Bar, ...]
    total: Known | None  # None: nothing is known of it
    missing: tuple[dt.date, ...]  # days that are over, belong to the home's life, and hold nothing


def known_from(found: read.Fields, totals: read.Fields) -> Known | None:
    """Reads a day's document, or its entry in a month; None where it has no energy."""
    energy = energy_from(totals)
    if energy is None:
        return None
    costs = _costs(read.mapping(found, "money"))
    return Known(
        energy=energy,
        costs=costs,
        u_wh=read.number(found, "u_wh"),
        measured_permille=read.whole(found, "measured_permille"),
        open_wh=_open_wh(found.get("difference_mwh")),
        priced_days=int(costs is not None),
    )


def _costs(found: read.Fields) -> Costs | None:
    cost, saved = read.whole(found, "cost_micro"), read.whole(found, "saved_micro")
    if cost is None or saved is None:
        return None
    unpriced_wh = (read.number(found, "unpriced_mwh") or 0) / 1000
    return Costs(cost, saved, unpriced_wh, read.whole(found, "co2_g"), read.whole(found, "co2_saved_g"))


def _open_wh(difference_mwh: object) -> float:
    """What the registers counted less what the ledger holds."""
    found = difference_mwh
    if not isinstance(found, list) or len(found) < 3 or not all(isinstance(number, int) for number in found):
        return 0.0
    imported, exported, pv = found[:3]
    return float(imported - exported + pv) / 1000


def record_from(months: tuple[str, str], found: Mapping[str, read.Fields]) -> Record:
    """Reads the documents `months/{YYYY-MM}` of a query, by their paths."""
    days: dict[dt.date, Known] = {}
    for path, month in found.items():
        for day, entry in read.mapping(month, "days").items():
            date = _date(f"{path.rpartition('/')[2]}-{day}")
            known = known_from(entry, entry) if isinstance(entry, Mapping) else None
            if date is not None and known is not None:
                days[date] = known
    return Record(months, days)


def _date(name: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(name)
    except ValueError:
        return None


def sum_of(parts: Iterable[Known]) -> Known | None:
    """All of them as one; None of none. A gain that is off is off every day, so uncertainties add up."""
    parts = list(parts)
    if not parts:
        return None
    shares = [part.measured_permille for part in parts if part.measured_permille is not None]
    return Known(
        energy=total(part.energy for part in parts),
        costs=_sum_of_costs([part.costs for part in parts if part.costs is not None]),
        u_wh=_uncertainty(parts),
        measured_permille=round(sum(shares) / len(shares)) if shares else None,
        open_wh=sum(part.open_wh for part in parts),
        days=sum(part.days for part in parts),
        priced_days=sum(part.priced_days for part in parts),
    )


def _uncertainty(parts: list[Known]) -> float | None:
    """Days that do not tell theirs are taken as the others; None where less than half tell it."""
    told = [part.u_wh for part in parts if part.u_wh is not None]
    return sum(told) * len(parts) / len(told) if told and 2 * len(told) >= len(parts) else None


def _sum_of_costs(parts: list[Costs]) -> Costs | None:
    if not parts:
        return None
    co2, saved = ([each for each in numbers if each is not None] for numbers in zip(*map(_co2, parts), strict=True))
    return Costs(
        cost_micro=sum(part.cost_micro for part in parts),
        saved_micro=sum(part.saved_micro for part in parts),
        unpriced_wh=sum(part.unpriced_wh for part in parts),
        co2_g=sum(co2) if co2 else None,
        co2_saved_g=sum(saved) if saved else None,
    )


def _co2(part: Costs) -> tuple[int | None, int | None]:
    return part.co2_g, part.co2_saved_g


def stretch_of(period: Period, record: Record, today: dt.date, born: dt.date | None) -> Stretch:
    """born: the home's first day; None: not known."""
    days = record.days
    bars = tuple(Bar(part, sum_of(days[date] for date in part.dates() if date in days)) for part in period.parts())
    due = (date for date in period.dates() if date < today and (born is None or date >= born))
    return Stretch(
        period=period,
        bars=bars,
        total=sum_of(days[date] for date in period.dates() if date in days),
        missing=tuple(date for date in due if date not in days),
    )


@dataclass(frozen=True)
class Compared:
    """What is over and known in both of two periods: the n-th day of one beside the n-th of the other."""

    this: Known
    other: Known
    hours: float | None = None  # of two days of which not all is known in both; None: whole days


def compared(period: Period, record: Record, other: Period, other_record: Record, today: dt.date) -> Compared | None:
    """None where no day is known in both."""
    pairs = [
        (record.days[date], other_record.days[then])
        for date, then in zip(period.dates(), other.dates(), strict=False)
        if date < today and date in record.days and then in other_record.days
    ]
    this, that = sum_of(here for here, _ in pairs), sum_of(there for _, there in pairs)
    return Compared(this, that) if this is not None and that is not None else None
