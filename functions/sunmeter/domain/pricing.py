"""What a day costs and what its PV saved: the terms it is priced under, and the sums. Pure, whole micro-units.

    cost       = import × import price + standing charge − export × export price
    saved      = (pv − export) × import price + export × export price
    without PV = cost + saved

Each quarter is rounded once (`contract.money`), everything else is a sum of quarters. Energy whose price is not known
is left out of them and counted in `unpriced_mwh`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ..contract import ledger, money
from ..contract.documents import PRICE_COLUMNS, pack, unpack
from ..contract.ledger import LocalDay, Registers
from ..contract.rates import Prices, moments_of, spot_of_day
from .tariff import Tariff

IMPORT, EXPORT = PRICE_COLUMNS
Spot = dict[str, Any]  # a document of market prices
_CO2_MWH_PER_KWH = 1_000_000


@dataclass(frozen=True)
class Terms:
    """What a day is priced under, whole enough to price a later interval without reading anything else."""

    rev: int  # of the home's tariffs, which grows with every change of them
    tariff: str | None  # None: the day is before the first tariff
    columns: dict[str, bytes] = field(default_factory=dict)  # PRICE_COLUMNS; none without a tariff
    standing_micro: int = 0  # of the whole day, taxes included
    co2_g_per_kwh: int | None = None

    def price_alike(self, other: "Terms | None") -> bool:
        """Is everything but the revision the same? Never priced is as good as before the first tariff."""
        return replace(self, rev=0) == (replace(other, rev=0) if other else Terms(0, None))


class Amounts(NamedTuple):
    """Money of some quarters [micro], and the energy that has no price."""

    import_micro: int = 0
    export_micro: int = 0
    self_use_micro: int = 0
    unpriced_mwh: int = 0

    def plus(self, other: "Amounts") -> "Amounts":
        return Amounts(*(a + b for a, b in zip(self, other, strict=True)))


def terms(local: LocalDay, zone: str, tariff: Tariff | None, prices: Spot | None, rev: int) -> Terms:
    """The terms of a day under a tariff; prices: the document of the day's month, where the tariff is dynamic."""
    if tariff is None:
        return Terms(rev, None)
    bought, sold = prices_of(local, zone, tariff, prices)
    columns = {IMPORT: pack(PRICE_COLUMNS[IMPORT], bought), EXPORT: pack(PRICE_COLUMNS[EXPORT], sold)}
    return Terms(rev, tariff.valid_from, columns, tariff.gross_standing_micro, tariff.co2_g_per_kwh)


def prices_of(local: LocalDay, zone: str, tariff: Tariff, prices: Spot | None) -> tuple[Prices, Prices]:
    """What a kWh costs and what it earns in each quarter of a day."""
    moments = moments_of(local, ledger.zone_named(zone))
    bought = tariff.import_prices(moments, spot_of_day(prices, tariff.buys.series, local))
    sold = tariff.export_prices(moments, spot_of_day(prices, tariff.sells.series if tariff.sells else "", local))
    return bought, sold


def read(document: dict[str, Any]) -> Terms | None:
    """The terms that a day's document holds; None: it was never priced."""
    if "tariff_rev" not in document:
        return None
    columns = {name: bytes(document["columns"][name]) for name in PRICE_COLUMNS if name in document["columns"]}
    return Terms(
        document["tariff_rev"],
        document["tariff"],
        columns,
        document["standing_micro"],
        document["co2_g_per_kwh"],
    )


def write(terms: Terms) -> dict[str, Any]:
    """The terms' own fields of a day's document; their columns stand among the day's."""
    return {
        "tariff_rev": terms.rev,
        "tariff": terms.tariff,
        "standing_micro": terms.standing_micro,
        "co2_g_per_kwh": terms.co2_g_per_kwh,
    }


def amounts(energy: Registers, import_price: int | None, export_price: int | None) -> Amounts:
    """The money of one quarter (or hour)."""
    return Amounts(
        money.amount_micro(energy.import_mwh, import_price or 0),
        money.amount_micro(energy.export_mwh, export_price or 0),
        money.amount_micro(energy.self_used_mwh, import_price or 0),
        energy.import_mwh * (import_price is None) + energy.export_mwh * (export_price is None),
    )


def bill(terms: Terms, quarters: Sequence[Registers | None]) -> dict[str, int | None] | None:
    """The money of a day from the energy of its quarters (None: not known); None where it has no tariff."""
    if terms.tariff is None:
        return None
    priced = zip(quarters, *(unpack(PRICE_COLUMNS[name], terms.columns[name]) for name in PRICE_COLUMNS), strict=True)
    total, energy = Amounts(), ledger.ZERO
    for quarter, bought, sold in priced:
        if quarter is not None:
            total, energy = total.plus(amounts(quarter, bought, sold)), energy.plus(quarter)
    return {
        **total_of(total, terms.standing_micro),
        "co2_g": _co2_g(energy.import_mwh, terms.co2_g_per_kwh),
        "co2_saved_g": _co2_g(energy.pv_mwh, terms.co2_g_per_kwh),
    }


def total_of(total: Amounts, standing_micro: int) -> dict[str, int]:
    """Amounts by the names that documents and answers have for them."""
    return {
        "import_micro": total.import_micro,
        "export_micro": total.export_micro,
        "standing_micro": standing_micro,
        "cost_micro": total.import_micro + standing_micro - total.export_micro,
        "self_use_micro": total.self_use_micro,
        "saved_micro": total.self_use_micro + total.export_micro,
        "unpriced_mwh": total.unpriced_mwh,
    }


def sum_of(bills: Iterable[dict[str, int | None] | None]) -> dict[str, int | None] | None:
    """Bills of days as one, with the number of days that have one; None where none has."""
    known = [each for each in bills if each]
    if not known:
        return None
    total: dict[str, int | None] = {"days": len(known)}
    for name in known[0]:
        amounts = [amount for each in known if (amount := each[name]) is not None]
        total[name] = sum(amounts) if amounts else None
    return total


def _co2_g(energy_mwh: int, g_per_kwh: int | None) -> int | None:
    return None if g_per_kwh is None else money.rounded(energy_mwh * g_per_kwh, _CO2_MWH_PER_KWH)
