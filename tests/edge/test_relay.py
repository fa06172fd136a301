"""What the cloud's downlink documents do to a hub, told as the listener tells them."""

import asyncio
import contextlib
import datetime as dt
import sqlite3
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sunmeter_edge.cloud import Cloud, Identity
from sunmeter_edge.config import Config
from sunmeter_edge.contract.listen import AsyncStore
from sunmeter_edge.relay import Relay
from sunmeter_edge.roster import Meter, Roster, load
from sunmeter_edge.store import Database, connect
from tests.edge.conftest import CREDENTIAL
from tests.edge.fakes import HUB, FakeCloud, FakeMeter

View = dict[str, dict[str, Any]]


def downlink(**fields: Any) -> dict[str, Any]:
    past = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    plain = {"hub": HUB, "home": "home1", "lease_until": past, "assignment": b"sealed", "assignment_version": 1}
    return {**plain, "model": None, "config": None, "commands": [], **fields}


class Line:
    """A relay over a real database; the store is never asked, views are handed in."""

    def __init__(self, config: Config):
        config.data_dir.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.database = Database(connect(config.database))
        self.roster: Roster = {}
        self.leased: list[str] = []
        cloud = Cloud(config, Identity(config, CREDENTIAL))
        self.store = AsyncStore(_no_token, config.project, config.firestore_emulator)
        self.relay = Relay(HUB, self.store, self.database, cloud, self.roster, self._lease)

    def _lease(self, meter: Meter) -> None:
        self.leased.append(meter.meter)

    async def take_in(self, view: View) -> None:
        await self.relay.take_in(view)

    def kept(self) -> Roster:
        """What a hub that starts now would know."""
        with contextlib.closing(sqlite3.connect(self.config.database)) as connection:
            return load(connection)


async def _no_token() -> str:
    raise OSError("not asked for in these tests")


@pytest.fixture
async def line(config: Config) -> AsyncIterator[Line]:
    running = Line(config)
    yield running
    await running.store.close()
    running.database.close()


async def test_what_was_told_is_known_after_a_restart(line: Line) -> None:
    blob = {"id": 3, "expires_s": 2**33, "blob": b"command"}
    await line.take_in({"downlink/m-1": downlink(model=b"model", model_version=4, commands=[blob])})
    had = line.roster["m-1"].downlink
    assert had
    assert (had.home, had.model, had.model_version, had.commands) == ("home1", b"model", 4, ((3, 2**33, b"command"),))
    assert line.kept()["m-1"].downlink == had


async def test_an_unchanged_view_writes_nothing(line: Line) -> None:
    await line.take_in({"downlink/m-1": downlink()})
    with contextlib.closing(connect(line.config.database)) as connection:
        connection.execute("CREATE TRIGGER spy BEFORE INSERT ON downlink BEGIN SELECT RAISE(ABORT, 'written'); END")
    await line.take_in({"downlink/m-1": downlink()})


async def test_what_an_earlier_version_had_cached_is_kept_and_its_tables_get_their_new_columns(line: Line) -> None:
    with contextlib.closing(sqlite3.connect(line.config.database)) as connection:
        connection.execute("DROP TABLE downlink")
        connection.execute(
            """CREATE TABLE downlink (meter TEXT PRIMARY KEY, home TEXT NOT NULL, lease_until_ms INTEGER NOT NULL,
              assignment BLOB, assignment_version INTEGER NOT NULL, model BLOB, model_version INTEGER NOT NULL,
              config BLOB, config_version INTEGER NOT NULL, commands TEXT NOT NULL) STRICT, WITHOUT ROWID"""
        )
        connection.execute("INSERT INTO downlink VALUES ('m-1', 'home1', 0, x'aa', 1, x'bb', 4, NULL, 0, '[]')")
        connection.commit()
    connect(line.config.database).close()
    connect(line.config.database).close()  # and once more, with nothing left to add
    had = line.kept()["m-1"].downlink
    assert had
    assert (had.assignment, had.model, had.model_version) == (b"\xaa", b"\xbb", 4)
    assert (had.manifest, had.manifest_version, had.mqtt, had.page_code) == (None, 0, False, None)


async def test_a_manifest_and_what_is_shared_are_known_after_a_restart(line: Line) -> None:
    told = downlink(manifest=b"sealed manifest", manifest_version=7, mqtt=True, page_code=b"digest")
    await line.take_in({"downlink/m-1": told})
    had = line.kept()["m-1"].downlink
    assert had
    assert (had.manifest, had.manifest_version, had.mqtt, had.page_code) == (b"sealed manifest", 7, True, b"digest")
    await line.take_in({"downlink/m-1": downlink(mqtt="yes")})
    assert line.roster["m-1"].downlink
    assert line.roster["m-1"].downlink.mqtt is False  # only a plain true lets values out


async def test_another_manifest_is_not_offered_before_its_files_are_here(line: Line) -> None:
    await line.take_in({"downlink/m-1": downlink(manifest=b"one", manifest_version=1)})
    line.roster["m-1"].has_firmware = True
    await line.take_in({"downlink/m-1": downlink(manifest=b"one", manifest_version=1, model=b"m", model_version=2)})
    assert line.roster["m-1"].has_firmware
    await line.take_in({"downlink/m-1": downlink(manifest=b"two", manifest_version=2)})
    assert not line.roster["m-1"].has_firmware


async def test_a_lease_is_told_when_it_begins_and_when_it_is_prolonged(line: Line) -> None:
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    await line.take_in({"downlink/m-1": downlink(lease_until=now)})
    await line.take_in({"downlink/m-1": downlink(lease_until=now + dt.timedelta(seconds=60))})
    await line.take_in({"downlink/m-1": downlink(lease_until=now + dt.timedelta(seconds=60), model=b"m")})
    assert line.leased == ["m-1", "m-1"]


