"""From what hubs tell to an outage and back, on the real Firestore emulator: late, doubled, cut off at any call."""

from __future__ import annotations

from collections import Counter

import pytest

from contract import documents
from dev.actors import Json
from dev.stack import Stack
from sunmeter import absence, devices, hubs, limits, operators
from sunmeter.contract.refusal import Refusal
from tests.emulator.area import MINUTE_MS, Area, documents_of, last_quarter_ms, power
from tests.emulator.inprocess import Killed
from tests.emulator.world import event
from tests.unit.functions.street import Fault, House, HubPlan, Post, Street, street

pytestmark = pytest.mark.stack

CUT_S = 905
HOUR_S = 3600


def built(
    stack: Stack, name: str, hubs: int = 2, homes_each: int = 4, battery_s: int | tuple[int, ...] = HOUR_S
) -> tuple[Area, list[House], list[HubPlan], int]:
    stack.clear()
    houses, plans = street(hubs, homes_each, battery_s)
    start_ms = last_quarter_ms(hours_ago=8)
    return Area.built(stack, name, houses, plans, start_ms), houses, plans, start_ms


def names(houses: list[House]) -> list[str]:
    return [house.home for house in houses]


def test_a_street_s_outage_opens_is_told_grows_empty_and_keeps_its_record(stack: Stack) -> None:
    area, houses, plans, start_ms = built(stack, "north")
    area.functions.call(devices.register, "owner-of-h2", device="phone", token="phone-of-h2", platform="web")
    faults = [power(names(houses), CUT_S, CUT_S + 900)]
    area.plays(Street(houses, plans, faults, start_ms), CUT_S + 60, start_ms)
    (outage,) = area.outages()
    assert (outage["says"], outage["end_ms"]) == ("likely", None)
    assert outage["extent"] == {"homes": 8, "of": 8, "dark": 8, "hubs": ["hub0", "hub1"]}
    area.functions.run_pushes()
    assert [(notice.token, notice.title) for notice in area.functions.told] == [("phone-of-h2", "Power outage")]
    area = replayed(stack, "north", faults, CUT_S + HOUR_S)
    (outage,) = area.outages()
    assert (outage["says"], Counter(member["state"] for member in outage["homes"].values())) == (
        "confirmed",
        {"back": 8},
    )
    assert outage["end_ms"] - outage["start_ms"] == pytest.approx(900_000, abs=60_000)
    for house in houses:
        (alert,) = area.alerts(house.home)
        assert alert["end_ms"] == outage["homes"][house.home]["to_ms"]
        assert [each["push"] for each in area.alerts(house.home, "silent")] == ["none"]
        assert area.signal(house.meter)["says"] == "power"


def replayed(stack: Stack, name: str, faults: list[Fault], until_s: int, *, doubled: bool = False) -> Area:
    area, houses, plans, start_ms = built(stack, name)
    area.doubled = doubled
    area.plays(Street(houses, plans, faults, start_ms), until_s, start_ms)
    return area


def measured_dark(stack: Stack) -> tuple[Area, list[House], int]:
    """A calm street, every phone of which is known; the first house's meter measures that the mains is gone."""
    area, houses, _, start_ms = built(stack, "north", hubs=1, homes_each=3)
    for house in houses:
        area.functions.call(
            devices.register, f"owner-of-{house.home}", device="phone", token=house.home, platform="web"
        )
    now_ms = area.functions.now_ms = start_ms + CUT_S * 1000
    area.functions.send([event(houses[0].meter, kind="interruption", ts_ms=now_ms, channel="voltage", unit="mV")])
    return area, houses, now_ms


def falls_silent(area: Area, houses: list[House], since_ms: int) -> None:
    area.functions.send({"type": "status", "meter": h.meter, "state": "silent", "since_ms": since_ms} for h in houses)
    area.passes(area.functions.now_ms + 20_000)
    area.functions.run_pushes()


def rung(area: Area, home: str) -> list[str]:
    return [notice.title for notice in area.functions.told if notice.token == home]


