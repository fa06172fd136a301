"""The mains: its phase and its voltage as pure functions of time, hence continuous from chunk to chunk."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from .units import HARMONICS, Floats, Phasors

KNOT_S = 0.1  # the phase is piecewise linear between knots: at the steepest drift it bends by under 1e-5 cycles

# Ratio to the fundamental and phase [deg] of a low-voltage street: flat-topped by rectifiers, THD 2.7 %.
_SHAPE = {
    3: (0.012, 20.0),
    5: (0.020, 165.0),
    7: (0.012, 40.0),
    9: (0.004, 10.0),
    11: (0.005, 200.0),
    13: (0.003, 90.0),
}

# Frequency wander as (amplitude [Hz], period [s]): the market's quarter hour, balancing, inertia; 0.1 Hz in sum.
_DRIFT = ((0.05, 900.0), (0.03, 137.0), (0.02, 23.0))


@dataclass(frozen=True)
class Mains:
    """A street's supply.

    nominal_hz is 50 or 60; two houses of the same seed hear the same phase and frequency.
    """

    nominal_hz: float = 50.0
    seed: int = 0

    def phase_cycles(self, t_s: Floats) -> Floats:
        """Phase [cycles] at any time, the integral of the drifting frequency."""
        phase = self.nominal_hz * t_s
        for (amplitude_hz, period_s), shift in zip(_DRIFT, self._shifts, strict=True):
            omega = 2 * np.pi / period_s
            phase = phase - amplitude_hz / omega * (np.cos(omega * t_s + shift) - np.cos(shift))
        return np.asarray(phase)

    def frequency_hz(self, t_s: Floats) -> Floats:
        """Frequency [Hz]: the derivative of `phase_cycles`."""
        hz = np.full_like(t_s, self.nominal_hz)
        for (amplitude_hz, period_s), shift in zip(_DRIFT, self._shifts, strict=True):
            hz = hz + amplitude_hz * np.sin(2 * np.pi / period_s * t_s + shift)
        return hz

    def voltage(self, v_rms: Floats) -> Phasors:
        """Voltage phasors [V] whose RMS, harmonics included, is v_rms; shape v_rms.shape + (harmonics,)."""
        return np.asarray(v_rms)[..., None] * _unit_shape()

    @cached_property
    def _shifts(self) -> Floats:
        return np.random.default_rng([self.seed, 0x3A15]).uniform(0, 2 * np.pi, len(_DRIFT))


def wander_v(t_s: Floats, seed: int) -> Floats:
    """Slow change [V] of the supply around its mean: tap changers and neighbours, within about 5 V."""
    shifts = np.random.default_rng([seed, 0x70A9]).uniform(0, 2 * np.pi, 3)
    wander = np.zeros_like(t_s)
    for amplitude_v, period_s, shift in zip((2.2, 1.4, 0.6), (21_600.0, 2_900.0, 310.0), shifts, strict=True):
        wander = wander + amplitude_v * np.sin(2 * np.pi * t_s / period_s + shift)
    return wander


@cache
def _unit_shape() -> Phasors:
    shape = np.array(
        [1.0 if h == 1 else _SHAPE[h][0] * np.exp(1j * np.deg2rad(_SHAPE[h][1])) for h in HARMONICS],
        dtype=np.complex128,
    )
    return np.asarray(shape / np.sqrt((np.abs(shape) ** 2).sum()))
