"""Hourly load and PV for the next 48 hours, with intervals, and where the month will end.

Load: the average, quantile by quantile, of two simple models that err differently: a profile (weighted quantiles of the
same hour on days alike, newer days counting more) and a ridge regression on logarithms of lags, whose exponent is a
median. Medians, recency and the combination are worth more on single homes than a heavier model (docs/forecast.md).
PV: weighted quantiles of the same hour on recent days; no weather is asked for.
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from .series import DAY_HOURS, HOUR_S, Floats, Hourly, Ints, local_hours, on_local_axis, weekday

HOURS = 48
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)  # lower 95 %, lower 80 %, median, upper 80 %, upper 95 %
LEAST_DAYS = 7  # below it there is no week to be like
RIDGE_DAYS = 28  # below it the regression has too little to learn from
JUDGED_DAYS = 7  # days of scores before naive may take over
MEMORY_DAYS = 28  # how long a day's score counts

_MOST_DAYS = 730  # older habits are no guide, and a night has to end
_PROFILE_MEMORY_DAYS = 35.0
_SAME_WEEKDAY, _SAME_KIND, _OTHER_KIND = 1.0, 0.5, 0.15  # how much a day tells of another
_RIDGE_MEMORY_DAYS = 120.0
_RIDGE_PENALTY = 20.0
_RIDGE_SHARE = 0.65  # of the combination; the profile is worse alone but errs elsewhere
_PV_MEMORY_DAYS = 8.0
_LEVEL_MEMORY_DAYS = 21.0  # of the daily energy that the rest of a month is measured against
_LEAST_WINDOWS = 20  # past runs of days as long as the rest of the month
_MOST_WH = 100_000.0  # an hour beyond 100 kW is a defect, not a load


class TooLittleData(Exception):
    """There is nothing to learn from yet; its text is a sentence for the householder."""


@dataclass(frozen=True)
class Bands:
    """Energy per hour [Wh], one number for each hour from the forecast's start."""

    p50: Floats
    mean: Floats
    lo80: Floats
    hi80: Floats
    lo95: Floats
    hi95: Floats


@dataclass(frozen=True)
class MonthEnd:
    """Energy of the whole local month [Wh]: the median and the 80 % interval."""

    lo_wh: float
    p50_wh: float
    hi_wh: float


@dataclass(frozen=True)
class Forecast:
    """What is expected of the hours from start_s on."""

    start_s: int
    load: Bands | None  # None: too little load measured yet
    pv: Bands | None  # None: no PV, or too little of it measured yet
    month: MonthEnd | None
    method: str  # of the load: "model", "profile", "naive" or "none"


@dataclass(frozen=True)
class Score:
    """How good the forecasts were: exponentially weighted over the days judged."""

    days: int = 0
    mae_wh: float = 0.0
    naive_mae_wh: float = 0.0
    inside80: float = 0.0
    inside95: float = 0.0

    @property
    def better_than_naive(self) -> bool:
        return self.mae_wh < self.naive_mae_wh

    @property
    def served(self) -> str:
        """ "model", or "naive" once enough days have shown it to be no worse."""
        return "naive" if self.days >= JUDGED_DAYS and not self.better_than_naive else "model"

    def then(self, day: "Score") -> "Score":
        """This score with one more day."""
        keep = 1.0 - 1.0 / min(self.days + 1, MEMORY_DAYS)

        def mixed(old: float, new: float) -> float:
            return keep * old + (1.0 - keep) * new

        return Score(
            self.days + 1,
            mixed(self.mae_wh, day.mae_wh),
            mixed(self.naive_mae_wh, day.naive_mae_wh),
            mixed(self.inside80, day.inside80),
            mixed(self.inside95, day.inside95),
        )


@dataclass(frozen=True)
class _Past:
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


def _past(series: Hourly, start_s: int, zone: str) -> _Past:
    target = local_hours(zone, start_s, HOURS)
    axis = on_local_axis(series.before(start_s), zone, int(target[0]))[-_MOST_DAYS * DAY_HOURS :]
    wh = np.where(axis <= _MOST_WH, np.maximum(axis, 0.0), np.nan).reshape(-1, DAY_HOURS)
    cells = int(target[0]) - axis.size + np.arange(axis.size)
    return _Past(wh, weekday(cells).reshape(-1, DAY_HOURS), np.minimum(target - target[0], HOURS - 1))


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


def _weighted_mean(rows: Floats, weights: Floats) -> Floats:
    known = np.isfinite(rows)
    weight = np.where(known, weights, 0.0)
    total = weight.sum(axis=0)
    mean: Floats = (np.where(known, rows, 0.0) * weight).sum(axis=0) / np.where(total > 0, total, np.nan)
    return mean


@dataclass(frozen=True)
class _Day:
    """A forecast of one row of 24 hours."""

    quantiles: Floats  # LEVELS × 24
    mean: Floats


