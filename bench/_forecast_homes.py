"""The homes whose hours are forecast, and the days on which each forecast is made: for `bench.forecast`."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from dev.paths import data_dir
from sunmeter.learning.days import Past, past_of
from sunmeter.learning.series import Floats, Hourly
from twin.recordings import Recording, read_recording

HELD_OUT = (
    "citylearn 2",
    "citylearn 4",
    "citylearn 6",
    "citylearn 8",
)  # no constant was chosen on them


@dataclass(frozen=True)
class Home:
    name: str
    zone: str
    load: Hourly
    pv: Hourly | None

    @property
    def is_held_out(self) -> bool:
        return self.name in HELD_OUT

    def past(self, start_s: int) -> Past:
        """All that a method is told when the day from start_s on is asked for, on the home's own clock."""
        return past_of(self.load, start_s, self.zone)


def homes() -> Iterator[Home]:
    """The hourly recordings; local clocks are taken as they stand."""
    folder = data_dir()
    yield _home("uci", read_recording(str(folder / "uci_hourly_2y.csv.gz")), "UTC")
    citylearn = str(folder / "citylearn_homes.csv.gz")
    for key in read_recording(citylearn).homes:
        yield _home(f"citylearn {key}", read_recording(f"{citylearn}#{key}"), "UTC")
    yield _home("opsd 4", read_recording(str(folder / "opsd_residential4_60min.csv.gz")), "Europe/Berlin")


def _home(name: str, recording: Recording, zone: str) -> Home:
    start_s = recording.start_min * 60
    pv = Hourly(start_s, recording.pv_w) if recording.pv_w is not None else None
    return Home(name, zone, Hourly(start_s, recording.house_w), pv)


def origins(home: Home, count: int, step_days: int, shift_days: int = 0) -> list[int]:
    """Local midnights `step_days` apart, the last of them at least a day before the recording ends."""
    tz = ZoneInfo(home.zone)
    end = dt.datetime.fromtimestamp(home.load.end_s, tz).date() - dt.timedelta(days=1 + shift_days)
    days = [end - dt.timedelta(days=step_days * back) for back in reversed(range(count))]
    return [int(dt.datetime.combine(day, dt.time(), tz).timestamp()) for day in days]


def scale_wh(home: Home, first_s: int) -> float:
    """Mean |y(t) - y(t - 168)| before the first origin [Wh]: what MASE is measured in."""
    rows = home.past(first_s).wh
    return float(np.nanmean(np.abs(rows[7:] - rows[:-7])))


def filled(values: Floats, fallback: Floats) -> Floats:
    return np.where(np.isfinite(values), values, fallback)


def recent(past: Past, days: int) -> Floats:
    """The newest days as one series without gaps: a missing hour is its usual self."""
    rows = past.wh[-days:]
    known = np.flatnonzero(np.isfinite(rows).any(axis=1))
    return filled(rows, np.nanmean(rows, axis=0))[known[0] :].ravel()
