"""A damaged database is set aside, whole and named with the time, and the hub begins another.

What was acknowledged and not yet carried lies in the old file; it is kept for whoever can read it. Only what proves
itself is taken over from it: link keys, as far as they can be read, for a wrong one verifies nothing. The rest comes
again from the cloud, and from the meters what they still hold.
"""

import contextlib
import datetime as dt
import logging
import re
import sqlite3
from pathlib import Path

from . import log
from .contract import wire
from .store import Damaged, connect, count, open_for_reading

PARTS = ("-wal", "-shm", "")  # the log goes first: a new database must never meet the log of another
MARK = ".damaged-"
STAMP = "%Y%m%dT%H%M%S.%fZ"
NAME = re.compile(r"\.damaged-\d{8}T\d{6}\.\d{6}Z$")
TALLY = "database damaged"

KEYS = "SELECT meter, link_key FROM meter WHERE link_key IS NOT NULL"
TAKE_OVER = "INSERT OR IGNORE INTO meter (meter, link_key) VALUES (?, ?)"  # of no version: the cloud is asked again


def opened(database: Path, now_ms: int) -> sqlite3.Connection:
    """The database, or a new one where it proves damaged. Raises sqlite3.OperationalError when the disk refuses."""
    try:
        return connect(database)
    except Damaged as error:
        set_aside(database, now_ms, str(error))
        return connect(database)


def set_aside(database: Path, now_ms: int, reason: str) -> None:
    """Renames a database that nobody has open, and begins one that counts how many lie aside."""
    while (kept := _place(database, now_ms)).exists():
        now_ms += 1
    for part in PARTS:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{database}{part}").rename(f"{kept}{part}")
    log.event("database damaged", logging.ERROR, reason=reason, set_aside=kept)
    with contextlib.closing(connect(database)) as fresh:
        count(fresh, TALLY, len(found(database)))
        fresh.executemany(TAKE_OVER, _keys(kept))


def _keys(kept: Path) -> list[tuple[str, bytes]]:
    """(meter, link key), as far as they can still be read."""
    keys: list[tuple[str, bytes]] = []
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(open_for_reading(kept)) as old,
    ):
        for meter, key in old.execute(KEYS):
            if wire.is_meter_id(meter) and isinstance(key, bytes):
                keys.append((meter, key))
    return keys


def found(database: Path) -> list[Path]:
    """The databases that lie aside, the newest last."""
    return sorted(file for file in database.parent.glob(f"{database.name}{MARK}*") if NAME.search(file.name))


def newest_ms(database: Path) -> int:
    """When the newest of them was set aside; 0: there is none."""
    kept = found(database)
    if not kept:
        return 0
    moment = dt.datetime.strptime(kept[-1].name.rpartition(MARK)[2], STAMP).replace(tzinfo=dt.UTC)
    return round(moment.timestamp() * 1000)


def _place(database: Path, now_ms: int) -> Path:
    moment = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC)
    return database.with_name(f"{database.name}{MARK}{moment:{STAMP}}")
