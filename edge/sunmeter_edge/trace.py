"""`trace`: where one reading went, and under which words the logs of hub and functions tell of it."""

import datetime as dt
import sqlite3
from collections.abc import Iterator

from .contract import ledger, wire

NEWEST = "SELECT boot_id, seq FROM frame WHERE meter = ? ORDER BY received_ms DESC LIMIT 1"
FRAME = "SELECT kind, at_ms, received_ms FROM frame WHERE meter = ? AND boot_id = ? AND seq = ?"
REFUSED = "SELECT code, field, received_ms FROM refused WHERE meter = ? AND boot_id = ? AND seq = ? ORDER BY id DESC"
QUARTER = "SELECT rev, state, code, field FROM quarter WHERE meter = ? AND start_s = ?"
KINDS = {wire.READING: "reading", wire.EVENT: "event", wire.SNAPSHOT: "snapshot", wire.RESULT: "result"}
STATES = ("the cloud has it", "waits for the cloud", "rejected by the cloud")  # by store.SENT, WAITING, REJECTED


def lines(connection: sqlite3.Connection, meter: str, key: tuple[int, int] | None) -> Iterator[str]:
    """Lines on one frame of a meter, by its (boot, number); None: on the newest."""
    boot_id, seq = key or connection.execute(NEWEST, (meter,)).fetchone() or (0, 0)
    found = connection.execute(FRAME, (meter, boot_id, seq)).fetchone()
    if found is None:
        yield from _not_kept(connection, meter, boot_id, seq)
        return
    kind, at_ms, received_ms = found
    yield f"meter     {meter}, boot {boot_id}, number {seq}: a {KINDS.get(kind, kind)}, received {_utc(received_ms)}"
    if at_ms is None:
        yield "hub       keeps it; the time it was made at is not known yet"
    elif kind == wire.EVENT:
        yield f"cloud     the alert {meter}-{boot_id}-{seq}, or the one whose end this tells"
    else:
        yield from _of_quarter(connection, meter, ledger.quarter_of(at_ms))


def _not_kept(connection: sqlite3.Connection, meter: str, boot_id: int, seq: int) -> Iterator[str]:
    refused = connection.execute(REFUSED, (meter, boot_id, seq)).fetchone()
    if refused:
        code, field, received_ms = refused
        yield f"hub       refused it {_utc(received_ms)}: {code} {field}"
    else:
        yield f"hub       has nothing of {meter} with boot {boot_id} and number {seq}: not heard, or forgotten"


def _of_quarter(connection: sqlite3.Connection, meter: str, start_s: int) -> Iterator[str]:
    cut = connection.execute(QUARTER, (meter, start_s)).fetchone()
    if cut is None:
        yield f"hub       keeps it for the quarter of {_utc(start_s * 1000)}, which is not cut yet"
        return
    rev, state, code, field = cut
    why = f": {code} {field}" if code else ""
    yield f"hub       quarter of {_utc(start_s * 1000)}, revision {rev}: {STATES[state]}{why}"
    name = ledger.named([(meter, start_s)])
    yield f"its log   journalctl -u sunmeter-edge -g '{name}' names the request"
    yield f'cloud     jsonPayload.quarters:"{name}", or jsonPayload.request of that name'


def _utc(ms: int) -> str:
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
