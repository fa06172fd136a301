"""What all charts share: the room of their axes, their ink and lines, and how intervals and holes are painted."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import flet as ft
import flet_charts as fch

from ..contract.ledger import QUARTER_S
from ..model.curves import Strip, Strips
from ..speech import Speech
from . import parts, theme

LEFT_PX, BOTTOM_PX = 34, 26
STILL = ft.Animation(0)
INK = ft.TextStyle(size=12, color=ft.Colors.ON_INVERSE_SURFACE, font_family=theme.MEDIUM)
GRID_LINE = ft.Colors.with_opacity(0.7, theme.LINE)
_BUBBLE: dict[str, Any] = {
    "bgcolor": ft.Colors.INVERSE_SURFACE,
    "border_radius": 10,
    "padding": 10,
    "max_width": 200,
    "fit_inside_horizontally": True,
    "fit_inside_vertically": True,
}
Place = tuple[float, str]  # on an axis: where, and what stands there
WordsOf = Callable[[Strip], str]


@dataclass(frozen=True)
class Axes:
    """The pair of axes of a chart over time."""

    hours: float  # how wide it is
    low: float  # the upright axis, in its own unit
    top: float
    step: float
    places: Sequence[Place]  # what is written below
    spacing: float  # where that may stand


def stacked(
    below: Sequence[fch.LineChartData],
    above: Sequence[fch.LineChartData],
    axes: Axes,
    speech: Speech,
    height: int,
) -> ft.Control:
    """Two charts on one pair of axes: below what cannot be touched (holes, bands), above the lines."""
    paint = fch.LineChart(data_series=[*below], interactive=False, **_frame(axes, speech, are_labels_seen=False))
    lines = fch.LineChart(
        data_series=[*above] or [_unseen(axes.low)],
        horizontal_grid_lines=fch.ChartGridLines(interval=axes.step, color=GRID_LINE, width=1),
        tooltip=fch.LineChartTooltip(**_BUBBLE),
        **_frame(axes, speech, are_labels_seen=True),
    )
    return ft.Container(ft.Stack([paint, lines], expand=True), height=height)


def bar_bubble() -> fch.BarChartTooltip:
    return fch.BarChartTooltip(**_BUBBLE)


def _unseen(low: float) -> fch.LineChartData:
    """An empty chart draws no axes: one unseen point keeps them."""
    return fch.LineChartData(points=points([(0, low)]), color=theme.CLEAR)


def _frame(axes: Axes, speech: Speech, are_labels_seen: bool) -> dict[str, Any]:
    """Axes that both charts share, so that they lie exactly on each other."""
    ink = theme.MUTED if are_labels_seen else theme.CLEAR

    def label(text: str) -> ft.Text:
        return parts.muted(text, 11, color=ink)

    heights = [axes.low + index * axes.step for index in range(round((axes.top - axes.low) / axes.step) + 1)]
    digits = 1 if axes.step < 1 else 0
    return {
        "min_x": 0,
        "max_x": axes.hours,
        "min_y": axes.low,
        "max_y": axes.top,
        "expand": True,
        "animation": STILL,
        "left_axis": fch.ChartAxis(
            label_size=LEFT_PX,
            label_spacing=axes.step,
            labels=[fch.ChartAxisLabel(at, label(speech.number(at, digits))) for at in heights],
        ),
        "bottom_axis": fch.ChartAxis(
            label_size=BOTTOM_PX,
            label_spacing=axes.spacing,
            labels=[fch.ChartAxisLabel(value=x_h, label=label(text)) for x_h, text in axes.places],
        ),
        "right_axis": fch.ChartAxis(show_labels=False),
        "top_axis": fch.ChartAxis(show_labels=False),
    }


def hour_places(from_s: int, to_s: int, every_hours: int, speech: Speech, with_days: bool = False) -> list[Place]:
    """Full hours of the wall clock to label: on a day of 23 or 25 hours they are not evenly spread.

    with_days: midnight is called by its day.
    """
    places: list[Place] = []
    seen: set[tuple[int, int]] = set()
    for start_s in range(from_s, to_s, QUARTER_S):
        local = speech.local(start_s)
        if local.minute == 0 and local.hour % every_hours == 0 and (local.day, local.hour) not in seen:
            seen.add((local.day, local.hour))
            text = speech.weekday(start_s) if with_days and local.hour == 0 else f"{local:%H}"
            places.append(((start_s - from_s) / 3600, text))
    return places


def spacing_h(places: Sequence[Place], every_hours: int) -> float:
    """Where labels may stand: Flutter draws those that fall on its spacing, left to itself one that misses them.

    On a day of 23 or 25 hours they lie between; clocks change by half an hour somewhere.
    """
    return next(h for h in (every_hours, 1, 0.5) if all(x_h % h == 0 for x_h, _ in places) or h == 0.5)


def points(places: Iterable[tuple[float, float]]) -> list[fch.LineChartDataPoint]:
    return [fch.LineChartDataPoint(x, y) for x, y in places]


def told_point(x: float, y: float, words: str) -> fch.LineChartDataPoint:
    """A point that says its words when it is touched."""
    return fch.LineChartDataPoint(x, y, tooltip=fch.LineChartDataPointTooltip(text=words, text_style=INK))


def holes(spans_h: Iterable[tuple[float, float]], top: float) -> list[fch.LineChartData]:
    """Hours (from, to) of which nothing is known, as grey curtains."""
    return [_curtain(span_h, top, ft.Colors.with_opacity(0.16, theme.QUIET)) for span_h in spans_h]


def marked(span_h: tuple[float, float] | None, top: float) -> list[fch.LineChartData]:
    """Hours (from, to) that are meant, under a red curtain; nothing where none are."""
    return [_curtain(span_h, top, ft.Colors.with_opacity(0.2, theme.ALARM))] if span_h else []


def _curtain(span_h: tuple[float, float], top: float, wash: str) -> fch.LineChartData:
    return fch.LineChartData(points=points([(x_h, top) for x_h in span_h]), color=theme.CLEAR, below_line_bgcolor=wash)


def bands(runs: Iterable[Strips], color: str, with_95: bool = False) -> list[fch.LineChartData]:
    """Intervals as washes, the wider one paler: each filled below its upper edge, and below its lower edge with what
    lies around it."""
    painted: list[fch.LineChartData] = []
    for run in runs:
        edges: list[tuple[list[tuple[float, float]], str]] = []
        if with_95:
            edges.append(([(s.x_h, s.hi95_kw) for s in run], ft.Colors.with_opacity(0.13, color)))
        edges.append(([(s.x_h, s.hi_kw) for s in run], ft.Colors.with_opacity(0.2, color)))
        edges.append(([(s.x_h, s.lo_kw) for s in run], theme.CARD))
        if with_95:
            edges.append(([(s.x_h, s.lo_kw) for s in run], ft.Colors.with_opacity(0.13, color)))
            edges.append(([(s.x_h, s.lo95_kw) for s in run], theme.CARD))
        painted += [edge(places, fill) for places, fill in edges]
    return painted


def edge(places: list[tuple[float, float]], fill: str, is_curved: bool = True) -> fch.LineChartData:
    """An unseen line that fills what lies below it."""
    return fch.LineChartData(
        points=points(places),
        color=theme.CLEAR,
        curved=is_curved,
        prevent_curve_over_shooting=True,
        below_line_bgcolor=fill,
    )


def median(strips: Strips, color: str, words: WordsOf) -> fch.LineChartData:
    """A forecast's median, dashed; touched it says its words."""
    return fch.LineChartData(
        points=[told_point(strip.x_h, strip.mid_kw, words(strip)) for strip in strips],
        color=ft.Colors.with_opacity(0.85, color),
        stroke_width=2,
        curved=True,
        prevent_curve_over_shooting=True,
        dash_pattern=[5, 5],
    )
