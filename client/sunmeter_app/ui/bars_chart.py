"""The chart of a week, a month, a year or a range: a bar for each of its days or months."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft
import flet_charts as fch

from ..model.period import Period, Span
from ..model.record import Bar, Stretch
from ..speech import Speech
from . import parts, theme
from .chart_style import BOTTOM_PX, GRID_LINE, INK, LEFT_PX, STILL, bar_bubble
from .component import component
from .period_words import part_of

_STEPS_KWH = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_ROOM_PX = {True: 290, False: 950}  # of all bars together, on a phone and elsewhere
_LEAST_PX, _MOST_PX = 2, 28


@component
def BarsChart(
    stretch: Stretch, other: Sequence[Bar], speech: Speech, height: int, is_narrow: bool, on_pick: Callable[[int], None]
) -> ft.Control:
    """Up what the house used, from the sun and from the grid; down what was exported.

    other: the bars that these are set against, each drawn beside its own; on_pick: a bar was tapped.
    """
    scale = _scale([*stretch.bars, *other])
    rods = 2 if other else 1
    width = round(min(_MOST_PX, max(_LEAST_PX, 0.45 * _ROOM_PX[is_narrow] / len(stretch.bars) / rods)))

    def tapped(event: fch.BarChartEvent) -> None:
        if event.group_index is not None and event.type == fch.ChartEventType.TAP_UP:
            on_pick(event.group_index)

    groups = []
    for index, bar in enumerate(stretch.bars):
        beside = [_beside(other[index], width)] if index < len(other) else []
        groups.append(fch.BarChartGroup(x=index, rods=[_rod(bar, stretch.period, speech, width), *beside], spacing=1))
    chart = fch.BarChart(
        groups=groups,
        group_alignment=ft.MainAxisAlignment.SPACE_AROUND,
        animation=STILL,
        expand=True,
        min_y=scale.bottom_kwh,
        max_y=scale.top_kwh,
        baseline_y=0,
        left_axis=_energy_axis(scale, speech),
        bottom_axis=_parts_axis(stretch.period, [bar.period for bar in stretch.bars], speech, is_narrow),
        right_axis=fch.ChartAxis(show_labels=False),
        top_axis=fch.ChartAxis(show_labels=False),
        horizontal_grid_lines=fch.ChartGridLines(interval=scale.step_kwh, color=GRID_LINE, width=1),
        tooltip=bar_bubble(),
        on_event=tapped,
    )
    return ft.Container(chart, height=height)


@dataclass(frozen=True)
class _Scale:
    """The axis: whole steps above and below zero."""

    top_kwh: float
    bottom_kwh: float
    step_kwh: float


def _scale(bars: Sequence[Bar]) -> _Scale:
    known = [bar.known.energy for bar in bars if bar.known is not None]
    highest = max([1.0, *(energy.house_wh / 1000 for energy in known)])
    lowest = max([0.0, *(energy.export_wh / 1000 for energy in known)])
    step = next((step for step in _STEPS_KWH if (highest + lowest) / step <= 6), 5000)
    return _Scale(math.ceil(highest / step) * step, -math.ceil(lowest / step) * step, step)


def _energy_axis(scale: _Scale, speech: Speech) -> fch.ChartAxis:
    count = round((scale.top_kwh - scale.bottom_kwh) / scale.step_kwh) + 1
    ticks = [scale.bottom_kwh + index * scale.step_kwh for index in range(count)]
    digits = 0 if scale.step_kwh >= 1 else 1
    return fch.ChartAxis(
        label_size=LEFT_PX,
        label_spacing=scale.step_kwh,
        labels=[fch.ChartAxisLabel(kwh, parts.muted(speech.number(abs(kwh), digits), 11)) for kwh in ticks],
    )


def _parts_axis(period: Period, shown: Sequence[Period], speech: Speech, is_narrow: bool) -> fch.ChartAxis:
    labels = [
        fch.ChartAxisLabel(index, parts.muted(text, 11))
        for index, part in enumerate(shown)
        if (text := _label(index, part, period, len(shown), speech, is_narrow))
    ]
    return fch.ChartAxis(label_size=BOTTOM_PX, labels=labels)


def _label(index: int, part: Period, period: Period, count: int, speech: Speech, is_narrow: bool) -> str:
    """What stands below a bar; "" where there is no room for it."""
    first = part.first
    if period.has_months:
        if period.span is not Span.YEAR and (first.month == 1 or index == 0):
            return str(first.year)
        return speech.month_short(first, is_narrow) if index % math.ceil(count / 12) == 0 else ""
    if count <= 7:
        return speech.weekday_of(first)
    if period.span is Span.MONTH:
        return str(first.day) if first.day == 1 or first.day % (5 if is_narrow else 2) == 0 else ""
    every = math.ceil(count / (4 if is_narrow else 10))
    return speech.date_short(first) if index % every == 0 else ""


def _rod(bar: Bar, within: Period, speech: Speech, width: int) -> fch.BarChartRod:
    if bar.known is None:
        return fch.BarChartRod(to_y=0, width=width, show_tooltip=False)
    energy = bar.known.energy
    sun = max(0.0, energy.house_wh - energy.import_wh) / 1000
    house, exported = energy.house_wh / 1000, energy.export_wh / 1000
    words = speech.say(
        "chart.bar_tip",
        part=part_of(bar.period, within, speech),
        house=speech.kwh(energy.house_wh, bar.known.u_wh),
        sun=speech.kwh(sun * 1000),
        grid=speech.kwh(energy.import_wh),
        exported=speech.kwh(energy.export_wh),
    )
    return fch.BarChartRod(
        from_y=-exported,
        to_y=house,
        width=width,
        color=theme.CLEAR,  # its colours are those of its parts
        border_radius=3,
        stack_items=[
            fch.BarChartRodStackItem(-exported, 0, ft.Colors.with_opacity(0.45, theme.SOLAR)),
            fch.BarChartRodStackItem(0, sun, theme.SOLAR),
            fch.BarChartRodStackItem(sun, house, theme.GRID),
        ],
        tooltip=fch.BarChartRodTooltip(text=words, text_style=INK),
    )


def _beside(bar: Bar, width: int) -> fch.BarChartRod:
    """What the house used in the part that this one is set against."""
    house = 0.0 if bar.known is None else bar.known.energy.house_wh / 1000
    return fch.BarChartRod(
        to_y=house, width=width, color=theme.tint(theme.QUIET, 0.55), border_radius=3, show_tooltip=False
    )
