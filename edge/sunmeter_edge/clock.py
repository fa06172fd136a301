"""Where the hub's time comes from."""

import time
from collections.abc import Callable
from pathlib import Path

Clock = Callable[[], int]  # now, Unix ms


def system_ms() -> int:
    return time.time_ns() // 1_000_000


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
