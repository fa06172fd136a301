"""The set-up: what is done by what is there, what may come later, and whether the clamps can be right."""

import dataclasses
import json
from typing import Any

import pytest

from sunmeter_app.contract import documents
from sunmeter_app.model.clamps import Clamps, Sense, judge
from sunmeter_app.model.home import home_from
from sunmeter_app.model.live import reading_from
from sunmeter_app.model.set_up import DONE, passed_from, passed_written, step_left, step_of
from sunmeter_app.problems import Problem
from sunmeter_app.strings import EN

from . import scenes
from .fake_backend import FakeRegistrar, FakeWorld
from .fake_functions import make_home
from .recording import RecordedApp
from .tabs import SIGNED_IN, Tabs

RIGHT, REVERSED, IDLE, UNSURE, ABSENT = Sense
SUBSCRIPTION = {"endpoint": "https://push.example/1", "keys": {"auth": "a", "p256dh": "p"}}


def a_home(uid: str = "uid-1", **changes: Any) -> Any:
    return home_from("homes/h", {**make_home("uid-1"), **changes}, uid)


# --- how far it is ---------------------------------------------------------------------------------------------------


def test_a_step_is_done_by_what_is_there_or_because_it_was_passed() -> None:
    assert step_of(None, (), False) == "home"
    assert step_of(a_home(hub=None, meter=None), ("clamps",), True) == "hub"
    assert step_of(a_home(meter=None), (), False) == "meter"
    assert step_of(a_home(), (), True) == "clamps"
    assert step_of(a_home(), ("clamps",), True) == "tariff"
    assert step_of(a_home(tariffs=["2026-02-01"]), ("clamps",), False) == "push"
    assert step_of(a_home(tariffs=["2026-02-01"]), ("clamps",), True) == DONE
    assert step_of(a_home(), ("clamps", "tariff", "push"), False) == DONE


def test_only_what_was_begun_here_by_an_owner_is_left() -> None:
    assert step_left(a_home(), {}, False) is None
    assert step_left(a_home(), {"h": ("clamps",)}, False) == "tariff"
    assert step_left(a_home(), {"other": ()}, False) is None
    assert step_left(a_home(roles={"uid-1": "member"}), {"h": ()}, False) is None
    assert step_left(a_home(), {"h": ("clamps", "tariff", "push")}, False) is None


@pytest.mark.parametrize(
    ("kept", "passed"),
    [
        (None, {}),
        ("{", {}),
        ("[1]", {}),
        ('{"h": "clamps"}', {}),
        ('{"h": ["push", "clamps", "fly", 3], "i": []}', {"h": ("clamps", "push"), "i": ()}),
    ],
)
def test_what_a_browser_kept_is_not_trusted(kept: str | None, passed: dict[str, tuple[str, ...]]) -> None:
    assert passed_from(kept) == passed
    assert passed_from(passed_written(passed)) == passed


# --- the clamps ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grid_w", "pv_w", "hour", "heard"),
    [
        (-1880, 3120, 13, (RIGHT, RIGHT)),
        (940, -4, 21, (RIGHT, IDLE)),
        (940, None, 12, (RIGHT, ABSENT)),
        (20, 3120, 12, (IDLE, RIGHT)),
        (-1880, -3120, 13, (UNSURE, REVERSED)),
        (300, -80, 8, (UNSURE, REVERSED)),
        (300, -80, 17, (UNSURE, UNSURE)),  # perhaps it is dark
        (300, -80, 7, (UNSURE, UNSURE)),
        (-940, -4, 21, (REVERSED, IDLE)),  # nothing is made, and yet some is given back
        (-940, None, 12, (REVERSED, ABSENT)),
        (-3180, 3120, 13, (REVERSED, RIGHT)),  # more is given back than is made
        (-3160, 3120, 13, (RIGHT, RIGHT)),  # within what two clamps may differ
        (-49, 0, 13, (IDLE, IDLE)),
    ],
)
def test_a_clamp_is_judged_by_what_cannot_be(
    grid_w: int, pv_w: int | None, hour: int, heard: tuple[Sense, Sense]
) -> None:
    reading = reading_from({"ts_ms": 0, "grid_w": grid_w, "house_w": 0, "pv_w": pv_w})
    assert reading is not None
    assert judge(reading, hour) == Clamps(*heard)
    assert judge(reading, hour).are_wrong == (REVERSED in heard)


# --- the screen ------------------------------------------------------------------------------------------------------


def claimed(world: FakeWorld, role: str = "owner", **live: Any) -> None:
    """A home whose meter was just claimed; live: what its clamps hear."""
    person = world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    world.database.put(f"homes/{scenes.HOME}", {**make_home(person.uid), "roles": {person.uid: role}})
    if live:
        world.database.put(documents.live(scenes.HOME), scenes.live_document(world.now_s(), **live))


async def at_step(tabs: Tabs, *passed: str, route: str = "/set-up", **more: Any) -> RecordedApp:
    kept = {**SIGNED_IN, "sunmeter.set_up": json.dumps({scenes.HOME: passed})}
    return await tabs.open(kept, route=route, **more)


