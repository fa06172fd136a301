"""The steps of the set-up that may come later: the clamps looked at, a first tariff, notifications."""

import flet as ft

from .. import routes
from ..model.clamps import Clamps, Sense, judge
from ..model.home import Home
from ..model.live import Freshness, Reading
from ..model.tariff import draft_of
from ..speech import Speech
from ..state import Clock, Devices, Here, Live, ThisDevice, Way
from . import controls, forms, parts, theme
from .calibration_answer import answer
from .component import component
from .context import Action, use_action, use_speech, use_visit
from .live import Age, waiting_words
from .push_here import PushHere

_LOOKS = {
    Sense.RIGHT: (ft.Icons.CHECK_CIRCLE_OUTLINE, theme.HOUSE),
    Sense.REVERSED: (ft.Icons.ERROR_OUTLINE, theme.ALARM),
    Sense.IDLE: (ft.Icons.HOURGLASS_EMPTY, theme.MUTED),
    Sense.UNSURE: (ft.Icons.HELP_OUTLINE, theme.MUTED),
    Sense.ABSENT: (ft.Icons.REMOVE_CIRCLE_OUTLINE, theme.MUTED),
}


def _later(step: str, action: Action) -> ft.Control:
    visit, speech = use_visit(), use_speech()

    async def pass_by(_: object) -> None:
        await action.run(lambda: visit.set_up.pass_by(step))

    return forms.centred(controls.link(speech.say("set_up.later"), pass_by))


# --- the clamps ------------------------------------------------------------------------------------------------------


@component
def ClampStep(live: Live, way: Way, clock: Clock, devices: Devices) -> ft.Control:
    """What each clamp hears, whether it can be right, and the meter's own test with a kettle."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    is_tested, set_tested = ft.use_state(False)
    is_fresh = live.reading is not None and way.freshness is not Freshness.STALE
    heard = judge(live.reading, speech.local(live.reading.ts_ms / 1000).hour) if live.reading and is_fresh else None
    is_wrong = heard is not None and heard.are_wrong

    async def right(_: object) -> None:
        await action.run(lambda: visit.set_up.pass_by("clamps"))

    async def test(_: object) -> None:
        set_tested(True)

    confirm = controls.secondary if is_wrong else controls.primary
    test_way = [] if is_wrong or is_tested else [forms.centred(controls.link(speech.say("set_up.clamps_kettle"), test))]
    return forms.stacked(
        forms.heading(speech.say("set_up.clamps"), speech.say("set_up.clamps_under")),
        ft.Row([Age(live, way, clock)], alignment=ft.MainAxisAlignment.END),
        *_heard(live.reading, heard, way, speech),
        *([KettleTest(devices)] if is_wrong or is_tested else []),
        parts.problem(action.problem),
        confirm(speech.say("set_up.clamps_do"), right),
        *test_way,
        _later("clamps", action),
    )


def _heard(reading: Reading | None, heard: Clamps | None, way: Way, speech: Speech) -> list[ft.Control]:
    """Both clamps, or why there is nothing to look at."""
    if reading is None or heard is None:
        stale = reading is not None and way.refusal is None
        text = speech.say("live.stale_why") if stale else waiting_words(way, speech)
        return [parts.told("clamps-waiting", text, parts.notice(text, ft.Icons.HOURGLASS_EMPTY))]
    return [
        _clamp("grid", reading.grid_w, heard.grid, ft.Icons.ELECTRICAL_SERVICES, speech),
        _clamp("pv", reading.pv_w, heard.pv, ft.Icons.SOLAR_POWER_OUTLINED, speech),
    ]


def _clamp(which: str, power_w: int | None, sense: Sense, icon: ft.IconData, speech: Speech) -> ft.Control:
    """One clamp: its figure with its sign, and what to think of it."""
    mark, color = _LOOKS[sense]
    name, thought = speech.say(f"calibrate.channel_{which}"), _thought(which, power_w, sense, speech)
    figure, unit = ("–", "") if power_w is None else speech.power(power_w)
    words = ft.Column([parts.title(name, 14), parts.muted(thought)], spacing=2, expand=True)
    content = ft.Row(
        [
            parts.badge(icon, theme.SOLAR if which == "pv" else theme.GRID),
            words,
            ft.Column(
                [parts.value_and_unit(figure, unit, 18), ft.Icon(mark, size=18, color=color)],
                spacing=4,
                horizontal_alignment=ft.CrossAxisAlignment.END,
            ),
        ],
        spacing=14,
    )
    held = ft.Container(content, bgcolor=theme.RAISED, border_radius=16, padding=14)
    exact = "" if power_w is None else f" {speech.exact_power(power_w)}."
    return parts.told(f"clamp-{which}", f"{name}:{exact} {thought}", held)


def _thought(which: str, power_w: int | None, sense: Sense, speech: Speech) -> str:
    if sense is not Sense.RIGHT or power_w is None:
        return speech.say(f"set_up.{which}_{sense.value}")
    flow = "producing" if which == "pv" else "importing" if power_w > 0 else "exporting"
    return speech.say("set_up.clamp_right", flow=speech.say(f"live.{flow}"))


@component
def KettleTest(devices: Devices) -> ft.Control:
    """The step of the calibration that finds roles and signs, and sets them right by one tap."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def measure(_: object) -> None:
        await action.run(lambda: visit.fitting.calibrate("clamps"))

    button = controls.secondary(speech.say("calibrate.measure"), None if action.is_busy else measure, ft.Icons.SPEED)
    return forms.stacked(
        parts.muted(speech.say("calibrate.clamps_how"), 14),
        parts.problem(action.problem),
        *answer(devices, action, speech),
        ft.Row([button]),
    )


# --- the tariff ------------------------------------------------------------------------------------------------------


@component
def TariffStep(home: Home) -> ft.Control:
    """One price of a kWh, one for what goes to the grid; all else is on the tariff's own screen."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    draft, _ = ft.use_state(draft_of(None, visit.money.today))

    async def submit(_: object) -> None:
        await action.run(lambda: visit.money.set_tariff(draft))

    async def more(_: object) -> None:
        visit.money.write(None)

    price, export = (speech.say(f"set_up.tariff_{each}", currency=home.currency) for each in ("price", "export"))
    return forms.stacked(
        forms.heading(speech.say("set_up.tariff"), speech.say("set_up.tariff_under")),
        controls.number_field(price, draft.price, on_submit=submit),
        controls.number_field(export, draft.export, on_submit=submit),
        parts.problem(action.problem),
        controls.primary(speech.say("set_up.tariff_do"), submit, is_busy=action.is_busy),
        forms.centred(controls.link(speech.say("set_up.tariff_more"), more)),
        _later("tariff", action),
    )


# --- notifications ---------------------------------------------------------------------------------------------------


@component
def PushStep(device: ThisDevice) -> ft.Control:
    """Whether this browser is told of alerts; where it cannot be, that they stand in the app."""
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def go_on(_: object) -> None:
        await action.run(lambda: visit.set_up.pass_by("push"))

    async def settings(_: object) -> None:
        visit.go(routes.ALERT_SETTINGS)

    may_ask = device.here is Here.OFF
    on = _later("push", action) if may_ask else controls.primary(speech.say("set_up.push_do"), go_on)
    return forms.stacked(
        forms.heading(speech.say("set_up.push"), speech.say("set_up.push_under")),
        PushHere(device),
        parts.problem(action.problem),
        forms.centred(controls.link(speech.say("set_up.push_more"), settings)),
        on,
    )
