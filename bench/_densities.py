"""The peers of the anomaly benchmark: eight known detectors, fitted to a month of minutes; a higher score is rarer.

Ng's works on P, Q, V and I as they are; all others on the eleven features of our own channels. Whatever a peer ranks by
in its training data is frozen there, as it would be on a meter. A minute without all features scores 0.
Beside scikit-learn 1.9.1 on made-up rows: LOF's scores agree to nine digits, the mixture's likelihood to eleven, and
IsolationForest's ranks correlate as those of two seeds of its own do (0.96).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench._anomaly_judge import Scorer
from bench._minute_house import DAY_S, Seen
from sunmeter.contract import features as ids
from sunmeter.learning import mixture, replay
from sunmeter.learning.gaussian import RECIPES
from sunmeter.learning.series import Floats

_SEED = 20261124
_THURSDAY = 3  # the first of January 1970
_KEPT = 5000  # points of the training that LOF keeps
_NEIGHBOURS = 20  # as in Breunig et al. 2000
_TREES, _SAMPLE = 200, 256  # as in Liu et al. 2008, with twice the trees
_COMPONENTS = 8
_CHANNELS = [channel for channel in RECIPES if channel < ids.EXCESS_60M]
Rows = Callable[[Floats], Floats]  # rows of scaled features → their scores


def raw(seen: Seen) -> Floats:
    """P, Q, V and I of each minute."""
    p, q, v = seen.minutes.house_w, seen.minutes.q_var, seen.minutes.v_dv / 10
    return np.stack([p, q, v, np.hypot(p, q) / v], axis=-1)


def engineered(seen: Seen) -> Floats:
    """Our channels' features in the shape in which they are Gaussian."""
    return np.stack([replay.shaped(channel, seen.found[channel]) for channel in _CHANNELS], axis=-1)


def _on(columns: Callable[[Seen], Floats], fit: Callable[[Floats], Rows]) -> Callable[[Seen], Scorer]:
    """A detector from one that knows only rows, which come scaled to mean 0 and spread 1."""

    def detector(train: Seen) -> Scorer:
        x = columns(train)
        x = x[np.isfinite(x).all(axis=-1)]
        mean, spread = x.mean(axis=0), x.std(axis=0)
        rows = fit((x - mean) / spread)

        def score(seen: Seen) -> Floats:
            z = (columns(seen) - mean) / spread
            known = np.isfinite(z).all(axis=-1)
            found = np.zeros(len(z))
            found[known] = rows(z[known])
            return found

        return score

    return detector


def _product(z: Floats) -> Rows:
    """Ng's: one Gaussian each, unconditional; −log of their product."""

    def score(rows: Floats) -> Floats:
        total: Floats = (rows * rows).sum(axis=-1)
        return total

    return score


def _mahalanobis(z: Floats) -> Rows:
    inverse = np.linalg.inv(np.cov(z.T))

    def score(rows: Floats) -> Floats:
        squared: Floats = np.einsum("ij,jk,ik->i", rows, inverse, rows)
        return squared

    return score


