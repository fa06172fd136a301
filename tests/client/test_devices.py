"""Meter and hub: health, versions, calibration, what they may show or switch."""

import pytest

from sunmeter_app.model import typed
from sunmeter_app.model.device import hub_from, outcomes_from
from sunmeter_app.problems import Problem
from sunmeter_app.strings import EN

from . import scenes
from .fake_backend import FakeWorld
from .fake_functions import make_home
from .tabs import SIGNED_IN, Tabs

CLAMPS = {"grid": {"input": 2, "sign": 1}, "pv": {"input": 1, "sign": -1}}


def test_a_time_of_day_is_read_to_the_minute() -> None:
    assert typed.clock("12:07", "at") == 727
    for wrong in ("24:00", "12:60", "noon", ""):
        with pytest.raises(Problem, match="clock:at"):
            typed.clock(wrong, "at")


def test_a_hub_that_is_not_heard_for_hours_is_late() -> None:
    hub = hub_from("hubs/h", {"last_ms": 1_000_000, "queue": 2})
    assert hub is not None
    assert not hub.is_late(1_000_000 + 3 * 3_600_000)
    assert hub.is_late(1_000_001 + 3 * 3_600_000)
    silent = hub_from("hubs/h", {"last_ms": 1_000_000, "silent_ms": 5})
    assert silent is not None
    assert silent.is_late(1_000_000)


def test_an_answer_that_is_no_json_is_shown_as_it_is() -> None:
    (outcome,) = outcomes_from({"jobs/command-1": {"state": "done", "text": "pong", "finished": 1}})
    assert (outcome.step, outcome.text, outcome.fix) == ("", "pong", None)


