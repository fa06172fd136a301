"""What a kWh costs in each quarter of a home's days, as both sides compute it: whole micro-units per kWh.

Zones go by the clock on the home's wall: month, weekday and hour of the quarter's own start, whatever the clock does
then. Pure.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from . import documents, ledger, money
from .ledger import LocalDay

SERIES = ("import", "export")  # of imported market prices
Prices = Sequence[int | None]  # of each quarter of a day; None: not known


class Moment(NamedTuple):
    """Where a quarter stands in the home's calendar and on its wall clock."""

    month: int
    weekday: int  # 1 Monday … 7 Sunday
    minute: int  # of the day


@dataclass(frozen=True)
class Zone:
    """A price for some months, weekdays and hours."""

    price_micro: int
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    from_min: int
    to_min: int  # the first minute that is not in it; at or before from_min: it goes over midnight

    def holds(self, moment: Moment) -> bool:
        if moment.month not in self.months or moment.weekday not in self.weekdays:
            return False
        if self.from_min < self.to_min:
            return self.from_min <= moment.minute < self.to_min
        return moment.minute >= self.from_min or moment.minute < self.to_min


@dataclass(frozen=True)
class Rate:
    """A price per kWh, before taxes: the same always, by zones, or on top of a market price."""

    kind: str
    price_micro: int  # outside of all zones; of a dynamic rate the surcharge on the market price
    zones: tuple[Zone, ...] = ()  # the first that holds counts
    series: str = ""  # which market price a dynamic rate follows

    def at(self, moment: Moment, spot_micro: int | None) -> int | None:
        """The price of a quarter; None where a market price is missing."""
        price_micro = next((zone.price_micro for zone in self.zones if zone.holds(moment)), self.price_micro)
        if self.kind != "dynamic":
            return price_micro
        return None if spot_micro is None else spot_micro + price_micro

    def net(self, moments: Sequence[Moment], spot: Prices) -> list[int | None]:
        """The price of each quarter, before taxes."""
        return [self.at(*each) for each in zip(moments, spot, strict=True)]

    def gross(self, moments: Sequence[Moment], spot: Prices, energy_tax_micro: int, vat_ppm: int) -> list[int | None]:
        """The price of each quarter, with a tax per kWh and VAT on both."""
        net = self.net(moments, spot)
        return [None if price is None else money.with_vat(price + energy_tax_micro, vat_ppm) for price in net]


def moments_of(local: LocalDay, zone: ZoneInfo) -> list[Moment]:
    """The quarters of a day as the clock on the wall names them: one that autumn repeats is named twice."""
    starts = range(local.start_s, local.end_s, ledger.QUARTER_S)
    at = [dt.datetime.fromtimestamp(start_s, zone) for start_s in starts]
    return [Moment(each.month, each.isoweekday(), 60 * each.hour + each.minute) for each in at]


def spot_of_day(document: Mapping[str, Any] | None, series: str, local: LocalDay) -> Prices:
    """The market price of each quarter of a day, of its month's document; None where there is none.

    The document may have been cut in another zone than the day.
    """
    if document is None or not series:
        return [None] * local.quarters
    first = (local.start_s - int(document["start_s"])) // ledger.QUARTER_S
    name = f"{series}_micro"
    column = documents.unpack(documents.SPOT_COLUMNS[name], document["columns"][name])
    return [column[at] if 0 <= at < len(column) else None for at in range(first, first + local.quarters)]
