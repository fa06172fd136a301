"""Whether what the clamps hear can be right, as far as one reading tells. Pure."""

from enum import Enum
from typing import NamedTuple

from .live import Reading

CLEAR_W = 50  # beyond the errors of two clamps at small powers, and an inverter's own use at night
DAY_HOURS = range(8, 17)  # in which a roof that takes power is a clamp the wrong way round, in any season


class Sense(Enum):
    RIGHT = "right"  # it can be
    REVERSED = "reversed"
    IDLE = "idle"  # too little flows to tell
    UNSURE = "unsure"
    ABSENT = "absent"


class Clamps(NamedTuple):
    grid: Sense
    pv: Sense

    @property
    def are_wrong(self) -> bool:
        return Sense.REVERSED in self


def judge(reading: Reading, hour: int) -> Clamps:
    """hour: of the day, on the wall of the home."""
    pv = _pv(reading.pv_w, hour in DAY_HOURS)
    return Clamps(_grid(reading.grid_w, max(0, reading.pv_w or 0), pv), pv)


def _pv(pv_w: int | None, is_day: bool) -> Sense:
    if pv_w is None:
        return Sense.ABSENT
    if abs(pv_w) < CLEAR_W:
        return Sense.IDLE
    if pv_w > 0:
        return Sense.RIGHT
    return Sense.REVERSED if is_day else Sense.UNSURE


def _grid(grid_w: int, sun_w: int, pv: Sense) -> Sense:
    """A house gives back no more than its roof makes."""
    if pv in (Sense.REVERSED, Sense.UNSURE):
        return Sense.UNSURE
    if grid_w + sun_w <= -CLEAR_W:
        return Sense.REVERSED
    return Sense.IDLE if abs(grid_w) < CLEAR_W else Sense.RIGHT
