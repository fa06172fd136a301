"""Trains a home's anomaly model from its own minutes, without labels.

Per channel: a Gaussian by maximum likelihood, its mean and log spread Fourier series over the local day; on each side a
generalised Pareto tail over declustered maxima, which turns a distance into a rate per hour. Of the channels together:
a mixture of Gaussians, its -ln p with a tail of the same kind. The threshold is the rate at which all tails together
would alarm as often as the user chose, raised until the replayed history agrees.
docs/anomaly.md shows what this finds, and what it cannot.
"""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ..contract.densities import MOST_MILLI
from ..contract.model import DAY_S, Model
from ..contract.packing import pack
from ..contract.refusal import Refusal
from ..contract.unpacking import unpack
from . import detectable, fitting, shadow
from . import expected as expecting
from . import ground as grounding
from .fitting import CLOSE_MINUTES, OPEN_MINUTES, Fitted
from .ground import Ground, replayed
from .minutes import Minutes
from .replay import alerts
from .shadow import NOTHING_SERVED, Served, Spans

LEAST_DAYS = 21  # with a week of training the density would alarm 15 to 40 times a month, with two weeks up to 15 times
TRAINED_DAYS = 45  # older habits are no guide; two weekends a fortnight are few enough as it is
MONTH_DAYS = 30.4

_DAY_MINUTES = 1440
_MOST_REAL = 1 / 3  # of the minutes: who calls more than that unusual has a new usual
_MONTH_HOURS = 730.0
_LEAST_MILLI = 2000  # once in a hundred hours: no user may ask for more alerts than that


@dataclass(frozen=True)
class Trained:
    """What came of a training: a model to ship, or the reason why there is none."""

    status: str  # "ready", "learning" (more days are needed) or "failed"
    reason: str  # "" when ready; else "too_little_data", "nothing_measured", … or the code of a refusal
    days: float  # of measured minutes it learnt from
    payload: bytes | None = None  # None unless ready
    version: int = 0
    threshold_milli: int = 0
    history_per_month: float = 0.0  # alerts the model would have made on what it learnt from
    held_out_alerts: int = 0  # alerts of a model that had not seen the last week, in that week
    served_alerts: int | None = None  # of the model that the meter holds, in the same week; None: it holds none
    changed: tuple[str, ...] = ()  # channels that left their usual range for much of that week, and to which side
    goes_back: bool = (
        False  # the model before the last would have alarmed less, and this night has none that may follow
    )
    detectable: dict[str, int] = field(default_factory=dict)  # smallest lasting excess that is found [W]
    channels: tuple[str, ...] = ()


def train(
    minutes: Minutes,
    *,
    zone: str,
    now_s: int,
    version: int,
    target_per_month: float = 1.0,
    real_s: Spans = (),
    served: Served = NOTHING_SERVED,
) -> Trained:
    """A model from the newest TRAINED_DAYS before now_s.

    zone is the home's IANA zone; version must rise with every model shipped to a meter; target_per_month is how many
    false alerts a month the user accepts; real_s, from when to when alerts lasted that people called real: what is not
    usual is not learnt. The same arguments give the same bytes.
    """
    minutes = minutes.between(now_s - TRAINED_DAYS * DAY_S, now_s)
    days = minutes.measured_days
    reason = _unfit(minutes, days)
    if reason:
        return Trained("learning" if reason == "too_little_data" else "failed", reason, days)
    asked = _Asked(zone, now_s, version, target_per_month, real_s, served)
    try:
        return _trained(minutes, days, asked)
    except Refusal as error:
        return Trained("failed", error.code, days)


@dataclass(frozen=True)
class _Asked:
    """As `train` is asked."""

    zone: str
    now_s: int
    version: int
    target_per_month: float
    real_s: Spans
    served: Served


def _trained(minutes: Minutes, days: float, asked: _Asked) -> Trained:
    """Raises Refusal for a model that no meter could take."""
    ground = grounding.ground(_usual(minutes, asked.real_s), asked.now_s, asked.zone)
    beside = _beside(ground, days, asked)
    if beside.reason:
        return beside
    all_of_it = np.ones(len(ground.end_s), bool)
    fitted = fitting.fit(ground, all_of_it)
    threshold = _threshold(ground, fitted, all_of_it, asked.target_per_month)
    payload = pack(_described(ground, fitted, threshold, asked))
    model = unpack(payload)
    if asked.real_s:
        whole = grounding.ground(minutes, asked.now_s, asked.zone)
        if shadow.lost(whole, model, asked.served, asked.real_s, asked.now_s):
            return replace(beside, status="failed", reason="would_miss_what_was_real")
    opened = alerts(replayed(ground, model), threshold, OPEN_MINUTES, CLOSE_MINUTES)
    return replace(
        beside,
        payload=payload,
        version=asked.version,
        threshold_milli=threshold,
        history_per_month=len(opened) / days * MONTH_DAYS,
        detectable=detectable.excess_w(model, asked.now_s),
        channels=tuple(channel["channel"] for channel in fitted.channels),
    )


