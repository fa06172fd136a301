"""Second verb: what was verified is on the disk before anybody is told so.

While one transaction is synced, the requests that arrive gather for the next and share its sync (group commit): an SD
card that syncs in 20 ms would otherwise take 50 requests a second and no more. A lone request waits for nobody.
"""

import asyncio
import sqlite3
from dataclasses import dataclass, replace

from . import place
from .contract import ledger, wire
from .roster import keep_life
from .store import WAITING, Database, count
from .tell import for_cloud
from .verify import Item, Request

SETTLE_MS = 12_000  # a quarter's last window ends one reading after it
LATE_SETTLE_MS = 3_000  # what comes late rarely comes alone
BACKLOG_SETTLE_MS = 30_000  # a meter that says it holds more will say more about the same quarters
HORIZON_MS = 28 * 86_400_000  # older readings are kept, but cut no more: their neighbours may be gone
MAX_REFUSED_ROWS = 10_000
SAMPLES = (wire.READING, wire.SNAPSHOT)

FIND_BOOT = "SELECT zero_ms FROM boot WHERE meter = ? AND boot_id = ?"
ADD_BOOT = "INSERT OR IGNORE INTO boot (meter, boot_id, zero_ms) VALUES (?, ?, ?)"
FIND_NEWEST = "SELECT newest_ms FROM meter WHERE meter = ?"
FIND_UNPLACED = """SELECT seq, kind, schema, payload FROM frame
  WHERE meter = ? AND at_ms IS NULL AND boot_id = ?"""
PLACE = "UPDATE frame SET at_ms = ? WHERE meter = ? AND boot_id = ? AND seq = ?"
ADD_FRAME = """INSERT OR IGNORE INTO frame (meter, boot_id, seq, kind, schema, at_ms, received_ms, payload)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
# What a meter completes before it sends again are a reading's time, flags and registers. All else stays as it was made.
IS_ANOTHER = """SELECT 1 FROM frame WHERE meter = ? AND boot_id = ? AND seq = ?
  AND (kind <> ? OR substr(payload, 1, 16) <> ? OR substr(payload, 25, 16) <> ?)"""
ADD_REFUSED = """INSERT INTO refused (meter, boot_id, seq, code, field, received_ms, frame)
  VALUES (?, ?, ?, ?, ?, ?, ?)"""
TRIM_REFUSED = "DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?"
MARK_DIRTY = """INSERT INTO dirty (meter, start_s, due_ms) VALUES (?, ?, ?)
  ON CONFLICT DO UPDATE SET due_ms = min(due_ms, excluded.due_ms)"""
ADD_ITEM = "INSERT INTO item (body, state) VALUES (?, ?)"
UPDATE_METER = """UPDATE meter SET newest_ms = max(newest_ms, ?),
  import_mwh = max(import_mwh, ?), export_mwh = max(export_mwh, ?), pv_mwh = max(pv_mwh, ?),
  standby_mwh = max(standby_mwh, ?) WHERE meter = ?
  RETURNING import_mwh, export_mwh, pv_mwh, standby_mwh"""
KEEP_REFUSAL = "UPDATE meter SET refused_ms = ?1, refusal = ?2 WHERE meter = ?3 AND refused_ms < ?1"


@dataclass(frozen=True)
class Batch:
    """One verified request and when it came."""

    request: Request
    received_ms: int
    is_replay: bool = False  # it was heard before, and is no sign of life


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: what the meter is told, and what people are shown, now that it is on the disk."""

    registers: ledger.Registers | None  # the greatest acknowledged, of those not counted apart; None: there are none
    newest: tuple[int, dict[str, int]] | None  # wall time and record of its newest reading; None: no reading was new


class NotKept(Exception):
    """The disk refused. Nothing of the request may be acknowledged."""


def write(connection: sqlite3.Connection, batches: list[Batch]) -> list[Outcome]:
    """Commits the batches' items under the key (meter, boot_id, seq); a key that is there changes nothing."""
    return [_write_one(connection, batch) for batch in batches]


