"""The live document: soon, seldom enough, and never without a lease."""

import asyncio
import time
from typing import Any

from sunmeter_edge.contract import wire
from sunmeter_edge.live import Live
from sunmeter_edge.roster import Downlink, Meter

EVERY_S = 0.2
READING = {name: 0 for name, *_ in wire.READING_FIELDS}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class SlowStore:
    """Notes when it was written to, and takes its time."""

    def __init__(self) -> None:
        self.writes: list[tuple[float, int]] = []  # loop time, ts_ms

    async def set(self, path: str, fields: dict[str, Any]) -> None:
        self.writes.append((asyncio.get_running_loop().time(), fields["ts_ms"]))
        await asyncio.sleep(EVERY_S / 5)


def watched(lease_until_ms: int = 1 << 50) -> Meter:
    return Meter("m-0123456789", downlink=Downlink("home", lease_until_ms, None, 0, None, 0, None, 0, ()))


async def offered(readings: int, apart_s: float, meter: Meter) -> SlowStore:
    store = SlowStore()
    live = Live(store, now_ms, now_ms, EVERY_S)
    for number in range(readings):
        live.offer(meter, now_ms() + number, READING)
        await asyncio.sleep(apart_s)
    await asyncio.sleep(2 * EVERY_S)
    return store


async def test_a_store_that_takes_its_time_does_not_make_readings_at_the_cadence_late_or_lost() -> None:
    store = await offered(12, EVERY_S, watched())
    assert len(store.writes) == 12


async def test_readings_faster_than_the_cadence_are_thinned_and_the_newest_is_shown() -> None:
    store = await offered(30, EVERY_S / 5, watched())
    span_s = store.writes[-1][0] - store.writes[0][0]
    assert len(store.writes) - 1 <= span_s / EVERY_S + 1
    assert store.writes[-1][1] >= max(ts_ms for _, ts_ms in store.writes)


async def test_without_a_lease_nothing_is_written() -> None:
    assert (await offered(3, 0.0, watched(lease_until_ms=0))).writes == []
