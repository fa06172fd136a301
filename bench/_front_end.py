"""Steady loads, heard through a simulated front end, and what was true of them: for `bench.metering` only.

A load is a set of phasors; its samples are a matrix product of coefficients with the harmonics of the mains phase
(twin/synth.py). Triples are taken as an ESP32 takes them: on time within 2 µs, one in 2,000 late by up to 150 µs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.mains import Mains
from twin.sensors import Board
from twin.synth import coefficients, harmonics_of
from twin.units import HARMONICS, Codes, Floats, Phasors, power_w, rms

JITTER_S = 2e-6
STALL_S, STALLS = 150e-6, 1 / 2000
FLAT = Mains(50.0).voltage(np.array(1.0))  # the shape of a street's voltage, THD 2.7 %


def lagging(v: Phasors, amps: float, lag_deg: float) -> Phasors:
    """A current of so many amperes RMS that has the voltage's shape, lagging it in time by an angle of the fundamental;
    its power factor is cos(lag) but for what the harmonics add."""
    turned = v * np.exp(-1j * np.deg2rad(lag_deg) * np.array(HARMONICS))
    return np.asarray(turned * (amps / float(rms(v))))


@dataclass(frozen=True)
class Load:
    """What both clamps hear for some seconds."""

    v: Phasors
    grid: Phasors
    pv: Phasors
    f_hz: float = 50.0
    phase: float = 0.0  # where in a cycle it begins

    @property
    def true_w(self) -> tuple[float, float]:
        """Active power of grid and PV [W]."""
        return float(power_w(self.v, self.grid)), float(power_w(self.v, self.pv))

    def pins_mv(self, board: Board, cycles: Floats) -> NDArray[np.float32]:
        """Voltages (3, n) at the pins [mV, bias apart] where the mains phase is `cycles`."""
        f_hz = np.array(self.f_hz)
        pins = np.stack([board.pin_mv(k, x, f_hz) for k, x in enumerate((self.v, self.grid, self.pv))])
        return coefficients(pins) @ harmonics_of((cycles % 1.0).astype(np.float32))

    def codes(self, board: Board, seconds: float, chunk: int, samples_per_s: float = 4000.0) -> Codes:
        """Triples of codes (n, 3); chunk: a number of its own for each take, so that no two share their noise."""
        at_s = moments_s(round(seconds * samples_per_s), samples_per_s, chunk)
        return board.convert(self.pins_mv(board, self.phase + at_s * self.f_hz), chunk)


def moments_s(n: int, samples_per_s: float, seed: int) -> Floats:
    """When n triples are really taken [s]."""
    rng = np.random.default_rng([seed, 0x71773])
    late_s = rng.normal(0.0, JITTER_S, n)
    stalled = rng.integers(0, n, rng.poisson(n * STALLS))
    late_s[stalled] += rng.uniform(0.0, STALL_S, len(stalled))
    return np.asarray(np.arange(n) / samples_per_s + late_s)


@dataclass(frozen=True)
class Switched:
    """A load that a thermostat switches where the voltage passes zero: on at the first edge, off at the second, …"""

    load: Load
    edges: NDArray[np.int64]  # cycles of the mains

    def codes(self, board: Board, from_s: float, seconds: float, chunk: int, samples_per_s: float = 4000.0) -> Codes:
        at_s = from_s + moments_s(round(seconds * samples_per_s), samples_per_s, chunk)
        cycles = self.load.phase + at_s * self.load.f_hz
        pins = self.load.pins_mv(board, cycles)
        pins[1:] *= np.searchsorted(self.edges, cycles, side="right") % 2
        return board.convert(pins, chunk)

    def true_w(self, from_s: float, to_s: float) -> float:
        """Mean active power of the grid clamp; part of a cycle counts by its length, a hundredth of a joule at most."""
        first, last = (self.load.phase + at_s * self.load.f_hz for at_s in (from_s, to_s))
        edges = np.clip(np.append(self.edges, last), first, last)[: (len(self.edges) + 1) // 2 * 2].reshape(-1, 2)
        return float(np.diff(edges, axis=1).sum() / (last - first)) * self.load.true_w[0]


@dataclass(frozen=True)
class Recorded:
    """One cycle of voltage and current as somebody recorded it, repeated on a mains that drifts."""

    volts: Floats
    amps: Floats
    seed: int

    @property
    def true(self) -> tuple[float, float, float]:
        """Volts, amperes and watts of the straight lines through the recorded points."""
        v, i = (np.append(x, x[0]) for x in (self.volts, self.amps))
        square = [float(np.mean((x[:-1] ** 2 + x[:-1] * x[1:] + x[1:] ** 2) / 3)) for x in (v, i)]
        cross = v[:-1] * i[:-1] + v[1:] * i[1:] + (v[:-1] * i[1:] + v[1:] * i[:-1]) / 2
        return square[0] ** 0.5, square[1] ** 0.5, float(np.mean(cross / 3))

    def codes(self, board: Board, seconds: float, samples_per_s: float) -> Codes:
        at_s = np.arange(round(seconds * samples_per_s)) / samples_per_s
        place = (Mains(50.0, self.seed).phase_cycles(at_s) % 1.0) * len(self.volts)
        points = np.arange(len(self.volts) + 1)
        v, i = (np.interp(place, points, np.append(x, x[0])) for x in (self.volts, self.amps))
        pins = np.stack([v * board.v_mv_per_v, i * board.clamps[0].mv_per_a, i * board.clamps[1].mv_per_a])
        return board.convert(pins.astype(np.float32), 0)