async def test_a_meter_that_left_is_unknown_again(line: Line) -> None:
    meter = FakeMeter()
    await line.take_in({f"downlink/{meter.meter}": downlink(), "downlink/m-2": downlink()})
    with contextlib.closing(connect(line.config.database)) as connection:
        connection.execute("INSERT INTO meter (meter, link_key) VALUES (?, ?)", (meter.meter, meter.link_key))
    line.roster[meter.meter].signer = meter.signer
    await line.take_in({"downlink/m-2": downlink()})
    assert line.roster[meter.meter].signer is None
    assert line.roster[meter.meter].downlink is None
    kept = line.kept()
    assert kept[meter.meter].signer is None
    assert kept["m-2"].downlink


async def test_one_document_that_is_not_understood_harms_no_other(line: Line) -> None:
    await line.take_in({"downlink/m-1": {"hub": HUB}, "downlink/m-2": downlink()})
    assert "m-1" not in line.roster
    assert line.roster["m-2"].downlink


async def test_a_new_assignment_gives_rejected_intervals_another_chance_and_a_lease_does_not(line: Line) -> None:
    await line.take_in({"downlink/m-1": downlink()})

    def state(value: int | None = None) -> int:
        with contextlib.closing(connect(line.config.database)) as connection:
            if value is not None:
                row = ("m-1", 900, 1, "", "", "", "{}", value, "unassigned", "meter")
                connection.execute("INSERT OR REPLACE INTO quarter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            return int(connection.execute("SELECT state FROM quarter").fetchone()[0])

    assert state(2) == 2
    later = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    await line.take_in({"downlink/m-1": downlink(lease_until=later)})
    assert state() == 2
    await line.take_in({"downlink/m-1": downlink(assignment=b"another", assignment_version=2)})
    assert state() == 1


async def test_keys_are_asked_for_and_known_after_a_restart(line: Line, cloud: FakeCloud) -> None:
    meter = FakeMeter()
    cloud.assigned = {meter.meter}
    asking = asyncio.create_task(line.relay.fetch_keys())
    await line.take_in({f"downlink/{meter.meter}": downlink()})
    for _ in range(200):
        if line.roster[meter.meter].signer:
            break
        await asyncio.sleep(0.02)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    for known in (line.roster[meter.meter], line.kept()[meter.meter]):
        assert known.signer
        assert known.signer.digest(b"x") == meter.signer.digest(b"x")
        assert known.key_version == 1


def order(**fields: Any) -> dict[str, Any]:
    return {"hub": HUB, "erase": True, "meter": "m-1", "from_s": 900, "to_s": 1800, **fields}


FILL = """
INSERT INTO quarter VALUES ('m-1', 0, 1, '', '', '', '{}', 0, NULL, NULL),
  ('m-1', 900, 1, '', '', '', '{}', 1, NULL, NULL), ('m-1', 1800, 1, '', '', '', '{}', 1, NULL, NULL),
  ('m-2', 900, 1, '', '', '', '{}', 1, NULL, NULL);
INSERT INTO dirty VALUES ('m-1', 900, 0), ('m-2', 900, 0);
INSERT INTO frame VALUES ('m-1', 1, 1, 2, 1, 899999, 0, x''), ('m-1', 1, 2, 2, 1, 900000, 0, x''),
  ('m-1', 1, 3, 2, 1, 1800000, 0, x''), ('m-1', 2, 1, 2, 1, NULL, 900000, x''), ('m-2', 1, 2, 2, 1, 900000, 0, x'');
INSERT INTO refused (meter, boot_id, seq, code, field, received_ms, frame) VALUES ('m-1', 1, 9, 'x', 'x', 900000, x'');
INSERT INTO item (body, state) VALUES ('{"meter":"m-1","ts_ms":900000}', 1), ('{"meter":"m-1","ts_ms":1800000}', 1),
  ('{"meter":"m-1","since_ms":900001}', 2), ('{"meter":"m-2","ts_ms":900000}', 1),
  ('{"meter":"m-1","command_id":4}', 2);
"""


async def test_what_is_ordered_to_be_erased_goes_with_all_its_traces_and_nothing_else(line: Line) -> None:
    with contextlib.closing(connect(line.config.database)) as connection:
        connection.executescript(FILL)
    await line.take_in({"downlink/m-2": downlink(), "downlink/erase-m-1-1": order()})
    with contextlib.closing(connect(line.config.database)) as connection:
        kept = {
            name: connection.execute(f"SELECT {columns} FROM {name} ORDER BY 1, 2").fetchall()
            for name, columns in {
                "quarter": "meter, start_s",
                "dirty": "meter, start_s",
                "frame": "meter, seq",
                "refused": "meter, seq",
                "item": "body ->> '$.meter', body ->> '$.ts_ms'",
            }.items()
        }
    assert kept == {
        "quarter": [("m-1", 0), ("m-1", 1800), ("m-2", 900)],
        "dirty": [("m-2", 900)],
        "frame": [("m-1", 1), ("m-1", 3), ("m-2", 2)],
        "refused": [],
        "item": [("m-1", 1_800_000), ("m-2", 900_000)],
    }
    assert set(line.roster) == {"m-2"}  # an order is no meter


async def test_an_order_that_cannot_be_read_stops_nothing(line: Line) -> None:
    await line.take_in({"downlink/m-2": downlink(), "downlink/erase-m-1-1": order(from_s=None)})
    assert set(line.roster) == {"m-2"}