def _usual(minutes: Minutes, real_s: Spans) -> Minutes:
    """The minutes without what people called real, unless that is most of what there is."""
    usual = minutes.without(real_s)
    return usual if usual.measured_days >= (1 - _MOST_REAL) * minutes.measured_days else minutes


def _beside(ground: Ground, days: float, asked: _Asked) -> Trained:
    """What the last week says: of a twin that has not seen it, and of the models that the meter may hold.

    A twin that would have alarmed too often is let pass where what is served alarms more often still.
    """
    since_s = asked.now_s - shadow.DAYS * DAY_S
    twin = _twin(ground, ground.end_s <= since_s, asked.target_per_month)
    held_out = shadow.alerts_of(ground, twin, since_s)
    last, before = (
        None if model is None else shadow.alerts_of(ground, model, since_s)
        for model in (asked.served.last, asked.served.before)
    )
    is_too_often = held_out > shadow.MOST_ALERTS and (last is None or held_out >= last)
    return Trained(
        status="failed" if is_too_often else "ready",
        reason="would_alarm_too_often" if is_too_often else "",
        days=days,
        held_out_alerts=held_out,
        served_alerts=last,
        changed=shadow.changed(ground, twin, since_s),
        goes_back=is_too_often and last is not None and before is not None and before < last,
    )


def _twin(ground: Ground, learnt: npt.NDArray[np.bool_], target_per_month: float) -> Model:
    """The model of the days before."""
    fitted = fitting.fit(ground, learnt)
    twin = fitting.as_model(fitted)
    twin.threshold_milli = _threshold(ground, fitted, learnt, target_per_month)
    return twin


def _unfit(minutes: Minutes, days: float) -> str:
    """Why these minutes cannot be learnt from; "" if they can."""
    house_w = minutes.house_w[np.isfinite(minutes.house_w)]
    if not len(house_w):
        return "nothing_measured"
    if days < LEAST_DAYS:
        return "too_little_data"
    return "nothing_varies" if np.percentile(house_w, 99) - np.percentile(house_w, 1) < 5 else ""


def _threshold(ground: Ground, fitted: Fitted, learnt: npt.NDArray[np.bool_], target_per_month: float) -> int:
    """The score that all tails together pass target_per_month times, raised until the history agrees."""
    by_rate = int(1000 * np.log10(_MONTH_HOURS * max(fitted.shares, 1) / target_per_month))
    threshold = min(max(by_rate, _LEAST_MILLI), MOST_MILLI)
    score_milli = np.where(learnt, replayed(ground, fitting.as_model(fitted)), 0)
    allowed = max(1, int(target_per_month * learnt.sum() / _DAY_MINUTES / MONTH_DAYS + 0.5))
    while threshold < MOST_MILLI and len(alerts(score_milli, threshold, OPEN_MINUTES, CLOSE_MINUTES)) > allowed:
        threshold += 100
    return threshold


def _described(ground: Ground, fitted: Fitted, threshold: int, asked: _Asked) -> dict[str, Any]:
    now_s = asked.now_s
    offset_s, next_offset_s, change_s = next_change(asked.zone, now_s)
    envelope = None
    if ground.envelope is not None:
        start_s, numbers = expecting.window(ground.envelope, now_s)
        envelope = {"start_s": start_s, "w": numbers}
    return {
        "version": asked.version,
        "trained_s": now_s,
        "offset_s": offset_s,
        "next_offset_s": next_offset_s,
        "change_s": change_s,
        "threshold_milli": threshold,
        "open_minutes": OPEN_MINUTES,
        "close_minutes": CLOSE_MINUTES,
        "channels": fitted.channels,
        "mixture": fitted.mixture,
        "night": fitted.night,
        "expected": ground.expected.ahead(now_s),
        "envelope": envelope,
    }


def next_change(zone: str, now_s: int) -> tuple[int, int, int]:
    """(offset now, the next one, when it comes) of a zone; (offset, offset, 0) when none comes within a year."""
    tz = ZoneInfo(zone)

    def offset_at(ts_s: int) -> int:
        offset = dt.datetime.fromtimestamp(ts_s, tz).utcoffset()
        return int(offset.total_seconds()) if offset is not None else 0

    now = offset_at(now_s)
    for day in range(366):
        before_s, after_s = now_s + day * DAY_S, now_s + (day + 1) * DAY_S
        if offset_at(after_s) == now:
            continue
        while after_s - before_s > 1:
            middle_s = (before_s + after_s) // 2
            if offset_at(middle_s) == now:
                before_s = middle_s
            else:
                after_s = middle_s
        return now, offset_at(after_s), after_s
    return now, now, 0
