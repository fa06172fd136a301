"""A new password by mail."""

import flet as ft

from ... import routes
from ...state import Layout
from .. import controls, forms, parts
from ..component import component
from ..context import use_action, use_draft, use_speech, use_visit


@component
def ResetScreen(layout: Layout) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    email = use_draft()
    sent_to, set_sent_to = ft.use_state("")

    async def submit(_: object) -> None:
        if await action.run(lambda: visit.account.send_reset(email.text)):
            set_sent_to(email.text)

    async def to_sign_in(_: object) -> None:
        visit.go(routes.SIGN_IN)

    sent = [
        parts.told(
            "reset-sent",
            speech.say("reset.sent", email=sent_to),
            parts.notice(speech.say("reset.sent", email=sent_to), ft.Icons.MARK_EMAIL_READ_OUTLINED),
        )
    ]
    return forms.page(
        [
            forms.heading(speech.say("reset.title"), speech.say("reset.under")),
            forms.email(speech, email, submit),
            parts.problem(action.problem),
            *(sent if sent_to else []),
            controls.primary(speech.say("reset.do"), submit, is_busy=action.is_busy),
            ft.Row([controls.link(speech.say("reset.back"), to_sign_in)], alignment=ft.MainAxisAlignment.CENTER),
        ],
        speech,
        layout,
    )
