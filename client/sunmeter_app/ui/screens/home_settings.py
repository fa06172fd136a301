"""The home itself: its name, its zone and currency, its neighbourhood."""

import flet as ft

from ... import routes
from ...model.home import Home
from ...model.typed import Draft
from ...state import Layout
from .. import controls, parts, shell
from ..component import component
from ..context import use_action, use_speech, use_visit
from ..places import CURRENCIES, zones


@component
def HomeSettingsScreen(home: Home, layout: Layout) -> ft.Control:
    speech = use_speech()
    header = shell.SubHeading(speech.say("place.title"), speech.say("place.under"), routes.ACCOUNT, layout)
    card = HomeForm(home, key=home.id) if home.is_owner else _told(home)  # type: ignore[call-arg]
    return shell.scrolled(header, *shell.pair([card], [], layout), layout=layout)


def _told(home: Home) -> ft.Control:
    """For those who may not change it."""
    speech = use_speech()
    rows = [
        (speech.say("field.home_name"), home.name),
        (speech.say("field.zone"), home.zone),
        (speech.say("field.currency"), home.currency),
        (speech.say("place.area"), home.area or speech.say("place.no_area")),
    ]
    return parts.card(parts.facts(rows))


@component
def HomeForm(home: Home) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    name, _ = ft.use_state(Draft(home.name))
    area, _ = ft.use_state(Draft(home.area or ""))
    zone, set_zone = ft.use_state(home.zone)
    currency, set_currency = ft.use_state(home.currency)
    is_saved, set_saved = ft.use_state(False)

    async def zoned(event: ft.Event[ft.Dropdown]) -> None:
        set_zone(event.control.value or zone)

    async def paid(event: ft.Event[ft.Dropdown]) -> None:
        set_currency(event.control.value or currency)

    async def save(_: object) -> None:
        set_saved(False)
        set_saved(await action.run(lambda: visit.housekeeping.change(name.text, zone, currency, area.text)))

    zone_names = [(each, each.replace("_", " ")) for each in sorted({*zones(), home.zone})]
    currencies = [(each, each) for each in sorted({*CURRENCIES, home.currency})]
    done = speech.say("place.saved")
    told = [parts.told("saved", done, parts.notice(done, ft.Icons.CHECK_CIRCLE_OUTLINE))] if is_saved else []
    return parts.section(
        home.name,
        controls.field(speech.say("field.home_name"), name, max_length=80, counter=""),
        controls.dropdown(speech.say("field.zone"), zone, zone_names, zoned, can_search=True),
        controls.dropdown(speech.say("field.currency"), currency, currencies, paid, can_search=True),
        controls.field(speech.say("place.area"), area, max_length=40, counter="", helper=speech.say("place.area_why")),
        parts.problem(action.problem),
        *told,
        ft.Row([controls.primary(speech.say("place.save"), save, is_busy=action.is_busy)]),
    )
