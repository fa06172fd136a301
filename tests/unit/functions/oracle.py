"""What a day costs, worked out slowly and another way: each quarter asked for itself, in exact fractions.

Python's `round` of a Fraction takes a half to the even number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from sunmeter.contract.ledger import Registers

Json = dict[str, Any]


def net_price(rate: Json, start_s: int, zone: str, spot: int | None) -> Fraction | None:
    """What a rate, as somebody sends it, asks for a quarter."""
    local = dt.datetime.fromtimestamp(start_s, dt.UTC).astimezone(ZoneInfo(zone))
    hour = Fraction(local.hour) + Fraction(local.minute, 60)
    price = rate["price_micro"]
    for each in rate.get("zones", []):
        first, last = Fraction(each.get("from_min", 0), 60), Fraction(each.get("to_min", 1440), 60)
        spans = [(first, last)] if first < last else [(first, Fraction(24)), (Fraction(0), last)]
        if (
            local.month in each.get("months", range(13))
            and local.weekday() + 1 in each.get("weekdays", range(8))
            and any(a <= hour < b for a, b in spans)
        ):
            price = each["price_micro"]
            break
    if rate["kind"] != "dynamic":
        return Fraction(price)
    return None if spot is None else Fraction(spot) + price


def bill(
    tariff: Json, zone: str, quarters: Sequence[tuple[int, Registers]], spot: dict[int, int] | None = None
) -> dict[str, int]:
    """The money of quarters (start, energy), whichever they are."""
    totals = {"import_micro": 0, "export_micro": 0, "self_use_micro": 0, "unpriced_mwh": 0}
    vat = 1 + Fraction(tariff.get("vat_ppm", 0), 10**6)
    for start_s, energy in quarters:
        market = (spot or {}).get(start_s)
        net = net_price(tariff["import"], start_s, zone, market)
        sold = net_price(tariff["export"], start_s, zone, market) if tariff.get("export") else Fraction(0)
        kwh = Fraction(1, 10**6)
        if net is None:
            totals["unpriced_mwh"] += energy.import_mwh
        else:
            gross = round((net + tariff.get("energy_tax_micro", 0)) * vat)
            totals["import_micro"] += round(energy.import_mwh * kwh * gross)
            totals["self_use_micro"] += round((energy.pv_mwh - energy.export_mwh) * kwh * gross)
        if sold is None:
            totals["unpriced_mwh"] += energy.export_mwh
        else:
            totals["export_micro"] += round(energy.export_mwh * kwh * sold)
    standing = round(tariff.get("standing_micro", 0) * vat)
    return {
        **totals,
        "standing_micro": standing,
        "cost_micro": totals["import_micro"] + standing - totals["export_micro"],
        "saved_micro": totals["self_use_micro"] + totals["export_micro"],
    }
