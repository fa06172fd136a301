"""Another tariff over a home's own months: what it would have cost, from the hours that month documents hold. Pure.

A month holds every hour to the Wh and every day's total to the mWh. What lies between an hour's rounding and the day's
total, and what was used in hours that are not known whole, is priced at the mean of those hours (of the day, where all
are known). An hour whose quarters have different prices is priced at their mean: `mixed_mwh` tells how much energy that
concerns, and a tariff that has some needs the days' quarters to be exact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..contract import ledger, money
from ..contract.documents import MONTH_COLUMNS, unpack
from ..contract.ledger import LocalDay, Registers
from . import calendar, pricing
from .months import QUARTERS_PER_HOUR
from .pricing import Amounts, Spot
from .tariff import Prices, Tariff

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


@dataclass(frozen=True)
class _Hour:
    """An hour of a day: what a kWh costs and earns in it, and its energy."""

    prices: tuple[int | None, int | None]
    is_mixed: bool
    energy: Registers | None  # None: not known whole


def days_of(month: Month, tariff: Tariff, prices: Spot | None) -> Iterator[DayCost]:
    """What each day of a month would cost; prices: the month's market prices, where the tariff is dynamic."""
    columns = {name: unpack(MONTH_COLUMNS[name], bytes(month["columns"][name])) for name in MONTH_COLUMNS}
    for local in calendar.days_of(month["month"], ledger.zone_named(month["zone"])):
        entry = month["days"].get(local.day[8:])
        if entry is not None:
            bought, sold = pricing.prices_of(local, month["zone"], tariff, prices)
            hours = list(_hours(local, (local.start_s - month["start_s"]) // ledger.QUARTER_S, columns, bought, sold))
            yield _day(local.day, hours, _of_entry(entry), (_mean(bought), _mean(sold)), tariff.gross_standing_micro)


def _hours(
    local: LocalDay, offset: int, columns: dict[str, list[int | None]], bought: Prices, sold: Prices
) -> Iterator[_Hour]:
    """The hours that lie whole within a day, as `months` counts them."""
    for first in range(-offset % QUARTERS_PER_HOUR, local.quarters - QUARTERS_PER_HOUR + 1, QUARTERS_PER_HOUR):
        within = slice(first, first + QUARTERS_PER_HOUR)
        hour = (offset + first) // QUARTERS_PER_HOUR
        known = [columns[name][hour] for name in ("import_wh", "export_wh", "pv_wh")]
        bought_wh, sold_wh, pv_wh = (wh or 0 for wh in known)
        energy = None if None in known else Registers(1000 * bought_wh, 1000 * sold_wh, 1000 * pv_wh, 0)
        is_mixed = len(set(bought[within])) > 1 or len(set(sold[within])) > 1
        yield _Hour((_mean(bought[within]), _mean(sold[within])), is_mixed, energy)


def _day(
    day: str, hours: list[_Hour], total: Registers, of_day: tuple[int | None, int | None], standing_micro: int
) -> DayCost:
    cost = DayCost(day, Amounts(), standing_micro, 0, 0)
    rest = total
    for hour in hours:
        if hour.energy is not None:
            rest = rest.since(hour.energy)
            mixed = hour.energy.import_mwh + hour.energy.export_mwh if hour.is_mixed else 0
            amounts = cost.amounts.plus(pricing.amounts(hour.energy, *hour.prices))
            cost = replace(cost, amounts=amounts, mixed_mwh=cost.mixed_mwh + mixed)
    unknown = [hour.prices for hour in hours if hour.energy is None]
    bought, sold = (_mean([each[0] for each in unknown]), _mean([each[1] for each in unknown])) if unknown else of_day
    spread = max(0, rest.import_mwh) + max(0, rest.export_mwh) if unknown else 0
    return replace(cost, amounts=cost.amounts.plus(pricing.amounts(rest, bought, sold)), spread_mwh=spread)


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
