"""Chance as a pure function: the same (seed, purpose, number) gives the same draw, in any order and any range."""

import numpy as np
from numpy.typing import NDArray

from .units import Floats, Ints

_U64 = NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def uniform(seed: int, purpose: str, numbers: Ints) -> Floats:
    """One draw from [0, 1) for each number (SplitMix64's finaliser over seed, purpose and number)."""
    start = np.uint64(_start(seed, purpose))
    x: _U64 = np.asarray(numbers).astype(np.uint64) * _GOLDEN + start
    x = (x ^ (x >> np.uint64(30))) * _MIX_A
    x = (x ^ (x >> np.uint64(27))) * _MIX_B
    x = x ^ (x >> np.uint64(31))
    return np.asarray((x >> np.uint64(11)).astype(np.float64) / 2.0**53)


def noise(seed: int, purpose: str, at: Floats) -> Floats:
    """Smooth noise in about [-1, 1]: cosine interpolation between draws at the whole numbers."""
    whole = np.floor(at)
    share = 0.5 - 0.5 * np.cos(np.pi * (at - whole))
    left, right = (uniform(seed, purpose, (whole + k).astype(np.int64)) for k in (0, 1))
    return np.asarray(2.0 * (left + share * (right - left)) - 1.0)


def generator(seed: int, purpose: str, number: int) -> np.random.Generator:
    """A generator of its own for one thing, for example one day of one household."""
    return np.random.default_rng([_start(seed, purpose), number & 0xFFFFFFFF])


def _start(seed: int, purpose: str) -> int:
    """FNV-1a over the purpose, then the seed."""
    h = 0xCBF29CE484222325
    for byte in (*purpose.encode(), *seed.to_bytes(8, "little", signed=True)):
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h
