"""Last verb: what the cloud acknowledged, and raw readings in time, or for want of room. A little at each call."""

import sqlite3

from . import failures
from .store import count

KEEP_RAW_MS = 30 * 86_400_000
SLICE = 500  # rows per job: commits go ahead between two

# The newest kept quarter of a meter stays: the chain of its registers goes on from there, however long it was away.
FORGET_FRAMES = """DELETE FROM frame WHERE (meter, boot_id, seq) IN (
  SELECT meter, boot_id, seq FROM frame WHERE meter = ?1 AND at_ms < ?2 LIMIT ?3)"""
FORGET_UNPLACED = """DELETE FROM frame WHERE (meter, boot_id, seq) IN (
  SELECT meter, boot_id, seq FROM frame WHERE meter = ?1 AND at_ms IS NULL AND received_ms < ?2 LIMIT ?3)"""
FORGET_QUARTERS = """DELETE FROM quarter WHERE (meter, start_s) IN (
  SELECT meter, start_s FROM quarter WHERE meter = ?1 AND start_s < ?2 / 1000 AND state <> 1
  AND start_s < (SELECT max(start_s) FROM quarter WHERE meter = ?1) LIMIT ?3)"""
# What has no place in time goes first, then what is oldest. It has long been cut: its energy is in the intervals.
FORGET_OLDEST = """DELETE FROM frame WHERE (meter, boot_id, seq) IN (
  SELECT meter, boot_id, seq FROM frame WHERE meter = (
    SELECT meter FROM meter AS m
    ORDER BY (SELECT at_ms FROM frame AS f WHERE f.meter = m.meter ORDER BY at_ms LIMIT 1) LIMIT 1)
  ORDER BY at_ms LIMIT ?)"""
USED_BYTES = """SELECT (page_count - freelist_count) * page_size
  FROM pragma_page_count, pragma_freelist_count, pragma_page_size"""
FORGET_SENT = "DELETE FROM item WHERE state = 0"
FORGET_REFUSED = "DELETE FROM refused WHERE received_ms < ?"


def forget(connection: sqlite3.Connection, meter: str, now_ms: int) -> int:
    """Removes up to SLICE rows of each kind that one meter has had for long enough; returns how many went."""
    before_ms = now_ms - KEEP_RAW_MS
    slices = (FORGET_FRAMES, FORGET_UNPLACED, FORGET_QUARTERS)
    return sum(connection.execute(sql, (meter, before_ms, SLICE)).rowcount for sql in slices)


def forget_settled(connection: sqlite3.Connection, now_ms: int) -> None:
    """Removes what was acknowledged, and what was refused or noted long ago."""
    connection.execute(FORGET_SENT)
    connection.execute(FORGET_REFUSED, (now_ms - KEEP_RAW_MS,))
    connection.execute(failures.FORGET, (now_ms - KEEP_RAW_MS,))


def make_room(connection: sqlite3.Connection, most_bytes: int) -> int:
    """Removes up to SLICE of the oldest raw readings while the database holds more; counts them, returns how many."""
    (used_bytes,) = connection.execute(USED_BYTES).fetchone()
    if used_bytes <= most_bytes:
        return 0
    gone = connection.execute(FORGET_OLDEST, (SLICE,)).rowcount
    count(connection, "raw forgotten for room", gone)
    return gone
