"""Watches over the bursts: voltage rules on every one, the contract's rules and p(x) on every minute."""

from math import sqrt

from contract import scorer
from contract.features import VOLTAGE_BURST, clamped
from contract.refusal import Refusal

_MINUTE_MS = 60000
_LEAST_COVERED_US = 30000000  # of a minute, else it counts as not measured
_CALM_BURSTS = 5  # a second within the limits ends a voltage event
_MOST = 2000000000  # what an event's numbers are bounded to on the wire


class VoltageRule:
    """Sag, swell and interruption (IEC 61000-4-30, section 5.4: below 90 %, above 110 %, below 10 % of nominal).

    They end two hundredths of the nominal voltage inside the limit.
    """

    def __init__(self, nominal_mv: int):
        self.low_mv = nominal_mv * 9 // 10
        self.high_mv = nominal_mv * 11 // 10
        self._none_mv = nominal_mv // 10
        self._inside_low_mv = nominal_mv * 92 // 100
        self._inside_high_mv = nominal_mv * 108 // 100
        self.kind = None  # of the event that is open
        self.extreme_mv = 0
        self._calm = 0

    def is_calm(self, v_mv: int) -> bool:
        """True while nothing is open and nothing opens: almost always."""
        return self.kind is None and self.low_mv <= v_mv <= self.high_mv

    def push(self, v_mv: int) -> list:
        """What this burst begins and ends, as (phase, kind, voltage); an end tells the extreme."""
        told = []
        kind = self._kind_of(v_mv)
        if self.kind is not None:
            if kind is not None and kind != self.kind and not (self.kind == "interruption" and kind == "sag"):
                told.append(self._end())
            else:
                self._follow(v_mv, told)
        if self.kind is None and kind is not None:
            self.kind = kind
            self.extreme_mv = v_mv
            self._calm = 0
            told.append(("start", kind, v_mv))
        return told

    def _kind_of(self, v_mv: int):
        if v_mv > self.high_mv:
            return "swell"
        if v_mv < self._none_mv:
            return "interruption"
        return "sag" if v_mv < self.low_mv else None

    def _follow(self, v_mv: int, told: list) -> None:
        pick = max if self.kind == "swell" else min
        self.extreme_mv = pick(self.extreme_mv, v_mv)
        inside = self._inside_low_mv <= v_mv <= self._inside_high_mv
        self._calm = self._calm + 1 if inside else 0
        if self._calm >= _CALM_BURSTS:
            told.append(self._end())

    def _end(self) -> tuple:
        kind = self.kind
        self.kind = None
        return "end", kind, self.extreme_mv


class Watch:
    """Everything that may be told at once. `events` fills with the fields of EVENT frames, without key and time:
    phase, kind, channel, value, usual_lo, usual_hi, score_milli, since_ms (uptime at which it began)."""

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
        self.events = []
        self.score_milli = 0
        self._minute = 0
        self._since_ms = 0
        self._clear()

    def use_config(self, configuration) -> None:
        """Rules whose limits stay the same go on: what is open must be able to end."""
        self._has_pv = configuration.has_pv
        limits = (configuration.low_dv, configuration.high_dv, configuration.nominal_mv)
        if limits != self._limits:
            self._limits = limits
            self.rules = scorer.Rules(configuration.low_dv, configuration.high_dv)
            self._voltage = VoltageRule(configuration.nominal_mv)

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

    def push(self, meter, length_us: int, uptime_ms: int, unix_ms: int) -> None:
        """Takes a burst that ended now; unix_ms 0: the clock is not set, and there are no minutes yet."""
        if not self._voltage.is_calm(meter.v_mv):
            self._tell_voltage(meter.v_mv, uptime_ms)
        if unix_ms:
            minute = unix_ms // _MINUTE_MS
            if minute != self._minute:
                self._end_minute(uptime_ms - unix_ms)
                self._minute = minute
        self._bursts += 1
        self._covered_us += length_us
        self._grid_mw += meter.grid_mw
        self._grid_mvar += meter.grid_mvar
        self._pv_mw += meter.pv_mw
        self._v_mv += meter.v_mv
        self._grid_a2 += meter.grid.a2

    def _tell_voltage(self, v_mv: int, uptime_ms: int) -> None:
        rule = self._voltage
        for phase, kind, told_mv in rule.push(v_mv):
            if phase == "start":
                self._since_ms = uptime_ms
            self._tell(phase, kind, VOLTAGE_BURST, told_mv, rule.low_mv, rule.high_mv, 0, self._since_ms)

    def _end_minute(self, uptime_less_unix_ms: int) -> None:
        """Scores the minute that has passed."""
        if self._minute:
            minute_s = self._minute * 60
            grid_w, pv_w, v_dv, q_var, grid_va = self._means()
            self.score_milli = self.scorer.push(minute_s, grid_w, pv_w, v_dv, q_var)
            if self.scorer.event is not None:
                self._tell_minute(self.scorer.event, uptime_less_unix_ms)
            for k in range(self.rules.push(minute_s, grid_w, pv_w, v_dv, q_var, grid_va)):
                self._tell_minute(self.rules.events[k], uptime_less_unix_ms)
        self._clear()

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

    def _tell_minute(self, event: tuple, uptime_less_unix_ms: int) -> None:
        phase, kind, channel, number, lo, hi, score_milli, since_s = event
        self._tell(phase, kind, channel, number, lo, hi, score_milli, since_s * 1000 + uptime_less_unix_ms)

    def _tell(self, phase, kind, channel, number, lo, hi, score_milli, since_ms) -> None:
        bounded = [max(-_MOST, min(_MOST, n)) for n in (number, lo, hi, score_milli)]
        self.events.append((phase, kind, channel, bounded[0], bounded[1], bounded[2], bounded[3], since_ms))
