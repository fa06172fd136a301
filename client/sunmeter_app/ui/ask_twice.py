"""What cannot be undone is asked twice, in its place: no dialogue covers the screen."""

import flet as ft

from . import controls, parts
from .component import component
from .context import Work, use_action


@component
def AskTwice(name: str, icon: ft.IconData | None, question: str, yes: str, no: str, work: Work) -> ft.Control:
    """A button that first says what will happen. Without text of its own (an icon), `name` is its accessible name."""
    action = use_action()
    is_asking, set_asking = ft.use_state(False)

    async def ask(_: object) -> None:
        set_asking(True)

    async def keep(_: object) -> None:
        set_asking(False)

    async def do(_: object) -> None:
        if await action.run(work):
            set_asking(False)

    if not is_asking:
        return controls.danger(name, ask) if icon is None else controls.icon_button(icon, name, ask)
    return ft.Column(
        [
            parts.told("question", question, parts.body(question, 13), live_region=True),
            ft.Row([controls.link(no, keep), controls.danger(yes, do)], spacing=8, wrap=True),
            parts.problem(action.problem),
        ],
        spacing=8,
    )
