"""A regression for each hour of the day ahead, by least absolute deviations, on what the same and other hours were.

Everything is on logarithms and relative to the mean of the same hour over four weeks, so that what is left to explain
is how this day differs. An hour's coefficients are fitted on its own rows and, with less weight, its neighbours', and
drawn towards those of all hours together. Absolute deviations by iteratively reweighted least squares: the result is a
median (Schlossmacher, JASA 68, 1973).
"""

import numpy as np

from .days import LEVELS, weighted_quantiles
from .lags import Lagged
from .series import DAY_HOURS, Floats

_MEMORY_DAYS = 150.0
_ERROR_MEMORY_DAYS = 80.0
_SAME_LEVEL, _ANY_LEVEL = 0.3, 0.01  # of the logarithm; and what any other level still counts
_NEIGHBOUR = np.exp(-0.5)  # an hour beside counts that much, one two away the fourth power of it
_LEVEL_POWER = 0.7  # an hour of much energy misses by much: it counts more
_LOCAL_PENALTY, _POOLED_PENALTY = 60.0, 5.0
_ROUNDS = 4
_NEAR = 0.05  # a residual of the logarithm below it counts as if it were that


def regression(known: Lagged, lead: int) -> Floats:
    """Quantiles of each hour, `lead` days after the last row; NaN in hours not known for four weeks."""
    logs, usual = known.logs, known.usual
    there = np.isfinite(logs) & np.isfinite(usual[:-1])
    weight = np.where(there, np.exp(-known.age / _MEMORY_DAYS), 0.0)
    level = np.exp(_LEVEL_POWER * np.nan_to_num(usual[:-1] - np.nanmean(logs)))
    x, ahead = _standardised(_regressors(known, lead), weight)
    y = np.where(there, logs - usual[:-1], 0.0)
    slope, used = _least_absolute(x, y, weight * level)
    fitted = np.einsum("dhp,hp->dh", x, slope)
    residual = np.where(there, y - fitted, np.nan) / np.sqrt(1.0 - used)
    middle = usual[-1] + np.einsum("hp,hp->h", ahead, slope)
    apart = np.nan_to_num(usual[:-1] + fitted - middle)
    return known.wh(middle + _errors(residual, np.exp(-known.age / _ERROR_MEMORY_DAYS), apart))


def _errors(residual: Floats, recency: Floats, apart: Floats) -> Floats:
    """Quantiles of each hour's residuals and its two neighbours', about their median: the fit is the median already.

    Those count most whose fit was as high as the one ahead, days × 24 `apart` from it: more energy, other errors.
    """
    weight = recency * (np.exp(-0.5 * (apart / _SAME_LEVEL) ** 2) + _ANY_LEVEL)
    beside, weights = (np.concatenate([np.roll(rows, by, axis=1) for by in (1, 0, -1)]) for rows in (residual, weight))
    error = weighted_quantiles(beside, weights)
    about: Floats = error - error[LEVELS.index(0.5)]
    return about


def _regressors(known: Lagged, lead: int) -> Floats:
    """(Days + 1) × 24 × p of every past row and of the row to forecast."""
    lags, usual = known.lags, known.usual
    last, before, week_ago = lags[..., 0], lags[..., 1], lags[..., 6 - lead]
    week, middle_week = lags[..., :7].mean(axis=-1), np.median(lags[..., :7], axis=-1)
    wide = np.ones_like(usual)
    whole = {
        name: rows.mean(axis=1, keepdims=True) * wide
        for name, rows in (("last", last), ("before", before), ("week_ago", week_ago), ("week", week))
    }
    columns = [last, before, lags[..., 2], week_ago, lags[..., 13 - lead], lags[..., 6 - lead :: 7].mean(axis=-1)]
    columns += [week, middle_week, np.sqrt(np.einsum("dhl,dhl->dh", lags, lags)), np.nan_to_num(usual)]
    columns += [np.roll(rows, by, axis=1) for rows in (last, week) for by in (1, -1)]
    columns += [sum(np.roll(last, by, axis=1) for by in (-3, -2, 2, 3))]
    columns += [np.nan_to_num((np.roll(usual, 1, axis=1) + np.roll(usual, -1, axis=1)) / 2 - usual)]
    columns += [*whole.values(), last[:, -3:].mean(axis=1, keepdims=True) * wide, last[:, -1:] * wide]
    columns += [(known.weekday >= 5) * 1.0, *((known.weekday == day) * 1.0 for day in range(7))]
    return np.stack(columns, axis=-1)


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
        apart = np.abs(target - (by_hour @ slope[..., None])[..., 0])
        rounds = base * _NEAR / np.maximum(apart, _NEAR)
    rows = near @ base.sum(axis=1)
    used = np.trace(np.linalg.solve(held, gram), axis1=1, axis2=2) / np.maximum(rows, 1.0)
    return slope, np.minimum(used, 0.7)
