"""Account: who is signed in, which home is open, how the app looks, and the way out."""

import flet as ft

from ... import routes
from ...model.home import Home
from ...model.profile import POWER_UNITS, Shows
from ...model.set_up import step_left
from ...speech import Speech
from ...state import Here, Layout, Session, Ui
from ...strings import LANGUAGES
from .. import controls, parts, shell, theme
from ..component import component
from ..context import use_action, use_speech, use_visit


@component
def AccountScreen(session: Session, ui: Ui) -> ft.Control:
    visit, speech = use_visit(), use_speech()

    async def sign_out(_: object) -> None:
        await visit.sign_out()

    async def delete(_: object) -> None:
        visit.go(routes.DELETE)

    async def themed(theme_name: str) -> None:
        await visit.preferences.choose_theme(theme_name)

    themes = [(name, speech.say(f"account.theme_{name}")) for name in ("system", "light", "dark")]
    email = session.person.email if session.person else ""
    header = shell.heading(speech.say("nav.account"), parts.muted(speech.say("account.under"), 14), layout=ui.layout)
    name = parts.title(email, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS)
    who = ft.Row(
        [
            parts.badge(ft.Icons.PERSON_OUTLINE, theme.HOUSE, 52),
            ft.Column([name, parts.muted(speech.say("account.signed_in"))], spacing=2, expand=True),
        ],
        spacing=16,
    )
    leave = controls.secondary(speech.say("account.sign_out"), sign_out, ft.Icons.LOGOUT)
    if ui.layout is Layout.PHONE:
        stretch = ft.CrossAxisAlignment.STRETCH
        person = parts.card(ft.Column([who, leave], spacing=16, horizontal_alignment=stretch))
    else:
        who.expand = True
        person = parts.card(ft.Row([who, leave], spacing=16))
    looks = _looks(speech.say("account.looks"), controls.choice(themes, ui.theme, themed), ui.layout)
    settings = parts.card(ft.Column([looks, LanguageChoice(ui), FigureChoice(session, ui)], spacing=18))
    away = [ft.Row([controls.danger(speech.say("account.delete"), delete)])] if session.home else []
    menu = [Menu()] if session.home else []
    homes = [_homes(session, speech)] if session.homes else []
    blocks = shell.pair([person, *menu], [*homes, settings, *away], ui.layout)
    return shell.scrolled(header, *blocks, layout=ui.layout)


@component
def LanguageChoice(ui: Ui) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def spoken(language: str) -> None:
        await action.run(lambda: visit.preferences.choose_language(language))

    choice = controls.choice(tuple(LANGUAGES.items()), ui.language, spoken)
    row = _looks(speech.say("account.language"), choice, ui.layout)
    return ft.Column([row, parts.problem(action.problem)], spacing=8) if action.problem else row


@component
def FigureChoice(session: Session, ui: Ui) -> ft.Control:
    """The unit of the moment's power, and whether CO2 is told; kept with the account."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    shows = session.profile.shows if session.profile else Shows()

    async def measured(unit: str) -> None:
        await action.run(lambda: visit.preferences.show_power_in(unit))

    async def told(is_on: bool) -> None:
        await action.run(lambda: visit.preferences.show_co2(is_on))

    units = controls.choice([(unit, unit) for unit in POWER_UNITS], shows.power, measured)
    rows = [_looks(speech.say("account.power"), units, ui.layout)]
    rows.append(controls.switch(speech.say("account.co2"), shows.co2, told))
    return ft.Column([*rows, *([parts.problem(action.problem)] if action.problem else [])], spacing=14)


@component
def Menu() -> ft.Control:
    """The ways to what is set up once and looked at now and then."""
    visit, speech = use_visit(), use_speech()

    def line(icon: ft.IconData, topic: str, route: str) -> ft.Control:
        async def go(_: object) -> None:
            visit.go(route)

        return controls.menu_line(icon, speech.say(f"{topic}.title"), speech.say(f"{topic}.under"), go)

    ways = [line(*way) for way in _WAYS]
    person = visit.state.session.person
    if person and person.areas:
        ways.append(line(ft.Icons.HOLIDAY_VILLAGE_OUTLINED, "area", routes.AREA))
    return parts.card(ft.Column(parts.parted(ways), spacing=6))


_WAYS = (
    (ft.Icons.SELL_OUTLINED, "money", routes.MONEY),
    (ft.Icons.ELECTRIC_METER_OUTLINED, "devices", routes.DEVICES),
    (ft.Icons.HOME_OUTLINED, "place", routes.HOME_SETTINGS),
    (ft.Icons.GROUP_OUTLINED, "members", routes.MEMBERS),
    (ft.Icons.SWAP_VERT, "data", routes.DATA),
)


def _looks(name: str, choice: ft.Control, layout: Layout) -> ft.Control:
    if layout is Layout.PHONE:
        return ft.Column([parts.title(name), ft.Row([choice])], spacing=14)
    return ft.Row([parts.title(name), choice], alignment=ft.MainAxisAlignment.SPACE_BETWEEN)


def _homes(session: Session, speech: Speech) -> ft.Control:
    rows = [HomeRow(home, home == session.home, len(session.homes) > 1) for home in session.homes]
    return parts.card(ft.Column([parts.title(speech.say("account.homes")), *parts.parted(rows)], spacing=14))


@component
def HomeRow(home: Home, is_open: bool, is_choice: bool) -> ft.Control:
    """One home and what is fitted in it."""
    visit, speech = use_visit(), use_speech()

    async def open_it(_: object) -> None:
        await visit.open_home(home.id)

    async def set_up(_: object) -> None:
        visit.go(routes.SET_UP)

    state = visit.state
    is_left = step_left(home, state.progress.passed, state.device.here is Here.ON) is not None
    action: list[ft.Control] = []
    if is_choice and not is_open:
        action = [controls.link(speech.say("account.open"), open_it, of=home.name)]
    elif is_open and home.is_owner and (not home.is_set_up or is_left):
        action = [controls.link(speech.say("account.set_up"), set_up)]
    elif is_open and is_choice:
        action = [ft.Icon(ft.Icons.CHECK, color=theme.HOUSE, size=20)]
    facts = " · ".join((home.zone.replace("_", " "), home.currency, speech.say(f"role.{home.role}")))
    meter = home.meter or speech.say("account.no_meter")
    hub = speech.say("account.hub_yes") if home.hub else speech.say("account.no_hub")
    return ft.Row(
        [
            parts.badge(ft.Icons.HOME_OUTLINED, theme.HOUSE, 44),
            ft.Column(
                [parts.title(home.name, 15), parts.muted(facts), parts.muted(f"{meter} · {hub}")],
                spacing=3,
                expand=True,
            ),
            *action,
        ],
        spacing=16,
    )
