"""The ways out for good: a home, or the whole account."""

import flet as ft

from ... import routes
from ...model.home import Home
from ...model.household import Member
from ...state import Layout, Session
from ...verbs.belongings import GOES
from .. import controls, forms, parts, shell
from ..component import component
from ..context import use_action, use_draft, use_speech, use_visit


@component
def DeleteScreen(session: Session, home: Home | None, layout: Layout) -> ft.Control:
    """home: the one that is open; None: they have none, and only the account can go."""
    speech = use_speech()
    header = shell.SubHeading(speech.say("delete.title"), speech.say("delete.under"), routes.ACCOUNT, layout)
    left = [DeleteHomeCard(home)] if home and home.is_owner else []
    return shell.scrolled(header, *shell.pair([*left], [DeleteAccountCard(session)], layout), layout=layout)


@component
def DeleteHomeCard(home: Home) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    name = use_draft()

    async def delete(_: object) -> None:
        if await action.run(lambda: visit.belongings.delete_home(name.text)):
            visit.go(routes.HOME)

    return parts.section(
        speech.say("delete.home", home=home.name),
        parts.body(speech.say("delete.home_why")),
        controls.field(speech.say("delete.home_name"), name, hint_text=home.name),
        parts.problem(action.problem),
        ft.Row([controls.danger(speech.say("delete.home_do"), delete)]),
    )


@component
def DeleteAccountCard(session: Session) -> ft.Control:
    """Address and password again; of each home that nobody else owns, what becomes of it."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    email, password = use_draft(), use_draft()
    fates, _ = ft.use_state(dict[str, str]())
    person = session.person
    alone = [home for home in session.homes if person and _is_sole_owner(home, person.uid)]

    async def delete(_: object) -> None:
        chosen = {home.id: fates.get(home.id, GOES) for home in alone}
        await action.run(lambda: visit.belongings.delete_account(email.text, password.text, chosen))

    return parts.section(
        speech.say("delete.account"),
        parts.body(speech.say("delete.account_why")),
        *(FateChoice(home, fates, key=home.id) for home in alone),  # type: ignore[call-arg]
        controls.field(
            speech.say("field.email"),
            email,
            keyboard_type=ft.KeyboardType.EMAIL,
            autocorrect=False,
            hint_text=person.email if person else "",
        ),
        forms.Password(password, delete, is_new=False),
        parts.problem(action.problem),
        ft.Row([controls.danger(speech.say("delete.account_do"), delete)]),
    )


def _is_sole_owner(home: Home, uid: str) -> bool:
    return [each for each, role in home.roles if role == "owner"] == [uid]


@component
def FateChoice(home: Home, fates: dict[str, str]) -> ft.Control:
    """Whether a home goes too, or to whom it passes."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    heirs, set_heirs = ft.use_state(tuple[Member, ...]())
    chosen, set_chosen = ft.use_state(fates.get(home.id, GOES))

    async def ask() -> None:
        async def look() -> None:
            set_heirs(await visit.belongings.heirs(home.id))

        if len(home.roles) > 1:
            await action.run(look)

    ft.use_effect(ask, [home.roles])

    async def choose(event: ft.Event[ft.Dropdown]) -> None:
        fates[home.id] = event.control.value or GOES
        set_chosen(fates[home.id])

    options = [(GOES, speech.say("delete.goes"))]
    options += [(each.uid, speech.say("delete.passes", name=each.name or each.email)) for each in heirs]
    chooser = controls.dropdown(speech.say("delete.fate", home=home.name), chosen, options, choose)
    return ft.Column([chooser, parts.problem(action.problem)], spacing=8) if action.problem else chooser
