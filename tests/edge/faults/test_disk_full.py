"""A disk without room (simulated): nothing is acknowledged that is not kept, and all goes on when there is room."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from sunmeter_edge import commit, hub, send
from sunmeter_edge.cloud import Cloud
from sunmeter_edge.commit import Batch, NotKept, Outcome, Writer
from sunmeter_edge.config import Config
from sunmeter_edge.store import Database, connect
from tests.edge.conftest import CREDENTIAL, HandClock, Lan, make_known, serving
from tests.edge.fakes import START_MS, FakeCloud, FakeMeter, Heartless, reading
from tests.edge.faults import through_apsw
from tests.edge.faults.disk import Disk
from tests.edge.faults.power import Era

Make = Callable[[Database], Writer]


class AcknowledgesAnyway(Writer):
    """A broken build: what the disk refuses is acknowledged all the same."""

    async def commit(self, batch: Batch) -> Outcome:
        try:
            return await super().commit(batch)
        except NotKept:
            return Outcome(None, None)


@pytest.fixture
def disk(config: Config, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """What the hub of this test keeps its database on."""
    disk = Disk("small", random.Random(1))
    monkeypatch.setattr(hub, "_connection", lambda config, _: through_apsw.connect(config.database, disk))
    return disk


async def kept(hub: hub.Hub) -> set[int]:
    """Sequences on the disk, read through the hub's own connection."""
    return {seq for (seq,) in await hub.database.run(lambda database: database.execute("SELECT seq FROM frame"))}


async def acknowledged_through_a_full_disk(
    config: Config, clock: HandClock, disk: Disk, make_writer: Make
) -> tuple[set[int], set[int]]:
    """A meter sends ten readings; the disk has no room for those in the middle. (acknowledged, kept) at that moment."""
    meter = FakeMeter()
    make_known(config, meter)
    running = hub.Hub(config, CREDENTIAL, clock, make_writer)
    acknowledged: set[int] = set()
    async with serving(config, running) as lan:
        for seq in range(1, 11):
            disk.room = 0 if 4 <= seq <= 7 else None
            answer = await lan.post(meter, meter.body(*meter.readings([reading(seq=seq, ts_ms=START_MS + seq)])))
            if answer.status_code == 200:
                told = meter.checked(answer.content, answer.headers["Sunmeter-Mac"])
                acknowledged |= {number for _, first, last in told["ack"] for number in range(first, last + 1)}
            else:
                assert (answer.status_code, answer.json()["code"]) == (503, "not_kept")
                assert answer.headers["Retry-After"]
                assert (await lan.send(meter))["ack"] == []  # who only asks is answered, and signed
        found = await kept(running)
    return acknowledged, found


async def test_what_a_full_disk_refuses_is_not_acknowledged_and_room_is_enough_to_go_on(
    config: Config, clock: HandClock, disk: Disk
) -> None:
    acknowledged, found = await acknowledged_through_a_full_disk(config, clock, disk, Writer)
    assert acknowledged == found == {1, 2, 3, 8, 9, 10}


async def test_a_build_that_acknowledges_what_the_disk_refused_is_caught(
    config: Config, clock: HandClock, disk: Disk
) -> None:
    acknowledged, found = await acknowledged_through_a_full_disk(config, clock, disk, AcknowledgesAnyway)
    assert acknowledged - found == {4, 5, 6, 7}


async def fill(disk: Disk, lan: Lan, meter: FakeMeter) -> None:
    """There is no room any more, and the hub has noticed."""
    disk.room = 0
    answer = await lan.post(meter, meter.body(*meter.readings([reading(seq=900)])))
    assert answer.status_code == 503


async def test_silence_that_could_not_be_noted_is_told_once_there_is_room(
    config: Config, clock: HandClock, cloud: FakeCloud, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sunmeter_edge.hub.WATCH_EVERY_S", 0.05)
    monkeypatch.setattr("sunmeter_edge.hub.RESTART_S", 0.05)
    meter = FakeMeter()
    make_known(config, meter)
    async with serving(config, hub.Hub(config, CREDENTIAL, clock)) as lan:
        await lan.send(meter)
        await fill(disk, lan, meter)
        clock.now_ms += 30_000
        await asyncio.sleep(0.3)
        assert not cloud.of_type("status")
        disk.room = None
        await asyncio.to_thread(cloud.wait_for, lambda: bool(cloud.of_type("status")))
    assert [told["state"] for told in cloud.of_type("status")] == ["silent"]


async def test_a_stranger_that_knocked_at_a_full_disk_is_told_when_it_knocks_again(
    config: Config, clock: HandClock, cloud: FakeCloud, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    meter, stranger = FakeMeter(), FakeMeter("m-newcomer01")
    make_known(config, meter)
    async with serving(config, hub.Hub(config, CREDENTIAL, clock)) as lan:
        await fill(disk, lan, meter)
        for _ in range(3):
            assert (await lan.post(stranger, stranger.body())).status_code == 404
        disk.room = None
        await lan.post(stranger, stranger.body())
        await asyncio.to_thread(cloud.wait_for, lambda: bool(cloud.of_type("sighting")))
    assert cloud.of_type("sighting") == [{"type": "sighting", "meter": stranger.meter}]
    assert caplog.text.count("sighting not kept") == 1


async def test_a_full_disk_does_not_fill_the_log_that_lies_on_it(
    config: Config, clock: HandClock, disk: Disk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sunmeter_edge.hub.WATCH_EVERY_S", 0.02)
    monkeypatch.setattr("sunmeter_edge.hub.RESTART_S", 0.02)
    meter = FakeMeter()
    make_known(config, meter)
    async with serving(config, hub.Hub(config, CREDENTIAL, clock)) as lan:
        for _ in range(10):
            await fill(disk, lan, meter)
            clock.now_ms += 60_000
            await asyncio.sleep(0.05)
        disk.room = None
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if "not kept" in line]) == 1
    assert len([line for line in lines if "loop failed" in line and "_watch" in line]) == 1


class CountingCloud:
    """Takes everything in, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.parcels = 0

    def ingest(self, items: list[dict[str, Any]], _: int) -> list[dict[str, Any]]:
        self.parcels += 1
        return [{"ok": True}] * len(items)


async def test_what_arrived_and_cannot_be_noted_is_sent_again_ever_more_rarely(tmp_path: Path) -> None:
    """Idempotent, so nothing is doubled; but a full disk must not become a load on the cloud."""
    disk = Disk("full", random.Random(1))
    connect(tmp_path / "hub.db").close()
    database = Database(through_apsw.connect(tmp_path / "hub.db", disk))
    await database.run(lambda connection: connection.execute(commit.ADD_ITEM, ('{"type":"event"}', 1)))
    cloud = CountingCloud()
    sender = send.Sender(send.ITEMS, database, cast(Cloud, cloud), lambda: START_MS, asyncio.Event(), Heartless())
    disk.room = 0
    pauses = [await sender.once() for _ in range(6)]
    assert all(pauses)
    assert [pause.seconds for pause in pauses if pause][-1] > 8
    assert cloud.parcels == 6
    disk.room = None
    await sender.once()
    waiting = await database.run(lambda connection: connection.execute(send.TAKE_ITEMS, (9,)).fetchall())
    assert waiting == []
    database.close()


@pytest.mark.parametrize("seed", range(6))
async def test_a_disk_that_fills_at_any_moment_loses_nothing(tmp_path: Path, seed: int) -> None:
    """Under all of the hub's verbs; a third of the time there is no room, from any write on."""
    chance = random.Random(seed)
    findings = await Era(tmp_path, chance, False).fill_again_and_again(40)
    assert not findings, findings.some()
