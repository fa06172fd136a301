"""Tariffs: what a kWh costs and earns in each quarter of a home's days. Pure, in whole micro-units per kWh.

A tariff holds from a day of the home's calendar until the next one begins, so every day has one tariff or none.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..contract import money
from ..contract.rates import SERIES, Moment, Prices, Rate, Zone
from ..contract.refusal import Refusal
from . import fields
from .calendar import before

KINDS = ("flat", "zones", "dynamic")
MOST_ZONES = 24
MOST_MICRO = 1_000_000_000_000  # a million of the currency's units per kWh
DAY_MIN = 1440
QUARTER_MIN = 15


@dataclass(frozen=True)
class Tariff:
    """What a supplier asks and pays, from a day on."""

    valid_from: str
    name: str
    currency: str
    buys: Rate
    sells: Rate | None  # None: nothing is paid for what is exported
    standing_micro: int  # a day, net
    energy_tax_micro: int  # per kWh imported, net
    vat_ppm: int  # on everything bought; what is paid for exports has none
    co2_g_per_kwh: int | None  # None: not told

    @property
    def series(self) -> set[str]:
        """The market prices it needs."""
        return {rate.series for rate in (self.buys, self.sells) if rate and rate.kind == "dynamic"}

    @property
    def gross_standing_micro(self) -> int:
        return money.with_vat(self.standing_micro, self.vat_ppm)

    def import_prices(self, moments: Sequence[Moment], spot: Prices) -> list[int | None]:
        """What a kWh costs in each quarter, taxes included."""
        return self.buys.gross(moments, spot, self.energy_tax_micro, self.vat_ppm)

    def export_prices(self, moments: Sequence[Moment], spot: Prices) -> list[int | None]:
        """What a kWh earns in each quarter."""
        if self.sells is None:
            return [0] * len(moments)
        return self.sells.net(moments, spot)


def valid_on(day: str, ids: Sequence[str]) -> str | None:
    """Which of these tariffs, named by their first days in order, holds on a day; None: it is before them all."""
    place = bisect_right(ids, day)
    return ids[place - 1] if place else None


def last_day_of(tariff_id: str, ids: Sequence[str]) -> str | None:
    """The last day on which a tariff holds; None: no other one follows."""
    later = [each for each in ids if each > tariff_id]
    return before(min(later)) if later else None


def parse(raw: Any, currency: str, *, dated: bool = True) -> Tariff:
    """A tariff from outside, for a home that counts in that currency. Refusals: each with the field, dotted.

    dated: it must say when it begins; one that is only tried out need not.
    """
    told = fields.mapping(raw)
    if told.get("currency", currency) != currency:
        raise Refusal("out_of_range", "currency")
    return Tariff(
        valid_from=fields.date(told, "valid_from").isoformat() if dated else "",
        name=fields.text({"name": "", **told}, "name", shortest=0, longest=60),
        currency=currency,
        buys=_rate(told, "import"),
        sells=None if told.get("export") is None else _rate(told, "export"),
        standing_micro=_whole(told, "standing_micro", 0, MOST_MICRO),
        energy_tax_micro=_whole(told, "energy_tax_micro", -MOST_MICRO, MOST_MICRO),
        vat_ppm=_whole(told, "vat_ppm", 0, money.PPM),
        co2_g_per_kwh=fields.optional_integer(told, "co2_g_per_kwh", 0, 5_000),
    )


def read(document: dict[str, Any]) -> Tariff:
    """A tariff from its document."""
    return parse(document, document["currency"])


def write(tariff: Tariff) -> dict[str, Any]:
    """The tariff as its document holds it, and as `parse` reads it."""
    return {
        "valid_from": tariff.valid_from,
        "name": tariff.name,
        "currency": tariff.currency,
        "import": _rate_fields(tariff.buys),
        "export": _rate_fields(tariff.sells) if tariff.sells else None,
        "standing_micro": tariff.standing_micro,
        "energy_tax_micro": tariff.energy_tax_micro,
        "vat_ppm": tariff.vat_ppm,
        "co2_g_per_kwh": tariff.co2_g_per_kwh,
    }


def _whole(told: dict[str, Any], name: str, least: int, most: int) -> int:
    """An integer that is nought where it is left out."""
    return fields.integer({name: 0, **told}, name, least, most)


def _rate(told: dict[str, Any], name: str) -> Rate:
    rate = fields.mapping(told.get(name), name)
    with fields.inside(name):
        kind = fields.choice(rate, "kind", KINDS)
        zoned = kind == "zones" or (kind == "dynamic" and "zones" in rate)
        if not zoned and rate.get("zones"):
            raise Refusal("out_of_range", "zones")  # of a flat rate they would be left unread
        return Rate(
            kind=kind,
            price_micro=fields.integer(rate, "price_micro", -MOST_MICRO, MOST_MICRO),
            zones=_zones(fields.entries(rate, "zones", MOST_ZONES, int(kind == "zones"))) if zoned else (),
            series=fields.choice({"series": name, **rate}, "series", SERIES) if kind == "dynamic" else "",
        )


def _zones(raw: list[Any]) -> tuple[Zone, ...]:
    zones = []
    for place, each in enumerate(raw):
        with fields.inside(f"zones.{place}"):
            zones.append(_zone(fields.mapping(each)))
    return tuple(zones)


def _zone(told: dict[str, Any]) -> Zone:
    hours = {"from_min": 0, "to_min": DAY_MIN, **told}
    from_min = fields.integer(hours, "from_min", 0, DAY_MIN - QUARTER_MIN)
    to_min = fields.integer(hours, "to_min", 0, DAY_MIN)
    if from_min % QUARTER_MIN:
        raise Refusal("out_of_range", "from_min")
    if to_min % QUARTER_MIN or to_min == from_min:
        raise Refusal("out_of_range", "to_min")
    price_micro = fields.integer(told, "price_micro", -MOST_MICRO, MOST_MICRO)
    return Zone(price_micro, _some_of(told, "months", 12), _some_of(told, "weekdays", 7), from_min, to_min)


def _some_of(told: dict[str, Any], name: str, most: int) -> tuple[int, ...]:
    """Numbers from 1 to most, each once, in order; all of them where nothing is said."""
    if told.get(name) is None:
        return tuple(range(1, most + 1))
    listed = fields.entries(told, name, most, least=1)
    return tuple(sorted({fields.integer({name: each}, name, 1, most) for each in listed}))


def _rate_fields(rate: Rate) -> dict[str, Any]:
    zones = [{**vars(zone), "months": list(zone.months), "weekdays": list(zone.weekdays)} for zone in rate.zones]
    series = {"series": rate.series} if rate.kind == "dynamic" else {}
    return {"kind": rate.kind, "price_micro": rate.price_micro, "zones": zones, **series}
