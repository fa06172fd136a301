"""What a home's power should have been in each past hour, and what it should be in the next: two channels need it.

EXCESS_60M sets the last hour against the expected power, PV_OF_ENVELOPE_3H sets the PV against its envelope. Both are
formed for the past as they are for the future, the hour's own day left out, so that what the past shows of their errors
holds for the future.
"""

from array import array
from dataclasses import dataclass

import numpy as np

from ..contract.model import Curve
from ..contract.unpacking import MAX_CURVE_HOURS
from .days import weighted_quantiles
from .series import DAY_HOURS, HOUR_S, Floats, Hourly, local_hours, weekday

AHEAD_HOURS = 48
BEHIND_HOURS = 4  # the slowest of the two channels looks back three hours and a part
_MEMORY_DAYS = 21.0
_SAME_KIND, _OTHER_KIND = 1.0, 0.3  # how much a working day tells of another, and of a weekend day
_LEAST_SPREAD_W = 30.0  # below it the kettle decides
_ENVELOPE_MEMORY_DAYS = 9.0  # the sun's path moves by then
_ENVELOPE_QUANTILE = 0.9
_LEAST_PV_DAYS = 14


@dataclass(frozen=True)
class Expected:
    """Hourly curves over the past that was learnt from and the 48 hours ahead."""

    mean_w: Curve
    spread_w: Curve

    def ahead(self, now_s: int) -> dict[str, object]:
        """The part a model carries, as `contract.packing.pack` takes it."""
        start_s, mean_w = window(self.mean_w, now_s)
        _, spread_w = window(self.spread_w, now_s)
        return {"start_s": start_s, "mean_w": mean_w, "spread_w": spread_w}


def window(curve: Curve, now_s: int) -> tuple[int, list[float]]:
    """From BEHIND_HOURS before now to AHEAD_HOURS after: (start_s, numbers)."""
    first = (now_s - curve.start_s) // HOUR_S - BEHIND_HOURS
    hours = BEHIND_HOURS + AHEAD_HOURS + 1
    assert hours <= MAX_CURVE_HOURS
    return curve.start_s + first * HOUR_S, [float(number) for number in curve.numbers[first : first + hours]]


def power(house: Hourly, now_s: int, zone: str) -> Expected:
    """The expected power of each hour: the mean of the same hour on days of its kind, near days counting more."""
    ahead = (now_s - house.start_s) // HOUR_S + AHEAD_HOURS + 1
    local = local_hours(zone, house.start_s, ahead)
    hour, day, rest = local % DAY_HOURS, local // DAY_HOURS, weekday(local) >= 5
    known = np.flatnonzero(np.isfinite(house.wh))
    wh = house.wh[known]
    apart = np.abs(day[:, None] - day[known])
    near = np.exp(-apart / _MEMORY_DAYS) * (apart > 0)
    alike = near * np.where(rest[:, None] == rest[known], _SAME_KIND, _OTHER_KIND) * (hour[:, None] == hour[known])
    mean_w = _weighted(alike, wh, float(wh.mean()))
    error = np.minimum((wh - mean_w[known]) ** 2, 16 * np.median((wh - mean_w[known]) ** 2) + 1)
    round_the_clock = np.abs(hour[:, None] - hour[known])
    beside = near * (np.minimum(round_the_clock, DAY_HOURS - round_the_clock) <= 1)
    spread_w = np.maximum(np.sqrt(_weighted(beside, error, float(error.mean()))), _LEAST_SPREAD_W)
    return Expected(_curve(house.start_s, mean_w), _curve(house.start_s, spread_w))


def _curve(start_s: int, numbers: Floats) -> Curve:
    return Curve(start_s, array("d", numbers))


def _weighted(weights: Floats, values: Floats, fallback: float) -> Floats:
    total = weights.sum(axis=1)
    mean: Floats = np.where(total > 1e-9, weights @ values / np.maximum(total, 1e-9), fallback)
    return mean


def envelope(pv: Hourly, now_s: int) -> Curve | None:
    """What the PV gives in each hour on the better days around it; None before two weeks of PV.

    On the clock of UTC, which the sun follows: the envelope of a day is a high quantile of the same hour on near days.
    """
    first_s = pv.start_s // (DAY_HOURS * HOUR_S) * DAY_HOURS * HOUR_S
    days = -(-(now_s + (AHEAD_HOURS + 1) * HOUR_S - first_s) // (DAY_HOURS * HOUR_S))
    rows = pv.between(first_s, first_s + days * DAY_HOURS * HOUR_S).reshape(-1, DAY_HOURS)
    if (np.isfinite(rows).sum(axis=1) >= DAY_HOURS // 2).sum() < _LEAST_PV_DAYS or not np.nanmax(rows) > 0:
        return None
    of_day = np.arange(days)
    w = [
        weighted_quantiles(
            rows,
            np.broadcast_to((np.exp(-np.abs(of_day - day) / _ENVELOPE_MEMORY_DAYS))[:, None], rows.shape),
            (_ENVELOPE_QUANTILE,),
        )[0]
        for day in of_day
    ]
    return _curve(first_s, np.maximum(np.nan_to_num(np.concatenate(w)), 0.0))
