"""Turns what was measured into the records of the wire, numbers them, and puts them where they wait for the hub."""

import struct
from binascii import crc32

from contract import wire

_OPEN = "<BBIIQ"  # kind, channel; of the start: boot id, sequence number, wall time [ms], 0 where it was not known
_OPEN_BYTES = 18
_MOST_U32 = 0xFFFFFFFF


class Journal:
    """One boot's records. `seq` counts readings, events, snapshots and results alike.

    has_news: whether the events that are open have changed since `dump`: the copy on flash should be renewed, so that
    one that outlives a restart gets its end.
    """

    def __init__(self, boot_id: int, outbox, snapshots, tell, copy=None):
        """outbox, snapshots: where records wait; tell(is_urgent): called for each; copy: of `dump`, or None."""
        self.boot_id = boot_id
        self._outbox = outbox
        self._snapshots = snapshots
        self._tell = tell
        self._seq = 0
        self._starts = {}  # of the events that are open, by (kind, channel): boot id, sequence number, wall time
        self.has_news = False
        if copy is not None:
            self._load(copy)

    @property
    def waiting(self) -> int:
        return len(self._outbox) + len(self._snapshots)

    @property
    def dropped(self) -> int:
        return self._outbox.dropped + self._snapshots.dropped

    def put_reading(self, record: dict, totals: list) -> None:
        """record: all fields but the key, the outbox's state and the registers."""
        record["dropped"] = self.dropped
        record["outbox"] = min(65535, self.waiting)
        for name, mwh in zip(wire.REGISTERS, totals):
            record[name] = mwh
        self._put(wire.READING, record, "", self._outbox, False)

    def put_event(self, event: tuple, uptime_ms: int, unix_ms: int, model_version: int) -> None:
        """event: see score.Watch; uptime_ms, unix_ms: now. An end names the start it belongs to."""
        phase, kind, channel, number, lo, hi, score_milli, since_ms, at_ms = event
        ts_ms = unix_ms - uptime_ms + at_ms if unix_ms else 0
        here = (self.boot_id, self._seq + 1, ts_ms)
        if phase == "start":
            started = self._starts[kind, channel] = here
            duration_ms = 0
        else:
            started = self._starts.pop((kind, channel), here)
            duration_ms = self._lasted_ms(started, since_ms, at_ms, ts_ms)
        self.has_news = True
        record = {
            "uptime_ms": at_ms,
            "ts_ms": ts_ms,
            "kind": wire.EVENT_KINDS.index(kind),
            "phase": wire.PHASES.index(phase),
            "channel": channel,
            "value": number,
            "usual_lo": lo,
            "usual_hi": hi,
            "score_milli": score_milli,
            "model_version": model_version,
            "duration_ms": duration_ms,
            "start_seq": started[1],
            "start_boot": started[0],
        }
        self._put(wire.EVENT, record, "", self._outbox, True)

    def put_snapshot(self, boundary_ms: int, totals: list, flags: int) -> None:
        """totals: the registers at the boundary of a quarter."""
        record = {"ts_ms": boundary_ms, "flags": flags}
        for name, mwh in zip(wire.REGISTERS, totals):
            record[name] = mwh
        self._put(wire.SNAPSHOT, record, "", self._snapshots, True)

    def put_result(self, command_id: int, code: str, text: str) -> None:
        """code: of wire.REFUSALS, "" for a command that was carried out."""
        record = {"command_id": command_id, "code": wire.REFUSALS.index(code)}
        self._put(wire.RESULT, record, text, self._outbox, True)

    def open_events(self) -> list:
        """(kind, channel, wall time of the start [s]) of every event that has begun and not ended."""
        return [(kind, channel, start[2] // 1000) for (kind, channel), start in self._starts.items()]

    def dump(self) -> bytes:
        """The open events, for the flash."""
        self.has_news = False
        copy = b""
        for (kind, channel), start in self._starts.items():
            copy += struct.pack(_OPEN, wire.EVENT_KINDS.index(kind), channel, *start)
        return copy + struct.pack("<I", crc32(copy))

    def _load(self, copy: bytes) -> None:
        """Takes a copy; one that is damaged counts as none."""
        size = len(copy) - 4
        if size < 0 or size % _OPEN_BYTES or struct.unpack("<I", copy[size:])[0] != crc32(copy[:size]):
            return
        for at in range(0, size, _OPEN_BYTES):
            kind, channel, boot_id, seq, unix_ms = struct.unpack(_OPEN, copy[at : at + _OPEN_BYTES])
            if kind < len(wire.EVENT_KINDS):
                self._starts[wire.EVENT_KINDS[kind], channel] = (boot_id, seq, unix_ms)

    def _lasted_ms(self, started: tuple, since_ms: int, uptime_ms: int, unix_ms: int) -> int:
        """How long an event lasted; of one that began before the restart, by wall time, and else what this boot saw."""
        if started[0] != self.boot_id:
            since_ms = uptime_ms - (unix_ms - started[2]) if unix_ms and started[2] else 0
        return max(0, min(_MOST_U32, uptime_ms - since_ms))

    def flush(self) -> None:
        """Puts everything that waits in RAM on flash."""
        self.flush_readings()
        self._snapshots.flush(len(self._snapshots))

    def flush_readings(self) -> None:
        """… but for the last snapshots: the readings around a boundary tell what they would."""
        self._outbox.flush(len(self._outbox))

    def make_room(self) -> bool:
        """Gives up the oldest readings on flash, for something that matters more; False when there are none to give."""
        return self._outbox.drop_oldest()

    def _put(self, kind: int, record: dict, text: str, box, is_urgent: bool) -> None:
        self._seq += 1
        record["boot_id"] = self.boot_id
        record["seq"] = self._seq
        box.add(kind, wire.encode(kind, record, text))
        self._tell(is_urgent)
