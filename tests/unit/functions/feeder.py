"""A simulated feeder: homes with a boiler behind their relay, before, during and after hours off. Minute by minute.

A boiler's thermostat closes when the tank has lost a band of heat and opens when it is full, so in calm times the
boilers take turns. A tank that was not heated for long has lost more than its band, and so have all the others.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

HEATER_W = 2000
BAND_WH = 500  # between the thermostat's two points
TANK_WH = 6000  # all the heat a tank can miss
OTHER_W = 350  # of each home, not behind the relay: it returns with the power


@dataclass
class Boiler:
    draw_w: int  # hot water and losses, all the time
    missing_wh: float
    heats: bool

    def minute(self, may_heat: bool) -> int:
        """Power in the next minute [W]."""
        self.missing_wh = min(TANK_WH, self.missing_wh + self.draw_w / 60)
        if self.missing_wh >= BAND_WH:
            self.heats = True
        if not may_heat or not self.heats:
            return 0
        self.missing_wh -= HEATER_W / 60
        self.heats = self.missing_wh > 0
        return HEATER_W


def boilers(homes: int, seed: int = 1) -> list[Boiler]:
    """Draws of 100 to 500 W: a duty of a twentieth to a quarter; as far apart as a calm week leaves them."""
    chance = random.Random(seed)
    made = [Boiler(chance.randrange(100, 500), chance.uniform(0, BAND_WH), False) for _ in range(homes)]
    for boiler in made:
        for _ in range(chance.randrange(3000, 6000)):
            boiler.minute(True)
    return made


def run(homes: int, off_min: int, return_min: Callable[[int], float], has_power: bool, seed: int = 1) -> list[float]:
    """The feeder's power [kW] in each minute of a day: all loads off from minute 60 for `off_min`.

    return_min: home → the minute at which its load is on again. has_power: the rest of the house goes on meanwhile.
    """
    tanks, power_kw = boilers(homes, seed), []
    back = [return_min(home) for home in range(homes)]
    for minute in range(1440):
        is_off = 60 <= minute < 60 + off_min
        total_w = 0 if is_off and not has_power else homes * OTHER_W
        for home, tank in enumerate(tanks):
            total_w += tank.minute(not 60 <= minute < back[home])
        power_kw.append(total_w / 1000)
    return power_kw


@dataclass(frozen=True)
class Peaks:
    """The highest power of the feeder [kW]: in a calm day, all returning at once, and in their own time."""

    calm_kw: float
    at_once_kw: float
    staggered_kw: float


def peaks(homes: int, off_min: int, has_power: bool, return_ms: Callable[[str, int, int], int], seed: int = 1) -> Peaks:
    """return_ms: (home, when the loads may return, over how long they are off) → when one does [ms]."""
    over_min = 60 + off_min

    def own(home: int) -> float:
        return return_ms(f"h{home}", over_min * 60_000, off_min * 60_000) / 60_000

    calm = run(homes, 0, lambda home: 0.0, True, seed)
    at_once = run(homes, off_min, lambda home: over_min, has_power, seed)
    staggered = run(homes, off_min, own, has_power, seed)
    return Peaks(max(calm), max(at_once[over_min:]), max(staggered[over_min:]))
