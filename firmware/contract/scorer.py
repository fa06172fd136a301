"""Scores a minute against the model, and tells the start and end of an anomaly.

The score of a minute is -1000 log10 of the rate, per hour, at which this home's own history goes at least as far as the
most unusual channel does now: 3000 is once in a thousand hours. The body of each channel is a Gaussian whose mean and
spread follow the time of day; its tail is a generalised Pareto (Coles 2001, section 4.2), joined to the body at u.

Runs unchanged on CPython and MicroPython (32-bit floats), so that training replays exactly what the meter will do. Who
uses the model finds all of it here: CHANNELS, Features, Model, unpack, Scorer, Rules.
"""

import math
from array import array

from .features import CHANNELS, EXCESS_60M, LOG_FLOOR, MINUTE_S, NAMES, NONE, PV_OF_ENVELOPE_3H, Features
from .model import DAY_S, MAX_FOURIER, MOST_MILLI, SILENT, Channel, Model, unpack
from .rules import Latch, Rules

__all__ = ["CHANNELS", "NAMES", "SILENT", "Features", "Model", "Rules", "Scorer", "unpack"]


def _fourier(series, basis) -> float:
    total = 0.0
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

    def __init__(self, features: Features, model=None):
        self.features = features
        self.event = None
        self.channel = NONE
        self.number = 0
        self.usual_lo = 0
        self.usual_hi = 0
        self.is_low = False
        self._basis = array("f", [1.0] * MAX_FOURIER)
        self._open = None
        self._latch = Latch(1, 1)
        self.use(model)

    def use(self, model) -> None:
        """Takes another model (None: none); an anomaly that is open stays open until the new one sees it end."""
        self.model = model
        if model is not None:
            self._latch.opening = model.open_minutes
            self._latch.closing = model.close_minutes

    def push(self, minute_s: int, grid_w, pv_w, v_dv, q_var) -> int:
        """Scores the next minute: -1000 log10 of its rate per hour; 0 without a model, or for a minute already seen."""
        self.event = None
        if not self.features.push(minute_s, grid_w, pv_w, v_dv, q_var) or self.model is None:
            return 0
        score_milli = self._judge(minute_s + MINUTE_S)
        threshold = self.model.threshold_milli
        if self._latch.push(threshold != SILENT and score_milli >= threshold):
            self._tell(minute_s, score_milli)
        return score_milli

    def _judge(self, end_s: int) -> int:
        """Finds the most unusual channel of the minute that ended at end_s."""
        self._set_basis(self.model.second_of_day(end_s))
        most = 0.0
        self.channel = NONE
        self.number = self.usual_lo = self.usual_hi = 0
        self.is_low = False
        for channel in self.model.channels:
            if not self.features.warm >> channel.channel & 1:
                continue
            score = self._score(channel, end_s)
            if score > most:
                most = score
                self._explain(channel, end_s)
        return min(MOST_MILLI, int(most * 1000 + 0.5))

    def _set_basis(self, second: int) -> None:
        angle = 2.0 * math.pi * second / DAY_S
        for harmonic in range(1, MAX_FOURIER // 2 + 1):
            self._basis[2 * harmonic - 1] = math.cos(harmonic * angle)
            self._basis[2 * harmonic] = math.sin(harmonic * angle)

    def _score(self, channel: Channel, end_s: int) -> float:
        number = self._measured(channel.channel, end_s)
        mean = self._mean_of(channel, end_s)
        if number is None or mean is None:
            return 0.0
        z = (_shaped(channel.channel, number) - mean) / self._spread_of(channel, end_s)
        if z < 0.0:
            return channel.low.score(-z) if channel.low is not None else 0.0
        return channel.high.score(z) if channel.high is not None else 0.0

    def _measured(self, channel: int, end_s: int):
        """The channel's value in its unit; None where the model has nothing to set it against."""
        if channel != PV_OF_ENVELOPE_3H:
            return self.features.values[channel]
        envelope_w = self.model.envelope_w.mean(end_s, 3) if self.model.envelope_w is not None else None
        if envelope_w is None or envelope_w < ENVELOPE_LEAST * max(self.model.envelope_w.numbers) or envelope_w <= 0:
            return None
        return 1000.0 * self.features.values[channel] / envelope_w

    def _mean_of(self, channel: Channel, end_s: int):
        """Where the channel's Gaussian is centred now, in its shape; None where the model expects nothing."""
        mean = _fourier(channel.mean, self._basis)
        if channel.channel != EXCESS_60M:
            return mean
        expected_w = self.model.expected_w.mean(end_s, 1) if self.model.expected_w is not None else None
        return None if expected_w is None else mean + expected_w

    def _spread_of(self, channel: Channel, end_s: int) -> float:
        spread = math.exp(_fourier(channel.log_spread, self._basis))
        if channel.channel != EXCESS_60M:
            return spread
        return spread * self.model.expected_spread_w.mean(end_s, 1)

    def _explain(self, channel: Channel, end_s: int) -> None:
        number = self._measured(channel.channel, end_s)
        mean = self._mean_of(channel, end_s)
        spread = self._spread_of(channel, end_s)
        self.channel = channel.channel
        self.number = round(number)
        self.is_low = _shaped(channel.channel, number) < mean
        self.usual_lo = _unshaped(channel.channel, mean - 2.0 * spread)
        self.usual_hi = _unshaped(channel.channel, mean + 2.0 * spread)

    def _tell(self, minute_s: int, score_milli: int) -> None:
        if self._latch.is_open:
            kind = CHANNELS[self.channel][2 if self.is_low else 3]
            self._open = (kind, self.channel, minute_s)
        kind, channel, since_s = self._open
        phase = "start" if self._latch.is_open else "end"
        self.event = (phase, kind, channel, self.number, self.usual_lo, self.usual_hi, score_milli, since_s)


def _shaped(channel: int, number: float) -> float:
    """The number in the shape in which its channel is Gaussian."""
    floor = LOG_FLOOR.get(channel)
    return number if floor is None else math.log(max(number, floor))


def _unshaped(channel: int, number: float) -> int:
    if channel in LOG_FLOOR:
        number = math.exp(min(number, 20.0))
    return round(number)
