"""The smallest excess that a model tells of in its home."""

import numpy as np

from ..contract import features as ids
from ..contract.model import DAY_S, Model
from . import tails
from .curves import curve_mean
from .replay import fourier
from .series import HOUR_S


def excess_w(model: Model, now_s: int) -> dict[str, int]:
    """The smallest excess over the usual that an alert tells of [W]: by night, by day, and as a lasting base load."""
    noon_s = now_s - model.second_of_day(now_s) + DAY_S // 2
    found = {
        "night_w": _least_excess(model, [noon_s + (hour - 12) * HOUR_S for hour in range(25, 29)]),
        "day_w": _least_excess(model, [noon_s + (hour - 12) * HOUR_S for hour in range(10, 18)]),
        "base_w": _least_of(model, ids.HOUSE_MIN_24H, noon_s),
    }
    return {name: round(watts) for name, watts in found.items() if watts is not None}


def _least_excess(model: Model, ends_s: list[int]) -> float | None:
    """Median over these moments of what the most sensitive judge of an hour needs."""
    needs = []
    for end_s in ends_s:
        sides = [_least_of(model, channel, end_s) for channel in (ids.EXCESS_60M, ids.HOUSE_60M)]
        sides.append(_least_by_night(model, end_s))
        needs += [min(need for need in sides if need is not None)] if any(need is not None for need in sides) else []
    return float(np.median(needs)) if needs else None


def _least_by_night(model: Model, end_s: int) -> float | None:
    """As `_least_of`, after hours that were as expected; None by day."""
    night = model.night
    if night is None or not night.covers(model.second_of_day(end_s)):
        return None
    reach = night.usual + night.spread * tails.reach(night.tail, model.threshold_milli / 1000)
    return _in_w(model, reach, end_s)


def _in_w(model: Model, reach: float, end_s: int) -> float | None:
    """So many spreads of the expected power; None where it is not known."""
    spread_w = curve_mean(model.expected_spread_w, np.array([end_s]), 1)[0]
    return float(reach * spread_w) if np.isfinite(spread_w) else None


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
    reach_w = _in_w(model, reach, end_s)
    return None if reach_w is None else mean + reach_w
