"""What failed around this hub, and from when to when: evidence by which the cloud names gaps and delays.

One span at a time is open: it ends when something got through, or when another thing fails in its place.
"""

import sqlite3

from .cloud import OutOfReach
from .contract.ledger import QUARTER_S

INTERNET = "internet"  # nobody answered
CLOUD = "cloud"  # the cloud answered, but not now
HUB = "hub"  # the hub itself was not running
ALIVE = "alive"  # no failure: the row that says until when the hub was known to run
ALIVE_EVERY_MS = 60_000
AWAY_MS = 2 * ALIVE_EVERY_MS  # a restart is shorter

ENDS = "UPDATE failure SET to_ms = max(:now, from_ms) WHERE to_ms IS NULL AND kind <> :kind"
BEGINS = """INSERT INTO failure (kind, from_ms)
  SELECT :kind, :now WHERE NOT EXISTS (SELECT 1 FROM failure WHERE to_ms IS NULL) ON CONFLICT DO NOTHING"""
FIND_ALIVE = "SELECT to_ms FROM failure WHERE kind = 'alive'"
MARK_ALIVE = """INSERT INTO failure (kind, from_ms, to_ms) VALUES ('alive', 0, ?)
  ON CONFLICT DO UPDATE SET to_ms = max(to_ms, excluded.to_ms)"""
ADD = "INSERT OR IGNORE INTO failure (kind, from_ms, to_ms) VALUES (?, ?, ?)"
FIND_WITHIN = """SELECT kind, sum(min(coalesce(to_ms, :now), :end) - max(from_ms, :start)) / 1000 FROM failure
  WHERE from_ms < :end AND coalesce(to_ms, :now) > :start AND kind <> 'alive' GROUP BY kind"""
FORGET = "DELETE FROM failure WHERE to_ms < :before_ms AND kind <> 'alive'"


def whose(error: Exception) -> str:
    """Whose failure kept something from being sent: the disk's, the line's, or the cloud's."""
    if isinstance(error, sqlite3.Error):
        return HUB
    return INTERNET if isinstance(error, OutOfReach) and not error.answered else CLOUD


def begins(connection: sqlite3.Connection, kind: str, now_ms: int) -> None:
    """INTERNET or CLOUD fails; nothing new if it did before."""
    connection.execute(ENDS, {"kind": kind, "now": now_ms})
    connection.execute(BEGINS, {"kind": kind, "now": now_ms})


def ends(connection: sqlite3.Connection, now_ms: int) -> None:
    """Something got through."""
    connection.execute(ENDS, {"kind": "", "now": now_ms})


def alive(connection: sqlite3.Connection, now_ms: int) -> None:
    """The hub runs."""
    connection.execute(MARK_ALIVE, (now_ms,))


def started(connection: sqlite3.Connection, now_ms: int) -> None:
    """The hub runs again: it was away since it was last known to run."""
    found = connection.execute(FIND_ALIVE).fetchone()
    if found and now_ms - found[0] > AWAY_MS:
        connection.execute(ADD, (HUB, found[0], now_ms))
    alive(connection, now_ms)


def within(connection: sqlite3.Connection, start_s: int, now_ms: int) -> dict[str, int]:
    """Evidence of a quarter, in seconds of it: out of reach of the cloud, the cloud's part of that, and not running."""
    asked = {"start": start_s * 1000, "end": (start_s + QUARTER_S) * 1000, "now": now_ms}
    seconds = dict(connection.execute(FIND_WITHIN, asked).fetchall())
    cloud_s = seconds.get(CLOUD, 0)
    return {"offline_s": seconds.get(INTERNET, 0) + cloud_s, "cloud_s": cloud_s, "hub_s": seconds.get(HUB, 0)}
