"""Turns what was measured into the records of the wire, numbers them, and puts them where they wait for the hub."""

from contract import wire


class Journal:
    """One boot's records. `seq` counts readings, events, snapshots and results alike."""

    def __init__(self, boot_id: int, outbox, snapshots, tell):
        """outbox, snapshots: where records wait; tell(is_urgent): called for each."""
        self.boot_id = boot_id
        self._outbox = outbox
        self._snapshots = snapshots
        self._tell = tell
        self._seq = 0
        self._starts = {}  # sequence numbers of the events that are open, by (kind, channel)

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
        is_start = phase == "start"
        start_seq = self._seq + 1
        if is_start:
            self._starts[(kind, channel)] = start_seq
        record = {
            "uptime_ms": at_ms,
            "ts_ms": unix_ms - uptime_ms + at_ms if unix_ms else 0,
            "kind": wire.EVENT_KINDS.index(kind),
            "phase": wire.PHASES.index(phase),
            "channel": channel,
            "value": number,
            "usual_lo": lo,
            "usual_hi": hi,
            "score_milli": score_milli,
            "model_version": model_version,
            "duration_ms": 0 if is_start else max(0, at_ms - since_ms),
            "start_seq": start_seq if is_start else self._starts.pop((kind, channel), start_seq),
            "start_boot": self.boot_id,
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

    def flush(self) -> None:
        """Puts everything that waits in RAM on flash."""
        self._outbox.flush(len(self._outbox))
        self._snapshots.flush(len(self._snapshots))

    def _put(self, kind: int, record: dict, text: str, box, is_urgent: bool) -> None:
        self._seq += 1
        record["boot_id"] = self.boot_id
        record["seq"] = self._seq
        box.add(kind, wire.encode(kind, record, text))
        self._tell(is_urgent)
