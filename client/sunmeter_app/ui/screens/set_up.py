"""Set-up in steps a person can follow: the home, its hub, its meter; then what may come later."""

from collections.abc import Awaitable, Callable, Sequence

import flet as ft

from ... import routes
from ...model.home import Home
from ...model.set_up import DONE, STEPS, step_of
from ...model.typed import Draft
from ...speech import Speech
from ...state import Here, Layout, Progress, Session, ThisDevice
from .. import controls, forms, parts, theme
from ..component import component
from ..context import use_action, use_draft, use_speech, use_visit
from ..further_steps import ClampStep, PushStep, TariffStep
from ..places import CURRENCIES, currency_of, zones

ENROL = "sunmeter-edge enroll"  # the hub's command


@component
def SetUpScreen(session: Session, progress: Progress, device: ThisDevice, layout: Layout) -> ft.Control:
    """The first step that is not done yet."""
    speech = use_speech()
    home = session.home
    if home is not None and not home.is_owner:
        return forms.page([NotOwner(home)], speech, layout)
    passed = progress.passed.get(home.id, ()) if home else ()
    step = step_of(home, passed, device.here is Here.ON)
    return forms.page([_progress(step, speech), _content(step, session, home)], speech, layout)


def _content(step: str, session: Session, home: Home | None) -> ft.Control:
    if home is None:
        return HomeStep(is_first=not session.homes)
    state = use_visit().state
    steps = {
        "hub": lambda: HubStep(home),
        "meter": lambda: MeterStep(home),
        "clamps": lambda: ClampStep(state.live, state.way, state.clock, state.devices),
        "tariff": lambda: TariffStep(home),
        "push": lambda: PushStep(state.device),
        DONE: lambda: DoneStep(home),
    }
    return steps[step]()


@component
def NotOwner(home: Home) -> ft.Control:
    visit, speech = use_visit(), use_speech()

    async def go(_: object) -> None:
        visit.go(routes.HOME)

    button = controls.secondary(speech.say("set_up.home_page"), go)
    return parts.empty(ft.Icons.LOCK_OUTLINED, home.name, speech.say("home.owner_sets_up"), button)


def _progress(step: str, speech: Speech) -> ft.Control:
    """A mark for each step; the words say which of them is at hand."""
    at = STEPS.index(step) if step in STEPS else len(STEPS)
    marks: list[ft.Control] = []
    for index in range(len(STEPS)):
        if marks:
            marks.append(ft.Container(height=2, expand=True, bgcolor=theme.HOUSE if index <= at else theme.LINE))
        marks.append(_mark(index, at))
    n = min(at + 1, len(STEPS))
    spoken = speech.say("set_up.progress", n=n, of=len(STEPS), name=speech.say(f"set_up.step_{STEPS[n - 1]}"))
    words = [] if step == DONE else [parts.muted(spoken)]
    column = ft.Column([ft.Row(marks, spacing=6), *words], spacing=8)
    return parts.told("set-up-step", spoken, ft.Container(column, padding=ft.Padding.only(bottom=10)))


def _mark(index: int, at: int) -> ft.Control:
    is_done, is_now = index < at, index == at
    ink = ft.Colors.ON_PRIMARY if is_now else theme.MUTED
    number = parts.strong(str(index + 1), 13, color=ink)
    inside = ft.Icon(ft.Icons.CHECK, size=16, color=ft.Colors.ON_PRIMARY) if is_done else number
    return ft.Container(
        inside,
        width=28,
        height=28,
        border_radius=14,
        alignment=ft.Alignment.CENTER,
        bgcolor=theme.HOUSE if is_done or is_now else theme.RAISED,
    )


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
    areas = [forms.centred(controls.link(speech.say("area.title"), operate))] if person and person.areas else []

    return forms.stacked(
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
        forms.centred(controls.link(speech.say("account.sign_out"), leave)),
        *([forms.centred(controls.link(speech.say("delete.account"), delete))] if is_first else []),
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

    return forms.stacked(
        forms.heading(speech.say(f"set_up.{step}"), speech.say(f"set_up.{step}_under", home=home.name)),
        _how(icon, *how),
        _code_field(speech.say(field), code, example, submit),
        parts.problem(action.problem),
        controls.primary(speech.say(f"set_up.{step}_do"), submit, is_busy=action.is_busy),
        forms.centred(controls.link(speech.say("set_up.later"), later)),
    )


@component
def DoneStep(home: Home) -> ft.Control:
    visit, speech = use_visit(), use_speech()

    async def go(_: object) -> None:
        visit.go(routes.HOME)

    done = parts.told("set-up-done", speech.say("set_up.done"), parts.badge(ft.Icons.CHECK, theme.HOUSE, 64))
    return forms.stacked(
        forms.centred(done),
        forms.heading(speech.say("set_up.done"), speech.say("set_up.done_under", home=home.name)),
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
