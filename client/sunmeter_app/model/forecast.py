"""What training expects of the next hours, and how far it is with learning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import fields as read

LEARNING_DAYS = 21  # density alerts stay silent until three weeks of data
HOUR_S = 3600


@dataclass(frozen=True)
class Band:
    """Hourly energy [Wh], which is also mean power [W]: the median and the 80 % interval."""

    p50: tuple[float, ...]
    lo80: tuple[float, ...]
    hi80: tuple[float, ...]


@dataclass(frozen=True)
class Hour:
    """One hour of a forecast [W]."""

    start_s: int
    p50_w: float
    lo80_w: float
    hi80_w: float


@dataclass(frozen=True)
class Forecast:
    """Hours from `start_s` on."""

    issued_ms: int
    start_s: int
    method: str
    load: Band
    pv: Band | None  # None: the home has no PV

    def load_hours(self, from_s: int, to_s: int) -> tuple[Hour, ...]:
        return _hours(self.load, self.start_s, from_s, to_s)

    def pv_hours(self, from_s: int, to_s: int) -> tuple[Hour, ...]:
        return () if self.pv is None else _hours(self.pv, self.start_s, from_s, to_s)


@dataclass(frozen=True)
class Learning:
    """How far the home's model is."""

    status: str  # learning, ready or failed
    reason: str | None
    days: int  # days of data it has seen

    @property
    def days_left(self) -> int:
        return 0 if self.status == "ready" else max(0, LEARNING_DAYS - self.days)


def _hours(band: Band, start_s: int, from_s: int, to_s: int) -> tuple[Hour, ...]:
    hours = zip(band.p50, band.lo80, band.hi80, strict=True)
    every = (Hour(start_s + index * HOUR_S, *powers) for index, powers in enumerate(hours))
    return tuple(hour for hour in every if hour.start_s + HOUR_S > from_s and hour.start_s < to_s)


def forecast_from(found: read.Fields | None) -> Forecast | None:
    """Reads `insight/forecast`; None where there is none, or none with a load."""
    if found is None:
        return None
    start_s, load = read.whole(found, "start_s"), _band(read.mapping(found, "load_wh"))
    if start_s is None or load is None:
        return None
    return Forecast(
        issued_ms=read.whole(found, "issued_ms") or 0,
        start_s=start_s,
        method=read.text(found, "method") or "",
        load=load,
        pv=_band(read.mapping(found, "pv_wh")),
    )


def learning_from(found: read.Fields | None) -> Learning:
    """Reads `insight/model`; a home without one has just begun."""
    if found is None:
        return Learning("learning", None, 0)
    return Learning(
        read.text(found, "status") or "learning", read.text(found, "reason"), read.whole(found, "days") or 0
    )


def _band(found: read.Fields) -> Band | None:
    series = [_series(found.get(name)) for name in ("p50", "lo80", "hi80")]
    if not series[0] or len({len(numbers) for numbers in series}) != 1:
        return None
    return Band(*series)


def _series(found: Any) -> tuple[float, ...]:
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        return ()
    numbers = [read.number({"n": entry}, "n") for entry in found]
    return tuple(number for number in numbers if number is not None)
