"""From minutes of Unix time to minutes on the wall clock, by which people live and recordings are written."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from .units import DAY_S, MINUTE_S, Ints

DAY_MINUTES = DAY_S // MINUTE_S
_EPOCH = date(1970, 1, 1)
_STEP_MINUTES = 15  # no zone changes its offset at any other moment


def wall_minutes(from_s: int, to_s: int, zone: ZoneInfo) -> Ints:
    """For each minute of [from_s, to_s) the minute on a zone's wall clock, counted from 1970-01-01 00:00 there.

    When clocks go forward an hour of wall minutes is left out, when they go back one occurs twice.
    """
    minutes = np.arange(from_s // MINUTE_S, to_s // MINUTE_S)
    steps = minutes // _STEP_MINUTES
    known, place = np.unique(steps, return_inverse=True)
    offsets = [_offset_minutes(int(step) * _STEP_MINUTES * MINUTE_S, zone) for step in known]
    return np.asarray(minutes + np.array(offsets, dtype=np.int64)[place])


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def midnight_s(day: date, zone: ZoneInfo) -> int:
    """Unix time at which a local day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def _offset_minutes(unix_s: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(unix_s, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) // MINUTE_S
