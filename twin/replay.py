"""A recording as a house: its day laid onto another date, its hours given minutes, its watts given appliances.

What was recorded is kept exactly: a minute's energy in its minute, an hour's energy in its hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from .appliances import APPLIANCES, reactive_per_w
from .chance import noise, uniform
from .ledger import Energy
from .local_time import DAY_MINUTES, day_number, wall_minutes
from .mains import wander_v
from .profile import Profile
from .pv import PvArray
from .recordings import HOUR_MINUTES, Recording
from .units import MINUTE_S, Floats, Ints

_STANDBY_W = 3.0  # of an inverter at night, whose recording says 0
_MEAN_V = 231.0
_FLAT = 0.55  # share of an hour's consumption above the day's floor that is smooth; the rest comes in blocks
_BLOCKS = 3  # at most, in an hour


@dataclass(frozen=True)
class Replay:
    """A source that plays a recording from one of its days on, laid onto a date.

    Days follow each other as recorded and start again at the first when the recording ends; a gap is filled with the
    same time of the day that was chosen. overlay is a PV array for a home that was recorded without one.
    """

    recording: Recording
    day: int  # position among the recording's days
    onto: date  # the date on which that day is played
    zone: str = "Europe/Paris"
    overlay: PvArray | None = None
    seed: int = 1

    def minutes(self, from_s: int, to_s: int) -> Profile:
        """The profile of [from_s, to_s), both whole minutes of Unix time."""
        zone = ZoneInfo("UTC") if self.recording.utc else ZoneInfo(self.zone)
        wall = wall_minutes(from_s, to_s, zone)
        days, minute = wall // DAY_MINUTES, wall % DAY_MINUTES
        positions = (days - day_number(self.onto) + self.day) % self.recording.days
        at = positions * DAY_MINUTES + minute
        unix_s = np.arange(from_s, to_s, MINUTE_S, dtype=np.float64)
        house_w = self._house_w[at]
        pv_w, has_pv = self._pv(at, unix_s)
        standby_w = np.minimum(np.maximum(-pv_w, 0.0), house_w)  # the house's figure includes the inverter at night
        pv_w = np.where(pv_w < 0, -standby_w, pv_w)
        loads_w = split(house_w - standby_w)
        own_var = sum((reactive_per_w(APPLIANCES[k]) * w for k, w in loads_w.items()), np.zeros(len(at)))
        return Profile(
            start_s=from_s,
            loads_w=loads_w,
            pv_w=pv_w,
            extra_var=np.zeros(len(at)) if self._q_var is None else self._q_var[at] - own_var,
            v_v=_MEAN_V + wander_v(unix_s, self.seed) if self._v_v is None else self._v_v[at],
            has_pv=has_pv,
        )

    def _pv(self, at: Ints, unix_s: Floats) -> tuple[Floats, bool]:
        if self._pv_w is not None:
            return np.where(self._dark[at], -_STANDBY_W, self._pv_w[at]), True
        if self.overlay is not None:
            return self.overlay.power_w(unix_s + MINUTE_S / 2), True
        return np.zeros(len(at)), False

    @cached_property
    def _house_w(self) -> Floats:
        """Minutes of all whole days, one after the other."""
        steps = self._whole(self.recording.house_w)
        if self.recording.step_min == 1:
            return steps
        house_w = minutes_of_load(steps, self.seed)
        if self.recording.import_w is None or self._pv_w is None:
            return house_w
        return meet_import(house_w, self._pv_w, self._whole(self.recording.import_w), self.seed)

    @cached_property
    def _pv_w(self) -> Floats | None:
        if self.recording.pv_w is None:
            return None
        steps = self._whole(self.recording.pv_w)
        return steps if self.recording.step_min == 1 else minutes_of_pv(steps, self.seed)

    @cached_property
    def _dark(self) -> NDArray[np.bool_]:
        """Minutes of the steps in which the recording says that nothing was generated."""
        assert self.recording.pv_w is not None
        return np.repeat(self._whole(self.recording.pv_w) == 0.0, self.recording.step_min)

    @cached_property
    def _q_var(self) -> Floats | None:
        return None if self.recording.q_var is None else self._minutes_of(self.recording.q_var)

    @cached_property
    def _v_v(self) -> Floats | None:
        return None if self.recording.v_v is None else self._minutes_of(self.recording.v_v)

    def _minutes_of(self, column: Floats) -> Floats:
        return np.repeat(self._whole(column), self.recording.step_min)

    def _whole(self, column: Floats) -> Floats:
        """Steps of all whole days, gaps filled with the chosen day, and what is missing there too with the mean."""
        days = self.recording.by_day(column).copy()
        chosen = days[self.day]
        typical = np.where(np.isnan(chosen), np.nanmean(days), chosen)
        return np.where(np.isnan(days), typical, days).reshape(-1)


def split(house_w: Floats) -> Mapping[str, Floats]:
    """Give a house's watts to appliances, from what is always on to what heats; the sum is exact."""
    left = house_w
    loads = {}
    for key, most_w in (("base", 90.0), ("fridge", 80.0), ("electronics", 180.0), ("lighting", 120.0)):
        loads[key] = np.minimum(left, most_w)
        left = left - loads[key]
    loads["hob"] = 0.4 * left  # switches within seconds, as thermostats do
    loads["water_heater"] = left - loads["hob"]
    return loads