def _profile(past: _Past, lead: int) -> _Day:
    """Weighted quantiles of the same hour: newer days and days of the same kind count more."""
    age = np.arange(len(past.wh), 0, -1)[:, None] + lead
    target = past.weekday_of(lead)
    alike = np.where((past.weekday >= 5) == (target >= 5), _SAME_KIND, _OTHER_KIND)
    alike = np.where(past.weekday == target, _SAME_WEEKDAY, alike)
    weights = alike * np.exp(-age / _PROFILE_MEMORY_DAYS)
    return _Day(weighted_quantiles(past.wh, weights), _weighted_mean(past.wh, weights))


def _naive(past: _Past, lead: int) -> _Day:
    """The same hour of the last day known; its intervals are how far such a step went wrong before."""
    step = past.wh[1 + lead :] - past.wh[: len(past.wh) - 1 - lead]
    last = past.wh[-1]
    for row in past.wh[-2:-15:-1]:
        last = np.where(np.isfinite(last), last, row)
    error = weighted_quantiles(step, np.ones_like(step))
    return _Day(last + error - error[2], last)


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


def _ridge(past: _Past, lead: int) -> _Day:
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
    smearing = _weighted_mean(np.exp(residual), np.ones_like(residual))  # Duan 1983: the mean after retransforming
    return _Day(quantiles, np.exp(ahead) * smearing - floor_wh)


def _neighbouring_quantiles(residual: Floats) -> Floats:
    """Quantiles per hour of the residuals of that hour and its two neighbours, newer ones counting more."""
    rows = np.concatenate([np.roll(residual, 1, axis=1), residual, np.roll(residual, -1, axis=1)])
    age = np.tile(np.arange(len(residual), 0, -1), 3)[:, None]
    return weighted_quantiles(rows, np.broadcast_to(np.exp(-age / _RIDGE_MEMORY_DAYS), rows.shape))


def _combined(past: _Past, lead: int) -> _Day:
    profile, ridge = _profile(past, lead), _ridge(past, lead)
    quantiles = _RIDGE_SHARE * ridge.quantiles + (1 - _RIDGE_SHARE) * profile.quantiles
    mean = _RIDGE_SHARE * ridge.mean + (1 - _RIDGE_SHARE) * profile.mean
    return _Day(
        np.where(np.isfinite(quantiles), quantiles, profile.quantiles),
        np.where(np.isfinite(mean), mean, profile.mean),
    )


def _bands(past: _Past, days: list[_Day]) -> Bands:
    quantiles = np.concatenate([day.quantiles for day in days], axis=1)[:, past.target]
    lo95, lo80, p50, hi80, hi95 = np.maximum(np.sort(quantiles, axis=0), 0.0)
    mean = np.maximum(np.concatenate([day.mean for day in days])[past.target], 0.0)
    return Bands(p50, mean, lo80, hi80, lo95, hi95)


def load_bands(series: Hourly, start_s: int, zone: str, method: str = "model") -> tuple[Bands, str]:
    """The load of the next 48 hours, and the method that made it.

    method is "model", "profile" or "naive"; a young home gets the profile where the model is asked for.
    Raises TooLittleData.
    """
    past = _past(series, start_s, zone)
    if past.days < LEAST_DAYS:
        raise TooLittleData(f"{past.days} of {LEAST_DAYS} days measured")
    if method == "model" and past.days < RIDGE_DAYS:
        method = "profile"
    make = {"model": _combined, "profile": _profile, "naive": _naive}[method]
    return _bands(past, [make(past, 0), make(past, 1)]), method


def pv_bands(series: Hourly, start_s: int) -> Bands:
    """PV of the next 48 hours, on the clock of UTC, which the sun follows all year. Raises TooLittleData."""
    past = _past(series, start_s, "UTC")
    if past.days < LEAST_DAYS or not np.nansum(past.wh):
        raise TooLittleData(f"{past.days} of {LEAST_DAYS} days of PV measured")
    days = []
    for lead in (0, 1):
        age = np.arange(len(past.wh), 0, -1)[:, None] + lead
        weights = np.broadcast_to(np.exp(-age / _PV_MEMORY_DAYS), past.wh.shape)
        days.append(_Day(weighted_quantiles(past.wh, weights), _weighted_mean(past.wh, weights)))
    return _bands(past, days)


def month_end(series: Hourly, start_s: int, zone: str) -> MonthEnd:
    """Energy of the local month that start_s is in: what was used, and runs of past days for what is left of it.

    Each past run is set against the level of the days before it, as the rest of this month is against the newest days,
    so the interval is that of forecasts that could have been made. Raises TooLittleData.
    """
    past = _past(series, start_s, zone)
    if past.days < LEAST_DAYS:
        raise TooLittleData(f"{past.days} of {LEAST_DAYS} days measured")
    first_s, last_s = month_of(start_s, zone)
    daily = past.wh.mean(axis=1)  # of the hours of whole days [Wh]; NaN for the others
    levels = np.array([_level(daily[:day]) for day in range(1, len(daily) + 1)])
    used = series.between(first_s, start_s)
    used_wh = float(np.where(np.isfinite(used), used, levels[-1]).sum())
    hours = (last_s - start_s) / HOUR_S
    lo, mid, hi = _ratios(daily, levels, max(1, round(hours / DAY_HOURS)))
    rest_wh = float(levels[-1]) * hours
    return MonthEnd(used_wh + lo * rest_wh, used_wh + mid * rest_wh, used_wh + hi * rest_wh)


