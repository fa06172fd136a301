"""What the cloud judges by itself: a running day against its forecast; by night PV, budget and calibration."""

import datetime as dt
from typing import TYPE_CHECKING

from . import alerts
from .clients import Cloud
from .contract import documents, ledger
from .domain import calibrations, expectations
from .domain.alerts import Condition
from .domain.days import Day
from .store import Fields

if TYPE_CHECKING:
    from .night import Known


def running_day(cloud: Cloud, home: str, day: Day) -> None:
    """After a block of a day has closed. Key: (home, day): a day has one alert, whose figures grow with it."""
    now_s = cloud.now_ms() // 1000
    if now_s >= day.local.end_s + ledger.QUARTER_S * 4:
        return  # an old day that came late: its forecast is gone
    forecast = cloud.store.read(documents.insight(home, "forecast"))
    condition = expectations.excess(day, forecast, now_s)
    if condition is not None:
        alerts.store_condition(cloud, home, condition)


def night(cloud: Cloud, home: str, profile: Fields, known: "Known", forecast: Fields) -> None:
    """Part of `trainhome`, once the new forecast is made and before it is stored. Key: (home, day).

    What stands open of each kind is kept in `insight/watch`, after its alert: whoever dies between judges it again.
    """
    now_ms = cloud.now_ms()
    alerts.close(cloud, home, expectations.excess_id(known.day.day), known.day.end_s * 1000)
    path = documents.insight(home, "watch")
    watch = cloud.store.read(path) or {}
    meter = cloud.store.read(documents.meter(profile["meter"])) or {}
    created_ms = round(profile["created"].timestamp() * 1000)
    standing = watch.get("open", {})
    pv, since = _pv(known, watch.get("pv_low_since", ""))
    judged = {
        "over_budget": expectations.over_budget(profile, forecast, known.day.end_s * 1000),
        "calibration_due": calibrations.due(profile["meter"], meter.get("calibrated_ms"), created_ms, now_ms),
        **_with_panels(pv, known, profile, forecast, standing.get("pv_low", "")),
    }
    stands = {kind: _turn(cloud, home, standing.get(kind, ""), condition, now_ms) for kind, condition in judged.items()}
    after = {**watch, "open": {**standing, **stands}, "pv_low_since": since}
    if after != {"open": {}, "pv_low_since": "", **watch}:
        cloud.store.merge(path, {"open": after["open"], "pv_low_since": since})


def _pv(known: "Known", since: str) -> tuple[dict[str, Condition | None], str]:
    """What the day that is over says of the PV, and since which day it is low. One dark day says nothing yet."""
    of_day = [document for document in known.days if document["day"] == known.day.day]
    low = expectations.is_pv_low(of_day[0], known.day, known.forecast) if of_day else None
    if low is None:
        return {}, since
    if not low:
        return {"pv_low": None}, ""
    since = since or known.day.day
    if since == known.day.day:
        return {}, since
    first = ledger.day_of(dt.date.fromisoformat(since), ledger.zone_named(known.zone))
    return {"pv_low": expectations.pv_low(of_day[0], known.day, known.forecast, first)}, since


def _with_panels(
    pv: dict[str, Condition | None], known: "Known", profile: Fields, forecast: Fields, standing: str
) -> dict[str, Condition | None]:
    """A loss whose cause is known takes the place of a low day, and ends when the panels are well again."""
    panels = forecast.get("panels") or {}
    condition = expectations.pv_loss(panels, profile, ledger.zone_named(known.zone))
    if condition:
        return {"pv_low": condition}
    is_mended = panels.get("status") == "ready" and expectations.is_loss(standing)
    return {"pv_low": None, **pv} if is_mended else pv


def _turn(cloud: Cloud, home: str, standing: str, condition: Condition | None, now_ms: int) -> str:
    """Opens the alert of a condition, ends that of one that stands no more; returns the id of what stands now."""
    if standing and (condition is None or condition.id != standing):
        alerts.close(cloud, home, standing, now_ms)
    if condition is None:
        return ""
    alerts.store_condition(cloud, home, condition)
    return condition.id
