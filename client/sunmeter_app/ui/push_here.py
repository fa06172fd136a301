"""Whether the browser one is using is told of alerts: offered where a person cares for alerts, never unasked."""

import flet as ft

from ..state import Here, ThisDevice
from . import controls, parts
from .component import component
from .context import use_action, use_speech, use_visit


@component
def PushHere(device: ThisDevice) -> ft.Control:
    """Nothing where the project has no web push, or before the browser was looked at."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def turn_on(_: object) -> None:
        await action.run(visit.notifying.turn_on)

    async def turn_off(_: object) -> None:
        await action.run(visit.notifying.turn_off)

    if device.here is Here.UNKNOWN:
        return ft.Column(visible=False)
    if device.here is Here.OFF:
        button = controls.secondary(
            speech.say("push.ask"), None if action.is_busy else turn_on, ft.Icons.NOTIFICATIONS_ACTIVE_OUTLINED
        )
        shown: list[ft.Control] = [parts.muted(speech.say("push.ask_why")), ft.Row([button])]
    elif device.here is Here.ON:
        said = speech.say("push.on")
        shown = [
            parts.told("push-here", said, parts.body(said)),
            ft.Row([controls.link(speech.say("push.off"), turn_off)]),
        ]
    else:
        said = speech.say(f"push.{device.here.value}")
        shown = [parts.told("push-here", said, parts.notice(said))]
    return ft.Column([*shown, parts.problem(action.problem)], spacing=10)
