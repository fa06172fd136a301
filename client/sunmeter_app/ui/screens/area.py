"""The neighbourhood, for its operators: outages as they open and close, who is silent, hubs, commands, loads."""

from collections.abc import Sequence

import flet as ft

from ... import routes
from ...model.area import Asked, Outage, Roster, Silent
from ...model.device import Hub
from ...speech import Speech
from ...state import Layout, Neighbourhood
from .. import controls, parts, shell, theme
from ..ask_twice import AskTwice
from ..component import component
from ..context import use_action, use_draft, use_speech, use_visit

COMMANDS = ("ping", "reboot")
FEW_AREAS = 3  # more do not stand beside each other on a phone


@component
def AreaScreen(seen: Neighbourhood, areas: Sequence[str], layout: Layout) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    header = shell.SubHeading(speech.say("area.title"), speech.say("area.under"), routes.ACCOUNT, layout)

    async def chosen(area: str) -> None:
        visit.operating.look_at(area)

    async def selected(event: ft.Event[ft.Dropdown]) -> None:
        await chosen(event.control.value or seen.area)

    names = [(each, each) for each in areas]
    which: list[ft.Control] = []
    if len(areas) > FEW_AREAS:
        which = [controls.dropdown(speech.say("area.which"), seen.area, names, selected, can_search=True)]
    elif len(areas) > 1:
        which = [ft.Row([controls.choice(names, seen.area, chosen)], wrap=True)]
    if seen.roster is None:
        return shell.scrolled(header, *which, parts.card(parts.skeleton(160)), layout=layout)
    left = [OutagesCard(seen), SilentCard(seen), HubsCard(seen)]
    right = [CommandCard(seen.roster), ShedCard(seen.roster), AskedCard(seen)]
    return shell.scrolled(
        header, *which, _summary(seen, seen.roster, speech), *shell.pair(left, right, layout), layout=layout
    )


def _summary(seen: Neighbourhood, roster: Roster, speech: Speech) -> ft.Control:
    """Four numbers: homes, hubs, who is silent, outages that go on."""
    going_on = sum(each.end_ms is None for each in seen.outages or ())
    told = (
        ("homes", ft.Icons.HOME_OUTLINED, theme.HOUSE, len(roster.places)),
        ("hubs", ft.Icons.ROUTER_OUTLINED, theme.HOUSE, len(roster.hubs)),
        ("silent", ft.Icons.CLOUD_OFF_OUTLINED, theme.GRID, len(seen.silent or ())),
        ("open", ft.Icons.POWER_OFF_OUTLINED, theme.ALARM if going_on else theme.HOUSE, going_on),
    )
    tiles = []
    for name, icon, color, count in told:
        text, figure = speech.say(f"area.{name}"), speech.number(count, 0)
        tile = parts.card(
            ft.Row(
                [
                    parts.badge(icon, color, 36),
                    ft.Column([parts.headline(figure, 22), parts.muted(text)], spacing=0, expand=True),
                ]
            ),
            padding=16,
        )
        tiles.append(ft.Container(parts.told(f"area-{name}", f"{text}: {count}", tile), col={"xs": 6, "md": 3}))
    return ft.ResponsiveRow([*tiles], spacing=12, run_spacing=12)


@component
def OutagesCard(seen: Neighbourhood) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    rows = [_outage(each, visit.now_ms, speech) for each in seen.outages or ()]
    return parts.listed(speech.say("area.outages"), rows, speech.say("area.outages_none"))


def _outage(outage: Outage, now_ms: int, speech: Speech) -> ft.Control:
    begin = speech.when(outage.start_ms / 1000, now_ms / 1000, within=True)
    when = speech.say("area.outage_since", begin=begin)
    if outage.end_ms is not None:
        length = speech.age(max(0, outage.end_ms - outage.start_ms))
        when = speech.say("area.outage_lasted", begin=begin, length=length)
    extent = speech.say("area.extent", dark=outage.dark, homes=outage.homes, of=outage.of)
    says = f"area.says_{outage.says}"
    title = speech.say(says) if speech.knows(says) else outage.says
    remark = speech.say("alert.open") if outage.end_ms is None else ""
    row = parts.line(ft.Icons.POWER_OFF_OUTLINED, title, [when, extent], remark=remark)
    return parts.told(f"outage-{outage.id}", f"{title}. {when}. {extent}", row)


@component
def SilentCard(seen: Neighbourhood) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    rows = [_silent(each, visit.now_ms, speech) for each in seen.silent or ()]
    return parts.listed(speech.say("area.silent"), rows, speech.say("area.silent_none"))


