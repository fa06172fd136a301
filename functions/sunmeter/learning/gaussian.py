"""How each channel is fitted, and its Gaussian over the local day."""

from dataclasses import dataclass

import numpy as np

from ..contract import features as ids
from ..contract.unpacking import HIGH, LOW
from .series import Floats

_TRIM = 4.0  # spreads: what lies farther out is for the tail, not for the Gaussian
_LEAST_SPREAD = 0.05  # where the recipe names no step: of a channel that comes scaled


@dataclass(frozen=True)
class Recipe:
    """How a channel is fitted."""

    mean: int  # numbers in the Fourier series of its mean
    spread: int  # and of its log spread
    sides: int  # which side alarms
    block_hours: int  # what is closer together than this counts once: the channel's own memory
    least_step: float  # a tail falls by e over this at least, in the channel's shape: less is no news to anybody
    share: int = 1  # of the false alerts the user accepts: this many times what a side of other channels gets


RECIPES = {
    ids.HOUSE_1M: Recipe(7, 5, LOW | HIGH, 1, 0.05),
    ids.HOUSE_60M: Recipe(7, 5, LOW | HIGH, 2, 0.05),
    ids.HOUSE_MIN_3H: Recipe(7, 5, LOW | HIGH, 6, 0.05),
    ids.HOUSE_MIN_24H: Recipe(1, 1, LOW | HIGH, 24, 0.05),
    ids.HOUSE_MEAN_24H: Recipe(1, 1, HIGH, 24, 0.05),
    ids.VOLTAGE_5M: Recipe(7, 3, LOW | HIGH, 1, 300.0),
    ids.VOLTAGE_24H: Recipe(1, 1, LOW | HIGH, 24, 300.0),
    ids.VOLTAGE_WOBBLE_10M: Recipe(7, 3, LOW | HIGH, 1, 0.05),
    ids.POWER_FACTOR_30M: Recipe(5, 3, LOW | HIGH, 1, 2.0),
    ids.REACTIVE_60M: Recipe(5, 3, LOW | HIGH, 2, 5.0),
    ids.SWITCHING_60M: Recipe(5, 3, LOW | HIGH, 2, 0.05),
    ids.EXCESS_60M: Recipe(1, 1, HIGH, 2, 0.0, share=10),  # what people ask for, and hard to see
    ids.PV_OF_ENVELOPE_3H: Recipe(1, 1, LOW, 6, 0.05),
}


def gaussian(x: Floats, basis: Floats, scale: Floats, recipe: Recipe) -> tuple[Floats, Floats]:
    """Maximum likelihood of x ~ N(basis · m, (scale · exp(basis · s))²), what lies beyond _TRIM spreads left out.

    Alternates weighted least squares for m with Fisher scoring for s (Harvey 1976); returns (m, s). A spread is never
    less than the recipe's least step, on average: a sensor that hardly moves would else alarm at its last digit.
    """
    b, c = basis[:, : recipe.mean], basis[:, : recipe.spread]
    least = np.log(max(recipe.least_step, _LEAST_SPREAD))
    mean = np.zeros(recipe.mean)
    mean[0] = np.median(x)
    log_spread = np.zeros(recipe.spread)
    log_spread[0] = max(np.log(np.median(np.abs((x - mean[0]) / scale)) * 1.4826 + 1e-9), least)
    inside = np.ones(len(x))
    for _ in range(8):
        precision = inside / (scale * np.exp(c @ log_spread)) ** 2
        weighted = b * precision[:, None]
        mean = np.linalg.solve(weighted.T @ b + 1e-9 * precision.sum() * np.eye(recipe.mean), weighted.T @ x)
        z = (x - b @ mean) / (scale * np.exp(c @ log_spread))
        excess = inside * (np.minimum(z * z, _TRIM * _TRIM) - 1.0)
        information = c.T @ (c * inside[:, None]) + 1e-9 * inside.sum() * np.eye(recipe.spread)
        log_spread = log_spread + np.clip(np.linalg.solve(information, c.T @ excess) / 2, -0.7, 0.7)
        log_spread[0] = max(log_spread[0], least)
        trimmed = (np.abs(z) < _TRIM).astype(float)
        inside = trimmed if trimmed.mean() > 0.5 else inside
    return mean, log_spread
