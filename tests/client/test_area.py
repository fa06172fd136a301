"""The neighbourhood, for its operators."""

import asyncio

import pytest

from sunmeter_app.strings import EN
from sunmeter_app.visit import Visit

from . import scenes
from .fake_backend import FakeBrowser, FakeWorld
from .recording import RecordedApp
from .tabs import SIGNED_IN, Tabs


async def _opened(tabs: Tabs, world: FakeWorld) -> RecordedApp:
    scenes.operated(world)
    return await tabs.open(dict(SIGNED_IN), route="/area")


async def test_an_operator_sees_outages_open_and_close(tabs: Tabs, world: FakeWorld) -> None:
    tab = await _opened(tabs, world)
    assert tab.words("outage-o1") == "Likely. Since 11:54. 2 dark now, 2 were, of 3 homes"
    assert tab.words("outage-o2").startswith("Confirmed by meters. From yesterday 07:24, 48 min.")
    assert tab.words("area-open") == "Outages going on: 1"
    extent = {"homes": 2, "of": 3, "dark": 0}
    world.database.change("areas/north/outages/o1", end_ms=int(scenes.NOW_S * 1000), says="confirmed", extent=extent)
    await tab.settle()
    assert tab.words("area-open") == "Outages going on: 0"
    assert tab.words("outage-o1").startswith("Confirmed by meters. From 11:54, 90 min.")


async def test_silent_devices_and_hubs_are_named_with_what_they_lost(tabs: Tabs, world: FakeWorld) -> None:
    tab = await _opened(tabs, world)
    assert tab.words("area-silent") == "Silent: 1"
    texts = tab.texts()
    assert {"m-0000000002", EN["area.lost_outage"], "corner", "sunhub"} <= set(texts)
    assert "m-0000000003" not in texts
    assert texts.index("corner") < texts.index("sunhub")  # who is silent comes first


async def test_another_area_is_shown_without_a_trace_of_the_first(tabs: Tabs, world: FakeWorld) -> None:
    tab = await _opened(tabs, world)
    await tab.choose("south")
    assert tab.words("area-homes") == "Homes: 0"
    assert "corner" not in tab.texts()
    assert not any("north" in path or path.startswith("hubs/hub-2") for path in world.database.watching)


async def test_a_hub_that_may_not_be_read_yet_is_tried_again(world: FakeWorld) -> None:
    """Its document names the area a moment after the roster names it."""
    scenes.operated(world)
    world.database.change("hubs/hub-2", areas=[])
    tried: list[asyncio.Event] = []

    async def sleep(_: float) -> None:
        tried.append(asyncio.Event())
        await tried[-1].wait()

    visit = Visit(world.backend, FakeBrowser(**SIGNED_IN), lambda route: None, world.now_s, sleep)
    await visit.start("/area")
    await _settle()
    assert set(visit.state.neighbourhood.hubs) == {"hub-1"}
    world.database.change("hubs/hub-2", areas=["north"])
    for each in tried:
        each.set()
    await _settle()
    assert set(visit.state.neighbourhood.hubs) == {"hub-1", "hub-2"}
    await visit.close()


async def _settle() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


async def test_a_command_needs_a_reason_and_stands_in_the_record(tabs: Tabs, world: FakeWorld) -> None:
    tab = await _opened(tabs, world)
    await tab.choose("reboot")
    await tab.click(EN["area.send"])
    assert tab.words("problem") == EN["problem.reason"]
    await tab.type(EN["area.reason"], "does not answer")
    await tab.click(EN["area.send"])
    asked = {"area": "north", "meter": "m-0000000001", "name": "reboot", "reason": "does not answer"}
    assert world.functions.calls[-1] == ("commandmeter", asked)
    assert "Restart · m-0000000001" in tab.texts()


async def test_loads_are_switched_off_only_when_asked_twice(tabs: Tabs, world: FakeWorld) -> None:
    tab = await _opened(tabs, world)
    assert "Homes that consent to their load being switched off: 1" in tab.texts()
    await tab.type(EN["area.minutes"], "500")
    await tab.type(EN["area.shed_reason"], "transformer too hot")
    await tab.click(EN["area.shed"])
    await tab.click(EN["area.shed_yes"])
    assert tab.words("problem") == EN["problem.minutes"]
    await tab.type(EN["area.minutes"], "30")
    await tab.click(EN["area.shed_yes"])
    name, asked = world.functions.calls[-1]
    assert (name, asked["for_s"], asked["reason"]) == ("shedload", 1800, "transformer too hot")
    assert "All back by 14:24" in tab.texts()


async def test_who_operates_nothing_sees_their_account_and_reads_nothing(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/area")
    assert scenes.EMAIL in tab.texts()
    assert not any(path.startswith("areas/") for path in world.database.watching)
    assert EN["area.title"] not in tab.texts()


async def test_an_operator_without_a_home_finds_the_neighbourhood(tabs: Tabs, world: FakeWorld) -> None:
    scenes.operated(world)
    world.database.change(f"homes/{scenes.HOME}", member_uids=[], roles={})
    tab = await tabs.open(dict(SIGNED_IN))
    assert tab.words("set-up-step") == "Step 1 of 6: Home"
    await tab.click(EN["area.title"])
    await tab.go("/area")
    assert tab.words("area-homes") == "Homes: 3"
    with pytest.raises(LookupError):
        tab.words("live-grid-w")