def minutes_of_pv(hours_w: Floats, seed: int) -> Floats:
    """Minutes of PV power whose hourly means are exact: a curve through the hours, with clouds, nothing in the dark."""
    minute = np.arange(len(hours_w) * HOUR_MINUTES)
    curve = np.interp((minute + 0.5) / HOUR_MINUTES - 0.5, np.arange(len(hours_w)), hours_w)
    clouds = 1.0 + 0.25 * noise(seed, "clouds of an hour", minute / 7.0)
    return _exact(np.maximum(curve, 1e-9) * clouds, hours_w)


def minutes_of_load(hours_w: Floats, seed: int) -> Floats:
    """Minutes of a house whose hourly means are exact: the day's floor, a smooth part, and appliances' blocks."""
    hours = np.arange(len(hours_w))
    floor_w = np.repeat(_floor_w(hours_w), HOUR_MINUTES)
    minute = np.arange(len(hours_w) * HOUR_MINUTES)
    smooth = np.interp((minute + 0.5) / HOUR_MINUTES - 0.5, hours, hours_w) * (
        1.0 + 0.1 * noise(seed, "ripple", minute / 11.0)
    )
    shape = _FLAT * smooth / max(float(np.mean(hours_w)), 1e-9)
    into = np.tile(np.arange(HOUR_MINUTES), len(hours_w))
    for block in range(_BLOCKS):
        start, length, height = (
            np.repeat(uniform(seed, f"block {block} {what}", hours), HOUR_MINUTES)
            for what in ("start", "length", "height")
        )
        on = (into >= start * 50) & (into < start * 50 + 3 + length * 20)
        shape = shape + on * height * (1.0 - _FLAT)
    excess_w = np.maximum(hours_w - _floor_w(hours_w), 0.0)
    return np.asarray(floor_w + _exact(np.maximum(shape, 1e-6), excess_w))


def meet_import(house_w: Floats, pv_w: Floats, import_hours_w: Floats, seed: int) -> Floats:
    """Bend the minutes of each hour until what the house imports is what was recorded, its energy unchanged.

    Within an hour that both imports and exports the load is drawn together into pulses; how far is found by bisection.
    Where even the shortest pulses do not reach the recorded import they are kept, and the hour exports that much less.
    """
    hours = len(import_hours_w)
    load, pv = house_w.reshape(hours, -1), pv_w.reshape(hours, -1)
    period = 6.0 + 6.0 * uniform(seed, "pulses", np.arange(hours))[:, None]
    into = (np.arange(HOUR_MINUTES) / period) % 1.0

    def drawn_together(amount: Floats) -> Floats:
        on = into < 1.0 - 0.9 * amount[:, None]
        bent = load * np.where(on, 1.0, 1.0 - amount[:, None])
        return np.asarray(bent * (load.mean(axis=1) / np.maximum(bent.mean(axis=1), 1e-9))[:, None])

    low, high = np.zeros(hours), np.full(hours, 0.97)
    for _ in range(24):
        middle = (low + high) / 2
        short = np.maximum(drawn_together(middle) - pv, 0.0).mean(axis=1) < import_hours_w
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.asarray(drawn_together((low + high) / 2).reshape(-1))


def _floor_w(hours_w: Floats) -> Floats:
    """What is always on: nine tenths of the least of the day around each hour."""
    padded = np.pad(hours_w, 12, mode="edge")
    least = np.lib.stride_tricks.sliding_window_view(padded, 25).min(axis=1)
    return np.asarray(0.9 * least)


def _exact(shape: Floats, hours_w: Floats) -> Floats:
    """Scale each hour of a positive shape to its mean power."""
    hours = shape.reshape(len(hours_w), HOUR_MINUTES)
    return np.asarray((hours * (hours_w / hours.mean(axis=1))[:, None]).reshape(-1))


def recorded_energy(profile: Profile, from_s: int, to_s: int) -> Energy:
    """What the minutes say was used, imported, exported and generated in [from_s, to_s); grid by the minute's sign."""
    part = profile.cut(from_s, to_s)
    wh = MINUTE_S / 3600.0
    return Energy(
        import_wh=float(np.maximum(part.grid_w, 0.0).sum() * wh),
        export_wh=float(np.maximum(-part.grid_w, 0.0).sum() * wh),
        pv_wh=float(np.maximum(part.pv_w, 0.0).sum() * wh),
        standby_wh=float(np.maximum(-part.pv_w, 0.0).sum() * wh),
    )