async def test_meter_and_hub_tell_how_they_are(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    texts = tab.texts()
    assert {"m-0123456789", "on", "12", "1.4.0", "sunhub"} <= set(texts)
    assert texts.count(EN["devices.never"]) == 1  # calibrated
    world.database.change("hubs/hub-1", silent_ms=5, damaged_ms=9)
    await tab.settle()
    notices = [text for text in tab.texts() if text in (EN["devices.hub_late"], EN["devices.damaged"])]
    assert len(notices) == 2


async def test_a_hub_of_another_account_is_not_shown_and_says_why(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    world.database.change("hubs/hub-1", owner="uid-99")
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    assert EN["devices.hub_hidden"] in tab.texts()
    assert "sunhub" not in tab.texts()


async def test_an_update_says_which_version_and_what_went_wrong(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    for version, problem in (("new", "version"), ("41", "no_such_release")):
        await tab.type(EN["devices.version"], version)
        await tab.click(EN["devices.update"])
        assert tab.words("problem") == EN[f"problem.{problem}"]
    await tab.type(EN["devices.version"], "13")
    await tab.click(EN["devices.update"])
    assert world.functions.calls[-1] == ("rolloutfirmware", {"home": scenes.HOME, "version": 13})
    assert tab.words("firmware-offered") == EN["devices.offered"].format(version=13)


async def test_an_update_without_a_version_is_to_the_newest(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["devices.update"])
    assert world.functions.calls[-1] == ("rolloutfirmware", {"home": scenes.HOME})
    assert tab.words("firmware-offered") == EN["devices.offered"].format(version=14)


async def test_consent_is_given_and_a_page_code_is_told_once(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.switch(EN["devices.consent"], True)
    assert world.functions.calls[-1] == ("consentshed", {"home": scenes.HOME, "consent": True})
    await tab.switch(EN["devices.page"], True)
    assert tab.words("command") == "W3RT-9KLM"
    await tab.click(EN["devices.page_another"])
    assert world.functions.calls[-1] == ("sharelocally", {"home": scenes.HOME, "page": True})
    await tab.switch(EN["devices.page"], False)
    assert "command" not in tab.identifiers()
    assert EN["devices.page_another"] not in tab.texts()


async def test_what_is_shared_in_the_house_is_seen_by_a_later_visit(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    assert tab.is_on(EN["devices.mqtt"])
    await tab.switch(EN["devices.mqtt"], False)
    await tab.switch(EN["devices.page"], True)
    assert world.functions.calls[-2] == ("sharelocally", {"home": scenes.HOME, "mqtt": False})
    again = await tabs.open(dict(SIGNED_IN), route="/devices")
    assert not again.is_on(EN["devices.mqtt"])
    assert again.is_on(EN["devices.page"])
    assert "command" not in again.identifiers()


async def test_a_meter_is_released_after_a_while(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["devices.release"])
    assert "releasemeter" not in world.functions.names()
    tabs.grace.set()
    await tab.settle()
    assert EN["devices.no_meter"] in tab.texts()


async def test_the_wizard_leads_from_zero_to_the_clamps_and_mends_them_by_a_tap(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices/calibration")
    await tab.click(EN["calibrate.measure"])
    assert tab.words("calibration") == EN["calibrate.measuring"]
    world.functions.answers(scenes.HOME, step="zero", verdict="refused", reason="load_1")
    await tab.settle()
    assert tab.words("calibration") == f"Zero: refused\n{EN['calibrate.reason_load_1']}"

    await tab.click(EN["calibrate.next"])
    assert "calibration" not in tab.identifiers()
    await tab.type(EN["calibrate.reference_voltage"], "many")
    await tab.click(EN["calibrate.measure"])
    assert tab.words("problem") == EN["problem.number"]
    await tab.type(EN["calibrate.reference_voltage"], "230,4")
    await tab.click(EN["calibrate.measure"])
    assert world.functions.calls[-1][1] == {"home": scenes.HOME, "step": "voltage", "mv": 230_400}
    world.functions.answers(scenes.HOME, step="voltage", verdict="good", ratio_ppm=1_012_300, residual_ppm=210)
    await tab.settle()
    assert tab.words("calibration") == "Voltage: good\ncorrection 1.23 % · residual 0.021 %"

    await tab.click(EN["calibrate.next"])
    await tab.choose("pv")
    await tab.type(EN["calibrate.reference_current"], "1995")
    await tab.click(EN["calibrate.measure"])
    asked = {"home": scenes.HOME, "step": "current", "channel": "pv", "mw": 1_995_000}
    assert world.functions.calls[-1][1] == asked
    await tab.click(EN["calibrate.next"])
    await tab.click(EN["calibrate.next"])
    await tab.click(EN["calibrate.measure"])
    world.functions.answers(
        scenes.HOME, step="clamps", verdict="poor", va=1990, grid="right", pv="reversed", set=CLAMPS
    )
    await tab.settle()
    assert "Solar: the wrong way round" in tab.words("calibration")
    await tab.click(EN["calibrate.fix"])
    assert world.functions.calls[-1][1] == {"home": scenes.HOME, "step": "clamps", "set": CLAMPS}


async def test_two_readings_of_the_utilitys_meter_correct_ours(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices/calibration")
    await tab.type("Date 1", "2026-05-01")
    await tab.type("Import 1 [kWh]", "12345.6")
    await tab.click(EN["bill.fit"])
    assert tab.words("problem") == EN["problem.two_readings"]
    await tab.type("Date 2", "2026-06-10")
    await tab.type("Time 2", "18:30")
    await tab.type("Import 2 [kWh]", "12 745")
    await tab.click(EN["bill.fit"])
    readings = world.functions.calls[-1][1]["readings"]
    assert [each["import_wh"] for each in readings] == [12_345_600, 12_745_000]
    assert readings[1]["at_ms"] == 1_781_109_000_000  # 18:30 in Paris
    assert tab.words("bill-fit") == EN["bill.verdict_proposed"]
    assert "3.10 % ± 0.40 %" in tab.texts()
    await tab.click(EN["bill.apply"])
    assert tab.words("bill-fit") == EN["bill.verdict_applied"]


async def test_a_member_sees_the_devices_but_has_nothing_to_press(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.database.change(f"homes/{scenes.HOME}", roles={person.uid: "member"})
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    with pytest.raises(LookupError):
        tab.button(EN["devices.calibrate"])
    await tab.go("/devices/calibration")
    assert EN["home.owner_sets_up"] in tab.texts()


async def test_a_hub_is_offered_serves_a_neighbour_and_stops(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["neighbours.host_show"])
    assert tab.words("command") == "N8BR-H00D"
    for code, problem in (("K7QM", "neighbour_code"), ("AAAA-AAAA", "wrong_neighbour_code")):
        await tab.type(EN["neighbours.typed"], code)
        await tab.click(EN["neighbours.accept"])
        assert tab.words("problem") == EN[f"problem.{problem}"]
    await tab.type(EN["neighbours.typed"], "k7qm-2xrd")
    await tab.click(EN["neighbours.accept"])
    assert "Next door" in tab.texts()
    tabs.grace.set()
    await tab.click("Stop serving Next door")
    assert "Next door" not in tab.texts()


async def test_a_home_asks_for_a_neighbours_hub(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    world.database.change(f"homes/{scenes.HOME}", hub=None)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["neighbours.guest_show"])
    assert tab.words("command") == "A5K4-HUB2"
    await tab.type(EN["neighbours.typed"], "N8BR-H00D")
    await tab.click(EN["neighbours.accept"])
    assert world.functions.calls[-1] == ("accepthub", {"home": scenes.HOME, "code": "N8BRH00D"})


async def test_a_meter_moves_to_another_home_of_mine_and_back(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    meter = world.database.documents[f"homes/{scenes.HOME}"]["meter"]
    world.database.put("homes/cottage", make_home(person.uid, "Cottage", meter="m-0000000009"))
    tab = await tabs.open({**SIGNED_IN, "sunmeter.home": scenes.HOME}, route="/devices")
    await tab.click("Move the meter to Cottage")
    assert tab.words("soon").endswith("The meter that is there now (m-0000000009) is released.")
    tabs.grace.set()
    await tab.settle()
    assert world.database.documents["homes/cottage"]["meter"] == meter
    assert tab.words("moved") == "The meter belongs to Cottage now."
    await tab.click(EN["devices.move_back"])
    assert world.database.documents[f"homes/{scenes.HOME}"]["meter"] == meter
    assert "moved" not in tab.identifiers()


async def test_a_meter_moves_where_it_was_said_though_another_home_comes_first_by_now(
    tabs: Tabs, world: FakeWorld
) -> None:
    person = scenes.furnished(world)
    meter = world.database.documents[f"homes/{scenes.HOME}"]["meter"]
    world.database.put("homes/cottage", make_home(person.uid, "Cottage", meter=None))
    tab = await tabs.open({**SIGNED_IN, "sunmeter.home": scenes.HOME}, route="/devices")
    await tab.click("Move the meter to Cottage")
    told = tab.words("soon")
    world.database.put("homes/attic", make_home(person.uid, "Attic", meter=None))
    await tab.settle()
    assert tab.words("soon") == told
    tabs.grace.set()
    await tab.settle()
    assert world.database.documents["homes/cottage"]["meter"] == meter


async def test_a_meter_is_moved_only_to_homes_that_are_ones_own(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    guest = {**make_home("uid-9", "Theirs"), "roles": {"uid-9": "owner", person.uid: "member"}}
    world.database.put("homes/theirs", {**guest, "member_uids": ["uid-9", person.uid]})
    tab = await tabs.open({**SIGNED_IN, "sunmeter.home": scenes.HOME}, route="/devices")
    assert EN["devices.calibrate"] in str([getattr(each, "content", "") for each in tab.controls()])
    with pytest.raises(LookupError):
        tab.button("Move the meter to Theirs")
