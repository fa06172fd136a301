"""A tab whose connection breaks, and that comes back to the same session."""

import asyncio
from typing import Any

import pytest

from sunmeter_app import app
from sunmeter_app.app import app_for
from sunmeter_app.bridge import Bridge
from sunmeter_app.contract import documents
from sunmeter_app.problems import Problem
from sunmeter_app.strings import EN

from . import scenes
from .fake_backend import FakeWorld
from .recording import RecordedApp
from .tabs import SIGNED_IN, Tabs

LIVE = documents.live(scenes.HOME)


async def test_a_connection_that_is_lost_while_the_app_starts_is_no_end(world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = RecordedApp(dict(SIGNED_IN))
    tab.connection.is_mute = True
    starting = asyncio.create_task(
        tab.start(app_for(world.backend, tab.connection.bridge, moves=False, now_s=world.now_s))
    )
    await tab.settle()
    assert not starting.done()
    await tab.lose()
    await tab.come_back()
    await starting
    assert "live-house-w" in tab.identifiers()
    assert world.identity.refreshes == 1
    await tab.stop()


async def test_a_button_whose_work_ended_while_nobody_was_there_is_drawn_as_it_is(
    tabs: Tabs, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    answered = asyncio.Event()

    async def no_mail(email: str) -> None:
        await answered.wait()
        raise Problem("too_many_attempts_try_later")

    monkeypatch.setattr(world.identity, "send_reset", no_mail)
    tab = await tabs.open(route="/reset")
    await tab.type(EN["field.email"], scenes.EMAIL)
    pressed = asyncio.create_task(tab.click(EN["reset.do"]))
    await tab.settle()
    assert _button(tab).disabled
    await tab.lose()
    answered.set()
    await pressed
    assert _button(tab).disabled
    await tab.come_back()
    assert not _button(tab).disabled
    assert tab.words("problem") == EN["problem.too_many_attempts_try_later"]


async def test_what_was_drawn_into_a_closing_socket_does_not_freeze_the_screen(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    tab.connection.is_closing = True
    world.database.put(LIVE, scenes.live_document(house_w=1251))
    await tab.settle()
    await tab.lose()
    await tab.come_back()
    world.database.put(LIVE, scenes.live_document(house_w=1262))
    await tab.settle()
    assert tab.words("live-house-w") == "House: 1.262 kW, using"


async def test_a_file_chooser_that_went_with_its_page_keeps_no_button_busy(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/account/data")
    tab.connection.is_mute = True
    pressed = asyncio.create_task(tab.click(EN["data.import_pick"]))
    await tab.settle()
    assert tab.button(EN["data.import_pick"]).disabled  # type: ignore[attr-defined]
    await tab.lose()
    await tab.come_back()
    async with asyncio.timeout(10):
        await pressed
    assert not tab.button(EN["data.import_pick"]).disabled  # type: ignore[attr-defined]
    assert "problem" not in tab.identifiers()


def _button(tab: RecordedApp) -> Any:
    return tab.button(EN["reset.do"])


async def test_what_was_hidden_when_the_connection_broke_is_live_when_it_is_back(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    await tab.fire(tab.page, "app_lifecycle_state_change", {"state": "hide"})
    assert LIVE not in world.database.watching
    await tab.lose()
    await tab.come_back()
    assert LIVE in world.database.watching
    assert all(source.is_attended for source in world.sources)


async def test_a_page_that_answers_nothing_is_not_waited_for_for_ever(
    world: FakeWorld, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "STORAGE_S", 0.01)
    tab = RecordedApp(dict(SIGNED_IN))
    tab.connection.is_mute = True
    async with asyncio.timeout(10):
        await tab.start(app_for(world.backend, tab.connection.bridge, moves=False, now_s=world.now_s))
    assert EN["welcome.title"] in tab.texts()
    assert {record.getMessage() for record in caplog.records} == {"browser storage"}
    caplog.clear()
    await tab.stop()


async def test_a_question_that_does_not_come_to_the_page_is_not_waited_for_for_ever() -> None:
    async def lost(question: str) -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        with pytest.raises(Problem, match="push_service"):
            await Bridge().ask(lost, 0.01, "look")
