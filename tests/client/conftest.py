"""What the app's tests share."""

import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from . import scenes
from .fake_backend import FakeWorld
from .tabs import Tabs


class Clock:
    """Time that passes only when a test, or a sleep within the app, lets it."""

    def __init__(self, now_s: float = 1_781_781_840.0):
        self.now_s = now_s
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world() -> FakeWorld:
    """A world whose clock stands in a June noon."""
    return scenes.new_world()


@pytest.fixture
async def tabs(world: FakeWorld) -> AsyncIterator[Tabs]:
    opened = Tabs(world)
    yield opened
    for tab in opened.open_tabs:
        assert tab.connection.crashes == []
        await tab.stop()
    assert world.database.watching == []


@pytest.fixture(autouse=True)
def nothing_fails_quietly(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A component or watch that fails is logged and survived; here it is a failure, unless the test clears the log."""
    yield
    told = [record for record in caplog.get_records("call") if record.name == "sunmeter.app"]
    assert [f"{r.message} {r.exc_info}" for r in told if r.levelno >= logging.WARNING] == []
