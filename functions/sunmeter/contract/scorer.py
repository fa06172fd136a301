"""Scores a minute against the model, and tells the start and end of an anomaly.

The score of a minute is -1000 log10 of the rate, per hour, at which this home's own history goes at least as far as the
most unusual channel does now, or all of them together: 3000 is once in a thousand hours (training may give a channel a
greater share of the false alerts: then it counts as rarer by that factor). By night the excess is also set against what
follows of the hours before it. The body of each channel is a Gaussian whose
mean and spread follow the time of day; its tail is a generalised Pareto (Coles 2001, section 4.2), joined to the body
at u. Together they are a mixture of Gaussians (`densities.py`), whose -ln p has a tail of the same kind.

Runs unchanged on CPython and MicroPython (32-bit floats), so that training replays exactly what the meter will do. Who
uses the model finds all of it here but its bytes: CHANNELS, Features, Model, Scorer, Rules.
"""

import math
from array import array

from .densities import MOST_MILLI, Mixture
from .features import (
    CHANNELS,
    EXCESS_60M,
    HOUSE_1M,
    HOUSE_BEFORE,
    LOG_FLOOR,
    MINUTE_S,
    NAMES,
    NONE,
    PV_OF_ENVELOPE_3H,
    Features,
    before_end_s,
)
from .model import DAY_S, MAX_FOURIER, SILENT, Channel, Model
from .rules import Latch, Rules

__all__ = ["CHANNELS", "NAMES", "SILENT", "Features", "Latch", "Model", "Rules", "Scorer"]


def _fourier(series: "array[float]", basis: "array[float]", total: float = 0.0) -> float:
    """The series at the moment of the basis, added to `total`."""
    for index in range(len(series)):
        total += series[index] * basis[index]
    return total


ENVELOPE_LEAST = 0.15  # of its peak: with the sun lower than that the ratio says little


