"""A lane by itself, without a socket: heartbeats beside what waits, and its end."""

import asyncio
import contextlib
import json
import sqlite3
from typing import Any, cast

import pytest

from sunmeter_edge import send
from sunmeter_edge.cloud import Cloud, Refused
from sunmeter_edge.config import Config
from sunmeter_edge.store import WAITING, Database, connect
from sunmeter_edge.watch import Heart
from tests.edge.conftest import make_known
from tests.edge.fakes import START_MS, FakeMeter
from tests.edge.test_send import queue_intervals, waiting


class Refuses:
    """A cloud that takes no request in which something of this type is."""

    def __init__(self, kind: str):
        self._kind = kind
        self.asked: list[list[str]] = []

    def ingest(self, items: list[dict[str, Any]], _: int) -> list[dict[str, Any]]:
        kinds = [item["type"] for item in items]
        self.asked.append(kinds)
        if self._kind in kinds:
            raise Refused("malformed")
        return [{"ok": True}] * len(items)


def sender_to(cloud: Refuses, config: Config, lane: send.Lane, items: int) -> send.Sender:
    """A lane with a heartbeat due, where so many items wait."""
    make_known(config)
    connection = connect(config.database)
    row = json.dumps({"type": "event"}), WAITING
    connection.executemany("INSERT INTO item (body, state) VALUES (?, ?)", [row] * items)
    heart = Heart(lambda: {"type": "heartbeat"}, lambda: 60.0)
    return send.Sender(lane, Database(connection), cast(Cloud, cloud), lambda: START_MS, asyncio.Event(), heart)


async def test_a_heartbeat_beside_what_was_refused_whole_is_told_later(config: Config) -> None:
    cloud = Refuses("nothing")
    sender = sender_to(cloud, config, send.ITEMS, 1)
    cloud._kind = "event"
    await sender.once()
    await sender.once()
    await sender.once()
    assert cloud.asked == [["event", "heartbeat"], ["event"], ["heartbeat"]]
    assert await sender.once(), "what was told is not told again"
    assert len(cloud.asked) == 3


async def test_a_heartbeat_the_cloud_cannot_read_keeps_no_item_back(config: Config) -> None:
    cloud = Refuses("heartbeat")
    sender = sender_to(cloud, config, send.ITEMS, 2)
    assert [await sender.once() for _ in range(3)][:2] == [None, None]
    pause = await sender.once()
    assert pause, "it is asked without end"
    assert pause.seconds >= send.FIRST_RETRY_S / 2
    assert waiting(config) == 0
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        assert connection.execute("SELECT count(*) FROM item WHERE state = 2").fetchone() == (0,)


async def test_a_heartbeat_that_is_due_goes_beside_quarters_and_never_alone_in_their_lane(config: Config) -> None:
    cloud = Refuses("nothing")
    sender = sender_to(cloud, config, send.INTERVALS, 0)
    await sender.once()
    assert cloud.asked == []
    queue_intervals(config, FakeMeter(), 1)
    await sender.once()
    assert cloud.asked == [["interval", "heartbeat"]]


async def test_a_lane_that_is_stopped_as_it_is_woken_ends_all_the_same(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = sender_to(Refuses("nothing"), config, send.INTERVALS, 0)
    pauses = asyncio.Event()

    async def once() -> send._Pause:
        pauses.set()
        sender.wake.clear()
        return send._Pause(60.0, sender.wake)

    monkeypatch.setattr(sender, "once", once)
    running = asyncio.create_task(sender.run())
    await pauses.wait()
    await asyncio.sleep(0.1)  # it waits
    sender.wake.set()
    await asyncio.sleep(0)  # the waking is on its way
    running.cancel()
    await asyncio.wait({running}, timeout=5)
    assert running.cancelled()
