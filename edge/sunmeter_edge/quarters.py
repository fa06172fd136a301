"""Which quarters are due, and what cutting one does to its neighbours.

A quarter is dirty when a sample came that lies in it. It is cut once a sample beyond its end is there and things have
settled. If that moved a boundary, the neighbour is cut again: so every order of arrival ends in the same intervals.
Each kept quarter holds the chain of registers at its end, so that no cut looks further back than its predecessor.
"""

import json
import sqlite3
import struct
from collections.abc import Iterator

from . import failures
from .assemble import Cut, Frame, cut
from .chain import Chain
from .commit import MARK_DIRTY, SAMPLES
from .contract import wire
from .contract.ledger import QUARTER_S
from .store import WAITING

AGAIN_MS = 60_000  # a quarter that cannot be cut yet is looked at again
SLICE = 2  # quarters per job: some milliseconds, between which commits go ahead

FIND_DUE = """SELECT dirty.meter, start_s, newest_ms FROM dirty JOIN meter USING (meter)
  WHERE due_ms <= ? AND (start_s + 900) * 1000 <= newest_ms ORDER BY start_s, dirty.meter LIMIT ?"""
FIND_BEFORE = """SELECT start_s, regs1, chain, json_extract(body, '$.evidence.edges') FROM quarter
  WHERE meter = ? AND start_s < ? ORDER BY start_s DESC LIMIT 1"""
FIND_QUARTER = "SELECT rev, regs0, regs1, chain, body FROM quarter WHERE meter = ? AND start_s = ?"
FIND_FRAMES = """SELECT at_ms, kind, received_ms, payload FROM frame
  WHERE meter = ? AND at_ms > ? AND kind IN (2, 4) ORDER BY at_ms, boot_id, seq"""
FIND_ANY = "SELECT 1 FROM frame WHERE meter = ? AND at_ms < ? AND kind IN (2, 4) LIMIT 1"
KEEP_QUARTER = """INSERT INTO quarter (meter, start_s, rev, regs0, regs1, chain, body, state)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET rev = excluded.rev, regs0 = excluded.regs0,
  regs1 = excluded.regs1, chain = excluded.chain, body = excluded.body, state = excluded.state,
  code = NULL, field = NULL"""
KEEP_CHAIN = "UPDATE quarter SET chain = ? WHERE meter = ? AND start_s = ?"
WAKE = "INSERT INTO dirty (meter, start_s, due_ms) VALUES (?, ?, 0) ON CONFLICT DO UPDATE SET due_ms = 0"
CLEAN = "DELETE FROM dirty WHERE meter = ? AND start_s = ?"

_NAMES = {kind: [name for name, *_ in wire.FIELDS[kind]] for kind in SAMPLES}
_LAYOUTS = {kind: struct.Struct("<" + "".join(code for _, code, *_ in wire.FIELDS[kind])) for kind in SAMPLES}


def cut_due(connection: sqlite3.Connection, now_ms: int) -> int:
    """Cuts up to SLICE of the quarters that are due, oldest first; returns how many."""
    due = connection.execute(FIND_DUE, (now_ms, SLICE)).fetchall()
    for meter, start_s, newest_ms in due:
        connection.execute(CLEAN, (meter, start_s))
        _cut_one(connection, meter, start_s, newest_ms, now_ms)
    return len(due)


def _cut_one(connection: sqlite3.Connection, meter: str, start_s: int, newest_ms: int, now_ms: int) -> None:
    before = connection.execute(FIND_BEFORE, (meter, start_s)).fetchone()
    since_ms = (before[0] + QUARTER_S) * 1000 if before else 0
    chain = Chain.from_json(before[2]) if before else None
    frames = _frames(connection, meter, since_ms)
    made = cut(meter, start_s, chain, frames, failures.within(connection, start_s, now_ms))
    if made is None:
        if before or connection.execute(FIND_ANY, (meter, (start_s + QUARTER_S) * 1000)).fetchone():
            connection.execute(MARK_DIRTY, (meter, start_s, now_ms + AGAIN_MS))  # what lies beyond tells nothing yet
        return
    old = connection.execute(FIND_QUARTER, (meter, start_s)).fetchone()
    regs0, regs1, chain_text, is_news = _keep(connection, made, old, now_ms)
    joins_before = before and before[0] == start_s - QUARTER_S and before[1] == regs0
    may_tell_more = is_news and before and before[3] == "interpolated"  # of what lies behind its end, as at a silence
    if not joins_before or may_tell_more:
        connection.execute(WAKE, (meter, start_s - QUARTER_S))
    after_s = start_s + QUARTER_S
    after = connection.execute(FIND_QUARTER, (meter, after_s)).fetchone()
    goes_on = after and after[1] == regs1 and old and old[3] == chain_text
    if not goes_on and (after_s + QUARTER_S) * 1000 <= newest_ms:
        connection.execute(WAKE, (meter, after_s))


def _keep(
    connection: sqlite3.Connection, made: Cut, old: tuple[int, str, str, str, str] | None, now_ms: int
) -> tuple[str, str, str, bool]:
    """Keeps a cut quarter, for the cloud if it says anything new; returns regs0, regs1, chain and whether it does."""
    interval = made.interval
    regs0, regs1 = json.dumps(interval.regs0), json.dumps(interval.regs1)
    chain = made.chain.to_json()
    fields = interval.to_json()
    del fields["rev"]
    body = json.dumps(fields, separators=(",", ":"))
    is_news = not old or old[4] != body
    if not is_news:
        connection.execute(KEEP_CHAIN, (chain, interval.meter, interval.start_s))
    else:
        rev = max(now_ms, old[0] + 1) if old else now_ms
        row = (interval.meter, interval.start_s, rev, regs0, regs1, chain, body, WAITING)
        connection.execute(KEEP_QUARTER, row)
    return regs0, regs1, chain, is_news


def _frames(connection: sqlite3.Connection, meter: str, since_ms: int) -> Iterator[Frame]:
    """Samples after a moment, in time. Their payloads were checked before they were committed."""
    for at_ms, kind, received_ms, payload in connection.execute(FIND_FRAMES, (meter, since_ms)):
        yield Frame(at_ms, kind, received_ms, dict(zip(_NAMES[kind], _LAYOUTS[kind].unpack_from(payload), strict=True)))
