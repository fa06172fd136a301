"""What has consequences is done a moment later, and taken back by one tap until then: no question is asked before."""

from collections.abc import Callable

import flet as ft
from flet.components.hooks.use_ref import MutableRef

from . import controls, parts
from .component import component
from .context import Work, use_action, use_speech, use_visit

TOLD_MS = 10_000  # of what failed elsewhere


@component
def Undoable(name: str, soon: str, work: Work, form: Callable[[], list[ft.Control]] | None = None) -> ft.Control:
    """A button, and once it was pressed what follows, with the way back.

    soon, work: as they were when it was pressed. form: what they depend on; it is away meanwhile.
    Whoever leaves the screen, opens another home or signs out meanwhile has decided: work names the home it is for.
    Where it fails then, they are told wherever they are.
    """
    visit, speech, action = use_visit(), use_speech(), use_action()
    waiting, set_waiting = ft.use_state("")  # what was said would follow; "": nothing is waited for
    undoing: MutableRef[Callable[[], None] | None] = ft.use_ref(None)
    is_left: MutableRef[bool] = ft.use_ref(False)
    page = ft.context.page

    def leave() -> None:
        is_left.current = True

    ft.on_unmounted(leave)

    async def press(_: object) -> None:
        async def do() -> None:
            set_waiting("")
            if not await action.run(work) and is_left.current:
                told = ft.Text(speech.say("not_done", what=name))
                page.show_dialog(ft.SnackBar(told, show_close_icon=True, duration=TOLD_MS))

        set_waiting(soon)
        undoing.current = visit.deeds.do_soon(do)

    async def undo(_: object) -> None:
        if undoing.current is not None:
            undoing.current()
        set_waiting("")

    if waiting:
        back = controls.secondary(speech.say("undo"), undo, ft.Icons.UNDO, autofocus=True)
        told = parts.told("soon", waiting, parts.body(waiting, 13), live_region=True)
        return ft.Column([told, ft.Row([back], wrap=True)], spacing=8)
    button = controls.danger(name, None if action.is_busy else press)
    asked = form() if form else []
    if not form and not action.problem:
        return button
    return ft.Column(
        [*asked, ft.Row([button], wrap=True), parts.problem(action.problem)],
        spacing=14 if asked else 8,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH if asked else ft.CrossAxisAlignment.START,
    )
