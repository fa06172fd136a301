"""Sag, swell and interruption, resolved to half a mains cycle (IEC 61000-4-30, sections 5.4 and 5.5).

The voltage is judged by its RMS value over one cycle, renewed every half cycle: below 90 %, above 110 %, below 10 % of
the nominal voltage something begins. It has ended when two cycles in a row no longer show it, two hundredths inside of
the limit: after a fault the voltage bounces for about a cycle, and what is less than two cycles apart cannot be told
apart anyway. Begin and end are the half cycles, not the cycles around them, so that a duration is right to a cycle.
"""

_CALM_WINDOWS = 3  # cycles that overlap by half: together two
_TELLS_AFTER = 4  # half cycles: by then it is known whether a falling voltage is a sag or an interruption


class VoltageEvents:
    """kind: of the event that is open, None where there is none; extreme_mv: the least or greatest cycle in it."""

    def __init__(self, nominal_mv: int):
        self.nominal_mv = nominal_mv
        self.low_mv = nominal_mv * 9 // 10
        self.high_mv = nominal_mv * 11 // 10
        self._none_mv = nominal_mv // 10
        self._within_mv = nominal_mv // 50
        self.kind = None
        self.extreme_mv = 0
        self._since_us = self._calm_us = 0
        self._calm = 0  # cycles in a row that do not show the event
        self._is_told = False

    def reopen(self, kind: str) -> None:
        """Goes on with what was open, and told, before a restart: the extreme is that of this boot."""
        if self.kind is None:
            self.kind = kind
            self.extreme_mv = self.high_mv if kind == "swell" else self.low_mv
            self._is_told = True
            self._calm = 0

    def is_calm(self, meter) -> bool:
        """True while nothing is open and nothing opens: almost always."""
        return self.kind is None and self.low_mv <= meter.v_min_mv and meter.v_max_mv <= self.high_mv

    def is_like(self, kind: str) -> bool:
        """Whether an event of this direction is open."""
        return self.kind == kind or (self.kind == "interruption" and kind == "sag")

    def push(self, burst, meter) -> list:
        """What begins and ends in this burst: (phase, kind, extreme so far [mV], when, since when [µs of uptime])."""
        told = []
        usual_v2 = meter.v2_of(self.nominal_mv)
        for k in range(0 if burst.half_v2(0) else 1, burst.halves - 1):
            v2 = burst.cycle_v2(k, usual_v2)
            if v2 < 0.0:
                continue
            v_mv = meter.mv_of(v2)
            if self.kind is not None:
                self._follow(v_mv, burst, meter, k, told)
            if self.kind is None:
                self._open(v_mv, burst, meter, k)
                self._calm = 0
        if self.kind is not None and not self._is_told:
            half_us = burst.point_us(1) - burst.point_us(0) or 10000
            if burst.end_us - self._since_us >= _TELLS_AFTER * half_us - half_us // 2:
                self._tell_start(told)
        return told

    def _kind_of(self, v_mv: int):
        if v_mv > self.high_mv:
            return "swell"
        if v_mv < self._none_mv:
            return "interruption"
        return "sag" if v_mv < self.low_mv else None

    def _open(self, v_mv: int, burst, meter, k: int) -> None:
        kind = self._kind_of(v_mv)
        if kind is None:
            return
        if not self._calm:  # else it follows at once upon another, which ended at _calm_us
            alone = self._kind_of(meter.mv_of(burst.half_v2(k)))
            is_beyond = alone is not None and (alone == "swell") == (kind == "swell")
            self._calm_us = burst.point_us(k if is_beyond else k + 1)
        self._since_us = self._calm_us
        self.kind = kind
        self.extreme_mv = v_mv
        self._is_told = False

    def _follow(self, v_mv: int, burst, meter, k: int, told: list) -> None:
        if not self._shows(v_mv):
            if not self._calm:
                self._calm_us = burst.point_us(k + 1 if self._shows(meter.mv_of(burst.half_v2(k))) else k)
            self._calm += 1
            if self._calm >= _CALM_WINDOWS:
                self._end(self._calm_us, told)
            return
        self._calm = 0
        if self.kind == "sag" and v_mv < self._none_mv:
            self._deepen(burst, meter, k, told)
        pick = max if self.kind == "swell" else min
        self.extreme_mv = pick(self.extreme_mv, v_mv)

    def _shows(self, v_mv: int) -> bool:
        """Whether this voltage belongs to the open event."""
        if self.kind == "swell":
            return v_mv > self.high_mv - self._within_mv
        return v_mv < (self._none_mv if self.kind == "interruption" else self.low_mv) + self._within_mv

    def _deepen(self, burst, meter, k: int, told: list) -> None:
        """A sag turns out to be an interruption; one that was told as a sag ends."""
        if self._is_told:
            at_us = burst.point_us(k if meter.mv_of(burst.half_v2(k)) < self._none_mv else k + 1)
            self._end(at_us, told)
            self._since_us = at_us
            self._is_told = False
        self.kind = "interruption"

    def _tell_start(self, told: list) -> None:
        told.append(("start", self.kind, self.extreme_mv, self._since_us, self._since_us))
        self._is_told = True

    def _end(self, at_us: int, told: list) -> None:
        if not self._is_told:
            self._tell_start(told)
        told.append(("end", self.kind, self.extreme_mv, at_us, self._since_us))
        self.kind = None
