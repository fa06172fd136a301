"""What was usual and what happened, as pictures: an alert's figure on a line, and the chart of its day."""

import flet as ft

from ..model.alert import Alert
from ..model.curves import curves_of
from ..model.day import Day
from ..model.home import Home
from ..model.scale import Scale, scale_of
from ..model.voltage import voltage_of
from ..speech import Speech
from ..state import Inbox, Layout
from . import controls, parts, theme
from .alert_words import quantity
from .chart_words import day_in_words, legends, voltage_in_words
from .component import component
from .context import use_speech, use_visit
from .day_chart import DayChart
from .voltage_chart import VoltageChart

_PARTS = 1000  # of the line
_MARK_PX, _LINE_PX = 4, 12
_DAY_PX = 190


def usual_line(alert: Alert, color: str, speech: Speech) -> list[ft.Control]:
    """A line with the usual range and a mark where the figure was; nothing where there is nothing to set it beside."""
    scale = scale_of(alert)
    if scale is None or alert.value is None or alert.usual_lo is None or alert.usual_hi is None:
        return []
    lo, hi, at = (quantity(alert, each, speech) for each in (alert.usual_lo, alert.usual_hi, alert.value))
    usual = speech.say("alert.usual", lo=lo, hi=hi)
    above = _placed(scale.at, parts.strong(at, 12.5))
    below = _placed((scale.usual_from + scale.usual_to) / 2, parts.muted(usual, 12))
    drawn = ft.Column([above, _line(scale, color), below], spacing=2)
    return [parts.picture(speech.say("alert.usual_spoken", at=at, lo=lo, hi=hi), drawn, f"usual-{alert.id}")]


def _line(scale: Scale, color: str) -> ft.Control:
    marks: list[ft.Control] = [
        _share(0.0, scale.usual_from, theme.CLEAR),
        _share(scale.usual_from, scale.usual_to, theme.tint(theme.HOUSE, 0.55)),
        _share(scale.usual_to, 1.0, theme.CLEAR),
    ]
    rail = ft.Container(
        ft.Row(marks, spacing=0), bgcolor=theme.RAISED, border_radius=6, clip_behavior=ft.ClipBehavior.HARD_EDGE
    )
    mark = ft.Container(width=_MARK_PX, height=_LINE_PX + 8, bgcolor=color, border_radius=2)
    return ft.Stack([ft.Container(rail, padding=ft.Padding.symmetric(vertical=4)), _placed(scale.at, mark)])


def _share(from_: float, to: float, color: str) -> ft.Container:
    return ft.Container(expand=max(1, round(_PARTS * (to - from_))), height=_LINE_PX, bgcolor=color)


def _placed(at: float, content: ft.Control) -> ft.Row:
    """Content at a part of the width, and never beyond its ends."""
    before = min(max(round(_PARTS * at), 1), _PARTS - 1)
    return ft.Row([ft.Container(expand=before), content, ft.Container(expand=_PARTS - before)], spacing=0)


@component
def DayButton(alert: Alert, inbox: Inbox) -> ft.Control:
    """Shows the day of an alert, and puts it away."""
    visit, speech = use_visit(), use_speech()
    is_shown = _is_shown(alert, inbox)

    async def look(_: object) -> None:
        visit.alerts.look_at(None if is_shown else alert)

    return controls.link(speech.say("alert.day_away" if is_shown else "alert.day"), look)


def _is_shown(alert: Alert, inbox: Inbox) -> bool:
    return inbox.looked_at is not None and inbox.looked_at.id == alert.id


@component
def DayPicture(alert: Alert, inbox: Inbox, home: Home, layout: Layout) -> ft.Control:
    """The day's course with the alert marked: the voltage of one that is about the mains, else the power."""
    visit, speech = use_visit(), use_speech()
    if not _is_shown(alert, inbox):
        return ft.Container(height=0)
    if inbox.day is None:
        return parts.skeleton(_DAY_PX)
    span, now_ms = inbox.day.span, visit.now_ms
    meant_h = alert.span_h(span, now_ms)
    every_hours = 6 if layout is Layout.PHONE else 3
    begin = span.start_s + round(meant_h[0] * 3600)
    meant = speech.say("alert.day_marked", span=speech.span(begin, span.start_s + round(meant_h[1] * 3600)))
    legend = parts.legend(theme.tint(theme.ALARM, 0.35), meant)
    if alert.is_of_voltage and (voltage := voltage_of(inbox.day)) is not None:
        chart = VoltageChart(voltage, span, speech, _DAY_PX, every_hours, meant_h)
        marks: list[ft.Control] = [parts.legend(theme.GRID, speech.say("chart.voltage_mean"))]
        words, unit = voltage_in_words(voltage, speech), speech.say("history.voltage_unit")
    else:
        chart, named, words = _power(inbox.day, home, speech, every_hours, meant_h, now_ms // 1000)
        marks, unit = [named], speech.say("today.unit")
    told = f"{words} {meant}."
    return ft.Column(
        [
            ft.Row([*marks, legend, parts.muted(unit, 12.5)], spacing=16, wrap=True, run_spacing=6),
            parts.picture(told, chart, f"day-{alert.id}"),
            parts.muted(words),
        ],
        spacing=10,
    )


def _power(
    day: Day, home: Home, speech: Speech, every_hours: int, meant_h: tuple[float, float], now_s: int
) -> tuple[ft.Control, ft.Control, str]:
    curves = curves_of(day, now_s, home.created_s)
    chart = DayChart(curves, speech, _DAY_PX, every_hours, meant_h)
    return chart, legends(curves, speech), day_in_words(day, curves, speech)
