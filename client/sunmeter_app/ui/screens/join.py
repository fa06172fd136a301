"""Following an invitation to a home."""

import flet as ft

from ...state import Layout
from .. import controls, forms, parts, theme
from ..component import component
from ..context import use_action, use_speech, use_visit


@component
def JoinScreen(home: str, code: str, layout: Layout) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def join(_: object) -> None:
        await action.run(lambda: visit.household.accept(home, code))

    async def leave(_: object) -> None:
        visit.household.decline()

    mark = ft.Row([parts.badge(ft.Icons.GROUP_ADD_OUTLINED, theme.HOUSE, 64)], alignment=ft.MainAxisAlignment.CENTER)
    return forms.page(
        [
            mark,
            forms.heading(speech.say("join.title"), speech.say("join.under")),
            parts.problem(action.problem),
            controls.primary(speech.say("join.do"), join, is_busy=action.is_busy),
            ft.Row([controls.link(speech.say("join.not_now"), leave)], alignment=ft.MainAxisAlignment.CENTER),
        ],
        speech,
        layout,
    )
