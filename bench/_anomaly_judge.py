"""What a detector finds of injected faults, in events: found or not, after how long, and at how many false alerts.

An alert is five minutes in a row over the threshold; alerts less than an hour apart are one; what the clean recording
already alarms does not count as found.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from bench._minute_faults import EXCESS_FAULTS, Placed
from bench._minute_house import Seen
from sunmeter.contract.rules import Rules
from sunmeter.learning import fitting, replay
from sunmeter.learning.minutes import Minutes
from sunmeter.learning.series import Floats

Scorer = Callable[[Seen], Floats]


def mean(numbers: Iterable[float]) -> float:
    return float(np.mean(list(numbers)))


def opened(score: Floats, threshold: float) -> list[tuple[int, int]]:
    over = (score >= threshold).astype(np.int64)
    return replay.alerts(over, 1, fitting.OPEN_MINUTES, fitting.CLOSE_MINUTES)


def oracle(score: Floats, budget: int) -> float:
    """The lowest threshold at which the clean month has at most so many alerts."""
    levels = np.unique(score)
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        if len(opened(score, levels[middle])) <= budget:
            high = middle
        else:
            low = middle + 1
    return float(np.nextafter(levels[low], np.inf)) if len(opened(score, levels[low])) > budget else float(levels[low])


@dataclass
class Found:
    """What one detector found at one budget in one fold."""

    false_alerts: int
    delays_min: dict[str, list[int | None]] = field(default_factory=dict)  # of each placement; None: not found

    def add(self, name: str, delay_min: int | None) -> None:
        self.delays_min.setdefault(name, []).append(delay_min)

    def hits(self, name: str) -> list[bool]:
        return [delay_min is not None for delay_min in self.delays_min[name]]

    def recall(self, names: Iterable[str]) -> float:
        return mean(mean(self.hits(name)) for name in names)

    @property
    def rec9(self) -> float:
        return self.recall(name for name in self.delays_min if name not in EXCESS_FAULTS)

    @property
    def f1(self) -> float:
        found = len(self.delays_min) * self.recall(self.delays_min)
        return 2 * found / (found + self.false_alerts + len(self.delays_min))


@dataclass(frozen=True)
class Trial:
    """A month of a house, and the same month with one fault at a time."""

    clean: Seen
    faulty: list[tuple[Placed, Seen, int]]  # with the position of the first minute in the month

    @classmethod
    def of(cls, month: Minutes, places: list[Placed]) -> "Trial":
        injected = ((place, *place.injected(month)) for place in places)
        return cls(Seen.of(month), [(place, Seen.of(minutes), begin) for place, minutes, begin in injected])


def judge(score: Scorer, trial: Trial, threshold: float) -> Found:
    """What is found of the faults over a threshold, outside of what the clean month alarms already."""
    clean = opened(score(trial.clean), threshold)
    quiet = np.ones(len(trial.clean.minutes.grid_w), bool)
    for start, end in clean:
        quiet[max(0, start - fitting.OPEN_MINUTES) : end + 1] = False
    found = Found(len(clean))
    for place, seen, begin in trial.faulty:
        starts = [start + begin for start, _ in opened(score(seen), threshold)]
        new = [start for start in starts if start >= place.first and quiet[start]]
        found.add(place.fault.name, new[0] - place.first if new else None)
    return found


def rules_found(trial: Trial) -> Found:
    """The rules alone, minute by minute as the meter runs them."""
    found = Found(len(_ruled(trial.clean.minutes)))
    for place, seen, begin in trial.faulty:
        new = [start + begin for start in _ruled(seen.minutes) if start + begin >= place.first]
        found.add(place.fault.name, new[0] - place.first if new else None)
    return found


def _ruled(minutes: Minutes) -> list[int]:
    rules = Rules()
    columns = [
        [None if np.isnan(number) else int(number) for number in column]
        for column in (minutes.grid_w, minutes.pv_w, minutes.v_dv, minutes.q_var)
    ]
    starts = []
    for position, (ts_s, *numbers) in enumerate(zip(minutes.ts_s.tolist(), *columns, strict=True)):
        told = rules.push(ts_s, *numbers)
        starts += [position for event in rules.events[:told] if event[0] == "start"]
    return starts


def together(density: Found, rules: Found) -> Found:
    """Found by either, at the earlier delay."""
    both = Found(density.false_alerts + rules.false_alerts)
    for name, delays in density.delays_min.items():
        for pair in zip(delays, rules.delays_min[name], strict=True):
            both.add(name, min((delay for delay in pair if delay is not None), default=None))
    return both
