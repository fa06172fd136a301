"""A day in history: its totals, its curves, its voltage, and the name of every gap."""

import flet as ft

from ..contract import ledger
from ..model.curves import curves_of
from ..model.day import Day, Gap, day_compared
from ..model.home import Home
from ..model.period import Period
from ..model.record import Compared
from ..model.sheet import day_sheet
from ..model.voltage import voltage_of
from ..speech import Speech
from ..state import Layout
from . import parts, shell, theme
from .chart_words import day_in_words, legends, voltage_in_words
from .day_chart import DayChart
from .figures import change_remarks, totals_tiles
from .history_figures import Sheet, compared_card, figures_card
from .period_words import name_of
from .voltage_chart import VoltageChart

GAPS_SHOWN = 12
_NOT_YET = ("history.not_yet", "history.not_yet_why")
_NO_DATA = ("history.no_data", "history.no_data_why")


def day_blocks(
    day: Day,
    other: Day | None,
    periods: tuple[Period, Period | None],
    home: Home,
    layout: Layout,
    now_s: int,
    speech: Speech,
    swiped: parts.Wrap,
) -> list[ft.Control]:
    """other: the day that it is set against, None while it is read or where there is none; periods: of both.

    swiped: makes a chart one that a finger draws to another day.
    """
    if day.is_empty or day.known is None:
        text, why = _NOT_YET if day.span.end_s > now_s else _NO_DATA
        return [parts.card(parts.empty(ft.Icons.EVENT_BUSY_OUTLINED, speech.say(text), speech.say(why)))]
    pair = day_compared(day, other) if other is not None else None
    tiles = totals_tiles("history", day.totals, layout, speech, change_remarks(pair, speech))
    gaps = _gaps(day.gaps(now_s, home.created_s), day, speech)
    charts = [_power(day, other, home, layout, now_s, speech, swiped), *_voltage(day, layout, speech, swiped)]
    sheet = Sheet(f"{home.name} {day.span.day}.csv", lambda: day_sheet(day, home.tz))
    left, right = [figures_card(day.known, home, speech, sheet)], [*_beside(pair, periods, other, home, speech), gaps]
    return [tiles, *charts, *shell.pair(left, right, layout)]


def _beside(
    pair: Compared | None, periods: tuple[Period, Period | None], other: Day | None, home: Home, speech: Speech
) -> list[ft.Control]:
    this, that = periods
    if that is None or other is None:
        return []
    return [compared_card(pair, (speech.date_short(this.first), name_of(that, speech)), home, speech)]


def _power(
    day: Day, other: Day | None, home: Home, layout: Layout, now_s: int, speech: Speech, swiped: parts.Wrap
) -> ft.Control:
    curves = curves_of(day, now_s, home.created_s, other=other)
    words = day_in_words(day, curves, speech)
    chart = DayChart(curves, speech, 220 if layout is Layout.PHONE else 280, 6 if layout is Layout.PHONE else 3)
    return parts.chart_card(
        speech.say("history.power"),
        speech.say("today.unit"),
        legends(curves, speech),
        parts.picture(words, swiped(chart), "history-chart"),
        parts.muted(words),
    )


def _voltage(day: Day, layout: Layout, speech: Speech, swiped: parts.Wrap) -> list[ft.Control]:
    """Nothing where none is kept."""
    voltage = voltage_of(day)
    if voltage is None:
        return []
    words = voltage_in_words(voltage, speech)
    chart = VoltageChart(voltage, day.span, speech, 160, 6 if layout is Layout.PHONE else 3)
    marks = [
        parts.legend(theme.GRID, speech.say("chart.voltage_mean")),
        parts.legend(theme.tint(theme.GRID, 0.3), speech.say("chart.voltage_swing")),
    ]
    return [
        parts.chart_card(
            speech.say("history.voltage"),
            speech.say("history.voltage_unit"),
            ft.Row([*marks], spacing=16, wrap=True, run_spacing=6),
            parts.picture(words, swiped(chart), "history-voltage"),
            parts.muted(words),
        )
    ]


def _gaps(gaps: tuple[Gap, ...], day: Day, speech: Speech) -> ft.Control:
    """How the day's figures were obtained: every run that was not simply measured, with its cause."""
    permille = day.known.measured_permille if day.known else None
    share = "" if permille is None else speech.say("gaps.measured", share=speech.percent(permille / 1000))
    if not gaps:
        rows: list[ft.Control] = [
            ft.Row(
                [ft.Icon(ft.Icons.VERIFIED_OUTLINED, color=theme.HOUSE, size=20), parts.body(speech.say("gaps.none"))]
            )
        ]
    else:
        rows = [_gap_row(gap, speech) for gap in gaps[:GAPS_SHOWN]]
    if len(gaps) > GAPS_SHOWN:
        rows.append(parts.muted(speech.say("gaps.more", n=len(gaps) - GAPS_SHOWN)))
    head = ft.Row(
        [parts.title(speech.say("gaps.title")), parts.muted(share)],
        alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
        wrap=True,
    )
    return parts.card(ft.Column([head, *rows], spacing=12))


_GAP_ICONS = {
    ledger.MISSING: ft.Icons.BLOCK,
    ledger.ESTIMATED: ft.Icons.SHOW_CHART,
    ledger.RECOVERED: ft.Icons.RESTORE,
}


def _gap_row(gap: Gap, speech: Speech) -> ft.Control:
    quality = ledger.QUALITIES[gap.quality]
    why = speech.say(f"cause.{gap.cause}")
    said = f"{speech.say(f'quality.{quality}')} · {why}" if why else speech.say(f"quality.{quality}")
    return ft.Row(
        [
            ft.Icon(_GAP_ICONS[gap.quality], size=18, color=theme.QUIET),
            ft.Container(parts.strong(speech.span(gap.start_s, gap.end_s)), width=108),
            ft.Container(parts.muted(said, 14), expand=True),
        ],
        spacing=12,
    )
