"""Members and invitations: who belongs to a home, how they come and go."""

import flet as ft
import pytest

from sunmeter_app import routes
from sunmeter_app.strings import EN

from . import scenes
from .fake_backend import FakePerson, FakeWorld
from .fake_functions import CODE, make_home
from .recording import RecordedApp
from .tabs import SIGNED_IN, Tabs

HOME = f"homes/{scenes.HOME}"
OTHER = {"sunmeter.sign_in": "refresh-uid-2"}


def _shared(world: FakeWorld, role: str = "viewer") -> FakePerson:
    """A furnished home of Lea's, in which Max is too."""
    lea, other = scenes.furnished(world), world.identity.add("max@example.com", "another sentence")
    roles = {lea.uid: "owner", other.uid: role}
    world.database.change(HOME, roles=roles, member_uids=sorted(roles))
    return other


def test_an_invitations_link_is_an_address_of_the_app() -> None:
    assert routes.invitation_of("/join/h1/a_b-C") == ("h1", "a_b-C")
    assert routes.place_of("/join/h1/a_b-C") == routes.JOIN
    for broken in ("/join", "/join/h1", "/join/h1/../x", "/join/h 1/code", "/join/h1/c/more"):
        assert routes.invitation_of(broken) is None
        assert routes.place_of(broken) == routes.HOME


