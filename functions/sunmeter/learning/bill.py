"""What a month will have cost at its end, with an interval, from what days have cost, in micro-units."""

from dataclasses import dataclass

import numpy as np

from .forecast import LEAST_DAYS, TooLittleData
from .series import Floats

_LEVEL_MEMORY_DAYS = 7.0  # of 5, 7, 10, 14 and 21 the best on recorded homes: the sun's season moves fast
_HELD = 0.9  # of past errors; runs overlap and years differ, so that 0.9 of them hold about 80 % of what comes
_LEAST_RUNS = 20
_NORMAL80 = 1.2816


@dataclass(frozen=True)
class Rest:
    """Cost of the days left of a month, standing charges not counted: what is expected, and an 80 % interval."""

    lo_micro: float
    p50_micro: float
    hi_micro: float


def rest(daily_micro: Floats, days_left: int) -> Rest:
    """The days left, from the past days in order (NaN: not known), the newest last. Raises TooLittleData.

    They go on at the level of the newest days. The interval is how far past runs of as many days came out from the
    level before them, to either side: a season that led one way may turn. Differences, not ratios: where the sun earns
    what the night costs, a day's cost goes through nought.
    """
    known = daily_micro[np.isfinite(daily_micro)]
    if len(known) < LEAST_DAYS:
        raise TooLittleData("priced_days", len(known), LEAST_DAYS)
    level = _level(daily_micro)
    half = _half_width(daily_micro, known, max(1, days_left))
    return Rest(*(days_left * (level + error) for error in (-half, 0.0, half)))


def _level(daily: Floats) -> float:
    """Weighted mean of the days, the newest counting most; NaN where none is known."""
    weights = np.exp(-np.arange(len(daily), 0, -1) / _LEVEL_MEMORY_DAYS) * np.isfinite(daily)
    total = weights.sum()
    return float((np.nan_to_num(daily) * weights).sum() / total) if total else float("nan")


def _half_width(daily: Floats, known: Floats, days: int) -> float:
    """Half of the interval of the mean of that many days to come."""
    ends = range(LEAST_DAYS + days, len(daily) + 1)
    errors = np.array([abs(daily[end - days : end].mean() - _level(daily[: end - days])) for end in ends])
    errors = errors[np.isfinite(errors)]
    if len(errors) >= _LEAST_RUNS:
        return float(np.quantile(errors, _HELD))
    return float(_NORMAL80 * known.std() * (1 / days + 1 / len(known)) ** 0.5)  # independent days, uncertain level
