"""What hubs send, on the emulators: stored once, whatever the order; refused by item, with a reason."""

import gzip
import json
import random
from typing import Any

import pytest
import requests

from contract.documents import DAY_COLUMNS, unpack
from contract.ledger import QUARTER_S, Registers
from dev.actors import Denied, Hub, Json, Person, new_meter_id
from dev.stack import Stack
from sunmeter import alerts, limits
from sunmeter.limits import Limit
from tests.emulator.inprocess import Functions
from tests.emulator.world import (
    World,
    days_ago,
    event,
    eventually,
    everything,
    master_key,
    quarter,
    sent,
    yesterday,
)

pytestmark = pytest.mark.stack


def assert_stored(results: list[Json]) -> None:
    assert results == [{"ok": True}] * len(results)


def refusal(code: str, field: str) -> Json:
    return {"ok": False, "code": code, "field": field}


def test_a_day_sent_in_any_order_and_twice_is_the_same_day(world: World) -> None:
    in_order, shuffled = days_ago(3), days_ago(2)
    each = sent(world.quarters(in_order))
    for first in range(0, 96, 12):
        assert_stored(world.hub.ingest(each[first : first + 12]))
    other = sent(world.quarters(shuffled))
    doubled = [*other, *other]
    random.Random(5).shuffle(doubled)
    for first in range(0, len(doubled), 25):
        assert_stored(world.hub.ingest(doubled[first : first + 25]))
    straight, mixed = world.day(in_order), world.day(shuffled)
    assert straight["totals"] == mixed["totals"]
    assert straight["totals"]["house_wh"] == 96 * 120.0
    for name in set(DAY_COLUMNS) - {"rev"}:
        assert straight["columns"][name] == mixed["columns"][name]
    assert (mixed["regs0"], mixed["regs1"]) == ([0, 0, 0, 0], [9_600_000, 0, 1_920_000, 0])


def test_a_replayed_request_writes_nothing(world: World) -> None:
    items = sent(world.quarters(yesterday()))
    world.hub.ingest(items)
    before = world.db.document(f"homes/{world.home}/days/{yesterday().day}").get().update_time
    assert_stored(world.hub.ingest(items))
    assert world.db.document(f"homes/{world.home}/days/{yesterday().day}").get().update_time == before


def test_intervals_of_many_homes_and_days_come_in_one_request(world: World) -> None:
    cottage, meter = world.owner.new_home("Cottage"), new_meter_id()
    world.hub.claim(world.owner, cottage, meter, master_key(world.stack))
    mixed = [
        quarter(each, day.start_s, Registers(0, 0, 0, 0), Registers(7_000, 0, 0, 0)).to_json()
        for each in (meter, world.meter)
        for day in (days_ago(1), days_ago(2))
    ]
    assert_stored(world.hub.ingest(mixed))
    for home in (cottage, world.home):
        for day in (days_ago(1), days_ago(2)):
            assert world.owner.expect(f"homes/{home}/days/{day.day}")["totals"]["import_wh"] == 7.0


def test_the_days_of_a_home_follow_its_zone(world: World) -> None:
    tokyo, meter = world.owner.new_home("Tokyo", zone="Asia/Tokyo"), new_meter_id()
    world.hub.claim(world.owner, tokyo, meter, master_key(world.stack))
    start_s = yesterday().start_s  # midnight in Paris is morning in Tokyo
    zero = Registers(0, 0, 0, 0)
    assert_stored(world.hub.ingest([quarter(meter, start_s, zero, Registers(1000, 0, 0, 0)).to_json()]))
    (day,) = world.owner.list(f"homes/{tokyo}/days").values()
    assert day["zone"] == "Asia/Tokyo"
    index = unpack(DAY_COLUMNS["import_mwh"], day["columns"]["import_mwh"]).index(1000)
    assert day["start_s"] + index * QUARTER_S == start_s


def test_what_is_refused_says_why_while_its_neighbours_land(world: World) -> None:
    stranger = World.made(world.stack)
    unclaimed = new_meter_id()
    world.hub.ingest([{"type": "sighting", "meter": unclaimed}])
    good = sent(world.quarters(yesterday(), 3))
    template = good[0]
    results = world.hub.ingest(
        [
            good[0],
            {**template, "coverage_permille": 1001},
            {**template, "meter": "m-zzzzzzzzzz"},
            {**template, "meter": unclaimed},
            {**template, "meter": stranger.meter},
            good[1],
            {**template, "start_s": 4_000_000_500},
            {**template, "start_s": 900},
            {**template, "v": 9},
            {**template, "minutes": {**template["minutes"], "grid_w": [1] * 14}},
            "nonsense",
            good[2],
        ]
    )
    assert results == [
        {"ok": True},
        refusal("out_of_range", "coverage_permille"),
        refusal("unknown_meter", "meter"),
        refusal("unassigned", "meter"),
        refusal("not_your_meter", "meter"),
        {"ok": True},
        refusal("future", "start_s"),
        refusal("too_old", "start_s"),
        refusal("unknown_schema", "v"),
        refusal("malformed", "minutes.grid_w"),
        refusal("malformed", ""),
        {"ok": True},
    ]
    assert world.day(yesterday())["totals"]["import_wh"] == 300.0


