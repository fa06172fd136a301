"""A hub serves the homes of neighbours once both sides have said so, and until one of them says otherwise."""

import datetime as dt

import pytest

from dev.actors import CallRefused, Hub, Json, Person, label_of, new_meter_id
from dev.stack import Stack
from tests.emulator.world import World, database, master_key, refused, sent, yesterday

pytestmark = pytest.mark.stack


@pytest.fixture
def bob(world: World) -> Person:
    return Person.somebody(world.place)


@pytest.fixture
def next_door(bob: Person) -> str:
    return bob.new_home("Next door")


def claims(world: World, bob: Person, home: str, meter: str) -> Json:
    world.hub.ingest([{"type": "sighting", "meter": meter}])
    return bob.call("claimmeter", home=home, label=label_of(meter, master_key(world.stack)))


def test_without_consent_a_neighbour_s_meter_is_not_claimed(world: World, bob: Person, next_door: str) -> None:
    with refused("not_sighted"):
        claims(world, bob, next_door, new_meter_id())


def test_the_hub_s_owner_offers_and_the_home_s_owner_accepts(world: World, bob: Person, next_door: str) -> None:
    code = world.owner.call("offerhub", hub=world.hub.uid)["code"]
    assert len(code) == 8
    told = bob.call("accepthub", home=next_door, code=f"{code[:4]}-{code[4:]}".lower())
    assert told == {"hub": world.hub.uid, "name": "Hub"}
    meter = new_meter_id()
    assert claims(world, bob, next_door, meter) == {"meter": meter}
    assert set(world.hub.call("linkkeys", meters=[meter, world.meter])["keys"]) == {meter, world.meter}
    day = yesterday()
    results = world.hub.ingest(sent([*world.quarters(day, 2), *World.quarters(_as(world, meter), day, 2)]))
    assert results == [{"ok": True}] * 4
    assert bob.expect(f"homes/{next_door}/days/{day.day}")["totals"]["import_wh"] == 200.0
    assert world.owner.expect(f"hubs/{world.hub.uid}")["guests"][next_door]["name"] == "Next door"


def _as(world: World, meter: str) -> World:
    return World(world.stack, world.place, world.owner, world.home, world.hub, meter, world.db)


def test_the_home_s_owner_asks_and_the_hub_s_owner_accepts(world: World, bob: Person, next_door: str) -> None:
    code = bob.call("askforhub", home=next_door)["code"]
    assert world.owner.call("acceptneighbour", hub=world.hub.uid, code=code) == {"home": next_door, "name": "Next door"}
    assert claims(world, bob, next_door, new_meter_id())


def test_consent_is_for_the_home_that_gave_it_and_a_code_for_one_use(world: World, bob: Person, next_door: str) -> None:
    code = world.owner.call("offerhub", hub=world.hub.uid)["code"]
    bob.call("accepthub", home=next_door, code=code)
    with refused("not_sighted"):
        claims(world, bob, bob.new_home("Another"), new_meter_id())
    eve = Person.somebody(world.place)
    with refused("wrong_neighbour_code"):
        eve.call("accepthub", home=eve.new_home(), code=code)


def test_a_code_works_one_way_only(world: World, bob: Person, next_door: str) -> None:
    offered = world.owner.call("offerhub", hub=world.hub.uid)["code"]
    asked = bob.call("askforhub", home=next_door)["code"]
    with refused("wrong_neighbour_code"):
        bob.call("accepthub", home=next_door, code=asked)
    with refused("wrong_neighbour_code"):
        world.owner.call("acceptneighbour", hub=world.hub.uid, code=offered)


def test_who_does_not_own_hub_or_home_cannot_consent_for_them(world: World, bob: Person, next_door: str) -> None:
    with refused("no_such_hub"):
        bob.call("offerhub", hub=world.hub.uid)
    with refused("no_such_home"):
        world.owner.call("askforhub", home=next_door)
    code = bob.call("askforhub", home=next_door)["code"]
    eve = Person.somebody(world.place)
    with refused("no_such_hub"):
        eve.call("acceptneighbour", hub=world.hub.uid, code=code)
    with refused("no_such_home"):
        eve.call("accepthub", home=next_door, code=world.owner.call("offerhub", hub=world.hub.uid)["code"])


