"""The meter's answer to a step of its calibration, and the one tap that sets clamps right."""

import flet as ft

from ..model.device import Outcome
from ..speech import Speech
from ..state import Devices
from . import controls, parts
from .calibration_words import outcome_words
from .context import Action, use_visit


def answer(devices: Devices, action: Action, speech: Speech) -> list[ft.Control]:
    """What the meter found, or that it has yet to answer."""
    if not devices.step:
        return []
    found = next((each for each in devices.outcomes or () if each.id == devices.step), None)
    if found is None:
        text = speech.say("calibrate.measuring")
        return [parts.told("calibration", text, parts.notice(text, ft.Icons.HOURGLASS_EMPTY), live_region=True)]
    title, text = outcome_words(found, speech)
    is_alarm = found.verdict == "refused"
    icon = ft.Icons.ERROR_OUTLINE if is_alarm else ft.Icons.CHECK_CIRCLE_OUTLINE
    said = f"{title}\n{text}".strip()
    told = parts.told("calibration", said, parts.notice(said, icon, is_alarm=is_alarm), live_region=True)
    return [told, *_fix(found, action, speech)]


def _fix(found: Outcome, action: Action, speech: Speech) -> list[ft.Control]:
    """Clamps that sit wrong are set right by one tap."""
    visit, fix = use_visit(), found.fix
    if fix is None or found.verdict == "refused":
        return []

    async def mend(_: object) -> None:
        await action.run(lambda: visit.fitting.set_clamps(fix))

    return [ft.Row([controls.primary(speech.say("calibrate.fix"), mend, ft.Icons.AUTO_FIX_HIGH)])]
