"""Who lives in a home: invited, let in once, given a role, gone again; and always with an owner."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import pytest
from google.cloud.firestore_v1.base_query import FieldFilter

from dev.actors import CallRefused, Denied, Person, Place
from dev.stack import Stack
from sunmeter.domain.refusals import Refused
from sunmeter.homes import MAX_HOMES, change, create
from sunmeter.invitations import accept, invite
from tests.emulator.inprocess import Functions
from tests.emulator.world import World as Whole
from tests.emulator.world import database, joins, refused, sent, yesterday

pytestmark = pytest.mark.stack


@pytest.fixture
def ada(place: Place) -> Person:
    return Person.somebody(place)


@pytest.fixture
def bob(place: Place) -> Person:
    return Person.somebody(place)


@pytest.fixture
def home(ada: Person) -> str:
    return ada.new_home()


def roles_in(ada: Person, home: str) -> Any:
    return ada.expect(f"homes/{home}")["roles"]


def test_whoever_has_the_link_joins_once_and_nobody_after(ada: Person, bob: Person, home: str, place: Place) -> None:
    invited = ada.call("invite", home=home, role="viewer")
    assert invited["link"].endswith(f"/#/join/{home}/{invited['code']}")
    assert bob.call("acceptinvitation", home=home, code=invited["code"]) == {"home": home, "name": "Home"}
    assert roles_in(bob, home) == {ada.uid: "owner", bob.uid: "viewer"}
    assert bob.call("acceptinvitation", home=home, code=invited["code"])["home"] == home  # a repeated call
    with refused("no_such_invitation"):
        Person.somebody(place).call("acceptinvitation", home=home, code=invited["code"])


def test_who_is_no_owner_any_more_lets_nobody_in_by_a_link_made_before(ada: Person, bob: Person, home: str) -> None:
    bob.call("acceptinvitation", home=home, code=ada.call("invite", home=home, role="owner")["code"])
    kept = bob.call("invite", home=home, role="owner")["code"]
    ada.call("removemember", home=home, member=bob.uid)
    with refused("no_such_invitation"):
        bob.call("acceptinvitation", home=home, code=kept)
    assert roles_in(ada, home) == {ada.uid: "owner"}


def test_an_invitation_is_mailed_in_the_inviter_s_language(ada: Person, home: str, stack: Stack) -> None:
    subjects = []
    for number, locale in enumerate(("fr-FR", "en", "de")):
        ada.set(f"users/{ada.uid}", {"name": "Ada", "locale": locale})
        ada.call("invite", home=home, role="viewer", email=f"bob{number}@example.org")
        to_bob = FieldFilter("to", "array_contains", f"bob{number}@example.org")
        (mail,) = database(stack).collection("mail").where(filter=to_bob).stream()
        subjects.append(mail.get("message.subject"))
    assert subjects == ["Invitation : Home", "You are invited to Home", "You are invited to Home"]


def test_an_invitation_by_mail_is_for_that_address_alone(ada: Person, home: str, place: Place, stack: Stack) -> None:
    code = ada.call("invite", home=home, role="member", email=" Bob@Example.org ")["code"]
    (mail,) = database(stack).collection("mail").stream()
    assert mail.get("to") == ["bob@example.org"]
    assert code in mail.get("message.text")
    with refused("other_address"):
        Person.somebody(place).call("acceptinvitation", home=home, code=code)
    bob = Person.joined(place, "bob@example.org")
    bob.call("acceptinvitation", home=home, code=code)
    assert roles_in(bob, home)[bob.uid] == "member"
    assert not list(database(stack).collection("mail").stream())
    (invitation,) = database(stack).collection(f"homes/{home}/invitations").stream()
    assert invitation.get("email") is None


def test_who_has_not_proved_an_address_is_not_let_in(ada: Person, home: str, place: Place) -> None:
    code = ada.call("invite", home=home, role="member", email="eve@example.org")["code"]
    eve = Person.joined(place, "eve@example.org", verified=False)
    with refused("not_verified"):
        eve.call("acceptinvitation", home=home, code=code)


def test_an_invitation_ends_after_a_week_and_when_it_is_withdrawn(
    ada: Person, bob: Person, home: str, stack: Stack
) -> None:
    first = ada.call("invite", home=home, role="member")
    path = f"homes/{home}/invitations/{first['invitation']}"
    assert first["expires_ms"] // 1000 - dt.datetime.now().timestamp() == pytest.approx(7 * 86_400, abs=60)
    database(stack).document(path).update({"expires": dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)})
    with refused("invitation_over"):
        bob.call("acceptinvitation", home=home, code=first["code"])
    second = ada.call("invite", home=home, role="member", email=bob.email)
    ada.call("withdrawinvitation", home=home, invitation=second["invitation"])
    with refused("no_such_invitation"):
        bob.call("acceptinvitation", home=home, code=second["code"])
    assert not list(database(stack).collection("mail").stream())


def test_only_owners_invite_and_see_whom_they_invited(ada: Person, bob: Person, home: str, place: Place) -> None:
    joins(ada, home, bob)
    with refused("owners_only"):
        bob.call("invite", home=home, role="owner")
    with refused("no_such_home"):
        Person.somebody(place).call("invite", home=home, role="owner")
    assert len(ada.list(f"homes/{home}/invitations")) == 1
    with pytest.raises(Denied):
        bob.list(f"homes/{home}/invitations")


def test_twenty_invitations_are_enough_for_a_quarter_of_an_hour(ada: Person, home: str) -> None:
    for _ in range(20):
        ada.call("invite", home=home, role="viewer")
    with pytest.raises(CallRefused) as error:
        ada.call("invite", home=home, role="viewer")
    assert error.value.http_status == 429
    assert 0 < error.value.body["error"]["details"]["retry_after_s"] <= 900


def test_twenty_letters_to_strangers_are_enough_for_a_day(ada: Person, home: str, stack: Stack) -> None:
    db = database(stack)
    functions = Functions.of(stack)

    def invites(number: int) -> Any:
        functions.now_ms += 60_000
        return functions.call(invite, ada.uid, home=home, role="viewer", email=f"eve{number}@example.org")["invitation"]

    for number in range(20):
        db.document(f"homes/{home}/invitations/{invites(number)}").delete()  # withdrawn: another may follow
    with pytest.raises(Refused, match="try_later"):
        invites(20)
    assert functions.call(invite, ada.uid, home=home, role="viewer")["link"], "a link may still be handed over"


def test_ten_codes_are_enough_to_try(bob: Person, home: str) -> None:
    for _ in range(10):
        with refused("no_such_invitation"):
            bob.call("acceptinvitation", home=home, code="x" * 43)
    with refused("try_later"):
        bob.call("acceptinvitation", home=home, code="x" * 43)


def test_an_owner_changes_roles_and_removes_and_others_do_not(
    ada: Person, bob: Person, home: str, place: Place
) -> None:
    cid = joins(ada, home, Person.somebody(place), "viewer")
    joins(ada, home, bob)
    with refused("owners_only"):
        bob.call("setrole", home=home, member=cid.uid, role="owner")
    with refused("owners_only"):
        bob.call("removemember", home=home, member=cid.uid)
    ada.call("setrole", home=home, member=cid.uid, role="member")
    assert roles_in(ada, home)[cid.uid] == "member"
    ada.call("removemember", home=home, member=cid.uid)
    with pytest.raises(Denied):
        cid.get(f"homes/{home}")
    with refused("no_such_member"):
        ada.call("removemember", home=home, member=cid.uid)
    with refused("out_of_range"):
        ada.call("setrole", home=home, member=bob.uid, role="king")


def test_the_last_owner_can_neither_leave_nor_step_down(ada: Person, bob: Person, home: str) -> None:
    joins(ada, home, bob)
    with refused("last_owner"):
        ada.call("removemember", home=home, member=ada.uid)
    with refused("last_owner"):
        ada.call("setrole", home=home, member=ada.uid, role="member")
    bob.call("removemember", home=home, member=bob.uid)  # others leave as they like
    joins(ada, home, bob, "owner")
    ada.call("removemember", home=home, member=ada.uid)
    assert roles_in(bob, home) == {bob.uid: "owner"}


def test_a_home_is_passed_on_and_its_hub_with_it_when_told_so(stack: Stack) -> None:
    world = Whole.made(stack)
    bob = joins(world.owner, world.home, Person.somebody(world.place))
    with refused("no_such_member"):
        world.owner.call("passhome", home=world.home, member="nobody")
    world.owner.call("passhome", home=world.home, member=bob.uid, hub=True)
    assert roles_in(bob, world.home) == {world.owner.uid: "member", bob.uid: "owner"}
    assert bob.expect(f"hubs/{world.hub.uid}")["owner"] == bob.uid
    with refused("owners_only"):
        world.owner.call("passhome", home=world.home, member=world.owner.uid)


def test_members_are_shown_with_name_and_address_to_members(ada: Person, bob: Person, home: str) -> None:
    with refused("no_such_home"):
        bob.call("members", home=home)
    joins(ada, home, bob, "viewer")
    shown = bob.call("members", home=home)["members"]
    assert {(each["uid"], each["role"], each["email"]) for each in shown} == {
        (ada.uid, "owner", ada.email),
        (bob.uid, "viewer", bob.email),
    }


def test_a_home_is_renamed_and_a_new_one_may_have_its_old_name(ada: Person, bob: Person, home: str) -> None:
    ada.call("changehome", home=home, name="Villa", area="north")
    assert ada.expect(f"homes/{home}")["name"] == "Villa"
    assert ada.expect(f"homes/{home}")["area"] == "north"
    assert ada.expect(f"homes/{home}")["false_alerts_per_year"] == 12
    ada.call("changehome", home=home, false_alerts_per_year=3)
    assert ada.expect(f"homes/{home}")["false_alerts_per_year"] == 3
    with refused("out_of_range"):
        ada.call("changehome", home=home, false_alerts_per_year=5)
    second = ada.new_home()
    assert second != home
    assert ada.new_home() == second
    joins(ada, home, bob)
    with refused("owners_only"):
        bob.call("changehome", home=home, name="Bob's")


def test_homes_made_and_joined_at_once_do_not_pass_what_one_account_may_have(
    ada: Person, bob: Person, stack: Stack
) -> None:
    db = database(stack)
    functions = Functions.of(stack)
    bobs = bob.new_home("Bob's")
    code = bob.call("invite", home=bobs, role="viewer")["code"]
    model = db.document(f"homes/{bobs}").get().to_dict() or {}
    for number in range(MAX_HOMES - 1):
        others = {"roles": {ada.uid: "owner"}, "member_uids": [ada.uid], "name": f"Flat {number}"}
        db.document(f"homes/flat{number}").set({**model, **others})

    def makes(number: int) -> str:
        return str(functions.call(create, ada.uid, name=f"House {number}", zone="Europe/Paris", currency="EUR")["home"])

    def joins_bob() -> str:
        return str(functions.call(accept, ada.uid, home=bobs, code=code)["home"])

    def all_at_once() -> list[str]:
        """The homes that were made or joined; every other call is refused."""
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(makes, 0), pool.submit(makes, 1), pool.submit(joins_bob)]
        errors = [each.exception() for each in asked]
        assert [repr(error) for error in errors if not (error is None or isinstance(error, Refused))] == []
        return [each.result() for each in asked if each.exception() is None]

    (home,) = all_at_once()
    mine = db.collection("homes").where(filter=FieldFilter("member_uids", "array_contains", ada.uid)).stream()
    assert {each.id for each in mine} == {home, *(f"flat{number}" for number in range(MAX_HOMES - 1))}
    assert all_at_once() == [home], "a repeated call finds what it did before"


def test_a_zone_is_fixed_once_there_are_days(stack: Stack) -> None:
    world = Whole.made(stack)
    world.owner.call("changehome", home=world.home, zone="Europe/Berlin")
    world.owner.call("changehome", home=world.home, zone="Europe/Paris")
    world.hub.ingest(sent(world.quarters(yesterday(), 1)))
    with refused("zone_fixed"):
        world.owner.call("changehome", home=world.home, zone="Europe/Berlin")
    world.owner.call("changehome", home=world.home, zone="Europe/Paris", name="Still in Paris")


def test_a_zone_is_fixed_once_there_are_market_prices(stack: Stack) -> None:
    world = Whole.made(stack)
    world.owner.call("setprices", home=world.home, start_s=yesterday().start_s, prices_micro=[1])
    with refused("zone_fixed"):
        world.owner.call("changehome", home=world.home, zone="Asia/Tokyo")


def test_what_another_owner_just_changed_stays_unless_it_is_named(stack: Stack) -> None:
    world = Whole.made(stack)
    functions = Functions.of(stack)
    passing = functions.wire.passing
    others: list[Future[Any]] = []
    with ThreadPoolExecutor(1) as pool:

        def slips_between(call: Callable[[], Any]) -> Any:
            """After the first read, the other owner's change: at once, or as soon as nothing holds the home."""
            found = passing(call)
            if not others:
                slipping = partial(Functions.of(stack).call, change, world.owner.uid, home=world.home, area="south")
                others.append(pool.submit(slipping))
                wait(others, timeout=1)
            return found

        functions.wire.passing = slips_between  # type: ignore[method-assign]
        functions.call(change, world.owner.uid, home=world.home, name="Villa")
    others[0].result()
    stored = world.stored(f"homes/{world.home}")
    assert (stored["name"], stored["area"]) == ("Villa", "south")
