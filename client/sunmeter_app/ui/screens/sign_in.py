"""Signing in."""

import flet as ft

from ... import routes
from ...state import Layout
from .. import controls, forms, parts
from ..component import component
from ..context import use_action, use_draft, use_speech, use_visit


@component
def SignInScreen(layout: Layout) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    email = use_draft()
    password = use_draft()

    async def submit(_: object) -> None:
        await action.run(lambda: visit.account.sign_in(email.text, password.text))

    async def to_sign_up(_: object) -> None:
        visit.go(routes.SIGN_UP)

    async def to_reset(_: object) -> None:
        visit.go(routes.RESET)

    return forms.page(
        [
            forms.heading(speech.say("sign_in.title"), speech.say("sign_in.under")),
            forms.credentials(
                forms.email(speech, email),
                forms.Password(password, submit, is_new=False),
            ),
            parts.problem(action.problem),
            controls.primary(speech.say("sign_in.do"), submit, is_busy=action.is_busy),
            ft.Row([controls.link(speech.say("sign_in.forgotten"), to_reset)], alignment=ft.MainAxisAlignment.CENTER),
            forms.aside(speech.say("sign_in.no_account"), speech.say("welcome.sign_up"), to_sign_up),
        ],
        speech,
        layout,
    )
