"""The log of meter and hub."""

import flet as ft

from ..model.event import Event, Told, events_of
from ..speech import Speech
from ..state import Devices, Inbox
from . import controls, parts
from .component import component
from .context import use_speech, use_visit
from .event_words import event_words

OF_PAGE = 12


@component
def EventsCard(devices: Devices, inbox: Inbox) -> ft.Control:
    """What happened, newest first, a page at a time; older alerts are read when one looks that far back."""
    visit, speech = use_visit(), use_speech()
    pages, set_pages = ft.use_state(1)
    heading = speech.say("events.title")
    if inbox.alerts is None or devices.outcomes is None or devices.week is None:
        return parts.section(heading, *(parts.skeleton(44) for _ in range(3)))
    told = Told(devices.meter, devices.hub, inbox.alerts, devices.outcomes, devices.week, inbox.is_whole)
    events = events_of(told, visit.now_ms)

    async def earlier(_: object) -> None:
        set_pages(pages + 1)
        if len(events) <= (pages + 1) * OF_PAGE and not inbox.is_whole:
            visit.look_back()

    has_more = len(events) > pages * OF_PAGE or not inbox.is_whole
    rows = [_row(each, speech, visit.now_ms / 1000) for each in events[: pages * OF_PAGE]]
    return parts.section(
        heading,
        *(parts.parted(rows) or [parts.muted(speech.say("events.none"))]),
        *([ft.Row([controls.secondary(speech.say("events.earlier"), earlier)])] if has_more else []),
        parts.muted(speech.say("events.reach"), 12.5),
    )


def _row(event: Event, speech: Speech, now_s: float) -> ft.Control:
    words = event_words(event, speech, now_s)
    return parts.told("event", words.spoken, parts.line(words.icon, words.title, [words.reason, words.when]))
