"""The chart of a day. Its shapes come ready from the model; here they get their colours and labels."""

from collections.abc import Iterable

import flet as ft
import flet_charts as fch

from ..contract.ledger import QUARTER_S
from ..model.curves import Curves, Line, Point, Strip
from ..model.day import hour_of
from ..speech import Speech
from . import parts, theme
from .chart_style import BOTTOM_PX, GRID_LINE, INK, LEFT_PX, STILL
from .component import component


@parts.memo
@component
def DayChart(curves: Curves, speech: Speech, height: int, every_hours: int) -> ft.Control:
    """Two charts on one pair of axes: below what cannot be touched (holes, the forecast's band), above the lines."""
    below = fch.LineChart(
        data_series=[*_holes(curves), *_band(curves.ahead)],
        interactive=False,
        **_frame(curves, speech, every_hours, are_labels_seen=False),
    )
    above = fch.LineChart(
        data_series=_lines_of(curves, speech),
        horizontal_grid_lines=fch.ChartGridLines(interval=curves.step_kw, color=GRID_LINE, width=1),
        tooltip=fch.LineChartTooltip(
            bgcolor=ft.Colors.INVERSE_SURFACE,
            border_radius=10,
            padding=10,
            max_width=190,
            fit_inside_horizontally=True,
            fit_inside_vertically=True,
        ),
        **_frame(curves, speech, every_hours, are_labels_seen=True),
    )
    return ft.Container(ft.Stack([below, above], expand=True), height=height)


def _frame(curves: Curves, speech: Speech, every_hours: int, are_labels_seen: bool) -> dict[str, object]:
    """Axes that both charts share, so that they lie exactly on each other."""
    ink = theme.MUTED if are_labels_seen else theme.CLEAR

    def label(text: str) -> ft.Text:
        return parts.muted(text, 11, color=ink)

    digits = 1 if curves.step_kw < 1 else 0
    hours = list(_hours(curves, speech, every_hours))
    heights = [index * curves.step_kw for index in range(round(curves.top_kw / curves.step_kw) + 1)]
    return {
        "min_x": 0,
        "max_x": curves.hours,
        "min_y": 0,
        "max_y": curves.top_kw,
        "expand": True,
        "animation": STILL,
        "left_axis": fch.ChartAxis(
            label_size=LEFT_PX,
            label_spacing=curves.step_kw,
            labels=[fch.ChartAxisLabel(value=kw, label=label(speech.number(kw, digits))) for kw in heights],
        ),
        "bottom_axis": fch.ChartAxis(
            label_size=BOTTOM_PX,
            label_spacing=_spacing_h([x_h for x_h, _ in hours], every_hours),
            labels=[fch.ChartAxisLabel(value=x_h, label=label(text)) for x_h, text in hours],
        ),
        "right_axis": fch.ChartAxis(show_labels=False),
        "top_axis": fch.ChartAxis(show_labels=False),
    }


def _hours(curves: Curves, speech: Speech, every_hours: int) -> Iterable[tuple[float, str]]:
    """Full hours of the wall clock to label: on a day of 23 or 25 hours they are not evenly spread."""
    seen: set[int] = set()
    for start_s in range(curves.span.start_s, curves.span.end_s, QUARTER_S):
        local = speech.local(start_s)
        if local.minute == 0 and local.hour % every_hours == 0 and local.hour not in seen:
            seen.add(local.hour)
            yield hour_of(start_s, curves.span), f"{local:%H}"


def _spacing_h(places_h: list[float], every_hours: int) -> float:
    """Where labels may stand: Flutter draws those that fall on its spacing, left to itself one that misses them.

    On a day of 23 or 25 hours they lie between; clocks change by half an hour somewhere.
    """
    return next(h for h in (every_hours, 1, 0.5) if all(x_h % h == 0 for x_h in places_h) or h == 0.5)


def _holes(curves: Curves) -> list[fch.LineChartData]:
    wash = ft.Colors.with_opacity(0.16, theme.QUIET)
    return [
        fch.LineChartData(
            points=_points([(x0, curves.top_kw), (x1, curves.top_kw)]), color=theme.CLEAR, below_line_bgcolor=wash
        )
        for x0, x1 in curves.holes
    ]


def _band(strips: tuple[Strip, ...]) -> list[fch.LineChartData]:
    """The interval as a wash: filled below its upper edge, and below its lower edge with the card's colour again."""
    if not strips:
        return []
    edges = (
        ([(s.x_h, s.hi_kw) for s in strips], ft.Colors.with_opacity(0.2, theme.HOUSE)),
        ([(s.x_h, s.lo_kw) for s in strips], theme.CARD),
    )
    return [
        fch.LineChartData(
            points=_points(edge),
            color=theme.CLEAR,
            curved=True,
            prevent_curve_over_shooting=True,
            below_line_bgcolor=fill,
        )
        for edge, fill in edges
    ]


def _points(places: Iterable[tuple[float, float]]) -> list[fch.LineChartDataPoint]:
    return [fch.LineChartDataPoint(x, y) for x, y in places]


def _lines_of(curves: Curves, speech: Speech) -> list[fch.LineChartData]:
    """Solar below the house; the first line at a place carries the time in its tooltip."""
    names = {"pv": speech.say("chart.solar"), "house": speech.say("chart.house")}
    series = [_pv_line(line, _told(line, names["pv"], speech, with_time=True)) for line in curves.pv]
    series += [_house_line(line, _told(line, names["house"], speech, with_time=not curves.pv)) for line in curves.house]
    series += _ahead(curves.pv_ahead, curves, theme.SOLAR, names["pv"], speech, with_time=True)
    series += _ahead(curves.ahead, curves, theme.HOUSE, names["house"], speech, with_time=not curves.pv_ahead)
    if not series:  # an empty chart draws no axes: one unseen point keeps them
        series.append(fch.LineChartData(points=_points([(0, 0)]), color=theme.CLEAR))
    return series


def _told(line: Line, name: str, speech: Speech, with_time: bool) -> list[fch.LineChartDataPoint]:
    def words(point: Point) -> str:
        power = f"{name} {speech.number(point.y_kw, 2)} kW"
        if not line.is_exact:
            power = f"{power} {speech.say('chart.estimated_mark')}"
        return f"{speech.clock(point.ts_s)}\n{power}" if with_time else power

    return [
        fch.LineChartDataPoint(
            point.x_h, point.y_kw, tooltip=fch.LineChartDataPointTooltip(text=words(point), text_style=INK)
        )
        for point in line.points
    ]


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


def _ahead(
    strips: tuple[Strip, ...], curves: Curves, color: str, name: str, speech: Speech, with_time: bool
) -> list[fch.LineChartData]:
    """A forecast's median, dashed; its tooltip gives the interval."""
    if not strips:
        return []

    def words(strip: Strip) -> str:
        lo, mid, hi = (speech.number(kw, 2) for kw in (strip.lo_kw, strip.mid_kw, strip.hi_kw))
        told = speech.say("chart.expected", name=name, mid=mid, lo=lo, hi=hi)
        return f"{speech.clock(curves.span.start_s + strip.x_h * 3600)}\n{told}" if with_time else told

    points = [
        fch.LineChartDataPoint(
            strip.x_h, strip.mid_kw, tooltip=fch.LineChartDataPointTooltip(text=words(strip), text_style=INK)
        )
        for strip in strips
    ]
    return [
        fch.LineChartData(
            points=points,
            color=ft.Colors.with_opacity(0.85, color),
            stroke_width=2,
            curved=True,
            prevent_curve_over_shooting=True,
            dash_pattern=[5, 5],
        )
    ]
