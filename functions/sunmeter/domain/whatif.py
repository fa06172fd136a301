"""Another tariff over a home's own months: what it would have cost, from the hours that month documents hold. Pure.

A month holds every hour to the Wh and every day's total to the mWh. What lies between an hour's rounding and the day's
total, and what was used in hours that are not known whole, is priced at the mean of those hours (of the day, where all
are known). An hour whose quarters have different prices is priced at their mean: `mixed_mwh` tells how much energy that
concerns, and a tariff that has some needs the days' quarters to be exact.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..contract import ledger, money
from ..contract.documents import MONTH_COLUMNS, unpack
from ..contract.ledger import LocalDay, Registers
from ..contract.rates import Prices
from . import calendar, pricing
from .months import QUARTERS_PER_HOUR
from .pricing import Amounts, Spot
from .tariff import Tariff

Month = dict[str, Any]  # a month's document


@dataclass(frozen=True)
class DayCost:
    """What one day would cost, and how well that is known."""

    day: str
    amounts: Amounts
    standing_micro: int
    mixed_mwh: int  # in hours whose quarters have different prices
    spread_mwh: int  # in hours that are not known whole

    @property
    def cost_micro(self) -> int:
        return self.amounts.import_micro + self.standing_micro - self.amounts.export_micro


Price = tuple[int | None, int | None]  # what a kWh costs, and what it earns


@dataclass(frozen=True)
class _Hour:
    """An hour that lies whole within a day, as `months` counts them: its first quarter, and its prices."""

    first: int
    prices: Price
    is_mixed: bool


@dataclass(frozen=True)
class _Priced:
    """The prices of a day, by the hour and in the mean."""

    hours: list[_Hour]
    of_day: Price


def days_of(month: Month, tariff: Tariff, prices: Spot | None) -> Iterator[DayCost]:
    """What each day of a month would cost; prices: the month's market prices, where the tariff is dynamic."""
    columns = {name: unpack(MONTH_COLUMNS[name], bytes(month["columns"][name])) for name in MONTH_COLUMNS}
    alike: dict[tuple[int, int, int], _Priced] = {}  # without market prices a weekday of a month is like the next
    for local in calendar.days_of(month["month"], ledger.zone_named(month["zone"])):
        entry = month["days"].get(local.day[8:])
        if entry is None:
            continue
        offset = (local.start_s - month["start_s"]) // ledger.QUARTER_S
        kind = (dt.date.fromisoformat(local.day).weekday(), local.quarters, offset % QUARTERS_PER_HOUR)
        if tariff.series or kind not in alike:
            alike[kind] = _priced(local, offset, *pricing.prices_of(local, month["zone"], tariff, prices))
        energy = [_energy(columns, (offset + hour.first) // QUARTERS_PER_HOUR) for hour in alike[kind].hours]
        yield _day(local.day, alike[kind], energy, _of_entry(entry), tariff.gross_standing_micro)


def _priced(local: LocalDay, offset: int, bought: Prices, sold: Prices) -> _Priced:
    hours = []
    for first in range(-offset % QUARTERS_PER_HOUR, local.quarters - QUARTERS_PER_HOUR + 1, QUARTERS_PER_HOUR):
        within = slice(first, first + QUARTERS_PER_HOUR)
        is_mixed = len(set(bought[within])) > 1 or len(set(sold[within])) > 1
        hours.append(_Hour(first, (_mean(bought[within]), _mean(sold[within])), is_mixed))
    return _Priced(hours, (_mean(bought), _mean(sold)))


def _energy(columns: dict[str, list[int | None]], hour: int) -> Registers | None:
    """The energy of an hour of a month; None: not known whole."""
    bought_wh, sold_wh, pv_wh = (columns[name][hour] for name in ("import_wh", "export_wh", "pv_wh"))
    if bought_wh is None or sold_wh is None or pv_wh is None:
        return None
    return Registers(1000 * bought_wh, 1000 * sold_wh, 1000 * pv_wh, 0)


def _day(day: str, priced: _Priced, energies: list[Registers | None], total: Registers, standing_micro: int) -> DayCost:
    amounts, mixed_mwh, rest = Amounts(), 0, total
    for hour, energy in zip(priced.hours, energies, strict=True):
        if energy is not None:
            rest = rest.since(energy)
            mixed_mwh += energy.import_mwh + energy.export_mwh if hour.is_mixed else 0
            amounts = amounts.plus(pricing.amounts(energy, *hour.prices))
    unknown = [hour.prices for hour, energy in zip(priced.hours, energies, strict=True) if energy is None]
    of_rest = (_mean([each[0] for each in unknown]), _mean([each[1] for each in unknown])) if unknown else priced.of_day
    spread_mwh = max(0, rest.import_mwh) + max(0, rest.export_mwh) if unknown else 0
    return DayCost(day, amounts.plus(pricing.amounts(rest, *of_rest)), standing_micro, mixed_mwh, spread_mwh)


def _mean(prices: Sequence[int | None]) -> int | None:
    """The mean of the prices; None where one is not known."""
    known = [price for price in prices if price is not None]
    return money.rounded(sum(known), len(known)) if known and len(known) == len(prices) else None


def _of_entry(entry: dict[str, Any]) -> Registers:
    """The energy of a day as its month tells it, exact to the mWh."""
    return Registers(*(round(entry[name] * 1000) for name in ("import_wh", "export_wh", "pv_wh", "standby_wh")))


def answer(months: Sequence[Month], tariff: Tariff, prices: dict[str, Spot | None]) -> dict[str, Any]:
    """What the months would cost under a tariff, beside what they did; prices: market prices by month."""
    told, then, now, both = [], [], [], []
    for month in months:
        days = list(days_of(month, tariff, prices.get(month["month"])))
        then += days
        paid = [month["days"][each.day[8:]].get("money") for each in days]
        now += paid
        both += [(each.cost_micro, bill["cost_micro"]) for each, bill in zip(days, paid, strict=True) if bill]
        told.append({"month": month["month"], **_sum(days), "now": pricing.sum_of(paid)})
    total = _sum(then)
    return {
        "months": told,
        "total": total,
        "now": pricing.sum_of(now),
        "difference_micro": sum(would - did for would, did in both) if both else None,
        "compared_days": len(both),
        "exact": not total["mixed_mwh"] and not total["spread_mwh"] and not total["unpriced_mwh"],
        "needs": "prices" if total["unpriced_mwh"] else "days" if total["mixed_mwh"] or total["spread_mwh"] else "",
    }


def _sum(days: Sequence[DayCost]) -> dict[str, int]:
    total = Amounts()
    for each in days:
        total = total.plus(each.amounts)
    return {
        **pricing.total_of(total, sum(each.standing_micro for each in days)),
        "days": len(days),
        "mixed_mwh": sum(each.mixed_mwh for each in days),
        "spread_mwh": sum(each.spread_mwh for each in days),
    }
