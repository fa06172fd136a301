"""Zones and currencies to choose from."""

from functools import cache
from zoneinfo import available_timezones

from babel.core import get_global

CURRENCIES = ("EUR", "GBP", "CHF", "USD", "AUD", "CAD", "CZK", "DKK", "INR", "JPY", "NOK", "NZD", "PLN", "SEK", "ZAR")


@cache
def zones() -> tuple[str, ...]:
    """IANA zones people choose from: regions with a city, no aliases of administration."""
    regions = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    return tuple(sorted(zone for zone in available_timezones() if zone.partition("/")[0] in regions))


def currency_of(zone: str) -> str:
    """The currency paid where the zone is, as far as it is offered; else the euro."""
    territory = get_global("zone_territories").get(zone, "")
    for currency, _, until, is_tender in get_global("territory_currencies").get(territory, ()):
        if until is None and is_tender and currency in CURRENCIES:
            return str(currency)
    return "EUR"
