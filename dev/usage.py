"""What processes take while they run: memory, open files, threads; and whether it grows."""

from __future__ import annotations

import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SETTLED = 1 / 3  # of a life is left out: caches fill, modules are imported


@dataclass(frozen=True)
class Look:
    """A process at one moment."""

    at_s: float  # monotonic
    rss_mb: float
    files: int
    threads: int


def look(pid: int) -> Look | None:
    """None when the process has ended, or this is not Linux."""
    folder = Path(f"/proc/{pid}")
    try:
        fields = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
        files = len(list((folder / "fd").iterdir()))
        return Look(time.monotonic(), int(fields["VmRSS"].split()[0]) / 1000, files, int(fields["Threads"]))
    except (OSError, KeyError, ValueError):  # it ended, or is a zombie
        return None


@dataclass(frozen=True)
class Growth:
    """Of the longest life of one program."""

    life_s: float
    peak_rss_mb: float
    rss_mb_per_h: float  # by least squares, once settled
    files: int  # more at the end of it than once settled, medians of a tenth of it
    threads: int


def growth(looks: list[Look]) -> Growth | None:
    """None where there are too few looks to tell."""
    settled = looks[int(len(looks) * SETTLED) :]
    if len(settled) < 20:
        return None
    slope, _ = statistics.linear_regression([each.at_s for each in settled], [each.rss_mb for each in settled])
    tenth = max(len(settled) // 10, 1)

    def more(of: Callable[[Look], int]) -> int:
        return round(statistics.median(map(of, settled[-tenth:])) - statistics.median(map(of, settled[:tenth])))

    return Growth(
        life_s=looks[-1].at_s - looks[0].at_s,
        peak_rss_mb=max(each.rss_mb for each in looks),
        rss_mb_per_h=slope * 3600,
        files=more(lambda each: each.files),
        threads=more(lambda each: each.threads),
    )


@dataclass
class Watcher:
    """Looks at programs every so often, in a thread of its own. Use as a context manager."""

    pids: Callable[[], Mapping[str, int | None]]  # by name; another pid under a name is another life
    every_s: float = 2.0
    lives: dict[str, dict[int, list[Look]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watcher:
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self.every_s):
            for name, pid in self.pids().items():
                if pid is not None and (seen := look(pid)):
                    self.lives[name][pid].append(seen)

    def growths(self) -> dict[str, Growth | None]:
        """By program, of its longest life."""
        return {name: growth(max(lives.values(), key=len)) for name, lives in sorted(self.lives.items())}
