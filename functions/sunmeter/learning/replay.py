"""Replays minutes through a model as the meter would, all at once.

The same features, scores and alerts as `contract.features` and `contract.scorer`, in numpy: a test holds the two equal
on the same minutes. It exists because a night replays a month of minutes per home.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..contract import densities
from ..contract import features as ids
from ..contract.densities import FARTHEST, MEMORY_MIN, MOST_MILLI, MOST_SURPRISED, Tail
from ..contract.model import DAY_S, MAX_FOURIER, SILENT, Channel, Model
from .curves import Moments, by_night, curve_mean, of_envelope
from .minutes import MINUTE_S, Minutes
from .mixture import Mixture, of
from .series import Floats

_BUCKET_MINUTES = 10
_LN10 = float(np.log(10.0))

Scores = npt.NDArray[np.int64]


def _rolling(values: Floats, size: int) -> tuple[Floats, Floats]:
    """Sum and number of the measured values among the last `size`, at each position."""
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0.0], np.cumsum(known)])
    first = np.maximum(np.arange(len(values)) + 1 - size, 0)
    return total[1:] - total[first], count[1:] - count[first]


def _rolling_mean(values: Floats, size: int, least: int) -> Floats:
    total, count = _rolling(values, size)
    return np.where(count >= least, total / np.maximum(count, 1), np.nan)


def _rolling_least(values: Floats, size: int, least: int) -> Floats:
    _, count = _rolling(values, size)
    padded = np.concatenate([np.full(size - 1, np.inf), np.where(np.isfinite(values), values, np.inf)])
    lowest = np.lib.stride_tricks.sliding_window_view(padded, size).min(axis=1)
    return np.where(count >= least, lowest, np.nan)


def _steps(values: Floats) -> Floats:
    return np.minimum(np.abs(np.diff(values, prepend=np.nan)), ids.FULL)


def features(minutes: Minutes) -> dict[int, Floats]:
    """Each density channel and HOUSE_BEFORE at each minute, as if all had been pushed; NaN where it is not warm."""
    house_w = minutes.house_w
    warm = ids.WARM_UP_MIN
    found = {
        ids.HOUSE_1M: house_w,
        ids.HOUSE_60M: _rolling_mean(house_w, 60, warm[ids.HOUSE_60M]),
        ids.VOLTAGE_5M: 100 * _rolling_mean(minutes.v_dv, 5, warm[ids.VOLTAGE_5M]),
        ids.VOLTAGE_WOBBLE_10M: 100 * _rolling_mean(_steps(minutes.v_dv), 10, warm[ids.VOLTAGE_WOBBLE_10M]),
        ids.POWER_FACTOR_30M: _power_factor(house_w, minutes.q_var),
        ids.REACTIVE_60M: _rolling_mean(minutes.q_var, 60, warm[ids.REACTIVE_60M]),
        ids.SWITCHING_60M: _rolling_mean(_steps(house_w), 60, warm[ids.SWITCHING_60M]),
        ids.PV_OF_ENVELOPE_3H: _rolling_mean(minutes.pv_w, 180, warm[ids.PV_OF_ENVELOPE_3H]),
    }
    found[ids.EXCESS_60M] = found[ids.HOUSE_60M]
    found.update(_slow(minutes.start_s // MINUTE_S, house_w, minutes.v_dv))
    # The meter keeps features in 32-bit floats.
    return {channel: values.astype(np.float32).astype(np.float64) for channel, values in found.items()}


def _power_factor(house_w: Floats, q_var: Floats) -> Floats:
    both = np.isfinite(house_w) & np.isfinite(q_var)
    total_w, count = _rolling(np.where(both, house_w, np.nan), 30)
    total_var, _ = _rolling(np.where(both, q_var, np.nan), 30)
    enough = (count >= ids.WARM_UP_MIN[ids.POWER_FACTOR_30M]) & (total_w >= ids.PF_LEAST_W * count)
    return np.where(enough, 1000 * total_w / np.where(enough, np.hypot(total_w, total_var), 1.0), np.nan)


def _slow(first_minute: int, house_w: Floats, v_dv: Floats) -> dict[int, Floats]:
    """The channels formed of 10-minute buckets, moving when a bucket ends."""
    warm = ids.WARM_UP_MIN
    house, bucket_of = _buckets(first_minute, house_w)
    voltage, _ = _buckets(first_minute, v_dv)
    per_bucket = {
        ids.HOUSE_MIN_3H: _rolling_least(house, 18, warm[ids.HOUSE_MIN_3H] // 10),
        ids.HOUSE_MIN_24H: _rolling_least(house, 144, warm[ids.HOUSE_MIN_24H] // 10),
        ids.HOUSE_BEFORE: _rolling_mean(
            np.concatenate([np.full(ids.SINCE_BUCKETS, np.nan), house])[: len(house)],
            ids.BEFORE_BUCKETS,
            warm[ids.HOUSE_BEFORE] // 10,
        ),
        ids.HOUSE_MEAN_24H: _rolling_mean(house, 144, warm[ids.HOUSE_MEAN_24H] // 10),
        ids.VOLTAGE_24H: 100 * _rolling_mean(voltage, 144, warm[ids.VOLTAGE_24H] // 10),
    }
    return {channel: np.concatenate([[np.nan], values])[bucket_of] for channel, values in per_bucket.items()}


def _buckets(first_minute: int, values: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Means of the 10-minute buckets, and of each minute how many buckets ended before it."""
    lead = first_minute % _BUCKET_MINUTES
    rows = np.pad(values, (lead, -(lead + len(values)) % _BUCKET_MINUTES), constant_values=np.nan)
    rows = rows.reshape(-1, _BUCKET_MINUTES)
    count = np.isfinite(rows).sum(axis=1)
    total = np.where(np.isfinite(rows), rows, 0.0).sum(axis=1)
    mean = np.where(count >= ids.BUCKET_LEAST, total // np.maximum(count, 1), np.nan)
    return mean, (lead + np.arange(len(values))) // _BUCKET_MINUTES


def fourier(second_of_day: npt.NDArray[np.int64], numbers: int = MAX_FOURIER) -> Floats:
    """The scorer's basis: 1, cos, sin, cos 2, sin 2 … of the local day, one row per moment."""
    angle = 2 * np.pi * second_of_day / DAY_S
    columns = [np.ones_like(angle)]
    for harmonic in range(1, numbers // 2 + 1):
        columns += [np.cos(harmonic * angle), np.sin(harmonic * angle)]
    return np.stack(columns, axis=-1)


def shaped(channel: int, values: Floats) -> Floats:
    """The values in the shape in which their channel is Gaussian."""
    floor = ids.LOG_FLOOR.get(channel)
    return values if floor is None else np.log(np.maximum(values, floor))


def tail_scores(tail: Tail | None, z: Floats) -> Floats:
    """`Tail.score` of many distances."""
    if tail is None:
        return np.where(np.isfinite(z), 0.0, np.nan)
    y = np.maximum(z - tail.u, 0.0) / tail.sigma
    if abs(tail.xi) < 1e-3:
        beyond = tail.rate + y / _LN10
    else:
        inside = 1.0 + tail.xi * y
        reach = tail.rate + np.log(np.maximum(inside, 1e-9)) / (tail.xi * _LN10)
        beyond = np.where(inside > 1e-9, reach, MOST_MILLI / 1000)
    body = tail.rate * (np.maximum(z, 0.0) / tail.u) ** 2
    return np.where(np.isfinite(z), np.where(z <= tail.u, body, beyond), np.nan)


@dataclass(frozen=True)
class Clock:
    """The local day at the end of each minute."""

    second_of_day: Moments
    basis: Floats

    @classmethod
    def at(cls, second_of_day: Moments) -> "Clock":
        return cls(second_of_day, fourier(second_of_day))

    @classmethod
    def of(cls, model: Model, end_s: Moments) -> "Clock":
        """The model's own, one change of the clocks included."""
        return cls.at((end_s + np.where(end_s >= model.change_s, model.next_offset_s, model.offset_s)) % DAY_S)

    def since(self, first: int) -> "Clock":
        """The same from a minute on, by its index."""
        return Clock(self.second_of_day[first:], self.basis[first:])


@dataclass(frozen=True)
class Replay:
    """What the meter would have said at each minute."""

    score_milli: Scores
    channel: Scores  # the leading one; 0 where none was warm or unusual
    by_channel: dict[int, Floats]  # each channel's own score, NaN where it is not warm


def distances(channel: Channel, model: Model, values: Floats, end_s: Moments, basis: Floats) -> Floats:
    """How many spreads each value lies from the channel's mean; NaN where the channel says nothing."""
    mean = basis[:, : len(channel.mean)] @ np.asarray(channel.mean, float)
    spread = np.exp(basis[:, : len(channel.log_spread)] @ np.asarray(channel.log_spread, float))
    if channel.channel == ids.EXCESS_60M:
        mean = mean + curve_mean(model.expected_w, end_s, 1)
        spread = spread * curve_mean(model.expected_spread_w, end_s, 1)
    if channel.channel == ids.PV_OF_ENVELOPE_3H:
        values = of_envelope(values, model.envelope_w, end_s)
    z: Floats = (shaped(channel.channel, values) - mean) / spread
    return z


def columns(mixed: densities.Mixture, found: dict[int, Floats]) -> Floats:
    """The mixture's columns at each minute, in spreads from their centres.

    NaN where a channel is not warm, and in a minute that was not measured.
    """
    x = np.stack([shaped(channel, found[channel]) for channel in mixed.channels], axis=-1)
    apart: Floats = (x - np.asarray(mixed.centres)) / np.asarray(mixed.spreads)
    apart[np.isnan(found[ids.HOUSE_1M])] = np.nan
    return np.clip(apart, -FARTHEST, FARTHEST)


def surprise(mixture: Mixture, x: Floats, most: float = np.inf) -> Floats:
    """The smoothed -ln p after each minute, none above `most`; NaN, and as it was, with two columns missing."""
    from scipy.signal import lfilter

    smoothed = np.full(len(x), np.nan)
    usable = np.isnan(x).sum(axis=-1) <= 1
    if usable.any():
        raw = np.minimum(-np.logaddexp.reduce(mixture.joint(x[usable]), axis=-1), most)
        keep = 1 - 1 / MEMORY_MIN
        smoothed[usable] = lfilter([1 - keep], [1, -keep], raw, zi=[keep * raw[0]])[0]
    return smoothed


def together(mixed: densities.Mixture, found: dict[int, Floats]) -> tuple[Floats, Scores]:
    """(score of all channels together, NaN where silent; the channel farthest from the nearest component)."""
    x, mixture = columns(mixed, found), of(mixed)
    smoothed = surprise(mixture, x, mixed.usual + MOST_SURPRISED * mixed.spread)
    score = tail_scores(mixed.tail, (smoothed - mixed.usual) / mixed.spread)
    nearest = mixture.joint(x).argmax(axis=-1)
    squared = np.nan_to_num((x - mixture.means[nearest]) ** 2 / mixture.variances[nearest], nan=-1.0)
    return score, np.frombuffer(mixed.channels, np.uint8)[squared.argmax(axis=-1)].astype(np.int64)


def replay(
    model: Model, minutes: Minutes, found: dict[int, Floats] | None = None, clock: Clock | None = None
) -> Replay:
    """Scores of all minutes. `found` and `clock`, their features and local day, where they are known already."""
    end_s = minutes.ts_s + MINUTE_S
    found = features(minutes) if found is None else found
    clock = Clock.of(model, end_s) if clock is None else clock
    most = np.zeros(len(end_s))
    leading = np.zeros(len(end_s), np.int64)
    by_channel = {}
    for channel in model.channels:
        z = distances(channel, model, found[channel.channel], end_s, clock.basis)
        score = np.where(z < 0, tail_scores(channel.low, -z), tail_scores(channel.high, z))
        by_channel[channel.channel] = score
        leads = np.nan_to_num(score) > most
        most = np.where(leads, np.nan_to_num(score), most)
        leading = np.where(leads, channel.channel, leading)
    if model.night is not None:
        score = tail_scores(model.night.tail, by_night(model.night, model, found, end_s, clock.second_of_day))
        leads = np.nan_to_num(score) > most
        most = np.where(leads, np.nan_to_num(score), most)
        leading = np.where(leads, ids.EXCESS_60M, leading)
    if model.mixture is not None:
        score, farthest = together(model.mixture, found)
        leads = np.nan_to_num(score) > most
        most = np.where(leads, np.nan_to_num(score), most)
        leading = np.where(leads, farthest, leading)
    score_milli = np.minimum((most * 1000 + 0.5).astype(np.int64), MOST_MILLI)
    return Replay(score_milli, leading, by_channel)


def alerts(score_milli: Scores, threshold_milli: int, opening: int, closing: int) -> list[tuple[int, int]]:
    """(start, end) positions of the alerts the meter's latch would make; an open one ends at the end."""
    if threshold_milli == SILENT:
        return []
    over = np.flatnonzero(score_milli >= threshold_milli)
    found: list[tuple[int, int]] = []
    position = 0
    while position < len(over):
        run_end = position
        while run_end + 1 < len(over) and over[run_end + 1] == over[run_end] + 1:
            run_end += 1
        opened = int(over[position]) + opening - 1
        if opened > over[run_end]:
            position = run_end + 1
            continue
        while run_end + 1 < len(over) and over[run_end + 1] - over[run_end] <= closing:
            run_end += 1
        closed = min(int(over[run_end]) + closing, len(score_milli) - 1)
        found.append((opened, closed))
        position = run_end + 1
    return found
