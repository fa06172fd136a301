"""What was true: energy integrated from the true voltage and currents, ten whole cycles at a time, by sign."""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from .units import Floats, Ints

CYCLES = 10  # as the meter's burst: within it import and export are not told apart
_J_PER_WH = 3600.0
_KEPT = 5  # of so many groups one total is remembered: about one a second


@dataclass(frozen=True)
class Energy:
    """Energy [Wh], each counter rising only; house = import - export + pv."""

    import_wh: float = 0.0
    export_wh: float = 0.0
    pv_wh: float = 0.0
    standby_wh: float = 0.0

    @property
    def house_wh(self) -> float:
        return self.import_wh - self.export_wh + self.pv_wh

    def __sub__(self, before: "Energy") -> "Energy":
        return Energy(
            self.import_wh - before.import_wh,
            self.export_wh - before.export_wh,
            self.pv_wh - before.pv_wh,
            self.standby_wh - before.standby_wh,
        )


class Ledger:
    """Running totals, and what they were at every second of simulated time."""

    def __init__(self) -> None:
        self._joules = np.zeros(4)  # of complete groups of cycles
        self._group = -1  # the one that is not complete yet
        self._group_j = np.zeros(2)
        self._blocks: list[Floats] = [np.zeros((1, 5))]  # rows of time [s] and four totals [J]
        self._block_ends_s: list[float] = [0.0]

    def add(self, groups: Ints, ends_s: Floats, grid_j: Floats, pv_j: Floats) -> None:
        """Book the energy [J] of successive runs of cycles; groups (cycle // CYCLES) never fall, ends_s rise."""
        first = int(groups[0])
        if self._group not in (-1, first):
            raise ValueError(f"group {self._group} was left open and {first} came")
        sums = np.stack([np.bincount(groups - first, j) for j in (grid_j, pv_j)], axis=1).astype(np.float64)
        sums[0] += self._group_j
        totals = self._joules + np.cumsum(_by_sign(sums), axis=0)
        self._joules = totals[-2] if len(totals) > 1 else self._joules
        self._group, self._group_j = int(groups[-1]), sums[-1]
        last_runs = np.flatnonzero(np.diff(groups, append=groups[-1] + 1))
        rows = np.column_stack([ends_s[last_runs], totals])
        kept = np.append(np.arange(_KEPT - 1, len(rows) - 1, _KEPT), len(rows) - 1)
        self._blocks.append(rows[kept])
        self._block_ends_s.append(float(ends_s[-1]))

    def at(self, t_s: float) -> Energy:
        """Totals at a simulated time that has been booked, linear within a second."""
        block = min(bisect_left(self._block_ends_s, t_s), len(self._blocks) - 1)
        rows = np.concatenate([self._blocks[max(block - 1, 0)][-1:], self._blocks[block]])
        return Energy(*(float(np.interp(t_s, rows[:, 0], rows[:, k])) / _J_PER_WH for k in range(1, 5)))


def _by_sign(groups_j: Floats) -> Floats:
    """Import, export, pv and standby [J] of groups with columns grid and pv: shape (groups, 4)."""
    up, down = np.maximum(groups_j, 0.0), np.maximum(-groups_j, 0.0)
    return np.column_stack([up[:, 0], down[:, 0], up[:, 1], down[:, 1]])