def month_of(ts_s: int, zone: str) -> tuple[int, int]:
    tz = ZoneInfo(zone)
    first = dt.datetime.fromtimestamp(ts_s, tz).replace(day=1, hour=0, minute=0, second=0, fold=0)
    after = (first + dt.timedelta(days=32)).replace(day=1)
    return int(first.timestamp()), int(after.timestamp())


def _level(daily: Floats) -> float:
    """Weighted mean of the days, the newest counting most; that of all there is if those are missing."""
    weights = np.exp(-np.arange(len(daily), 0, -1) / _LEVEL_MEMORY_DAYS)[:, None]
    return float(_weighted_mean(daily[:, None], weights)[0])


def _ratios(daily: Floats, levels: Floats, days: int) -> tuple[float, float, float]:
    """10 %, 50 % and 90 % of: a run of that many days over the level of the days before it."""
    ends = range(LEAST_DAYS + days, len(daily) + 1)
    runs = np.array([daily[end - days : end].mean() / max(levels[end - days - 1], 1.0) for end in ends])
    runs = runs[np.isfinite(runs)]
    if len(runs) >= _LEAST_WINDOWS:
        lo, mid, hi = np.quantile(runs, (0.1, 0.5, 0.9))
        return float(lo), float(mid), float(hi)
    known = daily[np.isfinite(daily)]
    spread = float(known.std() / max(known.mean(), 1.0)) if len(known) else 1.0
    half = 1.2816 * spread * (1.0 / days + 1.0 / max(len(known), 1)) ** 0.5  # independent days, uncertain level
    return max(0.0, 1.0 - half), 1.0, 1.0 + half


def forecast(load: Hourly, pv: Hourly | None, start_s: int, zone: str, served: str = "model") -> Forecast:
    """What to expect from start_s on (a whole hour), from the hours before it.

    load is what the house used, pv what it generated (None: no PV). `served` is what the running Score says.
    Raises TooLittleData when neither can be told.
    """
    loads: Bands | None = None
    month: MonthEnd | None = None
    method, reason = "none", ""
    try:
        loads, method = load_bands(load, start_s, zone, served)
        month = month_end(load, start_s, zone)
    except TooLittleData as error:
        reason = str(error)
    pvs: Bands | None = None
    try:
        pvs = pv_bands(pv, start_s) if pv is not None else None
    except TooLittleData as error:
        reason = reason or str(error)
    if loads is None and pvs is None:
        raise TooLittleData(reason)
    return Forecast(start_s, loads, pvs, month, method)


def naive_wh(series: Hourly, start_s: int, zone: str) -> Floats:
    """Seasonal naive: the same hour of the day before the start, for both days."""
    past = _past(series, start_s, zone)
    return np.concatenate([_naive(past, 0).mean] * 2)[past.target]


def score(bands: Bands, start_s: int, series: Hourly, zone: str) -> Score | None:
    """How the first 24 hours of a forecast came out beside seasonal naive; None if too few of them were measured."""
    actual = series.between(start_s, start_s + DAY_HOURS * HOUR_S)
    naive = naive_wh(series, start_s, zone)[:DAY_HOURS]
    known = np.isfinite(actual) & np.isfinite(naive)
    if known.sum() < DAY_HOURS // 2:
        return None

    def inside(lo: Floats, hi: Floats) -> float:
        return float(np.mean((actual >= lo[:DAY_HOURS])[known] & (actual <= hi[:DAY_HOURS])[known]))

    return Score(
        days=1,
        mae_wh=float(np.abs(actual - bands.p50[:DAY_HOURS])[known].mean()),
        naive_mae_wh=float(np.abs(actual - naive)[known].mean()),
        inside80=inside(bands.lo80, bands.hi80),
        inside95=inside(bands.lo95, bands.hi95),
    )


def backtest(series: Hourly, start_s: int, zone: str, days: int = 14) -> Score:
    """The score the model would have had on the days before start_s, refitted for each: for the first night."""
    total = Score()
    for day in range(days, 0, -1):
        origin_s = start_s - day * DAY_HOURS * HOUR_S
        try:
            bands, _ = load_bands(series, origin_s, zone)
        except TooLittleData:
            continue
        of_day = score(bands, origin_s, series, zone)
        total = total.then(of_day) if of_day is not None else total
    return total