def test_a_hub_that_replaces_a_dead_one_brings_what_the_meter_kept_and_the_old_one_may_still_come(world: World) -> None:
    backlog = sent(world.quarters(yesterday(), 4))
    new_hub = Hub.enrolled(world.place, world.owner, world.home, "New hub")
    new_hub.claim(world.owner, world.home, world.meter, master_key(world.stack))
    assert_stored(new_hub.ingest(backlog[:3]))
    assert_stored(world.hub.ingest(backlog))
    assert world.day(yesterday())["totals"]["import_wh"] == 400.0


def test_a_better_interval_replaces_a_poorer_one_also_when_it_comes_first(world: World) -> None:
    start_s, zero = yesterday().start_s, Registers(0, 0, 0, 0)
    good = quarter(world.meter, start_s, zero, Registers(9_000, 0, 0, 0))
    poor = quarter(world.meter, start_s, zero, Registers(5_000, 0, 0, 0), coverage_permille=100)
    world.hub.ingest(sent([good]))
    assert_stored(world.hub.ingest(sent([poor])))
    assert world.day(yesterday())["totals"]["import_wh"] == 9.0


def test_nobody_but_a_hub_may_send(world: World, stack: Stack) -> None:
    url = stack.function_url("ingest")
    body = {"v": 1, "sent_ms": 0, "items": []}
    assert requests.post(url, json=body, timeout=30).status_code == 401
    forged = {"Authorization": "Bearer not.a.token"}
    assert requests.post(url, json=body, headers=forged, timeout=30).status_code == 401
    person = {"Authorization": f"Bearer {world.owner.id_token()}"}
    answer = requests.post(url, json=body, headers=person, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (403, "hubs_only")
    assert answer.json()["message"].endswith(".")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"nonsense", 400, "malformed"),
        (b"[]", 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b'{"v": 1}', 400, "malformed"),
        (b'{"v": 2, "items": []}', 400, "malformed"),
        (b'{"v": 1, "items": {}}', 400, "malformed"),
        (json.dumps({"v": 1, "items": [0] * 2001}).encode(), 413, "too_many"),
        (gzip.compress(b" " * (3 << 20)), 413, "too_large"),
        (b" " * (3 << 20), 413, "too_large"),
        (gzip.compress(b'{"v": 1, "items": []}')[:-4], 400, "malformed"),
    ],
    ids=["empty", "text", "list", "deep", "no-items", "schema", "object", "many", "bomb", "large", "cut"],
)
def test_a_request_that_cannot_be_read_is_refused_as_a_whole(world: World, body: bytes, status: int, code: str) -> None:
    headers = {"Authorization": f"Bearer {world.hub.id_token()}", "Content-Type": "application/json"}
    answer = requests.post(world.stack.function_url("ingest"), data=body, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_member_reads_days_under_the_rules_and_a_stranger_does_not(world: World) -> None:
    world.hub.ingest(sent(world.quarters(yesterday())))
    stranger = Person.somebody(world.place)
    path = f"homes/{world.home}/days/{yesterday().day}"
    assert world.owner.expect(path)["totals"]["import_wh"] == 9600.0
    for account in (stranger, world.hub):
        with pytest.raises(Denied):
            account.get(path)


def test_a_heartbeat_is_written_seldom_and_tells_version_and_queue(world: World) -> None:
    beat: dict[str, Any] = {"type": "heartbeat", "version": "0.1.0", "queue": 7, "meters": {}}
    assert_stored(world.hub.ingest([beat]))
    first = world.stored(f"hubs/{world.hub.uid}")
    assert (first["version"], first["queue"]) == ("0.1.0", 7)
    assert_stored(world.hub.ingest([{**beat, "queue": 9}]))
    assert world.stored(f"hubs/{world.hub.uid}") == first
    assert_stored(world.hub.ingest([{**beat, "version": "0.2.0"}]))
    assert world.owner.expect(f"hubs/{world.hub.uid}")["version"] == "0.2.0"


def test_a_hub_hears_how_often_it_is_to_tell_of_itself(stack: Stack) -> None:
    for area, beat_s in (("north", 60), (None, 900)):
        world = World.made(stack, area=area)
        items = sent(world.quarters(yesterday(), 1))
        body = {"v": 1, "items": items}
        headers = {"Authorization": f"Bearer {world.hub.id_token()}"}
        answer = requests.post(stack.function_url("ingest"), json=body, headers=headers, timeout=30)
        assert answer.json()["beat_s"] == beat_s


def test_a_hub_that_lost_its_database_is_written_at_once_and_once(world: World) -> None:
    beat: dict[str, Any] = {"type": "heartbeat", "version": "0.1.0", "queue": 0, "meters": {}}
    path = f"hubs/{world.hub.uid}"
    assert_stored(world.hub.ingest([{**beat, "damaged_ms": 0}]))
    assert_stored(world.hub.ingest([{**beat, "damaged_ms": 1_790_000_100_000}]))
    told = world.stored(path)
    assert told["damaged_ms"] == 1_790_000_100_000
    assert_stored(world.hub.ingest([{**beat, "damaged_ms": 1_790_000_100_000, "queue": 5}]))
    assert world.stored(path) == told
    assert_stored(world.hub.ingest([beat]))  # the file was dealt with and removed
    assert world.owner.expect(path)["damaged_ms"] == 0


def test_a_silent_meter_is_told_to_its_area_and_the_later_signal_holds(stack: Stack) -> None:
    world = World.made(stack, area="north")
    now_ms = yesterday().start_s * 1000
    silent = {"type": "status", "meter": world.meter, "state": "silent", "since_ms": now_ms}
    assert_stored(world.hub.ingest([silent]))
    path = f"areas/north/signals/{world.meter}"
    told = world.stored(path)
    assert (told["kind"], told["ts_ms"], told["home"], told["hub"]) == ("silent", now_ms, world.home, world.hub.uid)
    assert world.owner.expect(f"meters/{world.meter}")["state"] == "silent"
    assert_stored(world.hub.ingest([{**silent, "state": "back", "since_ms": now_ms + 60_000}]))
    assert_stored(world.hub.ingest([silent]))
    assert (world.stored(path)["kind"], world.stored(path)["began_ms"]) == ("back", [now_ms])


def test_an_interruption_is_told_to_its_area(stack: Stack) -> None:
    world = World.made(stack, area="north")
    assert_stored(world.hub.ingest([event(world.meter, kind="interruption", channel="voltage", unit="mV")]))
    told = world.stored(f"areas/north/signals/{world.meter}")
    assert told["began_ms"] == told["measured_ms"] == [told["ts_ms"]]


def test_a_result_takes_its_command_off_the_downlink(world: World) -> None:
    command = {"id": 5, "expires_s": 2_000_000_000, "blob": b"sealed"}
    other = {**command, "id": 6}
    world.db.document(f"downlink/{world.meter}").update({"commands": [command, other]})
    result = {
        "type": "result",
        "v": 1,
        "meter": world.meter,
        "boot_id": 1,
        "seq": 2,
        "command_id": 5,
        "code": 0,
        "text": "ok",
    }
    assert_stored(world.hub.ingest([result, result]))
    assert [each["id"] for each in world.stored(f"downlink/{world.meter}")["commands"]] == [6]
    assert world.owner.expect(f"homes/{world.home}/jobs/command-5")["state"] == "done"


def test_a_day_reaches_its_month_by_trigger(world: World) -> None:
    day = yesterday()
    world.hub.ingest(sent(world.quarters(day)))
    month = eventually(lambda: world.owner.get(f"homes/{world.home}/months/{day.month}"))
    assert month["days"][day.day[8:]]["house_wh"] == 96 * 120.0
    assert month["totals"]["pv_wh"] == 96 * 20.0


def test_a_hub_makes_so_many_alerts_a_day_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a write and may be a push; whoever has a hub can invent as many events and silences as they like."""
    monkeypatch.setattr(alerts, "A_DAY", Limit("few", 3, limits.DAY_MS))
    functions = Functions.of(world.stack, world.hub.uid)
    made_up = [event(world.meter, channel=f"made_up_{number}", start_seq=40 + number) for number in range(5)]
    told = functions.send(made_up).get_json()["results"]
    assert told == [{"ok": True}] * 3 + [refusal("quota", "start_seq")] * 2
    assert functions.send(made_up[:1]).get_json()["results"] == [{"ok": True}], "what is there may end"
    since = functions.now_ms - 600_000
    silent = [{"type": "status", "meter": world.meter, "state": "silent", "since_ms": since + n} for n in range(3)]
    functions.send(silent)
    paths = [f"homes/{world.home}/alerts/{world.meter}-7-{40 + number}" for number in range(3)]
    assert sorted(path for path in everything(world.db) if "/alerts/" in path) == paths
    assert len(functions.tasks) == 3
