"""Two samplers that many homes have, written anew from what is published about them: for `bench.metering` only.

`Emon`: after OpenEnergyMonitor's description of discrete sampling (emonLib): pairs of voltage and current as fast as
they come, 53 a cycle; each minus a slowly following offset, in floating point; the voltage shifted by a straight line
through two neighbours; twenty half waves, counted where the voltage passes its offset. Calibrated at one load.

`CtClamp`: after ESPHome's description of `ct_clamp`: current only, for 200 ms once an interval; the root of the mean
square less the square of the mean; `calibrate_linear` through no load and one load; power is current times a
nominal voltage.

Both are given what favours them: offsets that have settled, a phase set to the hundredth by a perfect instrument, no
radio, and the same codes at the same pins.
"""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from bench._front_end import FLAT, Load, lagging
from twin.sensors import Board, codes_to_lut
from twin.units import Codes

REFERENCE_V, REFERENCE_A = 230.0, 10.0
_BENCH = 1 << 41  # numbers of takes that nothing else uses


def resistive(amps: float, f_hz: float = 50.0) -> Load:
    """A load for calibration, on both clamps."""
    v = REFERENCE_V * FLAT
    return Load(v, lagging(v, amps, 0.0), lagging(v, amps, 0.0), f_hz, 0.25)


@dataclass
class Emon:
    """Volts, amperes and watts from codes of voltage and one clamp."""

    PAIRS_PER_S = 2650.0  # 53 a cycle at 50 Hz, as published
    HALF_WAVES = 20
    WINDOW_S = 0.27  # of codes that a call needs: up to a cycle until it starts, ten cycles, the odd sample

    volts_per_code: float = 1.0
    amps_per_code: float = 1.0
    phase: float = 1.0  # 1: not shifted; 0: one pair later
    offset_v: float = 2048.0
    offset_i: float = 2048.0

    @classmethod
    def calibrated(cls, board: Board) -> "Emon":
        """Set right at 230 V and 10 A of a resistive load."""
        codes = resistive(REFERENCE_A).codes(board, 2.0, _BENCH, cls.PAIRS_PER_S).astype(float)
        emon = cls(offset_v=float(codes[:, 0].mean()), offset_i=float(codes[:, 1].mean()))
        turn = np.exp(-2j * pi * 50.0 / cls.PAIRS_PER_S * np.arange(len(codes)))
        lead = float(np.angle(((codes[:, 1] - emon.offset_i) @ turn) / ((codes[:, 0] - emon.offset_v) @ turn)))
        emon.phase = emon._phase_for(lead)
        load = resistive(REFERENCE_A)
        takes = [load.codes(board, cls.WINDOW_S, _BENCH + k, cls.PAIRS_PER_S) for k in range(1, 21)]
        v, _, w = np.mean([emon.measure(codes) for codes in takes], axis=0)
        emon.volts_per_code = REFERENCE_V / v
        emon.amps_per_code = REFERENCE_V * REFERENCE_A / (w * emon.volts_per_code)
        return emon

    def _phase_for(self, lead: float) -> float:
        """The share that turns the voltage by `lead` [rad], to the hundredth."""
        shares = np.arange(-200, 400) / 100
        before = np.exp(-2j * pi * 50.0 / self.PAIRS_PER_S)
        return float(shares[np.argmin(np.abs(np.angle(before + shares * (1 - before)) - lead))])

    def measure(self, codes: Codes, channel: int = 1) -> tuple[float, float, float]:
        """One call: volts, amperes, watts."""
        pairs = codes[:, (0, channel)].astype(float).tolist()
        begin = next(k for k in range(1, len(pairs)) if abs(pairs[k][0] - self.offset_v) < 200)
        last_v = pairs[begin - 1][0] - self.offset_v
        above = pairs[begin][0] > self.offset_v
        sum_vv = sum_ii = sum_vi = 0.0
        crossed = n = 0
        for v_code, i_code in pairs[begin:]:
            n += 1
            self.offset_v += (v_code - self.offset_v) / 1024
            self.offset_i += (i_code - self.offset_i) / 1024
            v, i = v_code - self.offset_v, i_code - self.offset_i
            shifted = last_v + self.phase * (v - last_v)
            last_v = v
            sum_vv += v * v
            sum_ii += i * i
            sum_vi += shifted * i
            if (v_code > self.offset_v) != above:
                above = not above
                crossed += 1
                if crossed == self.HALF_WAVES:
                    break
        volts = self.volts_per_code * sqrt(sum_vv / n)
        amps = self.amps_per_code * sqrt(sum_ii / n)
        return volts, amps, self.volts_per_code * self.amps_per_code * sum_vi / n


@dataclass
class CtClamp:
    """Amperes, and what is taken for watts, from codes of one clamp."""

    SAMPLES_PER_S = 1000.0
    WINDOW_S = 0.2
    NOMINAL_V = 230.0

    board: Board
    amps_per_mv: float = 1.0
    idle_mv: float = 0.0

    @classmethod
    def calibrated(cls, board: Board) -> "CtClamp":
        """Set right without load and at 10 A."""
        clamp = cls(board)
        clamp.idle_mv, loaded_mv = (
            float(np.mean([clamp._rms_mv(clamp._take(amps, k), 1) for k in range(20)])) for amps in (0.0, REFERENCE_A)
        )
        clamp.amps_per_mv = REFERENCE_A / (loaded_mv - clamp.idle_mv)
        return clamp

    def _take(self, amps: float, number: int) -> Codes:
        return resistive(amps).codes(self.board, self.WINDOW_S, _BENCH + 100 + number, self.SAMPLES_PER_S)

    def _rms_mv(self, codes: Codes, channel: int) -> float:
        return float(np.std(codes_to_lut(self.board.efuse)[codes[:, channel]] / 2.0))

    def measure(self, codes: Codes, channel: int = 1) -> tuple[float, float]:
        """One interval: amperes, watts."""
        amps = max(0.0, self.amps_per_mv * (self._rms_mv(codes, channel) - self.idle_mv))
        return amps, amps * self.NOMINAL_V