def test_who_hears_of_the_street_s_outage_does_not_hear_of_the_meter_s_interruption_too(stack: Stack) -> None:
    area, houses, now_ms = measured_dark(stack)
    area.functions.run_pushes()
    assert rung(area, "h0") == []  # in an area it waits for what the others tell
    area.functions.now_ms += 30_000
    falls_silent(area, houses, now_ms)
    area.functions.now_ms += 120_000
    area.functions.run_pushes()
    assert [rung(area, house.home) for house in houses] == [["Power outage"]] * 3
    (part,) = area.alerts("h0", "interruption")
    assert (part["push"], part["due_ms"], part["part_of"].split("-")[0]) == ("none", None, "outage")


def test_who_was_told_of_the_interruption_before_is_not_woken_by_the_outage(stack: Stack) -> None:
    area, houses, now_ms = measured_dark(stack)
    area.functions.now_ms += 61_000
    area.functions.run_pushes()
    assert rung(area, "h0") == ["Mains power was interrupted"]  # a house alone
    falls_silent(area, houses, now_ms)
    assert [rung(area, house.home) for house in houses] == [
        ["Mains power was interrupted"],
        ["Power outage"],
        ["Power outage"],
    ]
    ((alert,), (part,)) = area.alerts("h0"), area.alerts("h0", "interruption")
    assert (alert["push"], part["push"]) == ("none", "sent")
    assert part["part_of"]


def test_an_interruption_during_an_outage_is_part_of_it(stack: Stack) -> None:
    area, houses, now_ms = measured_dark(stack)
    area.functions.now_ms += 30_000
    falls_silent(area, houses, now_ms)
    area.functions.now_ms += 20 * MINUTE_MS
    again: Json = {"ts_ms": area.functions.now_ms, "seq": 90, "start_seq": 90}
    area.functions.send([event(houses[1].meter, kind="interruption", channel="voltage", unit="mV", **again)])
    area.functions.now_ms += 2 * MINUTE_MS
    area.functions.run_pushes()
    assert rung(area, "h1") == ["Power outage"]


def test_tasks_that_run_twice_change_nothing(stack: Stack) -> None:
    houses, _ = street(2, 4)
    faults = [power(names(houses)[:5], CUT_S, CUT_S + 600)]
    once = replayed(stack, "north", faults, CUT_S + HOUR_S)
    known = (once.outages(), {house.home: once.alerts(house.home) for house in houses})
    twice = replayed(stack, "north", faults, CUT_S + HOUR_S, doubled=True)
    again = (twice.outages(), {house.home: twice.alerts(house.home) for house in houses})
    for each in (*known[1].values(), *again[1].values()):
        for alert in each:
            alert.pop("created")
    assert again == known


def test_a_dead_hub_s_homes_join_what_its_neighbour_tells_and_the_hub_is_no_news_beside_it(stack: Stack) -> None:
    area, houses, plans, start_ms = built(stack, "north", battery_s=(HOUR_S, 0))
    area.plays(Street(houses, plans, [power(names(houses), CUT_S)], start_ms), CUT_S + 160, start_ms)
    (outage,) = area.outages()
    assert Counter(member["state"] for member in outage["homes"].values()) == {"dark": 4, "unheard": 4}
    assert area.signal("hub1")["says"] == "outage"
    assert [alert["push"] for alert in area.alerts("h5", "hub_silent")] == ["none"]
    assert [alert["push"] for alert in area.alerts("h5")] == ["pending"]