def test_a_code_ends_after_a_day_and_five_wrong_ones_are_enough(world: World, bob: Person, next_door: str) -> None:
    code = world.owner.call("offerhub", hub=world.hub.uid)["code"]
    (offer,) = database(world.stack).collection("offers").stream()
    assert code not in repr(offer.to_dict())
    assert code not in offer.id
    offer.reference.update({"expires": dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)})
    with refused("wrong_neighbour_code"):
        bob.call("accepthub", home=next_door, code=code)
    for _ in range(4):
        with refused("wrong_neighbour_code"):
            bob.call("accepthub", home=next_door, code="00000000")
    with pytest.raises(CallRefused) as error:
        bob.call("accepthub", home=next_door, code="00000000")
    assert (error.value.code, error.value.http_status) == ("try_later", 429)


@pytest.mark.parametrize("side", ["host", "guest"])
def test_either_side_ends_it_and_the_old_quarters_are_still_welcome(
    world: World, bob: Person, next_door: str, side: str
) -> None:
    bob.call("accepthub", home=next_door, code=world.owner.call("offerhub", hub=world.hub.uid)["code"])
    meter = new_meter_id()
    claims(world, bob, next_door, meter)
    with refused("no_such_hub"):
        Person.somebody(world.place).call("endneighbour", hub=world.hub.uid, home=next_door)
    {"host": world.owner, "guest": bob}[side].call("endneighbour", hub=world.hub.uid, home=next_door)
    assert world.owner.expect(f"hubs/{world.hub.uid}")["guests"] == {}
    assert (bob.expect(f"homes/{next_door}")["hub"], bob.expect(f"homes/{next_door}")["meter"]) == (None, meter)
    assert world.hub.call("linkkeys", meters=[meter]) == {"keys": {}}
    assert set(world.hub.find("downlink", "hub", world.hub.uid)) == {world.meter}
    late = sent(World.quarters(_as(world, meter), yesterday(), 2))
    assert world.hub.ingest(late) == [{"ok": True}] * 2
    with refused("not_sighted"):
        claims(world, bob, next_door, meter)
    own = Hub.enrolled(world.place, bob, next_door, "Own")
    own.claim(bob, next_door, meter, master_key(world.stack))
    assert set(own.call("linkkeys", meters=[meter])["keys"]) == {meter}


def test_a_home_with_a_hub_of_its_own_by_now_is_carried_no_more_once_it_is_ended(
    world: World, bob: Person, next_door: str
) -> None:
    bob.call("accepthub", home=next_door, code=world.owner.call("offerhub", hub=world.hub.uid)["code"])
    meter = new_meter_id()
    claims(world, bob, next_door, meter)
    bob.call("sharelocally", home=next_door, mqtt=True)
    own = Hub.enrolled(world.place, bob, next_door, "Own")
    bob.call("endneighbour", hub=world.hub.uid, home=next_door)
    assert world.hub.call("linkkeys", meters=[meter]) == {"keys": {}}
    assert set(world.hub.find("downlink", "hub", world.hub.uid)) == {world.meter}
    home = bob.expect(f"homes/{next_door}")
    assert (home["hub"], home["shares"]["mqtt"]) == (own.uid, False)


def test_a_host_reads_nothing_of_the_neighbour_s_home(world: World, stack: Stack) -> None:
    bob = Person.somebody(world.place)
    home = bob.new_home("Next door")
    bob.call("accepthub", home=home, code=world.owner.call("offerhub", hub=world.hub.uid)["code"])
    claims(world, bob, home, new_meter_id())
    with refused("no_such_home"):
        world.owner.call("members", home=home)
