"""The chart of a day. Its shapes come ready from the model; here they get their colours and labels."""

from functools import partial

import flet as ft
import flet_charts as fch

from ..model.curves import Curves, Line, Point, Strip
from ..model.day import hour_of
from ..speech import Speech
from . import parts, theme
from .chart_style import Axes, bands, holes, hour_places, marked, median, spacing_h, stacked, told_point
from .component import component


@parts.memo
@component
def DayChart(
    curves: Curves, speech: Speech, height: int, every_hours: int, meant_h: tuple[float, float] | None = None
) -> ft.Control:
    """Below the holes and the forecast's band, above the lines. meant_h: hours to be marked."""
    places = hour_places(curves.span.start_s, curves.span.end_s, every_hours, speech)
    untold = [(hour_of(a_s, curves.span), hour_of(b_s, curves.span)) for a_s, b_s in curves.untold]
    axes = Axes(curves.hours, 0.0, curves.top_kw, curves.step_kw, places, spacing_h(places, every_hours))
    below = [*holes([*curves.holes, *untold], curves.top_kw), *marked(meant_h, curves.top_kw)]
    below += bands(curves.ahead, theme.HOUSE)
    return stacked(below, _lines_of(curves, speech), axes, speech, height)


def _lines_of(curves: Curves, speech: Speech) -> list[fch.LineChartData]:
    """Solar below the house; the first line at a place carries the time in its tooltip."""
    names = {"pv": speech.say("chart.solar"), "house": speech.say("chart.house")}
    series = [_other_line(line, curves, speech) for line in curves.other]
    series += [_pv_line(line, _told(line, names["pv"], speech, with_time=True)) for line in curves.pv]
    series += [_house_line(line, _told(line, names["house"], speech, with_time=not curves.pv)) for line in curves.house]
    for runs, color, name, with_time in (
        (curves.pv_ahead, theme.SOLAR, names["pv"], True),
        (curves.ahead, theme.HOUSE, names["house"], not curves.pv_ahead),
    ):
        words = partial(_expected, curves=curves, name=name, speech=speech, with_time=with_time)
        series += [median(run, color, words) for run in runs]
    return series


def _told(line: Line, name: str, speech: Speech, with_time: bool) -> list[fch.LineChartDataPoint]:
    def words(point: Point) -> str:
        power = f"{name} {speech.number(point.y_kw, 2)} kW"
        if point.u_kw is not None:
            power = f"{power} ± {speech.number(point.u_kw, 2)}"
        if not line.is_exact:
            power = f"{power} {speech.say('chart.estimated_mark')}"
        return f"{speech.clock(point.ts_s)}\n{power}" if with_time else power

    return [told_point(point.x_h, point.y_kw, words(point)) for point in line.points]


def _pv_line(line: Line, points: list[fch.LineChartDataPoint]) -> fch.LineChartData:
    wash = [ft.Colors.with_opacity(0.32, theme.SOLAR), ft.Colors.with_opacity(0.02, theme.SOLAR)]
    return fch.LineChartData(
        points=points,
        color=theme.SOLAR,
        stroke_width=2,
        dash_pattern=None if line.is_exact else [3, 4],
        below_line_gradient=ft.LinearGradient(
            wash if line.is_exact else [ft.Colors.with_opacity(0.1, theme.SOLAR)] * 2,
            begin=ft.Alignment.TOP_CENTER,
            end=ft.Alignment.BOTTOM_CENTER,
        ),
    )


def _house_line(line: Line, points: list[fch.LineChartDataPoint]) -> fch.LineChartData:
    return fch.LineChartData(
        points=points,
        color=theme.HOUSE,
        stroke_width=2.5,
        rounded_stroke_cap=True,
        rounded_stroke_join=True,
        dash_pattern=None if line.is_exact else [3, 5],
    )


def _other_line(line: Line, curves: Curves, speech: Speech) -> fch.LineChartData:
    """The day that this one is set against; where the clock changed it may be longer."""
    name = speech.say("chart.house_other")
    told = [
        told_point(point.x_h, point.y_kw, f"{name} {speech.number(point.y_kw, 2)} kW")
        for point in line.points
        if point.x_h <= curves.hours
    ]
    return fch.LineChartData(points=told, color=theme.tint(theme.QUIET, 0.8), stroke_width=1.5, dash_pattern=[2, 4])


def _expected(strip: Strip, curves: Curves, name: str, speech: Speech, with_time: bool) -> str:
    """What a forecast says at a place: the median and its interval."""
    lo, mid, hi = (speech.number(kw, 2) for kw in (strip.lo_kw, strip.mid_kw, strip.hi_kw))
    told = speech.say("chart.expected", name=name, mid=mid, lo=lo, hi=hi)
    return f"{speech.clock(curves.span.start_s + strip.x_h * 3600)}\n{told}" if with_time else told
