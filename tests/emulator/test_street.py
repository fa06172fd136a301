"""The whole way of an outage on the running stack: a hub's request, Cloud Tasks, alerts, FCM. What operators see."""

import contextlib
import os
import time
from collections.abc import Callable
from typing import TypeVar

import firebase_admin
import pytest

from dev import operator
from dev.actors import Denied, Json, Person, new_meter_id
from dev.stack import PROJECT, Stack
from tests.emulator.world import World, event, eventually, master_key

pytestmark = pytest.mark.stack

AREA = "north"
T = TypeVar("T")


@pytest.fixture
def street(stack: Stack) -> tuple[World, list[str], list[str]]:
    """Three homes of an area on one hub: (the first of them, homes, meters)."""
    world = World.made(stack, area=AREA)
    homes, meters = [world.home], [world.meter]
    for name in ("Mill", "Farm"):
        home, meter = world.owner.new_home(name, area=AREA), new_meter_id()
        world.hub.claim(world.owner, home, meter, master_key(stack))
        homes.append(home)
        meters.append(meter)
    return world, homes, meters


def status(meter: str, state: str, since_ms: int) -> Json:
    return {"type": "status", "meter": meter, "state": state, "since_ms": since_ms}


def appointed(world: World, *areas: str) -> Person:
    """A person whom the project's own command made an operator."""
    person = Person.somebody(world.place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIREBASE_AUTH_EMULATOR_HOST", world.stack.auth)
        app = firebase_admin.initialize_app(options={"projectId": PROJECT}, name=f"operator-{os.urandom(4).hex()}")
        operator.appoint(person.email, areas, app)
    person.sign_in()
    return person


@pytest.mark.slow
def test_a_street_goes_dark_and_its_people_are_told_within_a_minute(
    street: tuple[World, list[str], list[str]],
) -> None:
    world, homes, meters = street
    world.owner.call("registerpush", device="phone", token="phone", platform="web")
    began_ms = time.time_ns() // 1_000_000
    silent = [status(meter, "silent", began_ms - 26_000 + 500 * number) for number, meter in enumerate(meters)]
    told = after_telling(
        world, silent, lambda: [each for each in world.stack.fcm.outbox.sent if is_outage(each.message)]
    )
    assert {sent.message["data"]["home"] for sent in told} <= set(homes)
    person = appointed(world, AREA)
    ((name, outage),) = person.list(f"areas/{AREA}/outages").items()
    assert set(outage["homes"]) == set(homes)
    assert outage["extent"] == {"homes": 3, "of": 3, "dark": 3, "hubs": [world.hub.uid]}
    assert {signal["kind"] for signal in person.list(f"areas/{AREA}/signals").values()} == {"silent"}
    now_ms = time.time_ns() // 1_000_000
    ended = [event(meter, "end", kind="interruption", ts_ms=now_ms, duration_ms=now_ms - began_ms) for meter in meters]
    back = [status(meter, "back", now_ms) for meter in meters]

    def returning() -> bool:
        found = person.expect(f"areas/{AREA}/outages/{name}")
        return {member["state"] for member in found["homes"].values()} == {"returning"} and found["says"] == "confirmed"

    after_telling(world, [*ended, *back], returning)


def after_telling(world: World, items: list[Json], look: Callable[[], T]) -> T:
    """What comes of it; told again every quarter of a minute, for the emulator loses a call now and then."""
    for _ in range(6):
        if world.hub.send(items).status_code == 200:
            with contextlib.suppress(AssertionError):
                return eventually(look, within_s=15)
    raise AssertionError("nothing came of it")


def is_outage(message: Json) -> bool:
    return bool(message["data"]["kind"] == "outage")


@pytest.mark.slow
def test_operators_see_areas_meters_hubs_and_versions_of_their_own_and_no_home(
    street: tuple[World, list[str], list[str]],
) -> None:
    world, homes, meters = street
    health = {"last_ms": time.time_ns() // 1_000_000, "firmware": 7, "model": 3}
    beat = {"type": "heartbeat", "version": "0.1.0", "queue": 2, "damaged_ms": 0}
    person, foreign = appointed(world, AREA), appointed(world, "south")
    told = [{**beat, "meters": dict.fromkeys(meters, health)}]
    roster = after_telling(world, told, lambda: person.get(f"areas/{AREA}"))
    assert roster is not None
    assert {home: entry["meter"] for home, entry in roster["homes"].items()} == dict(zip(homes, meters, strict=True))
    assert roster["hubs"] == [world.hub.uid]
    hub = eventually(lambda: world.stored(f"hubs/{world.hub.uid}").get("areas"))
    assert hub == [AREA]
    seen = person.expect(f"hubs/{world.hub.uid}")
    assert (seen["version"], {told["firmware"] for told in seen["meters"].values()}) == ("0.1.0", {7})
    for path in (f"homes/{homes[0]}", f"homes/{homes[0]}/alerts/a", f"downlink/{meters[0]}", "areas/south"):
        with pytest.raises(Denied):
            person.get(path)
    for path in (f"areas/{AREA}", f"hubs/{world.hub.uid}"):
        with pytest.raises(Denied):
            foreign.get(path)
