"""A week, a month, a year or a range in history: a bar for each of its parts, and each part's figures at a tap."""

import datetime as dt
from collections.abc import Callable, Sequence

import flet as ft

from ..model.home import Home
from ..model.period import Period
from ..model.record import Bar, Compared, Stretch
from ..model.sheet import stretch_sheet
from ..speech import Speech
from ..state import Layout
from . import controls, parts, shell, theme
from .bars_chart import BarsChart
from .chart_words import stretch_in_words
from .component import component
from .context import use_speech, use_visit
from .figures import change_remarks, totals_tiles
from .history_figures import Sheet, compared_card, facts_of, figures_card
from .period_words import days_in_words, name_of, part_of

OPEN_LEAST_WH = 10  # below it the figure would be 0.00
WHOLE_PERMILLE = 950  # a day of which less is measured is named


def bars_blocks(
    stretch: Stretch,
    other: Stretch | None,
    pair: Compared | None,
    home: Home,
    layout: Layout,
    today: dt.date,
    speech: Speech,
    swiped: parts.Wrap,
) -> list[ft.Control]:
    """other: what it is set against, None where that is nothing or still read; pair: both over what both know.

    swiped: makes a chart one that a finger draws to another period.
    """
    if stretch.total is None:
        text = speech.say("history.no_period"), speech.say("history.no_period_why")
        return [parts.card(parts.empty(ft.Icons.EVENT_BUSY_OUTLINED, *text))]
    beside = []
    if other is not None:
        names = name_of(stretch.period, speech), name_of(other.period, speech)
        beside = [compared_card(pair, names, home, speech)]
    return [
        totals_tiles("history", stretch.total.energy, layout, speech, change_remarks(pair, speech)),
        EnergyCard(stretch, other.bars if other else (), home, layout, today, swiped),
        *shell.pair([figures_card(stretch.total, home, speech, _sheet(stretch, home))], beside, layout),
    ]


def _sheet(stretch: Stretch, home: Home) -> Sheet:
    span = f"{stretch.period.first.isoformat()} {stretch.period.last.isoformat()}"
    return Sheet(f"{home.name} {span}.csv", lambda: stretch_sheet(stretch))


@component
def EnergyCard(
    stretch: Stretch, other: Sequence[Bar], home: Home, layout: Layout, today: dt.date, swiped: parts.Wrap
) -> ft.Control:
    """The bars; below them the one that was tapped, and on request all of them in figures."""
    speech = use_speech()
    picked, set_picked = ft.use_state((stretch.period, -1))
    are_listed, set_listed = ft.use_state(False)

    async def switch_list(_: object) -> None:
        set_listed(not are_listed)

    is_narrow = layout is Layout.PHONE

    def pick(index: int) -> None:
        set_picked((stretch.period, index))

    chart = BarsChart(stretch, other, speech, 230 if is_narrow else 300, is_narrow, pick)
    words = " ".join([stretch_in_words(stretch, speech), *_gaps(stretch, today, speech)])
    of, index = picked
    chosen = [PickedPart(stretch.bars[index], of, home)] if of == stretch.period and index >= 0 else []
    kind = "months" if stretch.period.has_months else "days"
    more = controls.link(speech.say("history.list_hide" if are_listed else f"history.list_{kind}"), switch_list)
    rows = [PartRow(bar, stretch.period, today) for bar in stretch.bars] if are_listed else []
    return parts.chart_card(
        speech.say(f"history.energy_{kind}"),
        speech.say("history.energy_unit"),
        _legends(bool(other), speech),
        parts.picture(words, swiped(chart), "history-chart"),
        *chosen,
        *(parts.muted(text) for text in [stretch_in_words(stretch, speech), *_gaps(stretch, today, speech)]),
        ft.Row([more]),
        *parts.parted(rows),
    )


def _legends(has_other: bool, speech: Speech) -> ft.Control:
    marks = [
        parts.legend(theme.SOLAR, speech.say("chart.from_sun")),
        parts.legend(theme.GRID, speech.say("chart.from_grid")),
        parts.legend(theme.tint(theme.SOLAR, 0.45), speech.say("chart.to_grid")),
    ]
    if has_other:
        marks.append(parts.legend(theme.tint(theme.QUIET, 0.55), speech.say("chart.house_other")))
    return ft.Row([*marks], spacing=16, wrap=True, run_spacing=6)


def _gaps(stretch: Stretch, today: dt.date, speech: Speech) -> list[str]:
    """Days without data, days that are not whole, and what the registers counted beyond."""
    told = []
    if stretch.missing:
        told.append(speech.say("history.missing_days", days=days_in_words(stretch.missing, speech)))
    partly = [bar.period.first for bar in stretch.bars if _is_partly(bar, today)]
    if partly and not stretch.period.has_months:
        told.append(speech.say("history.partly", days=days_in_words(partly, speech)))
    if stretch.total is not None and abs(stretch.total.open_wh) >= OPEN_LEAST_WH:
        told.append(speech.say("history.open", kwh=speech.kwh(stretch.total.open_wh)))
    return told


def _is_partly(bar: Bar, today: dt.date) -> bool:
    permille = bar.known.measured_permille if bar.known else None
    return permille is not None and permille < WHOLE_PERMILLE and bar.period.last < today


def _opening(part: Period) -> Callable[[object], object]:
    visit = use_visit()

    async def opened(_: object) -> None:
        visit.show(part)

    return opened


@component
def PickedPart(bar: Bar, within: Period, home: Home) -> ft.Control:
    """The figures of the bar that was tapped, and the way into it."""
    speech, open_it = use_speech(), _opening(bar.period)
    name = part_of(bar.period, within, speech)
    if bar.known is None:
        text = speech.say("history.part_none", part=name)
        return parts.told("history-part", text, parts.notice(text))
    rows = facts_of(bar.known, home, speech)
    way = controls.link(speech.say("history.open_part"), open_it, of=name)
    head = ft.Row([ft.Container(parts.title(name, 15), expand=True), way])
    said = f"{name}: {', '.join(f'{row} {text}' for row, text in rows)}"
    inside = ft.Column([head, parts.told("history-part", said, parts.facts(rows))], spacing=10)
    return ft.Container(inside, bgcolor=theme.RAISED, border_radius=14, padding=14)


@component
def PartRow(bar: Bar, within: Period, today: dt.date) -> ft.Control:
    """One part in a line, to be read and to be opened."""
    speech, open_it = use_speech(), _opening(bar.period)
    name = part_of(bar.period, within, speech)
    if bar.known is None:
        ahead = bar.period.first > today
        return ft.Row(
            [parts.muted(name, expand=True), parts.muted(speech.say("history.ahead" if ahead else "chart.missing"))]
        )
    energy = bar.known.energy
    told = [speech.say("history.row_house", kwh=speech.kwh(energy.house_wh, bar.known.u_wh))]
    told += [speech.say("history.row_solar", kwh=speech.kwh(energy.pv_wh))] if energy.pv_wh > 0 else []
    return ft.ListTile(
        title=parts.body(name),
        subtitle=parts.muted(" · ".join(told)),
        trailing=ft.Icon(ft.Icons.CHEVRON_RIGHT, color=theme.MUTED),
        content_padding=ft.Padding.symmetric(horizontal=0),
        dense=True,
        on_click=open_it,
    )
