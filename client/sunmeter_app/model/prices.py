"""What a kWh will cost, quarter by quarter, as far as that is known; the cheapest stretch of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ..contract import ledger, money, rates
from ..contract.ledger import LocalDay
from ..contract.refusal import Refusal
from . import fields as read
from .tariff import DYNAMIC, FLAT, Tariff, in_force

HOUR = 4  # quarters
ALIKE = 10  # a price within a tenth of the whole spread of the cheapest hour's is as cheap


@dataclass(frozen=True)
class Cheapest:
    """The cheapest stretch of what is known ahead, of an hour at least."""

    start_s: int
    end_s: int
    price_micro: int  # of a kWh, taxes included: the mean of its quarters
    now_micro: int | None  # of this quarter; None: not known


def days_ahead(now_s: int, zone: ZoneInfo) -> tuple[LocalDay, LocalDay]:
    """Today and tomorrow: as far as anybody knows market prices."""
    today = ledger.local_day(now_s, zone)
    return today, ledger.local_day(today.end_s, zone)


def needed(ids: Sequence[str], now_s: int, zone: ZoneInfo) -> tuple[str, ...]:
    """Of the tariffs of a home, named by their first days in order, those that hold today and tomorrow."""
    held = [next((each for each in reversed(ids) if each <= local.day), None) for local in days_ahead(now_s, zone)]
    return tuple(dict.fromkeys(each for each in held if each is not None))


def months_needed(tariffs: Sequence[Tariff], now_s: int, zone: ZoneInfo) -> tuple[str, ...]:
    """The months whose market prices these tariffs follow today and tomorrow."""
    days = (local for local in days_ahead(now_s, zone) if _follows_market(in_force(tariffs, local.day)))
    return tuple(dict.fromkeys(local.month for local in days))


def _follows_market(tariff: Tariff | None) -> bool:
    return tariff is not None and tariff.kind == DYNAMIC


def prices_ahead(
    tariffs: Sequence[Tariff], spot: Mapping[str, read.Fields | None], now_s: int, zone: ZoneInfo
) -> tuple[int | None, ...]:
    """The price of each quarter from the running one to the end of tomorrow; none where every kWh costs the same.

    tariffs: the newest first. spot: documents of market prices by month.
    """
    days = days_ahead(now_s, zone)
    held = [in_force(tariffs, local.day) for local in days]
    if all(tariff is None or tariff.kind == FLAT for tariff in held):
        return ()
    every = [
        price
        for tariff, local in zip(held, days, strict=True)
        for price in _of_day(tariff, spot.get(local.month), local, zone)
    ]
    return tuple(every[days[0].index(now_s // ledger.QUARTER_S * ledger.QUARTER_S) :])


def _of_day(tariff: Tariff | None, spot: read.Fields | None, local: LocalDay, zone: ZoneInfo) -> rates.Prices:
    if tariff is None:
        return [None] * local.quarters
    rate, tax_micro = _bought(tariff), read.whole(tariff.document, "energy_tax_micro") or 0
    return rate.gross(rates.moments_of(local, zone), _spot(spot, rate.series, local), tax_micro, tariff.vat_ppm)


def _spot(document: read.Fields | None, series: str, local: LocalDay) -> rates.Prices:
    """None for every quarter where the document cannot be read."""
    try:
        found = rates.spot_of_day(document, series, local)
    except (Refusal, LookupError, TypeError, ValueError):
        found = ()
    return found if len(found) == local.quarters else [None] * local.quarters


def _bought(tariff: Tariff) -> rates.Rate:
    found = read.mapping(tariff.document, "import")
    series = read.text(found, "series") or "import" if tariff.kind == DYNAMIC else ""
    return rates.Rate(tariff.kind, tariff.price_micro, () if tariff.kind == FLAT else tariff.zones, series)


def cheapest(prices: Sequence[int | None], now_s: int) -> Cheapest | None:
    """The first of the cheapest hours, as far on both sides as it stays about as cheap; None: nothing to choose."""
    known = [price for price in prices if price is not None]
    hours = [
        (sum(hour), first)
        for first in range(len(prices) - HOUR + 1)
        if len(hour := [price for price in prices[first : first + HOUR] if price is not None]) == HOUR
    ]
    if not hours or min(known) == max(known):
        return None
    least, first = min(hours)
    most = least / HOUR + (max(known) - min(known)) / ALIKE
    last = first + HOUR
    while first > 0 and _is_within(prices[first - 1], most):
        first -= 1
    while last < len(prices) and _is_within(prices[last], most):
        last += 1
    taken = [price for price in prices[first:last] if price is not None]
    begin_s = now_s // ledger.QUARTER_S * ledger.QUARTER_S
    return Cheapest(
        start_s=begin_s + first * ledger.QUARTER_S,
        end_s=begin_s + last * ledger.QUARTER_S,
        price_micro=money.rounded(sum(taken), len(taken)),
        now_micro=prices[0],
    )


def _is_within(price: int | None, most: float) -> bool:
    return price is not None and price <= most
