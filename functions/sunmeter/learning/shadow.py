"""A new model beside the one that is served, on the same days, before it may take its place.

On the last week, which the new one's twin has not seen (it was fitted to the days before): how often each would have
alarmed, and what is no longer what it was. On alerts that people called real: whether both tell them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..contract.features import NAMES
from ..contract.model import DAY_S, Model
from .fitting import CLOSE_MINUTES, OPEN_MINUTES
from .ground import Ground, replayed
from .replay import alerts, distances
from .series import Floats

DAYS = 7
MOST_ALERTS = 4  # on those days: beyond it the home is not what it was
_WARM_S = DAY_S  # before: after so long nothing is left of what a smoothed score began with
_FRESH_S = 3 * DAY_S  # an older model no longer knows the expected power, and is no match
_CHANGED = 0.3  # of the minutes of the week beyond _FAR on one side, where one in forty is usual
_FAR = 2.0  # spreads
Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Served:
    """The models that a meter may hold: the one it was sent last, and the one before, for a way back."""

    last: Model | None = None
    before: Model | None = None


NOTHING_SERVED = Served()


def alerts_of(ground: Ground, model: Model, since_s: int) -> int:
    """How often a model would have alarmed from a moment on, set against the same expected power."""
    return len(_opened(ground.since(since_s - _WARM_S), model, since_s))


def _opened(ground: Ground, model: Model, since_s: int) -> list[tuple[int, int]]:
    score_milli = np.where(ground.end_s > since_s, replayed(ground, model), 0)
    return alerts(score_milli, model.threshold_milli, OPEN_MINUTES, CLOSE_MINUTES)


def lost(ground: Ground, new: Model, served: Served, real_s: Spans, now_s: int) -> int:
    """How many real alerts the served model tells and the new one does not; 0 beside one that is too old."""
    if served.last is None or served.last.trained_s < now_s - _FRESH_S:
        return 0
    return sum(
        then and not now
        for then, now in zip(_tells(ground, served.last, real_s), _tells(ground, new, real_s), strict=True)
    )


def _tells(ground: Ground, model: Model, spans_s: Spans) -> list[bool]:
    opened = [(ground.end_s[start], ground.end_s[end]) for start, end in _opened(ground, model, 0)]
    return [any(start <= until_s and end >= from_s for start, end in opened) for from_s, until_s in spans_s]


def changed(ground: Ground, twin: Model, since_s: int) -> tuple[str, ...]:
    """Channels that have left their usual range for much of the time since, as "house_60m high"."""
    past = ground.past(twin)
    recent = ground.end_s > since_s
    found = []
    for channel in twin.channels:
        values = ground.found[channel.channel]
        z = distances(channel, past, values, ground.end_s, ground.clock.basis)[recent]
        found += [f"{NAMES[channel.channel]} {side}" for side, away in (("low", -z), ("high", z)) if _is_far(away)]
    return tuple(found)


def _is_far(away: Floats) -> bool:
    known = np.isfinite(away)
    return bool(known.any() and (away[known] > _FAR).mean() > _CHANGED)
