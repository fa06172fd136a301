"""Loads are shed with consent alone, for a stated time, with a record, and return one after the other."""

from __future__ import annotations

import pytest

from contract import documents
from dev.stack import Stack
from sunmeter import areas, assigning, containment, limits
from sunmeter.assigning import Claim
from sunmeter.contract.refusal import Refusal
from sunmeter.domain import shedding
from sunmeter.domain.refusals import Refused
from tests.emulator.area import Area, documents_of, last_quarter_ms, owner, power
from tests.emulator.inprocess import Killed
from tests.unit.functions.street import House, HubPlan, Street, street

pytestmark = pytest.mark.stack

HOUR_MS = 3_600_000
CUT_S = 905


def built(stack: Stack, hours_ago: int = 12) -> tuple[Area, list[House], list[HubPlan], int]:
    stack.clear()
    houses, plans = street(1, 6, 12 * 3600)
    start_ms = last_quarter_ms(hours_ago)
    return Area.built(stack, "north", houses, plans, start_ms), houses, plans, start_ms


def consents(area: Area, *homes: str, consent: bool = True) -> None:
    for home in homes:
        area.functions.call(containment.consent, owner(home), home=home, consent=consent)
    area.passes(area.functions.now_ms + 60_000)


def sheds(at: Area, shed: str = "s1", **asked: object) -> dict[str, int]:
    usual = {"area": "north", "shed": shed, "for_s": 3600, "reason": "feeder 7 is hot"}
    return at.functions.operate(containment.shed, "north", **{**usual, **asked})


def answered(area: Area, house: House, code: int = 0) -> list[bool]:
    """The meter carries out what waits for it; returns how its relay was switched."""
    waiting = area.commands(house.meter)
    for command in waiting:
        told = {"type": "result", "meter": house.meter, "command_id": command["id"], "code": code, "text": "off"}
        area.functions.hub = house.hub
        area.functions.send([told])
    return [command["args"]["on"] for command in waiting]


def relay_of(area: Area, home: str) -> dict[str, object]:
    found = area.functions.db.document(documents.home(home)).get().to_dict() or {}
    return dict(found["relay"])


def test_consent_is_the_owner_s_word_in_the_meter_s_sealed_configuration(stack: Stack) -> None:
    area, houses, _, _ = built(stack)
    meter = houses[0].meter
    before = area.config(meter)
    consents(area, "h0")
    given = area.config(meter)
    assert given == {**before, "version": given["version"], "relay": {"consent": True, "on_reset": "off"}}
    assert [command["args"] for command in area.commands(meter)] == [{"on": True, "for_s": 86_400}]
    consents(area, "h0")
    assert area.config(meter) == given, "said again, it changes nothing"
    consents(area, "h0", consent=False)
    assert area.config(meter)["relay"] == {"consent": False, "on_reset": "off"}
    assert area.config(meter)["version"] > given["version"]
    area.functions.db.document(documents.home("h0")).update({"roles": {owner("h0"): "member"}})
    with pytest.raises(Refusal):
        consents(area, "h0")


def test_who_gives_and_takes_back_consent_over_and_over_waits_for_the_next_day(stack: Stack) -> None:
    area, _, _, _ = built(stack)
    for word in range(containment.WORDS.most):
        area.functions.call(containment.consent, owner("h0"), home="h0", consent=word % 2 == 0)
    with pytest.raises(Refused, match="try_later"):
        area.functions.call(containment.consent, owner("h0"), home="h0", consent=True)
    assert relay_of(area, "h0")["consent"] is False
    area.functions.now_ms += limits.DAY_MS
    consents(area, "h0")
    assert relay_of(area, "h0")["consent"] is True


def test_nobody_s_load_is_shed_without_consent_and_none_after_it_was_withdrawn(stack: Stack) -> None:
    area, houses, _, _ = built(stack)
    with pytest.raises(Refusal) as refused:
        sheds(area)
    assert refused.value.code == "nobody_consents"
    consents(area, "h0", "h1", "h2")
    for house in houses[:3]:
        answered(area, house)
    told = sheds(area, homes=["h0", "h1", "h5"])
    assert told["homes"] == 2
    area.functions.call(containment.consent, owner("h1"), home="h1", consent=False)  # before the task runs
    area.passes(area.functions.now_ms + 1000)
    assert [[command["args"]["on"] for command in area.commands(house.meter)] for house in houses[:3]] == [
        [False],
        [],
        [],
    ]


def test_a_home_that_has_left_the_area_is_not_shed_by_its_operator_any_more(stack: Stack) -> None:
    area, houses, _, _ = built(stack)
    consents(area, "h0", "h1")
    for house in houses[:2]:
        answered(area, house)
    area.functions.db.document(documents.home("h1")).update({"area": "south"})  # the roster knows a day later
    assert sheds(area)["homes"] == 2
    area.passes(area.functions.now_ms + 1000)
    assert [[command["args"]["on"] for command in area.commands(house.meter)] for house in houses[:2]] == [[False], []]


