"""The first screen of somebody who is not signed in."""

import flet as ft

from ... import routes
from ...problems import Problem
from ...speech import Speech
from ...state import Layout
from .. import controls, forms, parts, theme
from ..component import component
from ..context import use_speech, use_visit


@component
def WelcomeScreen(layout: Layout) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    notice = visit.state.session.notice

    async def sign_up(_: ft.Event[ft.FilledButton]) -> None:
        visit.go(routes.SIGN_UP)

    async def sign_in(_: ft.Event[ft.OutlinedButton]) -> None:
        visit.go(routes.SIGN_IN)

    told = [_notice(notice, speech)] if notice else []
    invited = (
        [parts.told("invited", text := speech.say("join.sign_in"), parts.notice(text))] if visit.is_invited else []
    )
    return forms.page(
        [
            *_hero(layout),
            forms.heading(speech.say("welcome.title"), speech.say("welcome.under")),
            *told,
            *invited,
            controls.primary(speech.say("welcome.sign_up"), sign_up),
            controls.secondary(speech.say("welcome.sign_in"), sign_in),
        ],
        speech,
        layout,
    )


def _notice(code: str, speech: Speech) -> ft.Control:
    """Why one is here: something went wrong, or what was asked for is being done."""
    if not speech.knows(done := f"done.{code}"):
        return parts.problem(speech.trouble(Problem(code)))
    text = speech.say(done)
    return parts.told("done", text, parts.notice(text, ft.Icons.CHECK_CIRCLE_OUTLINE), live_region=True)


def _hero(layout: Layout) -> list[ft.Control]:
    """On a phone, where there is no side picture: sun, house and grid in a row."""
    if layout is Layout.DESKTOP:
        return []
    hues = (
        (ft.Icons.SOLAR_POWER_OUTLINED, theme.SOLAR),
        (ft.Icons.HOME_OUTLINED, theme.HOUSE),
        (ft.Icons.ELECTRICAL_SERVICES, theme.GRID),
    )
    row = ft.Row([parts.badge(icon, hue, 84) for icon, hue in hues], alignment=ft.MainAxisAlignment.SPACE_EVENLY)
    return [ft.Container(row, padding=ft.Padding.symmetric(vertical=36))]
