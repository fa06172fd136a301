"""How far a method's days came out from what was measured, by home and over homes: for `bench.forecast`."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bench._forecast_peers import Told
from sunmeter.learning.days import LEVELS
from sunmeter.learning.series import Floats

_DRAWS = 2000  # of the bootstrap


@dataclass(frozen=True)
class DayScore:
    """Sums over the known hours of one forecast day; the last three are NaN for a method without intervals."""

    hours: int
    absolute_wh: float
    squared_wh2: float
    seconds: float
    pinball_wh: float
    inside80: float
    inside95: float


def day_score(told: Told, actual: Floats, seconds: float) -> DayScore:
    """Median by its absolute, mean by its squared error; pinball is the mean over the five published quantiles."""
    known = np.isfinite(actual) & np.isfinite(told.p50)
    error = (actual - told.p50)[known]
    mean_error = error if told.mean is None else (actual - told.mean)[known]
    sums = (int(known.sum()), float(np.abs(error).sum()), float((mean_error**2).sum()), seconds)
    if told.quantiles is None:
        return DayScore(*sums, *(float("nan"),) * 3)
    apart = (actual - told.quantiles)[:, known]
    levels = np.array(LEVELS)[:, None]
    pinball = float(np.maximum(levels * apart, (levels - 1) * apart).mean(axis=0).sum())
    inside80 = float(((apart[1] >= 0) & (apart[3] <= 0)).sum())
    return DayScore(*sums, pinball, inside80, float(((apart[0] >= 0) & (apart[4] <= 0)).sum()))


@dataclass(frozen=True)
class Judged:
    """One method on one home: the days in order, and the home's scale [Wh]."""

    days: list[DayScore]
    scale_wh: float

    def _per_hour(self, name: str) -> float:
        return float(sum(getattr(day, name) for day in self.days)) / sum(day.hours for day in self.days)

    @property
    def mae_kwh(self) -> float:
        return self._per_hour("absolute_wh") / 1000

    @property
    def rmse_kwh(self) -> float:
        return math.sqrt(self._per_hour("squared_wh2")) / 1000

    @property
    def mase(self) -> float:
        return 1000 * self.mae_kwh / self.scale_wh

    @property
    def pinball_kwh(self) -> float:
        return self._per_hour("pinball_wh") / 1000

    @property
    def cov80(self) -> float:
        return self._per_hour("inside80")

    @property
    def cov95(self) -> float:
        return self._per_hour("inside95")

    @property
    def seconds(self) -> float:
        """Of the median day: the first one compiles and imports."""
        return float(np.median([day.seconds for day in self.days]))


COLUMNS = ("mae_kwh", "rmse_kwh", "mase", "pinball_kwh", "cov80", "cov95", "seconds")
HEADINGS = ("MAE kWh", "RMSE", "MASE", "pinball", "cov 80", "cov 95", "s")


def row(name: str, judged: list[Judged]) -> str:
    """Means over homes, or one home's own."""
    found = [mean(getattr(home, column) for home in judged) for column in COLUMNS]
    return f"{name:<20}" + "".join(f"{'-':>9}" if np.isnan(number) else f"{number:>9.3f}" for number in found)


def mase_difference(ours: list[Judged], theirs: list[Judged]) -> tuple[float, float, float]:
    """Mean over homes of ours minus theirs, and its 95 % interval: days drawn anew within each home, in pairs."""
    chance = np.random.default_rng(1)
    draws = np.zeros(_DRAWS)
    for mine, other in zip(ours, theirs, strict=True):
        apart = np.array([a.absolute_wh - b.absolute_wh for a, b in zip(mine.days, other.days, strict=True)])
        hours = np.array([day.hours for day in mine.days])
        drawn = chance.integers(0, len(apart), (_DRAWS, len(apart)))
        draws += apart[drawn].sum(axis=1) / hours[drawn].sum(axis=1) / mine.scale_wh / len(ours)
    difference = mean(mine.mase - other.mase for mine, other in zip(ours, theirs, strict=True))
    lo, hi = np.quantile(draws, (0.025, 0.975))
    return difference, float(lo), float(hi)


def mean(numbers: Iterable[float]) -> float:
    return float(np.mean(list(numbers)))
