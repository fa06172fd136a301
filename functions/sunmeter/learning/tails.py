"""How often a channel goes how far: generalised Pareto tails of declustered maxima."""

from dataclasses import dataclass

import numpy as np

from ..contract.densities import Tail
from ..contract.model import HOUR_S
from .minutes import MINUTE_S
from .series import Floats

_BODY = 0.8  # the tail begins above this quantile of the block maxima
_XI_USUAL, _XI_SPREAD = 0.05, 0.12  # a month tells little of the shape: a Gaussian prior, after Coles and Dixon (1999)
_SIGMA_USUAL, _SIGMA_SPREAD = 0.5, 0.5  # a Gaussian two spreads out loses half a spread by e; natural log
_FARTHEST = 10.0  # median excesses: what went beyond was an anomaly already, and must not make room for the next
_LEAST_EXCEEDANCES = 4
_LEAST_BLOCKS = 5


@dataclass(frozen=True)
class TailFit:
    """As `contract.model.Tail`: u and sigma in spreads, rate as -log10 per hour."""

    u: float
    sigma: float
    xi: float
    rate: float

    def packed(self, share: int) -> dict[str, float]:
        """As a model carries it: a channel with a greater share of the false alerts counts as rarer than it is."""
        return {"u": self.u, "sigma": self.sigma, "xi": self.xi, "rate": self.rate + float(np.log10(share))}


def block_maxima(z: Floats, block_hours: int) -> Floats:
    """The largest of each block of hours: minutes that belong together count once."""
    size = block_hours * HOUR_S // MINUTE_S
    rows = np.pad(z, (0, -len(z) % size), constant_values=np.nan).reshape(-1, size)
    rows = rows[np.isfinite(rows).any(axis=1)]
    largest: Floats = np.where(np.isfinite(rows), rows, -np.inf).max(axis=1)
    return largest


def fit(z: Floats, block_hours: int, least_sigma: float) -> TailFit | None:
    """Penalised maximum likelihood of the excesses of block maxima over u; None where there are too few blocks.

    Never steeper than least_sigma.
    """
    maxima = block_maxima(z, block_hours)
    if len(maxima) < _LEAST_BLOCKS:
        return None
    u = max(float(np.quantile(maxima, _BODY)), 0.5)
    excess = maxima[maxima > u] - u
    if len(excess) < _LEAST_EXCEEDANCES:
        u = 0.5
        excess = np.maximum(np.sort(maxima)[-_LEAST_EXCEEDANCES:] - u, 0.05)
    sigma, xi = _generalised_pareto(np.minimum(excess, _FARTHEST * float(np.median(excess))))
    rate = -np.log10(len(excess) / len(maxima) / block_hours)
    return TailFit(min(u, 30.0), min(max(sigma, least_sigma, 0.02), 30.0), xi, max(rate, 0.01))


def _generalised_pareto(excess: Floats) -> tuple[float, float]:
    from scipy import optimize

    def cost(parameters: Floats) -> float:
        sigma, xi = float(np.exp(parameters[0])), float(parameters[1])
        prior = 0.5 * ((xi - _XI_USUAL) / _XI_SPREAD) ** 2
        prior += 0.5 * ((parameters[0] - np.log(_SIGMA_USUAL)) / _SIGMA_SPREAD) ** 2
        if abs(xi) < 1e-4:
            return float(len(excess) * np.log(sigma) + excess.sum() / sigma + prior)
        inside = 1 + xi * excess / sigma
        if inside.min() <= 0:
            return 1e9
        return float(len(excess) * np.log(sigma) + (1 + 1 / xi) * np.log(inside).sum() + prior)

    start = np.array([np.log(excess.mean()), _XI_USUAL])
    found = optimize.minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-4})
    return float(np.exp(found.x[0])), float(np.clip(found.x[1], 0.0, 0.8))


def reach(tail: Tail, score: float) -> float:
    """The distance at which a tail's score is reached: the inverse of `Tail.score`."""
    if score <= tail.rate:
        return tail.u * float(np.sqrt(score / tail.rate))
    beyond = (score - tail.rate) * float(np.log(10.0))
    if abs(tail.xi) < 1e-3:
        return tail.u + tail.sigma * beyond
    return tail.u + tail.sigma * float(np.expm1(tail.xi * beyond)) / tail.xi
