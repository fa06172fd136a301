"""What a night says of a home's panels: which loss stands, since when, and what it has cost in energy and money. Pure.

The money is what the lost energy would have saved and earned under the tariff of now: hour by hour it replaces what was
bought first, and the rest would have been sold.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from .contract import ledger, money
from .contract.ledger import LocalDay
from .contract.rates import Prices
from .domain import pricing
from .domain.tariff import Tariff
from .learning import health
from .learning.health import Finding
from .learning.series import DAY_HOURS, HOUR_S, Hourly

Fields = dict[str, Any]
NONE = "none"


@dataclass(frozen=True)
class Terms:
    """What a lost kilowatt-hour is worth."""

    tariff: Tariff | None  # None: nobody can tell
    prices: dict[str, Fields | None]  # market prices by month, where the tariff needs them
    bought: Hourly  # what the home imported


def told(pv: Hourly, day: LocalDay, zone: str, terms: Terms, before: Fields | None) -> Fields:
    """The panels as `insight/forecast.panels` holds them, when that day is over; before: as it held them till then.

    A cause that stood the night before has begun when it began, and stands while no clear days tell otherwise; `day_wh`
    is what the last day lost.
    """
    standing = before if before and before["cause"] != NONE else None
    since_s = _start_s(standing["since"], zone) if standing else 0
    found = health.findings(pv, day.end_s, (standing["cause"], since_s) if standing else None)
    if not found and standing and not health.can_tell(pv, day.end_s, standing["cause"]):
        return {**standing, "day": day.day, "day_wh": 0}
    if not found:
        return {"cause": NONE, "status": "learning" if found is None else "ready", "day": day.day}
    worst = found[0]
    lost = Hourly(day.end_s // HOUR_S * HOUR_S - worst.lost.size * HOUR_S, worst.lost.ravel())
    first_s = day.end_s - (len(worst.lost) - worst.first) * DAY_HOURS * HOUR_S
    since = ledger.local_day(first_s + DAY_HOURS * HOUR_S // 2, ledger.zone_named(zone)).day
    if standing and standing["cause"] == worst.cause:
        since = min(since, standing["since"])
    return {
        "cause": worst.cause,
        "status": "ready",
        "day": day.day,
        "since": since,
        "lost_wh": round(worst.lost_wh),
        "lo_wh": round(worst.lo),
        "hi_wh": round(worst.hi),
        "day_wh": round(float(worst.lost[-1].sum())),
        "days": worst.days,
        "part_permille": round(1000 * worst.part),
        "hours": _hours(worst, lost, zone),
        **_worth(lost, zone, terms),
    }


def _start_s(day: str, zone: str) -> int:
    return ledger.day_of(dt.date.fromisoformat(day), ledger.zone_named(zone)).start_s


def _hours(finding: Finding, lost: Hourly, zone: str) -> list[int]:
    """The hours concerned on the home's clock as it goes now; none for a loss at all hours."""
    first_s, tz = lost.end_s - DAY_HOURS * HOUR_S, ledger.zone_named(zone)
    return sorted({dt.datetime.fromtimestamp(first_s + column * HOUR_S, tz).hour for column in finding.hours})


def _worth(lost: Hourly, zone: str, terms: Terms) -> Fields:
    """The money of the lost hours, {} without a tariff, or where a market price is missing."""
    if terms.tariff is None:
        return {}
    total_micro, tz = 0, ledger.zone_named(zone)
    bought = terms.bought.between(lost.start_s, lost.end_s)
    days: dict[str, tuple[LocalDay, tuple[Prices, Prices]]] = {}
    for index in np.flatnonzero(lost.wh > 0).tolist():
        at_s = lost.start_s + index * HOUR_S
        local = ledger.local_day(at_s, tz)
        if local.day not in days:
            spot = terms.prices.get(local.month)
            days[local.day] = (local, pricing.prices_of(local, zone, terms.tariff, spot))
        hour_micro = _hour_micro(float(lost.wh[index]), float(np.nan_to_num(bought[index])), at_s, *days[local.day])
        if hour_micro is None:
            return {}
        total_micro += hour_micro
    return {"lost_micro": total_micro, "tariff": terms.tariff.valid_from}


def _hour_micro(
    lost_wh: float, bought_wh: float, at_s: int, local: LocalDay, prices: tuple[Prices, Prices]
) -> int | None:
    quarter = max(0, at_s - local.start_s) // ledger.QUARTER_S
    dear, cheap = (side[quarter] for side in prices)
    if dear is None or cheap is None:
        return None
    replaced_mwh = round(1000 * min(lost_wh, bought_wh))
    sold_mwh = round(1000 * lost_wh) - replaced_mwh
    return money.amount_micro(replaced_mwh, dear) + money.amount_micro(sold_mwh, cheap)
