"""The mains voltage of a day as a line and a band to draw. Pure."""

import math
from dataclasses import dataclass
from itertools import pairwise

from ..contract import ledger
from .day import Day, Quarter, hour_of

LEAST_V, MOST_V = 207.0, 253.0  # EN 50160: 230 V within a tenth
_EUROPEAN_V = (190.0, 270.0)  # where these limits mean something
_HALF_QUARTER_H = 0.125
_STEPS_V = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_LINES = 5


@dataclass(frozen=True)
class Volt:
    """Fifteen minutes."""

    x_h: float
    lo_v: float
    mean_v: float
    hi_v: float
    start_s: int


@dataclass(frozen=True)
class Voltage:
    """Unbroken runs of quarters, and the axis they need."""

    runs: tuple[tuple[Volt, ...], ...]
    low_v: float
    top_v: float
    step_v: float

    @property
    def every(self) -> tuple[Volt, ...]:
        return tuple(volt for run in self.runs for volt in run)

    @property
    def gaps_s(self) -> tuple[tuple[int, int], ...]:
        """Spans (from, to) between its runs, of which none is kept."""
        return tuple((before[-1].start_s + ledger.QUARTER_S, after[0].start_s) for before, after in pairwise(self.runs))

    @property
    def mean_v(self) -> float:
        return sum(volt.mean_v for volt in self.every) / len(self.every)

    @property
    def has_limits(self) -> bool:
        return _EUROPEAN_V[0] <= self.mean_v <= _EUROPEAN_V[1]

    @property
    def lowest(self) -> Volt:
        return min(self.every, key=lambda volt: volt.lo_v)

    @property
    def highest(self) -> Volt:
        return max(self.every, key=lambda volt: volt.hi_v)


def voltage_of(day: Day) -> Voltage | None:
    """None where none is kept, as of days that came from a file."""
    runs: list[list[Volt]] = []
    was_known = False
    for quarter in day.quarters:
        volt = _volt(day, quarter)
        if volt is not None:
            runs[-1].append(volt) if was_known else runs.append([volt])
        was_known = volt is not None
    if not runs:
        return None
    every = [volt for run in runs for volt in run]
    lowest, highest = min(volt.lo_v for volt in every), max(volt.hi_v for volt in every)
    step = next((step for step in _STEPS_V if (highest - lowest) / step <= _LINES - 1), 100.0)
    low, top = math.floor(lowest / step) * step, math.ceil(highest / step) * step
    return Voltage(tuple(tuple(run) for run in runs), low, max(top, low + step), step)


def _volt(day: Day, quarter: Quarter) -> Volt | None:
    if quarter.volts is None:
        return None
    return Volt(round(hour_of(quarter.start_s, day.span) + _HALF_QUARTER_H, 3), *quarter.volts, quarter.start_s)
