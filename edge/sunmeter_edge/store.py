"""The hub's database: one SQLite file, written by one thread.

Every job is one transaction. What a job wrote is on the disk when it returns: the log is synced at each commit.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PRAGMAS = {
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),  # NORMAL may roll back acknowledged commits when the power fails
    "busy_timeout": (5000, 5000),  # `sunmeter-edge status` reads while the hub writes
    "cache_size": (-8000, -8000),  # 8 MB: the hub shares a Pi's memory with others
    "temp_store": ("MEMORY", 2),  # an SD card has better things to do
    "cell_size_check": ("ON", 1),  # a damaged page is found when it is read, before it is believed
}
DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

# States of what waits for the cloud.
SENT, WAITING, REJECTED = 0, 1, 2

SCHEMA = """
CREATE TABLE IF NOT EXISTS meter (
  meter TEXT PRIMARY KEY,
  link_key BLOB, key_version INTEGER NOT NULL DEFAULT 0,     -- no key: the meter is unknown here
  last_ms INTEGER NOT NULL DEFAULT 0,                        -- when it was last heard
  newest_ms INTEGER NOT NULL DEFAULT 0,                      -- its newest sample
  firmware INTEGER NOT NULL DEFAULT 0, model_version INTEGER NOT NULL DEFAULT 0,
  import_mwh INTEGER NOT NULL DEFAULT -1, export_mwh INTEGER NOT NULL DEFAULT -1,  -- greatest acknowledged registers
  pv_mwh INTEGER NOT NULL DEFAULT -1, standby_mwh INTEGER NOT NULL DEFAULT -1,     -- that were not counted apart
  silent INTEGER NOT NULL DEFAULT 0,
  refusal INTEGER NOT NULL DEFAULT 0, refused_ms INTEGER NOT NULL DEFAULT 0  -- what it last refused, by wire.REFUSALS
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS downlink (
  meter TEXT PRIMARY KEY, home TEXT NOT NULL, lease_until_ms INTEGER NOT NULL,
  assignment BLOB, assignment_version INTEGER NOT NULL, model BLOB, model_version INTEGER NOT NULL,
  config BLOB, config_version INTEGER NOT NULL, commands TEXT NOT NULL,
  manifest BLOB, manifest_version INTEGER NOT NULL DEFAULT 0, mqtt INTEGER NOT NULL DEFAULT 0, page_code BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS boot (
  meter TEXT NOT NULL, boot_id INTEGER NOT NULL, zero_ms INTEGER NOT NULL,  -- wall time at which its uptime was 0
  request_no INTEGER NOT NULL DEFAULT 0,                     -- the greatest that was kept: what is older is a replay
  PRIMARY KEY (meter, boot_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frame (
  meter TEXT NOT NULL, boot_id INTEGER NOT NULL, seq INTEGER NOT NULL,
  kind INTEGER NOT NULL, schema INTEGER NOT NULL,
  at_ms INTEGER,                                             -- wall time; NULL until its boot's clock is known
  received_ms INTEGER NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (meter, boot_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS frame_in_time ON frame (meter, at_ms);
CREATE TABLE IF NOT EXISTS refused (
  id INTEGER PRIMARY KEY AUTOINCREMENT, meter TEXT NOT NULL, boot_id INTEGER NOT NULL, seq INTEGER NOT NULL,
  code TEXT NOT NULL, field TEXT NOT NULL, received_ms INTEGER NOT NULL, frame BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS dirty (                           -- quarters to cut, or to cut again
  meter TEXT NOT NULL, start_s INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  PRIMARY KEY (meter, start_s)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quarter (
  meter TEXT NOT NULL, start_s INTEGER NOT NULL, rev INTEGER NOT NULL,
  regs0 TEXT NOT NULL, regs1 TEXT NOT NULL, chain TEXT NOT NULL,  -- the chain of registers at its end
  body TEXT NOT NULL, state INTEGER NOT NULL, code TEXT, field TEXT,
  PRIMARY KEY (meter, start_s)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS quarter_waiting ON quarter (start_s DESC) WHERE state = 1;
CREATE TABLE IF NOT EXISTS item (                            -- everything for the cloud that is not a quarter
  id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, state INTEGER NOT NULL, code TEXT, field TEXT,
  settled_ms INTEGER                                         -- when the cloud said what became of it
) STRICT;
CREATE INDEX IF NOT EXISTS item_waiting ON item (id) WHERE state = 1;
DROP TABLE IF EXISTS offline;                                -- an earlier version's
CREATE TABLE IF NOT EXISTS failure (                         -- what failed around the hub; see failures.py
  kind TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER,  -- no end: it lasts
  PRIMARY KEY (kind, from_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""
ADDED = {  # to tables that an earlier version made
    "boot": {"request_no": "INTEGER NOT NULL DEFAULT 0"},
    "downlink": {
        "manifest": "BLOB",
        "manifest_version": "INTEGER NOT NULL DEFAULT 0",
        "mqtt": "INTEGER NOT NULL DEFAULT 0",
        "page_code": "BLOB",
    },
    "item": {"settled_ms": "INTEGER"},
    "meter": {"refusal": "INTEGER NOT NULL DEFAULT 0", "refused_ms": "INTEGER NOT NULL DEFAULT 0"},
}
COUNT = "INSERT INTO tally (name, n) VALUES (?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n"


class Damaged(sqlite3.DatabaseError):
    """The file is not the database it was. Nothing in it can be relied on any more."""


def connect(path: Path, opened: Callable[..., sqlite3.Connection] = sqlite3.connect) -> sqlite3.Connection:
    """Opens the database, makes what is missing in it, and asserts that every pragma holds.

    opened: how a file becomes a connection; tests put a simulated disk under it.
    Raises Damaged, or sqlite3.OperationalError when the disk refuses.
    """
    if path.exists() and not path.stat().st_size:
        raise Damaged("file is empty")  # SQLite would take it for a new one, and delete its log
    connection = opened(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        with _damage_named():
            _prepare(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A hub's database, also beside the running hub; it cannot be changed through this."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _prepare(connection: sqlite3.Connection) -> None:
    for name, (wanted, told) in PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {wanted}")
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found != told:
            raise sqlite3.OperationalError(f"PRAGMA {name} is {found}, not {told}: this disk cannot keep promises")
    connection.executescript(SCHEMA)
    for table, columns in ADDED.items():
        there = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
        for name, kind in columns.items():
            if name not in there:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")


@contextmanager
def _damage_named() -> Iterator[None]:
    """Raises as Damaged what SQLite says of a file that it cannot make sense of."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        is_no_text = str(error).startswith("Could not decode to UTF-8")  # Python's own finding, without a code
        if is_no_text or getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE:
            raise Damaged(str(error)) from error
        raise


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it or nothing of it; on the disk when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def count(connection: sqlite3.Connection, name: str, n: int = 1) -> None:
    """Adds to one of the hub's counters."""
    connection.execute(COUNT, (name, n))


def count_all(connection: sqlite3.Connection, counted: dict[str, int]) -> None:
    """Adds to several of them."""
    connection.executemany(COUNT, counted.items())


class Database:
    """Runs jobs one after another in the thread that owns the connection."""

    def __init__(self, connection: sqlite3.Connection, on_damage: Callable[[], None] = lambda: None):
        self._connection = connection
        self._on_damage = on_damage  # told once
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self.damage = ""  # what SQLite said of it; "": nothing is known to be wrong

    async def run(self, job: Callable[[sqlite3.Connection, *Ts], T], *arguments: *Ts) -> T:
        """One job as one transaction. Raises sqlite3.Error when it could not be kept, whole."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, job, *arguments)
        except Damaged as error:
            if not self.damage:
                self.damage = str(error)
                self._on_damage()
            raise

    def _transact(self, job: Callable[[sqlite3.Connection, *Ts], T], *arguments: *Ts) -> T:
        with _damage_named(), transaction(self._connection) as connection:
            return job(connection, *arguments)

    def close(self) -> None:
        self._thread.shutdown()
        with suppress(sqlite3.Error):  # its last checkpoint may meet the damage
            self._connection.close()
