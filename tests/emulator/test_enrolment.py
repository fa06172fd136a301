"""From a Pi with a code to a hub that may speak for a meter; and everybody who may not."""

import json
import secrets
import time

import pytest
import requests

from contract import wire
from dev.actors import CallRefused, Denied, Enrolment, Hub, Person, Place, label_of, new_meter_id
from dev.stack import Stack
from sunmeter import enrol, hubs
from sunmeter.contract.refusal import Refusal
from sunmeter.limits import Limit
from tests.emulator.inprocess import Functions
from tests.emulator.world import World, database, master_key, refused

pytestmark = pytest.mark.stack

OF_PEOPLE = (
    *("createhome", "changehome", "deletehome", "deleteaccount", "enrolapprove", "lease", "ratealert"),
    *("revokehub", "sharelocally", "rolloutfirmware"),
    *("settariff", "deletetariff", "setprices", "setbudget", "whatif", "fitbill", "applybill"),
    *("ackalert", "muteload", "registerpush", "testpush"),
    *("members", "setrole", "removemember", "passhome", "invite", "acceptinvitation", "withdrawinvitation"),
    *("claimmeter", "releasemeter", "movemeter", "offerhub", "askforhub", "accepthub", "acceptneighbour"),
    *("endneighbour", "exportstart", "exportpage", "importstart", "importpiece", "importapply", "importcancel"),
)


@pytest.fixture
def ada(place: Place) -> Person:
    return Person.somebody(place)


def test_a_hub_is_enrolled_by_the_code_it_shows(place: Place, ada: Person, stack: Stack) -> None:
    home = ada.new_home()
    enrolment = Enrolment.started(place, "Cellar")
    assert enrolment.poll() is None
    hub_id = ada.call(
        "enrolapprove", home=home, user_code=f"{enrolment.user_code[:4]}-{enrolment.user_code[4:]}".lower()
    )
    hub = enrolment.poll()
    assert hub is not None
    assert hub.uid == hub_id["hub"]
    assert ada.expect(f"homes/{home}")["hub"] == hub.uid
    assert ada.expect(f"hubs/{hub.uid}")["name"] == "Cellar"


def test_the_credentials_are_handed_over_once(place: Place, ada: Person) -> None:
    home, enrolment = ada.new_home(), Enrolment.started(place)
    ada.call("enrolapprove", home=home, user_code=enrolment.user_code)
    assert enrolment.poll() is not None
    with refused("expired"):
        enrolment.poll()


def test_neither_code_nor_password_is_stored(place: Place, ada: Person, stack: Stack) -> None:
    home, enrolment = ada.new_home(), Enrolment.started(place)
    ada.call("enrolapprove", home=home, user_code=enrolment.user_code)
    hub = enrolment.poll()
    assert hub is not None
    db = database(stack)
    stored = [each.to_dict() for name in ("enrolments", "hubs", "homes") for each in db.collection(name).stream()]
    text = json.dumps(stored, default=str)
    assert hub.uid in text
    for secret in (enrolment.user_code, enrolment.device_code, hub.password):
        assert secret not in text


def test_a_wrong_code_is_refused_and_after_five_so_is_a_right_one(place: Place, ada: Person) -> None:
    home, enrolment = ada.new_home(), Enrolment.started(place)
    for _ in range(5):
        with refused("wrong_code"):
            ada.call("enrolapprove", home=home, user_code="00000000")
    with refused("try_later"):
        ada.call("enrolapprove", home=home, user_code=enrolment.user_code)


def test_another_person_s_tries_do_not_count_against_mine(place: Place, ada: Person) -> None:
    eve = Person.somebody(place)
    eves_home = eve.new_home()
    for _ in range(5):
        with refused("wrong_code"):
            eve.call("enrolapprove", home=eves_home, user_code="00000000")
    assert Hub.enrolled(place, ada, ada.new_home())


def test_an_enrolment_ends_after_fifteen_minutes(place: Place, ada: Person, stack: Stack) -> None:
    home, enrolment = ada.new_home(), Enrolment.started(place)
    assert enrolment.expires_s == 900
    (stored,) = database(stack).collection("enrolments").stream()
    stored.reference.update({"expires": stored.create_time})
    with refused("expired"):
        ada.call("enrolapprove", home=home, user_code=enrolment.user_code)
    with refused("expired"):
        enrolment.poll()


