"""From phasors to samples: one matrix product of coefficients with the harmonics of the mains phase."""

import numpy as np
from numpy.typing import NDArray

from .units import HARMONICS, Phasors

Singles = NDArray[np.float32]


def harmonics_of(phase_cycles: Singles) -> Singles:
    """sin(h*theta) and cos(h*theta) for each modelled order: shape (2 * harmonics, n), two rows an order.

    The phase may be reduced by whole cycles; near zero a float32 resolves it to 1e-6 cycles.
    """
    theta = phase_cycles * np.float32(2 * np.pi)
    rows = np.empty((2 * len(HARMONICS), len(theta)), dtype=np.float32)
    np.sin(theta, out=rows[0])
    np.cos(theta, out=rows[1])
    twice_cos_2 = rows[1] * rows[1]
    twice_cos_2 *= 4
    twice_cos_2 -= 2  # 2*cos(2*theta): odd orders follow from the two before, x(h+2) = 2*cos(2*theta)*x(h) - x(h-2)
    np.multiply(twice_cos_2, rows[0], out=rows[2])
    rows[2] += rows[0]  # sin(-theta) = -sin(theta)
    np.multiply(twice_cos_2, rows[1], out=rows[3])
    rows[3] -= rows[1]
    for k in range(4, len(rows)):
        np.multiply(twice_cos_2, rows[k - 2], out=rows[k])
        rows[k] -= rows[k - 4]
    return rows


def coefficients(x: Phasors) -> Singles:
    """Weights of the rows of `harmonics_of` that make the instantaneous quantity: last axis 2 * harmonics."""
    weights = np.empty((*x.shape[:-1], 2 * len(HARMONICS)), dtype=np.float32)
    weights[..., 0::2] = np.sqrt(2) * x.real
    weights[..., 1::2] = np.sqrt(2) * x.imag
    return weights
