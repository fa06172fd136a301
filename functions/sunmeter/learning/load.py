"""The load of a day ahead: two simple models that err differently, and seasonal naive.

The profile is weighted quantiles of the same hour on days alike, newer days counting more. The ridge regression works
on logarithms of lags, so its exponent is a median. Their average, quantile by quantile, is what is served: medians,
recency and the combination are worth more on single homes than a heavier model (docs/forecast.md).
"""

import numpy as np

from .days import Day, Past, weighted_mean, weighted_quantiles
from .series import DAY_HOURS, Floats, Ints

_PROFILE_MEMORY_DAYS = 35.0
_SAME_WEEKDAY, _SAME_KIND, _OTHER_KIND = 1.0, 0.5, 0.15  # how much a day tells of another
_RIDGE_MEMORY_DAYS = 120.0
_RIDGE_PENALTY = 20.0
_RIDGE_SHARE = 0.65  # of the combination; the profile is worse alone but errs elsewhere


def profile(past: Past, lead: int) -> Day:
    """Weighted quantiles of the same hour: newer days and days of the same kind count more."""
    age = np.arange(len(past.wh), 0, -1)[:, None] + lead
    target = past.weekday_of(lead)
    alike = np.where((past.weekday >= 5) == (target >= 5), _SAME_KIND, _OTHER_KIND)
    alike = np.where(past.weekday == target, _SAME_WEEKDAY, alike)
    weights = alike * np.exp(-age / _PROFILE_MEMORY_DAYS)
    return Day(weighted_quantiles(past.wh, weights), weighted_mean(past.wh, weights))


def naive(past: Past, lead: int) -> Day:
    """The same hour of the last day known; its intervals are how far such a step went wrong before."""
    step = past.wh[1 + lead :] - past.wh[: len(past.wh) - 1 - lead]
    last = past.wh[-1]
    for row in past.wh[-2:-15:-1]:
        last = np.where(np.isfinite(last), last, row)
    error = weighted_quantiles(step, np.ones_like(step))
    return Day(last + error - error[2], last)


def _shifted(rows: Floats, days: int) -> Floats:
    """For each row the one `days` earlier; the row after the last one is the forecast's own."""
    extended = np.full((len(rows) + 1, rows.shape[1]), np.nan)
    extended[days:] = rows[: len(rows) + 1 - days]
    return extended


def _mean_of(parts: list[Floats]) -> Floats:
    stacked = np.stack(parts)
    known = np.isfinite(stacked)
    mean: Floats = np.where(known, stacked, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    return mean


def _regressors(log_wh: Floats, weekdays: Ints, lead: int) -> Floats:
    """Regressors, (rows + 1) × 24 × p, of every past row and of the row to forecast, `lead` days of lags left out.

    Lags fill their gaps from the mean of four weeks; the evening before tells whether people are at home.
    """
    lag = {days: _shifted(log_wh, days) for days in range(1 + lead, 29 + lead)}
    month = _mean_of(list(lag.values()))
    week = _mean_of([lag[days] for days in range(1 + lead, 8 + lead)])
    filled = {days: np.where(np.isfinite(lag[days]), lag[days], month) - month for days in (1 + lead, 2 + lead, 7, 14)}
    last = lag[1 + lead] - month
    last = np.where(np.isfinite(last), last, 0.0)
    evening = last[:, -3:].mean(axis=1, keepdims=True)
    level = last.mean(axis=1, keepdims=True)
    wide = np.ones_like(month)
    swinging = [filled[1 + lead], filled[7], week - month, month, evening * wide, level * wide]
    plain = [filled[2 + lead], filled[14]]
    hour = 2 * np.pi * np.arange(DAY_HOURS) / DAY_HOURS
    swings = [np.ones(DAY_HOURS), np.cos(hour), np.sin(hour), np.cos(2 * hour), np.sin(2 * hour)]
    columns = plain + [part * swing for part in swinging for swing in swings]
    own = np.concatenate([weekdays, (weekdays[-1:] + 1 + lead) % 7])
    hours = np.broadcast_to(np.eye(DAY_HOURS), (*own.shape, DAY_HOURS))
    weekend = hours * (own >= 5)[..., None]
    days = np.stack([own == day for day in range(7)], axis=-1)
    return np.concatenate([np.stack(columns, axis=-1), hours, weekend, days], axis=-1)


def _ridge(past: Past, lead: int) -> Day:
    """Ridge regression on the logarithm: its exponent is a median, its residuals give the other quantiles."""
    floor_wh = 20.0 + 0.03 * float(np.nanmean(past.wh))
    log_wh = np.log(past.wh + floor_wh)
    regressors = _regressors(log_wh, past.weekday, lead)
    known = np.isfinite(log_wh) & np.isfinite(regressors[:-1]).all(axis=-1)
    age = np.broadcast_to(np.arange(len(past.wh), 0, -1)[:, None], log_wh.shape)[known]
    weight = np.exp(-age / _RIDGE_MEMORY_DAYS)
    x, y = regressors[:-1][known], log_wh[known]
    centre, scale = np.average(x, axis=0, weights=weight), x.std(axis=0) + 1e-9
    level = float(np.average(y, weights=weight))
    x = (x - centre) / scale
    gram = (x * weight[:, None]).T @ x
    inverse = np.linalg.inv(gram + _RIDGE_PENALTY * np.eye(x.shape[1]))
    slope = inverse @ ((x * weight[:, None]).T @ (y - level))
    ahead = level + ((regressors[-1] - centre) / scale) @ slope
    # Residuals in the sample are too small by the share of it that the parameters have used up.
    used = float(np.trace(inverse @ gram)) / max(1.0, float(weight.sum()))
    residual = np.full(log_wh.shape, np.nan)
    residual[known] = (y - level - x @ slope) / np.sqrt(max(0.3, 1.0 - used))
    error = _neighbouring_quantiles(residual)
    quantiles = np.exp(ahead + error) - floor_wh
    smearing = weighted_mean(np.exp(residual), np.ones_like(residual))  # Duan 1983: the mean after retransforming
    return Day(quantiles, np.exp(ahead) * smearing - floor_wh)


def _neighbouring_quantiles(residual: Floats) -> Floats:
    """Quantiles per hour of the residuals of that hour and its two neighbours, newer ones counting more."""
    rows = np.concatenate([np.roll(residual, 1, axis=1), residual, np.roll(residual, -1, axis=1)])
    age = np.tile(np.arange(len(residual), 0, -1), 3)[:, None]
    return weighted_quantiles(rows, np.broadcast_to(np.exp(-age / _RIDGE_MEMORY_DAYS), rows.shape))


def combined(past: Past, lead: int) -> Day:
    """The average of ridge and profile; the profile alone in hours of which the ridge knows nothing."""
    similar, ridge = profile(past, lead), _ridge(past, lead)
    quantiles = _RIDGE_SHARE * ridge.quantiles + (1 - _RIDGE_SHARE) * similar.quantiles
    mean = _RIDGE_SHARE * ridge.mean + (1 - _RIDGE_SHARE) * similar.mean
    return Day(
        np.where(np.isfinite(quantiles), quantiles, similar.quantiles),
        np.where(np.isfinite(mean), mean, similar.mean),
    )
