"""Making an account."""

import flet as ft

from ... import routes
from ...state import Layout
from .. import controls, forms, parts
from ..component import component
from ..context import use_action, use_draft, use_speech, use_visit


@component
def SignUpScreen(layout: Layout) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    email = use_draft()
    password = use_draft()

    async def submit(_: object) -> None:
        await action.run(lambda: visit.account.sign_up(email.text, password.text))

    async def to_sign_in(_: object) -> None:
        visit.go(routes.SIGN_IN)

    return forms.page(
        [
            forms.heading(speech.say("sign_up.title"), speech.say("sign_up.under")),
            forms.credentials(
                forms.email(speech, email),
                forms.Password(password, submit, is_new=True),
            ),
            parts.problem(action.problem),
            controls.primary(speech.say("sign_up.do"), submit, is_busy=action.is_busy),
            forms.aside(speech.say("sign_up.has_account"), speech.say("welcome.sign_in"), to_sign_in),
        ],
        speech,
        layout,
    )
