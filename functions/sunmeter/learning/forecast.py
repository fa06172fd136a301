"""Hourly load and PV for the next 48 hours, with intervals; where the month will end; and how good it all was."""

import datetime as dt
import math
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from . import load as load_of
from . import pv as pv_of
from .days import Day, Past, past_of, weighted_mean
from .series import DAY_HOURS, HOUR_S, Floats, Hourly
from .weather import Weather, load_under, pv_under

LEAST_DAYS = 7  # below it there is no week to be like
MODEL_DAYS = 28  # fewer of the newest are too little for the model to learn from
JUDGED_DAYS = 7  # days of scores before naive may take over
MEMORY_DAYS = 28  # how long a day's score counts

_NEWEST_DAYS = 112
_LEVEL_MEMORY_DAYS = 21.0  # of the daily energy that the rest of a month is measured against
_LEAST_WINDOWS = 20  # past runs of days as long as the rest of the month


class Shortage(NamedTuple):
    """Of what there is too little: "days" (of load measured), "pv_days", "priced_days" or "hours" (of the day)."""

    code: str
    have: int
    need: int


class TooLittleData(Exception):
    """There is nothing to learn from yet."""

    def __init__(self, code: str, have: int, need: int):
        super().__init__(f"{have} of {need} {code}")
        self.shortage = Shortage(code, have, need)


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
    shortage: Shortage | None = None  # why there is no load, else why there is no PV; None: nothing is missing


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


def _bands(past: Past, days: list[Day]) -> Bands:
    target = np.minimum(past.target[: len(days) * DAY_HOURS], len(days) * DAY_HOURS - 1)
    quantiles = np.concatenate([day.quantiles for day in days], axis=1)[:, target]
    lo95, lo80, p50, hi80, hi95 = np.maximum(np.sort(quantiles, axis=0), 0.0)
    mean = np.maximum(np.concatenate([day.mean for day in days])[target], 0.0)
    return Bands(p50, mean, lo80, hi80, lo95, hi95)


def _known_days(rows: Floats) -> int:
    """Days with at least half of their hours."""
    return int((np.isfinite(rows).sum(axis=1) >= DAY_HOURS // 2).sum())


def load_bands(
    series: Hourly, start_s: int, zone: str, method: str = "model", days: int = 2, weather: Weather | None = None
) -> tuple[Bands, str]:
    """The load of the next 48 hours (with days=1 of 24), and the method that made it.

    method is "model", "profile" or "naive"; the profile is served where the model is asked for and the home is young or
    was not measured of late. Raises TooLittleData.
    """
    past = past_of(series, start_s, zone)
    if past.days < LEAST_DAYS:
        raise TooLittleData("days", past.days, LEAST_DAYS)
    unknown = int((~np.isfinite(past.wh).any(axis=0)).sum())
    if unknown:
        raise TooLittleData("hours", DAY_HOURS - unknown, DAY_HOURS)
    if method == "model" and _known_days(past.wh[-_NEWEST_DAYS:]) < MODEL_DAYS:
        method = "profile"
    make = {"model": load_of.combined, "profile": load_of.profile, "naive": load_of.naive}[method]
    made = [load_under(make(past, lead), past, start_s, lead, weather) for lead in range(days)]
    return _bands(past, made), method


def pv_bands(series: Hourly, start_s: int, weather: Weather | None = None) -> Bands:
    """PV of the next 48 hours, on the clock of UTC, which the sun follows all year. Raises TooLittleData."""
    past = past_of(series, start_s, "UTC")
    if past.days < LEAST_DAYS or not np.nansum(past.wh):
        raise TooLittleData("pv_days", past.days, LEAST_DAYS)
    return _bands(past, [pv_under(pv_of.pv(past, lead), past, start_s, lead, weather) for lead in (0, 1)])


def month_end(series: Hourly, start_s: int, zone: str) -> MonthEnd:
    """Energy of the local month that start_s is in: what was used, and runs of past days for what is left of it.

    Each past run is set against the level of the days before it, as the rest of this month is against the newest days,
    so the interval is that of forecasts that could have been made. Raises TooLittleData.
    """
    past = past_of(series, start_s, zone)
    if past.days < LEAST_DAYS:
        raise TooLittleData("days", past.days, LEAST_DAYS)
    first_s, last_s = month_of(start_s, zone)
    daily = _daily(past.wh)
    levels = _levels(daily)
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


def _daily(rows: Floats) -> Floats:
    """Mean hour of each day [Wh], a missing one taken as it usually is; NaN for days of which most is missing."""
    known = np.isfinite(rows)
    usual = weighted_mean(rows, np.ones_like(rows))
    usual = np.where(np.isfinite(usual), usual, rows[known].mean())
    whole = known.sum(axis=1) >= DAY_HOURS // 2
    return np.where(whole, np.where(known, rows, usual).mean(axis=1), np.nan)


def _levels(daily: Floats) -> Floats:
    """Weighted mean of the days up to each, the newest counting most; NaN while none is known."""
    keep = float(np.exp(-1.0 / _LEVEL_MEMORY_DAYS))
    total = weight = 0.0
    levels = []
    for wh in daily.tolist():
        known = not math.isnan(wh)
        total, weight = keep * total + (wh if known else 0.0), keep * weight + known
        levels.append(total / weight if weight else float("nan"))
    return np.array(levels)


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


def forecast(
    load: Hourly, pv: Hourly | None, start_s: int, zone: str, served: str = "model", weather: Weather | None = None
) -> Forecast:
    """What to expect from start_s on (a whole hour), from the hours before it.

    load is what the house used, pv what it generated (None: no PV). `served` is what the running Score says. None of it
    needs the weather; what is known of it, hours to come included, is taken where it is given.
    Raises TooLittleData when neither can be told.
    """
    loads: Bands | None = None
    month: MonthEnd | None = None
    method = "none"
    error: TooLittleData | None = None
    try:
        loads, method = load_bands(load, start_s, zone, served, weather=weather)
        month = month_end(load, start_s, zone)
    except TooLittleData as too_little:
        error = too_little
    pvs: Bands | None = None
    try:
        pvs = pv_bands(pv, start_s, weather) if pv is not None else None
    except TooLittleData as too_little:
        error = error or too_little
    if error is not None and loads is None and pvs is None:
        raise error
    return Forecast(start_s, loads, pvs, month, method, error.shortage if error else None)


def naive_wh(series: Hourly, start_s: int, zone: str) -> Floats:
    """Seasonal naive: the same hour of the day before the start, for both days."""
    past = past_of(series, start_s, zone)
    return np.concatenate([load_of.naive(past, 0).mean] * 2)[past.target]


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
            bands, _ = load_bands(series, origin_s, zone, days=1)
        except TooLittleData:
            continue
        of_day = score(bands, origin_s, series, zone)
        total = total.then(of_day) if of_day is not None else total
    return total
