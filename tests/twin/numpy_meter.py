"""A meter written for reading, not for an ESP32: what codes, a table and a calibration say, harmonic by harmonic.

It is the tests' second opinion on boards and calibrations, and shares no code with the firmware.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from twin.ledger import CYCLES
from twin.units import HARMONICS, SAMPLES_PER_S, Codes, Floats, Phasors


@dataclass(frozen=True)
class Measured:
    v_rms: float
    grid_w: float
    grid_var: float
    pv_w: float


def measure(codes: Codes, lut: Codes, calibration: dict[str, Any]) -> Measured:
    """Means over the codes, shape (n, 3), taken burst by burst: ten whole cycles, so that the frequency may drift."""
    steps = lut[codes].astype(np.float64)
    rises = _rises(steps[:, 0])[::CYCLES]
    bursts = [_burst(steps, a, b, calibration) for a, b in pairwise(rises.tolist())]
    return Measured(*np.mean(bursts, axis=0).tolist())


def _burst(steps: Floats, first: float, last: float, calibration: dict[str, Any]) -> tuple[float, float, float, float]:
    rows = slice(int(np.ceil(first)), int(np.ceil(last)))
    f_hz = CYCLES * SAMPLES_PER_S / (last - first)
    v_h, grid_h, pv_h = _phasors(steps[rows], f_hz)
    volts = v_h * calibration["v"]["volts_per_step"]
    variance = np.var(steps[rows, 0]) * calibration["v"]["volts_per_step"] ** 2 - calibration["v"]["noise_v"] ** 2
    grid, pv = (_power(volts, current, calibration[name]) for name, current in (("grid", grid_h), ("pv", pv_h)))
    return float(np.sqrt(max(variance, 0.0))), grid.real, grid.imag, pv.real


def _rises(v: Floats) -> Floats:
    """Where the voltage's fundamental rises through zero [samples, interpolated]."""
    smooth = np.convolve(v - v.mean(), np.hanning(25), "same")
    rises = np.flatnonzero((smooth[:-1] < 0) & (smooth[1:] >= 0))
    rises = rises[(rises > 25) & (rises < len(v) - 26)]
    return np.asarray(rises + smooth[rises] / (smooth[rises] - smooth[rises + 1]))


def _phasors(steps: Floats, f_hz: float) -> list[Phasors]:
    """RMS phasors of the three channels by least squares on the harmonics (normal equations: they are few)."""
    t = np.arange(len(steps)) / SAMPLES_PER_S
    angles = 2 * np.pi * f_hz * np.outer(t, HARMONICS)
    basis = np.hstack([np.ones((len(t), 1)), np.sin(angles), np.cos(angles)])
    fitted = np.linalg.solve(basis.T @ basis, basis.T @ steps)
    count = len(HARMONICS)
    return list(((fitted[1 : count + 1] + 1j * fitted[count + 1 :]) / np.sqrt(2)).T)


def _power(volts: Phasors, steps: Phasors, clamp: dict[str, Any]) -> complex:
    """Complex power: gain and phase of the clamp at this current, from its table, linear in the current's logarithm."""
    amps = float(np.sqrt((np.abs(steps) ** 2).sum())) * clamp["amps_per_step"]
    at = np.log([point["amps"] for point in clamp["points"]])
    gain, phase_deg = (
        float(np.interp(np.log(max(amps, 1e-6)), at, [point[name] for point in clamp["points"]]))
        for name in ("gain", "phase_deg")
    )
    turned = steps * clamp["amps_per_step"] * gain * np.exp(-1j * np.deg2rad(phase_deg))
    return complex((volts * np.conj(turned)).sum())
