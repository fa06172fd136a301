"""For `bench.hub`: a week without internet. Ten meters fill a real hub through its own door, then the cloud comes back.

The cloud is a stand-in on a real socket: it checks the hub's token, unpacks, reads each interval as the functions do,
keeps the one that holds, and takes half a second for each request. In the end it must have every quarter of every
meter, each joined to its neighbours, and their sum must be what the registers say.
"""

import asyncio
import contextlib
import functools
import itertools
import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from bench._hub_load import CADENCE_MS, CREDENTIAL, STEP_MWH, BenchMeter, Running, as_fast_as_possible, running
from sunmeter_edge.clock import system_ms
from sunmeter_edge.contract import ledger
from sunmeter_edge.contract.ledger import QUARTER_MS, QUARTER_S, Registers
from sunmeter_edge.contract.wire import MAX_FRAMES
from tests.edge import fakes

METERS = 10
TAKES_S = 0.5  # as long as the functions take for a day of seven homes, and more
LONGEST_S = 900.0
AT_ONCE = 20  # requests that are signed ahead: more would only fill this process' memory


class StandIn(fakes.FakeCloud):
    """The cloud, which notes when the newest interval came, and how long everything took."""

    newest_s = 0  # start of the newest quarter
    newest_at_s = 0.0
    requests = 0
    sent_bytes = 0

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> fakes.Answer | None:
        is_ingest = path.endswith("/ingest")
        if is_ingest:
            self.requests += 1
            self.sent_bytes += int(headers["Content-Length"])
            time.sleep(TAKES_S)
        told = super().answer(path, headers, body)
        if is_ingest and not self.newest_at_s and any(start_s == self.newest_s for _, start_s in self.intervals):
            self.newest_at_s = time.monotonic()
        return told

    def _sign_in(self, asked: dict[str, Any]) -> fakes.Answer:
        assert asked["password"] == CREDENTIAL.password
        return super()._sign_in({"email": fakes.EMAIL, "password": fakes.PASSWORD})


@dataclass(frozen=True)
class Week:
    """What it took."""

    days: int
    readings_per_s: float  # while the week was poured in
    queued: int
    database_mb: float
    rss_mb: float  # the most, until the week lay in the queue
    peak_mb: float  # the most, until it was sent
    newest_first_s: float
    drain_s: float
    requests: int
    sent_mb: float


def measure(days: int) -> Week:
    """Pours in so many days of ten meters, and lets the cloud come back."""
    now_ms = system_ms() // QUARTER_MS * QUARTER_MS
    begin_ms = now_ms - days * 86_400_000
    meters = [BenchMeter(number, begin_ms) for number in range(METERS)]
    quarters = days * 96
    readings = quarters * QUARTER_MS // CADENCE_MS + 1  # the last one ends behind the last quarter
    with StandIn() as cloud:
        cloud.away = True
        cloud.newest_s = now_ms // 1000 - QUARTER_S
        with running("group", meters, cloud.address) as hub:
            per_s = pour(hub, meters, readings)
            until_queued(hub, METERS * quarters)
            queued, rss_mb = waiting(hub), hub.memory_mb("VmHWM")
            back_s = time.monotonic()
            cloud.away = False
            cloud.wait_for(lambda: len(cloud.intervals) == METERS * quarters, LONGEST_S)
            drain_s = time.monotonic() - back_s
            peak_mb, database_mb = hub.memory_mb("VmHWM"), hub.config.database.stat().st_size / 1e6
    for meter in meters:
        check(cloud, meter, begin_ms // 1000, quarters)
    newest_first_s = cloud.newest_at_s - back_s
    sent_mb = cloud.sent_bytes / 1e6
    return Week(days, per_s, queued, database_mb, rss_mb, peak_mb, newest_first_s, drain_s, cloud.requests, sent_mb)


def pour(hub: Running, meters: list[BenchMeter], readings: int) -> float:
    """All readings of all meters, as fast as they are acknowledged; returns readings per second."""
    seconds, most = 0.0, MAX_FRAMES - 1
    while left := readings - meters[0].seq:
        requests, each = (min(AT_ONCE, left // most), most) if left >= most else (1, left)
        seconds += asyncio.run(as_fast_as_possible(hub.port, meters, requests, each)).seconds
    return readings * len(meters) / seconds


def waiting(hub: Running) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{hub.config.database}?mode=ro", uri=True)) as connection:
        (intervals,) = connection.execute("SELECT count(*) FROM quarter WHERE state = 1").fetchone()
        (dirty,) = connection.execute("SELECT count(*) FROM dirty").fetchone()
    return int(intervals) if dirty <= METERS else 0  # each meter's present quarter is never done


def until_queued(hub: Running, intervals: int) -> None:
    ends_s = time.monotonic() + LONGEST_S
    while waiting(hub) < intervals:
        assert time.monotonic() < ends_s, "the hub does not cut what it was sent"
        time.sleep(0.5)


def check(cloud: StandIn, meter: BenchMeter, begin_s: int, quarters: int) -> None:
    """Raises AssertionError where something is missing, apart, or not what the registers say."""
    intervals = [cloud.intervals[meter.meter, begin_s + n * QUARTER_S] for n in range(quarters)]
    assert all(former.regs1 == later.regs0 for former, later in itertools.pairwise(intervals))
    total = functools.reduce(Registers.plus, [interval.energy for interval in intervals], ledger.ZERO)
    first_mwh, last_mwh = STEP_MWH, quarters * (QUARTER_MS // CADENCE_MS) * STEP_MWH
    assert total.import_mwh == last_mwh - first_mwh, (meter.meter, json.dumps(total))
