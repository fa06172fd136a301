"""PV homes by the hour of UTC, and losses put into their recordings: for `bench.pvhealth` and its tests.

The injected losses are simulated, what they are put into was measured.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench._forecast_homes import homes
from sunmeter.learning.series import DAY_HOURS, HOUR_S, Bools, Floats, Hourly, local_hours

DAY_S = DAY_HOURS * HOUR_S
CALIFORNIA, _WEST_S = "America/Los_Angeles", 8 * HOUR_S  # CityLearn's clocks: the hour of spring and autumn included
TRIP_HOURS, TRIP_DAYS = (10, 16), 2
SHADED_HOURS, SHADE, SHADED_DAYS = (14, 17), 0.5, 21
DIRT, DIRT_DAYS, DIRTY_DAYS = 0.25, 30, 45  # its part in the end, how long it grows, and when it is looked at
CLEAR_DAYS = 10  # whose best hour tells how much of an hour's light was direct


@dataclass(frozen=True)
class PvHome:
    """PV and load by the hour of UTC [Wh]; `midnight_s` ends the last whole day."""

    name: str
    zone: str
    pv: Hourly
    load: Hourly
    midnight_s: int

    @property
    def days(self) -> int:
        return (self.midnight_s - self.pv.start_s) // DAY_S

    def with_pv(self, wh: Floats) -> "PvHome":
        return replace(self, pv=Hourly(self.pv.start_s, wh))


def pv_homes() -> Iterator[PvHome]:
    """The recordings with PV; clocks that went with summer time are laid on UTC."""
    for home in homes():
        if home.pv is None:
            continue
        if home.zone == "UTC":
            pv, load = (_from_local(series, CALIFORNIA, _WEST_S) for series in (home.pv, home.load))
            yield PvHome(home.name, CALIFORNIA, pv, load, pv.end_s // DAY_S * DAY_S + _WEST_S - DAY_S)
        else:
            yield PvHome(home.name, home.zone, home.pv, home.load, home.pv.end_s // DAY_S * DAY_S - HOUR_S)


def _from_local(series: Hourly, zone: str, behind_s: int) -> Hourly:
    """A series that was named by the clock on the wall, by the hour of UTC."""
    start_s = series.start_s + behind_s - DAY_S
    index = local_hours(zone, start_s, len(series.wh) + 2 * DAY_HOURS) - series.start_s // HOUR_S
    known = (index >= 0) & (index < len(series.wh))
    return Hourly(start_s, np.where(known, series.wh[np.clip(index, 0, len(series.wh) - 1)], np.nan))


@dataclass(frozen=True)
class Loss:
    """A cause put into a home: `days` after it began it is looked at."""

    cause: str
    days: int
    put: Callable[[PvHome, int], Floats]  # home and the midnight it begins at → the PV that is left [Wh]


def _solar_hour(home: PvHome) -> Floats:
    """Of each hour, the hour of a day whose noon is that of the home's own sun."""
    hour = np.arange(len(home.pv.wh)) + home.pv.start_s // HOUR_S
    turn = 2 * np.pi * hour / DAY_HOURS
    wh = np.nan_to_num(home.pv.wh)
    noon = np.angle(np.sum(wh * np.exp(1j * turn))) / (2 * np.pi) * DAY_HOURS
    return np.asarray((hour - round(noon) + 12) % DAY_HOURS, float)


def _since(home: PvHome, start_s: int, days: int | None = None) -> Bools:
    """Which hours lie in the days from a midnight on."""
    at_s = home.pv.start_s + HOUR_S * np.arange(len(home.pv.wh))
    end_s = home.pv.end_s if days is None else start_s + days * DAY_S
    return np.asarray((at_s >= start_s) & (at_s < end_s))


def trip(home: PvHome, start_s: int) -> Floats:
    """Nothing from ten to four on two days."""
    hour = _solar_hour(home)
    off = _since(home, start_s, TRIP_DAYS) & (hour >= TRIP_HOURS[0]) & (hour < TRIP_HOURS[1])
    return np.where(off, 0.0, home.pv.wh)


def shading(home: PvHome, start_s: int) -> Floats:
    """Half of the direct light of three hours: all of the shade on a clear day, little of it under clouds."""
    hour = _solar_hour(home)
    shaded = _since(home, start_s) & (hour >= SHADED_HOURS[0]) & (hour < SHADED_HOURS[1])
    wh = home.pv.wh
    days = np.stack([np.roll(np.nan_to_num(wh), DAY_HOURS * back) for back in range(CLEAR_DAYS)])
    direct = np.clip(wh / np.maximum(days.max(axis=0), 1.0), 0.0, 1.0)
    return np.where(shaded, wh * (1.0 - SHADE * direct), wh)


def soiling(home: PvHome, start_s: int) -> Floats:
    """A quarter less, growing over a month."""
    day = (home.pv.start_s + HOUR_S * np.arange(len(home.pv.wh)) - start_s) / DAY_S
    return np.asarray(home.pv.wh * (1.0 - DIRT * np.clip(day / DIRT_DAYS, 0.0, 1.0)), float)


LOSSES = (Loss("trip", TRIP_DAYS, trip), Loss("shading", SHADED_DAYS, shading), Loss("soiling", DIRTY_DAYS, soiling))
