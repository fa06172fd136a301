"""What has consequences is done a moment later, and taken back by one tap until then: no question is asked before."""

import asyncio

import flet as ft
from flet.components.hooks.use_ref import MutableRef

from . import controls, parts
from .component import component
from .context import Work, use_action, use_speech, use_visit


@component
def Undoable(name: str, soon: str, work: Work) -> ft.Control:
    """A button, and once it was pressed what follows, with the way back.

    Whoever leaves the screen meanwhile has decided. Whoever opens another home has not: work is of the home that is
    open.
    """
    visit, speech, action = use_visit(), use_speech(), use_action()
    is_waiting, set_waiting = ft.use_state(False)
    waiting: MutableRef[asyncio.Task[None] | None] = ft.use_ref(None)

    async def do_soon(home_id: str) -> None:
        await visit.grace()
        home = visit.state.session.home
        if home is not None and home.id == home_id:
            await action.run(work)
        set_waiting(False)

    async def press(_: object) -> None:
        home = visit.state.session.home
        set_waiting(True)
        waiting.current = asyncio.create_task(do_soon(home.id if home else ""))

    async def undo(_: object) -> None:
        if waiting.current is not None:
            waiting.current.cancel()
        set_waiting(False)

    if is_waiting:
        back = controls.secondary(speech.say("undo"), undo, ft.Icons.UNDO, autofocus=True)
        told = parts.told("soon", soon, parts.body(soon, 13), live_region=True)
        return ft.Column([told, ft.Row([back], wrap=True)], spacing=8)
    button = controls.danger(name, press)
    return ft.Column([button, parts.problem(action.problem)], spacing=8) if action.problem else button
