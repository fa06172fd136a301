"""The PV of a day ahead, without weather: what the sky did yesterday, and what followed such days before.

Each hour is set against the envelope of its season, the most of the same hour on the ten days before. Days whose
preceding day was as clear as yesterday count most; yesterday itself counts once more, hour by hour, since clouds have
habits too. On the clock of UTC, which the sun follows all year.
"""

import numpy as np

from .days import LEVELS, Day, Past, weighted_mean, weighted_quantiles
from .series import DAY_HOURS, Floats

_ENVELOPE_DAYS = 10
_LEAST_WH = 20.0  # an envelope below it is dusk
_MEMORY_DAYS = 45.0
_ALIKE = 0.25  # of the envelope's energy: days closer than this in clearness are alike
_UNALIKE = 0.1  # what any other day still counts
_YESTERDAY = (0.4, 0.25)  # its share of the median, one and two days ahead


def pv(past: Past, lead: int) -> Day:
    """Quantiles and mean of each hour, `lead` days after the last row."""
    envelope = _envelopes(past.wh)
    lit = envelope[:-1] >= _LEAST_WH
    ratio = np.where(lit, past.wh / np.maximum(envelope[:-1], _LEAST_WH), np.nan)
    weights = np.broadcast_to(_weights(_clearness(past.wh, envelope[:-1]), lead)[:, None], ratio.shape)
    top = np.where(envelope[-1] >= _LEAST_WH, envelope[-1], 0.0)
    quantiles = np.nan_to_num(weighted_quantiles(ratio, weights)) * top
    mean = np.nan_to_num(weighted_mean(ratio, weights)) * top
    yesterday = np.where(np.isfinite(past.wh[-1]), past.wh[-1], quantiles[LEVELS.index(0.5)])
    shift = _YESTERDAY[lead] * (yesterday - quantiles[LEVELS.index(0.5)])
    return Day(quantiles + shift, mean + shift)


def _envelopes(rows: Floats) -> Floats:
    """The most of each column over the days before each row; one more for the day after the last."""
    padded = np.concatenate([np.zeros((_ENVELOPE_DAYS, DAY_HOURS)), np.nan_to_num(rows)])
    most: Floats = np.lib.stride_tricks.sliding_window_view(padded, _ENVELOPE_DAYS, axis=0).max(axis=-1)
    return most


def _clearness(rows: Floats, envelope: Floats) -> Floats:
    """Each day's energy over that of its envelope; NaN for a day hardly known or dark."""
    known = np.isfinite(rows)
    possible = np.where(known, envelope, 0.0).sum(axis=1)
    energy = np.where(known, rows, 0.0).sum(axis=1)
    return np.where(possible >= 5 * _LEAST_WH, energy / np.maximum(possible, _LEAST_WH), np.nan)


def _weights(clearness: Floats, lead: int) -> Floats:
    """How much each day tells: newer ones, and those that followed a day like the last one."""
    back = 1 + lead
    before = np.concatenate([np.full(back, np.nan), clearness[:-back]])
    alike = np.exp(-0.5 * ((before - clearness[-1]) / _ALIKE) ** 2)
    age = np.arange(len(clearness), 0, -1)
    weights: Floats = np.exp(-age / _MEMORY_DAYS) * (_UNALIKE + np.nan_to_num(alike))
    return weights
