"""What the guided calibration of a board would have found: the board's own path, measured with perfect instruments.

The installer applies 230 V and resistive loads of known current; the meter's linearised samples say what it reads.
Nothing is taken from the board's fields, so ADC and eFuse errors are part of the result, as they are on a bench.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from .mains import Mains
from .sensors import CHANNELS, Board, codes_to_lut
from .synth import coefficients, harmonics_of
from .units import SAMPLES_PER_S, Floats, Phasors

CALIBRATION_VERSION = 1
REFERENCE_V = 230.0
REFERENCE_A = 10.0
POINTS_A = (0.15, 0.3, 0.6, 1.25, 2.5, 5.0, 10.0, 20.0, 30.0)  # beyond 10 A: turns of the wire through the clamp
FUNDAMENTAL = float(abs(Mains().voltage(np.array(1.0))[0]))  # share of it in the RMS of the street's voltage
_SECONDS = 10  # of listening at each point: one reading
_BENCH = 1 << 40  # numbers the takes far from any chunk of a house, so that the noise is another
_DITHER_MV = 0.3  # a board without noise is heard through the noise of the bench, lest codes alone decide


def calibrate(board: Board, nominal_hz: float = 50.0) -> dict[str, Any]:
    """The calibration of this board, in SI units, ready for JSON; README.md shows its shape."""
    board = replace(board, radio_per_s=0.0)  # bursts that a packet hit are rejected, on the bench as later
    silent = _listen(board, nominal_hz, 0.0, 0.0, 0)
    points = [_listen(board, nominal_hz, REFERENCE_V, amps, k + 1) for k, amps in enumerate(POINTS_A)]
    reference = points[POINTS_A.index(REFERENCE_A)]
    volts_per_step = REFERENCE_V / _signal_rms(reference[0], silent[0])
    calibration: dict[str, Any] = {
        "version": CALIBRATION_VERSION,
        "nominal_hz": nominal_hz,
        "reference_permille": 0,  # limits of the instruments' own error
        "v": {"volts_per_step": volts_per_step, "noise_v": volts_per_step * _spread(silent[0])},
    }
    for channel in (1, 2):
        amps_per_step = REFERENCE_A / _loud(reference, channel, nominal_hz)
        calibration[CHANNELS[channel]] = {
            "amps_per_step": amps_per_step,
            "phase_deg": _lead_deg(reference, channel, nominal_hz),
            "noise_a": amps_per_step * _spread(silent[channel]),
            "points": [
                {
                    "amps": amps,
                    "gain": amps / (amps_per_step * _loud(heard, channel, nominal_hz)),
                    "phase_deg": _lead_deg(heard, channel, nominal_hz),
                }
                for amps, heard in zip(POINTS_A, points, strict=True)
            ],
        }
    return calibration


def _listen(board: Board, nominal_hz: float, volts: float, amps: float, take: int) -> Floats:
    """Linearised samples in steps, shape (3, n), of a resistive load that draws amps through both clamps."""
    n = _SECONDS * SAMPLES_PER_S
    phase = (np.arange(n) * nominal_hz / SAMPLES_PER_S) % 1.0
    v = Mains(nominal_hz).voltage(np.array(volts))
    i: Phasors = Mains(nominal_hz).voltage(np.array(amps))
    pins = np.stack([board.pin_mv(k, x, np.array(nominal_hz)) for k, x in enumerate((v, i, i))])
    mv = coefficients(pins) @ harmonics_of(phase.astype(np.float32))
    if not board.noise_mv:
        mv = mv + np.random.default_rng(take).normal(0.0, _DITHER_MV, mv.shape).astype(np.float32)
    heard = codes_to_lut(board.efuse)[board.convert(mv, _BENCH + take)]
    return heard.T.astype(np.float64)


def _spread(steps: Floats) -> float:
    return float(np.std(steps))


def _signal_rms(steps: Floats, silent: Floats) -> float:
    return float(np.sqrt(max(_spread(steps) ** 2 - _spread(silent) ** 2, 0.0)))


def _loud(heard: Floats, channel: int, nominal_hz: float) -> float:
    """RMS [steps] of a current that has the voltage's shape, from its fundamental: noise and the ADC's distortion carry
    no power, and are not heard."""
    return float(abs(_turned(heard[channel], nominal_hz)) * np.sqrt(2.0) / FUNDAMENTAL)


def _turned(steps: Floats, nominal_hz: float) -> complex:
    """Half the complex amplitude of the fundamental."""
    turn = np.exp(-2j * np.pi * nominal_hz * np.arange(len(steps)) / SAMPLES_PER_S)
    return complex(steps @ turn) / len(steps)


def _lead_deg(heard: Floats, channel: int, nominal_hz: float) -> float:
    """By how much the current's fundamental is read ahead of the voltage's, sample by sample, skew included."""
    return float(np.rad2deg(np.angle(_turned(heard[channel], nominal_hz) / _turned(heard[0], nominal_hz))))
