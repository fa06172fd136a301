"""Set-up in three steps a person can follow: the home, its hub, its meter."""

from collections.abc import Awaitable, Callable, Sequence

import flet as ft

from ... import routes
from ...model.home import Home
from ...model.typed import Draft
from ...speech import Speech
from ...state import Layout, Session
from .. import controls, forms, parts, theme
from ..component import component
from ..context import use_action, use_draft, use_speech, use_visit
from ..places import CURRENCIES, currency_of, zones
from ..push_here import PushHere

ENROL = "sunmeter-edge enroll"  # the hub's command
_STEPS = ("home", "hub", "meter")


@component
def SetUpScreen(session: Session, layout: Layout) -> ft.Control:
    """The first step that is not done yet."""
    speech = use_speech()
    home = session.home
    if home is None:
        step, content = 0, HomeStep(is_first=not session.homes)
    elif home.hub is None:
        step, content = 1, HubStep(home)
    elif home.meter is None:
        step, content = 2, MeterStep(home)
    else:
        step, content = 3, DoneStep(home)
    return forms.page([_progress(step, speech), content], speech, layout)


def _progress(step: int, speech: Speech) -> ft.Control:
    """Three marks; the words say which of them is at hand."""
    marks: list[ft.Control] = []
    for index, name in enumerate(_STEPS):
        if marks:
            marks.append(ft.Container(height=2, expand=True, bgcolor=theme.HOUSE if index <= step else theme.LINE))
        marks.append(_mark(index, step, speech.say(f"set_up.step_{name}")))
    spoken = speech.say("set_up.progress", n=min(step + 1, 3))
    row = ft.Container(ft.Row(marks, spacing=10), padding=ft.Padding.only(bottom=10))
    return parts.told("set-up-step", spoken, row)


def _mark(index: int, step: int, name: str) -> ft.Control:
    is_done, is_now = index < step, index == step
    ink = ft.Colors.ON_PRIMARY if is_now else theme.MUTED
    number = parts.strong(str(index + 1), 13, color=ink)
    inside = ft.Icon(ft.Icons.CHECK, size=16, color=ft.Colors.ON_PRIMARY) if is_done else number
    circle = ft.Container(
        inside,
        width=28,
        height=28,
        border_radius=14,
        alignment=ft.Alignment.CENTER,
        bgcolor=theme.HOUSE if is_done or is_now else theme.RAISED,
    )
    label = parts.small(name, 13, color=theme.TEXT if is_now else theme.MUTED)
    return ft.Row([circle, label], spacing=8, tight=True)


# --- the home --------------------------------------------------------------------------------------------------------


@component
def HomeStep(is_first: bool) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    name = use_draft()
    zone, set_zone = ft.use_state("Europe/Paris")
    currency, set_currency = ft.use_state("EUR")

    async def suggest() -> None:
        suggested = await visit.set_up.suggested_zone()
        if suggested in zones():
            set_zone(suggested)
            set_currency(currency_of(suggested))

    ft.use_effect(suggest, [])

    async def zoned(event: ft.Event[ft.Dropdown]) -> None:
        set_zone(event.control.value or zone)

    async def paid(event: ft.Event[ft.Dropdown]) -> None:
        set_currency(event.control.value or currency)

    async def submit(_: object) -> None:
        await action.run(lambda: visit.set_up.create_home(name.text, zone, currency))

    async def leave(_: object) -> None:
        await visit.sign_out()

    async def delete(_: object) -> None:
        visit.go(routes.DELETE)

    async def operate(_: object) -> None:
        visit.go(routes.AREA)

    person = visit.state.session.person
    areas = [_centred(controls.link(speech.say("area.title"), operate))] if person and person.areas else []

    return _form(
        forms.heading(speech.say("set_up.home"), speech.say("set_up.home_under")),
        controls.field(speech.say("field.home_name"), name, max_length=60, counter="", on_submit=submit),
        controls.dropdown(
            speech.say("field.zone"),
            zone,
            [(name, name.replace("_", " ")) for name in zones()],
            zoned,
            can_search=True,
        ),
        controls.dropdown(
            speech.say("field.currency"),
            currency,
            [(c, c) for c in CURRENCIES],
            paid,
            can_search=True,
        ),
        parts.problem(action.problem),
        controls.primary(speech.say("set_up.home_do"), submit, is_busy=action.is_busy),
        *areas,
        _centred(controls.link(speech.say("account.sign_out"), leave)),
        *([_centred(controls.link(speech.say("delete.account"), delete))] if is_first else []),
    )