async def test_an_owner_gives_another_role(tabs: Tabs, world: FakeWorld) -> None:
    other = _shared(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/members")
    await tab.select("Role of max@example.com", "member")
    assert world.database.documents[HOME]["roles"][other.uid] == "member"
    await tab.settle()
    assert world.functions.names().count("members") == 2  # asked for again: somebody changed


async def test_removing_somebody_can_be_undone_for_a_while(tabs: Tabs, world: FakeWorld) -> None:
    other = _shared(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/members")
    await tab.click("Remove max@example.com")
    assert tab.words("soon").startswith("max@example.com leaves this home in a moment")
    await tab.click(EN["undo"])
    assert "soon" not in tab.identifiers()
    assert "removemember" not in world.functions.names()
    assert other.uid in world.database.documents[HOME]["roles"]


async def test_who_does_not_undo_it_has_removed_somebody(tabs: Tabs, world: FakeWorld) -> None:
    other = _shared(world)
    tabs.grace.set()
    tab = await tabs.open(dict(SIGNED_IN), route="/members")
    await tab.click("Remove max@example.com")
    assert other.uid not in world.database.documents[HOME]["roles"]
    assert not any("max@example.com" in text for text in tab.texts())


async def test_who_leaves_the_screen_meanwhile_has_decided(tabs: Tabs, world: FakeWorld) -> None:
    other = _shared(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/members")
    await tab.click("Remove max@example.com")
    await tab.go("/account")
    assert other.uid in world.database.documents[HOME]["roles"]
    tabs.grace.set()
    await tab.settle()
    assert other.uid not in world.database.documents[HOME]["roles"]
    assert not tab.connection.crashes


async def test_the_last_owner_is_told_why_they_cannot_leave(tabs: Tabs, world: FakeWorld) -> None:
    tabs.grace.set()
    _shared(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/members")
    await tab.click(EN["members.leave"])
    assert tab.words("problem") == EN["problem.last_owner"]


async def test_a_viewer_may_only_leave_and_hears_of_no_invitations(tabs: Tabs, world: FakeWorld) -> None:
    _shared(world)
    tabs.grace.set()
    tab = await tabs.open(dict(OTHER), route="/members")
    assert f"{HOME}/invitations" not in world.database.watching
    for name in (EN["members.invite_do"], "Remove lea@example.com"):
        with pytest.raises(LookupError):
            tab.button(name)
    await tab.click(EN["members.leave"])
    assert tab.words("set-up-step") == "Step 1 of 6: Home"


async def test_an_invitation_is_made_shown_and_withdrawn(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/members")
    await tab.choose("viewer")
    await tab.type(EN["members.invite_email"], " nina@example.com ")
    await tab.click(EN["members.invite_do"])
    asked = {"home": scenes.HOME, "role": "viewer", "email": "nina@example.com"}
    assert ("invite", asked) in world.functions.calls
    assert tab.words("command").endswith(f"/#/join/{scenes.HOME}/{CODE}")
    assert "as viewer, until 25 Jun" in tab.texts()
    await tab.click("Withdraw the invitation for nina@example.com")
    assert tab.words("soon") == EN["members.withdraw_soon"]
    tabs.grace.set()
    await tab.settle()
    assert EN["members.open_none"] in tab.texts()


def _invited(world: FakeWorld, email: str | None = None) -> str:
    lea = scenes.furnished(world)
    world.functions._invite(lea, scenes.HOME, "viewer", email)
    return f"/join/{scenes.HOME}/{CODE}"


async def _sign_in(tab: RecordedApp) -> None:
    await tab.click(EN["welcome.sign_in"])
    await tab.type("E-mail address", "max@example.com")
    await tab.type("Password", "another sentence")
    await tab.click(EN["sign_in.do"])


async def test_an_invitation_survives_the_sign_in_and_opens_its_home(tabs: Tabs, world: FakeWorld) -> None:
    link = _invited(world)
    world.identity.add("max@example.com", "another sentence")
    tab = await tabs.open(route=link)
    assert tab.words("invited") == EN["join.sign_in"]
    await _sign_in(tab)
    await tab.click(EN["join.do"])
    await tab.go("/")
    assert world.database.documents[HOME]["roles"]["uid-2"] == "viewer"
    assert "live-grid-w" in tab.identifiers()


async def test_an_invitation_for_somebody_else_says_so_and_leads_on(tabs: Tabs, world: FakeWorld) -> None:
    link = _invited(world, "nina@example.com")
    world.identity.add("max@example.com", "another sentence")
    tab = await tabs.open(dict(OTHER), route=link)
    await tab.click(EN["join.do"])
    assert tab.words("problem") == EN["problem.other_address"]
    await tab.click(EN["join.not_now"])
    assert tab.words("set-up-step") == "Step 1 of 6: Home"


async def test_an_owner_renames_the_home_and_joins_a_neighbourhood(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/account/home")
    await tab.type(EN["field.home_name"], " ")
    await tab.click(EN["place.save"])
    assert tab.words("problem") == EN["problem.home_name"]
    await tab.type(EN["field.home_name"], "Cottage")
    await tab.type(EN["place.area"], "North-2 ")
    await tab.click(EN["place.save"])
    home = world.database.documents[HOME]
    assert (home["name"], home["area"], home["zone"]) == ("Cottage", "north-2", "Europe/Paris")
    assert tab.words("saved") == EN["place.saved"]
    await tab.select(EN["field.zone"], "Europe/Berlin")
    await tab.click(EN["place.save"])
    assert tab.words("problem") == EN["problem.zone_fixed"]


async def test_a_viewer_reads_what_the_home_is(tabs: Tabs, world: FakeWorld) -> None:
    _shared(world)
    tab = await tabs.open(dict(OTHER), route="/account/home")
    assert {"Maple Street 12", EN["place.no_area"]} <= set(tab.texts())
    with pytest.raises(LookupError):
        tab.button(EN["place.save"])


async def test_what_was_typed_for_one_home_is_not_there_for_another(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.database.put("homes/cottage", make_home(person.uid, name="Cottage", hub=None, meter=None))
    tab = await tabs.open({**SIGNED_IN, "sunmeter.home": scenes.HOME}, route="/members")
    await tab.type(EN["members.invite_email"], "nina@example.com")
    assert tab.field(EN["members.invite_email"]).value == "nina@example.com"
    await tab.go("/account")
    await tab.click(EN["account.open"])
    await tab.go("/members")
    assert tab.field(EN["members.invite_email"]).value == ""


async def test_a_home_that_is_gone_takes_along_what_was_typed_for_it(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.database.put("homes/cottage", make_home(person.uid, name="Cottage", hub=None, meter=None))
    tab = await tabs.open({**SIGNED_IN, "sunmeter.home": scenes.HOME}, route="/members")
    await tab.type(EN["members.invite_email"], "nina@example.com")
    world.database.remove(HOME)
    await tab.settle()
    assert tab.field(EN["members.invite_email"]).value == ""


async def test_a_home_is_handed_over_after_a_while(tabs: Tabs, world: FakeWorld) -> None:
    other = _shared(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/members")
    await tab.switch(EN["members.hand_hub"], True)
    await tab.click("Hand over to max@example.com")
    assert tab.words("soon").endswith(f"only they can give it back. {EN['members.hand_hub_sure']}")
    assert "passhome" not in world.functions.names()
    tabs.grace.set()
    await tab.settle()
    assert ("passhome", {"home": scenes.HOME, "member": other.uid, "hub": True}) in world.functions.calls
    assert EN["members.hand_over"] not in tab.texts()  # who was the owner is a member now


async def test_what_is_handed_over_to_whom_stands_still_until_it_is_done(tabs: Tabs, world: FakeWorld) -> None:
    _shared(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/members")
    await tab.click("Hand over to max@example.com")
    assert EN["members.hand_to"] not in {each.label for each in tab.controls() if isinstance(each, ft.Dropdown)}
    assert EN["members.hand_hub"] not in tab.texts()
    world.database.change(HOME, name="Villa")
    await tab.settle()
    assert "Maple Street 12" in tab.words("soon")
    await tab.click(EN["undo"])
    await tab.switch(EN["members.hand_hub"], True)
    assert tab.is_on(EN["members.hand_hub"])


async def test_nobody_hands_over_a_home_in_which_they_are_alone(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/members")
    assert EN["members.hand_over"] not in tab.texts()