def context(train: Seen) -> Scorer:
    """A mean for each hour of working days and of weekends, and one covariance."""

    def bins(seen: Seen) -> npt.NDArray[np.int64]:
        ts_s = seen.minutes.ts_s
        is_weekend = (ts_s // DAY_S + _THURSDAY) % 7 >= 5
        return ts_s % DAY_S // 3600 + 24 * is_weekend

    x, at = engineered(train), bins(train)
    means = np.stack([np.nanmean(x[at == each], axis=0) for each in range(48)])

    def apart(seen: Seen) -> Floats:
        residual: Floats = engineered(seen) - means[bins(seen)]
        return residual

    return _on(apart, _mahalanobis)(train)


def _mixture(z: Floats) -> Rows:
    fitted = mixture.fit(z[::10], _COMPONENTS, np.full(z.shape[1], 0.01))
    return lambda rows: -np.logaddexp.reduce(fitted.joint(rows), axis=-1)


def _tails(z: Floats) -> Callable[[Floats], tuple[Floats, Floats, Floats]]:
    """−log of the frozen empirical distribution of each column: left, right, and the side of its skew."""
    ranked = np.sort(z, axis=0)
    is_left = (z**3).mean(axis=0) < 0

    def tails(rows: Floats) -> tuple[Floats, Floats, Floats]:
        columns = range(rows.shape[1])
        below = np.stack([np.searchsorted(ranked[:, c], rows[:, c], "right") for c in columns], axis=-1)
        above = len(z) - np.stack([np.searchsorted(ranked[:, c], rows[:, c], "left") for c in columns], axis=-1)
        left, right = (-np.log((count + 1) / (len(z) + 1)) for count in (below, above))
        return left, right, np.where(is_left, left, right)

    return tails


def _ecod(z: Floats) -> Rows:
    """Li et al. 2022: the rarest of left, right and skewed side, summed over the columns."""
    tails = _tails(z)
    return lambda rows: np.maximum.reduce(tails(rows)).sum(axis=-1)


def _copod(z: Floats) -> Rows:
    """Li et al. 2020: the skewed side, or the mean of both where that is rarer, summed over the columns."""
    tails = _tails(z)

    def score(rows: Floats) -> Floats:
        left, right, skewed = tails(rows)
        total: Floats = np.maximum(skewed, (left + right) / 2).sum(axis=-1)
        return total

    return score


def _lof(z: Floats) -> Rows:
    """Breunig et al. 2000: the neighbours' density over one's own, against points kept from the training."""
    from scipy.spatial import KDTree

    kept = np.random.default_rng(_SEED).permutation(z)[:_KEPT]
    tree = KDTree(kept)
    distance, near = tree.query(kept, _NEIGHBOURS + 1)
    reach = distance[:, -1]
    density = 1 / np.maximum(np.maximum(distance[:, 1:], reach[near[:, 1:]]).mean(axis=1), 1e-9)

    def score(rows: Floats) -> Floats:
        distance, near = tree.query(rows, _NEIGHBOURS)
        own = 1 / np.maximum(np.maximum(distance, reach[near]).mean(axis=1), 1e-9)
        factor: Floats = density[near].mean(axis=1) / own
        return factor

    return score


@dataclass(frozen=True)
class _Tree:
    """An isolation tree as arrays: node n's children are 2 n + 1 and 2 n + 2."""

    column: npt.NDArray[np.int64]  # −1: a leaf
    cut: Floats
    depth: Floats  # of a leaf, with what its points would have added


def _tree(rows: Floats, chance: np.random.Generator, levels: int) -> _Tree:
    size = 2 ** (levels + 1) - 1
    tree = _Tree(np.full(size, -1), np.zeros(size), np.zeros(size))
    waiting = [(0, rows, 0)]
    while waiting:
        node, inside, level = waiting.pop()
        low, high = (inside.min(axis=0), inside.max(axis=0)) if len(inside) > 1 else (np.zeros(1), np.zeros(1))
        if level == levels or not (high > low).any():
            tree.depth[node] = level + _path(len(inside))
            continue
        column = int(chance.choice(np.flatnonzero(high > low)))
        tree.column[node], tree.cut[node] = column, chance.uniform(low[column], high[column])
        is_left = inside[:, column] < tree.cut[node]
        waiting += [(2 * node + 1, inside[is_left], level + 1), (2 * node + 2, inside[~is_left], level + 1)]
    return tree


def _path(points: int) -> float:
    """Mean length of an unsuccessful search in a binary tree of so many points."""
    return 2 * (np.log(points - 1) + np.euler_gamma) - 2 * (points - 1) / points if points > 1 else 0.0


def _isolation(z: Floats) -> Rows:
    """Liu et al. 2008: how few random cuts it takes to stand alone."""
    chance = np.random.default_rng(_SEED)
    levels = int(np.ceil(np.log2(_SAMPLE)))
    trees = [_tree(z[chance.choice(len(z), _SAMPLE, replace=False)], chance, levels) for _ in range(_TREES)]

    def score(rows: Floats) -> Floats:
        total = np.zeros(len(rows))
        for tree in trees:
            node = np.zeros(len(rows), np.int64)
            for _ in range(levels):
                column = tree.column[node]
                goes_right = rows[np.arange(len(rows)), column] >= tree.cut[node]
                node = np.where(column >= 0, 2 * node + 1 + goes_right, node)
            total += tree.depth[node]
        return -total / len(trees)

    return score


PEERS: dict[str, Callable[[Seen], Scorer]] = {
    "product Gaussian on P, Q, V, I (Ng)": _on(raw, _product),
    "Mahalanobis": _on(engineered, _mahalanobis),
    "48 context bins, one covariance": context,
    "Gaussian mixture, 8 diagonal": _on(engineered, _mixture),
    "IsolationForest": _on(engineered, _isolation),
    "ECOD": _on(engineered, _ecod),
    "COPOD": _on(engineered, _copod),
    "LOF": _on(engineered, _lof),
}
