"""History: a day or a month, its totals, its curve, and the name of every gap."""

import datetime as dt

import flet as ft

from ...contract import ledger
from ...model import month as months
from ...model.curves import curves_of
from ...model.day import Day, Gap
from ...model.energy import Energy
from ...model.home import Home
from ...model.month import Month
from ...speech import Speech
from ...state import History, Layout, Span
from ...visit import Visit
from .. import controls, parts, shell, theme
from ..chart_words import day_in_words, days_in_words, legends, month_in_words
from ..component import component
from ..context import use_speech, use_visit
from ..day_chart import DayChart
from ..figures import energy_tiles, in_row, own_share_tile
from ..month_chart import MonthChart

GAPS_SHOWN = 12
OPEN_LEAST_WH = 10  # below it the figure would be 0.00
_NOT_YET = ("history.not_yet", "history.not_yet_why")
_NO_DATA = ("history.no_data", "history.no_data_why")


@component
def HistoryScreen(history: History, home: Home, layout: Layout) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    is_day = history.span is Span.DAY

    async def spanned(chosen: str) -> None:
        visit.show_day(history.day_name) if chosen == Span.DAY.value else visit.show_month(history.month_name)

    spans = controls.choice(
        [(Span.DAY.value, speech.say("history.day")), (Span.MONTH.value, speech.say("history.month"))],
        history.span.value,
        spanned,
    )
    header = shell.heading(speech.say("nav.history"), parts.muted(home.name, 14), spans, layout=layout)
    if is_day:
        body = _day(history.day, history.day_name, home, layout, visit, speech)
        stepper = _stepper(visit, speech, home, history.day_name)
    else:
        body = _month(history.month, history.month_name, home, layout, visit, speech)
        stepper = _month_stepper(visit, speech, home, history.month_name)
    return shell.scrolled(header, stepper, *body, layout=layout)


# --- which day or month ----------------------------------------------------------------------------------------------


def _today(visit: Visit, home: Home) -> dt.date:
    return dt.datetime.fromtimestamp(visit.now_ms / 1000, home.tz).date()


def _stepper(visit: Visit, speech: Speech, home: Home, day_name: str) -> ft.Control:
    date, today = dt.date.fromisoformat(day_name), _today(visit, home)

    def step(days: int) -> parts.Handler:
        async def stepped(_: object) -> None:
            visit.show_day((date + dt.timedelta(days=days)).isoformat())

        return stepped

    async def to_today(_: object) -> None:
        visit.show_day(today.isoformat())

    return _steps(
        speech.date_full(date),
        speech.say("history.shown_day", date=day_name),
        (speech.say("history.previous_day"), step(-1)),
        (speech.say("history.next_day"), step(1) if date < today else None),
        (speech.say("history.today"), to_today if date != today else None),
    )


def _month_stepper(visit: Visit, speech: Speech, home: Home, month_name: str) -> ft.Control:
    current = months.month_of(_today(visit, home))

    def step(count: int) -> parts.Handler:
        async def stepped(_: object) -> None:
            visit.show_month(months.shifted(month_name, count))

        return stepped

    async def to_current(_: object) -> None:
        visit.show_month(current)

    return _steps(
        speech.month(dt.date.fromisoformat(f"{month_name}-01")),
        speech.say("history.shown_month", month=month_name),
        (speech.say("history.previous_month"), step(-1)),
        (speech.say("history.next_month"), step(1) if month_name < current else None),
        (speech.say("history.this_month"), to_current if month_name != current else None),
    )


_Button = tuple[str, parts.Handler | None]


def _steps(shown: str, spoken: str, back: _Button, forth: _Button, now: _Button) -> ft.Control:
    """Back, what is shown, forth, and the way to the present."""
    words = ft.Container(parts.title(shown, 17), alignment=ft.Alignment.CENTER, expand=True, height=40)
    told = parts.told("history-day", spoken, words)
    told.expand = True
    return parts.card(
        ft.Row(
            [
                controls.icon_button(ft.Icons.CHEVRON_LEFT, *back),
                told,
                controls.icon_button(ft.Icons.CHEVRON_RIGHT, *forth),
                controls.icon_button(ft.Icons.TODAY_OUTLINED, *now),
            ],
            spacing=4,
        ),
        padding=ft.Padding.symmetric(horizontal=8, vertical=6),
    )


