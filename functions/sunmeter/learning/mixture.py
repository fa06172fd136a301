"""A Gaussian mixture with diagonal covariances, by expectation and maximisation (Dempster, Laird and Rubin 1977)."""

from dataclasses import dataclass

import numpy as np

from ..contract import densities
from .series import Floats

_SEED = 20261129  # the same minutes give the same model
_STARTS = 5  # a start may end in a poor maximum: the likeliest of several is kept
_ROUNDS = 60
_ENOUGH = 1e-4  # nats a row: below it a round brings nothing


@dataclass(frozen=True)
class Mixture:
    """Components × columns, in the columns' own unit."""

    weights: Floats
    means: Floats
    variances: Floats

    def joint(self, x: Floats) -> Floats:
        """ln(weight · density) of each row under each component, but for a constant; NaN columns are left out."""
        known = np.isfinite(x)
        return self.joint_of(np.concatenate([np.where(known, x, 0.0), known], axis=1))

    def joint_of(self, rows: Floats) -> Floats:
        """The same of rows that hold each column's number, 0 where it is not known, and behind them whether it is."""
        numbers = rows[:, : self.means.shape[1]]
        squares = (numbers * numbers) @ (-0.5 / self.variances).T
        apart = np.concatenate([self.means / self.variances, -0.5 * self.means**2 / self.variances], axis=1)
        apart[:, self.means.shape[1] :] -= 0.5 * np.log(self.variances)
        total: Floats = squares + rows @ apart.T + np.log(self.weights)
        return total


def of(packed: densities.Mixture) -> Mixture:
    """A model's mixture, over columns in spreads."""
    shape = (len(packed.weights), len(packed.channels))
    variances = np.exp(np.asarray(packed.log_variances, float)).reshape(shape)
    return Mixture(np.asarray(packed.weights, float), np.asarray(packed.means, float).reshape(shape), variances)


def fit(x: Floats, components: int, least_variances: Floats) -> Mixture:
    """The likeliest mixture of rows without NaN, of several starts from a fixed seed; least_variances by column."""
    chance = np.random.default_rng(_SEED)
    starts = [_start(x, components, least_variances, chance) for _ in range(_STARTS)]
    found = [_climbed(x, start, least_variances) for start in starts]
    return max(found, key=lambda end: end[1])[0]


def _start(x: Floats, components: int, least_variances: Floats, chance: np.random.Generator) -> Mixture:
    """Rows far from each other as means (k-means++, Arthur and Vassilvitskii 2007)."""
    means = x[[chance.integers(len(x))]]
    while len(means) < components:
        nearest = ((x[:, None, :] - means) ** 2).sum(axis=-1).min(axis=1)
        means = np.vstack([means, x[chance.choice(len(x), p=nearest / nearest.sum())]])
    variances = np.tile(np.maximum(x.var(axis=0), least_variances), (components, 1))
    return Mixture(np.full(components, 1 / components), means, variances)


def _climbed(x: Floats, mixture: Mixture, least_variances: Floats) -> tuple[Mixture, float]:
    """(mixture, mean ln p) once another round brings next to nothing."""
    before, rows, squares = -np.inf, np.concatenate([x, np.ones_like(x)], axis=1), x * x
    for _ in range(_ROUNDS):
        joint = mixture.joint_of(rows)
        top = joint.max(axis=1, keepdims=True)
        log_p = top + np.log(np.exp(joint - top).sum(axis=1, keepdims=True))
        mean_log_p = float(log_p.mean())
        if mean_log_p - before < _ENOUGH:
            break
        before = mean_log_p
        mixture = _maximised(x, squares, np.exp(joint - log_p), least_variances)
    return mixture, before


def _maximised(x: Floats, squares: Floats, share: Floats, least_variances: Floats) -> Mixture:
    mass = share.sum(axis=0) + 1e-9
    means = share.T @ x / mass[:, None]
    variances = share.T @ squares / mass[:, None] - means * means
    return Mixture(mass / mass.sum(), means, np.maximum(variances, least_variances))