# --- the hub and the meter -------------------------------------------------------------------------------------------


@component
def HubStep(home: Home) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    how = (_line(speech.say("set_up.hub_run")), parts.command(ENROL), _line(speech.say("set_up.hub_how")))
    return _code_step(home, "hub", ft.Icons.ROUTER_OUTLINED, how, "field.hub_code", "ABCD-EFGH", visit.set_up.enrol_hub)


@component
def MeterStep(home: Home) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    icon, example = ft.Icons.ELECTRIC_METER_OUTLINED, "m-0123456789-ABCDEFGH"
    how = (_line(speech.say("set_up.meter_how")),)
    return _code_step(home, "meter", icon, how, "field.meter_label", example, visit.set_up.claim_meter)


def _code_step(
    home: Home,
    step: str,
    icon: ft.IconData,
    how: Sequence[ft.Control],
    field: str,
    example: str,
    take: Callable[[str], Awaitable[None]],
) -> ft.Control:
    """A code is read off a device and typed in. Keeps its state in the component that calls it."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    code = use_draft()

    async def submit(_: object) -> None:
        await action.run(lambda: take(code.text))

    async def later(_: object) -> None:
        visit.go(routes.HOME)

    return _form(
        forms.heading(speech.say(f"set_up.{step}"), speech.say(f"set_up.{step}_under", home=home.name)),
        _how(icon, *how),
        _code_field(speech.say(field), code, example, submit),
        parts.problem(action.problem),
        controls.primary(speech.say(f"set_up.{step}_do"), submit, is_busy=action.is_busy),
        _centred(controls.link(speech.say("set_up.later"), later)),
    )


@component
def DoneStep(home: Home) -> ft.Control:
    visit, speech = use_visit(), use_speech()

    async def go(_: object) -> None:
        visit.go(routes.HOME)

    done = parts.told("set-up-done", speech.say("set_up.done"), parts.badge(ft.Icons.CHECK, theme.HOUSE, 64))
    return _form(
        _centred(done),
        forms.heading(speech.say("set_up.done"), speech.say("set_up.done_under", home=home.name)),
        PushHere(visit.state.device),
        controls.primary(speech.say("set_up.done_do"), go, ft.Icons.ARROW_FORWARD),
    )


def _code_field(name: str, code: Draft, example: str, on_submit: parts.Handler) -> ft.Control:
    return controls.field(
        name,
        code,
        hint_text=example,
        on_submit=on_submit,
        autocorrect=False,
        enable_suggestions=False,
        max_length=32,
        counter="",
    )


def _line(text: str) -> ft.Control:
    return parts.muted(text, 14)


def _how(icon: ft.IconData, *lines: ft.Control) -> ft.Control:
    told = ft.Column([*lines], spacing=8, expand=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    card = ft.Container(
        ft.Row(
            [parts.badge(icon, theme.HOUSE, 44), told],
            spacing=14,
            vertical_alignment=ft.CrossAxisAlignment.START,
        ),
        bgcolor=theme.RAISED,
        border_radius=16,
        padding=16,
    )
    return forms.read_apart(card)


def _form(*controls: ft.Control) -> ft.Control:
    return ft.Column([*controls], spacing=16, horizontal_alignment=ft.CrossAxisAlignment.STRETCH, tight=True)


def _centred(control: ft.Control) -> ft.Control:
    return ft.Row([control], alignment=ft.MainAxisAlignment.CENTER)
