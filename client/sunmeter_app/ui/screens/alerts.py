"""The inbox: every alert with its reason, its end, and what the household thinks of it."""

import flet as ft

from ... import routes
from ...contract.documents import LOAD_KINDS
from ...model.alert import Alert, Rating
from ...model.home import Home
from ...model.learning import Learning
from ...speech import Speech
from ...state import Inbox, Layout, Today
from .. import controls, parts, shell, theme
from ..alert_words import Words, words_of
from ..component import component
from ..context import use_action, use_speech, use_visit
from ..learnt_words import standing

BADGE, SPACE = 44, 16


@component
def AlertsScreen(inbox: Inbox, today: Today, home: Home, layout: Layout, picked: str = "") -> ft.Control:
    """picked: the alert that a notification led to; it stands on top."""
    speech = use_speech()
    count = len(inbox.alerts or ())
    plural = "none" if count == 0 else "one" if count == 1 else "many"
    text = speech.say(f"alerts.count_{plural}", n=count, open=inbox.open_count)
    under = parts.told(
        "alerts-count", speech.say("alerts.count_spoken", n=count, open=inbox.open_count), parts.muted(text, 14)
    )
    header = shell.heading(speech.say("nav.alerts"), under, SettingsButton(), layout=layout)
    return shell.scrolled(
        header,
        *_learning(today.learning, speech),
        *_inbox(inbox, home, layout, speech, picked),
        *([] if inbox.is_whole else [EarlierButton()]),
        layout=layout,
    )


def _learning(learning: Learning | None, speech: Speech) -> list[ft.Control]:
    """While the model learns: what already protects, and how long it still takes; or why it did not."""
    if learning is None or learning.status == "ready":
        return []
    text = standing(learning, speech)
    return [parts.told("learning", text, parts.notice(text, ft.Icons.SCHOOL_OUTLINED))]


def _inbox(inbox: Inbox, home: Home, layout: Layout, speech: Speech, picked: str) -> list[ft.Control]:
    if inbox.alerts is None:
        return [parts.card(parts.skeleton(72)) for _ in range(3)]
    if not inbox.alerts:
        quiet = parts.empty(ft.Icons.NOTIFICATIONS_NONE, speech.say("alerts.none"), speech.say("alerts.none_long"))
        return [parts.card(quiet)]
    alerts = sorted(inbox.alerts, key=lambda alert: alert.id != picked)
    return [AlertCard(alert, home, layout, key=alert.id) for alert in alerts]  # type: ignore[call-arg]


@component
def AlertCard(alert: Alert, home: Home, layout: Layout) -> ft.Control:
    """One alert, and the two buttons to rate it: beside it where there is room, else below."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    words = words_of(alert, speech, visit.now_ms / 1000)

    def rate(rating: Rating) -> parts.Handler:
        async def rated(_: object) -> None:
            wanted = Rating.NONE if alert.rating is rating else rating
            await action.run(lambda: visit.alerts.rate(alert.id, wanted))

        return rated

    is_real, is_not = alert.rating is Rating.REAL, alert.rating is Rating.NOT_REAL
    chips: list[ft.Control] = [
        _rating(words.title, speech.say("alert.real"), ft.Icons.CHECK, is_real, rate(Rating.REAL)),
        _rating(words.title, speech.say("alert.not_real"), ft.Icons.CLOSE, is_not, rate(Rating.NOT_REAL)),
    ]
    text = parts.told(f"alert-{alert.id}", words.spoken, _text(words, speech))
    told: list[ft.Control] = [Seen(alert, home)] if alert.seen_by or (alert.is_news and home.may_change) else []
    told += [KnownLoad(alert, home)] if home.may_change and alert.kind in LOAD_KINDS else []
    told += [parts.problem(action.problem)] if action.problem else []
    if layout is Layout.DESKTOP:
        text.expand = True
        beside = ft.Row([text, ft.Row(chips, spacing=10, tight=True)], spacing=28)
        return parts.card(ft.Column([beside, *told], spacing=14))
    below = ft.Container(ft.Row(chips, spacing=10, wrap=True), padding=ft.Padding.only(left=BADGE + SPACE))
    return parts.card(ft.Column([text, below, *told], spacing=14))


@component
def Seen(alert: Alert, home: Home) -> ft.Control:
    """Whether somebody of the home has seen it, and the button that says so."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def acknowledge(_: object) -> None:
        await action.run(lambda: visit.alerts.acknowledge(alert.id))

    if alert.seen_by:
        person = visit.state.session.person
        key = "alert.seen_self" if person and person.uid == alert.seen_by else "alert.seen_other"
        when = speech.when((alert.seen_ms or 0) / 1000, visit.now_ms / 1000, within=True)
        row: list[ft.Control] = [parts.pill(speech.say(key, when=when), ft.Icons.VISIBILITY_OUTLINED)]
    else:
        title = words_of(alert, speech, visit.now_ms / 1000).title
        row = [controls.link(speech.say("alert.see"), acknowledge, of=title), parts.muted(speech.say("alert.see_why"))]
    line = ft.Container(ft.Row(row, spacing=10, wrap=True, run_spacing=4), padding=ft.Padding.only(left=BADGE + SPACE))
    return ft.Column([line, parts.problem(action.problem)], spacing=6) if action.problem else line


