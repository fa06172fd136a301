"""Home now: what flows at this moment, what the day brought, what is still to come, and what is wrong."""

import flet as ft

from ... import routes
from ...model.ahead import against_forecast
from ...model.curves import curves_of
from ...model.day import Day
from ...model.energy import Energy
from ...model.forecast import Forecast
from ...model.home import Home
from ...model.record import Known
from ...model.set_up import STEPS, step_left
from ...speech import Speech
from ...state import Here, Inbox, Layout, Progress, State, ThisDevice, Today, Ui
from .. import controls, parts, shell, theme
from ..ahead import Ahead
from ..alert_words import Words, words_of
from ..chart_words import day_in_words, legends
from ..component import component
from ..context import use_speech, use_visit
from ..day_chart import DayChart
from ..figures import cost_tile, energy_tiles, in_row, own_share_tile
from ..live import Age, Flow
from ..panels import panels_notice

LATEST_ALERTS = 3


@component
def HomeScreen(state: State, home: Home, layout: Layout) -> ft.Control:
    """Lays out the cards; each takes only the observable it shows."""
    speech = use_speech()
    header = shell.heading(home.name, DateLine(state.today), ThemeButton(state.ui), layout=layout)
    if home.meter is None:
        return shell.scrolled(header, SetUpCard(home), layout=layout)
    now = parts.card(
        ft.Column(
            [
                ft.Row(
                    [parts.title(speech.say("home.now")), Age(state.live, state.way, state.clock)],
                    alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
                ),
                Flow(state.way, layout),
            ],
            spacing=16,
        )
    )
    tiles, chart = Tiles(state.today, home, layout), TodayCard(state.today, home, layout)
    ahead, alerts = Ahead(state.today, state.money, home, layout), AlertsCard(state.inbox)
    left = SetUpLeft(state.progress, state.device, home)
    if layout is not Layout.DESKTOP:
        return shell.scrolled(header, left, now, ahead, tiles, chart, alerts, layout=layout)
    return shell.scrolled(header, left, _beside(now, tiles, 6, 6), ahead, _beside(chart, alerts, 8, 4), layout=layout)


def _beside(left: ft.Control, right: ft.Control, left_part: int, right_part: int) -> ft.Control:
    """Two cards of one height."""
    return ft.Row(
        [ft.Container(left, expand=left_part), ft.Container(right, expand=right_part)],
        spacing=18,
        vertical_alignment=ft.CrossAxisAlignment.STRETCH,
        intrinsic_height=True,
    )


@component
def DateLine(today: Today) -> ft.Control:
    """The date in the home's zone, redrawn as the day's page turns."""
    visit, speech = use_visit(), use_speech()
    return parts.muted(speech.date_long(speech.local(visit.now_ms / 1000).date()), 14)


@component
def ThemeButton(ui: Ui) -> ft.Control:
    """Switches between light and dark."""
    visit, speech = use_visit(), use_speech()
    icon = ft.Icons.LIGHT_MODE_OUTLINED if ui.is_dark else ft.Icons.DARK_MODE_OUTLINED

    async def switch(_: object) -> None:
        await visit.preferences.choose_theme("light" if ui.is_dark else "dark")

    return controls.icon_button(icon, speech.say("home.theme"), switch)


@component
def SetUpCard(home: Home) -> ft.Control:
    """A home that has no meter yet: what is missing, and the way there."""
    visit, speech = use_visit(), use_speech()

    async def go(_: object) -> None:
        visit.go(routes.SET_UP)

    missing = "hub" if home.hub is None else "meter"
    icon = ft.Icons.ROUTER_OUTLINED if home.hub is None else ft.Icons.ELECTRIC_METER_OUTLINED
    button = controls.primary(speech.say(f"home.no_{missing}_do"), go, ft.Icons.ARROW_FORWARD)
    who = button if home.is_owner else parts.muted(speech.say("home.owner_sets_up"))
    return parts.card(parts.empty(icon, speech.say(f"home.no_{missing}"), speech.say(f"home.no_{missing}_why"), who))


