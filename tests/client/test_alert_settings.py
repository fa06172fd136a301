"""What a person wants to hear of, how and when; and loads that a household knows."""

from typing import Any

import pytest

from sunmeter_app.strings import EN

from . import scenes
from .fake_backend import FakeWorld
from .tabs import SIGNED_IN, Tabs

USER = "users/uid-1"
LOAD = "m-0123456789-77-4021"


def _profile(world: FakeWorld) -> Any:
    return world.database.documents[USER]


async def test_a_kind_is_muted_and_told_again_without_losing_the_rest(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    world.database.put(USER, {"name": "Lea", "locale": "en", "mutes": {"swell": 1}})
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts/settings")
    await tab.switch(EN["settings.tell"], False, of=EN["alert.sag"])
    assert _profile(world) == {"name": "Lea", "locale": "en", "mutes": {"swell": 1, "sag": None}}
    await tab.switch(EN["settings.tell"], True, of=EN["alert.sag"])
    assert _profile(world)["mutes"] == {"swell": 1}


async def test_a_mail_tells_of_a_kind_too(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts/settings")
    await tab.switch(EN["settings.mail"], True, of=EN["alert.outage"])
    await tab.switch(EN["settings.push"], False)
    assert _profile(world) == {"channels": {"push": False, "mail": ["outage"]}}


async def test_quiet_hours_are_set_checked_and_ended(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts/settings")
    assert tab.words("quiet") == EN["settings.quiet_none"]
    for begins, problem in (("22", "clock"), ("07:00", "quiet")):
        await tab.type(EN["settings.from"], begins)
        await tab.click(EN["settings.quiet_save"])
        assert tab.words("problem") == EN[f"problem.{problem}"]
    await tab.type(EN["settings.from"], "22:30")
    await tab.click(EN["settings.quiet_save"])
    assert _profile(world) == {"quiet": {"from_min": 1350, "to_min": 420}}
    assert tab.words("quiet") == "Quiet from 22:30 to 07:00."
    await tab.click(EN["settings.quiet_end"])
    assert _profile(world) == {"quiet": None}


async def test_a_test_push_says_how_many_devices_it_reached(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts/settings")
    await tab.click(EN["settings.test"])
    assert tab.words("test-push") == "Sent to 2 devices, 1 could not be reached."


async def test_what_the_rules_refuse_is_told(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts/settings")
    world.sources[-1].may_write = False
    await tab.switch(EN["settings.push"], False)
    assert tab.words("problem") == EN["problem.not_allowed"]


async def test_a_known_load_is_hushed_for_a_week_and_told_again(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    await tab.click(EN["settings.know"])
    until_ms = int(scenes.NOW_S * 1000) + 7 * 86_400_000
    asked = {"home": scenes.HOME, "alert": LOAD, "until_ms": until_ms}
    assert world.functions.calls[-1] == ("muteload", asked)
    assert EN["settings.known"] in tab.texts()
    await tab.click(EN["settings.unknow"])
    assert EN["settings.known"] not in tab.texts()


async def test_a_viewer_cannot_say_that_a_load_is_known(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.database.change(f"homes/{scenes.HOME}", roles={person.uid: "viewer"})
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    with pytest.raises(LookupError):
        tab.button(EN["settings.know"])