@component
def KnownLoad(alert: Alert, home: Home) -> ft.Control:
    """Something draws power that the household knows of: it says so, and may take it back."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    is_known = home.is_known_load(alert.kind, alert.channel, visit.now_ms)

    async def change(_: object) -> None:
        verb = visit.alerts.forget_load if is_known else visit.alerts.know_load
        await action.run(lambda: verb(alert.id))

    said = [parts.pill(speech.say("settings.known"), ft.Icons.NOTIFICATIONS_OFF_OUTLINED)] if is_known else []
    button = controls.link(speech.say("settings.unknow" if is_known else "settings.know"), change)
    row = ft.Container(
        ft.Row([*said, button], spacing=10, wrap=True, run_spacing=4), padding=ft.Padding.only(left=BADGE + SPACE)
    )
    return ft.Column([row, parts.problem(action.problem)], spacing=6) if action.problem else row


@component
def EarlierButton() -> ft.Control:
    visit, speech = use_visit(), use_speech()

    async def earlier(_: object) -> None:
        visit.look_back()

    return ft.Row([controls.secondary(speech.say("alerts.earlier"), earlier)])


@component
def SettingsButton() -> ft.Control:
    visit, speech = use_visit(), use_speech()

    async def go(_: object) -> None:
        visit.go(routes.ALERT_SETTINGS)

    return controls.icon_button(ft.Icons.TUNE, speech.say("settings.title"), go)


def _text(words: Words, speech: Speech) -> ft.Control:
    state = parts.pill(speech.say("alert.open"), ft.Icons.CIRCLE) if words.is_open else parts.muted(words.when, 12.5)
    title = ft.Row([ft.Container(parts.title(words.title, 15), expand=True), state], spacing=8)
    lines = ft.Column([title, parts.body(words.reason), parts.muted(words.lasted)], spacing=4, expand=True)
    badge = parts.badge(words.icon, words.color, BADGE)
    return ft.Row([badge, lines], spacing=SPACE, vertical_alignment=ft.CrossAxisAlignment.START)


def _rating(of: str, text: str, icon: ft.IconData, is_chosen: bool, on_click: parts.Handler) -> ft.Control:
    """A button that stays pressed when it is the rating; its name says of which alert."""
    chip = ft.Chip(
        label=parts.small(text, 13, color=theme.TEXT),
        leading=ft.Icon(icon, size=16),
        selected=is_chosen,
        show_checkmark=False,
        on_select=on_click,
    )
    return ft.MergeSemantics(ft.Semantics(label=f"{of}:", content=chip))
