"""A weather series, where somebody has one: what it changes of a forecast that was made without.

Sunlight tells PV by what each hour of the home's past made of such light; warmth tells the load of a home that heats or
cools with electricity. Hours without weather keep what was told without it.
"""

from dataclasses import dataclass

import numpy as np

from .days import Day, Past, weighted_mean, weighted_quantiles
from .series import DAY_HOURS, Floats, Hourly

_LEAST_WM2 = 20.0  # less is dusk
_LEAST_HOURS = 10  # of past light at an hour, below which it tells nothing
_PV_MEMORY_DAYS = 30.0
_LIKE = 0.25  # light that differs by this part is another light
_HEATS_BELOW_C, _COOLS_ABOVE_C = 15.0, 22.0
_LEAST_DAYS = 28
_BEFORE_DAYS = 3  # that a day's warmth and load are set against
_PENALTY = 5.0
_MOST = 0.5  # of the logarithm: no weather doubles a load


@dataclass(frozen=True)
class Weather:
    """Hourly, from well before the forecast's start to its end; NaN, or a series that is too short, where not known."""

    temperature_c: Hourly | None = None  # means; None: not given
    irradiance_wm2: Hourly | None = None  # means, on the level; None: not given


def pv_under(day: Day, past: Past, start_s: int, lead: int, weather: Weather | None) -> Day:
    """The PV of a day ahead by the light it will have, hour by hour where that is known."""
    if weather is None or weather.irradiance_wm2 is None:
        return day
    before, ahead = _rows(weather.irradiance_wm2, past, start_s, lead)
    ratio = np.where(before >= _LEAST_WM2, past.wh / np.maximum(before, _LEAST_WM2), np.nan)
    age = np.arange(len(ratio), 0, -1)[:, None]
    like = np.exp(-0.5 * ((before - ahead) / (_LIKE * np.maximum(ahead, 4 * _LEAST_WM2))) ** 2)
    weights = np.exp(-age / _PV_MEMORY_DAYS) * (np.nan_to_num(like) + 0.01)
    known = np.isfinite(ahead) & (np.isfinite(ratio).sum(axis=0) >= _LEAST_HOURS) & (ahead >= _LEAST_WM2)
    light = np.where(known, ahead, 0.0)
    quantiles = np.where(known, np.nan_to_num(weighted_quantiles(ratio, weights)) * light, day.quantiles)
    return Day(quantiles, np.where(known, np.nan_to_num(weighted_mean(ratio, weights)) * light, day.mean))


def load_under(day: Day, past: Past, start_s: int, lead: int, weather: Weather | None) -> Day:
    """The load of a day ahead, raised or lowered as such a change of warmth has done before."""
    if weather is None or weather.temperature_c is None:
        return day
    before, ahead = _rows(weather.temperature_c, past, start_s, lead)
    degrees = np.concatenate([_degrees(before), _degrees(ahead[None])])
    logs = np.log(np.maximum(_daily(past.wh), 1.0))
    change, target = _against(degrees), _against(logs[:, None])[:, 0]
    known = np.isfinite(change[:-1]).all(axis=1) & np.isfinite(target)
    if known.sum() < _LEAST_DAYS or not np.isfinite(change[-1]).all():
        return day
    x = change[:-1][known]
    slope = np.linalg.solve(x.T @ x + _PENALTY * np.eye(2), x.T @ target[known])
    factor = float(np.exp(np.clip(change[-1] @ slope, -_MOST, _MOST)))
    return Day(day.quantiles * factor, day.mean * factor)


def _rows(series: Hourly, past: Past, start_s: int, lead: int) -> tuple[Floats, Floats]:
    """The series on the past's rows, and on the day ahead."""
    day_s = 3600 * DAY_HOURS
    before = series.between(start_s - len(past.wh) * day_s, start_s).reshape(-1, DAY_HOURS)
    return before, series.between(start_s + lead * day_s, start_s + (lead + 1) * day_s)


def _daily(rows: Floats) -> Floats:
    """Mean of each day; NaN where most of it is missing."""
    known = np.isfinite(rows)
    mean: Floats = np.where(known, rows, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known.sum(axis=1) >= DAY_HOURS // 2, mean, np.nan)


def _degrees(temperature_c: Floats) -> Floats:
    """Of each day how far it was too cold and too warm [K]."""
    daily = _daily(temperature_c)
    return np.stack([np.maximum(_HEATS_BELOW_C - daily, 0.0), np.maximum(daily - _COOLS_ABOVE_C, 0.0)], axis=1)


def _against(rows: Floats) -> Floats:
    """Each row less the mean of the three before it; NaN where one of them is not known."""
    found = np.full(rows.shape, np.nan)
    before = np.mean([rows[back : len(rows) - _BEFORE_DAYS + back] for back in range(_BEFORE_DAYS)], axis=0)
    found[_BEFORE_DAYS:] = rows[_BEFORE_DAYS:] - before
    return found
