"""Plays waveforms into the firmware's bursts, metering and voltage events, inside an interpreter."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.firmware.interpreters import Interpreter
from tests.firmware.waveforms import IDEAL, IDEAL_CALIBRATION, IDEAL_LUT, packed
from twin.sensors import Board, codes_to_lut

FIELDS = (
    "f_mhz",
    "v_mv",
    "grid_ma",
    "grid_mw",
    "grid_mvar",
    "pv_ma",
    "pv_mw",
    "pv_mvar",
    "house_mw",
    "start_us",
    "end_us",
    "gap_us",
    "clipped",
    "clipped_channels",
    "flat_channels",
    "bad_cycles",
    "covered_us",
    "v_min_mv",
    "v_max_mv",
    "is_good",
)


@dataclass(frozen=True)
class Event:
    """A voltage event's start or end, and when the burst ended that told it [µs of uptime]."""

    told_us: int
    phase: str
    kind: str
    mv: int
    at_us: int
    since_us: int


@dataclass(frozen=True)
class Played:
    """What the firmware made of a recording, burst by burst; rejected ones left out of the columns."""

    columns: dict[str, NDArray[np.float64]]
    rejected: int
    events: list[Event] = field(default_factory=list)

    def mean(self, field: str) -> float:
        return float(self.columns[field].mean())

    def __len__(self) -> int:
        return len(self.columns["f_mhz"])

    def energy_wh(self, channel: str) -> float:
        """As the registers count it: a gap at the mean of the powers beside it."""
        mw = self.columns[channel + "_mw"]
        span_us = self.columns["end_us"] - self.columns["start_us"]
        gap_us = self.columns["gap_us"][1:]
        return float((mw * span_us).sum() + (gap_us * (mw[1:] + mw[:-1]) / 2).sum()) / 3.6e12

    def coverage(self) -> float:
        covered_us = self.columns["covered_us"].sum()
        return float(covered_us / (self.columns["end_us"][-1] - self.columns["start_us"][0]))


def _gathered(rows: list[list[float]], events: list[list[Any]]) -> Played:
    kept = [row for row in rows if row[-1]]
    columns = {name: np.array([row[k] for row in kept], dtype=float) for k, name in enumerate(FIELDS)}
    return Played(columns, len(rows) - len(kept), [Event(*event) for event in events])


def set_board(interpreter: Interpreter, board: Board) -> None:
    lut = IDEAL_LUT if board is IDEAL else codes_to_lut(board.efuse).astype("<u2").tobytes()
    interpreter.call("probe_metering", "set_lut", lut)


def play(
    interpreter: Interpreter,
    codes: NDArray[np.uint16],
    board: Board = IDEAL,
    calibration: dict[str, Any] = IDEAL_CALIBRATION,
    *,
    lost: int = 0,
    clamps: dict[str, Any] | None = None,
) -> Played:
    """lost: triples that the front end misses between two captures."""
    set_board(interpreter, board)
    return _gathered(*interpreter.call("probe_metering", "play", packed(codes), calibration, lost, clamps))


def play_aligned(
    interpreter: Interpreter, codes: NDArray[np.uint16], board: Board, calibration: dict[str, Any]
) -> Played:
    """A front end that samples only while it is asked to: 4 ms of arithmetic and at least 4 ms of network between two
    captures, which begin shortly before a crossing."""
    set_board(interpreter, board)
    return _gathered(*interpreter.call("probe_metering", "play_aligned", packed(codes), calibration, 4000, 4))
