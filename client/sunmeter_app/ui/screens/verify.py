"""Waiting until the address is verified."""

import flet as ft

from ...problems import Problem
from ...state import Layout
from .. import controls, forms, parts, theme
from ..component import component
from ..context import use_action, use_speech, use_visit


@component
def VerifyScreen(layout: Layout) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    is_sent, set_sent = ft.use_state(False)
    person = visit.state.session.person
    email = person.email if person else ""

    async def check() -> None:
        if not await visit.account.check_verified():
            raise Problem("not_verified")

    async def checked(_: object) -> None:
        await action.run(check)

    async def again(_: object) -> None:
        if await action.run(visit.account.send_verification):
            set_sent(True)

    async def leave(_: object) -> None:
        await visit.sign_out()

    sent = [parts.notice(speech.say("verify.sent"), ft.Icons.MARK_EMAIL_READ_OUTLINED)] if is_sent else []
    return forms.page(
        [
            ft.Row([parts.badge(ft.Icons.MARK_EMAIL_UNREAD_OUTLINED, theme.HOUSE, 64)]),
            forms.heading(speech.say("verify.title"), speech.say("verify.under", email=email)),
            parts.problem(action.problem),
            *sent,
            controls.primary(speech.say("verify.do"), checked, is_busy=action.is_busy),
            controls.secondary(speech.say("verify.again"), again),
            ft.Row([controls.link(speech.say("verify.other"), leave)], alignment=ft.MainAxisAlignment.CENTER),
        ],
        speech,
        layout,
    )
