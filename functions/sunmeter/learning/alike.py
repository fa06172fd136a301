"""Days that began as this one does: quantiles of what followed when the days before were like the last ones."""

import numpy as np

from .days import Past, weighted_quantiles
from .hours import relative_lags
from .series import Floats

_MEMORY_DAYS = 200.0
_MOST_DAYS = 400
_WIDTH = 1.3  # of the likeness, in spreads of the levels
_ANY = 1e-6  # what every day counts, so that there are some


def days_alike(past: Past, lead: int, kinship: Floats) -> Floats:
    """Quantiles of each hour, `lead` days after the last row; kinship tells what a day of a kind counts."""
    wh, kinship = past.wh[-_MOST_DAYS:], kinship[-_MOST_DAYS:]
    floor_wh = 20.0 + 0.05 * float(np.nanmean(wh))
    logs = np.log(wh + floor_wh)
    lags, usual = relative_lags(logs, lead)
    apart = _contexts(lags)
    age = np.arange(len(wh), 0, -1)
    likeness = np.exp(-age / _MEMORY_DAYS - 0.5 * apart / _WIDTH**2) * (age <= len(wh) - 14) + _ANY
    weight = kinship * likeness[:, None]
    quantiles: Floats = np.exp(usual[-1] + weighted_quantiles(logs - usual[:-1], weight)) - floor_wh
    return quantiles


def _contexts(lags: Floats) -> Floats:
    """Squared distance of each past day's eve from the present one: in level, evening, week's level and shape."""
    last = lags[..., 0]
    level, evening = last.mean(axis=1), last[:, -3:].mean(axis=1)
    week = lags[..., :7].mean(axis=(1, 2))
    shape = (np.roll(last, 1, axis=1) + last + np.roll(last, -1, axis=1)) / 3 / np.sqrt(last.shape[1])
    context = np.concatenate([np.stack([1.5 * level, evening, 1.5 * week], axis=1), shape], axis=1)
    spread = context[14:-1, :3].std(axis=0).mean() + 1e-6
    found: Floats = (((context[:-1] - context[-1]) / spread) ** 2).sum(axis=1)
    return found