def test_homes_without_a_meter_take_nobody_s_place_in_an_area(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    area, houses, _, _ = built(stack)
    monkeypatch.setattr(areas, "MOST_HOMES", len(houses))
    for number in range(len(houses)):
        empty = {"area": "north", "meter": None, "hub": None, "relay": None}
        area.functions.db.document(documents.home(f"a{number}")).set(empty)
    assert set(areas.refresh(area.functions.cloud, "north")["homes"]) == {house.home for house in houses}


def test_a_consent_that_is_not_checked_where_it_is_used_would_be_found_out(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    area, houses, _, _ = built(stack)
    consents(area, "h1")
    answered(area, houses[1])
    sheds(area)
    area.functions.call(containment.consent, owner("h1"), home="h1", consent=False)
    monkeypatch.setattr(containment, "_relay", _relay_unchecked)
    area.passes(area.functions.now_ms + 1000)
    assert [command["args"]["on"] for command in area.commands(houses[1].meter)] == [False]


def _relay_unchecked(transaction, home, cloud, area=None):  # type: ignore[no-untyped-def]
    relay = transaction.read(documents.home(home))["relay"]
    return cloud.now_ms(), relay, transaction.read(documents.downlink(relay["meter"]))


def test_a_shed_has_its_record_its_results_and_its_end(stack: Stack) -> None:
    area, houses, _, _ = built(stack)
    homes = [house.home for house in houses]
    consents(area, *homes)
    for house in houses:
        assert answered(area, house) == [True]
    asked_ms = area.functions.now_ms
    told = sheds(area)
    area.passes(asked_ms + 1000)
    record = documents_of(area.functions.db, "areas/north/sheds")["s1"]
    assert (record["by"], record["reason"], record["for_s"], record["homes"]) == (
        "operator",
        "feeder 7 is hot",
        3600,
        homes,
    )
    assert (record["asked_ms"], record["until_ms"]) == (asked_ms, asked_ms + HOUR_MS)
    assert [answered(area, house) for house in houses] == [[False]] * 6
    commands = documents_of(area.functions.db, "areas/north/commands").values()
    assert {(each["shed"], each["state"], each["by"]) for each in commands} == {("s1", "done", "operator")}
    area.passes(record["until_ms"] - 1)
    assert [area.commands(house.meter) for house in houses] == [[]] * 6, "nobody returns before the time is over"
    area.passes(told["back_by_ms"] + 1000)
    returned = [area.commands(house.meter)[0]["id"] for house in houses]
    assert [answered(area, house) for house in houses] == [[True]] * 6
    assert len(set(returned)) == 6
    assert max(returned) - min(returned) > HOUR_MS // 4, "spread over about as long as they were off"
    assert sheds(area)["until_ms"] == record["until_ms"], "asked again it is the same shed"


def test_two_sheds_at_once_do_not_hold_a_home_twice_and_its_power_coming_back_does_not_end_one(stack: Stack) -> None:
    area, houses, _, _ = built(stack)
    consents(area, "h0")
    answered(area, houses[0])
    sheds(area, "s1", for_s=7200)
    area.passes(area.functions.now_ms + 1000)
    answered(area, houses[0])
    sheds(area, "s2", for_s=600)
    area.passes(area.functions.now_ms + 1000)
    containment.switch({"home": "h0", "mark": "back-1"}, area.functions.cloud)
    assert area.commands(houses[0].meter) == []
    until_ms = int(relay_of(area, "h0")["shed_until_ms"])  # type: ignore[call-overload]
    area.passes(until_ms + 1)
    assert answered(area, houses[0]) == [True]


@pytest.mark.slow
def test_wherever_a_shed_dies_each_home_is_opened_once_and_closed_again(stack: Stack) -> None:
    number, cut = 0, True
    while cut:
        number += 1
        area, houses, _, _ = built(stack)
        consents(area, "h0", "h1")
        for house in houses[:2]:
            answered(area, house)
        sheds(area)
        wire, cut = area.functions.wire, False
        wire.calls, wire.cut_at = 0, number
        try:
            containment.shed_homes({"area": "north", "shed": "s1"}, area.functions.cloud)
        except Killed:
            cut = True
        wire.cut_at = None
        area.passes(area.functions.now_ms + 1000)  # Cloud Tasks tries again
        assert [answered(area, house) for house in houses[:2]] == [[False], [False]], f"call {number}"
        area.passes(area.functions.now_ms + 3 * HOUR_MS)
        assert [answered(area, house) for house in houses[:2]] == [[True], [True]], f"call {number}"


def test_a_return_that_a_task_forgot_is_found_by_the_hour(stack: Stack) -> None:
    area, houses, _, _ = built(stack)
    consents(area, "h0")
    answered(area, houses[0])
    sheds(area)
    area.passes(area.functions.now_ms + 1000)
    answered(area, houses[0])
    for key in [key for key, task in area.functions.tasks.items() if task.queue == containment.SWITCH_QUEUE]:
        del area.functions.tasks[key]
    area.passes(area.functions.now_ms + 3 * HOUR_MS)
    assert area.commands(houses[0].meter) == []
    area.reconciles()
    area.passes(area.functions.now_ms + containment.AGAIN_MS)
    assert answered(area, houses[0]) == [True]


def test_a_load_stays_on_because_its_day_is_renewed_and_one_that_failed_is_asked_again(stack: Stack) -> None:
    area, houses, _, _ = built(stack, hours_ago=40)
    consents(area, "h0")
    assert answered(area, houses[0], code=5) == [True], "the meter had not heard of the consent yet"
    area.reconciles()
    area.passes(area.functions.now_ms + containment.AGAIN_MS)
    assert answered(area, houses[0]) == [True]
    area.passes(area.functions.now_ms + shedding.RENEW_MS + 1000)
    area.reconciles()
    area.passes(area.functions.now_ms + containment.AGAIN_MS)
    assert answered(area, houses[0]) == [True]


def test_after_an_outage_the_loads_return_one_after_the_other(stack: Stack) -> None:
    area, houses, plans, start_ms = built(stack)
    homes = [house.home for house in houses]
    consents(area, *homes)
    for house in houses:
        answered(area, house)
    off_s = 2400
    faults = [power(homes, CUT_S, CUT_S + off_s)]
    area.plays(Street(houses, plans, faults, start_ms), CUT_S + off_s + 60, start_ms)
    area.passes(start_ms + (CUT_S + off_s + 5400 + 200) * 1000)
    returned_s = [(area.commands(house.meter)[0]["id"] - start_ms) / 1000 - CUT_S - off_s for house in houses]
    assert [answered(area, house) for house in houses] == [[True]] * 6
    assert min(returned_s) >= 0
    assert max(returned_s) - min(returned_s) > off_s / 4


def test_a_house_that_was_dark_alone_gets_its_load_back_at_once(stack: Stack) -> None:
    area, houses, plans, start_ms = built(stack)
    consents(area, "h3")
    answered(area, houses[3])
    area.plays(Street(houses, plans, [power(["h3"], CUT_S, CUT_S + 600)], start_ms), CUT_S + 660, start_ms)
    assert answered(area, houses[3]) == [True]


def test_a_meter_that_moves_to_another_home_leaves_the_consent_behind(stack: Stack) -> None:
    area, houses, _, _ = built(stack)
    consents(area, "h0")
    claim = Claim(houses[0].meter, "h1", houses[0].hub, from_home="h0")
    assert assigning.assign(area.functions.cloud, claim)
    assert area.config(houses[0].meter)["relay"] == {"consent": False, "on_reset": "off"}
    containment.switch({"home": "h0", "mark": "x"}, area.functions.cloud)
    containment.switch({"home": "h1", "mark": "x"}, area.functions.cloud)
    assert area.commands(houses[0].meter) == []


def test_a_meter_that_comes_back_finds_no_consent(stack: Stack) -> None:
    area, houses, _, _ = built(stack)
    consents(area, "h0")
    cloud, meter = area.functions.cloud, houses[0].meter
    cloud.store.transact(lambda transaction: assigning.release(transaction, meter, "h0", cloud.now_ms()))
    assert area.functions.db.document("homes/h0").get().get("relay") is None
    assert assigning.assign(cloud, Claim(meter, "h0", houses[0].hub))
    assert area.functions.db.document("homes/h0").get().get("relay") is None
    assert area.config(meter)["relay"]["consent"] is False


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"for_s": 59}, "out_of_range"),
        ({"for_s": 4 * 3600 + 1}, "out_of_range"),
        ({"for_s": "an hour"}, "malformed"),
        ({"reason": " "}, "out_of_range"),
        ({"homes": "h0"}, "malformed"),
        ({"homes": ["a/b"]}, "malformed"),
        ({"homes": ["h"] * 501}, "too_many"),
        ({"shed": "../x"}, "malformed"),
        ({"area": "south"}, "operators_only"),
    ],
)
def test_a_shed_that_is_wrong_is_refused_by_name_before_anything_is_kept(
    stack: Stack, changes: dict[str, object], code: str
) -> None:
    area, _, _, _ = built(stack)
    consents(area, "h0")
    with pytest.raises(Refusal) as refused:
        sheds(area, **{"shed": "s1", **changes})  # type: ignore[arg-type]
    assert refused.value.code == code
    assert documents_of(area.functions.db, "areas/north/sheds") == {}
