"""What one wants to hear of, how and when; and how closely the home is watched."""

import flet as ft

from ... import routes
from ...contract.documents import ALERT_KINDS
from ...model.home import Home
from ...model.profile import Profile
from ...model.typed import Draft, of_minute
from ...state import Layout, Session, Today
from .. import controls, parts, shell
from ..component import component
from ..context import use_action, use_speech, use_visit
from ..push_here import PushHere
from ..watch_card import WatchCard

USUAL_QUIET = (22 * 60, 7 * 60)


@component
def AlertSettingsScreen(session: Session, today: Today, home: Home, layout: Layout) -> ft.Control:
    speech = use_speech()
    header = shell.SubHeading(speech.say("settings.title"), speech.say("settings.under"), routes.ALERTS, layout)
    profile = session.profile
    if profile is None:
        return shell.scrolled(header, parts.card(parts.skeleton(240)), layout=layout)
    quiet = QuietCard(profile, key=str(profile.quiet))  # type: ignore[call-arg]
    left = [WatchCard(today, home), DevicesCard(profile), quiet]
    return shell.scrolled(header, *shell.pair(left, [KindsCard(profile, layout)], layout), layout=layout)


@component
def DevicesCard(profile: Profile) -> ft.Control:
    """Whether devices are told, and whether it works."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    outcome, set_outcome = ft.use_state("")

    async def switched(is_on: bool) -> None:
        await action.run(lambda: visit.preferences.push(is_on))

    async def test(_: object) -> None:
        async def send() -> None:
            sent, missed = await visit.preferences.test_push()
            set_outcome(speech.say("settings.test_sent" if sent or missed else "settings.test_none", n=sent, of=missed))

        await action.run(send)

    told = [parts.told("test-push", outcome, parts.notice(outcome), live_region=True)] if outcome else []
    return parts.section(
        speech.say("settings.devices"),
        controls.switch(speech.say("settings.push"), profile.is_pushed, switched),
        PushHere(visit.state.device),
        ft.Row([controls.secondary(speech.say("settings.test"), None if action.is_busy else test, ft.Icons.SEND)]),
        *told,
        parts.problem(action.problem),
    )


@component
def QuietCard(profile: Profile) -> ft.Control:
    """Hours in which only what cannot wait disturbs."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    from_min, to_min = profile.quiet or USUAL_QUIET
    begins, _ = ft.use_state(Draft(of_minute(from_min)))
    ends, _ = ft.use_state(Draft(of_minute(to_min)))

    async def save(_: object) -> None:
        await action.run(lambda: visit.preferences.be_quiet(begins.text, ends.text))

    async def end(_: object) -> None:
        await action.run(visit.preferences.be_loud)

    now = speech.say("settings.quiet_none")
    if profile.quiet is not None:
        now = speech.say("settings.quiet_now", begin=of_minute(from_min), end=of_minute(to_min))
    buttons = [controls.secondary(speech.say("settings.quiet_save"), save)]
    if profile.quiet is not None:
        buttons.append(controls.link(speech.say("settings.quiet_end"), end))
    return parts.section(
        speech.say("settings.quiet"),
        parts.told("quiet", now, parts.body(now)),
        ft.Row(
            [
                controls.field(speech.say("settings.from"), begins, expand=True, on_submit=save),
                controls.field(speech.say("settings.to"), ends, expand=True, on_submit=save),
            ],
            spacing=12,
        ),
        parts.muted(speech.say("settings.quiet_why")),
        parts.problem(action.problem),
        ft.Row([*buttons], spacing=12, wrap=True),
    )


@component
def KindsCard(profile: Profile, layout: Layout) -> ft.Control:
    """Each kind: whether it is told at all, and whether a mail tells of it too."""
    speech = use_speech()
    rows = [KindRow(kind, profile, layout, key=kind) for kind in ALERT_KINDS]  # type: ignore[call-arg]
    return parts.section(
        speech.say("settings.kinds"), parts.muted(speech.say("settings.kinds_why")), *parts.parted(rows)
    )


@component
def KindRow(kind: str, profile: Profile, layout: Layout) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    name = speech.say(f"alert.{kind}")

    async def hear(is_on: bool) -> None:
        await action.run(lambda: visit.preferences.hear_of(kind, is_on))

    async def mail(is_on: bool) -> None:
        await action.run(lambda: visit.preferences.mail(kind, is_on))

    is_heard = not profile.is_muted(kind, visit.now_ms)
    switches = [
        controls.switch(speech.say("settings.tell"), is_heard, hear, of=name),
        controls.switch(speech.say("settings.mail"), kind in profile.mailed, mail, of=name),
    ]
    told = [parts.problem(action.problem)] if action.problem else []
    if layout is Layout.PHONE:
        return ft.Column(
            [parts.body(name), ft.Row([*switches], spacing=18, wrap=True, run_spacing=0), *told], spacing=2
        )
    return ft.Column([ft.Row([parts.body(name, expand=True), *switches], spacing=18), *told], spacing=2)
