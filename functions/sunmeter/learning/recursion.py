"""An autoregression by the hour, with Fourier terms, on logarithms: the last hours before the forecast lead into it."""

import numpy as np

from .days import Past
from .series import DAY_HOURS, Floats

_DAYS = 112
_LAGS = (1, 2, 3, 24, 25, 48, 72, 144, 168)
_WEEK = 7 * DAY_HOURS
_ROUNDS = 6
_NEAR = 0.02


def medians(past: Past, lead: int) -> Floats:
    """Each hour's median, `lead` days after the last row."""
    rows = past.wh[-_DAYS:]
    floor_wh = 20.0 + 0.03 * float(np.nanmean(rows))
    logs = np.log(rows + floor_wh)
    known = np.isfinite(logs)
    usual = np.where(
        known.any(axis=0), np.where(known, logs, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.nan
    )
    usual = np.where(np.isfinite(usual), usual, np.nanmean(logs))
    series = np.where(known, logs, usual).ravel()
    hours = len(series) + (1 + lead) * DAY_HOURS
    terms = _terms(hours)
    slope = _fit(series, terms[_WEEK : len(series)])
    ahead = np.concatenate([series, np.empty(hours - len(series))])
    back = np.array(_LAGS)
    for at in range(len(series), hours):
        ahead[at] = np.clip(ahead[at - back] @ slope[: len(back)] + terms[at] @ slope[len(back) :], *_bounds(series))
    found: Floats = np.exp(ahead[-DAY_HOURS:]) - floor_wh
    return found


def _bounds(series: Floats) -> tuple[float, float]:
    return float(series.min()), float(series.max())


def _terms(hours: int) -> Floats:
    """A constant, four waves of the day, three of the week."""
    cycles = np.concatenate([np.arange(1, 5) / DAY_HOURS, np.arange(1, 4) / _WEEK])
    angle = 2 * np.pi * np.arange(hours)[:, None] * cycles
    return np.concatenate([np.ones((hours, 1)), np.cos(angle), np.sin(angle)], axis=1)


def _fit(series: Floats, terms: Floats) -> Floats:
    """Coefficients of the lags and the terms by least absolute deviations."""
    lagged = np.stack([series[_WEEK - lag : len(series) - lag] for lag in _LAGS], axis=1)
    x, y = np.concatenate([lagged, terms], axis=1), series[_WEEK:]
    weight = np.ones(len(y))
    for _ in range(_ROUNDS):
        weighted = x * weight[:, None]
        slope = np.linalg.solve(weighted.T @ x + 1e-3 * np.eye(x.shape[1]), weighted.T @ y)
        weight = 1.0 / np.maximum(np.abs(y - x @ slope), _NEAR)
    found: Floats = slope
    return found
