"""Homes and accounts that go: nothing is left that names them, nothing late brings them back, what is shared stays."""

import datetime as dt
import json
import time
from dataclasses import replace
from typing import Any

import pytest
import requests
from google.cloud import firestore

from dev.actors import CallRefused, Json, Person, new_meter_id
from dev.stack import PROJECT, Stack
from sunmeter import areas, erasing, grid, reconcile
from sunmeter.domain import outages
from sunmeter.domain.refusals import Refused
from tests.emulator.inprocess import Functions, Killed
from tests.emulator.world import (
    World,
    event,
    eventually,
    everything,
    joins,
    master_key,
    refused,
    sent,
    yesterday,
)

pytestmark = pytest.mark.stack


def naming(db: firestore.Client, *names: str) -> set[str]:
    """The documents that name somebody: in their path, a field's name or a field's value."""
    return {
        path
        for path, fields in everything(db).items()
        if any(name in path or name in json.dumps(fields, default=str) for name in names)
    }


def has_account(stack: Stack, uid: str) -> bool:
    answer = requests.post(
        f"http://{stack.auth}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}/accounts:lookup",
        json={"localId": [uid]},
        headers={"Authorization": "Bearer owner"},
        timeout=10,
    )
    return bool(answer.json().get("users"))


def lived_in(world: World) -> Person:
    """A person who left traces wherever a person can, and the home's second member."""
    ada, home = world.owner, world.home
    bob = joins(ada, home, Person.somebody(world.place))
    ada.set(f"users/{ada.uid}", {"name": "Ada", "locale": "en"})
    ada.call("registerpush", device="phone", token="secret-token", platform="web")
    world.db.document(f"homes/{home}").update({"mutes": {"overuse": {"until_ms": 1, "value": 5, "by": ada.uid}}})
    ada.call("invite", home=home, role="viewer", email="cid@example.org")
    ada.call("offerhub", hub=world.hub.uid)
    ada.call("askforhub", home=home)
    world.hub.ingest([event(world.meter), *sent(world.quarters(yesterday()))])
    ada.call("ratealert", home=home, alert=f"{world.meter}-7-40", rating="real")
    world.db.document(f"homes/{home}/jobs/j1").set({"kind": "import", "by": ada.uid, "seen": {ada.uid: 1}})
    world.db.document("mail/m1").set({"to": [ada.email], "message": {"subject": "x", "text": "y"}, "uid": ada.uid})
    return bob


def told_of_in_areas(world: World, now_ms: int) -> None:
    """The home has lain in an area and lies in another; both have something to tell of it, and of its neighbour."""
    home, meter, hub = world.home, world.meter, world.hub.uid
    for area in ("east", "north"):
        world.owner.call("changehome", home=home, area=area)
        signal = {"subject": "meter", "home": home, "hub": hub, "until_ms": 1 << 48}
        world.db.document(f"areas/{area}/signals/{meter}").set(signal)
        member = outages.Member(meter, hub, outages.BACK, now_ms - 90_000, now_ms - 60_000)
        members = {home: member, "neighbour": replace(member, meter="m-0000000001")}
        outage = outages.Outage(str(now_ms), now_ms - 90_000, now_ms - 60_000, outages.LIKELY, members)
        world.db.document(f"areas/{area}/outages/{outage.id}").set(outage.document(outages.Size(2, 1), now_ms))
        world.db.document(f"areas/{area}/sheds/s1").set({"by": "op", "homes": [home, "neighbour"]})
        world.db.document(f"areas/{area}/commands/{meter}-1").set({"by": "op", "home": home, "meter": meter})


def deletes(person: Person, **homes: Any) -> None:
    person.call("deleteaccount", email=person.email, homes=homes)


def swept(world: World) -> None:
    """Three hours later the reconciler finds what is due."""
    later_ms = time.time_ns() // 1_000_000 + 3 * 3_600_000
    functions = Functions.of(world.stack, world.hub.uid, later_ms)
    reconcile.retry_erasures(functions.cloud)
    run_all(functions)


def run_all(functions: Functions) -> None:
    for task in list(functions.tasks.values()):
        assert task.queue == erasing.QUEUE
        erasing.run(task.data, functions.cloud)


