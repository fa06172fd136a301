"""The PV of a day ahead, without weather: what the sky did yesterday, and what followed such days before.

Each hour is set against the envelope of its season, the most of the same hour on the days before: of five and of ten,
averaged, since the sun climbs and the sky is seldom clear. Days count most whose preceding evening was as clear as the
last one. Yesterday itself counts once more, hour by hour and by how its evening was, the more the clearer it was:
fine weather lasts, clouds move on. On the clock of UTC, which the sun follows all year.
"""

import numpy as np

from .days import LEVELS, Day, Past, weighted_mean, weighted_quantiles
from .series import DAY_HOURS, Floats

_ENVELOPES_DAYS = (5, 10)
_LEAST_WH = 20.0  # an envelope below it is dusk
_MEMORY_DAYS = 30.0
_EVENING = 0.4  # the last part of a day's envelope that tells how the day after begins
_ALIKE = 0.25  # of the envelope's energy: evenings closer than this in clearness are alike
_UNALIKE = 0.1  # what any other day still counts
_YESTERDAY = (0.4, 0.25)  # yesterday's share of the median, one and two days ahead
_FAIR = (0.2, 0.15)  # how much larger it is after a clear day than after a dark one
_USUAL = 0.8  # the clearness of a day at which it is just that
_BY_EVENING = 0.15  # of yesterday, told by how clear its evening was


def pv(past: Past, lead: int) -> Day:
    """Quantiles and mean of each hour, `lead` days after the last row."""
    under = [_under(past.wh, days, lead) for days in _ENVELOPES_DAYS]
    return Day(np.mean([day.quantiles for day in under], axis=0), np.mean([day.mean for day in under], axis=0))


def _under(rows: Floats, days: int, lead: int) -> Day:
    """The day ahead under the envelope of that many days."""
    envelope = _envelopes(rows, days)
    lit = envelope[:-1] >= _LEAST_WH
    ratio = np.where(lit, rows / np.maximum(envelope[:-1], _LEAST_WH), np.nan)
    whole = _clearness(rows, envelope[:-1])
    evening = _clearness(rows, np.where(_is_evening(envelope[:-1]), envelope[:-1], 0.0))
    evening = np.where(np.isfinite(evening), evening, whole)
    weights = np.broadcast_to(_weights(evening, lead)[:, None], ratio.shape)
    top = np.where(envelope[-1] >= _LEAST_WH, envelope[-1], 0.0)
    quantiles = np.nan_to_num(weighted_quantiles(ratio, weights)) * top
    mean = np.nan_to_num(weighted_mean(ratio, weights)) * top
    median = quantiles[LEVELS.index(0.5)]
    yesterday = np.where(np.isfinite(rows[-1]), rows[-1], median)
    if np.isfinite(evening[-1]):
        yesterday = (1.0 - _BY_EVENING) * yesterday + _BY_EVENING * min(evening[-1], 1.0) * top
    share = _YESTERDAY[lead]
    if np.isfinite(whole[-1]):
        share += _FAIR[lead] * (min(whole[-1], 1.0) - _USUAL)
    shift = share * (yesterday - median)
    return Day(quantiles + shift, mean + shift)


def _envelopes(rows: Floats, days: int) -> Floats:
    """The most of each column over the days before each row; one more for the day after the last."""
    padded = np.concatenate([np.zeros((days, DAY_HOURS)), np.nan_to_num(rows)])
    most: Floats = np.lib.stride_tricks.sliding_window_view(padded, days, axis=0).max(axis=-1)
    return most


def _is_evening(envelope: Floats) -> Floats:
    """Days × 24: the hours that the last part of each day's envelope falls into."""
    left = np.cumsum(envelope[:, ::-1], axis=1)[:, ::-1]
    late: Floats = left <= _EVENING * envelope.sum(axis=1, keepdims=True)
    return late


def _clearness(rows: Floats, envelope: Floats) -> Floats:
    """Each day's energy over that of its envelope; NaN for a day hardly known or dark."""
    known = np.isfinite(rows)
    possible = np.where(known, envelope, 0.0).sum(axis=1)
    energy = np.where(known & (envelope > 0), rows, 0.0).sum(axis=1)
    return np.where(possible >= 5 * _LEAST_WH, energy / np.maximum(possible, _LEAST_WH), np.nan)


def _weights(clearness: Floats, lead: int) -> Floats:
    """How much each day tells: newer ones, and those that followed an evening like the last one."""
    back = 1 + lead
    before = np.concatenate([np.full(back, np.nan), clearness[:-back]])
    alike = np.exp(-0.5 * ((before - clearness[-1]) / _ALIKE) ** 2)
    age = np.arange(len(clearness), 0, -1)
    weights: Floats = np.exp(-age / _MEMORY_DAYS) * (_UNALIKE + np.nan_to_num(alike))
    return weights
