"""What is lost or counted twice: the meters' books against the hub's file and the cloud."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.edge.faults.meters import Books, BusyMeter, energy_of
from tests.edge.faults.network import StormyCloud

FRAMES = "SELECT meter, boot_id, seq FROM frame"
QUEUED = """SELECT json_extract(body, '$.meter'), json_extract(body, '$.boot_id'), json_extract(body, '$.seq'), state
  FROM item WHERE json_extract(body, '$.type') = 'event'"""
DELIVERED = "SELECT meter, start_s, rev FROM quarter WHERE state = 0"
REJECTED = "SELECT 'rejected', meter, start_s, code FROM quarter WHERE state = 2"


@dataclass
class Findings:
    """By name, so that what stays lost is counted once."""

    lost: set[tuple[object, ...]] = field(default_factory=set)
    double: set[tuple[object, ...]] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.lost or self.double)

    def add(self, other: "Findings") -> None:
        self.lost |= other.lost
        self.double |= other.double

    def some(self) -> list[str]:
        """A few of them, in words."""
        named = [f"lost {finding}" for finding in self.lost] + [f"double {finding}" for finding in self.double]
        return sorted(named)[:20]


def judge(books: Books, connection: sqlite3.Connection, cloud: StormyCloud) -> Findings:
    """After a fault: every acknowledged frame is kept, once; every event waits or arrived; so does every quarter.

    books: as they stood before the hub began again. The file is read before the cloud: what left the one has arrived
    in the other.
    """
    kept = Counter(connection.execute(FRAMES).fetchall())
    queued = connection.execute(QUEUED).fetchall()
    delivered = connection.execute(DELIVERED).fetchall()
    rejected = connection.execute(REJECTED).fetchall()
    arrived = cloud.event_keys()
    waiting = {tuple(key) for *key, state in queued if state == 1}
    found = Findings()
    found.lost |= {("frame", *key) for key in books.acknowledged - set(kept)}
    found.lost |= {("event", *key) for key in books.events - waiting - arrived}
    found.lost |= {("quarter", *key) for key in delivered if tuple(key) not in cloud.seen}
    found.lost |= set(rejected)
    found.double |= {("frame", *key) for key, n in kept.items() if n > 1}
    found.double |= {("event", *key) for key, n in Counter(tuple(key) for *key, _ in queued).items() if n > 1}
    return found


def judge_whole(meters: Iterable[BusyMeter], cloud: StormyCloud) -> Findings:
    """Once all is carried: no quarter is missing, and together they are last minus first register."""
    found = Findings()
    for meter in meters:
        starts, energy = meter.owed()
        have = {start_s: interval for (name, start_s), interval in cloud.intervals.items() if name == meter.meter}
        found.lost |= {("quarter", meter.meter, start_s) for start_s in starts if start_s not in have}
        found.double |= {("quarter", meter.meter, start_s) for start_s in have if start_s not in starts}
        told = energy_of(have.values())
        found.lost |= {("energy", meter.meter)} if told.falls_below(energy) else set()
        found.double |= {("energy", meter.meter)} if energy.falls_below(told) else set()
        arrived = cloud.event_keys()
        found.lost |= {("event", *key) for key in meter.books.events - arrived}
    return found
