"""The house of the anomaly benchmark: sixty real days by the minute, with or without PV laid over, in two folds."""

from dataclasses import dataclass

import numpy as np

from dev.paths import data_dir
from sunmeter.learning import replay
from sunmeter.learning.minutes import Minutes
from sunmeter.learning.series import Floats
from twin.recordings import read_recording

DAY_MINUTES, DAY_S = 1440, 86_400
FOLD_DAYS = 30
_CLOUD_SEED = 20261123


@dataclass(frozen=True)
class Seen:
    """Minutes as a detector gets them: with their features, formed once for all detectors."""

    minutes: Minutes
    found: dict[int, Floats]

    @classmethod
    def of(cls, minutes: Minutes) -> "Seen":
        return cls(minutes, replay.features(minutes))


def house(with_pv: bool) -> Minutes:
    """The UCI house, its wall clock taken as UTC, from its first midnight on."""
    recording = read_recording(str(data_dir() / "uci_minute_60d.csv.gz"))
    assert recording.q_var is not None
    assert recording.v_v is not None
    skipped = -recording.start_min % DAY_MINUTES
    house_w, q_var = np.round(recording.house_w[skipped:]), np.round(recording.q_var[skipped:])
    pv_w = _pv(len(house_w)) if with_pv else np.full(len(house_w), np.nan)
    grid_w = house_w - np.where(pv_w > 0, pv_w, 0)
    return Minutes((recording.start_min + skipped) * 60, grid_w, pv_w, np.round(10 * recording.v_v[skipped:]), q_var)


def _pv(size: int) -> Floats:
    """A Californian winter's PV by the hour, laid over by the minute with passing clouds."""
    recording = read_recording(str(data_dir() / "citylearn_homes.csv.gz") + "#1")
    assert recording.pv_w is not None
    first = 138 * 24 + 1  # 17 December, midnight
    hours = recording.pv_w[first : first + size // 60 + 2]
    smooth = np.interp(np.arange(size) / 60, np.arange(len(hours)) + 0.5, hours)
    clouds = np.random.default_rng(_CLOUD_SEED).uniform(0.8, 1.2, size)
    return np.where(smooth > 20, smooth * clouds, -4.0).round(0)


def folds(minutes: Minutes) -> list[tuple[Minutes, Minutes]]:
    days = len(minutes.grid_w) // DAY_MINUTES
    first = minutes.between(minutes.start_s, minutes.start_s + FOLD_DAYS * DAY_S)
    second = minutes.between(minutes.start_s + (days - FOLD_DAYS) * DAY_S, minutes.end_s)
    return [(first, second), (second, first)]