def _silent(silent: Silent, now_ms: int, speech: Speech) -> ft.Control:
    icon = ft.Icons.ROUTER_OUTLINED if silent.is_hub else ft.Icons.ELECTRIC_METER_OUTLINED
    since = speech.say("area.since", begin=speech.when(silent.since_ms / 1000, now_ms / 1000, within=True))
    says = f"area.lost_{silent.says}"
    told = [since, speech.say(says) if speech.knows(says) else ""]
    return parts.line(icon, silent.id, told)


@component
def HubsCard(seen: Neighbourhood) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    hubs = sorted(seen.hubs.values(), key=lambda hub: (not hub.is_late(visit.now_ms), hub.name, hub.id))
    rows = [_hub(each, visit.now_ms, speech) for each in hubs]
    return parts.listed(speech.say("area.hubs"), rows, speech.say("area.hubs_none"))


def _hub(hub: Hub, now_ms: int, speech: Speech) -> ft.Control:
    heard = speech.when(hub.last_ms / 1000, now_ms / 1000) if hub.last_ms else speech.say("devices.never")
    firmware = sorted({each.firmware for each in hub.meters.values() if each.firmware})
    told = [
        speech.say("area.hub_heard", heard=heard, version=hub.version or speech.say("devices.unknown"), n=hub.waiting),
        speech.say("area.hub_meters", n=len(hub.meters), firmware=", ".join(map(str, firmware)) or "–"),
    ]
    remark = speech.say("devices.state_silent") if hub.is_late(now_ms) else ""
    return parts.line(ft.Icons.ROUTER_OUTLINED, hub.name or hub.id, told, remark=remark)


# --- what is asked ---------------------------------------------------------------------------------------------------


@component
def CommandCard(roster: Roster) -> ft.Control:
    """A ping or a restart of one meter, with its reason."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    reason = use_draft()
    name, set_name = ft.use_state(COMMANDS[0])
    meter, set_meter = ft.use_state(roster.meters[0] if roster.meters else "")

    async def named(chosen: str) -> None:
        set_name(chosen)

    async def picked(event: ft.Event[ft.Dropdown]) -> None:
        set_meter(event.control.value or meter)

    async def send(_: object) -> None:
        await action.run(lambda: visit.operating.command(meter, name, reason.text))

    meters = [(each, each) for each in roster.meters]
    return parts.section(
        speech.say("area.command"),
        controls.dropdown(speech.say("devices.meter"), meter, meters, picked, can_search=True),
        ft.Row([controls.choice([(each, speech.say(f"area.{each}")) for each in COMMANDS], name, named)]),
        controls.field(speech.say("area.reason"), reason, max_length=200, counter="", on_submit=send),
        parts.problem(action.problem),
        ft.Row([controls.secondary(speech.say("area.send"), send if meter and not action.is_busy else None)]),
    )


@component
def ShedCard(roster: Roster) -> ft.Control:
    """Loads of consenting homes, off for a while."""
    visit, speech = use_visit(), use_speech()
    reason, minutes = use_draft(), use_draft()
    count = speech.say("area.consenting", n=roster.consenting)
    blocks: list[ft.Control] = [parts.muted(count)]
    if roster.consenting:
        blocks += [
            controls.number_field(speech.say("area.minutes"), minutes, hint_text="60"),
            controls.field(speech.say("area.shed_reason"), reason, max_length=200, counter=""),
            ft.Row(
                [
                    AskTwice(
                        speech.say("area.shed"),
                        speech.say("area.shed_sure", n=roster.consenting),
                        speech.say("area.shed_yes"),
                        speech.say("members.keep"),
                        lambda: visit.operating.shed(minutes.text, reason.text),
                    )
                ],
                wrap=True,
            ),
        ]
    return parts.section(speech.say("area.loads"), *blocks)


@component
def AskedCard(seen: Neighbourhood) -> ft.Control:
    """Commands and sheds, the newest first."""
    visit, speech = use_visit(), use_speech()
    asked = sorted((*(seen.commands or ()), *(seen.sheds or ())), key=lambda each: -each.asked_ms)
    rows = [_asked(each, visit.now_ms, speech) for each in asked]
    return parts.listed(speech.say("area.asked"), rows, speech.say("area.asked_none"))


def _asked(asked: Asked, now_ms: int, speech: Speech) -> ft.Control:
    name, state = f"area.{asked.name}", f"area.state_{asked.state}"
    title = f"{speech.say(name) if speech.knows(name) else asked.name} · {asked.subject}"
    when = speech.when(asked.asked_ms / 1000, now_ms / 1000)
    back = asked.back_by_ms
    told = [f"{when} · {asked.reason}"]
    if back is not None:
        told.append(speech.say("area.back_by", time=speech.when(back / 1000, now_ms / 1000)))
    return parts.line(ft.Icons.TERMINAL, title, told, remark=speech.say(state) if speech.knows(state) else "")
