"""Days that began as this one does: quantiles of what followed when the days before were like the last ones."""

import numpy as np

from .days import weighted_quantiles
from .lags import Lagged
from .series import Floats

_MEMORY_DAYS = 200.0
_WIDTH = 1.3  # of the likeness, in spreads of the levels
_FIRST_DAYS = 14  # have too little before them to be compared by
_ANY = 1e-6  # what every day counts, so that there are some


def days_alike(known: Lagged, kinship: Floats) -> Floats:
    """Quantiles of each hour of the day ahead; kinship tells, days × 24, what a past hour counts by its weekday."""
    likeness = np.exp(-known.age / _MEMORY_DAYS - 0.5 * _apart(known.lags) / _WIDTH**2)
    likeness[:_FIRST_DAYS] = 0.0
    weight = kinship[-len(known.logs) :] * (likeness + _ANY)
    return known.wh(known.usual[-1] + weighted_quantiles(known.logs - known.usual[:-1], weight))


def _apart(lags: Floats) -> Floats:
    """Days × 1: squared distance of each past day from the one ahead by what preceded them: levels and shape."""
    last = lags[..., 0]
    level, evening = last.mean(axis=1), last[:, -3:].mean(axis=1)
    week = lags[..., :7].mean(axis=(1, 2))
    shape = (np.roll(last, 1, axis=1) + last + np.roll(last, -1, axis=1)) / 3 / np.sqrt(last.shape[1])
    context = np.concatenate([np.stack([1.5 * level, evening, 1.5 * week], axis=1), shape], axis=1)
    spread = context[_FIRST_DAYS:-1, :3].std(axis=0).mean() + 1e-6
    found: Floats = (((context[:-1] - context[-1]) / spread) ** 2).sum(axis=1, keepdims=True)
    return found
