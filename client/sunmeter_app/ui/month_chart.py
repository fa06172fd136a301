"""The chart of a month: a bar for each day."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import flet as ft
import flet_charts as fch

from ..model.month import Month
from ..speech import Speech
from . import parts, theme
from .chart_style import BOTTOM_PX, GRID_LINE, INK, LEFT_PX, STILL
from .component import component


@component
def MonthChart(month: Month, speech: Speech, height: int, is_narrow: bool, on_day: Callable[[int], None]) -> ft.Control:
    """One bar a day: up what the house used, from the sun and from the grid; down what was exported."""
    scale = _month_scale(month)

    def tapped(event: fch.BarChartEvent) -> None:
        if event.group_index is not None and event.type == fch.ChartEventType.TAP_UP:
            on_day(event.group_index + 1)

    chart = fch.BarChart(
        groups=[_bar(month, day, speech, 6 if is_narrow else 14) for day in range(1, len(month.days) + 1)],
        group_alignment=ft.MainAxisAlignment.SPACE_AROUND,
        animation=STILL,
        expand=True,
        min_y=scale.bottom_kwh,
        max_y=scale.top_kwh,
        baseline_y=0,
        left_axis=_energy_axis(scale, speech),
        bottom_axis=_days_axis(len(month.days), 5 if is_narrow else 2),
        right_axis=fch.ChartAxis(show_labels=False),
        top_axis=fch.ChartAxis(show_labels=False),
        horizontal_grid_lines=fch.ChartGridLines(interval=scale.step_kwh, color=GRID_LINE, width=1),
        tooltip=fch.BarChartTooltip(
            bgcolor=ft.Colors.INVERSE_SURFACE,
            border_radius=10,
            padding=10,
            max_width=200,
            fit_inside_horizontally=True,
            fit_inside_vertically=True,
        ),
        on_event=tapped,
    )
    return ft.Container(chart, height=height)


@dataclass(frozen=True)
class _Scale:
    """The axis of a month: whole steps above and below zero."""

    top_kwh: float
    bottom_kwh: float
    step_kwh: float


def _month_scale(month: Month) -> _Scale:
    highest = max([1.0, *(energy.house_wh / 1000 for _, energy in month.known)])
    lowest = max([0.0, *(energy.export_wh / 1000 for _, energy in month.known)])
    step = next((s for s in (0.5, 1, 2, 5, 10, 20, 50, 100, 200) if (highest + lowest) / s <= 6), 500)
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


def _days_axis(days: int, every: int) -> fch.ChartAxis:
    shown = [day for day in range(1, days + 1) if day == 1 or day % every == 0]
    return fch.ChartAxis(
        label_size=BOTTOM_PX, labels=[fch.ChartAxisLabel(day - 1, parts.muted(str(day), 11)) for day in shown]
    )


def _bar(month: Month, day: int, speech: Speech, width: int) -> fch.BarChartGroup:
    energy = month.days[day - 1]
    if energy is None:
        return fch.BarChartGroup(x=day - 1, rods=[fch.BarChartRod(to_y=0, width=width, show_tooltip=False)])
    sun = max(0.0, energy.house_wh - energy.import_wh) / 1000
    house, exported = energy.house_wh / 1000, energy.export_wh / 1000
    words = speech.say(
        "chart.day_tip",
        date=speech.date_short(month.date(day)),
        house=speech.kwh(energy.house_wh),
        sun=speech.kwh(sun * 1000),
        grid=speech.kwh(energy.import_wh),
        exported=speech.kwh(energy.export_wh),
    )
    return fch.BarChartGroup(
        x=day - 1,
        rods=[
            fch.BarChartRod(
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
        ],
    )
