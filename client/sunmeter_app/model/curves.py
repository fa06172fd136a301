"""A day as lines to draw: where they run, where they break, what is exact, how high the axis goes. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..contract import ledger
from .day import Day, Quarter, hour_of
from .forecast import HOUR_S, Forecast, Hour, runs

_STEPS_KW = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_LINES = 5  # horizontal lines at most
_HALF_QUARTER_H = 0.125
LONGEST_BRIDGE_S = 3600  # the forecast begins where the figures end, unless they ended long ago


@dataclass(frozen=True)
class Point:
    x_h: float  # hours since the day began
    y_kw: float
    ts_s: int  # start of the quarter or hour it stands for
    u_kw: float | None = None  # half width of its 95 % interval; None: not told


@dataclass(frozen=True)
class Line:
    """An unbroken run of points of one standing."""

    points: tuple[Point, ...]
    is_exact: bool  # False: estimated or recovered, drawn apart


@dataclass(frozen=True)
class Strip:
    """The forecast's 80 % and 95 % intervals over time."""

    x_h: float
    lo_kw: float
    mid_kw: float
    hi_kw: float
    lo95_kw: float
    hi95_kw: float


Strips = tuple[Strip, ...]  # an unbroken run


@dataclass(frozen=True)
class Curves:
    """Everything a day chart shows."""

    span: ledger.LocalDay
    house: tuple[Line, ...]
    pv: tuple[Line, ...]  # empty: no PV that day
    holes: tuple[tuple[float, float], ...]  # hours from, to, of which nothing is known
    ahead: tuple[Strips, ...]  # the house's forecast, from now on
    pv_ahead: tuple[Strips, ...]
    untold: tuple[tuple[int, int], ...]  # from, to [s], of what is left of the day and not foreseen
    other: tuple[Line, ...]  # the house on the day that this one is set against
    now_h: float | None  # None: now is not on this day
    top_kw: float
    step_kw: float

    @property
    def hours(self) -> float:
        return self.span.quarters / 4

    @property
    def has_inexact(self) -> bool:
        return any(not line.is_exact for line in (*self.house, *self.pv))


def curves_of(
    day: Day, now_s: int, born_s: int | None = None, forecast: Forecast | None = None, other: Day | None = None
) -> Curves:
    """Shapes a day, where it is today the forecast of what is left of it, and the house on another day beside it."""
    house = lines_of(day, "house_w")
    pv = lines_of(day, "pv_w") if day.has_pv else ()
    from_s = max(day.known_until_s or day.span.start_s, now_s - LONGEST_BRIDGE_S)
    is_today = day.span.start_s <= now_s < day.span.end_s
    ahead: tuple[Strips, ...] = ()
    pv_ahead: tuple[Strips, ...] = ()
    untold: tuple[tuple[int, int], ...] = ()
    if forecast is not None and is_today:
        ahead = strips_of(forecast.hours_of("load", from_s, day.span.end_s), day.span.start_s, from_s)
        pv_ahead = strips_of(forecast.hours_of("pv", from_s, day.span.end_s), day.span.start_s, from_s)
        gaps = ((max(a_s, from_s), min(b_s, day.span.end_s)) for a_s, b_s in forecast.gaps(forecast.load))
        untold = tuple((a_s, b_s) for a_s, b_s in gaps if a_s < b_s)
    beside = lines_of(other, "house_w") if other else ()
    top_kw, step_kw = axis_of(_heights((*house, *beside), pv, ahead, pv_ahead))
    return Curves(
        span=day.span,
        house=house,
        pv=pv,
        holes=tuple(
            (hour_of(gap.start_s, day.span), hour_of(gap.end_s, day.span))
            for gap in day.gaps(now_s, born_s)
            if gap.quality == ledger.MISSING
        ),
        ahead=ahead,
        pv_ahead=pv_ahead,
        untold=untold,
        other=beside,
        now_h=hour_of(now_s, day.span) if is_today else None,
        top_kw=top_kw,
        step_kw=step_kw,
    )


def lines_of(day: Day, of: str) -> tuple[Line, ...]:
    """Runs of known quarters of one standing; a run begins where the one before it ended, so that no hole shows."""
    lines: list[Line] = []
    run: list[Point] = []
    was_exact = True
    for quarter in day.quarters:
        if not quarter.is_known:
            _end(lines, run, was_exact)
            run = []
            continue
        point = _point(day, quarter, of)
        if run and quarter.is_exact != was_exact:
            run.append(point)
            _end(lines, run, was_exact)
            run = []
        run.append(point)
        was_exact = quarter.is_exact
    _end(lines, run, was_exact)
    return tuple(lines)


def _end(lines: list[Line], run: list[Point], is_exact: bool) -> None:
    if run:
        lines.append(Line(tuple(run), is_exact))


def _point(day: Day, quarter: Quarter, of: str) -> Point:
    x_h = hour_of(quarter.start_s, day.span) + _HALF_QUARTER_H
    u_kw = quarter.u_w / 1000 if of == "house_w" and quarter.u_w is not None else None
    return Point(round(x_h, 3), round(getattr(quarter, of) / 1000, 3), quarter.start_s, u_kw)


def strips_of(hours: Iterable[Hour], origin_s: int, from_s: int) -> tuple[Strips, ...]:
    """Hours as points at their middles, in unbroken runs, each drawn out to its edges; none before from_s."""
    return tuple(_drawn(run, origin_s, from_s) for run in runs([hour for hour in hours if hour.middle_s > from_s]))


def _drawn(run: tuple[Hour, ...], origin_s: int, from_s: int) -> Strips:
    strips = [_strip(hour, origin_s) for hour in run]
    begins_s, ends_s = max(from_s, run[0].start_s), run[-1].start_s + HOUR_S
    if run[0].start_s - from_s <= HOUR_S // 2:  # of the hour before, more than half was over
        begins_s = from_s
    first = replace(strips[0], x_h=round((begins_s - origin_s) / HOUR_S, 3))
    return (first, *strips, replace(strips[-1], x_h=round((ends_s - origin_s) / HOUR_S, 3)))


def _strip(hour: Hour, origin_s: int) -> Strip:
    powers = (hour.lo80_w, hour.p50_w, hour.hi80_w, hour.lo95_w, hour.hi95_w)
    return Strip(round((hour.middle_s - origin_s) / HOUR_S, 3), *(round(max(0.0, w) / 1000, 3) for w in powers))


def _heights(
    house: tuple[Line, ...], pv: tuple[Line, ...], ahead: tuple[Strips, ...], pv_ahead: tuple[Strips, ...]
) -> list[float]:
    drawn = [point.y_kw for line in (*house, *pv) for point in line.points]
    foreseen = [strip.hi_kw for run in ahead for strip in run] + [strip.mid_kw for run in pv_ahead for strip in run]
    return drawn + foreseen


def axis_of(heights_kw: list[float]) -> tuple[float, float]:
    """The top of the axis and the distance of its lines [kW]: round numbers, five lines at most."""
    highest = max([0.4, *heights_kw])
    step = next((step for step in _STEPS_KW if highest / step <= _LINES), _STEPS_KW[-1])
    return round(math.ceil(highest / step - 1e-9) * step, 3), step
