"""What each part says a meter counted: the meter itself, the hub, the cloud. All in mWh by register."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from contract import documents, ledger, wire
from contract.ledger import LocalDay
from dev.actors import Json

Counted = dict[str, int]


def ask_hub(folder: Path, query: str, parameters: tuple[object, ...]) -> list[Any]:
    """A look into the database of the hub that keeps its data in `folder`; it goes on being written."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'hub.db'}?mode=ro", uri=True)) as database:
        return database.execute(query, parameters).fetchall()


def snapshots(folder: Path, meter: str, from_s: int, to_s: int) -> dict[int, Counted]:
    """What the meter's registers showed at the quarters' ends from one moment to another, both included.

    A meter whose clock is put back just then passes a boundary twice: its second snapshot counts, for hub and cloud
    too.
    """
    rows = ask_hub(
        folder,
        "SELECT at_ms, kind, schema, payload FROM frame WHERE meter = ? AND kind = ? AND at_ms BETWEEN ? AND ?"
        " AND at_ms % ? = 0 ORDER BY boot_id, seq",
        (meter, wire.SNAPSHOT, from_s * 1000, to_s * 1000, ledger.QUARTER_S * 1000),
    )
    found = {at_ms // 1000: wire.decode(kind, schema, payload) for at_ms, kind, schema, payload in rows}
    return {at_s: {name: record[name] for name in wire.REGISTERS} for at_s, record in sorted(found.items())}


def meter_mwh(folder: Path, meter: str, from_s: int, to_s: int) -> Counted | None:
    """What the registers counted between the snapshots taken at two moments; None: the hub has not heard both."""
    known = snapshots(folder, meter, from_s, to_s)
    if from_s not in known or to_s not in known:
        return None
    return {name: known[to_s][name] - known[from_s][name] for name in wire.REGISTERS}


def hub_mwh(folder: Path, meter: str, from_s: int, to_s: int) -> Counted:
    """Σ of the intervals that the hub cut, by their beginning."""
    rows = ask_hub(
        folder,
        "SELECT regs0, regs1 FROM quarter WHERE meter = ? AND start_s >= ? AND start_s < ?",
        (meter, from_s, to_s),
    )
    pairs = [(json.loads(regs0), json.loads(regs1)) for regs0, regs1 in rows]
    return {name: sum(end[k] - start[k] for start, end in pairs) for k, name in enumerate(wire.REGISTERS)}


def cloud_mwh(days: Iterable[tuple[LocalDay, Json]], from_s: int, to_s: int) -> Counted:
    """Σ of the quarters of day documents, by their beginning."""
    total = dict.fromkeys(wire.REGISTERS, 0)
    for day, document in days:
        for name in wire.REGISTERS:
            quarters = documents.unpack(documents.DAY_COLUMNS[name], document["columns"][name])
            total[name] += sum(
                mwh or 0
                for number, mwh in enumerate(quarters)
                if from_s <= day.start_s + number * ledger.QUARTER_S < to_s
            )
    return total
