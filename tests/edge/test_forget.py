"""What is forgotten, when, and what never is."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sunmeter_edge import send
from sunmeter_edge.config import Config
from sunmeter_edge.forget import KEEP_MS, SLICE, USED_BYTES, forget, forget_settled, make_room
from sunmeter_edge.store import connect
from tests.edge.conftest import Serve
from tests.edge.fakes import START_MS, FakeMeter, reading

METER = "m-0000000001"
OLD_MS = START_MS - KEEP_MS - 1


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "hub.db")
    yield connection
    connection.close()


def add_frame(database: sqlite3.Connection, seq: int, at_ms: int | None, received_ms: int = START_MS) -> None:
    row = (METER, 1, seq, 2, 1, at_ms, received_ms, b"")
    database.execute("INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def add_quarter(database: sqlite3.Connection, start_ms: int, state: int) -> None:
    row = (METER, start_ms // 1000, 0, "", "", "", "", state)
    database.execute("INSERT INTO quarter VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)", row)


def count(database: sqlite3.Connection, table: str) -> int:
    return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def forget_all(database: sqlite3.Connection) -> None:
    while forget(database, METER, START_MS):
        pass
    forget_settled(database, START_MS)


def test_raw_readings_go_after_thirty_days_and_not_before(database: sqlite3.Connection) -> None:
    for seq in range(1, 1201):
        add_frame(database, seq, OLD_MS)
    add_frame(database, 2000, OLD_MS + 1000)
    forget_all(database)
    assert [seq for (seq,) in database.execute("SELECT seq FROM frame")] == [2000]


def test_what_was_never_placed_goes_thirty_days_after_it_came(database: sqlite3.Connection) -> None:
    add_frame(database, 1, None, OLD_MS)
    add_frame(database, 2, None, START_MS)
    forget_all(database)
    assert [seq for (seq,) in database.execute("SELECT seq FROM frame")] == [2]


def test_for_want_of_room_the_oldest_raw_reading_of_all_goes_first_and_is_counted(database: sqlite3.Connection) -> None:
    other = "m-0000000002"
    for number in range(4 * SLICE):
        row = (METER if number % 2 else other, 1, number, 2, 1, START_MS + number, START_MS, bytes(200))
        database.execute("INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    database.executemany("INSERT INTO meter (meter) VALUES (?)", [(METER,), (other,)])
    for number in range(3):
        add_quarter(database, START_MS - number * 900_000, number)
    assert make_room(database, 10**9) == 0
    gone = 0
    (used_bytes,) = database.execute(USED_BYTES).fetchone()
    while more := make_room(database, used_bytes // 2):
        gone += more
    left = [seq for (seq,) in database.execute("SELECT seq FROM frame ORDER BY at_ms")]
    assert SLICE <= gone < 4 * SLICE
    assert min(left) >= gone - SLICE  # the meters take turns, a slice each
    assert len(left) == 4 * SLICE - gone
    assert database.execute("SELECT n FROM tally WHERE name = 'raw forgotten for room'").fetchone() == (gone,)
    assert count(database, "quarter") == 3


def test_what_is_no_raw_reading_never_makes_room(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO meter (meter) VALUES (?)", (METER,))
    add_frame(database, 1, None)
    add_frame(database, 2, START_MS)
    add_quarter(database, OLD_MS, 1)
    database.execute("INSERT INTO item (body, state) VALUES ('{}', 1)")
    while make_room(database, 0):
        pass
    assert (count(database, "frame"), count(database, "quarter"), count(database, "item")) == (0, 1, 1)


async def test_a_running_hub_keeps_to_its_room(serve: Serve, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sunmeter_edge.upkeep.FORGET_EVERY_S", 0.05)
    meter = FakeMeter()
    async with serve(meter) as lan:
        await lan.send(meter, *meter.readings([reading(seq=seq) for seq in range(1, 51)]))
        monkeypatch.setattr("sunmeter_edge.upkeep.MIN_FREE_BYTES", 10**18)  # others filled the disk
        for _ in range(100):
            with contextlib.closing(sqlite3.connect(config.database)) as connection:
                left, counted = count(connection, "frame"), dict(connection.execute("SELECT name, n FROM tally"))
            if not left:
                break
            await asyncio.sleep(0.05)
    assert (left, counted["raw forgotten for room"]) == (0, 50)


def test_an_interval_the_cloud_has_not_acknowledged_is_never_forgotten(database: sqlite3.Connection) -> None:
    for number in range(3):
        add_quarter(database, OLD_MS - number * 900_000, number)
    add_quarter(database, START_MS, 0)
    forget_all(database)
    kept = [(start_s, state) for start_s, state in database.execute("SELECT start_s, state FROM quarter")]
    assert kept == [((OLD_MS - 900_000) // 1000, 1), (START_MS // 1000, 0)]


def test_a_meters_newest_quarter_stays_so_that_its_registers_go_on(database: sqlite3.Connection) -> None:
    add_quarter(database, OLD_MS, 0)
    add_quarter(database, OLD_MS - 900_000, 0)
    forget_all(database)
    assert [start_s for (start_s,) in database.execute("SELECT start_s FROM quarter")] == [OLD_MS // 1000]


def test_acknowledged_items_go_at_once_and_others_stay(database: sqlite3.Connection) -> None:
    for state in (0, 1, 2):
        database.execute("INSERT INTO item (body, state) VALUES ('{}', ?)", (state,))
    forget_all(database)
    assert [state for (state,) in database.execute("SELECT state FROM item")] == [1, 2]


def test_a_rejected_item_stays_for_people_to_see_and_goes_thirty_days_later(database: sqlite3.Connection) -> None:
    database.executemany("INSERT INTO item (body, state) VALUES ('{}', ?)", [(1,), (1,), (1,)])
    rejected = [{"ok": False, "code": "malformed", "field": "seq"}]
    for now_ms in (OLD_MS, START_MS):
        parcel = send.take(database, send.ITEMS, 1, now_ms)
        send.settle(database, send.ITEMS, parcel, rejected, now_ms)
    forget_all(database)
    assert list(database.execute("SELECT id, state FROM item")) == [(2, 2), (3, 1)]


def test_a_database_of_an_earlier_version_keeps_its_rejected_items(tmp_path: Path) -> None:
    with contextlib.closing(connect(tmp_path / "old.db")) as old:
        old.execute("ALTER TABLE item DROP COLUMN settled_ms")
        old.execute("INSERT INTO item (body, state, code) VALUES ('{}', 2, 'malformed')")
    with contextlib.closing(connect(tmp_path / "old.db")) as database:
        forget_all(database)
        assert count(database, "item") == 1


def test_a_boot_goes_after_thirty_days_unless_something_is_placed_by_it(database: sqlite3.Connection) -> None:
    """Its frames, or what its meter sends next."""
    boots = {1: OLD_MS, 2: OLD_MS, 3: OLD_MS + 1, 4: START_MS - 1, 5: START_MS}
    for boot_id, zero_ms in boots.items():
        database.execute("INSERT INTO boot (meter, boot_id, zero_ms) VALUES (?, ?, ?)", (METER, boot_id, zero_ms))
    database.execute("INSERT INTO boot (meter, boot_id, zero_ms) VALUES ('m-0000000002', 1, ?)", (OLD_MS,))
    database.execute("INSERT INTO boot (meter, boot_id, zero_ms) VALUES ('m-0000000003', 1, ?)", (OLD_MS,))
    add_frame(database, 1, START_MS)
    forget_all(database)
    while forget(database, "m-0000000002", START_MS):
        pass
    kept = [(meter[-1], boot_id) for meter, boot_id in database.execute("SELECT meter, boot_id FROM boot")]
    assert kept == [("1", 1), ("1", 3), ("1", 4), ("1", 5), ("2", 1), ("3", 1)]


def test_a_new_item_never_takes_the_number_of_one_that_went(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO item (body, state) VALUES ('{}', 0)")
    forget_all(database)
    database.execute("INSERT INTO item (body, state) VALUES ('{}', 1)")
    assert [number for (number,) in database.execute("SELECT id FROM item")] == [2]


def test_the_pragmas_that_promises_rest_on_are_set(database: sqlite3.Connection) -> None:
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)
    assert count(database, "frame") == 0


def test_a_disk_that_cannot_keep_a_promise_is_refused() -> None:
    with pytest.raises(sqlite3.OperationalError, match="journal_mode"):
        connect(Path(":memory:"))
