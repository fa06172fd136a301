"""What training expects of the next hours and of the month, and how good it has been. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from . import fields as read

HOUR_S = 3600
MEMORY_DAYS = 28  # of the running score: older days hardly count


@dataclass(frozen=True)
class Band:
    """Hourly energy [Wh], which is also mean power [W]: median, mean, 80 % and 95 % intervals; None: not told."""

    p50: tuple[float | None, ...]
    mean: tuple[float | None, ...]
    lo80: tuple[float | None, ...]
    hi80: tuple[float | None, ...]
    lo95: tuple[float | None, ...]
    hi95: tuple[float | None, ...]


@dataclass(frozen=True)
class Hour:
    """One hour of a forecast [W]."""

    start_s: int
    p50_w: float
    mean_w: float
    lo80_w: float
    hi80_w: float
    lo95_w: float
    hi95_w: float

    @property
    def middle_s(self) -> int:
        """The moment that a chart draws it at, and that one names it by."""
        return self.start_s + HOUR_S // 2


@dataclass(frozen=True)
class Shortage:
    """Of what there is too little to foresee anything."""

    code: str  # "days", "hours" (of the day) or "pv_days"
    have: int
    need: int


@dataclass(frozen=True)
class MonthEnd:
    """Energy of the whole running month [Wh]: the median and the 80 % interval."""

    lo_wh: float
    p50_wh: float
    hi_wh: float


@dataclass(frozen=True)
class Forecast:
    """Hours from `start_s` on."""

    issued_ms: int
    start_s: int
    method: str  # of the load: "model", "profile", "naive" or "none"
    load: Band | None  # None: too little is measured; `shortage` says of what
    pv: Band | None  # None: no PV, or too little of it measured
    month: MonthEnd | None
    shortage: Shortage | None

    @property
    def hours(self) -> int:
        return max((len(band.p50) for band in (self.load, self.pv) if band), default=0)

    @property
    def end_s(self) -> int:
        return self.start_s + self.hours * HOUR_S

    @property
    def is_empty(self) -> bool:
        return self.load is None and self.pv is None

    def hours_of(self, of: str, from_s: int, to_s: int) -> tuple[Hour, ...]:
        """of: "load" or "pv"."""
        return _hours(self.load if of == "load" else self.pv, self.start_s, from_s, to_s)

    def gaps(self, band: Band | None) -> tuple[tuple[int, int], ...]:
        """Spans (from, to) [s] within the forecast of which nothing is told."""
        if band is None:
            return ()
        known = [hour.start_s for hour in _hours(band, self.start_s, self.start_s, self.end_s)]
        edges = [self.start_s - HOUR_S, *known, self.end_s]
        return tuple((before + HOUR_S, after) for before, after in pairwise(edges) if after - before > HOUR_S)


@dataclass(frozen=True)
class Score:
    """How good the forecasts were beside yesterday repeated; means that forget within MEMORY_DAYS."""

    days: int  # judged so far
    mae_wh: float  # mean error of an hour
    naive_mae_wh: float
    inside80: float  # the part of the hours that lay within the 80 % interval, 0 to 1
    inside95: float
    is_naive_served: bool

    @property
    def nearer(self) -> float | None:
        """By what part our error is smaller than yesterday's, below zero where it is larger; None: nothing to beat."""
        return 1 - self.mae_wh / self.naive_mae_wh if self.naive_mae_wh > 0 else None


def _hours(band: Band | None, start_s: int, from_s: int, to_s: int) -> tuple[Hour, ...]:
    """The hours that are told, each where its time is: one that is not told moves no other."""
    if band is None:
        return ()
    rows = zip(band.p50, band.mean, band.lo80, band.hi80, band.lo95, band.hi95, strict=True)
    told: list[Hour] = []
    for index, row in enumerate(rows):
        powers = [power for power in row if power is not None]
        at_s = start_s + index * HOUR_S
        if len(powers) == len(row) and at_s + HOUR_S > from_s and at_s < to_s:
            told.append(Hour(at_s, *powers))
    return tuple(told)


def runs(hours: Sequence[Hour]) -> tuple[tuple[Hour, ...], ...]:
    """Hours in unbroken runs."""
    broken: list[list[Hour]] = []
    for hour in hours:
        if broken and broken[-1][-1].start_s + HOUR_S == hour.start_s:
            broken[-1].append(hour)
        else:
            broken.append([hour])
    return tuple(tuple(run) for run in broken)


def forecast_from(found: read.Fields | None) -> Forecast | None:
    """Reads `insight/forecast`; None where there is none."""
    start_s = read.whole(found or {}, "start_s")
    if found is None or start_s is None:
        return None
    return Forecast(
        issued_ms=read.whole(found, "issued_ms") or 0,
        start_s=start_s,
        method=read.text(found, "method") or "",
        load=_band(read.mapping(found, "load_wh")),
        pv=_band(read.mapping(found, "pv_wh")),
        month=_month(read.mapping(found, "month")),
        shortage=_shortage(read.mapping(found, "reason")),
    )


def score_from(found: read.Fields | None) -> Score | None:
    """Reads `insight/score`; None while no forecast could be judged."""
    figures = [read.number(found or {}, name) for name in ("mae_wh", "naive_mae_wh", "inside80", "inside95")]
    days = read.whole(found or {}, "days") or 0
    known = [each for each in figures if each is not None]
    if found is None or not days or len(known) < len(figures):
        return None
    mae_wh, naive_mae_wh, inside80, inside95 = known
    return Score(days, mae_wh, naive_mae_wh, inside80, inside95, found.get("served") == "naive")


def _month(found: read.Fields) -> MonthEnd | None:
    lo, p50, hi = (read.number(found, name) for name in ("lo_wh", "p50_wh", "hi_wh"))
    return None if lo is None or p50 is None or hi is None else MonthEnd(lo, p50, hi)


def _shortage(found: read.Fields) -> Shortage | None:
    code, have, need = read.text(found, "code"), read.whole(found, "have"), read.whole(found, "need")
    return None if code is None or have is None or need is None else Shortage(code, have, need)


def _band(found: read.Fields) -> Band | None:
    """A band of one length with at least one hour that is told whole; else None."""
    series = [_series(found.get(name)) for name in ("p50", "mean", "lo80", "hi80", "lo95", "hi95")]
    if len({len(numbers) for numbers in series}) != 1 or not any(None not in row for row in zip(*series, strict=True)):
        return None
    return Band(*series)


def _series(found: Any) -> tuple[float | None, ...]:
    """A number, or None, for each place: what cannot be read stays where it is."""
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        return ()
    return tuple(read.number({"n": entry}, "n") for entry in found)
