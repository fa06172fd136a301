"""A day as lines to draw: where they run, where they break, what is exact, how high the axis goes. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..contract import ledger
from .day import Day, Quarter, hour_of
from .forecast import Forecast, Hour

_STEPS_KW = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_LINES = 5  # horizontal lines at most
_HALF_QUARTER_H = 0.125
LONGEST_BRIDGE_S = 3600  # the forecast begins where the figures end, unless they ended long ago


@dataclass(frozen=True)
class Point:
    x_h: float  # hours since the day began
    y_kw: float
    ts_s: int  # start of the quarter or hour it stands for


@dataclass(frozen=True)
class Line:
    """An unbroken run of points of one standing."""

    points: tuple[Point, ...]
    is_exact: bool  # False: estimated or recovered, drawn apart


@dataclass(frozen=True)
class Strip:
    """The forecast's interval over time."""

    x_h: float
    lo_kw: float
    mid_kw: float
    hi_kw: float


@dataclass(frozen=True)
class Curves:
    """Everything a day chart shows."""

    span: ledger.LocalDay
    house: tuple[Line, ...]
    pv: tuple[Line, ...]  # empty: no PV that day
    holes: tuple[tuple[float, float], ...]  # hours from, to, of which nothing is known
    ahead: tuple[Strip, ...]  # the house's forecast, from now on
    pv_ahead: tuple[Strip, ...]
    now_h: float | None  # None: now is not on this day
    top_kw: float
    step_kw: float

    @property
    def hours(self) -> float:
        return self.span.quarters / 4

    @property
    def has_inexact(self) -> bool:
        return any(not line.is_exact for line in (*self.house, *self.pv))


def curves_of(day: Day, now_s: int, born_s: int | None = None, forecast: Forecast | None = None) -> Curves:
    """Shapes a day, and where it is today the forecast of what is left of it."""
    house = _lines(day, "house_w")
    pv = _lines(day, "pv_w") if day.has_pv else ()
    from_s = max(day.known_until_s or day.span.start_s, now_s - LONGEST_BRIDGE_S)
    is_today = day.span.start_s <= now_s < day.span.end_s
    ahead: tuple[Strip, ...] = ()
    pv_ahead: tuple[Strip, ...] = ()
    if forecast is not None and is_today:
        ahead = _strips(day, forecast.load_hours(from_s, day.span.end_s), from_s)
        pv_ahead = _strips(day, forecast.pv_hours(from_s, day.span.end_s), from_s)
    top_kw, step_kw = _axis(_heights(house, pv, ahead, pv_ahead))
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
        now_h=hour_of(now_s, day.span) if is_today else None,
        top_kw=top_kw,
        step_kw=step_kw,
    )


def _lines(day: Day, of: str) -> tuple[Line, ...]:
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
    return Point(round(x_h, 3), round(getattr(quarter, of) / 1000, 3), quarter.start_s)


def _strips(day: Day, hours: Iterable[Hour], from_s: int) -> tuple[Strip, ...]:
    """Hours as points at their middles, the first drawn back to where the figures end, the last out to midnight."""
    strips = [_strip(hour.start_s + 1800, hour, day) for hour in hours if hour.start_s + 1800 > from_s]
    if not strips:
        return ()
    first, last = strips[0], strips[-1]
    return (
        replace(first, x_h=round(hour_of(from_s, day.span), 3)),
        *strips,
        replace(last, x_h=day.span.quarters / 4),
    )


def _strip(middle_s: int, hour: Hour, day: Day) -> Strip:
    lo_kw, mid_kw, hi_kw = (round(max(0.0, w) / 1000, 3) for w in (hour.lo80_w, hour.p50_w, hour.hi80_w))
    return Strip(round(hour_of(middle_s, day.span), 3), lo_kw, mid_kw, hi_kw)


def _heights(
    house: tuple[Line, ...], pv: tuple[Line, ...], ahead: tuple[Strip, ...], pv_ahead: tuple[Strip, ...]
) -> list[float]:
    drawn = [point.y_kw for line in (*house, *pv) for point in line.points]
    return drawn + [strip.hi_kw for strip in ahead] + [strip.mid_kw for strip in pv_ahead]


def _axis(heights_kw: list[float]) -> tuple[float, float]:
    """The top of the axis and the distance of its lines [kW]: round numbers, five lines at most."""
    highest = max([0.4, *heights_kw])
    step = next((step for step in _STEPS_KW if highest / step <= _LINES), _STEPS_KW[-1])
    return round(math.ceil(highest / step - 1e-9) * step, 3), step
