"""Last verb: what the cloud acknowledged, and raw readings in time, or for want of room. A little at each call."""

import sqlite3

from . import failures
from .store import count

KEEP_MS = 30 * 86_400_000
SLICE = 500  # rows per job: commits go ahead between two
KEYS = {"frame": "meter, boot_id, seq", "quarter": "meter, start_s", "boot": "meter, boot_id"}


def _slice(table: str, which: str, meter: str = ":meter") -> str:
    """SQL that removes the first SLICE rows of a meter that are such."""
    rows = f"SELECT {KEYS[table]} FROM {table} WHERE meter = {meter} AND {which} LIMIT {SLICE}"
    return f"DELETE FROM {table} WHERE ({KEYS[table]}) IN ({rows})"


# A meter's newest quarter stays: the chain of its registers goes on from there, however long it was away. So do its
# newest boot, and those by which frames that are still here were placed.
NEWEST_QUARTER = "(SELECT max(start_s) FROM quarter WHERE meter = :meter)"
NEWEST_BOOT = "(SELECT max(zero_ms) FROM boot WHERE meter = :meter)"
ITS_FRAMES = "(SELECT 1 FROM frame WHERE frame.meter = boot.meter AND frame.boot_id = boot.boot_id)"
FORGET = (
    _slice("frame", "at_ms < :before_ms"),
    _slice("frame", "at_ms IS NULL AND received_ms < :before_ms"),
    _slice("quarter", f"start_s < min(:before_ms / 1000, {NEWEST_QUARTER}) AND state <> 1"),
    _slice("boot", f"zero_ms < min(:before_ms, {NEWEST_BOOT}) AND NOT EXISTS {ITS_FRAMES}"),
)
FORGET_SETTLED = (
    "DELETE FROM item WHERE state = 0 OR state = 2 AND settled_ms < :before_ms",
    "DELETE FROM refused WHERE received_ms < :before_ms",
    failures.FORGET,
)
# What has no place in time goes first, then what is oldest. It has long been cut: its energy is in the intervals.
OLDEST_AT = "SELECT at_ms FROM frame WHERE frame.meter = meter.meter ORDER BY at_ms LIMIT 1"
FORGET_OLDEST = _slice("frame", "TRUE ORDER BY at_ms", f"(SELECT meter FROM meter ORDER BY ({OLDEST_AT}) LIMIT 1)")
USED_BYTES = """SELECT (page_count - freelist_count) * page_size
  FROM pragma_page_count, pragma_freelist_count, pragma_page_size"""


def forget(connection: sqlite3.Connection, meter: str, now_ms: int) -> int:
    """Removes up to SLICE rows of each kind that one meter has had for long enough; returns how many went."""
    asked = {"meter": meter, "before_ms": now_ms - KEEP_MS}
    return sum(connection.execute(sql, asked).rowcount for sql in FORGET)


def forget_settled(connection: sqlite3.Connection, now_ms: int) -> None:
    """Removes what was acknowledged, and what was refused, rejected or noted long ago."""
    for sql in FORGET_SETTLED:
        connection.execute(sql, {"before_ms": now_ms - KEEP_MS})


def make_room(connection: sqlite3.Connection, most_bytes: int) -> int:
    """Removes up to SLICE of the oldest raw readings while the database holds more; counts them, returns how many."""
    (used_bytes,) = connection.execute(USED_BYTES).fetchone()
    if used_bytes <= most_bytes:
        return 0
    gone = connection.execute(FORGET_OLDEST).rowcount
    count(connection, "raw forgotten for room", gone)
    return gone