@component
def SetUpLeft(progress: Progress, device: ThisDevice, home: Home) -> ft.Control:
    """A set-up that was begun in this browser and left: what comes next, and the way there."""
    visit, speech = use_visit(), use_speech()
    step = step_left(home, progress.passed, device.here is Here.ON)

    async def go(_: object) -> None:
        visit.go(routes.SET_UP)

    if step is None:
        return ft.Column(visible=False)
    text = speech.say("set_up.left", n=STEPS.index(step), of=len(STEPS), name=speech.say(f"set_up.step_{step}"))
    said = parts.told("set-up-left", text, parts.body(text), expand=True)
    row = ft.Row([parts.badge(ft.Icons.CHECKLIST, theme.HOUSE), said, controls.link(speech.say("set_up.left_do"), go)])
    return parts.card(row, padding=ft.Padding.symmetric(horizontal=20, vertical=12))


# --- today -----------------------------------------------------------------------------------------------------------


@component
def Tiles(today: Today, home: Home, layout: Layout) -> ft.Control:
    """Today's energy; with a tariff what it cost, and beside it how much of it was one's own."""
    speech = use_speech()
    space = 12 if layout is Layout.PHONE else 18
    has_money, a_row = bool(home.tariffs), 2
    if today.day is None:
        tiles: list[ft.Control] = [parts.card(parts.skeleton(104), padding=16) for _ in range(6 if has_money else 4)]
    else:
        known, energy = today.day.known, today.day.totals
        tiles = _tiles(known, home, layout, speech) if has_money else _energy_tiles(energy, speech)
    fills = layout is Layout.DESKTOP
    if has_money and layout is not Layout.PHONE:
        a_row, space = 3, 14
    rows = [in_row(tiles[first : first + a_row], space, fills) for first in range(0, len(tiles), a_row)]
    return ft.Column([*rows], spacing=space)


def _energy_tiles(energy: Energy | None, speech: Speech) -> list[ft.Control]:
    return energy_tiles("today", energy, speech, _shares(energy, speech))


def _tiles(known: Known | None, home: Home, layout: Layout, speech: Speech) -> list[ft.Control]:
    energy = known.energy if known else None
    shares = {name: share for name, share in _shares(energy, speech).items() if name == "pv"}
    house, pv, bought, sold = energy_tiles("today", energy, speech, shares)
    cost, own = cost_tile("today", known, home.currency, speech), own_share_tile("today", energy, speech)
    return [house, pv, cost, own, bought, sold] if layout is Layout.PHONE else [house, pv, cost, bought, sold, own]


def _shares(energy: Energy | None, speech: Speech) -> dict[str, str]:
    """The part of the house's use that is own, and the part of the sun's yield that was used here."""
    shares = {"house": energy.self_sufficiency, "pv": energy.self_use} if energy else {}
    return {
        name: speech.say(f"today.{name}_share", share=speech.percent(share))
        for name, share in shares.items()
        if share is not None
    }


