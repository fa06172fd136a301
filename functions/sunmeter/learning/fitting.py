"""Fits what an anomaly model consists of: its channels, each with its tails, and all of them together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..contract import features as ids
from ..contract.densities import MOST_MILLI, MOST_SURPRISED, Tail
from ..contract.model import Model, Night
from ..contract.packing import pack
from ..contract.unpacking import HIGH, LOW, MIXTURE_FIELDS, NIGHT_FIELDS, unpack
from . import mixture, tails
from .curves import by_night, curve_mean
from .gaussian import RECIPES, gaussian
from .ground import Ground, centred
from .replay import columns, shaped, surprise
from .series import DAY_HOURS, Floats

OPEN_MINUTES = 5
CLOSE_MINUTES = 60  # alerts less than an hour apart are one

_DAY_MINUTES = 1440
_NIGHT_MINUTES = 360
_FIT_EVERY = 10  # minutes; neighbours tell the same
_LEAST_CHANNEL_DAYS = 7
_COMPONENTS = 2  # more find no more, and find less of what lasts: docs/anomaly.md
_WITHIN = 8.0  # spreads: what lies farther out counts as that far when the mixture is fitted
_MOSTLY = 0.8  # of the learnt minutes a channel must be known in, to be judged beside the others
_USUAL, _UNUSUAL = 0.5, 0.84  # quantiles of -ln p: a Gaussian's median and first spread
_TOGETHER_HOURS = 2  # what is closer together than this counts once
_LEAST_SPREAD = 0.1  # of -ln p
_LEAST_SIGMA = 0.3  # of that spread, or of a night's: the tail is never steeper
_NIGHT_HOURS = (0, 6)  # while people sleep a heavy load is news, and the home's own hours before tell what it is about
_CARRIES = 0.6  # of what the hours before were off; chosen on other days than those that docs/anomaly.md judges
_NIGHT_LEAST_W = 80.0  # of a night's spread: a light left on, or a fridge that defrosts, is no news
_NIGHT_SHARE = 10  # of the false alerts: this many times what a side of most channels gets

Learnt = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """As `contract.packing.pack` takes them."""

    channels: list[dict[str, Any]]
    mixture: dict[str, Any] | None  # None: too few channels are known often enough, or no two clusters describe them
    night: dict[str, Any] | None = None  # None: too few nights are known, or they are beyond what a model can say

    @property
    def shares(self) -> int:
        """Of the false alerts, how many all sides have together."""
        sides = ((channel, (channel["low"] is not None) + (channel["high"] is not None)) for channel in self.channels)
        shares = sum(RECIPES[ids.NAMES.index(channel["channel"])].share * count for channel, count in sides)
        return shares + (self.mixture is not None) + _NIGHT_SHARE * (self.night is not None)


def _channels(ground: Ground, learnt: Learnt) -> list[dict[str, Any]]:
    """The channels fitted to the learnt minutes, as `contract.packing.pack` takes them."""
    fitted = []
    for channel, recipe in RECIPES.items():
        x, scale = centred(ground, channel)
        is_known = learnt & np.isfinite(x) & np.isfinite(scale)
        if is_known.sum() < _LEAST_CHANNEL_DAYS * _DAY_MINUTES * (0.2 if channel == ids.PV_OF_ENVELOPE_3H else 1.0):
            continue
        every = np.flatnonzero(is_known)[::_FIT_EVERY]
        mean, log_spread = gaussian(x[every], ground.clock.basis[every], scale[every], recipe)
        spread = scale * np.exp(ground.clock.basis[:, : recipe.spread] @ log_spread)
        z = np.where(is_known, (x - ground.clock.basis[:, : recipe.mean] @ mean) / spread, np.nan)
        least = recipe.least_step / float(np.median(spread[every]))
        low = tails.fit(lasting(-z), recipe.block_hours, least) if recipe.sides & LOW else None
        high = tails.fit(lasting(z), recipe.block_hours, least) if recipe.sides & HIGH else None
        fitted.append(
            {
                "channel": ids.NAMES[channel],
                "mean": [float(number) for number in mean],
                "log_spread": [float(number) for number in log_spread],
                "low": low.packed(recipe.share) if low is not None else None,
                "high": high.packed(recipe.share) if high is not None else None,
            }
        )
    return fitted


def lasting(z: Floats) -> Floats:
    """The distance that each minute and the OPEN_MINUTES - 1 before it all reach: what it takes to open an alert."""
    lowest: Floats = z.copy()
    for back in range(1, OPEN_MINUTES):
        lowest[back:] = np.minimum(lowest[back:], z[:-back])
    lowest[: OPEN_MINUTES - 1] = np.nan
    return lowest


def _together(ground: Ground, channels: list[dict[str, Any]], learnt: Learnt) -> dict[str, Any] | None:
    """The mixture over the channels that are mostly known, as `contract.packing.pack` takes it; None for too few."""
    measured = learnt & np.isfinite(ground.minutes.grid_w)
    mixed = []
    every = learnt
    for channel in channels:
        number = ids.NAMES.index(channel["channel"])
        known = np.isfinite(ground.found[number])
        if number < ids.EXCESS_60M and known[measured].mean() >= _MOSTLY:
            mixed.append(channel)
            every = every & known
    if len(mixed) < 2 or every.sum() < _LEAST_CHANNEL_DAYS * _DAY_MINUTES:
        return None
    x = np.stack([_in_spreads(ground, channel)[every][::_FIT_EVERY] for channel in mixed], axis=-1)
    least = np.array([_least_step(channel) for channel in mixed])
    fitted = mixture.fit(np.clip(x, -_WITHIN, _WITHIN), _COMPONENTS, least * least)
    described = {
        "channels": [channel["channel"] for channel in mixed],
        "weights": fitted.weights.tolist(),
        "means": fitted.means.tolist(),
        "log_variances": np.log(fitted.variances).tolist(),
        **{"usual": 0.0, "spread": 1.0, "tail": {"u": 1.0, "sigma": 1.0, "xi": 0.0, "rate": 1.0}},
    }
    return _judged(ground, channels, described, learnt)


def _in_spreads(ground: Ground, channel: dict[str, Any]) -> Floats:
    number = ids.NAMES.index(channel["channel"])
    apart: Floats = (shaped(number, ground.found[number]) - channel["mean"][0]) / np.exp(channel["log_spread"][0])
    return apart


def _least_step(channel: dict[str, Any]) -> float:
    """What is less is no news to anybody, in spreads."""
    step = RECIPES[ids.NAMES.index(channel["channel"])].least_step
    return float(step / np.exp(channel["log_spread"][0]))


def _judged(
    ground: Ground, channels: list[dict[str, Any]], described: dict[str, Any], learnt: Learnt
) -> dict[str, Any] | None:
    """The mixture with its median, spread and tail, from what the meter's own rounding of it says of the history."""
    rounded = as_model(Fitted(channels, described)).mixture
    assert rounded is not None
    fitted, x = mixture.of(rounded), columns(rounded, ground.found)
    usual, unusual = np.nanquantile(np.where(learnt, surprise(fitted, x), np.nan), (_USUAL, _UNUSUAL))
    spread = max(float(unusual - usual), _LEAST_SPREAD)
    if not all(
        least <= each <= most for each, (_, least, most, _) in zip((usual, spread), MIXTURE_FIELDS, strict=True)
    ):
        return None  # no two clusters describe this home
    surprised = np.where(learnt, surprise(fitted, x, usual + MOST_SURPRISED * spread), np.nan)
    tail = tails.fit(lasting((surprised - usual) / spread), _TOGETHER_HOURS, _LEAST_SIGMA)
    return {**described, "usual": float(usual), "spread": spread, "tail": tail.packed(1)} if tail is not None else None