def _write_one(connection: sqlite3.Connection, batch: Batch) -> Outcome:
    meter, now_ms = batch.request.meter, batch.received_ms
    _keep_refused(connection, batch)
    times = _Times(connection, batch)
    placed = [(item, times.of(item)) for item in batch.request.items]
    new = [(item, at_ms) for item, at_ms in placed if _keep_frame(connection, meter, item, at_ms, now_ms)]
    for item, at_ms in new:
        if item.kind not in SAMPLES:
            connection.execute(ADD_ITEM, (for_cloud(meter, item, at_ms or now_ms), WAITING))
    samples = [(at_ms, item.record) for item, at_ms in new if item.kind in SAMPLES and at_ms is not None]
    samples += times.found_later
    _mark_dirty(connection, meter, samples, now_ms)
    registers = _update_meter(connection, batch, max((at_ms for at_ms, _ in samples), default=0))
    readings = [sample for sample in samples if "window_ms" in sample[1]]
    if refused := [(at_ms, record["refusal"]) for at_ms, record in readings if record["refusal"]]:
        connection.execute(KEEP_REFUSAL, (*max(refused), meter))  # it is told in one reading, and never again
    return Outcome(registers, max(readings, key=lambda reading: reading[0], default=None))


def _keep_refused(connection: sqlite3.Connection, batch: Batch) -> None:
    meter, now_ms = batch.request.meter, batch.received_ms
    for refused in batch.request.refused:
        row = (meter, refused.boot_id, refused.seq, refused.code, refused.field, now_ms, refused.frame)
        connection.execute(ADD_REFUSED, row)
        count(connection, f"refused {refused.code} {refused.field}")
    if batch.request.refused:
        connection.execute(TRIM_REFUSED, (MAX_REFUSED_ROWS,))


def _keep_frame(connection: sqlite3.Connection, meter: str, item: Item, at_ms: int | None, now_ms: int) -> bool:
    """False when its key was there already. Another frame of that key (a boot id used twice) is kept apart."""
    row = (meter, item.boot_id, item.seq, item.kind, item.schema, at_ms, now_ms, item.payload)
    is_new = connection.execute(ADD_FRAME, row).rowcount > 0
    twin = (*row[:4], item.payload[:16], item.payload[24:40])
    if is_new and item.schema > wire.SCHEMA:
        count(connection, "newer schema")
    elif not is_new and connection.execute(IS_ANOTHER, twin).fetchone():
        connection.execute(ADD_REFUSED, (*row[:3], "used_key", "boot_id", now_ms, item.payload))
        count(connection, "refused used_key boot_id")
    return is_new


def _mark_dirty(
    connection: sqlite3.Connection, meter: str, samples: list[tuple[int, dict[str, int]]], now_ms: int
) -> None:
    """Marks the quarters whose shape or boundaries the samples change.

    They are those a window lies in, and the one before when a sample is the first to follow it, or came late.
    """
    found = connection.execute(FIND_NEWEST, (meter,)).fetchone()
    newest_ms = found[0] if found else 0
    due: dict[int, int] = {}
    for at_ms, record in sorted(samples, key=lambda sample: sample[0]):
        if at_ms < now_ms - HORIZON_MS:
            count(connection, "too old to cut")
            continue
        settle_ms = BACKLOG_SETTLE_MS if record.get("outbox") else LATE_SETTLE_MS
        start_s = ledger.quarter_of(at_ms - 1)
        touched = {start_s, ledger.quarter_of(at_ms - record.get("window_ms", 1))}
        if at_ms < newest_ms or newest_ms <= start_s * 1000:
            touched.add(start_s - ledger.QUARTER_S)
        newest_ms = max(newest_ms, at_ms)
        for start_s in touched:
            due_ms = max((start_s + ledger.QUARTER_S) * 1000 + SETTLE_MS, now_ms + settle_ms)
            due[start_s] = min(due_ms, due.get(start_s, due_ms))
    connection.executemany(MARK_DIRTY, [(meter, start_s, due_ms) for start_s, due_ms in due.items()])


def _update_meter(connection: sqlite3.Connection, batch: Batch, newest_ms: int) -> ledger.Registers | None:
    """Notes the sign of life; returns the greatest acknowledged registers."""
    request = batch.request
    keep_life(connection, request.meter, request.poll, None if batch.is_replay else batch.received_ms)
    resumed = [
        registers_of(item.record)
        for item in request.items
        if item.kind in SAMPLES and item.record["flags"] & wire.FLAG_REGISTERS_RESUMED
    ]
    greatest = [max(column) for column in zip(*resumed, strict=True)] or [-1] * len(wire.REGISTERS)
    found = connection.execute(UPDATE_METER, (newest_ms, *greatest, request.meter)).fetchone()
    return ledger.Registers(*found) if found and found[0] >= 0 else None


