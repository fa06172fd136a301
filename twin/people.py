"""Households: seeded people with habits, whose appliances make the minutes of any day.

A day is a pure function of the household and its date, so any range may be asked for, in any order. Days are local and
1,440 wall minutes long; the calendar maps them to UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from .appliances import APPLIANCES
from .chance import generator, noise, uniform
from .local_time import DAY_MINUTES, wall_minutes
from .mains import wander_v
from .profile import Profile
from .pv import PvArray
from .units import MINUTE_S, Floats

_OVERHANG = 360  # minutes that an evening's event may reach into the next day
_SUPPLY_OHM = 0.25  # between the street and the meter: a house that draws 10 A sees 2.5 V less
_MONDAY = 4  # 1970-01-05, as a day number


@dataclass(frozen=True, kw_only=True)
class Household:
    """Who lives in a house and what they own. Times are minutes of the local day."""

    seed: int
    zone: str = "Europe/Paris"
    people: int = 3
    base_w: float = 95.0
    wake_min: int = 395
    leave_min: int = 495
    back_min: int = 1045
    bed_min: int = 1365
    home_on_weekdays: bool = False
    electric_water: bool = False
    car: bool = False
    heat_pump_w: float = 0.0  # mean power on a cold winter's day
    away_share: float = 0.04  # of the weeks
    pv: PvArray | None = None
    mean_v: float = 231.0

    def minutes(self, from_s: int, to_s: int) -> Profile:
        """The profile of [from_s, to_s), both whole minutes of Unix time."""
        wall = wall_minutes(from_s, to_s, ZoneInfo(self.zone))
        unix_s = np.arange(from_s, to_s, MINUTE_S, dtype=np.float64)
        loads = {key: np.zeros(len(wall)) for key in APPLIANCES}
        days = wall // DAY_MINUTES
        for day in np.unique(days).tolist():
            at = np.flatnonzero(days == day)
            for key, watts in _day_of(self, int(day)).items():
                loads[key][at] = watts[wall[at] % DAY_MINUTES]
        loads = {key: watts for key, watts in loads.items() if watts.any()}
        pv_w = self.pv.power_w(unix_s + MINUTE_S / 2) if self.pv else np.zeros(len(wall))
        return Profile(
            start_s=from_s,
            loads_w=loads,
            pv_w=pv_w,
            extra_var=np.zeros(len(wall)),
            v_v=self._voltage(unix_s, sum(loads.values(), -pv_w)),
            has_pv=self.pv is not None,
        )

    def _voltage(self, unix_s: Floats, grid_w: Floats) -> Floats:
        return np.asarray(self.mean_v + wander_v(unix_s, self.seed) - _SUPPLY_OHM * grid_w / self.mean_v)


@lru_cache(maxsize=256)
def _day_of(household: Household, day: int) -> dict[str, Floats]:
    """Watts of each appliance in the 1,440 wall minutes of a day, what the evening before left running included."""
    today, before = _Day(household, day).live(), _Day(household, day - 1).live()
    watts = {key: minutes[:DAY_MINUTES].copy() for key, minutes in today.items()}
    for key, minutes in before.items():
        watts[key][:_OVERHANG] += minutes[DAY_MINUTES:]
    return watts


@dataclass
class _Day:
    """One day as it is lived: each habit draws from a generator of its own, so that a new one disturbs no other."""

    household: Household
    day: int
    watts: dict[str, Floats] = field(default_factory=dict)

    def live(self) -> dict[str, Floats]:
        self.watts = {key: np.zeros(DAY_MINUTES + _OVERHANG) for key in APPLIANCES}
        self._always()
        if not self._away:
            for habit in _HABITS:
                habit(self, generator(self.household.seed, habit.__name__, self.day))
        return self.watts

    @property
    def _weekend(self) -> bool:
        return (self.day - _MONDAY) % 7 >= 5

    @property
    def _away(self) -> bool:
        week = np.array([(self.day - _MONDAY) // 7])
        return bool(uniform(self.household.seed, "away", week)[0] < self.household.away_share)

    @property
    def _cold(self) -> float:
        """0 in July, 1 in January, with days that are colder than others."""
        season = 0.5 + 0.5 * np.cos(2 * np.pi * (self.day - 20) / 365.25)
        whim = float(noise(self.household.seed, "weather of days", np.array([self.day / 3.0]))[0])
        return float(np.clip(season + 0.15 * whim, 0.0, 1.0))

    def _always(self) -> None:
        """What runs whether or not somebody is in: standby, router, fridge, and a heat pump held at its lowest."""
        h = self.household
        minute = np.arange(DAY_MINUTES, dtype=np.float64) + self.day * DAY_MINUTES
        self.watts["base"][:DAY_MINUTES] = h.base_w * (1.0 + 0.08 * noise(h.seed, "base", minute / 45.0))
        period = 48.0 + h.seed % 17
        turn = (minute / period + 0.15 * noise(h.seed, "fridge", minute / 200.0)) % 1.0
        self.watts["fridge"][:DAY_MINUTES] = np.where(turn < 0.38 - 0.06 * self._cold, 92.0, 0.0)
        if h.heat_pump_w:
            swing = 1.0 + 0.5 * np.cos(2 * np.pi * (minute - 330.0) / DAY_MINUTES)
            turn = (minute / 37.0 + 0.2 * noise(h.seed, "heat pump", minute / 150.0)) % 1.0
            share = np.clip(0.12 + 0.88 * self._cold * swing, 0.05, 1.0) * (0.5 if self._away else 1.0)
            self.watts["heat_pump"][:DAY_MINUTES] = np.where(turn < share, h.heat_pump_w, 12.0)

    def _awake(self, rng: np.random.Generator) -> list[tuple[int, int]]:
        """When somebody is at home and awake."""
        h = self.household
        up = h.wake_min + rng.normal(70 if self._weekend else 0, 15)
        down = h.bed_min + rng.normal(30 if self._weekend else 0, 25)
        if h.home_on_weekdays or (self._weekend and rng.random() < 0.6):
            return [(int(up), int(down))]
        gone, back = (600, 1020) if self._weekend else (h.leave_min, h.back_min)
        return [(int(up), int(gone + rng.normal(0, 12))), (int(back + rng.normal(0, 25)), int(down))]

    def _run(self, key: str, start_min: float, minutes: float, watts: float) -> None:
        """Add a load that starts and ends within minutes: the first and last get their share."""
        edges = np.clip(np.arange(len(self.watts[key]) + 1, dtype=np.float64), start_min, start_min + minutes)
        self.watts[key] += watts * np.diff(edges)

    def living(self, rng: np.random.Generator) -> None:
        """Screens and chargers while somebody is awake; light while it is dark."""
        for start, end in self._awake(rng):
            self._run("electronics", start, end - start, rng.uniform(25, 45) * self.household.people)
            evening = max(start, 1140)
            if evening < end:
                self._run("electronics", evening, end - evening, rng.uniform(70, 150))
            dusk, dawn = 1230 - 230 * self._cold, 390 + 110 * self._cold
            light_w = rng.uniform(60, 140)
            if start < dawn:
                self._run("lighting", start, min(dawn, end) - start, light_w)
            if end > dusk:
                self._run("lighting", max(dusk, start), end - max(dusk, start), light_w)

    def hot_drinks(self, rng: np.random.Generator) -> None:
        for start, end in self._awake(rng):
            for _ in range(rng.poisson((end - start) / 260.0)):
                self._run("kettle", rng.uniform(start, end), rng.uniform(1.5, 3.5), 2150.0)

    def cooking(self, rng: np.random.Generator) -> None:
        if self._weekend or self.household.home_on_weekdays:
            self._run("hob", rng.normal(735, 20), rng.uniform(15, 35), rng.uniform(600, 1200))
        dinner = rng.normal(1145, 30)
        self._run("hob", dinner, rng.uniform(20, 45), rng.uniform(700, 1500))
        if rng.random() < (0.5 if self._weekend else 0.25):
            self._run("oven", dinner - 20, 12, 2000.0)
            self._run("oven", dinner - 8, rng.uniform(25, 50), 850.0)

    def washing(self, rng: np.random.Generator) -> None:
        if rng.random() < 0.13 * self.household.people + (0.15 if self._weekend else 0.0):
            start = rng.uniform(540, 1080) if self._weekend else rng.uniform(1050, 1230)
            self._run("water_heater", start + 4, rng.uniform(10, 18), 2000.0)
            self._run("washing", start, 70, 120.0)
            self._run("washing", start + 58, 10, 350.0)

    def dishes(self, rng: np.random.Generator) -> None:
        if rng.random() < 0.18 * self.household.people:
            start = rng.normal(1245, 35)
            self._run("washing", start, 95, 45.0)
            self._run("water_heater", start + 12, 14, 1900.0)
            self._run("water_heater", start + 68, 12, 1900.0)

    def cleaning(self, rng: np.random.Generator) -> None:
        if rng.random() < (0.35 if self._weekend else 0.08):
            self._run("motor", rng.uniform(600, 1100), rng.uniform(10, 30), rng.uniform(700, 1100))

    def water(self, rng: np.random.Generator) -> None:
        """A boiler that heats at the night rate what the day has used."""
        if self.household.electric_water:
            self._run(
                "water_heater", 1350 + rng.uniform(0, 15), 32.0 * self.household.people * rng.uniform(0.6, 1.2), 2000.0
            )

    def driving(self, rng: np.random.Generator) -> None:
        if self.household.car and rng.random() < 0.45:
            self._run("car", rng.normal(1100, 45), rng.uniform(60, 260), 3650.0)


_HABITS: tuple[Callable[[_Day, np.random.Generator], None], ...] = (
    _Day.living,
    _Day.hot_drinks,
    _Day.cooking,
    _Day.washing,
    _Day.dishes,
    _Day.cleaning,
    _Day.water,
    _Day.driving,
)


def demo_households(zone: str = "Europe/Paris") -> tuple[Household, ...]:
    """The street of the demo: a family with PV, a retired couple with PV and a heat pump, and a flat with a car."""
    return (
        Household(seed=11, zone=zone, people=4, pv=PvArray(5200.0, seed=5)),
        Household(
            seed=23,
            zone=zone,
            people=2,
            base_w=70.0,
            home_on_weekdays=True,
            heat_pump_w=1300.0,
            pv=PvArray(7400.0, azimuth_deg=205.0, tilt_deg=25.0, seed=5),
        ),
        Household(seed=37, zone=zone, people=2, base_w=55.0, electric_water=True, car=True),
    )
