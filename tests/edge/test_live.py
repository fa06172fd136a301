"""The live document: soon, seldom enough, and never without a lease."""

import asyncio
import time
from typing import Any

from sunmeter_edge.contract import wire
from sunmeter_edge.live import Live, Pace
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


def test_a_reading_out_of_turn_makes_none_of_those_after_it_late() -> None:
    """The first picture, the meter's cadence, and an alarm's reading in between, as their moments in seconds."""
    pace = Pace(2.0)
    moments_s = [0.0, 0.3, 2.3, 4.3, 5.0, 6.3, 8.2, 10.4, 12.3]
    shown_s = [at_s for at_s in moments_s if pace.takes_turn(at_s)]
    assert shown_s == [0.0, 2.3, 4.3, 6.3, 8.2, 10.4, 12.3]


def test_over_time_there_is_one_turn_in_a_period_and_no_more() -> None:
    pace = Pace(2.0)
    taken = sum(pace.takes_turn(at_ms / 1000) for at_ms in range(0, 600_000, 100))
    assert taken == 301  # both ends count


async def test_each_reading_is_written_the_moment_it_comes_whatever_came_before_it() -> None:
    store = SlowStore()
    live = Live(store, now_ms, now_ms, EVERY_S)
    live.offer(watched(), now_ms(), READING)
    await asyncio.sleep(0.15 * EVERY_S)  # the cadence begins soon after the first picture
    offered_s: dict[int, float] = {}
    for number in range(1, 8):
        at_ms = now_ms() + number
        offered_s[at_ms] = asyncio.get_running_loop().time()
        live.offer(watched(), at_ms, READING)
        await asyncio.sleep(EVERY_S)
    late_s = [at_s - offered_s[at_ms] for at_s, at_ms in store.writes[1:]]
    assert len(late_s) >= 6
    assert max(late_s) < EVERY_S / 2


async def test_the_last_of_readings_that_came_too_fast_is_shown_in_the_end() -> None:
    store = SlowStore()
    live = Live(store, now_ms, now_ms, EVERY_S)
    last_ms = now_ms() + 5
    for at_ms in range(last_ms - 5, last_ms + 1):
        live.offer(watched(), at_ms, READING)
        await asyncio.sleep(0)
    await asyncio.sleep(3 * EVERY_S)
    assert [ts_ms for _, ts_ms in store.writes] == [last_ms - 5, last_ms]


async def test_without_a_lease_nothing_is_written() -> None:
    assert (await offered(3, 0.0, watched(lease_until_ms=0))).writes == []
