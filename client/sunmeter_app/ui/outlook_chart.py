"""The chart of a forecast: its median, its 80 % and 95 % intervals, and what was measured meanwhile."""

import flet as ft
import flet_charts as fch

from ..model.curves import Line, Strip
from ..model.forecast import HOUR_S
from ..model.outlook import Outlook
from ..speech import Speech
from . import parts
from .chart_style import Axes, bands, holes, hour_places, median, spacing_h, stacked, told_point
from .component import component


@parts.memo
@component
def OutlookChart(outlook: Outlook, color: str, speech: Speech, height: int, every_hours: int) -> ft.Control:
    places = hour_places(outlook.start_s, outlook.end_s, every_hours, speech, with_days=True)
    curtains = [((a_s - outlook.start_s) / HOUR_S, (b_s - outlook.start_s) / HOUR_S) for a_s, b_s in outlook.holes]

    def words(strip: Strip) -> str:
        at_s = outlook.start_s + strip.x_h * HOUR_S
        figures = (strip.mid_kw, strip.lo_kw, strip.hi_kw, strip.lo95_kw, strip.hi95_kw)
        mid, lo, hi, lo95, hi95 = (speech.number(kw, 2) for kw in figures)
        time = f"{speech.weekday(at_s)} {speech.clock(at_s)}"
        return speech.say("forecast.tip", time=time, mid=mid, lo=lo, hi=hi, lo95=lo95, hi95=hi95)

    axes = Axes(outlook.hours, 0.0, outlook.top_kw, outlook.step_kw, places, spacing_h(places, every_hours))
    below = [*holes(curtains, outlook.top_kw), *bands(outlook.ahead, color, with_95=True)]
    lines = [_measured(line, color, speech) for line in outlook.measured]
    return stacked(below, [*lines, *(median(run, color, words) for run in outlook.ahead)], axes, speech, height)


def _measured(line: Line, color: str, speech: Speech) -> fch.LineChartData:
    told = [
        told_point(point.x_h, point.y_kw, speech.say("forecast.measured_tip", kw=speech.number(point.y_kw, 2)))
        for point in line.points
    ]
    return fch.LineChartData(points=told, color=color, stroke_width=2.5, dash_pattern=None if line.is_exact else [3, 5])
