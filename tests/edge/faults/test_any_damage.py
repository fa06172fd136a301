"""A failing card, at random: whatever it makes of the database's files, the hub goes on, with them or with new ones."""

import asyncio
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sunmeter_edge import commit, damage, forget, quarters, roster, send, store
from sunmeter_edge.config import Config
from sunmeter_edge.contract import wire
from sunmeter_edge.store import Damaged, Database
from sunmeter_edge.verify import Item, Request
from tests.edge.fakes import START_MS, FakeMeter, reading
from tests.edge.test_damage import PAGE, fill

METER = "m-0000000001"
TRIALS, ENOUGH = 40, 12


def cut_off(file: Path, chance: random.Random) -> None:
    os.truncate(file, chance.randrange(file.stat().st_size + 1))


def overwrite(file: Path, chance: random.Random) -> None:
    """Some pages, or what lies across two, with noise or with nothing."""
    with file.open("r+b") as opened:
        for _ in range(chance.randint(1, 8)):
            opened.seek(chance.randrange(file.stat().st_size + 1))
            size = chance.choice((1, 512, PAGE, 8 * PAGE))
            opened.write(chance.choice((bytes(size), chance.randbytes(size))))


def repeat(file: Path, chance: random.Random) -> None:
    """A page is written where another belongs."""
    pages = max(1, file.stat().st_size // PAGE)
    whole = file.read_bytes()
    source, target = chance.randrange(pages) * PAGE, chance.randrange(pages) * PAGE
    with file.open("r+b") as opened:
        opened.seek(target)
        opened.write(whole[source : source + PAGE])


HARMS: list[Callable[[Path, random.Random], None]] = [cut_off, overwrite, repeat]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and its log, as a hub that was killed leaves them."""
    folder = tmp_path_factory.mktemp("whole")
    config = Config(folder, "127.0.0.1:1", "p", "k", "http://127.0.0.1:9", "", "")
    fill(config, FakeMeter(METER))
    living = store.connect(config.database)
    for seq in range(100_000, 100_050):
        write(living, seq)
    copy = folder / "copy"
    copy.mkdir()
    for part in ("hub.db", "hub.db-wal"):
        shutil.copy(folder / part, copy)
    living.close()
    return copy


def write(connection: sqlite3.Connection, seq: int) -> None:
    record = reading(seq=seq, ts_ms=START_MS + seq)
    item = Item(wire.READING, wire.SCHEMA, wire.encode(wire.READING, record), record)
    poll = {"boot_id": 7, "request_no": seq, "uptime_ms": 1_000, "firmware": 1, "model_version": 0}
    commit.write(connection, [commit.Batch(Request(METER, poll, (item,), ()), START_MS + seq)])


async def lives(path: Path) -> None:
    """All that a hub does with its database, as often as it takes to be through without meeting damage."""
    for _ in range(3):
        database = Database(damage.opened(path, START_MS))
        try:
            await database.run(roster.load)
            await database.run(write, 200_000)
            while await database.run(quarters.cut_due, START_MS + 86_400_000):
                pass
            for lane in (send.ITEMS, send.INTERVALS):
                await database.run(send.take, lane, 100, START_MS)
            await database.run(forget.forget, METER, START_MS)
            await database.run(forget.forget_settled, START_MS)
            return
        except Damaged:
            assert database.damage
        finally:
            database.close()
        damage.set_aside(path, START_MS, database.damage)
    raise AssertionError("damage without end")


def harmed(whole: Path, folder: Path, trial: int) -> Path:
    chance = random.Random(trial)
    shutil.copytree(whole, folder)
    file = folder / chance.choice(("hub.db", "hub.db", "hub.db-wal"))
    chance.choice(HARMS)(file, chance)
    return folder / "hub.db"


def test_whatever_becomes_of_the_files_the_hub_goes_on(whole: Path, tmp_path: Path) -> None:
    set_aside = 0
    for trial in range(TRIALS):
        path = harmed(whole, tmp_path / str(trial), trial)
        asyncio.run(lives(path))
        set_aside += bool(damage.found(path))
        with closing(store.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM frame WHERE seq = 200000").fetchone() == (1,)
    assert TRIALS // 4 < set_aside < TRIALS, "some must be beyond use, and some not"


def test_a_build_that_sets_nothing_aside_is_caught(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "opened", lambda path, _: store.connect(path))
    monkeypatch.setattr(damage, "set_aside", lambda *_: None)
    ended = 0
    for trial in range(ENOUGH):
        path = harmed(whole, tmp_path / str(trial), trial)
        try:
            asyncio.run(lives(path))
        except (Damaged, AssertionError):
            ended += 1
    assert ended > ENOUGH // 4
