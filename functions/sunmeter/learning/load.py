"""The load of a day ahead: three methods that err differently, and seasonal naive.

A regression for each hour (`hours`), days that began as this one (`alike`) and an autoregression that starts from the
last hours (`recursion`), averaged: all are medians, and the average misses less than any of them (docs/forecast.md).
A young home is served a profile: weighted quantiles of the same hour on days of the same kind.
"""

import numpy as np

from .alike import days_alike
from .days import LEVELS, Day, Past, weighted_mean, weighted_quantiles
from .hours import regression
from .lags import lagged
from .recursion import medians
from .series import Floats

_PROFILE_MEMORY_DAYS = 35.0
_SAME_WEEKDAY, _SAME_KIND, _OTHER_KIND = 1.0, 0.5, 0.15  # how much a day tells of another
_REGRESSION, _ALIKE, _RECURSION = 0.6, 0.2, 0.2  # shares of the average
_MEAN = np.array((0.03, 0.12, 0.70, 0.12, 0.03))  # halfway from the median to what the curve of quantiles holds
_MEDIAN = LEVELS.index(0.5)


def _kinship(past: Past, lead: int) -> Floats:
    """How much each hour of the past tells of the day ahead by its weekday."""
    target = past.weekday_of(lead)
    kind = np.where((past.weekday >= 5) == (target >= 5), _SAME_KIND, _OTHER_KIND)
    return np.where(past.weekday == target, _SAME_WEEKDAY, kind)


def profile(past: Past, lead: int) -> Day:
    """Weighted quantiles of the same hour: newer days and days of the same kind count more."""
    age = np.arange(len(past.wh), 0, -1)[:, None] + lead
    weights = _kinship(past, lead) * np.exp(-age / _PROFILE_MEMORY_DAYS)
    return Day(weighted_quantiles(past.wh, weights), weighted_mean(past.wh, weights))


def naive(past: Past, lead: int) -> Day:
    """The same hour of the last day known; its intervals are how far such a step went wrong before.

    The profile in hours that were not measured for two weeks, or of which no step is known.
    """
    step = past.wh[1 + lead :] - past.wh[: len(past.wh) - 1 - lead]
    last = past.wh[-1]
    for row in past.wh[-2:-15:-1]:
        last = np.where(np.isfinite(last), last, row)
    error = weighted_quantiles(step, np.ones_like(step))
    return _or_profile(last + error - error[_MEDIAN], last, past, lead)


def _or_profile(quantiles: Floats, mean: Floats, past: Past, lead: int) -> Day:
    """These, and the profile in hours of which they know nothing."""
    similar = profile(past, lead)
    known = np.isfinite(quantiles).all(axis=0) & np.isfinite(mean)
    return Day(np.where(known, quantiles, similar.quantiles), np.where(known, mean, similar.mean))


def combined(past: Past, lead: int) -> Day:
    """The average of three methods; the profile in hours of which they know nothing."""
    known = lagged(past, lead)
    hourly, alike = regression(known, lead), days_alike(known, _kinship(past, lead))
    averaged = (_REGRESSION * hourly + _ALIKE * alike) / (_REGRESSION + _ALIKE)
    median = (1 - _RECURSION) * averaged[_MEDIAN] + _RECURSION * medians(past, lead)
    quantiles = averaged + (median - averaged[_MEDIAN])
    return _or_profile(quantiles, _MEAN @ quantiles, past, lead)