def _by_night(ground: Ground, learnt: Learnt) -> dict[str, Any] | None:
    """The excess by night beyond what follows of the hours before: one block a night, as nights differ."""
    model = ground.past(Model())
    whole = Night(_NIGHT_HOURS, _CARRIES, (0.0, 1.0), Tail(1.0, 1.0, 0.0, 0.0))
    left = np.where(learnt, by_night(whole, model, ground.found, ground.end_s, ground.clock.second_of_day), np.nan)
    if np.isfinite(left).sum() < _LEAST_CHANNEL_DAYS * _NIGHT_MINUTES:
        return None
    usual, unusual = np.nanquantile(left, (_USUAL, _UNUSUAL))
    spread_w = curve_mean(model.expected_spread_w, ground.end_s, 1)[np.isfinite(left)]
    spread = max(float(unusual - usual), _NIGHT_LEAST_W / float(np.median(spread_w)))
    described = {"carries": _CARRIES, "usual": float(usual), "spread": spread}
    if not all(least <= described[field] <= most for field, least, most, _ in NIGHT_FIELDS):
        return None
    tail = tails.fit(lasting((left - usual) / spread), DAY_HOURS, _LEAST_SIGMA)
    return {"hours": _NIGHT_HOURS, **described, "tail": tail.packed(_NIGHT_SHARE)} if tail is not None else None


def fit(ground: Ground, learnt: Learnt) -> Fitted:
    """What the learnt minutes make of each channel, and of all together."""
    fitted = _channels(ground, learnt)
    return Fitted(fitted, _together(ground, fitted, learnt), _by_night(ground, learnt))


def as_model(fitted: Fitted) -> Model:
    """A model of these alone, rounded as the meter's will be."""
    return unpack(
        pack(
            {
                "version": 1,
                "trained_s": 0,
                "offset_s": 0,
                "next_offset_s": 0,
                "change_s": 0,
                "threshold_milli": MOST_MILLI,
                "open_minutes": OPEN_MINUTES,
                "close_minutes": CLOSE_MINUTES,
                "channels": fitted.channels,
                "mixture": fitted.mixture,
                "night": fitted.night,
            }
        )
    )
