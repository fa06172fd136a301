"""The meter goes to another home of the same owner, and back."""

import flet as ft

from ..model.home import Home
from ..state import Session
from . import controls, parts
from .component import component
from .context import use_action, use_speech, use_visit
from .undoable import Undoable


@component
def MoveMeter(home: Home) -> ft.Control:
    """Which of one's other homes gets the meter; nothing where there is none."""
    visit, speech = use_visit(), use_speech()
    picked, set_picked = ft.use_state("")
    others = {each.id: each for each in visit.state.session.homes if each.is_owner and each.id != home.id}
    if not others:
        return ft.Container(height=0)

    async def chosen(event: ft.Event[ft.Dropdown]) -> None:
        set_picked(event.control.value or "")

    to = others.get(picked) or next(iter(others.values()))
    soon = speech.say("devices.move_soon", home=to.name)
    names = [(each.id, each.name) for each in others.values()]

    def chooser() -> list[ft.Control]:
        return [controls.dropdown(speech.say("devices.move_to"), to.id, names, chosen)] if len(others) > 1 else []

    return Undoable(
        speech.say("devices.move", home=to.name),
        f"{soon} {speech.say('devices.move_replaces', meter=to.meter)}" if to.meter else soon,
        lambda: visit.fitting.move(home.id, to.id),
        chooser,
    )


@component
def MovedMeter(to_home: str) -> ft.Control:
    """Where the meter went a moment ago, and the way back."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def back(_: object) -> None:
        await action.run(visit.fitting.bring_back)

    said = speech.say("devices.moved", home=_name(visit.state.session, to_home))
    return ft.Column(
        [
            parts.told("moved", said, parts.notice(said, ft.Icons.CHECK_CIRCLE_OUTLINE), live_region=True),
            ft.Row([controls.secondary(speech.say("devices.move_back"), None if action.is_busy else back)]),
            parts.problem(action.problem),
        ],
        spacing=8,
    )


def _name(session: Session, home_id: str) -> str:
    return next((each.name for each in session.homes if each.id == home_id), home_id)
