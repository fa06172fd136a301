"""The forecast's peers that need nothing but numpy and statsmodels: for `bench.forecast`.

Each is given the past as rows of local days and tells the day after the last row. Intervals are each method's own.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from bench._forecast_homes import filled, recent
from sunmeter.learning import load as load_of
from sunmeter.learning.days import LEVELS, Day, Past
from sunmeter.learning.series import DAY_HOURS, Floats

SMOOTHING_DAYS = 56  # of context for exponential smoothing and its kin; more makes them slower and no better
REGRESSION_DAYS = 112
Z = np.array([NormalDist().inv_cdf(level) for level in LEVELS])[:, None]


@dataclass(frozen=True)
class Told:
    """One method's forecast of a day: the median, and where it has them the quantiles at `LEVELS` and the mean."""

    p50: Floats
    quantiles: Floats | None = None
    mean: Floats | None = None


Method = Callable[[Past], Told]


def of_quantiles(quantiles: Floats, mean: Floats | None = None) -> Told:
    """Five rows, put in order and above nought."""
    ordered = np.maximum(np.sort(quantiles, axis=0), 0.0)
    return Told(ordered[2], ordered, None if mean is None else np.maximum(mean, 0.0))


def of_normal(mean: Floats, deviation: Floats) -> Told:
    return of_quantiles(mean + Z * deviation)


def of_day(day: Day) -> Told:
    return of_quantiles(day.quantiles, day.mean)


def naive_day(past: Past) -> Told:
    return Told(filled(past.wh[-1], past.wh[-2]))


def naive_week(past: Past) -> Told:
    return Told(filled(past.wh[-7], past.wh[-14]))


def _four_weeks(past: Past) -> Floats:
    return past.wh[[-7, -14, -21, -28]]


def mean_of_4_weeks(past: Past) -> Told:
    return Told(np.nanmean(_four_weeks(past), axis=0))


def median_of_4_weeks(past: Past) -> Told:
    return Told(np.nanmedian(_four_weeks(past), axis=0))


def profile(past: Past) -> Told:
    """The weighted profile that serves young homes."""
    return of_day(load_of.profile(past, 0))


def _fourier(hours: int, day: int, week: int) -> Floats:
    """Terms of the day and the week, for a series and the day after it."""
    at = np.arange(hours + DAY_HOURS)[:, None]
    cycles = np.concatenate([np.arange(1, day + 1) / DAY_HOURS, np.arange(1, week + 1) / (7 * DAY_HOURS)])
    return np.concatenate([np.cos(2 * np.pi * at * cycles), np.sin(2 * np.pi * at * cycles)], axis=1)


def holt_winters(past: Past) -> Told:
    """Additive, damped, season of a day; intervals by simulation from its own residuals."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    known = recent(past, SMOOTHING_DAYS)
    fitted = ExponentialSmoothing(known, trend="add", damped_trend=True, seasonal="add", seasonal_periods=24).fit()
    paths = fitted.simulate(DAY_HOURS, anchor="end", repetitions=400, random_errors="bootstrap", random_state=1)
    ahead = np.asarray(fitted.forecast(DAY_HOURS))
    return of_quantiles(np.quantile(np.asarray(paths) - np.median(paths, axis=1)[:, None] + ahead[:, None], LEVELS, 1))


def sarimax(past: Past) -> Told:
    """ARMA(2, 1) around Fourier terms of day and week."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    known = recent(past, SMOOTHING_DAYS)
    terms = _fourier(len(known), 4, 3)
    model = SARIMAX(known, exog=terms[: len(known)], order=(2, 0, 1), trend="c")
    ahead = model.fit(disp=False, maxiter=50).get_forecast(DAY_HOURS, exog=terms[len(known) :])
    return of_normal(np.asarray(ahead.predicted_mean), np.asarray(ahead.se_mean))


def autoreg(past: Past) -> Told:
    """Lags 1, 2, 3, 24, 48, 168 and Fourier terms of day and week."""
    from statsmodels.tsa.ar_model import AutoReg

    known = recent(past, REGRESSION_DAYS)
    terms = _fourier(len(known), 4, 3)
    fitted = AutoReg(known, lags=[1, 2, 3, 24, 48, 168], exog=terms[: len(known)]).fit()
    ahead = fitted.get_prediction(len(known), len(known) + DAY_HOURS - 1, exog_oos=terms[len(known) :])
    return of_normal(np.asarray(ahead.predicted_mean), np.asarray(ahead.se_mean))


def autoreg_and_profile(past: Past) -> Told:
    return Told((autoreg(past).p50 + profile(past).p50) / 2)


LIGHT: dict[str, Method] = {
    "weighted profile": profile,
    "autoreg + profile": autoreg_and_profile,
    "autoreg": autoreg,
    "median of 4 weeks": median_of_4_weeks,
    "mean of 4 weeks": mean_of_4_weeks,
    "sarimax + fourier": sarimax,
    "holt-winters": holt_winters,
    "naive 24": naive_day,
    "naive 168": naive_week,
}


def quietly(method: Method) -> Method:
    """Peers warn a lot about what they are asked to fit."""

    def told(past: Past) -> Told:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return method(past)

    return told
