"""A regression for each hour of the day ahead, by least absolute deviations, on what the same and other hours were.

Everything is on logarithms and relative to the mean of the same hour over four weeks, so that what is left to explain
is how this day differs. An hour's coefficients are fitted on its own rows and, with less weight, its neighbours', and
drawn towards those of all hours together. Absolute deviations by iteratively reweighted least squares: the result is a
median (Schlossmacher, JASA 68, 1973).
"""

import numpy as np

from .days import LEVELS, Past, weighted_quantiles
from .series import DAY_HOURS, Floats, Ints

_MONTH = 28  # days of lags
_MOST_DAYS = 400  # the weight of what is older is nothing
_MEMORY_DAYS = 150.0
_NEIGHBOUR = np.exp(-0.5)  # an hour beside counts that much, one two away the fourth power of it
_LEVEL_POWER = 0.7  # an hour of much energy misses by much: it counts more
_LOCAL_PENALTY, _POOLED_PENALTY = 60.0, 5.0
_ROUNDS = 4
_NEAR = 0.05  # a residual of the logarithm below it counts as if it were that


def regression(past: Past, lead: int) -> Floats:
    """Quantiles of each hour, `lead` days after the last row; NaN in hours not known for four weeks."""
    wh = past.wh[-_MOST_DAYS:]
    floor_wh = 20.0 + 0.1 * float(np.nanmean(wh))
    logs = np.log(wh + floor_wh)
    regressors, usual = _regressors(logs, past.weekday[-_MOST_DAYS:], lead)
    known = np.isfinite(logs) & np.isfinite(usual[:-1])
    age = np.arange(len(logs), 0, -1)[:, None]
    weight = np.where(known, np.exp(-age / _MEMORY_DAYS), 0.0)
    level = np.exp(_LEVEL_POWER * np.nan_to_num(usual[:-1] - np.nanmean(logs)))
    x, ahead = _standardised(regressors, weight)
    y = np.where(known, logs - usual[:-1], 0.0)
    slope, used = _least_absolute(x, y, weight * level)
    residual = np.where(known, y - np.einsum("dhp,hp->dh", x, slope), np.nan) / np.sqrt(1.0 - used)
    middle = usual[-1] + np.einsum("hp,hp->h", ahead, slope)
    beside = np.concatenate([np.roll(residual, 1, axis=1), residual, np.roll(residual, -1, axis=1)])
    error = weighted_quantiles(beside, np.broadcast_to(np.tile(np.exp(-age / _MEMORY_DAYS), (3, 1)), beside.shape))
    error -= error[LEVELS.index(0.5)]  # what is fitted is the median already
    quantiles: Floats = np.exp(middle + error) - floor_wh
    return quantiles


def relative_lags(logs: Floats, lead: int) -> tuple[Floats, Floats]:
    """(Rows + 1) × 24 × 28 lags, the newest known first, less their mean, 0 where missing; and that mean."""
    padded = np.concatenate([np.full((_MONTH + lead, DAY_HOURS), np.nan), logs])
    lags = np.lib.stride_tricks.sliding_window_view(padded, _MONTH, axis=0)[: len(logs) + 1, :, ::-1]
    known = np.isfinite(lags)
    count = known.sum(axis=-1)
    usual = np.where(known, lags, 0.0).sum(axis=-1) / np.where(count, count, np.nan)
    return np.where(known, lags - usual[..., None], 0.0), usual


def _regressors(logs: Floats, weekdays: Ints, lead: int) -> tuple[Floats, Floats]:
    """(Rows + 1) × 24 × p of every past row and of the row to forecast; and what is usual of each hour."""
    lags, usual = relative_lags(logs, lead)
    last, before, week_ago = lags[..., 0], lags[..., 1], lags[..., 6 - lead]
    week, middle_week = lags[..., :7].mean(axis=-1), np.median(lags[..., :7], axis=-1)
    wide = np.ones_like(usual)
    whole = {
        name: rows.mean(axis=1, keepdims=True) * wide
        for name, rows in (("last", last), ("before", before), ("week_ago", week_ago), ("week", week))
    }
    columns = [last, before, lags[..., 2], week_ago, lags[..., 13 - lead], lags[..., 6 - lead :: 7].mean(axis=-1)]
    columns += [week, middle_week, lags.std(axis=-1), np.nan_to_num(usual)]
    columns += [np.roll(rows, by, axis=1) for rows in (last, week) for by in (1, -1)]
    columns += [sum(np.roll(last, by, axis=1) for by in (-3, -2, 2, 3))]
    columns += [np.nan_to_num((np.roll(usual, 1, axis=1) + np.roll(usual, -1, axis=1)) / 2 - usual)]
    columns += [*whole.values(), last[:, -3:].mean(axis=1, keepdims=True) * wide, last[:, -1:] * wide]
    own = np.concatenate([weekdays, (weekdays[-1:] + 1 + lead) % 7])
    columns += [(own >= 5) * 1.0, *((own == day) * 1.0 for day in range(7))]
    return np.stack(columns, axis=-1), usual


def _standardised(regressors: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Zero mean and unit variance under the weights, with a constant in front; past rows, and the row ahead."""
    share = weight / weight.sum()
    centre = np.einsum("dh,dhp->p", share, regressors[:-1])
    spread = np.sqrt(np.einsum("dh,dhp->p", share, (regressors[:-1] - centre) ** 2)) + 1e-6
    scaled = np.concatenate([np.ones((*regressors.shape[:2], 1)), (regressors - centre) / spread], axis=-1)
    return scaled[:-1], scaled[-1]


def _nearness() -> Floats:
    """24 × 24: how much the rows of one hour tell of another."""
    apart = np.abs(np.arange(DAY_HOURS)[:, None] - np.arange(DAY_HOURS))
    apart = np.minimum(apart, DAY_HOURS - apart)
    return np.where(apart <= 2, _NEIGHBOUR ** (apart**2.0), 0.0)


def _least_absolute(x: Floats, y: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Coefficients of each hour, 24 × p; and the share of its rows that they have used up, below 1."""
    by_hour, target, base = np.ascontiguousarray(x.transpose(1, 0, 2)), y.T, weight.T
    near, penalty = _nearness(), np.eye(x.shape[-1])
    penalty[0, 0] = 0.01  # the constant is hardly held back
    rounds = base
    for _ in range(_ROUNDS):
        weighted = by_hour * rounds[..., None]
        gram, moment = weighted.transpose(0, 2, 1) @ by_hour, (weighted * target[..., None]).sum(axis=1)
        scale = rounds.sum() / base.sum()  # of the reweighting; the penalties keep pace with it
        pooled = np.linalg.solve(gram.sum(axis=0) + _POOLED_PENALTY * scale * penalty, moment.sum(axis=0))
        gram, moment = np.tensordot(near, gram, 1), near @ moment
        held = gram + _LOCAL_PENALTY * scale * penalty
        slope = np.linalg.solve(held, (moment + _LOCAL_PENALTY * scale * (penalty @ pooled))[..., None])[..., 0]
        apart = np.abs(target - np.einsum("hdp,hp->hd", by_hour, slope))
        rounds = base * _NEAR / np.maximum(apart, _NEAR)
    rows = near @ base.sum(axis=1)
    used = np.trace(np.linalg.solve(held, gram), axis1=1, axis2=2) / np.maximum(rows, 1.0)
    return slope, np.minimum(used, 0.7)
