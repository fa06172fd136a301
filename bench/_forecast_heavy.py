"""The forecast's heavy peers, installed apart from the project by `make peers`: for `bench.forecast`."""

import importlib.util
import logging
import site
import sys
from typing import Any

import numpy as np

from bench._forecast_homes import recent
from bench._forecast_peers import REGRESSION_DAYS, SMOOTHING_DAYS, Method, Told, of_quantiles
from dev.paths import ROOT
from sunmeter.learning.days import LEVELS, Past
from sunmeter.learning.series import DAY_HOURS, Floats

_LAGS = (1, 2, 3, 4, 5, 6, 7, 14, 21, 28)  # days
_ROUNDS = 200
_TREES: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.8,
    "num_threads": 1,
    "verbosity": -1,
    "seed": 1,
}


def _statsforecast(past: Past, model: Any) -> Told:
    ahead = model.forecast(y=recent(past, SMOOTHING_DAYS), h=DAY_HOURS, level=[80, 95])
    return of_quantiles(np.stack([ahead[name] for name in ("lo-95", "lo-80", "mean", "hi-80", "hi-95")]))


def auto_ets(past: Past) -> Told:
    from statsforecast.models import AutoETS

    return _statsforecast(past, AutoETS(season_length=24))


def mstl(past: Past) -> Told:
    from statsforecast.models import MSTL

    return _statsforecast(past, MSTL(season_length=[24, 168]))


def theta(past: Past) -> Told:
    from statsforecast.models import DynamicOptimizedTheta

    return _statsforecast(past, DynamicOptimizedTheta(season_length=24))


def prophet(past: Past) -> Told:
    """Seasons of the week, and of the day apart for working days and weekends."""
    import pandas as pd
    from prophet import Prophet

    logging.getLogger("cmdstanpy").disabled = True
    known = recent(past, REGRESSION_DAYS)
    hours = pd.date_range("2000-01-03", periods=len(known) + DAY_HOURS, freq="h")
    first_weekday = int(past.weekday_of(0)[0]) - len(known) // DAY_HOURS
    weekend = (first_weekday + np.arange(len(hours)) // DAY_HOURS) % 7 >= 5
    frame = pd.DataFrame({"ds": hours, "weekend": weekend, "working": ~weekend})
    model = Prophet(daily_seasonality=False, yearly_seasonality=False, uncertainty_samples=300)
    for kind in ("weekend", "working"):
        model.add_seasonality(name=kind, period=1, fourier_order=6, condition_name=kind)
    model.fit(frame[: len(known)].assign(y=known), seed=1)
    ahead = frame[len(known) :]
    np.random.seed(1)  # the generator that Prophet draws from
    paths = model.predictive_samples(ahead)["yhat"]
    centre = model.predict(ahead)["yhat"].to_numpy()
    spread = np.quantile(paths, LEVELS, axis=1)
    return of_quantiles(spread - spread[2] + centre)


def _lagged(rows: Floats, days: int) -> Floats:
    """The row `days` earlier of each row and of the one after the last."""
    return np.concatenate([np.full((days, DAY_HOURS), np.nan), rows])[: len(rows) + 1]


def _features(past: Past) -> Floats:
    """Rows + 1 × 24 × features: lags and means of the same hour, yesterday's level and evening, hour, weekday."""
    lags = np.stack([_lagged(past.wh, days) for days in range(1, 29)], axis=-1)
    yesterday = lags[..., 0]
    days = np.concatenate([past.weekday, past.weekday_of(0)[None]])
    hours = np.broadcast_to(np.arange(DAY_HOURS, dtype=float), days.shape)
    wide = np.ones(DAY_HOURS)
    columns = [lags[..., lag - 1] for lag in _LAGS]
    columns += [np.nanmean(lags[..., :7], -1), np.nanmedian(lags[..., :7], -1)]
    columns += [np.nanmean(lags, -1), np.nanmedian(lags, -1), np.nanmean(lags[..., 6::7], -1)]
    columns += [np.nanmean(yesterday, 1)[:, None] * wide, np.nanmean(yesterday[:, -3:], 1)[:, None] * wide]
    columns += [np.nanmean(np.nanmean(lags[..., :7], -1), 1)[:, None] * wide]
    columns += [
        np.roll(yesterday, 1, 1),
        np.roll(yesterday, -1, 1),
        hours,
        days.astype(float),
        (days >= 5).astype(float),
    ]
    return np.stack(columns, axis=-1)


def _lightgbm(past: Past, objectives: list[dict[str, Any]]) -> list[Floats]:
    import lightgbm as gbm

    features = _features(past)
    known = np.isfinite(past.wh) & np.isfinite(features[:-1, :, :7]).any(axis=-1)
    examples = gbm.Dataset(features[:-1][known], past.wh[known] / 1000, params=_TREES, free_raw_data=False)
    models = [gbm.train({**_TREES, **objective}, examples, _ROUNDS) for objective in objectives]
    return [np.asarray(model.predict(features[-1])) * 1000 for model in models]


def lightgbm(past: Past) -> Told:
    """One model per quantile, on all of the past."""
    return of_quantiles(np.stack(_lightgbm(past, [{"objective": "quantile", "alpha": level} for level in LEVELS])))


def lightgbm_mean(past: Past) -> Told:
    return Told(np.maximum(_lightgbm(past, [{"objective": "l2"}])[0], 0.0))


_ALL: dict[str, tuple[str, Method]] = {
    "lightgbm": ("lightgbm", lightgbm),
    "lightgbm mean": ("lightgbm", lightgbm_mean),
    "prophet": ("prophet", prophet),
    "theta": ("statsforecast", theta),
    "mstl": ("statsforecast", mstl),
    "auto ets": ("statsforecast", auto_ets),
}
NAMES = tuple(_ALL)


def heavy() -> tuple[dict[str, Method], list[str]]:
    """The heavy peers that are installed, and the names of the others."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site.addsitedir(str(ROOT / ".venv-bench" / "lib" / version / "site-packages"))  # after the project's own packages
    there = {name: method for name, (package, method) in _ALL.items() if importlib.util.find_spec(package)}
    return there, [name for name in _ALL if name not in there]
