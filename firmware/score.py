"""Watches over the bursts: the voltage in every cycle, the contract's rules and p(x) on every minute."""

from math import sqrt

from voltage import VoltageEvents

from contract import scorer, wire
from contract.features import DENSITY, FIRST_CHECK, NAMES, VOLTAGE_10M, VOLTAGE_BURST, clamped
from contract.refusal import Refusal

_MINUTE_MS = 60000
_LEAST_COVERED_US = 30000000  # of a minute, else it counts as not measured
_MOST = 2000000000  # what an event's numbers are bounded to on the wire
_CHECKS = tuple([wire.CHECKS.index(name) for name in NAMES[FIRST_CHECK:]])  # bits that are told as events
_CHECK_OPENS, _CHECK_CLOSES = 2, 6  # readings in a row
_LEAST_UNIX_S = 1000000000  # seconds below it are of the uptime: the event began before the clock was set


class Watch:
    """Everything that may be told at once. `events` fills with the fields of EVENT frames, without key and time:
    phase, kind, channel, value, usual_lo, usual_hi, score_milli, since_ms (uptime at which it began), at_ms (uptime of
    what is told: a voltage event's own begin or end)."""

    def __init__(self, configuration, model, features=None):
        """features: what Features.dump saved before the restart, or None."""
        self.features = scorer.Features()
        if features is not None:
            try:
                self.features.load(features)
            except Refusal:
                pass  # saved by another firmware: the windows fill again
        self.scorer = scorer.Scorer(self.features, model)
        self._limits = None
        self.use_config(configuration)
        self._checks = [scorer.Latch(_CHECK_OPENS, _CHECK_CLOSES) for _ in _CHECKS]
        self._check_since_ms = [0] * len(_CHECKS)
        self.events = []
        self.score_milli = 0
        self._minute = 0
        self._ahead_ms = 0  # of wall time before uptime in this minute; 0: the clock is not set
        self._uptime_ms = 0
        self._is_hushed = False  # the voltage of ten minutes is out of its limits, and the open event tells it
        self._clear()

    def use_config(self, configuration) -> None:
        """Rules whose limits stay the same go on: what is open must be able to end."""
        self._has_pv = configuration.has_pv
        limits = (configuration.low_dv, configuration.high_dv, configuration.nominal_mv)
        if limits != self._limits:
            self._limits = limits
            self.rules = scorer.Rules(configuration.low_dv, configuration.high_dv)
            self._voltage = VoltageEvents(configuration.nominal_mv)

    def reopen(self, kind: str, channel: int, since_s: int) -> None:
        """Goes on with an event that was open before a restart, so that calm can end it; other firmware's is left."""
        if channel == VOLTAGE_BURST:
            self._voltage.reopen(kind)
        elif channel < DENSITY:
            self.scorer.reopen(kind, channel, since_s)
        elif FIRST_CHECK <= channel < FIRST_CHECK + len(_CHECKS):
            self._checks[channel - FIRST_CHECK].is_open = True
        else:
            self.rules.reopen(kind, channel, since_s)

    def use_model(self, model) -> None:
        self.scorer.use(model)
        self.score_milli = 0

    @property
    def model_version(self) -> int:
        return self.scorer.model.version if self.scorer.model is not None else 0

    def _clear(self):
        self._bursts = self._covered_us = 0
        self._grid_mw = self._grid_mvar = self._pv_mw = self._v_mv = 0
        self._grid_a2 = 0.0

    def follow(self, burst, meter) -> None:
        """Judges the voltage of every cycle of a burst, also of one that was rejected."""
        voltage = self._voltage
        if not voltage.is_calm(meter):
            for phase, kind, v_mv, at_us, since_us in voltage.push(burst, meter):
                since_ms, at_ms = since_us // 1000, at_us // 1000
                self._tell(phase, kind, VOLTAGE_BURST, v_mv, voltage.low_mv, voltage.high_mv, 0, since_ms, at_ms)

    def push(self, meter, length_us: int, uptime_ms: int, unix_ms: int) -> None:
        """Takes a burst that ended now; unix_ms 0: the clock is not set, and minutes are those of the uptime."""
        self._uptime_ms = uptime_ms
        minute = (unix_ms or uptime_ms) // _MINUTE_MS
        if minute != self._minute:
            self._end_minute()
            self._minute = minute
            self._ahead_ms = unix_ms - uptime_ms if unix_ms else 0
        self._bursts += 1
        self._covered_us += length_us
        self._grid_mw += meter.grid_mw
        self._grid_mvar += meter.grid_mvar
        self._pv_mw += meter.pv_mw
        self._v_mv += meter.v_mv
        self._grid_a2 += meter.grid.a2

    def check(self, bits: int, uptime_ms: int) -> None:
        """Takes what a reading says of the meter's own sensors: bits of wire.CHECKS."""
        for k in range(len(_CHECKS)):
            latch = self._checks[k]
            if latch.push(bits >> _CHECKS[k] & 1 == 1):
                if latch.is_open:
                    self._check_since_ms[k] = uptime_ms
                phase = "start" if latch.is_open else "end"
                self._tell(phase, "sensor", FIRST_CHECK + k, 0, 0, 0, 0, self._check_since_ms[k], uptime_ms)

    def _end_minute(self) -> None:
        """Judges the minute that has passed: by the rules, and by the density where the time of day is known."""
        if self._minute:
            minute_s = self._minute * 60
            grid_w, pv_w, v_dv, q_var, grid_va = self._means()
            if self._ahead_ms:
                self.score_milli = self.scorer.push(minute_s, grid_w, pv_w, v_dv, q_var)
                if self.scorer.event is not None:
                    self._tell_minute(self.scorer.event)
            for k in range(self.rules.push(minute_s, grid_w, pv_w, v_dv, q_var, grid_va)):
                if not self._hushes(self.rules.events[k]):
                    self._tell_minute(self.rules.events[k])
        self._clear()

    def _hushes(self, event: tuple) -> bool:
        """Whether an open voltage event says the same already: one cause is one event, with one end."""
        if event[2] != VOLTAGE_10M:
            return False
        is_hushed = self._is_hushed
        self._is_hushed = event[0] == "start" and self._voltage.is_like(event[1])
        return is_hushed or self._is_hushed

    def _means(self) -> tuple:
        """(grid W, PV W, voltage in tenths of a volt, var, VA), None where the minute was not measured."""
        n = self._bursts
        if self._covered_us < _LEAST_COVERED_US:
            return None, None, None, None, None
        grid_w = clamped(round(self._grid_mw / n / 1000))
        pv_w = clamped(round(self._pv_mw / n / 1000)) if self._has_pv else None
        q_var = clamped(round(self._grid_mvar / n / 1000))
        v_dv = round(self._v_mv / n / 100)
        grid_va = round(self._v_mv / n / 1000 * sqrt(max(0.0, self._grid_a2 / n)))
        return grid_w, pv_w, v_dv, q_var, grid_va

    def _tell_minute(self, event: tuple) -> None:
        phase, kind, channel, number, lo, hi, score_milli, since_s = event
        since_ms = since_s * 1000
        if since_s >= _LEAST_UNIX_S:
            since_ms = since_ms - self._ahead_ms if self._ahead_ms else self._uptime_ms
        self._tell(phase, kind, channel, number, lo, hi, score_milli, since_ms, self._uptime_ms)

    def _tell(self, phase, kind, channel, number, lo, hi, score_milli, since_ms, at_ms) -> None:
        bounded = [max(-_MOST, min(_MOST, n)) for n in (number, lo, hi, score_milli)]
        self.events.append((phase, kind, channel, bounded[0], bounded[1], bounded[2], bounded[3], since_ms, at_ms))
