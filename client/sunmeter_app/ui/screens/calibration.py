"""The calibration: step by step with a wattmeter and a kettle, or from readings of the utility's meter."""

from typing import Any

import flet as ft

from ... import routes
from ...model.device import BillFit
from ...model.home import Home
from ...model.typed import Draft, scaled
from ...speech import Speech
from ...state import Devices, Layout
from ...verbs.fitting import ReadingDraft
from .. import controls, parts, shell
from ..calibration_answer import answer
from ..component import component
from ..context import use_action, use_draft, use_speech, use_visit

READINGS = 3
_STEPS = ("zero", "voltage", "current", "phase", "clamps")


@component
def CalibrationScreen(devices: Devices, home: Home, layout: Layout, begins_at: str = "zero") -> ft.Control:
    speech = use_speech()
    header = shell.SubHeading(speech.say("calibrate.title"), speech.say("calibrate.under"), routes.DEVICES, layout)
    if not home.is_owner or home.meter is None:
        who = "home.owner_sets_up" if home.meter else "devices.no_meter"
        return shell.scrolled(header, parts.card(parts.muted(speech.say(who))), layout=layout)
    return shell.scrolled(header, *shell.pair([Wizard(devices, begins_at)], [BillCard(devices)], layout), layout=layout)


@component
def Wizard(devices: Devices, begins_at: str) -> ft.Control:
    """One step at a time; the meter's answer stands below it."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    at, set_at = ft.use_state(_STEPS.index(begins_at))
    channel, set_channel = ft.use_state("grid")
    reference = use_draft()
    step = _STEPS[at]

    async def measure(_: object) -> None:
        await action.run(lambda: visit.fitting.calibrate(step, **_arguments(step, channel, reference)))

    async def undo(_: object) -> None:
        await action.run(lambda: visit.fitting.calibrate("undo"))

    async def chosen(chosen_channel: str) -> None:
        set_channel(chosen_channel)

    def to(place: int) -> parts.Handler:
        async def move(_: object) -> None:
            devices.step, reference.text = "", ""
            set_at(place)

        return move

    channels = [(each, speech.say(f"calibrate.channel_{each}")) for each in ("grid", "pv")]
    which = [ft.Row([controls.choice(channels, channel, chosen)])] if step in ("current", "phase") else []
    name = speech.say(f"calibrate.reference_{step}") if step in ("voltage", "current") else ""
    typed = [controls.number_field(name, reference, on_submit=measure)] if name else []
    return parts.section(
        speech.say("calibrate.step", n=at + 1, of=len(_STEPS), name=speech.say(f"calibrate.{step}")),
        parts.body(speech.say(f"calibrate.{step}_how")),
        *which,
        *typed,
        parts.problem(action.problem),
        *answer(devices, action, speech),
        ft.Row(
            [
                controls.primary(speech.say("calibrate.measure"), measure, ft.Icons.SPEED, is_busy=action.is_busy),
                controls.link(speech.say("calibrate.undo"), undo),
            ],
            spacing=12,
            wrap=True,
        ),
        ft.Row(
            [
                controls.secondary(speech.say("calibrate.back"), to(at - 1) if at else None),
                controls.secondary(speech.say("calibrate.next"), to(at + 1) if at + 1 < len(_STEPS) else None),
            ],
            alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
        ),
        parts.notice(speech.say("calibrate.safety"), ft.Icons.WARNING_AMBER, is_alarm=True),
    )


def _arguments(step: str, channel: str, reference: Draft) -> dict[str, Any]:
    """What the meter is told of the step. Raises Problem("number")."""
    if step == "voltage":
        return {"mv": scaled(reference.text, 1000, "number", "reference")}
    if step == "current":
        return {"channel": channel, "mw": scaled(reference.text, 1000, "number", "reference")}
    return {"channel": channel} if step == "phase" else {}


# --- from the utility's bill -----------------------------------------------------------------------------------------


@component
def BillCard(devices: Devices) -> ft.Control:
    """Two or three readings of the utility's meter fit the gain; the owner's word applies it."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    drafts, _ = ft.use_state([ReadingDraft() for _ in range(READINGS)])

    async def fit(_: object) -> None:
        await action.run(lambda: visit.fitting.fit_bill(drafts))

    return parts.section(
        speech.say("bill.title"),
        parts.muted(speech.say("bill.why")),
        *(_reading(draft, place, speech) for place, draft in enumerate(drafts)),
        parts.problem(action.problem),
        ft.Row([controls.primary(speech.say("bill.fit"), fit, is_busy=action.is_busy)]),
        *([BillResult(devices.bill)] if devices.bill else []),
    )


def _reading(draft: ReadingDraft, place: int, speech: Speech) -> ft.Control:
    last = READINGS - 1
    heading = speech.say("bill.third") if place == last else speech.say("bill.reading", n=place + 1)

    def field(key: str, typed: Draft, hint: str) -> ft.Control:
        return controls.field(speech.say(f"bill.{key}", n=place + 1), typed, hint_text=hint, expand=True)

    return ft.Column(
        [
            parts.strong(heading),
            ft.Row([field("date", draft.date, "2026-02-01"), field("clock", draft.clock, "12:00")], spacing=12),
            ft.Row(
                [field("imported", draft.imported, "12345.6"), field("exported", draft.exported, "789.0")], spacing=12
            ),
        ],
        spacing=10,
    )


@component
def BillResult(bill: BillFit) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()

    async def apply(_: object) -> None:
        await action.run(lambda: visit.fitting.apply_bill(bill.gain_ppm))

    state = "applied" if bill.state == "applied" else bill.verdict
    key = f"bill.verdict_{state}"
    verdict = speech.say(key) if speech.knows(key) else state
    percent = speech.number((bill.gain_ppm - 1_000_000) / 10_000, 2)
    rows = [
        (speech.say("bill.gain"), f"{percent} % ± {speech.number(bill.u_ppm / 10_000, 2)} %"),
        (speech.say("bill.residual"), f"{speech.kwh(bill.residual_wh)} kWh"),
    ]
    if bill.third:
        rows.append((speech.say("bill.check"), speech.say(f"bill.third_{bill.third}")))
    button = [ft.Row([controls.primary(speech.say("bill.apply"), apply)])] if bill.state == "proposed" else []
    told = parts.told("bill-fit", verdict, parts.notice(verdict), live_region=True)
    return ft.Column([told, parts.facts(rows), parts.problem(action.problem), *button], spacing=12)
