"""Meters that measure without end, keep what is not acknowledged, and know what a reply acknowledged."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sunmeter_edge.contract import ledger, wire
from sunmeter_edge.contract.ledger import Registers
from tests.edge.fakes import START_MS, FakeMeter, event, reading

STEP_MS = 10_000
MOST_SENT = 24  # frames in a request
EVENT_EVERY = 9  # steps, on average
BOOT_EVERY = 400

Key = tuple[str, int, int]  # meter, boot, sequence


@dataclass
class Books:
    """What the meters were promised: an acknowledged frame is forgotten by its meter, and must be with the hub."""

    acknowledged: set[Key] = field(default_factory=set)
    events: set[Key] = field(default_factory=set)  # those of them that were events


@dataclass
class Time:
    """Simulated time, the same for a hub and its meters."""

    now_ms: int = START_MS
    ends_ms: int | None = None  # after which nothing is measured; None: it goes on

    def end(self) -> None:
        """Goes on to where the quarter under way is over, and a reading beyond: the last."""
        self.now_ms = self.ends_ms = (ledger.quarter_of(self.now_ms) + ledger.QUARTER_S) * 1000 + STEP_MS


@dataclass
class BusyMeter(FakeMeter):
    """A reading each ten seconds of simulated time, now and then an event or a new boot. Registers always resume."""

    books: Books = field(default_factory=Books)
    time: Time = field(default_factory=Time)
    chance: random.Random = field(default_factory=random.Random)
    outbox: dict[Key, bytes] = field(default_factory=dict)
    truth: dict[int, Registers] = field(default_factory=dict)  # registers by wall time [ms]
    is_known: bool = False  # the hub has acknowledged something of this boot
    _seq: int = 0
    _zero_ms: int = START_MS - 60_000
    _events: set[Key] = field(default_factory=set)

    @property
    def last_ms(self) -> int:
        return START_MS + (len(self.truth) - 1) * STEP_MS

    def poll(self, **fields: int) -> bytes:
        return super().poll(uptime_ms=self.time.now_ms - self._zero_ms, **fields)

    def next_frames(self) -> list[bytes]:
        """What goes into the next request: some of what waits, in any order."""
        while self.last_ms + STEP_MS <= (self.time.ends_ms or self.time.now_ms):
            self._measure()
        many = self.chance.randint(1, min(MOST_SENT, len(self.outbox))) if self.outbox else 0
        return [self.outbox[key] for key in self.chance.sample(sorted(self.outbox), many)]

    def hear(self, told: dict[str, Any]) -> None:
        """A reply that proved the hub's: what it acknowledges is forgotten here, and written into the books."""
        keys = {(self.meter, boot, seq) for boot, first, last in told["ack"] for seq in range(first, last + 1)}
        self.books.acknowledged |= keys
        self.books.events |= keys & self._events
        self.is_known = self.is_known or any(boot == self.boot_id for _, boot, _ in keys)
        for key in keys:
            self.outbox.pop(key, None)

    def owed(self) -> tuple[list[int], Registers]:
        """The quarters that the cloud must have in the end, and their energy: last minus first register."""
        first_s, end_s = ledger.quarter_of(START_MS), ledger.quarter_of(self.last_ms)
        return list(range(first_s, end_s, ledger.QUARTER_S)), self.truth[end_s * 1000].since(self.truth[START_MS])

    def _measure(self) -> None:
        """The next reading, and what happens beside it."""
        at_ms = self.last_ms + STEP_MS
        if self.truth and self.chance.random() < 1 / BOOT_EVERY:
            self.boot_id, self._zero_ms = self.boot_id + 1, at_ms - 3_000
            self._seq, self.requests, self.is_known = 0, 0, False
        last = self.truth.get(self.last_ms, ledger.ZERO)
        self.truth[at_ms] = last.plus(Registers(*(self.chance.randrange(9_000) for _ in range(4))))
        self._keep(wire.READING, reading(**self._stamp(at_ms), **self.truth[at_ms]._asdict()))
        if self.chance.random() < 1 / EVENT_EVERY:
            stamp = self._stamp(at_ms)
            self._events.add(self._keep(wire.EVENT, event(**stamp, kind=6, start_seq=stamp["seq"], channel=14)))

    def _stamp(self, at_ms: int) -> dict[str, int]:
        self._seq += 1
        return {"boot_id": self.boot_id, "seq": self._seq, "ts_ms": at_ms, "uptime_ms": at_ms - self._zero_ms}

    def _keep(self, kind: int, record: dict[str, int]) -> Key:
        key = (self.meter, record["boot_id"], record["seq"])
        self.outbox[key] = self.frame(kind, record)
        return key


def make_meters(number: int, books: Books, time: Time, chance: random.Random) -> list[BusyMeter]:
    return [
        BusyMeter(f"m-{n:010d}", books=books, time=time, chance=random.Random(chance.random())) for n in range(number)
    ]


def energy_of(intervals: Iterable[ledger.Interval]) -> Registers:
    total = ledger.ZERO
    for interval in intervals:
        total = total.plus(interval.energy)
    return total
