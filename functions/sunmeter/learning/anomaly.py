"""Trains a home's anomaly model from its own minutes, without labels.

Per channel: a Gaussian by maximum likelihood, its mean and log spread Fourier series over the local day; on each side a
generalised Pareto tail over declustered maxima, which turns a distance into a rate per hour. The threshold is the rate
at which all tails together would alarm as often as the user chose, raised until the replayed history agrees.
docs/anomaly.md shows what this finds, and what it cannot.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ..contract import features as ids
from ..contract.model import DAY_S, MOST_MILLI, Curve, Model
from ..contract.packing import pack
from ..contract.refusal import Refusal
from ..contract.unpacking import HIGH, LOW, unpack
from . import expected as expecting
from . import tails
from .minutes import MINUTE_S, Minutes
from .replay import alerts, curve_mean, features, fourier, of_envelope, replay, shaped
from .series import HOUR_S, Floats, offsets_s

LEAST_DAYS = 21  # with a week of training the density would alarm 15 to 40 times a month, with two weeks up to 15 times
TRAINED_DAYS = 45  # older habits are no guide; two weekends a fortnight are few enough as it is
HELD_OUT_DAYS = 7
MOST_HELD_OUT_ALERTS = 4  # of a model that had not seen these days: beyond it the home is not what it was
OPEN_MINUTES = 5
CLOSE_MINUTES = 60  # alerts less than an hour apart are one
MONTH_DAYS = 30.4

_DAY_MINUTES = 1440
_MONTH_HOURS = 730.0
_FIT_EVERY = 10  # minutes; neighbours tell the same
_LEAST_CHANNEL_DAYS = 7
_TRIM = 4.0  # spreads: what lies farther out is for the tail, not for the Gaussian
_LEAST_SPREAD = 0.05  # where the recipe names no step: of a channel that comes scaled
_LEAST_MILLI = 2000  # once in a hundred hours: no user may ask for more alerts than that


@dataclass(frozen=True)
class Recipe:
    """How a channel is fitted."""

    mean: int  # numbers in the Fourier series of its mean
    spread: int  # and of its log spread
    sides: int  # which side alarms
    block_hours: int  # what is closer together than this counts once: the channel's own memory
    least_step: float  # a tail falls by e over this at least, in the channel's shape: less is no news to anybody
    share: int = 1  # of the false alerts the user accepts: this many times what a side of other channels gets


RECIPES = {
    ids.HOUSE_1M: Recipe(7, 5, LOW | HIGH, 1, 0.05),
    ids.HOUSE_60M: Recipe(7, 5, LOW | HIGH, 2, 0.05),
    ids.HOUSE_MIN_3H: Recipe(7, 5, LOW | HIGH, 6, 0.05),
    ids.HOUSE_MIN_24H: Recipe(1, 1, LOW | HIGH, 24, 0.05),
    ids.HOUSE_MEAN_24H: Recipe(1, 1, HIGH, 24, 0.05),
    ids.VOLTAGE_5M: Recipe(7, 3, LOW | HIGH, 1, 300.0),
    ids.VOLTAGE_24H: Recipe(1, 1, LOW | HIGH, 24, 300.0),
    ids.VOLTAGE_WOBBLE_10M: Recipe(7, 3, LOW | HIGH, 1, 0.05),
    ids.POWER_FACTOR_30M: Recipe(5, 3, LOW | HIGH, 1, 2.0),
    ids.REACTIVE_60M: Recipe(5, 3, LOW | HIGH, 2, 5.0),
    ids.SWITCHING_60M: Recipe(5, 3, LOW | HIGH, 2, 0.05),
    ids.EXCESS_60M: Recipe(1, 1, HIGH, 2, 0.0, share=10),  # what people ask for, and hard to see
    ids.PV_OF_ENVELOPE_3H: Recipe(1, 1, LOW, 6, 0.05),
}


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
    held_out_alerts: int = 0  # alerts of a model that had not seen the last days, on those days
    detectable: dict[str, int] = field(default_factory=dict)  # smallest lasting excess that is found [W]
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Ground:
    """The minutes to learn from, with all that is computed of them once."""

    minutes: Minutes
    found: dict[int, Floats]  # features
    end_s: npt.NDArray[np.int64]  # of each minute
    basis: Floats
    expected: expecting.Expected
    envelope: Curve | None  # None: no PV, or too little of it yet


def train(minutes: Minutes, *, zone: str, now_s: int, version: int, target_per_month: float = 1.0) -> Trained:
    """A model from the newest TRAINED_DAYS before now_s.

    zone is the home's IANA zone; version must rise with every model shipped to a meter; target_per_month is how many
    false alerts a month the user accepts. The same arguments give the same bytes.
    """
    minutes = minutes.between(now_s - TRAINED_DAYS * DAY_S, now_s)
    days = minutes.measured_days
    reason = _unfit(minutes, days)
    if reason:
        return Trained("learning" if reason == "too_little_data" else "failed", reason, days)
    ground = _ground(minutes, now_s, zone)
    last = now_s - HELD_OUT_DAYS * DAY_S
    held_out = _held_out_alerts(ground, last, target_per_month)
    if held_out > MOST_HELD_OUT_ALERTS:
        return Trained("failed", "would_alarm_too_often", days, held_out_alerts=held_out)
    channels = _channels(ground, np.ones(len(ground.end_s), bool))
    threshold = _threshold(ground, channels, np.ones(len(ground.end_s), bool), target_per_month)
    try:
        payload = pack(_described(ground, channels, threshold, now_s, zone, version))
    except Refusal as error:
        return Trained("failed", error.code, days)
    model = unpack(payload)
    opened = alerts(_replayed(ground, model), threshold, OPEN_MINUTES, CLOSE_MINUTES)
    return Trained(
        status="ready",
        reason="",
        days=days,
        payload=payload,
        version=version,
        threshold_milli=threshold,
        history_per_month=len(opened) / days * MONTH_DAYS,
        held_out_alerts=held_out,
        detectable=_detectable(model, now_s),
        channels=tuple(channel["channel"] for channel in channels),
    )


def _unfit(minutes: Minutes, days: float) -> str:
    """Why these minutes cannot be learnt from; "" if they can."""
    house_w = minutes.house_w[np.isfinite(minutes.house_w)]
    if not len(house_w):
        return "nothing_measured"
    if days < LEAST_DAYS:
        return "too_little_data"
    return "nothing_varies" if np.percentile(house_w, 99) - np.percentile(house_w, 1) < 5 else ""


def _ground(minutes: Minutes, now_s: int, zone: str) -> _Ground:
    end_s = minutes.ts_s + MINUTE_S
    hours = (len(end_s) + 119) // 60
    first_s = minutes.start_s // HOUR_S * HOUR_S
    offset_s = offsets_s(zone, first_s, hours)[(end_s - first_s) // HOUR_S]
    return _Ground(
        minutes=minutes,
        found=features(minutes),
        end_s=end_s,
        basis=fourier((end_s + offset_s) % DAY_S),
        expected=expecting.power(minutes.hourly(minutes.house_w), now_s, zone),
        envelope=expecting.envelope(minutes.hourly(minutes.pv_w), now_s) if np.isfinite(minutes.pv_w).any() else None,
    )


def _centred(ground: _Ground, channel: int) -> tuple[Floats, Floats]:
    """A channel's values in the shape in which it is Gaussian, and the scale that the model knows beforehand."""
    values = ground.found[channel]
    if channel == ids.EXCESS_60M:
        usual_w = curve_mean(ground.expected.mean_w, ground.end_s, 1)
        return values - usual_w, curve_mean(ground.expected.spread_w, ground.end_s, 1)
    if channel == ids.PV_OF_ENVELOPE_3H:
        values = of_envelope(values, ground.envelope, ground.end_s)
    return shaped(channel, values), np.ones(len(values))