def test_nothing_is_left_that_names_a_person_who_deletes_account_and_home(world: World) -> None:
    ada = world.owner
    lived_in(world)
    before = naming(world.db, ada.uid, ada.email)
    assert len(before) >= 9, before  # the walk finds people where they are
    deletes(ada, **{world.home: "delete"})
    eventually(lambda: not has_account(world.stack, ada.uid), within_s=60)
    eventually(lambda: naming(world.db, ada.uid, ada.email) == {f"deletions/{ada.uid}"}, within_s=60)
    swept(world)
    assert naming(world.db, ada.uid, ada.email, "secret-token") == set()
    assert not [path for path in everything(world.db) if path.startswith(f"homes/{world.home}")]


def test_a_build_that_forgets_one_place_is_found_by_the_walk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same walk over a deletion that leaves out enrolments and offers."""
    ada = world.owner
    lived_in(world)
    monkeypatch.setattr(erasing, "NAMED_IN", ())
    functions = Functions.of(world.stack, world.hub.uid)
    record = {"email": ada.email, "homes": {world.home: None}, "state": "asked", "due_ms": 0}
    world.db.document(f"deletions/{ada.uid}").set(record)
    erasing.run({"account": ada.uid}, functions.cloud)
    run_all(functions)
    left = {path.split("/")[0] for path in naming(world.db, ada.uid, ada.email)}
    assert left == {"deletions", "enrolments", "offers"}  # mail goes by its address too


def test_a_home_that_passes_keeps_its_history_its_hub_and_not_the_name_of_who_left(world: World) -> None:
    ada = world.owner
    bob = lived_in(world)
    deletes(ada, **{world.home: {"pass_to": bob.uid}})
    eventually(lambda: not has_account(world.stack, ada.uid), within_s=60)
    swept(world)
    assert naming(world.db, ada.uid, ada.email) == set()
    assert bob.expect(f"homes/{world.home}")["roles"] == {bob.uid: "owner"}
    assert bob.expect(f"hubs/{world.hub.uid}")["owner"] == bob.uid
    assert bob.expect(f"homes/{world.home}/days/{yesterday().day}")["totals"]["import_wh"] == 9600.0
    alert = bob.expect(f"homes/{world.home}/alerts/{world.meter}-7-40")
    assert (alert["rating"], alert["rated_by"]) == ("real", "")
    assert world.hub.ingest(sent(world.quarters(yesterday()))) == [{"ok": True}] * 96


def test_who_left_a_home_long_ago_is_taken_out_of_it_too(world: World) -> None:
    bob = joins(world.owner, world.home, Person.somebody(world.place))
    world.hub.ingest([event(world.meter)])
    bob.call("ratealert", home=world.home, alert=f"{world.meter}-7-40", rating="not_real")
    bob.call("removemember", home=world.home, member=bob.uid)
    deletes(bob)
    eventually(lambda: not has_account(world.stack, bob.uid), within_s=60)
    swept(world)
    assert naming(world.db, bob.uid, bob.email) == set()
    assert world.owner.expect(f"homes/{world.home}")["roles"] == {world.owner.uid: "owner"}


def test_for_each_home_nobody_else_owns_a_choice_is_needed(world: World) -> None:
    ada = world.owner
    cottage = ada.new_home("Cottage")
    with pytest.raises(CallRefused) as error:
        deletes(ada, **{world.home: "delete"})
    assert (error.value.code, error.value.field) == ("choose_fate", f"homes.{cottage}")
    with refused("no_such_member"):
        deletes(ada, **{world.home: "delete", cottage: {"pass_to": "nobody"}})
    with refused("malformed"):
        deletes(ada, **{world.home: 5, cottage: "delete"})
    with refused("name_differs"):
        ada.call("deleteaccount", email="someone@else.org", homes={})
    assert has_account(world.stack, ada.uid)


def test_what_a_deleted_home_s_hub_still_sends_is_refused_for_good(world: World) -> None:
    items = sent(world.quarters(yesterday(), 2))
    world.hub.ingest(items[:1])
    with refused("name_differs"):
        world.owner.call("deletehome", home=world.home, name="Another")
    world.owner.call("deletehome", home=world.home, name="home")
    assert world.hub.ingest(items) == [{"ok": False, "code": "deleted", "field": "meter"}] * 2
    again = world.owner.new_home()  # of the same name
    assert again != world.home
    assert world.hub.ingest(items) == [{"ok": False, "code": "deleted", "field": "meter"}] * 2
    eventually(
        lambda: not [path for path in everything(world.db) if path.startswith(f"homes/{world.home}")], within_s=60
    )


def test_what_was_under_way_when_a_home_was_buried_is_swept_too(world: World) -> None:
    world.owner.call("changehome", home=world.home, area="north")
    functions = Functions.of(world.stack, world.hub.uid)
    erasing.bury(functions.cloud, world.home)
    run_all(functions)
    late, signal = f"homes/{world.home}/days/{yesterday().day}", f"areas/north/signals/{world.meter}"
    world.db.document(late).set({"day": yesterday().day})  # by an `ingest` that read the home before
    world.db.document(signal).set({"home": world.home, "last_ms": functions.now_ms})  # by the same
    functions.tasks.clear()
    functions.now_ms += 3_600_000
    reconcile.retry_erasures(functions.cloud)
    run_all(functions)
    assert not {late, signal} & set(everything(world.db))
    assert world.stored(f"tombstones/{world.home}")["state"] == "erased"


def test_every_hub_that_carried_for_the_home_is_told_what_to_erase(world: World) -> None:
    world.owner.call("deletehome", home=world.home, name="Home")
    told = world.hub.find("downlink", "hub", world.hub.uid)
    assert set(told) == {f"erase-{world.meter}-1"}
    (order,) = told.values()
    assert (order["erase"], order["meter"], order["from_s"]) == (True, world.meter, 0)
    assert 0 < order["to_s"] - time.time() <= 900
    assert "home" not in order  # a hub that does not know such orders takes it for no downlink


@pytest.mark.parametrize("forgets", [True, False])
def test_areas_forget_a_deleted_home(world: World, monkeypatch: pytest.MonkeyPatch, forgets: bool) -> None:
    now_ms = time.time_ns() // 1_000_000
    told_of_in_areas(world, now_ms)
    assert len(naming(world.db, world.home)) >= 11
    if not forgets:
        monkeypatch.setattr(areas, "OF_MANY_HOMES", {})
    functions = Functions.of(world.stack, world.hub.uid, now_ms)
    erasing.bury(functions.cloud, world.home)
    run_all(functions)
    run_all(functions)
    late = {f"tombstones/{world.home}", f"meters/{world.meter}/assignments/1"}
    left = {path for path in naming(world.db, world.home) if not path.startswith("enrolments/")}  # TTL: 15 minutes
    assert (left == late) == forgets, left
    if not forgets:
        return
    grid.watch(functions.cloud, "north")
    outage = world.stored(f"areas/north/outages/{now_ms}")
    assert set(outage["homes"]) == {"neighbour", "erased-1"}
    assert (outage["extent"]["homes"], outage["end_ms"]) == (2, now_ms - 60_000)
    assert world.stored("areas/east/sheds/s1")["homes"] == ["erased-1", "neighbour"]
    assert world.stored("areas/north")["homes"] == {}


def test_an_operator_s_acts_stay_without_the_name(world: World) -> None:
    uid = world.owner.uid
    world.db.document("areas/north/sheds/s1").set({"by": uid, "homes": ["h1"], "reason": "Feeder 3."})
    world.db.document("areas/north/commands/m-1").set({"by": uid, "home": "h1", "reason": "Silent."})
    deletes(world.owner, **{world.home: "delete"})
    eventually(lambda: not has_account(world.stack, uid), within_s=60)
    swept(world)
    assert naming(world.db, uid) == set()
    assert world.stored("areas/north/sheds/s1")["reason"] == "Feeder 3."


def test_the_meter_of_a_deleted_home_may_be_claimed_by_another(world: World) -> None:
    world.owner.call("deletehome", home=world.home, name="Home")
    buyer = World.made(world.stack)
    buyer.hub.claim(buyer.owner, buyer.home, world.meter, master_key(world.stack))
    assert buyer.owner.expect(f"homes/{buyer.home}")["meter"] == world.meter


def test_no_neighbour_s_hub_knows_a_home_that_is_gone(world: World) -> None:
    """Neither the one that carries its meter nor one that was offered it and carries nothing."""
    bob, hosts = Person.somebody(world.place), [world, World.made(world.stack, place=world.place)]
    next_door = bob.new_home("Next door")
    for host in hosts:
        bob.call("accepthub", home=next_door, code=host.owner.call("offerhub", hub=host.hub.uid)["code"])
    world.hub.claim(bob, next_door, new_meter_id(), master_key(world.stack))
    for host in hosts:
        assert list(host.stored(f"hubs/{host.hub.uid}")["guests"]) == [next_door]
    bob.call("deletehome", home=next_door, name="Next door")
    eventually(lambda: all(host.stored(f"hubs/{host.hub.uid}")["guests"] == {} for host in hosts), within_s=60)


def test_neighbours_lose_the_hub_and_nothing_else(world: World) -> None:
    bob = Person.somebody(world.place)
    next_door, meter = bob.new_home("Next door"), new_meter_id()
    bob.call("accepthub", home=next_door, code=world.owner.call("offerhub", hub=world.hub.uid)["code"])
    world.hub.claim(bob, next_door, meter, master_key(world.stack))
    deletes(world.owner, **{world.home: "delete"})
    eventually(lambda: not has_account(world.stack, world.owner.uid), within_s=60)
    hub = world.stored(f"hubs/{world.hub.uid}")
    assert (hub["owner"], hub["name"], hub["guests"], hub["revoked"]) == ("", "", {}, False)
    assert hub["expires"] > dt.datetime.now(dt.UTC) + dt.timedelta(days=29)
    home = bob.expect(f"homes/{next_door}")
    assert (home["hub"], home["meter"]) == (None, meter)
    neighbour = World(world.stack, world.place, bob, next_door, world.hub, meter, world.db)
    late = sent(neighbour.quarters(yesterday(), 2))
    assert world.hub.ingest(late) == [{"ok": True}] * 2


def test_only_who_signed_in_lately_may_delete_the_account(stack: Stack) -> None:
    world = World.made(stack)
    functions = Functions.of(stack, world.hub.uid)
    functions.now_ms += 700_000
    with pytest.raises(Refused, match="sign_in_again"):
        erasing.delete_account(_request(world.owner), functions.cloud)


def _request(person: Person) -> Any:
    class Auth:
        uid = person.uid
        token: Json = {"auth_time": int(time.time()), "email": person.email}  # noqa: RUF012

    class Request:
        auth = Auth()
        data: Json = {"email": person.email, "homes": {}}  # noqa: RUF012

    return Request()


@pytest.mark.slow
def test_wherever_an_erasing_instance_dies_the_next_run_finishes(stack: Stack) -> None:
    cut_at = 1
    finished = False
    while not finished:
        stack.clear()
        world = World.made(stack)
        ada = world.owner
        bob = joins(ada, world.home, Person.somebody(world.place))
        cottage = ada.new_home("Cottage")
        functions = Functions.of(stack, world.hub.uid)
        choices = {world.home: bob.uid, cottage: None}
        record = {"email": ada.email, "homes": choices, "state": "asked", "due_ms": 0}
        world.db.document(f"deletions/{ada.uid}").set(record)
        functions.wire.cut_at, functions.wire.cut_after = cut_at, cut_at % 2 == 1
        try:
            erasing.run({"account": ada.uid}, functions.cloud)
            finished = functions.wire.calls < cut_at
        except Killed:
            erasing.run({"account": ada.uid}, functions.cloud)
        functions.wire.cut_at = None
        run_all(functions)
        functions.now_ms += 3 * 3_600_000
        erasing.run({"account": ada.uid}, functions.cloud)
        assert naming(world.db, ada.uid, ada.email) == set(), f"died at call {cut_at}"
        assert bob.expect(f"homes/{world.home}")["roles"] == {bob.uid: "owner"}
        assert functions.forgotten[-1] == ada.uid
        cut_at += 1
    assert cut_at > 15
