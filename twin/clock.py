"""Simulated time: all houses together, as fast as they go until they reach the wall clock, then in step with it."""

import mmap
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .faults import OUTSIDE, Fault, Faults

_LEAD_MS = 1000  # by which a house may be ahead of the slowest
_LIVE_LAG_MS = 1000  # nearer than this to the wall clock, the street is live
_FAR_LAG_MS = 10_000  # further from it, a meter may ask for more than it can hear at once
_LOST_LAG_MS = 5000  # and stays so until a house falls this far behind: a slow burst is not the past
_TICK_S = 0.02
_HOUR_MS = 3_600_000
_MS = struct.Struct("<Q")


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class ClockFile:
    """Eight bytes, little-endian Unix ms, for the hub to read; never turned back."""

    def __init__(self, path: Path, ms: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.stat().st_size != _MS.size:
            path.write_bytes(_MS.pack(ms))
        self._file = path.open("r+b")  # in place: a hub may hold a map of it
        self._map = mmap.mmap(self._file.fileno(), _MS.size)
        self._map[:] = _MS.pack(ms)
        self._ms = ms

    def write(self, ms: int) -> None:
        if ms > self._ms:
            self._ms = ms
            self._map[:] = _MS.pack(ms)

    def close(self) -> None:
        self._map.close()
        self._file.close()


class Timeline:
    """How far each house has got, who must wait, and what time it is for the hub.

    on_hour(at_ms) is called when the slowest house begins a new hour. on_outage(kind, active, at_ms) is called when it
    passes the start or the end of a hub or internet fault; all houses wait until it returns, so that it may stop or
    start a process at that simulated instant.
    """

    pace: float | None = None  # at most so many times as fast as the wall clock, for who sets it before the start

    def __init__(
        self,
        start_ms: int,
        end_ms: int | None = None,
        clock_file: Path | None = None,
        outages: Faults | None = None,
        on_outage: Callable[[str, bool, int], None] | None = None,
        on_hour: Callable[[int], None] | None = None,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self.start_ms = start_ms
        self.end_ms = end_ms
        self.outages = outages or Faults()
        self.catching_up = start_ms < now_ms() - _LIVE_LAG_MS
        self._now_ms = now_ms
        self._began_s = time.monotonic()
        self._clock = ClockFile(clock_file, start_ms) if clock_file else None
        self._on_outage = on_outage
        self._on_hour = on_hour
        self._hour = start_ms // _HOUR_MS
        self._out: dict[str, bool] = dict.fromkeys(OUTSIDE, False)
        self._reached: dict[str, int] = {}
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._ticker: threading.Thread | None = None

    def join_in(self, name: str) -> None:
        """Count a house among those that keep step, from the start."""
        self._reached[name] = self.start_ms

    def start(self) -> None:
        self._began_s = time.monotonic()
        self._tick()
        self._ticker = threading.Thread(target=self._run, name="clock", daemon=True)
        self._ticker.start()

    def close(self) -> None:
        self._closed.set()
        if self._ticker is not None:
            self._ticker.join()
        if self._clock is not None:
            self._clock.close()
            self._clock = None

    @property
    def slowest_ms(self) -> int:
        return min(self._reached.values(), default=self.start_ms)

    @property
    def is_far(self) -> bool:
        """Whether the present is so far that nobody will have to wait for it soon."""
        return self._now_ms() - self.slowest_ms > _FAR_LAG_MS

    def over(self, at_ms: int) -> bool:
        return self.end_ms is not None and at_ms >= self.end_ms

    def wait(self, name: str, until_ms: int, stop: threading.Event) -> bool:
        """Block until a house may go on to until_ms; False when it must end instead."""
        with self._changed:
            while not stop.is_set() and not self._closed.is_set():
                others = [ms for other, ms in self._reached.items() if other != name]
                in_step = until_ms <= min(others, default=until_ms) + _LEAD_MS or self._reached[name] <= min(others)
                ahead_s = self._ahead_s(until_ms)
                if in_step and ahead_s <= 0:
                    return True
                self._changed.wait(min(ahead_s, 0.5) if in_step else 0.5)
        return False

    def _ahead_s(self, until_ms: int) -> float:
        """How long the wall clock, and the pace, hold back who would go on to until_ms."""
        live_s = (until_ms - self._now_ms()) / 1000
        if self.pace is None:
            return live_s
        paced_s = (until_ms - self.start_ms) / 1000 / self.pace
        return max(live_s, self._began_s + paced_s - time.monotonic())

    def reached(self, name: str, ms: int) -> None:
        """A house has played up to ms."""
        with self._changed:
            self._reached[name] = ms
            self._tell_outages()
            self._tell_hour()
            self._tick()
            self._changed.notify_all()

    def leave(self, name: str) -> None:
        """A house no longer holds back the others."""
        with self._changed:
            self._reached.pop(name, None)
            self._changed.notify_all()

    def _tell_outages(self) -> None:
        if self._on_outage is None:
            return
        now_ms = self.slowest_ms
        for kind, was_out in self._out.items():
            is_out = self.outages.active(kind, now_ms) is not None
            if is_out != was_out:
                self._out[kind] = is_out
                self._on_outage(kind, is_out, now_ms)

    def _tell_hour(self) -> None:
        hour = self.slowest_ms // _HOUR_MS
        if hour > self._hour and self._on_hour is not None:
            self._hour = hour
            self._on_hour(hour * _HOUR_MS)

    def _tick(self) -> None:
        """Advance the clock file to the slowest house; live, to the wall clock, which the houses follow."""
        lag_ms = self._now_ms() - self.slowest_ms
        self.catching_up = lag_ms > (_LIVE_LAG_MS if self.catching_up else _LOST_LAG_MS)
        if self._clock is not None:
            self._clock.write(self.slowest_ms if self.catching_up else self._now_ms())

    def _run(self) -> None:
        while not self._closed.wait(_TICK_S):
            with self._changed:
                self._tick()


def is_outside(fault: Fault) -> bool:
    """Whether a fault is told to whoever runs hub and internet, rather than felt by a house."""
    return fault.kind in OUTSIDE