# --- a day -----------------------------------------------------------------------------------------------------------


def _day(day: Day | None, day_name: str, home: Home, layout: Layout, visit: Visit, speech: Speech) -> list[ft.Control]:
    if day is None or day.span.day != day_name:
        return _loading()
    now_s = visit.now_ms // 1000
    gaps = day.gaps(now_s, home.created_s)
    if day.is_empty:
        text, why = _NOT_YET if day.span.end_s > now_s else _NO_DATA
        return [parts.card(parts.empty(ft.Icons.EVENT_BUSY_OUTLINED, speech.say(text), speech.say(why)))]
    curves = curves_of(day, now_s, home.created_s)
    words = day_in_words(day, curves, speech)
    chart = DayChart(curves, speech, 220 if layout is Layout.PHONE else 280, 6 if layout is Layout.PHONE else 3)
    title = _chart_title(speech.say("history.power"), speech.say("today.unit"))
    chart_card = parts.card(
        ft.Column(
            [title, legends(curves, speech), parts.picture(words, chart, "history-chart"), parts.muted(words)],
            spacing=14,
        )
    )
    return [_totals(day.totals, layout, speech), chart_card, _gaps(gaps, day, speech)]


def _gaps(gaps: tuple[Gap, ...], day: Day, speech: Speech) -> ft.Control:
    """How the day's figures were obtained: every run that was not simply measured, with its cause."""
    permille = day.measured_permille
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


# --- a month ---------------------------------------------------------------------------------------------------------


def _month(
    month: Month | None, month_name: str, home: Home, layout: Layout, visit: Visit, speech: Speech
) -> list[ft.Control]:
    if month is None or month.name != month_name:
        return _loading()
    today = _today(visit, home)
    if month.totals is None:
        text = speech.say("history.no_month"), speech.say("history.no_month_why")
        return [parts.card(parts.empty(ft.Icons.EVENT_BUSY_OUTLINED, *text))]

    def open_day(day: int) -> None:
        if month.days[day - 1] is not None:
            visit.show_day(month.date(day).isoformat())

    chart = MonthChart(month, speech, 230 if layout is Layout.PHONE else 300, layout is Layout.PHONE, open_day)
    words = month_in_words(month, speech)
    born = speech.local(home.created_s).date() if home.created_s else None
    missing = month.missing_days(today, born)
    marks = [
        parts.legend(theme.SOLAR, speech.say("chart.from_sun")),
        parts.legend(theme.GRID, speech.say("chart.from_grid")),
        parts.legend(theme.tint(theme.SOLAR, 0.45), speech.say("chart.to_grid")),
    ]
    below = [parts.muted(words)]
    if missing:
        below.append(parts.muted(speech.say("history.missing_days", days=days_in_words(month, missing, speech))))
    if abs(month.open_wh) >= OPEN_LEAST_WH:
        below.append(parts.muted(speech.say("history.open", kwh=speech.kwh(month.open_wh))))
    card = parts.card(
        ft.Column(
            [
                _chart_title(speech.say("history.energy"), speech.say("history.energy_unit")),
                ft.Row([*marks], spacing=16, wrap=True, run_spacing=6),
                parts.picture(words, chart, "history-chart"),
                *below,
            ],
            spacing=14,
        )
    )
    return [_totals(month.totals, layout, speech), card]


# --- both ------------------------------------------------------------------------------------------------------------


def _loading() -> list[ft.Control]:
    return [parts.card(parts.skeleton(96)), parts.card(parts.skeleton(280, radius=14))]


def _chart_title(text: str, unit: str) -> ft.Control:
    """What a chart shows, and the unit of its axis."""
    return ft.Column([parts.title(text), parts.muted(unit, 12.5)], spacing=2)


def _totals(energy: Energy | None, layout: Layout, speech: Speech) -> ft.Control:
    """Five figures of one height, in as many rows as there is room for."""
    tiles = [*energy_tiles("history", energy, speech), own_share_tile("history", energy, speech)]
    space = 12 if layout is Layout.PHONE else 14
    rows = {
        Layout.PHONE: [tiles[:2], tiles[2:4], tiles[4:]],
        Layout.TABLET: [tiles[:3], tiles[3:]],
        Layout.DESKTOP: [tiles],
    }
    return ft.Column([in_row(row, space) for row in rows[layout]], spacing=space)
