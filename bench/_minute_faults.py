"""Eleven faults of a meter or a house, injected into power, reactive power and voltage alike, at seeded places."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench._minute_house import FOLD_DAYS
from sunmeter.learning.minutes import MINUTE_S, Minutes
from sunmeter.learning.series import Floats

WARM_MINUTES = 26 * 60  # before a fault: what the slowest channel remembers
EXCESS_FAULTS = ("heater 2 kW, 2 h at night", "1.5 kW, 6 h by day")
COLUMNS = ("grid_w", "pv_w", "v_dv", "q_var")


@dataclass(frozen=True)
class Fault:
    """Something done to the minutes of a stretch; `part` runs from 0 to 1 over it."""

    name: str
    hours: int
    apply: Callable[[dict[str, Floats], Floats], None]  # changes the columns in place
    between: tuple[float, float] = (0.0, 24.0)  # local hours it may start


def _scaled(factor: Callable[[Floats], Floats], *names: str) -> Callable[[dict[str, Floats], Floats], None]:
    def apply(columns: dict[str, Floats], part: Floats) -> None:
        for name in names:
            columns[name] *= factor(part)

    return apply


def _added(**watts: float) -> Callable[[dict[str, Floats], Floats], None]:
    def apply(columns: dict[str, Floats], part: Floats) -> None:
        for name, number in watts.items():
            columns[name] += number

    return apply


def _frozen(columns: dict[str, Floats], part: Floats) -> None:
    for column in columns.values():
        column[:] = column[0]


def _voltage_drift(columns: dict[str, Floats], part: Floats) -> None:
    factor = 1 + 150 * part / columns["v_dv"]
    for name in ("grid_w", "pv_w", "q_var", "v_dv"):
        columns[name] *= factor


CURRENT = ("grid_w", "q_var")
FAULTS = (
    Fault(EXCESS_FAULTS[0], 2, _added(grid_w=2000), (0, 3)),
    Fault(EXCESS_FAULTS[1], 6, _added(grid_w=1500), (9, 14)),
    Fault("hidden 300 W, 72 h", 72, _added(grid_w=300, q_var=99)),
    Fault("clamp bypassed 50 %, 48 h", 48, _scaled(lambda part: 0.5 + 0 * part, *CURRENT)),
    Fault("clamp open, 6 h", 6, _scaled(lambda part: 0 * part, *CURRENT)),
    Fault("voltage gain +6 %, 12 h", 12, _scaled(lambda part: 1.06 + 0 * part, "grid_w", "pv_w", "q_var", "v_dv")),
    Fault("clamp reversed, 3 h", 3, _scaled(lambda part: 0 * part - 1, *CURRENT)),
    Fault("sensor frozen, 3 h", 3, _frozen),
    Fault("current drift to -50 %, 5 d", 120, _scaled(lambda part: 1 - 0.5 * part, *CURRENT)),
    Fault("voltage drift +15 V, 4 d", 96, _voltage_drift),
    Fault("+0.5 kvar, 12 h", 12, _added(q_var=500)),
)


@dataclass(frozen=True)
class Placed:
    fault: Fault
    first: int  # minute of the test month

    def injected(self, month: Minutes) -> tuple[Minutes, int]:
        """The stretch with the fault in it, the slowest channel warmed; and the position of its first minute."""
        begin = max(0, self.first - WARM_MINUTES)
        end = min(len(month.grid_w), self.first + 60 * self.fault.hours)
        columns = {name: getattr(month, name)[begin:end].copy() for name in COLUMNS}
        inside = {name: column[self.first - begin :] for name, column in columns.items()}
        self.fault.apply(inside, np.linspace(0, 1, end - self.first))
        rounded = (np.round(columns[name]) for name in COLUMNS)
        return Minutes(month.start_s + begin * MINUTE_S, *rounded), begin


def placed(seed: int, placements: int) -> list[Placed]:
    """Each fault so many times, anywhere in a month from its third day on."""
    chance = np.random.default_rng(seed)
    found = []
    for fault in FAULTS:
        for _ in range(placements):
            day = int(chance.integers(2, FOLD_DAYS - max(1, -(-fault.hours // 24))))
            found.append(Placed(fault, int((day * 24 + chance.uniform(*fault.between)) * 60)))
    return found
