"""Where the hub's time comes from."""

import ctypes
import time
from collections.abc import Callable
from pathlib import Path

Clock = Callable[[], int]  # now, Unix ms
TIMEX_BYTES = 512  # more than the kernel's struct timex; all zero it asks and sets nothing
NOT_SYNCHRONISED = 5  # adjtimex(2): TIME_ERROR


def system_ms() -> int:
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def is_set() -> bool:
    """Whether the kernel says that something, NTP as a rule, keeps its clock right; True where it cannot be asked."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (OSError, AttributeError):  # not Linux
        return True
    return int(state) != NOT_SYNCHRONISED


class SystemClock:
    """The system's time, which does not go back behind what was already told before NTP has set it.

    A Pi has no clock of its own: without internet it starts where it was last saved, hours behind, and whoever sets it
    by hand may be wrong by a day. Readings placed among older ones would put those out of order, and with them their
    energy.
    """

    def __init__(
        self,
        told_ms: int,
        system: Clock = system_ms,
        elapsed: Clock = monotonic_ms,
        is_set: Callable[[], bool] = is_set,
    ):
        """told_ms: the latest that this hub took for the time before it was stopped; 0: it never ran."""
        self._told_ms, self._at_ms = told_ms, elapsed()
        self._system, self._elapsed, self._is_set = system, elapsed, is_set

    def __call__(self) -> int:
        at_ms, now_ms = self._elapsed(), self._system()
        if not self._is_set():
            now_ms = max(now_ms, self._told_ms + at_ms - self._at_ms)
        self._told_ms, self._at_ms = now_ms, at_ms
        return now_ms


class FileClock:
    """Simulated time: a file of 8 bytes, Unix ms little-endian, that somebody else keeps writing."""

    def __init__(self, path: Path):
        self._path = path
        self._last_ms = 0

    def __call__(self) -> int:
        """The file's time; while that is missing, cut short or 0, the last one that was read."""
        try:
            told = self._path.read_bytes()
        except FileNotFoundError:
            told = b""
        if len(told) == 8:
            self._last_ms = int.from_bytes(told, "little") or self._last_ms
        return self._last_ms
