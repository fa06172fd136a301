"""Sharing a hub between neighbours: codes from either side, and who is served."""

import flet as ft

from ..model.home import Home
from ..state import Devices
from . import controls, parts
from .component import component
from .context import use_action, use_draft, use_speech, use_visit
from .undoable import Undoable


@component
def NeighboursCard(devices: Devices, home: Home) -> ft.Control:
    """Of one's own hub: its guests, and how another comes. Of a home: how a neighbour's hub comes to serve it."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    typed = use_draft()
    hub = devices.hub
    hub_id, side = (hub.id, "host") if hub else (None, "guest")

    async def show(_: object) -> None:
        await action.run(lambda: visit.neighbours.show_code(hub_id))

    async def accept(_: object) -> None:
        if await action.run(lambda: visit.neighbours.accept(hub_id, typed.text)):
            typed.text = ""

    code = devices.neighbour_code
    made = [parts.muted(speech.say("neighbours.code")), parts.command(code)] if code else []
    guests = [GuestRow(hub.id, guest, name, key=guest) for guest, name in hub.guests] if hub else []  # type: ignore[call-arg]
    return parts.section(
        speech.say("neighbours.title"),
        parts.muted(speech.say(f"neighbours.{side}_why")),
        *parts.parted(guests),
        ft.Row([controls.secondary(speech.say(f"neighbours.{side}_show"), show)]),
        *made,
        controls.field(speech.say("neighbours.typed"), typed, hint_text="ABCD-EFGH", on_submit=accept),
        parts.problem(action.problem),
        ft.Row([controls.secondary(speech.say("neighbours.accept"), None if action.is_busy else accept)]),
    )


@component
def GuestRow(hub: str, guest: str, name: str) -> ft.Control:
    """A neighbour's home that the hub serves."""
    visit, speech = use_visit(), use_speech()
    end = Undoable(
        speech.say("neighbours.end", name=name),
        speech.say("neighbours.end_soon", name=name),
        lambda: visit.neighbours.end(hub, guest),
    )
    return ft.Column([parts.line(ft.Icons.HOUSE_OUTLINED, name, []), ft.Row([end], wrap=True)], spacing=4)
