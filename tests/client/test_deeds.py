"""What is done a moment after it was pressed: whoever leaves meanwhile has decided, however they leave."""

import asyncio
from typing import Any

import pytest

from sunmeter_app import deeds
from sunmeter_app.problems import Problem
from sunmeter_app.room import Room
from sunmeter_app.strings import EN

from . import scenes
from .fake_backend import FakeWorld
from .fake_functions import make_home
from .tabs import SIGNED_IN, Tabs

HOME, HUB = f"homes/{scenes.HOME}", "hubs/hub-1"
AT_HOME = {**SIGNED_IN, "sunmeter.home": scenes.HOME}


async def test_what_is_under_way_is_not_undone_any_more(
    tabs: Tabs, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes.furnished(world)
    call, answered = world.functions.call, asyncio.Event()

    async def slow(name: str, payload: dict[str, Any], id_token: str) -> dict[str, Any]:
        if name == "releasemeter":
            await answered.wait()
        return await call(name, payload, id_token)

    monkeypatch.setattr(world.functions, "call", slow)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["devices.release"])
    tabs.grace.set()
    await tab.settle()
    with pytest.raises(LookupError):
        tab.button(EN["undo"])
    assert tab.button(EN["devices.release"]).disabled  # type: ignore[attr-defined]
    answered.set()
    await tab.settle()
    assert EN["devices.no_meter"] in tab.texts()


async def test_who_signs_out_has_decided(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["devices.revoke"])
    await tab.go("/account")
    assert "revokehub" not in world.functions.names()
    await tab.click(EN["account.sign_out"])
    assert world.database.documents[HUB]["revoked"]
    assert "sunmeter.sign_in" not in tab.connection.storage


@pytest.mark.parametrize("stays", [True, False])
async def test_what_fails_is_told_where_its_person_is_by_then(tabs: Tabs, world: FakeWorld, stays: bool) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["devices.revoke"])
    if not stays:
        await tab.go("/account")
    world.functions.problems["revokehub"] = Problem("unreachable")
    tabs.grace.set()
    await tab.settle()
    elsewhere = EN["not_done"].format(what=EN["devices.revoke"])
    assert ("problem" in tab.identifiers(), elsewhere in tab.texts()) == (stays, not stays)


async def test_who_signs_out_does_not_wait_for_ever_for_what_is_slow(
    tabs: Tabs, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deeds, "LEAVE_S", 0.01)
    scenes.furnished(world)
    never = asyncio.Event()
    monkeypatch.setattr(world.functions, "call", lambda *asked: never.wait())
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["devices.revoke"])
    await tab.go("/account")
    async with asyncio.timeout(5):
        await tab.click(EN["account.sign_out"])
    assert "sunmeter.sign_in" not in tab.connection.storage


async def test_what_was_undone_is_not_done_by_signing_out(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["devices.revoke"])
    await tab.click(EN["undo"])
    await tab.go("/account")
    await tab.click(EN["account.sign_out"])
    assert "revokehub" not in world.functions.names()


async def test_who_hides_a_page_that_may_end_with_it_has_decided(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["devices.release"])
    await tab.fire(tab.page, "app_lifecycle_state_change", {"state": "hide"})
    assert world.functions.names().count("releasemeter") == 1
    tabs.grace.set()
    await tab.settle()
    assert world.functions.names().count("releasemeter") == 1


async def test_who_hides_a_page_of_a_server_may_come_back_to_undo_it(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tabs.room = Room()
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    await tab.click(EN["devices.release"])
    await tab.fire(tab.page, "app_lifecycle_state_change", {"state": "hide"})
    assert "releasemeter" not in world.functions.names()
    tabs.grace.set()
    await tab.settle()
    assert "releasemeter" in world.functions.names()


async def test_who_opens_another_home_has_decided_for_the_one_before(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.database.put("homes/cottage", make_home(person.uid, "Cottage", hub=None, meter="m-0000000009"))
    tab = await tabs.open(dict(AT_HOME), route="/devices")
    await tab.click(EN["devices.release"])
    await tab.go("/account")
    await tab.click(EN["account.open"])
    tabs.grace.set()
    await tab.settle()
    assert world.database.documents[HOME]["meter"] is None
    assert world.database.documents["homes/cottage"]["meter"] == "m-0000000009"


async def test_a_meter_that_moved_from_another_home_is_not_offered_back_here(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    meter = world.database.documents[HOME]["meter"]
    world.database.put("homes/cottage", make_home(person.uid, "Cottage", hub=None, meter=None))
    world.database.put("homes/villa", make_home(person.uid, "Villa", hub=None, meter=None))
    tab = await tabs.open(dict(AT_HOME), route="/devices")
    await tab.select(EN["devices.move_to"], "villa")
    await tab.click("Move the meter to Villa")
    await tab.go("/account")
    await tab.click(EN["account.open"])
    tabs.grace.set()
    await tab.settle()
    assert world.database.documents["homes/villa"]["meter"] == meter
    await tab.go("/devices")
    assert EN["devices.no_meter"] in tab.texts()
    assert "moved" not in tab.identifiers()
