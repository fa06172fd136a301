"""Errors of the meter and its peers, and how they are told: tables, goals, a chart. For `bench.metering` only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from bench._error_chart import drawn
from bench._front_end import Load
from bench._peers import CtClamp, Emon
from twin.sensors import Board
from twin.units import Floats

GOALS = {
    "algo_p_err_pct_pf1": (None, 0.10),
    "algo_p_err_pct_pf05": (None, 0.25),
    "adc_p_err_pct": (None, 1.0),
    "adc_harsh_p_err_pct": (None, 3.0),
    "plaid_p_err_pct": (None, 0.2),
    "plaid_i_err_pct": (None, 0.2),
    "wrong_signs": (None, 0),
    "freq_err_mhz": (None, 10),
    "energy_err_cycling_pct": (None, 0.5),
    "uncertainty_cover_pct": (93.0, 97.0),
}
CLASSES_W = (20, 40, 80, 160, 320, 640, 1300, 2600, 7000)


@dataclass
class Errors:
    """Relative errors of power [%], and signs that were wrong, of one meter."""

    pct: list[float] = field(default_factory=list)
    watts: list[float] = field(default_factory=list)  # true, beside each
    wrong_signs: int = 0

    def add(self, told_w: float, true_w: float, has_sign: bool = True) -> None:
        """has_sign: False for a meter without one; its magnitude is judged, and its sign counted apart."""
        true_size_w = true_w if has_sign else abs(true_w)
        self.pct.append(100.0 * (told_w / true_size_w - 1.0))
        self.watts.append(abs(true_w))
        self.wrong_signs += int(told_w * true_w <= 0)

    def p95(self, least_w: float = 0.0, most_w: float = 1e9) -> float:
        chosen = [abs(e) for e, w in zip(self.pct, self.watts, strict=True) if least_w <= w < most_w]
        return float(np.percentile(chosen, 95)) if chosen else float("nan")


@dataclass
class Sight:
    """The errors of all three at the same loads."""

    ours: Errors = field(default_factory=Errors)
    emon: Errors = field(default_factory=Errors)
    ct: Errors = field(default_factory=Errors)

    def add_peers(self, load: Load, board: Board, emon: Emon, ct: CtClamp, chunk: int) -> None:
        true_w = load.true_w[0]
        self.emon.add(emon.measure(load.codes(board, emon.WINDOW_S, chunk, emon.PAIRS_PER_S))[2], true_w)
        self.ct.add(ct.measure(load.codes(board, ct.WINDOW_S, chunk, ct.SAMPLES_PER_S))[1], true_w, has_sign=False)

    def each(self) -> tuple[Errors, Errors, Errors]:
        return self.ours, self.emon, self.ct


@dataclass(frozen=True)
class Covered:
    """One reading beside the truth."""

    state: str
    window_s: float
    true_w: float
    told_w: float
    u_w: float

    @property
    def holds(self) -> bool:
        return abs(self.told_w - self.true_w) <= self.u_w


@dataclass
class Table:
    """Rows of a figure and what its peers have for it."""

    figures: dict[str, float] = field(default_factory=dict)

    def row(self, name: str, what: str, ours: float, emon: float | None = None, ct: float | None = None) -> None:
        digits = 0 if name == "wrong_signs" else 3 if ours < 1 else 2
        least, most = GOALS[name]
        missed = not (least or 0.0) <= ours <= most
        goal = f"≤ {most:g}" if least is None else f"{least:g}–{most:g}"
        told = [f"{x:9.{digits}f}" if x is not None else "        –" for x in (ours, emon, ct)]
        print(f"{name:24} {what:58} {goal:>8} {' '.join(told)}{'  MISSED' if missed else ''}")
        self.figures[name] = round(ours, 4)
        for peer, figure in (("emonlib", emon), ("ct_clamp", ct)):
            if figure is not None:
                self.figures[f"{peer}_{name}"] = round(figure, 4)

    def sight(self, name: str, what: str, sight: Sight, least_w: float = 0.0) -> None:
        self.row(name, what, *(errors.p95(least_w) for errors in sight.each()))


def cover_pct(covered: Iterable[Covered]) -> float:
    holds = [one.holds for one in covered]
    return 100.0 * sum(holds) / len(holds) if holds else float("nan")


def print_cover(covered: list[Covered]) -> None:
    """By state of calibration and by load: an average alone would hide where it is wrong."""
    classes = list(pairwise(CLASSES_W))
    print("\nuncertainty: covered [%] / median half width [%], by load from [W] on")
    print(f"{'':18}{'all':>6} {'1 s':>5} {'10 s':>5}" + "".join(f"{low:>13}" for low, _ in classes))
    for state in dict.fromkeys(one.state for one in covered):
        those = [one for one in covered if one.state == state]
        cells = []
        for low, high in classes:
            there = [one for one in those if low <= abs(one.true_w) < high]
            half = float(np.median([100 * one.u_w / abs(one.true_w) for one in there])) if there else float("nan")
            cells.append(f"{cover_pct(there):6.1f}/{half:5.1f}%" if there else f"{'–':>13}")
        windows = [cover_pct(one for one in those if one.window_s == window_s) for window_s in (1.0, 10.0)]
        print(f"{state:18}{cover_pct(those):6.1f} {windows[0]:5.1f} {windows[1]:5.1f}" + "".join(cells))


def print_by_load(name: str, sight: Sight) -> None:
    print(f"\nerror of power [%], P95 by load from [W] on, {name}")
    for who, errors in zip(("Sunmeter, 10 s", "emonLib-style", "ct_clamp-style"), sight.each(), strict=True):
        cells = [errors.p95(low, high) for low, high in pairwise(CLASSES_W)]
        print(f"{who:18}" + "".join(f"{cell:9.2f}" for cell in cells))


def chart(smooth: Sight, harsh: Sight) -> str:
    """P95 of the error against the load, as SVG."""
    middles: Floats = np.sqrt(np.array(CLASSES_W[:-1], float) * CLASSES_W[1:])

    def line(errors: Errors) -> list[tuple[float, float]]:
        cells = [errors.p95(low, high) for low, high in pairwise(CLASSES_W)]
        return [(float(w), pct) for w, pct in zip(middles, cells, strict=True) if pct == pct]

    return drawn(
        {
            "Sunmeter, smooth ADC": line(smooth.ours),
            "Sunmeter, harsh ADC": line(harsh.ours),
            "emonLib-style": line(smooth.emon),
            "ct_clamp-style": line(smooth.ct),
        }
    )
