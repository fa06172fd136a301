"""A meter moves to another home or another hub: each quarter goes to the home of its time, from the hub of its time."""

import itertools
import time

import pytest

from contract.documents import DAY_COLUMNS, unpack
from contract.ledger import QUARTER_S, Registers
from dev.actors import Hub, Json, Person, label_of, new_meter_id
from dev.stack import Stack
from tests.emulator.world import World, days_ago, everything, master_key, quarter, refused, sent, yesterday

pytestmark = pytest.mark.stack

OK: Json = {"ok": True}


def not_stored(code: str, field: str = "meter") -> Json:
    return {"ok": False, "code": code, "field": field}


def moved_long_ago(world: World, moved_s: int) -> None:
    """As if the newest change of the meter's assignment had been made then: no test waits for a quarter to begin."""
    meter = world.db.document(f"meters/{world.meter}")
    number = meter.get().get("assignment")
    meter.update({"from_s": moved_s})
    current = world.db.document(f"meters/{world.meter}/assignments/{number}")
    if current.get().get("to_s") is None:
        current.update({"from_s": moved_s})
        current = world.db.document(f"meters/{world.meter}/assignments/{number - 1}")
    current.update({"to_s": moved_s})


def import_wh(owner: Person, home: str, day: str) -> list[float]:
    """What each stored quarter of a day holds."""
    stored = owner.get(f"homes/{home}/days/{day}")
    return (
        [each / 1000 for each in unpack(DAY_COLUMNS["import_mwh"], stored["columns"]["import_mwh"]) if each]
        if stored
        else []
    )


def test_late_intervals_of_the_old_period_reach_the_old_home_from_the_old_hub_and_no_other(world: World) -> None:
    cottage = world.owner.new_home("Cottage")
    world.owner.call("movemeter", home=world.home, to_home=cottage)
    new_hub = Hub.enrolled(world.place, world.owner, cottage, "Cottage's hub")
    new_hub.claim(world.owner, cottage, world.meter, master_key(world.stack))
    day = yesterday()
    moved_s = day.start_s + 40 * QUARTER_S
    # first home and first hub until quarter 20, second home on the first hub until 40, then on its own
    first, second = (world.db.document(f"meters/{world.meter}/assignments/{number}") for number in (1, 2))
    first.update({"to_s": day.start_s + 20 * QUARTER_S})
    second.update({"from_s": day.start_s + 20 * QUARTER_S})
    moved_long_ago(world, moved_s)
    items = sent(world.quarters(day))
    # the cottage's hub of today may also bring what the one before it carried for the cottage
    assert new_hub.ingest(items) == [not_stored("not_your_meter")] * 20 + [OK] * 76
    assert import_wh(world.owner, world.home, day.day) == []
    assert world.hub.ingest(items) == [OK] * 40 + [not_stored("not_your_meter")] * 56
    assert import_wh(world.owner, world.home, day.day) == [100.0] * 20
    assert import_wh(world.owner, cottage, day.day) == [100.0] * 76
    assert world.hub.ingest(items) == [OK] * 40 + [not_stored("not_your_meter")] * 56  # repeated, it changes nothing
    assert import_wh(world.owner, world.home, day.day) == [100.0] * 20


def test_a_build_that_looks_at_today_alone_would_give_the_past_to_the_new_home(world: World) -> None:
    """What the test above would miss if the periods were not asked: shown once with the meter's past taken away."""
    cottage, day = world.owner.new_home("Cottage"), yesterday()
    world.owner.call("movemeter", home=world.home, to_home=cottage)
    world.db.document(f"meters/{world.meter}").update({"from_s": 0})
    world.hub.ingest(sent(world.quarters(day, 4)))
    assert import_wh(world.owner, world.home, day.day) == []
    assert import_wh(world.owner, cottage, day.day) == [100.0] * 4


def test_what_was_counted_before_a_move_stays_with_its_home(world: World) -> None:
    world.hub.ingest(sent(world.quarters(days_ago(2))))
    cottage = world.owner.new_home("Cottage")
    assert world.owner.call("movemeter", home=world.home, to_home=cottage) == {"meter": world.meter}
    assert world.owner.expect(f"homes/{world.home}")["meter"] is None
    assert world.owner.expect(f"homes/{cottage}")["meter"] == world.meter
    assert import_wh(world.owner, world.home, days_ago(2).day) == [100.0] * 96
    assert world.hub.call("linkkeys", meters=[world.meter])["keys"][world.meter]["version"] == 2
    downlink = world.stored(f"downlink/{world.meter}")
    assert (downlink["home"], downlink["hub"], downlink["model"]) == (cottage, world.hub.uid, None)
    with refused("no_meter"):
        world.owner.call("movemeter", home=world.home, to_home=cottage)


