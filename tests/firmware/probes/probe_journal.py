"""Puts events into a journal, and starts it anew from its copy."""

import journal

from contract import wire


class _Box(list):
    dropped = 0

    def add(self, kind, payload):
        record = wire.decode(kind, wire.SCHEMA, payload)
        self.append(
            [record["boot_id"], record["seq"], record["start_boot"], record["start_seq"], record["duration_ms"]]
        )


def lives(steps):
    """steps: ["boot", boot id], ["damaged boot", boot id], or [phase, kind, channel, since_ms, uptime_ms, unix_ms].
    Returns [boot id, seq, start_boot, start_seq, duration_ms] of each event, what is open, and the copy's length."""
    box = _Box()
    made = copy = None
    for step in steps:
        if step[0] == "boot":
            made = journal.Journal(step[1], box, _Box(), lambda is_urgent: None, copy)
        elif step[0] == "damaged boot":
            damaged = bytes([copy[0] ^ 1]) + copy[1:]
            made = journal.Journal(step[1], box, _Box(), lambda is_urgent: None, damaged)
        else:
            phase, kind, channel, since_ms, uptime_ms, unix_ms = step
            made.put_event((phase, kind, channel, 1, 2, 3, 4, since_ms, uptime_ms), uptime_ms, unix_ms, 0)
            copy = made.dump()
    return [box, made.open_events(), len(copy)]
