"""Whatever the cloud answers, in the end it has everything, and nothing waits or was given up."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator

import pytest

from sunmeter_edge import cloud as cloud_side
from sunmeter_edge import send
from sunmeter_edge.config import Config
from sunmeter_edge.contract import wire
from tests.edge.conftest import Serve
from tests.edge.fakes import FakeMeter, event
from tests.edge.faults.builds import built
from tests.edge.faults.network import FAILURES, StormyCloud
from tests.edge.test_send import arrives, queue_intervals, settled

QUARTERS, EVENTS, TIMES = 9, 3, 4
STATES = "SELECT state, count(*) FROM (SELECT state FROM quarter UNION ALL SELECT state FROM item) GROUP BY state"


@pytest.fixture
def cloud() -> Iterator[StormyCloud]:
    with StormyCloud(is_bad=False, late_s=0.3) as running:
        yield running


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of a second and more are tenths here."""
    monkeypatch.setattr(send, "FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(send, "FORBIDDEN_RETRY_S", 0.1)
    monkeypatch.setattr(cloud_side, "TIMEOUT_S", (1.0, 0.2))


async def carried(serve: Serve, cloud: StormyCloud, config: Config, failure: str) -> None:
    """A backlog and some events go to a cloud that fails so many times; then it is well."""
    meter = FakeMeter()
    queue_intervals(config, meter, QUARTERS)
    cloud.script = [failure] * TIMES
    async with serve(meter) as lan:
        await lan.send(meter, *[meter.frame(wire.EVENT, event(seq=seq)) for seq in range(1, EVENTS + 1)])
        await settled(config)


def states(config: Config) -> dict[int, int]:
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        return dict(connection.execute(STATES).fetchall())


@pytest.mark.parametrize("failure", FAILURES)
async def test_after_any_failure_everything_arrives(
    serve: Serve, cloud: StormyCloud, config: Config, failure: str
) -> None:
    await carried(serve, cloud, config, failure)
    assert not cloud.script, "it failed less often than it was to"
    assert len(cloud.intervals) == QUARTERS
    assert len(cloud.event_keys()) == EVENTS
    assert set(states(config)) <= {0}, "something waits, or was given up"


@pytest.mark.parametrize("failure", ["401", "403", "429", "500", "reset", "hangs"])
async def test_a_build_that_forgets_first_is_caught(
    serve: Serve, cloud: StormyCloud, config: Config, failure: str
) -> None:
    with built("forgets-first"):
        await carried(serve, cloud, config, failure)
    assert len(cloud.intervals) + len(cloud.event_keys()) < QUARTERS + EVENTS


async def test_a_refused_hub_goes_on_receiving_and_sends_once_it_is_accepted_again(
    serve: Serve, cloud: StormyCloud, config: Config
) -> None:
    meter = FakeMeter()
    cloud.script = ["403"] * 1000
    async with serve(meter) as lan:
        told = await lan.send(meter, meter.frame(wire.EVENT, event(seq=1)))
        assert told["ack"] == [[7, 1, 1]]
        await asyncio.sleep(0.5)
        assert not cloud.event_keys()
        assert states(config)[1] == 1
        cloud.script.clear()
        await arrives(cloud, lambda: len(cloud.event_keys()) == 1)
        await settled(config)


async def test_whoever_must_wait_as_long_as_it_is_told_does_not_hurry(
    serve: Serve, cloud: StormyCloud, config: Config
) -> None:
    """Of `Retry-After`: not one request comes before its time, though there is a new event."""
    meter = FakeMeter()
    async with serve(meter) as lan:
        await arrives(cloud, lambda: bool(cloud.items))
        cloud.script = ["429 with Retry-After"]
        await lan.send(meter, meter.frame(wire.EVENT, event(seq=1)))
        await asyncio.sleep(0.3)
        await lan.send(meter, meter.frame(wire.EVENT, event(seq=2)))
        await asyncio.sleep(0.3)
        assert not cloud.event_keys()
        await arrives(cloud, lambda: len(cloud.event_keys()) == 2)


async def test_a_poison_item_among_intervals_is_kept_apart_alone(
    serve: Serve, cloud: StormyCloud, config: Config
) -> None:
    """An interval whose request always fails as unreadable: its neighbours arrive, it is kept with the reason."""
    meter = FakeMeter()
    queue_intervals(config, meter, QUARTERS)
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        (poison_s,) = connection.execute("SELECT start_s FROM quarter ORDER BY start_s LIMIT 1 OFFSET 4").fetchone()
    cloud.poison = poison_s
    async with serve(meter):
        await arrives(cloud, lambda: len(cloud.intervals) == QUARTERS - 1)
        await settled(config)
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        apart = connection.execute("SELECT start_s, code FROM quarter WHERE state = 2").fetchall()
    assert apart == [(poison_s, "malformed")]
