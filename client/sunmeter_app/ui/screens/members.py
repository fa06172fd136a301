"""Members: who belongs to the home, as what, and who is invited."""

import flet as ft

from ... import routes
from ...model.home import Home
from ...model.household import ROLES, Invitation, Member
from ...speech import Speech
from ...state import Household, Layout
from .. import controls, parts, shell
from ..component import component
from ..context import use_action, use_draft, use_speech, use_visit
from ..undoable import Undoable


@component
def MembersScreen(household: Household, home: Home, layout: Layout) -> ft.Control:
    speech = use_speech()
    header = shell.SubHeading(speech.say("members.title"), speech.say("members.under"), routes.ACCOUNT, layout)
    left = [PeopleCard(household, home)]
    left += [HandOverCard(household, home)] if home.is_owner and len(home.roles) > 1 else []
    right = [InviteCard(household, layout), InvitationsCard(household, home)] if home.is_owner else []
    return shell.scrolled(header, *shell.pair(left, right, layout), layout=layout)


@component
def PeopleCard(household: Household, home: Home) -> ft.Control:
    speech = use_speech()
    heading = speech.say("members.who")
    if household.problem is not None:
        return parts.section(heading, parts.problem(speech.trouble(household.problem)))
    if household.members is None:
        return parts.section(heading, *(parts.skeleton(44) for _ in range(2)))
    rows = [MemberRow(each, home, key=each.uid) for each in household.members]  # type: ignore[call-arg]
    return parts.section(heading, *parts.parted(rows), parts.muted(speech.say("members.owner_why")))


@component
def MemberRow(member: Member, home: Home) -> ft.Control:
    """One person; owners change roles and remove, everybody may leave."""
    visit, speech, action = use_visit(), use_speech(), use_action()
    person = visit.state.session.person
    is_self = person is not None and person.uid == member.uid
    name = member.name or member.email or speech.say("members.unnamed")

    async def chosen(event: ft.Event[ft.Dropdown]) -> None:
        role = event.control.value
        if role and role != member.role:
            await action.run(lambda: visit.household.set_role(member.uid, role))

    remark = speech.say("members.you") if is_self else ""
    under = [member.email if member.name else "", "" if home.is_owner else speech.say(f"role.{member.role}")]
    blocks: list[ft.Control] = [parts.line(ft.Icons.PERSON_OUTLINE, name, under, remark=remark)]
    if home.is_owner:
        roles = [(role, speech.say(f"role.{role}")) for role in ROLES]
        blocks.append(controls.dropdown(speech.say("members.role_of", name=name), member.role, roles, chosen))
    if home.is_owner or is_self:
        blocks.append(_leaving(member, home, name, is_self, speech))
    if action.problem:
        blocks.append(parts.problem(action.problem))
    return ft.Column(blocks, spacing=10, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _leaving(member: Member, home: Home, name: str, is_self: bool, speech: Speech) -> ft.Control:
    visit, topic = use_visit(), "leave" if is_self else "remove"
    return ft.Row(
        [
            Undoable(
                speech.say(f"members.{topic}", name=name),
                speech.say(f"members.{topic}_soon", name=name),
                lambda: visit.household.remove(home.id, member.uid),
            )
        ],
        wrap=True,
    )


@component
def HandOverCard(household: Household, home: Home) -> ft.Control:
    """Another person becomes the owner in one's place."""
    visit, speech = use_visit(), use_speech()
    person = visit.state.session.person
    others = [each for each in household.members or () if person is None or each.uid != person.uid]
    heir, set_heir = ft.use_state("")
    with_hub, set_with_hub = ft.use_state(False)

    async def chosen(event: ft.Event[ft.Dropdown]) -> None:
        set_heir(event.control.value or "")

    async def switched(is_on: bool) -> None:
        set_with_hub(is_on)

    names = [(each.uid, each.name or each.email or speech.say("members.unnamed")) for each in others]
    picked = heir if heir in dict(names) else next(iter(dict(names)), "")
    if not picked:
        return parts.section(speech.say("members.hand_over"), parts.skeleton(44))
    name = dict(names)[picked]
    soon = speech.say("members.hand_soon", name=name, home=home.name)

    def form() -> list[ft.Control]:
        hub = [controls.switch(speech.say("members.hand_hub"), with_hub, switched)] if home.hub else []
        return [controls.dropdown(speech.say("members.hand_to"), picked, names, chosen), *hub]

    return parts.section(
        speech.say("members.hand_over"),
        parts.muted(speech.say("members.hand_why")),
        Undoable(
            speech.say("members.hand_do", name=name),
            f"{soon} {speech.say('members.hand_hub_sure')}" if with_hub else soon,
            lambda: visit.household.pass_on(home.id, picked, with_hub),
            form,
        ),
    )


@component
def InviteCard(household: Household, layout: Layout) -> ft.Control:
    visit, speech, action = use_visit(), use_speech(), use_action()
    email = use_draft()
    role, set_role = ft.use_state("member")

    async def chosen(chosen_role: str) -> None:
        set_role(chosen_role)

    async def invite(_: object) -> None:
        await action.run(lambda: visit.household.invite(role, email.text))

    roles = [(each, speech.say(f"role.{each}")) for each in ROLES]
    made: list[ft.Control] = []
    if household.link:
        made = [parts.muted(speech.say("members.link")), parts.command(household.link)]
    return parts.section(
        speech.say("members.invite"),
        parts.small(speech.say("members.invite_role")),
        ft.Row([controls.choice(roles, role, chosen, width=controls.THIRD_PX if layout is Layout.PHONE else None)]),
        controls.field(
            speech.say("members.invite_email"),
            email,
            keyboard_type=ft.KeyboardType.EMAIL,
            autocorrect=False,
            helper=speech.say("members.invite_email_why"),
            on_submit=invite,
        ),
        parts.problem(action.problem),
        ft.Row([controls.primary(speech.say("members.invite_do"), invite, is_busy=action.is_busy)]),
        *made,
    )


@component
def InvitationsCard(household: Household, home: Home) -> ft.Control:
    speech = use_speech()
    heading = speech.say("members.open")
    if household.invitations is None:
        return parts.section(heading, parts.skeleton(44))
    rows = [InvitationRow(each, home, key=each.id) for each in household.invitations]  # type: ignore[call-arg]
    return parts.listed(heading, rows, speech.say("members.open_none"))


@component
def InvitationRow(invitation: Invitation, home: Home) -> ft.Control:
    visit, speech = use_visit(), use_speech()
    name = invitation.email or speech.say("members.anybody")
    date = speech.date_short(speech.local(invitation.expires_s).date())
    until = speech.say("members.until", role=speech.say(f"role.{invitation.role}"), date=date)
    withdraw = Undoable(
        speech.say("members.withdraw", name=name),
        speech.say("members.withdraw_soon"),
        lambda: visit.household.withdraw(home.id, invitation.id),
    )
    row = parts.line(ft.Icons.MAIL_OUTLINE, name, [until])
    return ft.Column([row, ft.Row([withdraw], wrap=True)], spacing=4)
