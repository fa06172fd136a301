"""What bounds the visits of one process: who is beyond it is told so, an unused tab makes room, a flood is refused."""

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from sunmeter_app import aside
from sunmeter_app.app import app_for
from sunmeter_app.config import ConfigError, config_from
from sunmeter_app.room import Bounds, Room
from sunmeter_app.serve import serve_backend
from sunmeter_app.strings import EN, FR

from . import scenes
from .conftest import Clock
from .fake_backend import FakeWorld
from .recording import RecordedApp
from .tabs import SIGNED_IN
from .test_config import EMULATORS


def led(tab: RecordedApp) -> list[Any]:
    """Where the tab was led out of the app."""
    return [sent.body.args["url"] for sent in tab.connection.sent if getattr(sent.body, "name", "") == "launch_url"]


async def opened(world: FakeWorld, room: Room, storage: dict[str, str] | None = None, route: str = "/") -> RecordedApp:
    tab = RecordedApp(dict(storage or {}), route)
    return await tab.start(app_for(world.backend, tab.connection.bridge, False, world.now_s, room=room))


async def test_who_finds_no_place_is_led_to_a_page_that_says_so_until_somebody_goes(world: FakeWorld) -> None:
    room = Room(Bounds(most_visits=1))
    first = await opened(world, room)
    second = await opened(world, room, route="/history")
    assert led(first) == []
    assert led(second) == ["/full?back=/history"]
    assert second.texts() == []
    await first.stop()
    third = await opened(world, room)
    assert EN["welcome.title"] in third.texts()
    for tab in (second, third):
        await tab.stop()
    assert room.visits == 0
    assert not room.is_shut(sockets=0)


async def test_a_flood_that_finds_no_place_is_refused_at_the_socket(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sunmeter_app.room.MOST_TURNED_AWAY", 2)
    room = Room(Bounds(most_visits=2))
    tabs = [await opened(world, room) for _ in range(3)]
    assert not room.is_shut(sockets=3)
    tabs.append(await opened(world, room))
    assert room.is_shut(sockets=0)  # two visits, and two that are being told
    assert Room(Bounds(most_visits=2)).is_shut(sockets=4)
    await tabs.pop().stop()
    assert not room.is_shut(sockets=0)
    for tab in tabs:
        await tab.stop()


def test_a_refused_socket_is_closed_before_it_is_accepted(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sunmeter_app.room.MOST_TURNED_AWAY", 0)
    with TestClient(serve_backend(world.backend, bounds=Bounds(most_visits=0))) as client:
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/ws"):
            pass
        assert refused.value.code == 1013


async def test_only_a_tab_that_nobody_uses_makes_room(world: FakeWorld) -> None:
    scenes.furnished(world)
    clock = Clock(world.now_s())
    world.now_s = clock
    room = Room(Bounds(rest_after_s=600), clock)
    stranger, looking, hidden = [await opened(world, room, kept) for kept in (None, SIGNED_IN, SIGNED_IN)]
    await hidden.fire(hidden.page, "app_lifecycle_state_change", {"state": "hide"})
    clock.now_s += 599
    room.clear_up()
    await asyncio.sleep(0.01)
    assert [led(tab) for tab in (stranger, looking, hidden)] == [[], [], []]
    clock.now_s += 1
    await stranger.go("/sign-in")  # somebody uses it
    room.clear_up()
    await asyncio.sleep(0.01)
    assert [led(tab) for tab in (stranger, looking, hidden)] == [[], [], ["/rest?back=/"]]
    for tab in (stranger, looking, hidden):
        await tab.stop()


@pytest.mark.parametrize(("path", "status"), [(aside.FULL, 503), (aside.REST, 200)])
def test_the_pages_aside_speak_the_browsers_language_and_lead_back(world: FakeWorld, path: str, status: int) -> None:
    with TestClient(serve_backend(world.backend)) as client:
        topic = path.removeprefix("/")
        answer = client.get(aside.address(path, "/history?week=2026-06-15&against=year"))
        assert answer.status_code == status
        assert ("Retry-After" in answer.headers) == (status == 503)
        assert EN[f"aside.{topic}_title"] in answer.text
        assert 'href="/history?week=2026-06-15&amp;against=year"' in answer.text
        french = client.get(path, headers={"Accept-Language": "de, fr-CA;q=0.8"})
        assert FR[f"aside.{topic}_do"] in french.text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "/\n", 'x"', "/" * 400])
def test_the_way_back_leads_nowhere_else(back: str) -> None:
    assert 'href="/"' in aside.page(aside.REST, "", back)
    assert '"><script>' not in aside.page(aside.REST, "", '/"><script>')


def test_the_bounds_are_settings() -> None:
    assert config_from(EMULATORS).bounds == Bounds()
    told = {**EMULATORS, "SUNMETER_MOST_VISITS": "20", "SUNMETER_REST_AFTER_S": "900"}
    assert config_from(told).bounds == Bounds(20, 900.0)
    for name in ("SUNMETER_MOST_VISITS", "SUNMETER_REST_AFTER_S"):
        for wrong in ("0", "-1", "many", "1.5", "²", "9" * 30):
            with pytest.raises(ConfigError, match=name):
                config_from({**EMULATORS, name: wrong})
