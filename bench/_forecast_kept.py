"""Scores of the slow peers that an earlier run of the same code found on the same days: for `bench.forecast`.

They take most of an hour and do not change when the forecast does. What is kept is named by a digest of the peers' own
code and versions, so an edit of either judges them anew. The seconds are those of the run that judged them.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

from bench import _forecast_heavy, _forecast_homes, _forecast_peers, _forecast_tally
from bench._forecast_tally import DayScore
from dev.paths import ROOT, RUN
from sunmeter.learning import days, series

SLOW = (*_forecast_heavy.NAMES, "sarimax + fourier", "holt-winters")


def _digest() -> str:
    modules = (_forecast_heavy, _forecast_homes, _forecast_peers, _forecast_tally, days, series)
    files = [Path(str(module.__file__)) for module in modules]
    files += [ROOT / "requirements" / name for name in ("bench.txt", "dev.txt")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


class Kept:
    """One home's scores in a file of lines, each written as soon as it is known."""

    def __init__(self, home: str) -> None:
        self._file = RUN / "bench" / f"forecast-{_digest()}" / f"{home}.jsonl"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        self._known = {(name, start_s): DayScore(*score) for name, start_s, *score in map(json.loads, lines)}
        self.used = 0

    def score(self, name: str, start_s: int, judge: Callable[[], DayScore]) -> DayScore:
        """The score that is kept, or the one that `judge` finds."""
        if name not in SLOW:
            return judge()
        if (name, start_s) in self._known:
            self.used += 1
            return self._known[name, start_s]
        found = judge()
        with self._file.open("a") as file:
            file.write(json.dumps([name, start_s, *astuple(found)]) + "\n")
        return found
