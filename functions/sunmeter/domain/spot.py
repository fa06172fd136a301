"""Imported market prices: a month of them is one document, a price for each quarter. Pure, micro per kWh."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from ..contract.documents import SPOT_COLUMNS, VERSION, blank, pack
from ..contract.ledger import QUARTER_S, LocalDay
from ..contract.rates import SERIES, spot_of_day
from ..contract.refusal import Refusal
from . import fields
from .calendar import month_of
from .tariff import MOST_MICRO

STEPS_S = (900, 1800, 3600)
MOST_PRICES = 9_000  # a year of hours, and some
_EARLIEST_S, _LATEST_S = 946_684_800, 4_102_444_800  # this century


@dataclass(frozen=True)
class Import:
    """A run of market prices as somebody sends it."""

    series: str
    start_s: int
    step_s: int
    prices: tuple[int | None, ...]  # None: what is stored stays

    @property
    def quarters(self) -> dict[int, int]:
        """By the start of each quarter [s], its price."""
        starts = range(self.start_s, self.start_s + self.step_s * len(self.prices), QUARTER_S)
        priced = ((start_s, self.prices[(start_s - self.start_s) // self.step_s]) for start_s in starts)
        return {start_s: price for start_s, price in priced if price is not None}


def parse(told: dict[str, Any]) -> Import:
    """Prices from outside. Refusals: each with its field, `prices_micro.17` for the eighteenth price."""
    series = fields.choice({"series": SERIES[0], **told}, "series", SERIES)
    start_s = fields.integer(told, "start_s", _EARLIEST_S, _LATEST_S)
    step_s = fields.integer({"step_s": 3600, **told}, "step_s", STEPS_S[0], STEPS_S[-1])
    if step_s not in STEPS_S:
        raise Refusal("out_of_range", "step_s")
    if start_s % QUARTER_S:
        raise Refusal("out_of_range", "start_s")
    listed = fields.entries(told, "prices_micro", MOST_PRICES, least=1)
    with fields.inside("prices_micro"):
        prices = [
            fields.optional_integer({str(place): price}, str(place), -MOST_MICRO, MOST_MICRO)
            for place, price in enumerate(listed)
        ]
    return Import(series, start_s, step_s, tuple(prices))


def by_month(quarters: dict[int, int], zone: ZoneInfo) -> dict[str, dict[int, int]]:
    """The quarters of each month of the home's calendar, by `YYYY-MM`."""
    months: dict[str, dict[int, int]] = {}
    for start_s, price_micro in quarters.items():
        month = dt.datetime.fromtimestamp(start_s, zone).strftime("%Y-%m")
        months.setdefault(month, {})[start_s] = price_micro
    return months


def merge(
    document: dict[str, Any] | None, month: str, zone: ZoneInfo, series: str, quarters: dict[int, int]
) -> tuple[dict[str, Any], list[int]]:
    """A month's document, without its `updated`, with those prices in it; and the quarters [s] that changed."""
    local = month_of(month, zone)
    columns = {name: _column(document, name, local) for name in SERIES}
    changed = [start_s for start_s, price in quarters.items() if columns[series][local.index(start_s)] != price]
    for start_s in changed:
        columns[series][local.index(start_s)] = quarters[start_s]
    return {
        "v": VERSION,
        "month": month,
        "zone": zone.key,
        "start_s": local.start_s,
        "quarters": local.quarters,
        "columns": {f"{name}_micro": pack(SPOT_COLUMNS[f"{name}_micro"], columns[name]) for name in SERIES},
    }, changed


def _column(document: dict[str, Any] | None, series: str, local: LocalDay) -> list[int | None]:
    if document:
        return list(spot_of_day(document, series, local))
    return blank(SPOT_COLUMNS[f"{series}_micro"], local.quarters)
