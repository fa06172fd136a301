"""Notifications of a browser: asked for, kept in order, refused, and ended; what the page and FCM are asked."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from dev.fcm_standin import FcmStandIn
from dev.neighbourhood import PUSH_KEY
from dev.ports import free_port
from sunmeter_app.bridge import LONGEST_ANSWER_BYTES, Bridge
from sunmeter_app.config import PushConfig
from sunmeter_app.data.over_httpx import OverHttpx
from sunmeter_app.data.push import FcmRegistrar, Standing
from sunmeter_app.problems import Problem
from sunmeter_app.serve import serve_backend
from sunmeter_app.state import Here
from sunmeter_app.strings import EN
from sunmeter_app.verbs.notifying import RENEW_AFTER_S
from sunmeter_app.visit import Visit

from . import scenes
from .conftest import Clock
from .fake_backend import FakeBrowser, FakeRegistrar, FakeWorld
from .tabs import SIGNED_IN, Tabs

SUBSCRIPTION = {"endpoint": "https://push.example/1", "keys": {"auth": "a", "p256dh": "p"}}


@pytest.fixture
def world() -> FakeWorld:
    made = scenes.new_world()
    made.backend = dataclasses.replace(made.backend, registrar=FakeRegistrar())
    return made


class Device:
    """A browser of somebody who is signed in there, and their visit."""

    def __init__(self, world: FakeWorld, clock: Clock):
        self._world, self._clock = world, clock
        self.browser = FakeBrowser(**{"sunmeter.sign_in": "refresh-uid-1"})
        self.visit = Visit(world.backend, self.browser, lambda route: None, clock)

    async def start(self) -> "Device":
        await self.visit.start("/")
        await self.settle()
        return self

    async def again(self) -> None:
        """The browser is closed, and opened another day."""
        await self.visit.close()
        self.visit = Visit(self._world.backend, self.browser, lambda route: None, self._clock)
        await self.start()

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def here(self) -> Here:
        return self.visit.state.device.here


@pytest.fixture
async def device(world: FakeWorld, clock: Clock) -> AsyncIterator[Device]:
    scenes.furnished(world)
    made = await Device(world, clock).start()
    yield made
    await made.visit.close()


def tokens(world: FakeWorld) -> list[str]:
    return sorted(each["token"] for path, each in world.database.documents.items() if "/push/" in path)


# --- a person's way --------------------------------------------------------------------------------------------------


async def test_nobody_is_asked_before_they_ask(device: Device, world: FakeWorld) -> None:
    assert (device.here, device.browser.notifications.asked) == (Here.OFF, 0)
    await device.visit.notifying.turn_on()
    assert (device.here, device.browser.notifications.asked) == (Here.ON, 1)
    assert tokens(world) == ["token of https://push.example/1"]


async def test_who_says_no_is_told_how_to_take_it_back(device: Device, world: FakeWorld) -> None:
    device.browser.notifications.answer = "denied"
    await device.visit.notifying.turn_on()
    assert (device.here, tokens(world)) == (Here.BLOCKED, [])


async def test_a_second_device_is_told_too_and_ends_alone(device: Device, world: FakeWorld, clock: Clock) -> None:
    await device.visit.notifying.turn_on()
    phone = await Device(world, clock).start()
    phone.browser.notifications.endpoint = "https://push.example/2"
    await phone.visit.notifying.turn_on()
    assert len(tokens(world)) == 2
    await phone.visit.notifying.turn_off()
    assert (phone.here, tokens(world)) == (Here.OFF, ["token of https://push.example/1"])
    await phone.visit.close()


async def test_signing_out_takes_the_token_and_the_subscription_along(device: Device, world: FakeWorld) -> None:
    await device.visit.notifying.turn_on()
    await device.visit.sign_out()
    assert tokens(world) == []
    assert device.browser.notifications.standing == Standing("granted")
    assert "sunmeter.push" not in device.browser.kept


async def test_signing_out_offline_still_ends_the_subscription(device: Device, world: FakeWorld) -> None:
    await device.visit.notifying.turn_on()
    for source in world.sources:
        source.may_write = False
    await device.visit.sign_out()
    assert device.browser.notifications.standing.subscription is None  # FCM will say so, and the cloud forgets it


async def test_a_sign_in_that_ended_elsewhere_takes_the_subscription_along(device: Device, world: FakeWorld) -> None:
    await device.visit.notifying.turn_on()
    world.identity.is_reachable = False
    opening = asyncio.create_task(device.again())
    await device.settle()
    assert "sunmeter.push" in device.browser.kept  # nobody knows yet
    world.identity.is_reachable = True
    world.identity.people.clear()
    await device.again()
    await opening
    assert device.browser.notifications.standing == Standing("granted")
    assert "sunmeter.push" not in device.browser.kept


async def test_the_next_person_at_this_browser_is_not_told_for_the_first(device: Device, world: FakeWorld) -> None:
    await device.visit.notifying.turn_on()
    device.browser.notifications.is_reachable = False
    await device.visit.sign_out()
    device.browser.notifications.is_reachable = True
    world.identity.add("max@example.com", "another sentence")
    await device.visit.account.sign_in("max@example.com", "another sentence")
    await device.settle()
    assert (device.here, tokens(world)) == (Here.OFF, [])


async def test_a_subscription_that_changed_or_grew_old_is_registered_anew(
    device: Device, world: FakeWorld, clock: Clock
) -> None:
    await device.visit.notifying.turn_on()

    def registered() -> int:
        return world.functions.names().count("registerpush")

    await device.again()
    assert (device.here, registered()) == (Here.ON, 1)
    device.browser.notifications.standing = Standing("granted")  # the push service dropped it
    device.browser.notifications.endpoint = "https://push.example/3"
    await device.again()
    assert (device.here, registered()) == (Here.ON, 2)
    assert "token of https://push.example/3" in tokens(world)
    clock.now_s += RENEW_AFTER_S + 1
    await device.again()
    assert registered() == 3
    assert device.browser.notifications.asked == 1  # nobody is asked twice


async def test_a_permission_that_is_withdrawn_in_the_browser_ends_it(device: Device, world: FakeWorld) -> None:
    await device.visit.notifying.turn_on()
    device.browser.notifications.standing = Standing("denied")
    await device.again()
    assert (device.here, tokens(world)) == (Here.BLOCKED, [])


async def test_a_push_service_out_of_reach_is_told(device: Device, world: FakeWorld) -> None:
    device.browser.notifications.is_reachable = False
    with pytest.raises(Problem, match="push_service"):
        await device.visit.notifying.turn_on()
    assert (device.here, tokens(world)) == (Here.OFF, [])


async def test_the_settings_offer_it_and_say_how_it_stands(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    old = await tabs.open(dict(SIGNED_IN), route="/alerts/settings")
    assert old.words("push-here") == EN["push.unsupported"]
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts/settings", standing={"permission": "default"})
    tab.connection.standing = {"permission": "granted", "subscription": SUBSCRIPTION}
    await tab.click(EN["push.ask"])
    assert tab.words("push-here") == EN["push.on"]
    assert tokens(world) == ["token of https://push.example/1"]
    await tab.click(EN["push.off"])
    assert tokens(world) == []


async def test_where_the_project_has_no_web_push_nothing_is_offered(clock: Clock) -> None:
    world = scenes.new_world()
    scenes.furnished(world)
    device = await Device(world, clock).start()
    assert device.here is Here.UNKNOWN
    with pytest.raises(Problem, match="push_project"):
        await device.visit.notifying.turn_on()
    await device.visit.close()


# --- the page --------------------------------------------------------------------------------------------------------


async def test_a_page_answers_its_own_question_and_no_other() -> None:
    bridge, asked = Bridge(), asyncio.Queue[str]()
    first = asyncio.create_task(bridge.ask(asked.put, 5, "look"))
    second = asyncio.create_task(bridge.ask(asked.put, 5, "subscribe", key="k"))
    one, two = json.loads(await asked.get()), json.loads(await asked.get())
    assert (two["verb"], two["key"]) == ("subscribe", "k")
    assert len({one["id"], two["id"]}) == 2
    for wrong in ("", "look", "0" * 32, one["id"][:-1]):
        assert not bridge.answer(wrong, "{}")
    for malformed in ("", "[]", "no", " " * (LONGEST_ANSWER_BYTES + 1)):
        assert not bridge.answer(one["id"], malformed)
    assert bridge.answer(two["id"], '{"permission": "denied"}')
    assert not bridge.answer(two["id"], '{"permission": "granted"}')  # once
    assert await second == {"permission": "denied"}
    assert not first.done()
    assert bridge.answer(one["id"], '{"error": "AbortError"}')
    with pytest.raises(Problem, match="push_service"):
        await first


async def test_a_page_that_does_not_answer_is_given_up_and_its_answer_is_worth_nothing() -> None:
    bridge, asked = Bridge(), asyncio.Queue[str]()
    with pytest.raises(Problem, match="push_service"):
        await bridge.ask(asked.put, 0.01, "look")
    assert not bridge.answer(json.loads(await asked.get())["id"], "{}")


async def test_the_server_takes_no_answer_that_nobody_waits_for(world: FakeWorld) -> None:
    app = serve_backend(world.backend)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        assert (await client.post("/bridge/0123456789abcdef", content="{}")).status_code == 404
        assert (await client.post("/bridge/0", content=b" " * (LONGEST_ANSWER_BYTES + 1))).status_code == 413


# --- FCM -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def standin() -> Iterator[FcmStandIn]:
    with FcmStandIn(free_port()) as running:
        yield running


async def test_a_subscription_becomes_a_token_in_two_steps(standin: FcmStandIn) -> None:
    async with httpx.AsyncClient() as client:
        registrar = FcmRegistrar(OverHttpx(client), "demo", "key", PushConfig("1:0:web:0", PUSH_KEY, standin.url))
        token = await registrar.token(SUBSCRIPTION)
        assert token == await registrar.token(SUBSCRIPTION)
        assert token != await registrar.token({**SUBSCRIPTION, "endpoint": "https://push.example/2"})
        with pytest.raises(Problem, match="push_project"):
            await registrar.token({**SUBSCRIPTION, "endpoint": ""})


async def test_a_project_that_refuses_and_one_out_of_reach_are_told_apart(standin: FcmStandIn) -> None:
    async with httpx.AsyncClient() as client:
        for standin_url, code in ((f"{standin.url}/elsewhere", "push_project"), ("http://127.0.0.1:9", "unreachable")):
            registrar = FcmRegistrar(OverHttpx(client), "demo", "key", PushConfig("1:0:web:0", PUSH_KEY, standin_url))
            with pytest.raises(Problem, match=code):
                await registrar.token(SUBSCRIPTION)