def test_a_meter_moves_only_between_homes_of_its_owner(world: World) -> None:
    other = World.made(world.stack)
    with refused("no_such_home"):
        world.owner.call("movemeter", home=world.home, to_home=other.home)
    with refused("no_such_home"):
        other.owner.call("movemeter", home=world.home, to_home=other.home)


def test_a_released_meter_is_claimed_by_others_and_its_late_past_is_still_welcome(world: World) -> None:
    buyer = World.made(world.stack)
    world.owner.call("releasemeter", home=world.home)
    assert world.stored(f"meters/{world.meter}")["state"] == "released"
    assert world.hub.call("linkkeys", meters=[world.meter]) == {"keys": {}}
    late = sent(world.quarters(yesterday(), 4))
    assert world.hub.ingest(late) == [OK] * 4
    buyer.hub.claim(buyer.owner, buyer.home, world.meter, master_key(world.stack))
    assert world.hub.ingest(sent(world.quarters(days_ago(2), 4))) == [OK] * 4
    assert buyer.hub.ingest(late) == [not_stored("not_your_meter")] * 4
    assert import_wh(world.owner, world.home, yesterday().day) == [100.0] * 4
    assert import_wh(buyer.owner, buyer.home, yesterday().day) == []
    assert buyer.owner.expect(f"homes/{buyer.home}")["meter"] == world.meter
    with refused("no_meter"):
        world.owner.call("releasemeter", home=world.home)


def test_between_release_and_claim_a_quarter_is_nobody_s(world: World) -> None:
    day = yesterday()
    world.owner.call("releasemeter", home=world.home)
    moved_long_ago(world, day.start_s + 2 * QUARTER_S)
    items = sent(world.quarters(day, 4))
    assert world.hub.ingest(items) == [OK] * 2 + [not_stored("unassigned")] * 2


def test_a_meter_that_replaces_another_begins_where_the_other_ends(world: World) -> None:
    newer = new_meter_id()
    world.hub.claim(world.owner, world.home, newer, master_key(world.stack))
    assert world.owner.expect(f"homes/{world.home}")["meter"] == newer
    assert world.stored(f"meters/{world.meter}")["home"] is None
    old, new = (world.stored(f"meters/{meter}/assignments/1") for meter in (world.meter, newer))
    assert old["to_s"] == new["from_s"] > time.time()
    start_s, zero = yesterday().start_s, Registers(0, 0, 0, 0)
    before = quarter(newer, start_s, zero, Registers(7_000, 0, 0, 0))
    assert world.hub.ingest(sent([before])) == [not_stored("unassigned", "start_s")]
    assert world.hub.ingest(sent(world.quarters(yesterday(), 1))) == [OK]
    assert import_wh(world.owner, world.home, yesterday().day) == [100.0]


def test_a_meter_claimed_where_another_was_does_not_write_into_the_other_s_time(world: World) -> None:
    world.owner.call("releasemeter", home=world.home)
    newer = new_meter_id()
    world.hub.claim(world.owner, world.home, newer, master_key(world.stack))
    assert world.stored(f"meters/{newer}/assignments/1")["from_s"] > time.time()


def test_periods_of_a_meter_never_overlap_however_often_it_moves(world: World) -> None:
    cottage = world.owner.new_home("Cottage")
    for _ in range(3):
        world.owner.call("movemeter", home=world.home, to_home=cottage)
        world.owner.call("movemeter", home=cottage, to_home=world.home)
    world.owner.call("releasemeter", home=world.home)
    world.owner.call("claimmeter", home=cottage, label=label_of(world.meter, master_key(world.stack)))
    prefix = f"meters/{world.meter}/assignments/"
    periods = {path: each for path, each in everything(world.db).items() if path.startswith(prefix)}
    ordered = [periods[f"{prefix}{number}"] for number in range(1, len(periods) + 1)]
    assert len(ordered) == 8
    for earlier, later in itertools.pairwise(ordered):
        assert earlier["from_s"] <= earlier["to_s"] <= later["from_s"]
    assert ordered[-1]["to_s"] is None


def test_a_hub_hears_a_released_meter_anew(stack: Stack) -> None:
    world = World.made(stack)
    world.owner.call("releasemeter", home=world.home)
    world.db.document(f"meters/{world.meter}").update({"sighted": {}})
    with refused("not_sighted"):
        world.owner.call("claimmeter", home=world.home, label=label_of(world.meter, master_key(stack)))
    world.hub.claim(world.owner, world.home, world.meter, master_key(stack))
    assert world.owner.expect(f"homes/{world.home}")["meter"] == world.meter
