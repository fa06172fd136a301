"""A database that a failing card damaged: set aside, named with the time, told, and the hub goes on with a new one."""

import asyncio
import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from sunmeter_edge import cli, damage, roster
from sunmeter_edge.config import Config, read_credential, write_credential
from sunmeter_edge.contract import wire
from sunmeter_edge.report import doctor
from sunmeter_edge.store import Damaged, Database, connect
from tests.edge.conftest import CREDENTIAL, Lan, answering, make_known
from tests.edge.fakes import START_MS, FakeCloud, FakeMeter, reading
from tests.edge.faults.kills import environment

PAGE = 4096
ROWS = 4000


def fill(config: Config, meter: FakeMeter) -> None:
    """A hub's database after some days: a megabyte, all of it in the one file."""
    make_known(config, meter)
    payload = wire.encode(wire.READING, reading())
    with contextlib.closing(connect(config.database)) as connection:
        connection.execute("BEGIN")
        for seq in range(ROWS):
            row = (meter.meter, 7, seq, wire.READING, 1, START_MS - ROWS + seq, START_MS, payload)
            connection.execute("INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert config.database.stat().st_size > 100 * PAGE


def truncate(database: Path) -> None:
    os.truncate(database, database.stat().st_size // 2)


def empty(database: Path) -> None:
    os.truncate(database, 0)


def scribble(database: Path) -> None:
    """Over the whole file, its header included."""
    database.write_bytes(random.Random(1).randbytes(database.stat().st_size))


def scribble_beyond_the_first_page(database: Path) -> None:
    whole = database.read_bytes()
    database.write_bytes(whole[:PAGE] + random.Random(2).randbytes(len(whole) - PAGE))


def blank_a_table(database: Path) -> None:
    """The root page of the readings reads as zeros: the file opens, and fails once a reading is to be kept."""
    at = place_of_frames(database)
    with database.open("r+b") as file:
        file.seek(at)
        file.write(bytes(PAGE))


def place_of_frames(database: Path) -> int:
    """Where in the file the root page of the readings begins."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'frame'").fetchone()
    return int(root - 1) * PAGE


def page_of_frames(database: Path) -> bytes:
    at = place_of_frames(database)
    return database.read_bytes()[at : at + PAGE]


DAMAGES = [truncate, empty, scribble, scribble_beyond_the_first_page, blank_a_table]


def start(config: Config) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "sunmeter_edge", "run"], env=environment(config))


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Lan]:
    """The hub as systemd starts it, once: it must not need a second start."""
    process = start(config)
    try:
        async with httpx.AsyncClient(base_url=f"http://{config.listen}", timeout=5) as client:
            await answering(client)
            yield Lan(config, client)
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


async def answered(lan: Lan, meter: FakeMeter, *frames: bytes, status: int, or_else: int = 0) -> httpx.Response:
    """The meter sends again until it has that answer, or the other, as meters do."""
    for _ in range(200):
        with contextlib.suppress(httpx.TransportError):
            answer = await lan.post(meter, meter.body(*frames))
            if answer.status_code in (status, or_else):
                return answer
        await asyncio.sleep(0.05)
    raise AssertionError(f"no answer {status}")


@pytest.mark.parametrize("harm", DAMAGES, ids=lambda harm: harm.__name__)
async def test_a_damaged_database_is_set_aside_and_told_and_another_begun(
    config: Config, cloud: FakeCloud, harm: Callable[[Path], None]
) -> None:
    meter = FakeMeter()
    write_credential(config, CREDENTIAL)
    fill(config, meter)
    harm(config.database)
    harmed = config.database.read_bytes()

    async with running(config) as lan:
        if harm is blank_a_table:  # found when it is touched: by the reading, unless the hub looked first
            await answered(lan, meter, *meter.readings([reading()]), status=503, or_else=200)
        else:  # nothing of it can be read: the meter is unknown until the cloud gives its key again
            await answered(lan, meter, status=404)
        await asyncio.to_thread(cloud.wait_for, lambda: any(told.get("damaged_ms") for told in beats(cloud)), 5.0)

    (aside,) = damage.found(config.database)
    if harm is blank_a_table:  # what was written until the damage was touched is in it, and what was blank still is
        assert len(aside.read_bytes()) >= len(harmed)
        assert page_of_frames(aside) == bytes(PAGE)
    else:
        assert aside.read_bytes() == harmed
    assert beats(cloud)[-1]["damaged_ms"] == damage.newest_ms(config.database)
    assert tallied(config) == {"database damaged": 1}
    assert read_credential(config) == CREDENTIAL


async def test_keys_that_can_still_be_read_are_taken_over(config: Config) -> None:
    """Without internet too, a meter is known again and its readings are kept."""
    meter = FakeMeter()
    write_credential(config, CREDENTIAL)
    fill(config, meter)
    blank_a_table(config.database)
    async with running(replace(config, functions_url="http://127.0.0.1:9")) as lan:
        frames = meter.readings([reading(ts_ms=time.time_ns() // 1_000_000)])  # not so old that it may go
        answer = await answered(lan, meter, *frames, status=200)  # 503 before it, unless the hub found it by itself
        assert meter.checked(answer.content, answer.headers["Sunmeter-Mac"])["ack"] == [[7, 1, 1]]
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        assert connection.execute("SELECT seq FROM frame").fetchall() == [(1,)]
        assert connection.execute("SELECT key_version FROM meter").fetchall() == [(0,)]  # the cloud is asked again


def beats(cloud: FakeCloud) -> list[dict[str, Any]]:
    return [item for item in list(cloud.items) if item["type"] == "heartbeat"]


def tallied(config: Config) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        counted = dict(connection.execute("SELECT name, n FROM tally").fetchall())
    return {name: n for name, n in counted.items() if "damaged" in name}


def test_every_damaged_database_is_kept_under_a_name_of_its_own(config: Config) -> None:
    for number in range(3):
        fill(config, FakeMeter(f"m-{number:010d}"))
        scribble(config.database)
        damage.opened(config.database, START_MS).close()
    assert len(damage.found(config.database)) == 3
    assert tallied(config) == {"database damaged": 3}
    assert START_MS <= damage.newest_ms(config.database) <= START_MS + 2
    (config.data_dir / "hub.db.damaged-by-hand-Z").touch()  # somebody else's file is nobody's concern
    assert len(damage.found(config.database)) == 3


def test_the_log_goes_with_its_database(config: Config) -> None:
    make_known(config, FakeMeter())
    (config.data_dir / "hub.db-wal").write_bytes(b"log")
    damage.set_aside(config.database, START_MS, "a test")
    (aside,) = damage.found(config.database)
    assert Path(f"{aside}-wal").read_bytes() == b"log"


async def test_a_disk_that_refuses_is_no_damage(config: Config) -> None:
    make_known(config, FakeMeter())
    told: list[str] = []
    database = Database(connect(config.database), lambda: told.append("damaged"))
    with pytest.raises(sqlite3.OperationalError):
        await database.run(lambda connection: connection.execute("INSERT INTO nowhere VALUES (1)"))
    assert (database.damage, told) == ("", [])
    database.close()


NO_TEXT = "UPDATE meter SET meter = CAST(x'ff' AS TEXT)"
NO_JSON = "INSERT INTO downlink VALUES ('m', 'h', 0, NULL, 0, NULL, 0, NULL, 0, '[', NULL, 0, 0, NULL)"


@pytest.mark.parametrize("sql", [NO_TEXT, NO_JSON])
async def test_meters_that_cannot_be_read_any_more_are_damage(config: Config, sql: str) -> None:
    """Bytes that SQLite takes and Python does not."""
    make_known(config, FakeMeter())
    with contextlib.closing(connect(config.database)) as connection:
        connection.execute(sql)
    database = Database(connect(config.database))
    with pytest.raises(Damaged):
        await database.run(roster.load)
    assert database.damage
    database.close()


def test_status_and_doctor_say_it_in_a_sentence(
    config: Config, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, told in environment(config).items():
        monkeypatch.setenv(name, told)
    fill(config, FakeMeter())
    scribble(config.database)
    assert cli.main(["status"]) == 2
    assert "cannot be read" in capsys.readouterr().err
    damage.opened(config.database, START_MS).close()
    assert cli.main(["status"]) == 0
    assert "database damaged" in capsys.readouterr().out
    assert any("lie aside" in finding.sentence for finding in doctor(config) if not finding.is_good)