def test_two_hubs_that_do_not_answer_are_suspected_and_one_alone_is_not(stack: Stack) -> None:
    area, houses, plans, start_ms = built(stack, "north", hubs=3, homes_each=3, battery_s=0)
    late_s = CUT_S + 3600 + 200  # a hub of three writes once an hour
    area.plays(Street(houses, plans, [power(["h0"], CUT_S)], start_ms), late_s, start_ms)
    assert area.outages() == []
    assert area.signal("hub0")["says"] == "hub_or_line"
    assert [alert["push"] for alert in area.alerts("h1", "hub_silent")] == ["pending"]
    area, houses, plans, start_ms = built(stack, "north", hubs=3, homes_each=3, battery_s=0)
    area.plays(Street(houses, plans, [power(["h0", "h3"], CUT_S)], start_ms), late_s, start_ms)
    (outage,) = area.outages()
    assert (outage["says"], set(outage["homes"])) == ("suspected", {"h0", "h1", "h2", "h3", "h4", "h5"})
    assert {alert["channel"] for alert in area.alerts("h4")} == {"outage_suspected"}


def test_a_line_that_was_cut_is_told_from_a_hub_that_was_dead(stack: Stack) -> None:
    area, houses, plans, start_ms = built(stack, "north", hubs=2, homes_each=3, battery_s=0)
    faults = [Fault("line", frozenset({"hub0"}), CUT_S, CUT_S + 2 * HOUR_S)]
    area.plays(Street(houses, plans, faults, start_ms), CUT_S + 3 * HOUR_S, start_ms)
    assert (area.outages(), area.signal("hub0")["says"]) == ([], "line")


@pytest.mark.slow
def test_wherever_the_area_s_task_dies_each_home_has_one_alert_and_none_is_lost(stack: Stack) -> None:
    """Killed at each call it makes, before and after its effect; what asked for it is stored, so it is asked again."""
    houses, plans = street(1, 3, HOUR_S)
    start_ms, lost = last_quarter_ms(hours_ago=8), 0
    posts = list(Street(houses, plans, [power(names(houses), CUT_S)], start_ms).play(CUT_S + 45))
    number, cut = 0, True
    while cut:
        number += 1
        cut = False
        for after in (False, True):
            stack.clear()
            area = Area.built(stack, "north", houses, plans, start_ms)
            for post in posts:
                area.hears(post)
            wire = area.functions.wire
            wire.calls, wire.cut_at, wire.cut_after = 0, number, after
            try:
                absence.watch_area({"area": "north"}, area.functions.cloud)
            except Killed:
                cut = True
            wire.cut_at = None
            lost += any(not area.alerts(house.home) for house in houses)
            absence.watch_area({"area": "north"}, area.functions.cloud)  # Cloud Tasks tries again
            assert [len(area.alerts(house.home)) for house in houses] == [1, 1, 1], f"call {number}"
            (outage,) = area.outages()
            assert {member["told"] for member in outage["homes"].values()} == {"1-on-"}
    assert lost, "without the second try some would be missing"


def test_a_look_that_a_task_forgot_is_taken_by_the_minute(stack: Stack) -> None:
    area, houses, plans, start_ms = built(stack, "north")
    area.plays(Street(houses, plans, [power(names(houses), CUT_S, CUT_S + 300)], start_ms), CUT_S + 420, start_ms)
    assert area.outages()[0]["end_ms"] is None
    area.functions.tasks.clear()
    reads = area.functions.wire.reads
    absence.watch(area.functions.cloud)
    assert area.functions.wire.reads == reads + 2, "nothing is due: a read for hubs, and one for outages"
    area.functions.now_ms += 3 * MINUTE_MS
    absence.watch(area.functions.cloud)
    assert area.outages()[0]["end_ms"] is not None


def test_a_calm_hour_of_an_area_writes_nothing_but_heartbeats(stack: Stack) -> None:
    area, houses, plans, start_ms = built(stack, "north", hubs=1, homes_each=10)
    calm = Street(houses, plans, (), start_ms)
    area.plays(calm, 1200, start_ms)
    before = area.functions.wire.writes
    area.plays(Street(houses, plans, (), start_ms + 1_200_000), HOUR_S, start_ms + 1_200_000)
    assert area.functions.wire.writes - before <= HOUR_S * 1000 // (18 * MINUTE_MS) + 1


