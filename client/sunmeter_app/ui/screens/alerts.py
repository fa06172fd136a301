"""The inbox: every alert with its reason, its end, and what the household thinks of it."""

import flet as ft

from ... import routes
from ...contract.documents import ALERT_KINDS, LOAD_KINDS
from ...model.alert import GROUPS, Alert, Rating
from ...model.home import Home
from ...model.learning import Learning
from ...speech import Speech
from ...state import Inbox, Layout, Session, Today
from .. import controls, parts, shell, theme
from ..alert_picture import DayButton, DayPicture, usual_line
from ..alert_words import Words, words_of
from ..component import component
from ..context import Action, use_action, use_speech, use_visit
from ..learnt_words import standing

BADGE, SPACE = 44, 16
ALL, GOING_ON = "all", "open"
FILTERS = (ALL, GOING_ON, *GROUPS)


@component
def AlertsScreen(
    inbox: Inbox, today: Today, session: Session, home: Home, layout: Layout, picked: str = ""
) -> ft.Control:
    """picked: the alert that a notification led to; it stands on top."""
    speech = use_speech()
    wanted, set_wanted = ft.use_state(ALL)

    async def chosen(event: ft.Event[ft.Dropdown]) -> None:
        set_wanted(event.control.value or ALL)

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
        *([_filter(wanted, chosen, speech, layout)] if inbox.alerts else []),
        *_inbox(inbox, session, home, layout, speech, picked, wanted),
        *([] if inbox.is_whole else [EarlierButton()]),
        layout=layout,
    )


def _learning(learning: Learning | None, speech: Speech) -> list[ft.Control]:
    """While the model learns: what already protects, and how long it still takes; or why it did not."""
    if learning is None or learning.status == "ready":
        return []
    text = standing(learning, speech)
    return [parts.told("learning", text, parts.notice(text, ft.Icons.SCHOOL_OUTLINED))]


def _filter(wanted: str, on_select: parts.Handler, speech: Speech, layout: Layout) -> ft.Control:
    """Which alerts are shown."""
    options = [(each, speech.say(f"alerts.only_{each}")) for each in FILTERS]
    menu = controls.dropdown(speech.say("alerts.only"), wanted, options, on_select)
    return menu if layout is Layout.PHONE else ft.Row([ft.Container(menu, width=300)])


def _is_wanted(alert: Alert, wanted: str) -> bool:
    return wanted == ALL or (alert.is_open if wanted == GOING_ON else alert.group == wanted)


def _inbox(
    inbox: Inbox, session: Session, home: Home, layout: Layout, speech: Speech, picked: str, wanted: str
) -> list[ft.Control]:
    if inbox.alerts is None:
        return [parts.card(parts.skeleton(72)) for _ in range(3)]
    if not inbox.alerts:
        text = speech.say("alerts.none"), speech.say("alerts.none_long")
        quiet = parts.empty(ft.Icons.NOTIFICATIONS_NONE, *text, WatchedButton())
        return [parts.card(quiet)]
    alerts = sorted((each for each in inbox.alerts if _is_wanted(each, wanted)), key=lambda each: each.id != picked)
    if not alerts:
        return [parts.card(parts.muted(speech.say("alerts.only_none")))]
    cards = [AlertCard(alert, inbox, session, home, layout, key=alert.id) for alert in alerts]  # type: ignore[call-arg]
    return [*cards]


@component
def AlertCard(alert: Alert, inbox: Inbox, session: Session, home: Home, layout: Layout) -> ft.Control:
    """One alert: what it says, in words and as a picture, how it is rated, and what else can be done about it.

    The two buttons to rate it stand beside it where there is room, else below.
    """
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
    told += [_indented(ft.Row(_more(alert, inbox, session, home), spacing=10, wrap=True, run_spacing=0))]
    told += [parts.problem(action.problem)] if action.problem else []
    told += [DayPicture(alert, inbox, home, layout)] if alert.is_shown_by_day else []
    line = [_indented(each) for each in usual_line(alert, words.color, speech)]
    if layout is Layout.DESKTOP:
        text.expand = True
        beside = ft.Row([text, ft.Row(chips, spacing=10, tight=True)], spacing=28)
        held = [ft.Row([ft.Container(each, width=560)]) for each in line]
        return parts.card(ft.Column([beside, *held, *told], spacing=14))
    below = _indented(ft.Row(chips, spacing=10, wrap=True))
    return parts.card(ft.Column([text, *line, below, *told], spacing=14))


def _more(alert: Alert, inbox: Inbox, session: Session, home: Home) -> list[ft.Control]:
    """What else can be done about an alert."""
    more: list[ft.Control] = [DayButton(alert, inbox)] if alert.is_shown_by_day else []
    more += [KnownLoad(alert, home)] if home.may_change and alert.kind in LOAD_KINDS else []
    more += [MendClamps(alert)] if home.is_owner and alert.is_mended_by_setting else []
    return [*more, MuteKind(alert.kind, session)]


def _indented(content: ft.Control) -> ft.Container:
    """Below the words, not below the badge."""
    return ft.Container(content, padding=ft.Padding.only(left=BADGE + SPACE))


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
    line = _indented(ft.Row(row, spacing=10, wrap=True, run_spacing=4))
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
    return _with_problem(ft.Row([*said, button], spacing=10, wrap=True, run_spacing=4), action)


@component
def MendClamps(alert: Alert) -> ft.Control:
    """The way to the step of the calibration that sets clamps right by a tap."""
    visit, speech = use_visit(), use_speech()

    async def go(_: object) -> None:
        visit.go(routes.CLAMPS)

    return controls.link(speech.say("alert.mend_clamps"), go)


@component
def MuteKind(kind: str, session: Session) -> ft.Control:
    """Whether one is told of this kind at all; the same switch as in the settings, undone where it was done."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    if session.profile is None or kind not in ALERT_KINDS:
        return ft.Container(height=0)
    is_muted = session.profile.is_muted(kind, visit.now_ms)

    async def change(_: object) -> None:
        await action.run(lambda: visit.preferences.hear_of(kind, is_muted))

    said = [parts.pill(speech.say("alert.muted"), ft.Icons.NOTIFICATIONS_OFF_OUTLINED)] if is_muted else []
    button = controls.link(
        speech.say("alert.unmute" if is_muted else "alert.mute"), change, of=speech.say(f"alert.{kind}")
    )
    return _with_problem(ft.Row([*said, button], spacing=10, wrap=True, run_spacing=4), action)


def _with_problem(row: ft.Control, action: Action) -> ft.Control:
    return ft.Column([row, parts.problem(action.problem)], spacing=6) if action.problem else row


@component
def EarlierButton() -> ft.Control:
    visit, speech = use_visit(), use_speech()

    async def earlier(_: object) -> None:
        visit.look_back()

    return ft.Row([controls.secondary(speech.say("alerts.earlier"), earlier)])


@component
def WatchedButton() -> ft.Control:
    """From an empty inbox to what would be told, and from how much on."""
    visit, speech = use_visit(), use_speech()

    async def go(_: object) -> None:
        visit.go(routes.ALERT_SETTINGS)

    return controls.link(speech.say("alerts.watched"), go)


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
    name = parts.small(text, 13, color=theme.TEXT, no_wrap=True)
    chip = ft.Chip(
        label=ft.Container(name, width=8 * len(text)),  # Flutter measures chips before the font has come
        leading=ft.Icon(icon, size=16),
        selected=is_chosen,
        show_checkmark=False,
        on_select=on_click,
    )
    return ft.MergeSemantics(ft.Semantics(label=f"{of}:", content=chip))
