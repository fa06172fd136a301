"""How each hour of the past, and of the day ahead, stood to the same hour of the days before it, on logarithms."""

from dataclasses import dataclass

import numpy as np

from .days import Past
from .series import DAY_HOURS, Floats, Ints

_MONTH = 28  # days of lags
_MOST_DAYS = 400  # of the past; what is older hardly counts


@dataclass(frozen=True)
class Lagged:
    """Rows of days; where there is one row more, it is that of the day ahead."""

    logs: Floats  # days × 24; NaN where nothing is known
    lags: Floats  # (days + 1) × 24 × 28, less their mean, the newest known first; 0 where missing
    usual: Floats  # (days + 1) × 24: that mean; NaN where four weeks are missing
    weekday: Ints  # (days + 1) × 24
    age: Floats  # days × 1, the last row 1
    floor_wh: float  # was added before the logarithm

    def wh(self, logs: Floats) -> Floats:
        wh: Floats = np.exp(logs) - self.floor_wh
        return wh


def lagged(past: Past, lead: int) -> Lagged:
    """The past as lags, for the day `lead` days after its last row: those of the days between are left out."""
    wh = past.wh[-_MOST_DAYS:]
    floor_wh = 20.0 + 0.1 * float(np.nanmean(wh))
    logs = np.log(wh + floor_wh)
    padded = np.concatenate([np.full((_MONTH + lead, DAY_HOURS), np.nan), logs])
    row = np.append(np.arange(len(logs)), len(logs) + lead)  # the last is the day ahead
    lags = np.stack([padded[_MONTH - back + row] for back in range(1, _MONTH + 1)], axis=-1)
    known = np.isfinite(lags)
    count = known.sum(axis=-1)
    usual = np.where(known, lags, 0.0).sum(axis=-1) / np.where(count, count, np.nan)
    weekday = np.concatenate([past.weekday[-_MOST_DAYS:], past.weekday_of(lead)[None]])
    age = np.arange(len(logs), 0, -1.0)[:, None]
    return Lagged(logs, np.where(known, lags - usual[..., None], 0.0), usual, weekday, age, floor_wh)