def test_a_signal_that_is_told_again_is_not_written_again(stack: Stack) -> None:
    area, houses, _, start_ms = built(stack, "north")
    area.functions.now_ms = start_ms + 60_000
    told = {"type": "status", "meter": houses[0].meter, "state": "silent", "since_ms": start_ms + 30_000}
    area.functions.send([told])
    before = area.functions.wire.writes
    for _ in range(3):
        area.functions.send([told])
    assert area.functions.wire.writes == before


def test_a_hub_whose_meters_come_and_go_has_its_area_listed_so_often_a_day_and_no_more(stack: Stack) -> None:
    area, houses, _, start_ms = built(stack, "north", hubs=1)
    meters = [house.meter for house in houses]

    def beats(first_ms: int, number: int) -> int:
        area.functions.tasks.clear()
        for beat in range(number):
            told = ("beat", tuple(meters[: 1 + beat % 2]))
            area.hears(Post(first_ms + beat * MINUTE_MS, houses[0].hub, words=(told,)))
        return sum(task.data.get("refresh", False) for task in area.functions.tasks.values())

    assert beats(start_ms, hubs.MOVES.most + 4) == hubs.MOVES.most
    assert beats(start_ms + limits.DAY_MS + MINUTE_MS, 3) == 3


# --- commands ----------------------------------------------------------------------------------------------------


def test_an_operator_s_command_is_sealed_carried_and_answered_with_who_and_why(stack: Stack) -> None:
    area, houses, _, _ = built(stack, "north")
    functions, meter = area.functions, houses[0].meter
    asked = {"area": "north", "meter": meter, "name": "ping", "reason": "it does not answer"}
    told = functions.operate(operators.command, "north", **asked)
    (command,) = area.commands(meter)
    assert (command["name"], f"{meter}-{command['id']}") == ("ping", told["command"])
    functions.send([{"type": "result", "meter": meter, "command_id": command["id"], "code": 0, "text": "pong"}])
    record = documents_of(functions.db, "areas/north/commands")[told["command"]]
    assert (record["by"], record["reason"], record["home"]) == ("operator", "it does not answer", "h0")
    assert (record["state"], record["text"]) == ("done", "pong")
    assert area.commands(meter) == []


@pytest.mark.parametrize(
    ("operates", "changes", "code"),
    [
        ("south", {}, "operators_only"),
        ("south", {"area": "south"}, "no_such_meter"),
        ("north", {"meter": "m-zzzzzzzzzz"}, "no_such_meter"),
        ("north", {"name": "relay"}, "out_of_range"),
        ("north", {"name": "calibrate"}, "out_of_range"),
        ("north", {"reason": ""}, "out_of_range"),
        ("north", {"area": "../homes"}, "malformed"),
    ],
)
def test_an_operator_commands_no_other_area_and_nothing_that_is_the_owner_s(
    stack: Stack, operates: str, changes: dict[str, str], code: str
) -> None:
    area, houses, _, _ = built(stack, "north", homes_each=1)
    asked = {"area": "north", "meter": houses[0].meter, "name": "reboot", "reason": "stuck", **changes}
    with pytest.raises(Refusal) as refused:
        area.functions.operate(operators.command, operates, **asked)
    assert refused.value.code == code
    assert area.commands(houses[0].meter) == []


def test_the_roster_follows_homes_that_come_and_go(stack: Stack) -> None:
    area, houses, _, start_ms = built(stack, "north")
    db = area.functions.db
    assert set(db.document(documents.area("north")).get().get("homes")) == set(names(houses))
    assert db.document(documents.hub("hub1")).get().get("areas") == ["north"]
    for house in houses[4:]:
        db.document(documents.home(house.home)).update({"area": None})
    area.functions.now_ms = start_ms + 25 * HOUR_S * 1000
    area.looked_ms = area.functions.now_ms
    area.reconciles()
    area.passes(area.functions.now_ms + 2 * MINUTE_MS)
    assert set(db.document(documents.area("north")).get().get("homes")) == set(names(houses[:4]))
    assert db.document(documents.hub("hub1")).get().get("areas") == []
