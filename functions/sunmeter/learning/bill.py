"""What a month will have cost at its end, with an interval, from what days have cost, in micro-units."""

from dataclasses import dataclass

import numpy as np

from .forecast import LEAST_DAYS, TooLittleData
from .series import Floats

_LEVEL_MEMORY_DAYS = 21.0  # as that of the energy
_LEAST_WINDOWS = 20  # past runs of days as long as the rest of the month
_NORMAL80 = 1.2816


@dataclass(frozen=True)
class Rest:
    """Cost of the days that are left of a month, standing charges not counted: the median and the 80 % interval."""

    lo_micro: float
    p50_micro: float
    hi_micro: float


def rest(daily_micro: Floats, days_left: int) -> Rest:
    """The days left, from the past days in order (NaN: not known), the newest last. Raises TooLittleData.

    Each past run of as many days is set against the level of the days before it, as the days left are against the
    newest: so the interval is that of forecasts that could have been made. Differences, not ratios: where the sun
    earns what the night costs, a day's cost goes through nought.
    """
    known = daily_micro[np.isfinite(daily_micro)]
    if len(known) < LEAST_DAYS:
        raise TooLittleData(f"{len(known)} of {LEAST_DAYS} days priced")
    level = _level(daily_micro)
    lo, mid, hi = _deviations(daily_micro, known, max(1, days_left))
    return Rest(*(days_left * (level + deviation) for deviation in (lo, mid, hi)))


def _level(daily: Floats) -> float:
    """Weighted mean of the days, the newest counting most; NaN where none is known."""
    weights = np.exp(-np.arange(len(daily), 0, -1) / _LEVEL_MEMORY_DAYS) * np.isfinite(daily)
    total = weights.sum()
    return float((np.nan_to_num(daily) * weights).sum() / total) if total else float("nan")


def _deviations(daily: Floats, known: Floats, days: int) -> tuple[float, float, float]:
    """10 %, 50 % and 90 % of: the mean of a run of that many days, less the level of the days before it."""
    ends = range(LEAST_DAYS + days, len(daily) + 1)
    runs = np.array([daily[end - days : end].mean() - _level(daily[: end - days]) for end in ends])
    runs = runs[np.isfinite(runs)]
    if len(runs) >= _LEAST_WINDOWS:
        lo, mid, hi = np.quantile(runs, (0.1, 0.5, 0.9))
        return float(lo), float(mid), float(hi)
    half = _NORMAL80 * float(known.std()) * (1 / days + 1 / len(known)) ** 0.5  # independent days, uncertain level
    return -half, 0.0, half