async def test_the_clamps_are_looked_at_under_a_lease_that_ends_with_the_step(tabs: Tabs, world: FakeWorld) -> None:
    claimed(world, grid_w=-1880, pv_w=3120)
    tab = await at_step(tabs)
    assert tab.words("clamp-grid") == "Grid: -1.880 kW. Plausible: exporting."
    assert tab.words("clamp-pv") == "Solar: 3.120 kW. Plausible: producing."
    assert "lease" in world.functions.names()
    assert documents.live(scenes.HOME) in world.database.watching
    await tab.click(EN["set_up.clamps_do"])
    assert tab.words("set-up-step") == "Step 5 of 6: Tariff"
    assert documents.live(scenes.HOME) not in world.database.watching
    assert json.loads(tab.connection.storage["sunmeter.set_up"]) == {scenes.HOME: ["clamps"]}


async def test_a_reversed_clamp_is_told_and_set_right_by_one_tap(tabs: Tabs, world: FakeWorld) -> None:
    claimed(world, grid_w=900, pv_w=-3120)
    tab = await at_step(tabs)
    assert tab.words("clamp-pv") == f"Solar: -3.120 kW. {EN['set_up.pv_reversed']}"
    assert tab.words("clamp-grid").endswith(EN["set_up.grid_unsure"])
    await tab.click(EN["calibrate.measure"])
    fix = {"grid": {"input": 1, "sign": 1}, "pv": {"input": 2, "sign": -1}}
    world.functions.answers(scenes.HOME, step="clamps", verdict="good", va=2000, grid="right", pv="reversed", set=fix)
    await tab.settle()
    await tab.click(EN["calibrate.fix"])
    assert world.functions.calls[-1] == ("calibratemeter", {"home": scenes.HOME, "step": "clamps", "set": fix})
    world.database.change(documents.live(scenes.HOME), pv_w=3120, grid_w=-1880)
    await tab.settle()
    assert tab.words("clamp-pv") == "Solar: 3.120 kW. Plausible: producing."


async def test_without_a_reading_the_step_says_why_and_can_be_left_for_later(tabs: Tabs, world: FakeWorld) -> None:
    claimed(world)
    world.functions.lease_problem = Problem("live_used_up", "home", "The live time of today is used up.")
    tab = await at_step(tabs)
    assert EN["problem.live_used_up"] in tab.words("clamps-waiting")
    await tab.click(EN["set_up.later"])
    assert tab.words("set-up-step") == "Step 5 of 6: Tariff"


async def test_an_old_reading_judges_no_clamp(tabs: Tabs, world: FakeWorld) -> None:
    claimed(world, pv_w=-3120, ts_ms=int((world.now_s() - 300) * 1000))
    tab = await at_step(tabs)
    assert tab.words("clamps-waiting") == EN["live.stale_why"]
    assert "clamp-pv" not in tab.identifiers()


async def test_a_first_tariff_is_two_prices_and_holds_from_today(tabs: Tabs, world: FakeWorld) -> None:
    claimed(world)
    tab = await at_step(tabs, "clamps")
    await tab.click(EN["set_up.tariff_do"])
    assert tab.words("problem") == EN["problem.amount"]
    await tab.type(EN["set_up.tariff_price"].format(currency="EUR"), "0,2516")
    await tab.type(EN["set_up.tariff_export"].format(currency="EUR"), "0.08")
    await tab.click(EN["set_up.tariff_do"])
    stored = world.database.documents[documents.tariff(scenes.HOME, "2026-06-18")]
    assert (stored["import"], stored["export"]) == (
        {"kind": "flat", "price_micro": 251_600},
        {"kind": "flat", "price_micro": 80_000},
    )
    assert tab.words("set-up-step") == "Step 6 of 6: Notifications"


async def test_the_whole_tariff_form_is_a_link_away_and_home_leads_back(tabs: Tabs, world: FakeWorld) -> None:
    claimed(world)
    tab = await at_step(tabs, "clamps")
    await tab.click(EN["set_up.tariff_more"])
    assert EN["tariff.new"] in tab.texts()
    await tab.go("/")
    assert tab.words("set-up-left") == "Set-up: 4 of 6 steps are done. Next: Tariff."
    await tab.click(EN["set_up.left_do"])
    assert tab.words("set-up-step") == "Step 5 of 6: Tariff"


async def test_notifications_turned_on_end_the_set_up_and_home_says_no_more_of_it(tabs: Tabs, world: FakeWorld) -> None:
    world.backend = dataclasses.replace(world.backend, registrar=FakeRegistrar())
    claimed(world)
    tab = await at_step(tabs, "clamps", "tariff", standing={"permission": "default"})
    tab.connection.standing = {"permission": "granted", "subscription": SUBSCRIPTION}
    await tab.click(EN["push.ask"])
    assert tab.words("set-up-done") == EN["set_up.done"]
    await tab.click(EN["set_up.done_do"])
    assert "set-up-left" not in tab.identifiers()


async def test_who_signs_out_leaves_nothing_of_the_set_up_behind(tabs: Tabs, world: FakeWorld) -> None:
    claimed(world)
    tab = await at_step(tabs, "clamps", route="/account")
    assert tab.button(EN["account.set_up"])
    await tab.click(EN["account.sign_out"])
    assert "sunmeter.set_up" not in tab.connection.storage


@pytest.mark.parametrize("role", ["member", "viewer"])
async def test_whoever_is_no_owner_is_not_led_through_the_set_up(tabs: Tabs, world: FakeWorld, role: str) -> None:
    claimed(world, role)
    tab = await at_step(tabs)
    assert EN["home.owner_sets_up"] in tab.texts()
    assert "set-up-step" not in tab.identifiers()
    assert "lease" not in world.functions.names()
    await tab.click(EN["set_up.home_page"])
    assert "set-up-left" not in tab.identifiers()