def test_of_two_who_type_one_code_at_once_one_has_the_hub(
    place: Place, ada: Person, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve, enrolment = Person.somebody(place), Enrolment.started(place)
    home, eves_home = ada.new_home(), eve.new_home()
    functions = Functions.of(stack)

    def ada_is_faster(hub: str) -> None:
        monkeypatch.setattr(enrol, "_ensure_account", lambda hub: None)
        functions.call(enrol.approve, ada.uid, home=home, user_code=enrolment.user_code)

    monkeypatch.setattr(enrol, "_ensure_account", ada_is_faster)
    with pytest.raises(Refusal, match="wrong_code"):
        functions.call(enrol.approve, eve.uid, home=eves_home, user_code=enrolment.user_code)
    (hub,) = database(stack).collection("hubs").stream()
    assert hub.get("owner") == ada.uid
    assert eve.expect(f"homes/{eves_home}")["hub"] is None


def test_an_unknown_device_code_gets_nothing(place: Place) -> None:
    with refused("expired"):
        Enrolment(place, secrets.token_urlsafe(32), "", 0, 0).poll()


def test_only_an_owner_of_the_home_may_approve(place: Place, ada: Person) -> None:
    home, enrolment = ada.new_home(), Enrolment.started(place)
    with refused("no_such_home"):
        Person.somebody(place).call("enrolapprove", home=home, user_code=enrolment.user_code)


def test_an_address_that_is_not_verified_may_neither_create_a_home_nor_approve(place: Place) -> None:
    newcomer = Person.somebody(place, verified=False)
    with refused("not_verified"):
        newcomer.new_home()
    with refused("not_verified"):
        newcomer.call("enrolapprove", home="x", user_code="00000000")
    newcomer.verify_email()
    assert newcomer.new_home()


def test_a_home_asked_for_twice_is_one_home(ada: Person) -> None:
    assert ada.new_home("House by the lake") == ada.new_home("house by the lake")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"name": ""}, "name"), ({"name": 5}, "name"), ({"zone": "Mars/Base"}, "zone"), ({"currency": "euro"}, "currency"),
     ({"area": "../x"}, "area")],
)  # fmt: skip
def test_a_home_needs_a_name_a_zone_and_a_currency(ada: Person, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(CallRefused) as error:
        ada.call("createhome", **{"name": "Home", "zone": "UTC", "currency": "EUR", **wrong})
    assert error.value.code in {"malformed", "out_of_range"}
    assert error.value.field == field


def test_nobody_calls_without_an_account(place: Place) -> None:
    for name in (*OF_PEOPLE, "linkkeys"):
        answer = requests.post(f"{place.functions}/{name}", json={"data": {}}, timeout=30)
        assert answer.status_code == 401
        assert answer.json()["error"]["details"]["code"] == "unauthenticated"


def test_callables_for_people_refuse_a_hub(world: World) -> None:
    for name in OF_PEOPLE:
        with refused("people_only"):
            world.hub.call(name, home=world.home)


def test_callables_for_hubs_refuse_a_person(world: World) -> None:
    with refused("hubs_only"):
        world.owner.call("linkkeys", meters=[world.meter])


def test_a_claimed_meter_can_derive_the_key_its_hub_is_given(world: World) -> None:
    downlink = world.stored(f"downlink/{world.meter}")
    k_meter = wire.meter_key(master_key(world.stack), world.meter, 1)
    blob = wire.unseal(wire.Signer(k_meter), world.meter, wire.ASSIGNMENT, downlink["assignment"])
    assignment = json.loads(blob)
    assert assignment["hub"] == world.hub.uid
    assert assignment["home"] == world.home
    given = world.hub.call("linkkeys", meters=[world.meter])["keys"][world.meter]
    assert given["version"] == assignment["version"] == downlink["assignment_version"] == 1
    assert given["key"] == wire.link_key(k_meter, assignment["hub"], assignment["key_version"]).hex()


def test_a_claimed_meter_finds_its_first_configuration(world: World) -> None:
    downlink = world.stored(f"downlink/{world.meter}")
    signer = wire.Signer(wire.meter_key(master_key(world.stack), world.meter, 1))
    config = json.loads(wire.unseal(signer, world.meter, wire.CONFIG, downlink["config"]))
    assert config["version"] == downlink["config_version"]
    assert config["cadence_ms"] == 10_000
    assert "pv_fitted" not in config  # the meter knows from its provisioning


def test_a_hub_gets_keys_of_its_own_meters_only(world: World) -> None:
    other = World.made(world.stack)
    assert world.hub.call("linkkeys", meters=[other.meter, "m-ffffffffff"]) == {"keys": {}}
    with refused("malformed"):
        world.hub.call("linkkeys", meters=["../x"])


def test_a_meter_is_claimed_only_while_a_hub_of_the_home_hears_it(place: Place, ada: Person, stack: Stack) -> None:
    home, meter = ada.new_home(), new_meter_id()
    hub = Hub.enrolled(place, ada, home)
    label = label_of(meter, master_key(stack))
    with refused("not_sighted"):
        ada.call("claimmeter", home=home, label=label)
    World.made(stack).hub.ingest([{"type": "sighting", "meter": meter}])
    with refused("not_sighted"):  # the hub of strangers hears it
        ada.call("claimmeter", home=home, label=label)
    hub.ingest([{"type": "sighting", "meter": meter}])
    assert ada.call("claimmeter", home=home, label=label.lower()) == {"meter": meter}
    assert ada.expect(f"homes/{home}")["meter"] == meter
    assert ada.expect(f"meters/{meter}")["state"] == "claimed"


def test_a_stranger_s_hub_does_not_stand_between_a_meter_and_its_own(place: Place, ada: Person, stack: Stack) -> None:
    home, meter, stranger = ada.new_home(), new_meter_id(), World.made(stack).hub
    Hub.enrolled(place, ada, home).ingest([{"type": "sighting", "meter": meter}])
    stranger.ingest([{"type": "sighting", "meter": meter}])  # it heard it last
    assert ada.call("claimmeter", home=home, label=label_of(meter, master_key(stack))) == {"meter": meter}


def test_a_hub_that_invents_meters_makes_few(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    functions = Functions.of(world.stack, world.hub.uid)
    invented = [{"type": "sighting", "meter": new_meter_id()} for _ in range(401)]
    with pytest.raises(Refusal, match="too_many"):
        functions.send(invented)  # each would be read
    assert functions.wire.reads == 1, "the hub's own document"
    monkeypatch.setattr(hubs, "SIGHTINGS", Limit("few", 2))
    for _ in range(4):
        functions.send([{"type": "sighting", "meter": new_meter_id()} for _ in range(50)])
    assert len(list(world.db.collection("meters").stream())) == 1 + 2 * hubs.MAX_SIGHTINGS


def test_a_meter_heard_too_long_ago_is_not_claimed(place: Place, ada: Person, stack: Stack) -> None:
    home, meter = ada.new_home(), new_meter_id()
    hub = Hub.enrolled(place, ada, home)
    hub.ingest([{"type": "sighting", "meter": meter}])
    twenty_minutes_ago_ms = (int(time.time()) - 1200) * 1000
    database(stack).document(f"meters/{meter}").update({"sighted": {hub.uid: twenty_minutes_ago_ms}})
    with refused("not_sighted"):
        ada.call("claimmeter", home=home, label=label_of(meter, master_key(stack)))


def test_a_wrong_label_is_refused_and_after_five_so_is_the_right_one(world: World) -> None:
    meter = new_meter_id()
    world.hub.ingest([{"type": "sighting", "meter": meter}])
    for _ in range(5):
        with refused("wrong_label"):
            world.owner.call("claimmeter", home=world.home, label=f"{meter}-00000000")
    with refused("try_later"):
        world.owner.call("claimmeter", home=world.home, label=label_of(meter, master_key(world.stack)))


def test_a_meter_of_another_home_cannot_be_claimed_away(world: World) -> None:
    thief = World.made(world.stack)
    thief.hub.ingest([{"type": "sighting", "meter": world.meter}])
    with refused("claimed"):
        thief.owner.call("claimmeter", home=thief.home, label=label_of(world.meter, master_key(world.stack)))


def test_a_meter_claimed_again_keeps_its_assignment(world: World) -> None:
    before = world.stored(f"downlink/{world.meter}")
    world.hub.claim(world.owner, world.home, world.meter, master_key(world.stack))
    assert world.stored(f"downlink/{world.meter}") == before
    assert len(list(world.db.collection(f"meters/{world.meter}/assignments").stream())) == 1


def test_one_hub_serves_several_homes_of_its_owner(world: World) -> None:
    cottage, meter = world.owner.new_home("Cottage"), new_meter_id()
    world.hub.claim(world.owner, cottage, meter, master_key(world.stack))
    assert world.owner.expect(f"homes/{cottage}")["hub"] == world.hub.uid
    assert set(world.hub.call("linkkeys", meters=[meter, world.meter])["keys"]) == {meter, world.meter}


def test_a_meter_that_moves_to_another_hub_gets_a_new_key_and_keeps_its_periods(world: World) -> None:
    new_hub = Hub.enrolled(world.place, world.owner, world.home, "New hub")
    new_hub.claim(world.owner, world.home, world.meter, master_key(world.stack))
    assert world.hub.call("linkkeys", meters=[world.meter]) == {"keys": {}}
    assert new_hub.call("linkkeys", meters=[world.meter])["keys"][world.meter]["version"] == 2
    periods = [each.to_dict() or {} for each in world.db.collection(f"meters/{world.meter}/assignments").stream()]
    first, second = sorted(periods, key=lambda period: period["from_s"])
    assert (first["hub"], second["hub"]) == (world.hub.uid, new_hub.uid)
    assert first["to_s"] == second["from_s"] > time.time()
    assert second["from_s"] % 900 == 0


def test_a_revoked_hub_is_shut_out_at_once(world: World) -> None:
    world.db.document(f"hubs/{world.hub.uid}").update({"revoked": True})
    assert world.hub.send([]).status_code == 403
    with refused("revoked"):
        world.hub.call("linkkeys", meters=[world.meter])
    with pytest.raises(Denied):
        world.hub.set(f"homes/{world.home}/live/now", {})


def test_an_owner_revokes_a_hub_and_by_enrolling_it_again_has_it_back(world: World) -> None:
    with refused("no_such_hub"):
        Person.somebody(world.place).call("revokehub", hub=world.hub.uid)
    assert world.owner.call("revokehub", hub=world.hub.uid) == {"hub": world.hub.uid}
    assert world.owner.expect(f"hubs/{world.hub.uid}")["revoked"] is True
    assert world.hub.send([]).status_code == 403
    with pytest.raises(Denied):  # nor does it hear any more what is for its meters
        world.hub.find("downlink", "hub", world.hub.uid)
    with pytest.raises(CallRefused):
        world.hub.sign_in()
    again = Enrolment.started(world.place, "Attic", hub=world.hub.uid)
    world.owner.call("enrolapprove", home=world.home, user_code=again.user_code)
    with pytest.raises(CallRefused):  # a copy of its card knows the old password
        world.hub.sign_in()
    hub = again.poll()
    assert hub is not None
    assert hub.uid == world.hub.uid
    assert hub.send([]).status_code == 200
    assert set(hub.find("downlink", "hub", hub.uid)) == {world.meter}
    document = world.owner.expect(f"hubs/{hub.uid}")
    assert (document["name"], document["revoked"]) == ("Attic", False)
    assert document["created"]


def test_who_enrols_another_s_hub_gets_a_new_one(world: World) -> None:
    eve = Person.somebody(world.place)
    theirs = Enrolment.started(world.place, "Stolen", hub=world.hub.uid)
    eve.call("enrolapprove", home=eve.new_home(), user_code=theirs.user_code)
    hub = theirs.poll()
    assert hub is not None
    assert hub.uid != world.hub.uid
    assert hub.call("linkkeys", meters=[world.meter]) == {"keys": {}}
    assert world.hub.send([]).status_code == 200


def test_a_lease_reaches_the_meter_s_downlink_and_ends(world: World) -> None:
    until_ms = world.owner.call("lease", home=world.home)["lease_until_ms"]
    assert 100_000 < until_ms - time.time() * 1000 <= 121_000
    (downlink,) = world.hub.find("downlink", "hub", world.hub.uid).values()
    assert round(downlink["lease_until"].timestamp() * 1000) == until_ms
    assert world.owner.call("lease", home=world.home)["lease_until_ms"] == until_ms


def test_a_home_without_a_meter_has_nothing_to_watch(ada: Person) -> None:
    with refused("no_meter"):
        ada.call("lease", home=ada.new_home())
