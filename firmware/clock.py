"""Uptime that never wraps, and wall time from the hub's signed replies."""

_LEAST_MS = 1577836800000  # 2020: a hub whose clock was never set, or that lies, says an earlier time than any meter's
_REPLIES = 8  # a hub that lies is forgotten after as many truths: 20 s
_NONE = -(1 << 60)


class Clock:
    """Uptime is counted from the ticks; wall time is uptime plus an offset.

    A reply is old by the time it is read, by the way back and by what the hub waited: the time it tells is never too
    late, and the reply that gives the latest time was the fastest. So the offset is the greatest of the last 8; a hub
    whose own clock was ahead is believed again after as many.
    """

    def __init__(self, diff):
        """diff(later, earlier): of two ticks, as time.ticks_diff; calls must be less than half a wrap apart."""
        self._diff = diff
        self._ticks_us = None
        self._uptime_us = 0
        self._offsets_ms = [_NONE] * _REPLIES
        self._next = 0
        self._offset_ms = _NONE
        self.error_ms = 0  # how far the last reply was behind this clock

    def uptime_us(self, ticks_us: int) -> int:
        """Uptime at a tick; 0 at the first one asked for. Ticks a little in the past are fine."""
        if self._ticks_us is None:
            self._ticks_us = ticks_us
        ahead_us = self._diff(ticks_us, self._ticks_us)
        if ahead_us > 0:
            self._ticks_us = ticks_us
            self._uptime_us += ahead_us
            return self._uptime_us
        return self._uptime_us + ahead_us

    @property
    def is_set(self) -> bool:
        return self._offset_ms != _NONE

    def unix_ms(self, uptime_ms: int) -> int:
        """Wall time of an uptime; 0 while the clock is not set."""
        return uptime_ms + self._offset_ms if self._offset_ms != _NONE else 0

    def hear(self, hub_ms: int, uptime_ms: int) -> None:
        """Takes the hub's time out of a reply that was read at uptime_ms; of one before there were meters nothing."""
        if hub_ms < _LEAST_MS:
            return
        offset_ms = hub_ms - uptime_ms
        self._offsets_ms[self._next] = offset_ms
        self._next = (self._next + 1) % _REPLIES
        self._offset_ms = max(self._offsets_ms)
        self.error_ms = offset_ms - self._offset_ms