@component
def TodayCard(today: Today, home: Home, layout: Layout) -> ft.Control:
    """Today's curve with the forecast's band, and what the panels lose."""
    visit, speech = use_visit(), use_speech()

    async def to_history(_: object) -> None:
        visit.go(routes.HISTORY)

    async def to_forecast(_: object) -> None:
        visit.go(routes.FORECAST)

    marks, content = _today(today, home, layout, visit.now_ms // 1000, speech)
    title = ft.Column(
        [parts.title(speech.say("today.title")), parts.muted(_until(today.day, speech), 12.5)], spacing=2, expand=True
    )
    ways = [
        controls.link(speech.say("today.forecast"), to_forecast),
        controls.link(speech.say("today.history"), to_history),
    ]
    head = ft.Row([title, *ways], spacing=0, vertical_alignment=ft.CrossAxisAlignment.START)
    panels = panels_notice(today.panels, home, speech)
    return parts.card(ft.Column([head, *marks, *content, *panels], spacing=12))


_Parts = tuple[list[ft.Control], list[ft.Control]]


def _today(today: Today, home: Home, layout: Layout, now_s: int, speech: Speech) -> _Parts:
    """The legend and the chart of today, or what stands in their place."""
    height, every_hours = (190, 6) if layout is Layout.PHONE else (168, 3)
    if today.day is None:
        return [], [parts.skeleton(height, radius=14)]
    has_forecast = today.forecast is not None and not today.forecast.is_empty
    if today.day.is_empty and not has_forecast:
        text, why = speech.say("history.not_yet"), speech.say("history.not_yet_why")
        return [], [parts.empty(ft.Icons.HOURGLASS_EMPTY, text, why)]
    curves = curves_of(today.day, now_s, home.created_s, today.forecast)
    chart = DayChart(curves, speech, height, every_hours)
    picture = parts.picture(day_in_words(today.day, curves, speech), chart, "today-chart")
    return [legends(curves, speech)], [picture, *_against(today.day, today.forecast, speech)]


def _against(day: Day, forecast: Forecast | None, speech: Speech) -> list[ft.Control]:
    """How far what was measured is from what was expected by now."""
    pairs = {name: against_forecast(day, forecast, of) for name, of in (("house", "load"), ("pv", "pv"))}
    changes = {name: speech.change(*pair) for name, pair in pairs.items() if pair is not None}
    told = [speech.say(f"today.{name}_against", change=change) for name, change in changes.items() if change]
    if not told:
        return []
    text = speech.say("today.against", changes=", ".join(told))
    return [parts.told("today-against", text, parts.muted(text, 13))]


def _until(day: Day | None, speech: Speech) -> str:
    if day is None or day.known_until_s is None:
        return speech.say("today.unit")
    return speech.say("today.unit_until", time=speech.clock(day.known_until_s))


# --- alerts ----------------------------------------------------------------------------------------------------------


@component
def AlertsCard(inbox: Inbox) -> ft.Control:
    """The newest alerts, and the way to all of them."""
    visit, speech = use_visit(), use_speech()

    async def see_all(_: object) -> None:
        visit.go(routes.ALERTS)

    if inbox.alerts is None:
        rows: list[ft.Control] = [parts.skeleton(44) for _ in range(LATEST_ALERTS)]
    elif not inbox.alerts:
        rows = [_all_quiet(speech)]
    else:
        now_s = visit.now_ms / 1000
        rows = [_row(words_of(alert, speech, now_s)) for alert in inbox.alerts[:LATEST_ALERTS]]
    return parts.card(
        ft.Column(
            [
                ft.Row(
                    [parts.title(speech.say("home.alerts")), controls.link(speech.say("home.see_all"), see_all)],
                    alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
                ),
                *rows,
            ],
            spacing=14,
        ),
        padding=ft.Padding.only(left=20, right=14, top=14, bottom=20),
    )


def _all_quiet(speech: Speech) -> ft.Control:
    return ft.Row(
        [
            parts.badge(ft.Icons.CHECK, theme.HOUSE),
            ft.Column(
                [parts.title(speech.say("alerts.none"), 14), parts.muted(speech.say("alerts.none_why"))],
                spacing=2,
                expand=True,
            ),
        ],
        spacing=14,
    )


def _row(words: Words) -> ft.Control:
    """One alert in two lines."""
    head: list[ft.Control] = [ft.Container(parts.title(words.title, 14), expand=True)]
    if words.is_open:
        head.append(ft.Container(width=8, height=8, border_radius=4, bgcolor=theme.ALARM))
    head.append(parts.muted(words.when, 12))
    return ft.Row(
        [
            parts.badge(words.icon, words.color),
            ft.Column(
                [
                    ft.Row(head, spacing=8),
                    parts.muted(words.reason, max_lines=2, overflow=ft.TextOverflow.ELLIPSIS),
                ],
                spacing=2,
                expand=True,
            ),
        ],
        spacing=14,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
