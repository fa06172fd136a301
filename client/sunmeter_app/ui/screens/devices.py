"""Meter and hub: health, versions, what was asked of them, and what they may show or switch."""

import flet as ft

from ... import routes
from ...model.device import Hub, Meter
from ...model.home import Home
from ...speech import Speech
from ...state import Devices, Inbox, Layout
from .. import controls, parts, shell
from ..component import component
from ..context import use_action, use_draft, use_speech, use_visit
from ..events import EventsCard
from ..move_meter import MovedMeter, MoveMeter
from ..neighbours import NeighboursCard
from ..undoable import Undoable


@component
def DevicesScreen(devices: Devices, inbox: Inbox, home: Home, layout: Layout) -> ft.Control:
    speech = use_speech()
    header = shell.SubHeading(speech.say("devices.title"), speech.say("devices.under"), routes.ACCOUNT, layout)
    left = [MeterCard(devices, home), HubCard(devices, home)]
    left += [NeighboursCard(devices, home)] if home.is_owner else []
    right = [
        *([RelayCard(home), SharingCard(home, devices)] if home.is_owner and home.meter else []),
        EventsCard(devices, inbox),
    ]
    return shell.scrolled(header, *shell.pair(left, right, layout), layout=layout)


@component
def MeterCard(devices: Devices, home: Home) -> ft.Control:
    """The meter: how it is, what it runs, and the ways to its calibration and its update."""
    visit, speech = use_visit(), use_speech()
    heading = speech.say("devices.meter")
    if home.meter is None:
        moved = [MovedMeter(devices.moved_to)] if devices.moved_to else []
        return parts.section(heading, parts.muted(speech.say("devices.no_meter")), *moved)
    if devices.meter is None:
        return parts.section(heading, *(parts.skeleton(24) for _ in range(3)))
    rows = _meter_facts(devices.meter, devices.hub, visit.now_ms, speech)
    mine = [MeterActions(devices, home), MoveMeter(home)] if home.is_owner else []
    return parts.section(heading, parts.facts(rows), *mine)


def _meter_facts(meter: Meter, hub: Hub | None, now_ms: int, speech: Speech) -> list[tuple[str, str]]:
    state = f"devices.state_{meter.state}"
    rows = [
        (speech.say("devices.id"), meter.id),
        (speech.say("devices.state"), speech.say(state) if speech.knows(state) else meter.state),
        (speech.say("devices.calibrated"), _moment(meter.calibrated_ms, now_ms, speech)),
    ]
    carried = hub.meters.get(meter.id) if hub else None
    if carried is not None:
        rows.append((speech.say("devices.heard"), _moment(carried.last_ms, now_ms, speech)))
        rows.append((speech.say("devices.firmware"), _number(carried.firmware, speech)))
        learnt_ms = carried.model * 1000 if carried.model else None  # a version is the second it was made in
        rows.append((speech.say("devices.model"), _moment(learnt_ms, now_ms, speech)))
    return rows


def _moment(at_ms: int | None, now_ms: int, speech: Speech) -> str:
    return speech.when(at_ms / 1000, now_ms / 1000) if at_ms else speech.say("devices.never")


def _number(number: int | None, speech: Speech) -> str:
    return speech.number(number, 0) if number else speech.say("devices.unknown")


@component
def MeterActions(devices: Devices, home: Home) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    version = use_draft()

    async def calibrate(_: object) -> None:
        visit.go(routes.CALIBRATION)

    async def update(_: object) -> None:
        await action.run(lambda: visit.fitting.update(version.text))

    offered = speech.say("devices.offered", version=speech.number(devices.offered, 0)) if devices.offered else ""
    told = [parts.told("firmware-offered", offered, parts.notice(offered))] if offered else []

    return ft.Column(
        [
            ft.Row([controls.primary(speech.say("devices.calibrate"), calibrate, ft.Icons.TUNE)]),
            controls.number_field(speech.say("devices.version"), version, helper=speech.say("devices.version_why")),
            parts.problem(action.problem),
            *told,
            ft.Row(
                [
                    controls.secondary(speech.say("devices.update"), None if action.is_busy else update),
                    Undoable(
                        speech.say("devices.release"),
                        speech.say("devices.release_soon"),
                        lambda: visit.fitting.release(home.id),
                    ),
                ],
                spacing=12,
                wrap=True,
                run_spacing=8,
            ),
        ],
        spacing=14,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


@component
def HubCard(devices: Devices, home: Home) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    heading, hub = speech.say("devices.hub"), devices.hub
    if home.hub is None:
        return parts.section(heading, parts.muted(speech.say("account.no_hub")))
    if devices.is_hub_hidden:
        return parts.section(heading, parts.muted(speech.say("devices.hub_hidden")))
    if hub is None:
        return parts.section(heading, *(parts.skeleton(24) for _ in range(3)))
    now_ms = visit.now_ms
    rows = [
        (speech.say("devices.name"), hub.name or hub.id),
        (speech.say("devices.heard"), _moment(hub.last_ms, now_ms, speech)),
        (speech.say("devices.software"), hub.version or speech.say("devices.unknown")),
        (speech.say("devices.waiting"), speech.number(hub.waiting, 0)),
        (speech.say("devices.meters"), speech.number(len(hub.meters), 0)),
    ]
    revoke = Undoable(
        speech.say("devices.revoke"),
        speech.say("devices.revoke_soon"),
        lambda: visit.fitting.revoke(hub.id),
    )
    return parts.section(heading, parts.facts(rows), *_hub_notices(hub, now_ms, speech), ft.Row([revoke], wrap=True))


def _hub_notices(hub: Hub, now_ms: int, speech: Speech) -> list[ft.Control]:
    told = []
    if hub.is_revoked:
        told.append("devices.revoked")
    elif hub.is_late(now_ms):
        told.append("devices.hub_late")
    if hub.damaged_ms is not None:
        told.append("devices.damaged")
    return [parts.told("hub-notice", speech.say(key), parts.notice(speech.say(key), is_alarm=True)) for key in told]


@component
def RelayCard(home: Home) -> ft.Control:
    """Consent to shedding."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def switched(is_on: bool) -> None:
        await action.run(lambda: visit.fitting.consent(is_on))

    return parts.section(
        speech.say("devices.relay"),
        controls.switch(speech.say("devices.consent"), home.consents, switched),
        parts.muted(speech.say("devices.consent_why")),
        parts.problem(action.problem),
    )


@component
def SharingCard(home: Home, devices: Devices) -> ft.Control:
    """What the hub shows in the house."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def page(is_on: bool) -> None:
        await action.run(lambda: visit.fitting.share(page=is_on))

    async def mqtt(is_on: bool) -> None:
        await action.run(lambda: visit.fitting.share(mqtt=is_on))

    async def another(_: object) -> None:
        await page(True)

    code = devices.page_code if home.shares_page else ""
    told = [parts.muted(speech.say("devices.page_code")), parts.command(code)] if code else []
    return parts.section(
        speech.say("devices.sharing"),
        controls.switch(speech.say("devices.page"), home.shares_page, page),
        *told,
        *([controls.link(speech.say("devices.page_another"), another)] if home.shares_page else []),
        controls.switch(speech.say("devices.mqtt"), home.shares_mqtt, mqtt),
        parts.problem(action.problem),
    )