class Scorer:
    """p(x) of every minute, and the start and end of an anomaly.

    After `push`: `channel`, `number`, `usual_lo`, `usual_hi` (integers in the channel's unit; mean ± 2 spreads) and
    `is_low` tell of the most unusual channel; `event` is None or, once each,
    (phase "start" | "end", kind, channel, number, usual_lo, usual_hi, score_milli, since_s).
    """

    def __init__(self, features: Features, model: Model | None = None):
        self.features = features
        self.event: tuple[str, str, int, int, int, int, int, int] | None = None
        self.channel = NONE
        self.number = 0
        self.usual_lo = 0
        self.usual_hi = 0
        self.is_low = False
        self._basis = array("f", [1.0] * MAX_FOURIER)
        self._open = ("", NONE, 0)  # kind, channel and start of what is open
        self._latch = Latch(1, 1)
        self.use(model)

    def use(self, model: Model | None) -> None:
        """Takes another model (None: none); an anomaly that is open stays open until the new one sees it end."""
        self.model = model
        if model is not None and model.mixture is not None:
            model.mixture.begin()
        if model is not None:
            self._latch.opening = model.open_minutes
            self._latch.closing = model.close_minutes

    def reopen(self, kind: str, channel: int, since_s: int) -> None:
        """Goes on with an anomaly that was open before a restart."""
        self._open = (kind, channel, since_s)
        self._latch.is_open = True

    def push(self, minute_s: int, grid_w: int | None, pv_w: int | None, v_dv: int | None, q_var: int | None) -> int:
        """Scores the next minute: -1000 log10 of its rate per hour; 0 without a model, or for a minute already seen."""
        self.event = None
        model = self.model
        if not self.features.push(minute_s, grid_w, pv_w, v_dv, q_var) or model is None:
            return 0
        end_s = minute_s + MINUTE_S
        score_milli = self._judge(model, end_s)
        threshold = model.threshold_milli
        if self._latch.push(threshold != SILENT and score_milli >= threshold):
            self.event = (
                self._start(minute_s, score_milli) if self._latch.is_open else self._end(model, end_s, score_milli)
            )
        return score_milli

    def _judge(self, model: Model, end_s: int) -> int:
        """Finds the most unusual channel of the minute that ended at end_s."""
        self._set_basis(model.second_of_day(end_s))
        most = 0.0
        leading = None
        for channel in model.channels:
            if self.features.warm >> channel.channel & 1:
                score = self._score(model, channel, end_s)
                if score > most:
                    most = score
                    leading = channel
        by_night = self._by_night(model, end_s)
        mixed = self._mixed(model.mixture) if model.mixture is not None else 0.0
        if model.mixture is not None and mixed > max(most, by_night):
            most = mixed
            self._explain_mixed(model.mixture)
        elif by_night > most:
            most = by_night
            self._explain_night(model, end_s)
        else:
            self.channel = NONE if leading is None else leading.channel
            self.number, self.usual_lo, self.usual_hi, self.is_low = self._explained(model, leading, end_s)
        return min(MOST_MILLI, int(most * 1000 + 0.5))

    def _set_basis(self, second: int) -> None:
        angle = 2.0 * math.pi * second / DAY_S
        for harmonic in range(1, MAX_FOURIER // 2 + 1):
            self._basis[2 * harmonic - 1] = math.cos(harmonic * angle)
            self._basis[2 * harmonic] = math.sin(harmonic * angle)

    def _score(self, model: Model, channel: Channel, end_s: int) -> float:
        number = self._measured(model, channel.channel, end_s)
        if number is None:
            return 0.0
        short = self._mean(model, channel, end_s, -_shaped(channel.channel, number))  # what is large cancels exactly
        if short is None:
            return 0.0
        z = -short / self._spread(model, channel, end_s)
        if z < 0.0:
            return channel.low.score(-z) if channel.low is not None else 0.0
        return channel.high.score(z) if channel.high is not None else 0.0

    def _by_night(self, model: Model, end_s: int) -> float:
        """The score of the excess beyond what follows of the hours before; 0 by day, or where they are not known."""
        found = self._night(model, end_s)
        if model.night is None or found is None:
            return 0.0
        return model.night.tail.score((self.features.values[EXCESS_60M] - found[0]) / found[1])

    def _night(self, model: Model, end_s: int) -> "tuple[float, float] | None":
        """Where the power of this hour of the night is centred after the hours before, and its spread [W]."""
        night = model.night
        if night is None or not night.covers(model.second_of_day(end_s)):
            return None
        if model.expected_w is None or model.expected_spread_w is None:
            return None
        warm = self.features.warm
        now_w = model.expected_w.mean(end_s, 1)
        spread_w = model.expected_spread_w.mean(end_s, 1)
        before_w = model.expected_w.mean(before_end_s(end_s), 2)
        if now_w is None or spread_w is None or before_w is None or not warm >> EXCESS_60M & warm >> HOUSE_BEFORE & 1:
            return None
        carried_w = night.carries * (self.features.values[HOUSE_BEFORE] - before_w)
        return now_w + carried_w + night.usual * spread_w, night.spread * spread_w

    def _explain_night(self, model: Model, end_s: int) -> None:
        mean_w, spread_w = self._night(model, end_s) or (0.0, 0.0)
        self.channel = EXCESS_60M
        self.number = round(self.features.values[EXCESS_60M])
        self.usual_lo = max(0, round(mean_w - 2.0 * spread_w))
        self.usual_hi = max(0, round(mean_w + 2.0 * spread_w))
        self.is_low = False

    def _mixed(self, mixture: Mixture) -> float:
        """The score of the mixture's channels together; 0 in a minute that was not measured."""
        if not self.features.warm >> HOUSE_1M & 1:
            return 0.0
        for column in range(len(mixture.channels)):
            channel = mixture.channels[column]
            is_warm = self.features.warm >> channel & 1
            mixture.set(column, _shaped(channel, self.features.values[channel]) if is_warm else None)
        return mixture.score()

    def _explain_mixed(self, mixture: Mixture) -> None:
        """Names the channel that is farthest from what goes with the others, and its usual range beside them."""
        column = mixture.leading()
        channel = mixture.channels[column]
        mean, spread = mixture.usual_of(column)
        number = self.features.values[channel]
        self.channel = channel
        self.number = round(number)
        self.usual_lo = _unshaped(channel, mean - 2.0 * spread)
        self.usual_hi = _unshaped(channel, mean + 2.0 * spread)
        self.is_low = _shaped(channel, number) < mean

    def _measured(self, model: Model, channel: int, end_s: int) -> float | None:
        """The channel's value in its unit; None where the model has nothing to set it against."""
        measured: float = self.features.values[channel]
        if channel != PV_OF_ENVELOPE_3H:
            return measured
        envelope_w = model.envelope_w.mean(end_s, 3) if model.envelope_w is not None else None
        if model.envelope_w is None or envelope_w is None:
            return None
        if envelope_w < ENVELOPE_LEAST * max(model.envelope_w.numbers) or envelope_w <= 0.0:
            return None
        return 1000.0 * measured / envelope_w

    def _mean(self, model: Model, channel: Channel, end_s: int, total: float = 0.0) -> float | None:
        """Where the channel's Gaussian is centred now, in its shape, added to `total`; None where that is not known."""
        mean = _fourier(channel.mean, self._basis, total)
        if channel.channel != EXCESS_60M:
            return mean
        expected_w = model.expected_w.mean(end_s, 1) if model.expected_w is not None else None
        return None if expected_w is None else mean + expected_w

    def _spread(self, model: Model, channel: Channel, end_s: int) -> float:
        spread = math.exp(_fourier(channel.log_spread, self._basis))
        if channel.channel != EXCESS_60M or model.expected_spread_w is None:
            return spread
        return spread * (model.expected_spread_w.mean(end_s, 1) or 1.0)

    def _explained(self, model: Model, channel: Channel | None, end_s: int) -> tuple[int, int, int, bool]:
        """(number, usual_lo, usual_hi, is the number low), in the channel's unit."""
        if channel is None:
            return 0, 0, 0, False
        number = self._measured(model, channel.channel, end_s)
        mean = self._mean(model, channel, end_s)
        if number is None or mean is None:
            return 0, 0, 0, False
        around = 2.0 * self._spread(model, channel, end_s)
        lo = _unshaped(channel.channel, mean - around)
        if channel.channel == EXCESS_60M:
            lo = max(lo, 0)  # the Gaussian knows no floor, a house does
        hi = _unshaped(channel.channel, mean + around)
        return round(number), lo, hi, _shaped(channel.channel, number) < mean

    def _start(self, minute_s: int, score_milli: int) -> "tuple[str, str, int, int, int, int, int, int]":
        kind = CHANNELS[self.channel][2 if self.is_low else 3]
        self._open = (kind, self.channel, minute_s)
        return ("start", kind, self.channel, self.number, self.usual_lo, self.usual_hi, score_milli, minute_s)

    def _end(self, model: Model, end_s: int, score_milli: int) -> "tuple[str, str, int, int, int, int, int, int]":
        """The end of what was open, with what its own channel shows now: another may lead by then."""
        kind, opened, since_s = self._open
        channel = None
        for known in model.channels:
            if known.channel == opened:
                channel = known
        now, lo, hi, _ = self._explained(model, channel, end_s)
        return ("end", kind, opened, now, lo, hi, score_milli, since_s)


def _shaped(channel: int, number: float) -> float:
    """The number in the shape in which its channel is Gaussian."""
    floor = LOG_FLOOR.get(channel)
    return number if floor is None else math.log(max(number, floor))


def _unshaped(channel: int, number: float) -> int:
    if channel in LOG_FLOOR:
        number = math.exp(min(number, 20.0))
    return round(number)