def _channels(ground: _Ground, learnt: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    """The channels fitted to the learnt minutes, as `contract.packing.pack` takes them."""
    fitted = []
    for channel, recipe in RECIPES.items():
        x, scale = _centred(ground, channel)
        known = learnt & np.isfinite(x) & np.isfinite(scale)
        if known.sum() < _LEAST_CHANNEL_DAYS * _DAY_MINUTES * (0.2 if channel == ids.PV_OF_ENVELOPE_3H else 1.0):
            continue
        every = np.flatnonzero(known)[::_FIT_EVERY]
        mean, log_spread = gaussian(x[every], ground.basis[every], scale[every], recipe)
        spread = scale * np.exp(ground.basis[:, : recipe.spread] @ log_spread)
        z = np.where(known, (x - ground.basis[:, : recipe.mean] @ mean) / spread, np.nan)
        least = recipe.least_step / float(np.median(spread[every]))
        low = tails.fit(lasting(-z), recipe.block_hours, least) if recipe.sides & LOW else None
        high = tails.fit(lasting(z), recipe.block_hours, least) if recipe.sides & HIGH else None
        fitted.append(
            {
                "channel": ids.NAMES[channel],
                "mean": [float(number) for number in mean],
                "log_spread": [float(number) for number in log_spread],
                "low": low.packed(recipe.share) if low is not None else None,
                "high": high.packed(recipe.share) if high is not None else None,
            }
        )
    return fitted


def lasting(z: Floats) -> Floats:
    """The distance that each minute and the OPEN_MINUTES - 1 before it all reach: what it takes to open an alert."""
    lowest: Floats = z.copy()
    for back in range(1, OPEN_MINUTES):
        lowest[back:] = np.minimum(lowest[back:], z[:-back])
    lowest[: OPEN_MINUTES - 1] = np.nan
    return lowest


def gaussian(x: Floats, basis: Floats, scale: Floats, recipe: Recipe) -> tuple[Floats, Floats]:
    """Maximum likelihood of x ~ N(basis · m, (scale · exp(basis · s))²), what lies beyond _TRIM spreads left out.

    Alternates weighted least squares for m with Fisher scoring for s (Harvey 1976); returns (m, s). A spread is never
    less than the recipe's least step, on average: a sensor that hardly moves would else alarm at its last digit.
    """
    b, c = basis[:, : recipe.mean], basis[:, : recipe.spread]
    least = np.log(max(recipe.least_step, _LEAST_SPREAD))
    mean = np.zeros(recipe.mean)
    mean[0] = np.median(x)
    log_spread = np.zeros(recipe.spread)
    log_spread[0] = max(np.log(np.median(np.abs((x - mean[0]) / scale)) * 1.4826 + 1e-9), least)
    inside = np.ones(len(x))
    for _ in range(8):
        precision = inside / (scale * np.exp(c @ log_spread)) ** 2
        weighted = b * precision[:, None]
        mean = np.linalg.solve(weighted.T @ b + 1e-9 * precision.sum() * np.eye(recipe.mean), weighted.T @ x)
        z = (x - b @ mean) / (scale * np.exp(c @ log_spread))
        excess = inside * (np.minimum(z * z, _TRIM * _TRIM) - 1.0)
        information = c.T @ (c * inside[:, None]) + 1e-9 * inside.sum() * np.eye(recipe.spread)
        log_spread = log_spread + np.clip(np.linalg.solve(information, c.T @ excess) / 2, -0.7, 0.7)
        log_spread[0] = max(log_spread[0], least)
        trimmed = (np.abs(z) < _TRIM).astype(float)
        inside = trimmed if trimmed.mean() > 0.5 else inside
    return mean, log_spread


def _threshold(
    ground: _Ground, channels: list[dict[str, Any]], learnt: npt.NDArray[np.bool_], target_per_month: float
) -> int:
    """The score that all tails together pass target_per_month times, raised until the history agrees."""
    shares = sum(_shares(channel) for channel in channels)
    by_rate = int(1000 * np.log10(_MONTH_HOURS * max(shares, 1) / target_per_month))
    threshold = min(max(by_rate, _LEAST_MILLI), MOST_MILLI)
    score_milli = np.where(learnt, _replayed(ground, _as_model(channels)), 0)
    allowed = max(1, int(target_per_month * learnt.sum() / _DAY_MINUTES / MONTH_DAYS + 0.5))
    while threshold < MOST_MILLI and len(alerts(score_milli, threshold, OPEN_MINUTES, CLOSE_MINUTES)) > allowed:
        threshold += 100
    return threshold


def _shares(channel: dict[str, Any]) -> int:
    sides = (channel["low"] is not None) + (channel["high"] is not None)
    return RECIPES[ids.NAMES.index(channel["channel"])].share * sides


def _as_model(channels: list[dict[str, Any]]) -> Model:
    """A model of these channels alone, rounded as the meter's will be."""
    return unpack(
        pack(
            {
                "version": 1,
                "trained_s": 0,
                "offset_s": 0,
                "next_offset_s": 0,
                "change_s": 0,
                "threshold_milli": MOST_MILLI,
                "open_minutes": OPEN_MINUTES,
                "close_minutes": CLOSE_MINUTES,
                "channels": channels,
            }
        )
    )


def _replayed(ground: _Ground, model: Model) -> npt.NDArray[np.int64]:
    """Scores over the history, set against the curves of the past and on the clock of the past."""
    past = Model()
    past.channels = model.channels
    past.expected_w, past.expected_spread_w = ground.expected.mean_w, ground.expected.spread_w
    past.envelope_w = ground.envelope
    return replay(past, ground.minutes, ground.found, ground.basis).score_milli


def _held_out_alerts(ground: _Ground, last_s: int, target_per_month: float) -> int:
    """Alerts on the days from last_s on, of a model that learnt from the days before."""
    learnt = ground.end_s <= last_s
    channels = _channels(ground, learnt)
    threshold = _threshold(ground, channels, learnt, target_per_month)
    score_milli = np.where(learnt, 0, _replayed(ground, _as_model(channels)))
    return len(alerts(score_milli, threshold, OPEN_MINUTES, CLOSE_MINUTES))


def _described(
    ground: _Ground, channels: list[dict[str, Any]], threshold: int, now_s: int, zone: str, version: int
) -> dict[str, Any]:
    offset_s, next_offset_s, change_s = next_change(zone, now_s)
    envelope = None
    if ground.envelope is not None:
        start_s, numbers = expecting.window(ground.envelope, now_s)
        envelope = {"start_s": start_s, "w": numbers}
    return {
        "version": version,
        "trained_s": now_s,
        "offset_s": offset_s,
        "next_offset_s": next_offset_s,
        "change_s": change_s,
        "threshold_milli": threshold,
        "open_minutes": OPEN_MINUTES,
        "close_minutes": CLOSE_MINUTES,
        "channels": channels,
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


def _detectable(model: Model, now_s: int) -> dict[str, int]:
    """The smallest excess over the usual that an alert tells of [W]: by night, by day, and as a lasting base load."""
    noon_s = now_s - model.second_of_day(now_s) + DAY_S // 2
    found = {
        "night_w": _least_excess(model, [noon_s + (hour - 12) * HOUR_S for hour in range(25, 29)]),
        "day_w": _least_excess(model, [noon_s + (hour - 12) * HOUR_S for hour in range(10, 18)]),
        "base_w": _least_of(model, ids.HOUSE_MIN_24H, noon_s),
    }
    return {name: round(watts) for name, watts in found.items() if watts is not None}


def _least_excess(model: Model, ends_s: list[int]) -> float | None:
    """Median over these moments of what the more sensitive hourly channel needs."""
    needs = []
    for end_s in ends_s:
        both = [_least_of(model, channel, end_s) for channel in (ids.EXCESS_60M, ids.HOUSE_60M)]
        needs += [min(need for need in both if need is not None)] if any(need is not None for need in both) else []
    return float(np.median(needs)) if needs else None


def _least_of(model: Model, channel: int, end_s: int) -> float | None:
    """How far above its usual value the channel must go to pass the threshold [its unit]; None if it never can."""
    fitted = next((known for known in model.channels if known.channel == channel), None)
    if fitted is None or fitted.high is None:
        return None
    basis = fourier(np.array([model.second_of_day(end_s)]))[0]
    mean = float(basis[: len(fitted.mean)] @ np.asarray(fitted.mean))
    spread = float(np.exp(basis[: len(fitted.log_spread)] @ np.asarray(fitted.log_spread)))
    reach = spread * tails.reach(fitted.high, model.threshold_milli / 1000)
    if channel in ids.LOG_FLOOR:
        return float(np.exp(mean + reach) - np.exp(mean))
    expected_spread_w = curve_mean(model.expected_spread_w, np.array([end_s]), 1)[0]
    return float(mean + reach * expected_spread_w) if np.isfinite(expected_spread_w) else None
