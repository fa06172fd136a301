"""Hours in which a person is not disturbed, on the wall clock of the home. Pure."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 1440


@dataclass(frozen=True)
class Quiet:
    """From one minute of the local day to another, over midnight when the second is the smaller; equal: never."""

    from_min: int
    to_min: int

    def holds(self, minute: int) -> bool:
        if self.from_min <= self.to_min:
            return self.from_min <= minute < self.to_min
        return minute >= self.from_min or minute < self.to_min


NIGHT = Quiet(21 * 60, 8 * 60)  # when what can wait until the morning waits for everybody


def over_ms(moment_ms: int, zone: ZoneInfo, hours: Quiet | None) -> int:
    """The moment itself [ms], unless it lies in those hours: then their end.

    An end that the clock skips is when the clock has skipped it; of one that it shows twice the first, if still ahead.
    """
    if hours is None:
        return moment_ms
    local = dt.datetime.fromtimestamp(moment_ms / 1000, zone)
    minute = local.hour * 60 + local.minute
    if not hours.holds(minute):
        return moment_ms
    day = local.date() + dt.timedelta(days=hours.to_min <= minute)
    end = dt.datetime.combine(day, dt.time(hours.to_min // 60, hours.to_min % 60), zone)
    ends_ms = [round(end.replace(fold=fold).timestamp() * 1000) for fold in (0, 1)]
    return next((end_ms for end_ms in ends_ms if end_ms > moment_ms), moment_ms)
