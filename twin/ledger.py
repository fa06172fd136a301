"""What was true: energy integrated from the true voltage and currents, ten whole cycles at a time, by sign."""

from dataclasses import dataclass

import numpy as np

from .units import Floats, Ints

CYCLES = 10  # as the meter's burst: within it import and export are not told apart
_J_PER_WH = 3600.0


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
    """Running totals, and what they were at the end of each chunk of simulated time."""

    def __init__(self) -> None:
        self._joules = np.zeros(4)
        self._group: int | None = None  # the group of cycles that is not complete yet
        self._group_j = np.zeros(2)
        self._marks_s: list[float] = [0.0]
        self._marks_j: list[Floats] = [np.zeros(4)]

    def add(self, groups: Ints, grid_j: Floats, pv_j: Floats) -> None:
        """Book the energy [J] of successive runs of cycles; groups (cycle // CYCLES) never fall."""
        if not len(groups):
            return
        first = int(groups[0])
        if self._group is not None and self._group != first:
            self._close(self._group_j[None, :])
            self._group_j = np.zeros(2)
        sums: Floats = np.stack([np.bincount(groups - first, j) for j in (grid_j, pv_j)], axis=1).astype(np.float64)
        sums[0] += self._group_j
        self._close(sums[:-1])
        self._group, self._group_j = int(groups[-1]), sums[-1]

    def mark(self, t_s: float) -> None:
        """Remember the totals at simulated time t_s; the group that is open counts as far as it got."""
        self._marks_s.append(t_s)
        self._marks_j.append(self._joules + _by_sign(self._group_j[None, :]))

    def at(self, t_s: float) -> Energy:
        """Totals at a simulated time that has been played, linear between two marks."""
        marks = np.array(self._marks_s)
        after = int(np.searchsorted(marks, t_s))
        if after == 0:
            return _energy(self._marks_j[0])
        if after == len(marks):
            return _energy(self._marks_j[-1])
        share = (t_s - marks[after - 1]) / (marks[after] - marks[after - 1])
        return _energy(self._marks_j[after - 1] + share * (self._marks_j[after] - self._marks_j[after - 1]))

    @property
    def total(self) -> Energy:
        return _energy(self._joules + _by_sign(self._group_j[None, :]))

    def _close(self, groups_j: Floats) -> None:
        self._joules = self._joules + _by_sign(groups_j)


def _by_sign(groups_j: Floats) -> Floats:
    """Import, export, pv and standby [J] of groups with columns grid and pv."""
    up, down = np.maximum(groups_j, 0.0).sum(axis=0), -np.minimum(groups_j, 0.0).sum(axis=0)
    return np.array([up[0], down[0], up[1], down[1]])


def _energy(joules: Floats) -> Energy:
    return Energy(*(float(j) / _J_PER_WH for j in joules))