class _Times:
    """Places one request's items in time, and those of its boots that waited for it."""

    def __init__(self, connection: sqlite3.Connection, batch: Batch):
        self._connection, self._meter, self._now_ms = connection, batch.request.meter, batch.received_ms
        self._polled, self._uptime_ms = batch.request.poll["boot_id"], batch.request.poll["uptime_ms"]
        self._polled_zero_ms = batch.received_ms - self._uptime_ms
        self._zeros: dict[int, int | None] = {}
        self._errors: dict[int, int] = {}  # by seq, of the boot that polls: how far its clock was ahead
        self.found_later: list[tuple[int, dict[str, int]]] = []
        self._fix(self._polled, self._polled_zero_ms)
        for item in batch.request.items:
            self._learn(item)

    def of(self, item: Item) -> int | None:
        found, zero_ms = place.stamp(item.kind, item.record), self._zero_ms(item.boot_id)
        if item.boot_id == self._polled:
            zero_ms = self._polled_zero_ms
            if found and found.ts_ms and any(self._errors.values()):
                # By its own uptime; a snapshot, which has none, by the frame before it in this request, or after.
                nearest = max((seq for seq in self._errors if seq <= item.seq), default=min(self._errors))
                found = replace(found, ts_ms=max(1, found.ts_ms - self._errors[nearest]))
        return place.place(found, zero_ms, self._now_ms)

    def _zero_ms(self, boot_id: int) -> int | None:
        if boot_id not in self._zeros:
            found = self._connection.execute(FIND_BOOT, (self._meter, boot_id)).fetchone()
            self._zeros[boot_id] = found[0] if found else None
        return self._zeros[boot_id]

    def _learn(self, item: Item) -> None:
        """Notes what an item tells of its boot's clock; the first frame of an earlier boot with both times fixes it."""
        found = place.stamp(item.kind, item.record)
        if item.boot_id == self._polled:
            if found and found.ts_ms and found.uptime_ms is not None and found.uptime_ms <= self._uptime_ms:
                zeros = (self._polled_zero_ms, self._zero_ms(item.boot_id) or self._polled_zero_ms)
                self._errors[item.seq] = place.error_ms(found.ts_ms - found.uptime_ms, found.uptime_ms, zeros)
        elif (zero_ms := place.zero_ms(found, self._now_ms)) is not None:
            self._fix(item.boot_id, zero_ms)

    def _fix(self, boot_id: int, zero_ms: int) -> None:
        """The first that is known of a boot's zero holds, and places what waited for it."""
        if self._zero_ms(boot_id) is not None:
            return
        self._zeros[boot_id] = zero_ms
        self._connection.execute(ADD_BOOT, (self._meter, boot_id, zero_ms))
        for seq, kind, schema, payload in self._connection.execute(FIND_UNPLACED, (self._meter, boot_id)).fetchall():
            record = wire.decode(kind, schema, payload)
            at_ms = place.place(place.stamp(kind, record), zero_ms, self._now_ms)
            if at_ms is None:
                continue
            self._connection.execute(PLACE, (at_ms, self._meter, boot_id, seq))
            if kind in SAMPLES:
                self.found_later.append((at_ms, record))


def registers_of(record: dict[str, int]) -> ledger.Registers:
    """The four registers of a reading or snapshot."""
    return ledger.Registers(*(record[name] for name in wire.REGISTERS))


class Writer:
    """Group commit: `commit` returns when the batch is on the disk, with all that gathered beside it."""

    def __init__(self, database: Database):
        self._database = database
        self._waiting: list[tuple[Batch, asyncio.Future[Outcome]]] = []
        self._wake = asyncio.Event()

    async def commit(self, batch: Batch) -> Outcome:
        """Raises NotKept when the disk refused; then nothing of the batch may be acknowledged."""
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, done))
        self._wake.set()
        return await done

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(0)  # whoever is ready now comes along
            self._wake.clear()
            gathered, self._waiting = self._waiting, []
            await self.flush(gathered)

    async def flush(self, gathered: list[tuple[Batch, asyncio.Future[Outcome]]]) -> None:
        """One transaction for all of them."""
        try:
            outcomes = await self._database.run(write, [batch for batch, _ in gathered])
        except sqlite3.Error as error:
            for _, done in gathered:
                if not done.done():
                    done.set_exception(NotKept(str(error)))
            return
        for (_, done), outcome in zip(gathered, outcomes, strict=True):
            if not done.done():
                done.set_result(outcome)
