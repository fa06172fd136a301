"""What a front end would hear of known voltages and currents, through the twin's boards."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.calibration import calibrate
from twin.sensors import Board, codes_to_lut, ideal_board
from twin.synth import coefficients, harmonics_of
from twin.units import HARMONICS, Phasors, power_w

IDEAL = ideal_board()
IDEAL_CALIBRATION = calibrate(IDEAL)
IDEAL_LUT = codes_to_lut(IDEAL.efuse).astype("<u2").tobytes()


def phasor(rms: float, lag_deg: float = 0.0, third: float = 0.0) -> Phasors:
    """A current of this RMS value in its fundamental, lagging the voltage, with a share of third harmonic."""
    made = np.zeros(len(HARMONICS), dtype=np.complex128)
    made[0] = rms * np.exp(-1j * np.deg2rad(lag_deg))
    made[HARMONICS.index(3)] = rms * third
    return made


@dataclass(frozen=True)
class Wave:
    """Mains and two currents, steady."""

    f_hz: float = 50.0
    v: float = 230.0
    grid: Phasors = field(default_factory=lambda: phasor(0.0))
    pv: Phasors = field(default_factory=lambda: phasor(0.0))

    @property
    def grid_w(self) -> float:
        return float(power_w(phasor(self.v), self.grid))

    @property
    def pv_w(self) -> float:
        return float(power_w(phasor(self.v), self.pv))

    def codes(self, seconds: float, board: Board = IDEAL, phase: float = 0.37) -> NDArray[np.uint16]:
        """Triples of codes, shape (n, 3); phase: where in a cycle they begin."""
        n = round(seconds * 4000)
        cycles = (phase + np.arange(n) * self.f_hz / 4000) % 1.0
        f_hz = np.array(self.f_hz)
        pins = np.stack([board.pin_mv(k, x, f_hz) for k, x in enumerate((phasor(self.v), self.grid, self.pv))])
        return board.convert(coefficients(pins) @ harmonics_of(cycles.astype(np.float32)), 0)


def spliced(codes: NDArray[np.uint16], other: NDArray[np.uint16], first: int, n: int) -> NDArray[np.uint16]:
    """The first recording, but n triples of the other in their place."""
    made = codes.copy()
    made[first : first + n] = other[first : first + n]
    return made


def spiked(
    codes: NDArray[np.uint16], share: float, seed: int, channels: str = "all", f_hz: float = 50.0
) -> tuple[NDArray[np.uint16], int]:
    """The recording with radio spikes in this share of its cycles, and how many: one to three samples raised by 200 to
    1,500 codes, on all channels or on any one."""
    chance = np.random.default_rng(seed)
    made = codes.astype(np.int32)
    count = 0
    for cycle in range(int(len(codes) * f_hz / 4000)):
        if chance.random() < share:
            at = int((cycle + chance.random()) * 4000 / f_hz)
            width = int(chance.integers(1, 4))
            for channel in range(3) if channels == "all" else [int(chance.integers(3))]:
                hit = made[at : at + width, channel]
                hit += chance.integers(200, 1500, len(hit))
            count += 1
    return np.clip(made, 0, 4095).astype(np.uint16), count


def packed(codes: NDArray[np.uint16]) -> bytes:
    return codes.astype("<u2").tobytes()
