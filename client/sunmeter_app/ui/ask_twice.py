"""What is done to others at once is asked twice, in its place: no dialogue covers the screen."""

import flet as ft

from . import controls, parts
from .component import component
from .context import Work, use_action


@component
def AskTwice(name: str, question: str, yes: str, no: str, work: Work) -> ft.Control:
    """A button that first says what will happen; Escape keeps things as they are."""
    action = use_action()
    is_asking, set_asking = ft.use_state(False)

    async def ask(_: object) -> None:
        set_asking(True)

    async def keep(_: object) -> None:
        set_asking(False)

    async def key_down(event: ft.KeyDownEvent) -> None:
        if event.key == "Escape":
            set_asking(False)

    async def do(_: object) -> None:
        if await action.run(work):
            set_asking(False)

    if not is_asking:
        return controls.danger(name, ask)
    asked = ft.Column(
        [
            parts.told("question", question, parts.body(question, 13), live_region=True),
            ft.Row([controls.link(no, keep, autofocus=True), controls.danger(yes, do)], spacing=8, wrap=True),
            parts.problem(action.problem),
        ],
        spacing=8,
    )
    return ft.KeyboardListener(content=asked, on_key_down=key_down)
