"""The past as rows of days, and weighted statistics over them: what the forecasts of load and PV share."""

from dataclasses import dataclass

import numpy as np

from .series import DAY_HOURS, Floats, Hourly, Ints, local_hours, on_local_axis, weekday

HOURS = 48
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)  # lower 95 %, lower 80 %, median, upper 80 %, upper 95 %

_MOST_DAYS = 730  # older habits are no guide, and a night has to end
_MOST_WH = 100_000.0  # an hour beyond 100 kW is a defect, not a load


@dataclass(frozen=True)
class Past:
    """Days as rows of 24 hours, the last row ending where the forecast starts."""

    wh: Floats  # NaN where nothing is known
    weekday: Ints  # of each cell
    target: Ints  # for each hour of the forecast, its cell after the last row: 24 × lead + column

    @property
    def days(self) -> int:
        """Days with at least half of their hours."""
        return int((np.isfinite(self.wh).sum(axis=1) >= DAY_HOURS // 2).sum())

    def weekday_of(self, lead: int) -> Ints:
        """Of each column, `lead` days after the last row."""
        ahead: Ints = (self.weekday[-1] + 1 + lead) % 7
        return ahead


def past_of(series: Hourly, start_s: int, zone: str) -> Past:
    target = local_hours(zone, start_s, HOURS)
    axis = on_local_axis(series.before(start_s), zone, int(target[0]))[-_MOST_DAYS * DAY_HOURS :]
    wh = np.where(axis <= _MOST_WH, np.maximum(axis, 0.0), np.nan).reshape(-1, DAY_HOURS)
    cells = int(target[0]) - axis.size + np.arange(axis.size)
    return Past(wh, weekday(cells).reshape(-1, DAY_HOURS), np.minimum(target - target[0], HOURS - 1))


@dataclass(frozen=True)
class Day:
    """A forecast of one row of 24 hours."""

    quantiles: Floats  # LEVELS × 24
    mean: Floats


def weighted_quantiles(rows: Floats, weights: Floats, levels: tuple[float, ...] = LEVELS) -> Floats:
    """Quantiles of each column under weights of the same shape, NaN left out; NaN for a column without any."""
    order = np.argsort(np.where(np.isfinite(rows), rows, np.inf), axis=0)
    ranked = np.take_along_axis(rows, order, axis=0)
    weight = np.take_along_axis(np.where(np.isfinite(rows), weights, 0.0), order, axis=0)
    total = weight.sum(axis=0)
    middle = (np.cumsum(weight, axis=0) - weight / 2) / np.where(total > 0, total, np.nan)
    found = np.full((len(levels), rows.shape[1]), np.nan)
    for column in np.flatnonzero(total > 0):
        known = weight[:, column] > 0
        found[:, column] = np.interp(levels, middle[known, column], ranked[known, column])
    return found


def weighted_mean(rows: Floats, weights: Floats) -> Floats:
    known = np.isfinite(rows)
    weight = np.where(known, weights, 0.0)
    total = weight.sum(axis=0)
    mean: Floats = (np.where(known, rows, 0.0) * weight).sum(axis=0) / np.where(total > 0, total, np.nan)
    return mean
