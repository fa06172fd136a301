"""The hours of a forecast as lines and bands to draw, beside what was measured meanwhile, and their gist. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from ..contract import ledger
from .curves import Line, Strips, axis_of, lines_of, strips_of
from .day import Day
from .forecast import HOUR_S, Forecast, Hour


@dataclass(frozen=True)
class OfDay:
    """What is expected of a calendar day, as far as the forecast reaches."""

    span: ledger.LocalDay
    wh: float  # the mean of the hours: means add up, medians do not
    peak: Hour


@dataclass(frozen=True)
class Outlook:
    """One quantity over the hours of a forecast; x is hours since its start."""

    start_s: int
    hours: int
    ahead: tuple[Strips, ...]
    measured: tuple[Line, ...]
    holes: tuple[tuple[int, int], ...]  # from, to [s], of which nothing is told
    top_kw: float
    step_kw: float
    days: tuple[OfDay, ...]

    @property
    def end_s(self) -> int:
        return self.start_s + self.hours * HOUR_S


def outlook_of(forecast: Forecast, of: str, day: Day | None, zone: ZoneInfo) -> Outlook | None:
    """of: "load" or "pv"; day: what was measured today. None where that is not foreseen."""
    band = forecast.load if of == "load" else forecast.pv
    if band is None:
        return None
    hours = forecast.hours_of(of, forecast.start_s, forecast.end_s)
    ahead = strips_of(hours, forecast.start_s, forecast.start_s)
    measured = _measured(forecast, day, "house_w" if of == "load" else "pv_w")
    heights = [strip.hi95_kw for run in ahead for strip in run]
    heights += [point.y_kw for line in measured for point in line.points]
    top_kw, step_kw = axis_of(heights)
    return Outlook(
        start_s=forecast.start_s,
        hours=forecast.hours,
        ahead=ahead,
        measured=measured,
        holes=forecast.gaps(band),
        top_kw=top_kw,
        step_kw=step_kw,
        days=_days(hours, zone),
    )


def _measured(forecast: Forecast, day: Day | None, of: str) -> tuple[Line, ...]:
    """Today's quarters, where the forecast has today in it, on its axis."""
    if day is None or not forecast.start_s <= day.span.start_s < forecast.end_s:
        return ()
    shift_h = (day.span.start_s - forecast.start_s) / HOUR_S
    return tuple(
        replace(line, points=tuple(replace(point, x_h=point.x_h + shift_h) for point in line.points))
        for line in lines_of(day, of)
    )


def _days(hours: Sequence[Hour], zone: ZoneInfo) -> tuple[OfDay, ...]:
    by_day: dict[ledger.LocalDay, list[Hour]] = {}
    for hour in hours:
        by_day.setdefault(ledger.local_day(hour.start_s, zone), []).append(hour)
    return tuple(
        OfDay(span, sum(hour.mean_w for hour in told), max(told, key=lambda hour: hour.p50_w))
        for span, told in by_day.items()
    )
