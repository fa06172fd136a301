"""The chart of the mains voltage: its mean, how far it swung, and the limits it should keep."""

import flet as ft
import flet_charts as fch

from ..contract.ledger import LocalDay
from ..model.voltage import LEAST_V, MOST_V, Volt, Voltage
from ..speech import Speech
from . import parts, theme
from .chart_style import Axes, edge, hour_places, marked, points, spacing_h, stacked, told_point
from .component import component


@parts.memo
@component
def VoltageChart(
    voltage: Voltage,
    span: LocalDay,
    speech: Speech,
    height: int,
    every_hours: int,
    meant_h: tuple[float, float] | None = None,
) -> ft.Control:
    """meant_h: hours to be marked."""
    places = hour_places(span.start_s, span.end_s, every_hours, speech)
    hours = span.quarters / 4
    axes = Axes(hours, voltage.low_v, voltage.top_v, voltage.step_v, places, spacing_h(places, every_hours))
    swing = [line for run in voltage.runs for line in _swing(run)]
    limits = [_limit(volts, hours) for volts in (LEAST_V, MOST_V) if voltage.low_v <= volts <= voltage.top_v]
    return stacked(
        [*swing, *marked(meant_h, voltage.top_v), *limits],
        [_mean(run, speech) for run in voltage.runs],
        axes,
        speech,
        height,
    )


def _swing(run: tuple[Volt, ...]) -> list[fch.LineChartData]:
    upper, lower = [(volt.x_h, volt.hi_v) for volt in run], [(volt.x_h, volt.lo_v) for volt in run]
    return [edge(upper, ft.Colors.with_opacity(0.22, theme.GRID), False), edge(lower, theme.CARD, False)]


def _limit(volts: float, hours: float) -> fch.LineChartData:
    return fch.LineChartData(
        points=points([(0, volts), (hours, volts)]), color=theme.ALARM, stroke_width=1.5, dash_pattern=[6, 4]
    )


def _mean(run: tuple[Volt, ...], speech: Speech) -> fch.LineChartData:
    def words(volt: Volt) -> str:
        lo, mean, hi = (speech.number(each, 1) for each in (volt.lo_v, volt.mean_v, volt.hi_v))
        return speech.say("chart.volts", time=speech.clock(volt.start_s), mean=mean, lo=lo, hi=hi)

    told = [told_point(volt.x_h, volt.mean_v, words(volt)) for volt in run]
    return fch.LineChartData(points=told, color=theme.GRID, stroke_width=2)
