"""Words that all parts of the twin share: array types, harmonic orders, and the phasor convention.

A quantity is x(t) = sqrt(2) * Im( sum_h X_h * exp(j*h*theta) ), X_h a complex RMS value and theta = 2*pi*phase the
mains phase: with V_1 real, the voltage rises through zero where the phase is a whole number of cycles.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Phasors = NDArray[np.complex128]  # last axis: HARMONICS
Codes = NDArray[np.uint16]
Ints = NDArray[np.int64]

HARMONICS = (1, 3, 5, 7, 9, 11, 13)  # odd only: a mains half-wave mirrors the other for every load that is modelled
ORDERS = np.array(HARMONICS, dtype=np.float64)

SAMPLE_US = 250  # 4 kHz per channel, as contract and firmware fix it
SAMPLES_PER_S = 1_000_000 // SAMPLE_US
MINUTE_S = 60
DAY_S = 86_400


def power_w(v: Phasors, i: Phasors) -> Floats:
    """Mean power [W] over whole cycles of voltage and current phasors, harmonic by harmonic."""
    watts: Floats = np.real(v * np.conj(i)).sum(axis=-1)
    return watts


def rms(x: Phasors) -> Floats:
    """RMS of what the phasors describe."""
    root: Floats = np.sqrt((np.abs(x) ** 2).sum(axis=-1))
    return root
