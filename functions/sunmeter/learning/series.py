"""Hourly energy as training sees it, and the local clock it is seen on.

People follow the clock on their wall. So that "the same hour a week ago" is one subtraction, a series is laid on a
local axis on which every day has 24 hours: the hour that spring leaves out is missing, the one that autumn repeats is
the mean of both.
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

HOUR_S = 3600
DAY_HOURS = 24
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Hourly:
    """Energy per hour of UTC [Wh]; NaN where an hour is missing. `wh[i]` begins at start_s + 3600 i."""

    start_s: int
    wh: Floats

    @property
    def end_s(self) -> int:
        return self.start_s + HOUR_S * len(self.wh)

    def before(self, end_s: int) -> "Hourly":
        """The hours that ended by then."""
        hours = max(0, (end_s - self.start_s) // HOUR_S)
        return Hourly(self.start_s, self.wh[:hours])

    def between(self, start_s: int, end_s: int) -> Floats:
        """The hours from start_s on until end_s, NaN outside of what is known."""
        first = (start_s - self.start_s) // HOUR_S
        hours = np.arange(first, first + (end_s - start_s) // HOUR_S)
        known = (hours >= 0) & (hours < len(self.wh))
        found = np.full(len(hours), np.nan)
        found[known] = self.wh[hours[known]]
        return found


def offsets_s(zone: str, start_s: int, hours: int) -> Ints:
    """Offset from UTC at the start of each hour [s]; the zone is asked by the hour only on days on which it changes."""
    tz = ZoneInfo(zone)

    def offset(ts_s: int) -> int:
        moment = dt.datetime.fromtimestamp(ts_s, tz)
        return int(moment.utcoffset().total_seconds())  # type: ignore[union-attr]  # an aware moment has an offset

    found = np.empty(hours, np.int64)
    for first in range(0, hours, DAY_HOURS):
        last = min(first + DAY_HOURS, hours)
        begin, end = offset(start_s + first * HOUR_S), offset(start_s + last * HOUR_S)
        found[first:last] = begin
        if begin != end:
            found[first:last] = [offset(start_s + hour * HOUR_S) for hour in range(first, last)]
    return found


def local_hours(zone: str, start_s: int, hours: int) -> Ints:
    """For each hour of UTC the hour on the local axis: 24 × (local days since 1970) + hour of the day."""
    ts_s = start_s + HOUR_S * np.arange(hours, dtype=np.int64)
    return (ts_s + offsets_s(zone, start_s, hours)) // HOUR_S


def on_local_axis(series: Hourly, zone: str, end_local_hour: int) -> Floats:
    """The series by local hour, ending just before end_local_hour, its length a whole number of days (NaN in front)."""
    axis = local_hours(zone, series.start_s, len(series.wh))
    if not len(axis):
        return np.empty(0)
    hours = -(-(end_local_hour - int(axis[0])) // DAY_HOURS) * DAY_HOURS
    index = axis - (end_local_hour - hours)
    known = (index >= 0) & (index < hours) & np.isfinite(series.wh)
    total = np.bincount(index[known], series.wh[known], hours)
    count = np.bincount(index[known], minlength=hours)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def weekday(local_hour: Ints) -> Ints:
    """0 Monday … 6 Sunday."""
    return (local_hour // DAY_HOURS + _EPOCH_WEEKDAY) % 7
