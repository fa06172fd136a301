"""Days and months set against what was expected of them: alerts that the cloud judges from the forecast. Pure."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from ..contract import documents, ledger
from ..contract.ledger import LocalDay, Registers
from . import months
from .alerts import Condition
from .days import Day

Fields = dict[str, Any]
HOUR_S = 3600
EXCESS_LEAST_WH = 1000  # beyond the range: below it nobody would do anything
PV_LEAST_WH = 2000  # expected of a day that is judged: in deep winter a cloud decides
MEASURED_PERMILLE = 950  # of a day whose PV is judged

_ENERGY = Registers._fields


def excess_id(day: str) -> str:
    return documents.cloud_alert_id("overuse", "day", day)


def excess(day: Day, forecast: Fields | None, now_s: int) -> Condition | None:
    """The alert of a day that has used more, up to its last closed block, than it was expected to at most.

    The hours' 95 % limits are added up, as if they all went wrong together: few days are beyond that by chance.
    """
    closed = months.closed_quarters(day)
    bands = _so_far(forecast, "load_wh", day.local, closed)
    if bands is None:
        return None
    used_wh = _house_wh(day, closed)
    lo_wh, hi_wh = bands
    if used_wh <= hi_wh + EXCESS_LEAST_WH:
        return None
    is_over = closed == day.local.quarters or now_s >= day.local.end_s
    return Condition(
        id=excess_id(day.local.day),
        kind="overuse",
        channel="day_energy",
        value=used_wh,
        usual_lo=lo_wh,
        usual_hi=hi_wh,
        unit="Wh",
        start_ms=day.local.start_s * 1000,
        end_ms=day.local.end_s * 1000 if is_over else None,
        is_news=not is_over,
    )


def is_pv_low(document: Fields, local: LocalDay, forecast: Fields | None) -> bool | None:
    """Did a whole day give less than its forecast's 95 % limits? None: it cannot be told."""
    expected = pv_range(local, forecast)
    if expected is None or document["measured_permille"] < MEASURED_PERMILLE:
        return None
    return bool(document["totals"]["pv_wh"] < expected[0])


def pv_range(local: LocalDay, forecast: Fields | None) -> tuple[int, int] | None:
    """What a whole day was expected to give [Wh], least and most; None: no forecast, or too little sun to judge by."""
    bands = _so_far(forecast, "pv_wh", local, local.quarters)
    likely = _so_far(forecast, "pv_wh", local, local.quarters, ("p50", "p50"))
    return bands if bands is not None and likely is not None and likely[0] >= PV_LEAST_WH else None


def pv_low(document: Fields, local: LocalDay, forecast: Fields | None, since: LocalDay) -> Condition:
    """The alert of PV that stays below expectation since a day."""
    lo_wh, hi_wh = pv_range(local, forecast) or (None, None)
    return Condition(
        id=documents.cloud_alert_id("pv_low", "day", since.day),
        kind="pv_low",
        channel="day_pv",
        value=round(document["totals"]["pv_wh"]),
        usual_lo=lo_wh,
        usual_hi=hi_wh,
        unit="Wh",
        start_ms=since.start_s * 1000,
        end_ms=None,
        is_news=True,
    )


def is_loss(alert_id: str) -> bool:
    """Is it the alert of a loss with a cause, and not of low days?"""
    return alert_id.startswith("pv_low-") and not alert_id.startswith("pv_low-day-")


def pv_loss(panels: Fields | None, home: Fields, zone: ZoneInfo) -> Condition | None:
    """The alert of panels that lose energy for a cause (`insight/forecast.panels`); None: none, or hardly any."""
    if not panels or panels["cause"] == "none" or panels["lost_wh"] < PV_LEAST_WH:
        return None
    since = ledger.day_of(dt.date.fromisoformat(panels["since"]), zone)
    return Condition(
        id=documents.cloud_alert_id("pv_low", panels["cause"], since.day),
        kind="pv_low",
        channel=f"pv_{panels['cause']}",
        value=panels["lost_wh"],
        usual_lo=panels["lo_wh"],
        usual_hi=panels["hi_wh"],
        unit="Wh",
        start_ms=since.start_s * 1000,
        end_ms=None,
        is_news=True,
        lost_micro=panels.get("lost_micro"),
        currency=home.get("currency", ""),
    )


def over_budget(home: Fields, forecast: Fields, now_ms: int) -> Condition | None:
    """The alert of a month that ends above its budget even at the low end of its 80 % range; None: it need not.

    `forecast.bill` is {month, lo_micro, p50_micro, hi_micro} of the home's currency, `home.budget` {month_micro}.
    """
    budget, bill = home.get("budget"), forecast.get("bill")
    if not budget or not bill or bill["lo_micro"] <= budget["month_micro"]:
        return None
    return Condition(
        id=documents.cloud_alert_id("over_budget", "month", bill["month"]),
        kind="over_budget",
        channel="month_cost",
        value=round(bill["p50_micro"] / 1_000_000),
        usual_hi=round(budget["month_micro"] / 1_000_000),
        unit=home["currency"],
        start_ms=now_ms,
        end_ms=None,
        is_news=True,
    )


def _so_far(
    forecast: Fields | None, name: str, day: LocalDay, quarters: int, ends: tuple[str, str] = ("lo95", "hi95")
) -> tuple[int, int] | None:
    """What the first quarters of a day were expected to come to [Wh], least and most; None: not all were forecast."""
    if not forecast or not forecast.get(name) or not quarters:
        return None
    first_s = day.start_s - forecast["start_s"]
    hours = [(first_s + index * ledger.QUARTER_S) // HOUR_S for index in range(quarters)]
    if hours[0] < 0 or hours[-1] >= forecast["hours"]:
        return None
    lo_wh, hi_wh = (sum(forecast[name][end][hour] for hour in hours) / 4 for end in ends)
    return round(lo_wh), round(hi_wh)


def _house_wh(day: Day, quarters: int) -> int:
    """What the house used in the first quarters, as far as it is known [Wh]."""
    sums = Registers(*(sum(number or 0 for number in day.column(name)[:quarters]) for name in _ENERGY))
    return round(sums.house_mwh / 1000)
