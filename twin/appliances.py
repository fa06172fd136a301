"""Appliances: what current each draws for its power, and how it switches within a minute.

An appliance's current is its power times a signature: resistive loads copy the voltage, electronics draw peaks at the
crest, motors lag. Signatures are relative to the fundamental voltage and scaled so that the mean power over a cycle,
harmonics included, is exactly the power asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from .units import HARMONICS, Floats, Phasors


@dataclass(frozen=True)
class Appliance:
    """One kind of load. Harmonics are (order, ratio to the fundamental, phase in degrees)."""

    lag_deg: float = 0.0  # of the fundamental current behind the voltage; negative: capacitive
    harmonics: tuple[tuple[int, float, float], ...] = ()
    resistive: bool = False  # draws the voltage's own shape
    rated_w: float | None = None  # None: the power is steady within a minute, not switched
    cycle_s: float = 60.0  # how often a switched load goes on within a minute; divides 60


# Rectifier with capacitor and no power-factor correction (a 10 W LED lamp, chargers): IEC 61000-3-2 class D shape.
_CREST = ((3, 0.80, 180.0), (5, 0.55, 0.0), (7, 0.30, 180.0), (9, 0.14, 0.0), (11, 0.08, 180.0), (13, 0.07, 0.0))

APPLIANCES: Mapping[str, Appliance] = MappingProxyType(
    {
        "base": Appliance(lag_deg=-8.0, harmonics=((3, 0.35, 180.0), (5, 0.18, 0.0), (7, 0.08, 180.0))),
        "electronics": Appliance(lag_deg=-12.0, harmonics=_CREST),
        "lighting": Appliance(lag_deg=-15.0, harmonics=_CREST),
        "fridge": Appliance(lag_deg=48.0, harmonics=((3, 0.10, 30.0), (5, 0.03, 0.0))),
        "motor": Appliance(lag_deg=38.0, harmonics=((3, 0.06, 10.0), (5, 0.04, 60.0))),
        "heat_pump": Appliance(lag_deg=14.0, harmonics=((3, 0.12, 170.0), (5, 0.10, 20.0), (7, 0.05, 150.0))),
        "kettle": Appliance(resistive=True, rated_w=2200.0),
        "oven": Appliance(resistive=True, rated_w=2000.0, cycle_s=30.0),
        "hob": Appliance(resistive=True, rated_w=1500.0, cycle_s=6.0),
        "water_heater": Appliance(resistive=True),
        "washing": Appliance(lag_deg=20.0, harmonics=((3, 0.10, 30.0),)),
        "car": Appliance(lag_deg=-4.0, harmonics=((3, 0.03, 20.0), (5, 0.03, 170.0))),
    }
)

INVERTER = Appliance(lag_deg=0.0, harmonics=((3, 0.015, 40.0), (5, 0.012, 170.0), (7, 0.006, 90.0)))
INVERTER_FILTER_VAR = 28.0  # the capacitors at an inverter's output, day and night, at 230 V

_RIPPLE = 0.03  # no load is perfectly steady; a whole number of ripples in a minute leaves its energy unchanged
_RIPPLE_S = 7.5


def current_per_w(appliance: Appliance, v: Phasors) -> Phasors:
    """Current phasors [A] for one watt at voltage v; v has shape (..., harmonics), so has the result."""
    if appliance.resistive:
        return np.asarray(v / (np.abs(v) ** 2).sum(axis=-1, keepdims=True))
    shape = signature(appliance)
    watts_per_a = np.real(v * np.conj(shape)).sum(axis=-1, keepdims=True)
    return np.asarray(shape / watts_per_a)


def signature(appliance: Appliance) -> Phasors:
    """Current phasors relative to a fundamental of 1 A, for a voltage whose fundamental is real."""
    current = np.zeros(len(HARMONICS), dtype=np.complex128)
    for order, ratio, phase_deg in ((1, 1.0, -appliance.lag_deg), *appliance.harmonics):
        current[HARMONICS.index(order)] = ratio * np.exp(1j * np.deg2rad(phase_deg))
    return current


def reactive_per_w(appliance: Appliance) -> float:
    """Fundamental reactive power [var] drawn with one watt: positive when the current lags."""
    return 0.0 if appliance.resistive else float(np.tan(np.deg2rad(appliance.lag_deg)))


def energy_in_minute_j(appliance: Appliance, mean_w: Floats, into_s: Floats) -> Floats:
    """Energy [J] drawn in the first into_s seconds of a minute whose mean power is mean_w.

    At 60 s it is exactly 60 * mean_w. A switched load runs as many whole units as the mean holds, and one more in
    pulses every cycle_s, longer the more is left.
    """
    if appliance.rated_w is None:
        swing = _RIPPLE * _RIPPLE_S / (2 * np.pi) * (1 - np.cos(2 * np.pi * into_s / _RIPPLE_S))
        return np.asarray(mean_w * (into_s + swing))
    units = np.floor(mean_w / appliance.rated_w)
    on_s = (mean_w / appliance.rated_w - units) * appliance.cycle_s
    pulses = np.floor(into_s / appliance.cycle_s)
    in_pulse_s = np.minimum(into_s - pulses * appliance.cycle_s, on_s)
    return np.asarray(appliance.rated_w * (units * into_s + pulses * on_s + in_pulse_s))
