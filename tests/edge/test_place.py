"""When was it? Frames made before the meter's clock was set, and clocks that point where no clock should."""

import contextlib
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunmeter_edge import place
from sunmeter_edge.config import Config
from sunmeter_edge.contract import wire
from sunmeter_edge.contract.ledger import QUARTER_MS
from tests.edge.conftest import HandClock, Serve
from tests.edge.fakes import START_MS, FakeMeter, event, reading, snapshot

UNSET = wire.FLAG_PV_FITTED
DAY_MS = 86_400_000


def times(config: Config) -> dict[tuple[int, int], int | None]:
    """Wall time by (boot_id, seq)."""
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        return {(boot, seq): at_ms for boot, seq, at_ms in connection.execute("SELECT boot_id, seq, at_ms FROM frame")}


async def test_a_reading_of_this_boot_is_placed_by_the_polls_uptime(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        early = reading(seq=1, ts_ms=0, uptime_ms=20_000, flags=UNSET)
        await lan.send(meter, *meter.readings([early]), uptime_ms=50_000)
    assert times(config) == {(7, 1): START_MS - 30_000}


async def test_a_reading_with_both_times_places_its_whole_boot(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    unset = reading(boot_id=5, seq=1, ts_ms=0, uptime_ms=10_000, flags=UNSET)
    both = reading(boot_id=5, seq=2, ts_ms=START_MS - 500_000, uptime_ms=40_000)
    async with serve(meter) as lan:
        await lan.send(meter, *meter.readings([unset, both]), uptime_ms=999)
    assert times(config) == {(5, 1): START_MS - 530_000, (5, 2): START_MS - 500_000}


async def test_a_reading_of_an_earlier_boot_waits_until_that_boots_clock_is_known(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    unset = reading(boot_id=5, seq=1, ts_ms=0, uptime_ms=10_000, flags=UNSET)
    both = reading(boot_id=5, seq=2, ts_ms=START_MS - 500_000, uptime_ms=40_000)
    async with serve(meter) as lan:
        first = await lan.send(meter, *meter.readings([unset]))
        assert times(config) == {(5, 1): None}
        await lan.send(meter, *meter.readings([both]))
    assert first["ack"] == [[5, 1, 1]]
    assert times(config) == {(5, 1): START_MS - 530_000, (5, 2): START_MS - 500_000}


async def test_an_event_without_a_clock_is_placed_too(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        await lan.send(meter, meter.frame(wire.EVENT, event(seq=1, ts_ms=0, uptime_ms=1_000)), uptime_ms=3_000)
    assert times(config) == {(7, 1): START_MS - 2_000}


async def test_a_meters_clock_far_in_the_future_is_not_believed(serve: Serve, config: Config, clock: HandClock) -> None:
    meter = FakeMeter()
    tomorrow = START_MS + DAY_MS
    async with serve(meter) as lan:
        ahead = reading(boot_id=5, seq=1, ts_ms=tomorrow, uptime_ms=50_000)
        unplaceable = meter.frame(wire.SNAPSHOT, snapshot(boot_id=5, seq=2, ts_ms=tomorrow))
        told = await lan.send(meter, *meter.readings([ahead]), unplaceable)
    assert told["ack"] == [[5, 1, 2]]
    assert times(config) == {(5, 1): None, (5, 2): None}
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        (newest_ms,) = connection.execute("SELECT newest_ms FROM meter").fetchone()
    assert newest_ms == 0


@pytest.mark.parametrize("error_ms", [-DAY_MS, -60_000, 60_000, DAY_MS])
async def test_a_clock_that_is_wrong_is_corrected_by_the_uptime(serve: Serve, config: Config, error_ms: int) -> None:
    meter = FakeMeter()
    boundary_ms = START_MS // QUARTER_MS * QUARTER_MS
    before = reading(seq=1, ts_ms=boundary_ms - 4_000 + error_ms, uptime_ms=100_000)
    at = snapshot(seq=2, ts_ms=boundary_ms + error_ms)
    after = reading(seq=3, ts_ms=boundary_ms + 6_000 + error_ms, uptime_ms=110_000)
    told = event(seq=4, ts_ms=boundary_ms + 7_000 + error_ms, uptime_ms=111_000)
    async with serve(meter) as lan:
        frames = [meter.frame(wire.SNAPSHOT, at), *meter.readings([after, before]), meter.frame(wire.EVENT, told)]
        uptime_ms = 104_000 + START_MS - boundary_ms
        assert (await lan.send(meter, *frames, uptime_ms=uptime_ms))["refused"] == []
    placed = {1: -4_000, 2: 0, 3: 6_000, 4: 7_000}
    assert times(config) == {(7, seq): boundary_ms + at_ms for seq, at_ms in placed.items()}


async def test_a_clock_that_steps_back_and_on_leaves_its_readings_in_their_order(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    errors_ms = [0, 0, -3_600_000, -3_600_000, 0]
    records = [
        reading(seq=n + 1, ts_ms=START_MS - 50_000 + 10_000 * n + error_ms, uptime_ms=10_000 * (n + 1))
        for n, error_ms in enumerate(errors_ms)
    ]
    async with serve(meter) as lan:
        await lan.send(meter, *meter.readings(records[:2]), uptime_ms=60_000)
        await lan.send(meter, *meter.readings(records[2:]), uptime_ms=60_000)
    assert times(config) == {(7, n + 1): START_MS - 50_000 + 10_000 * n for n in range(5)}


async def test_a_request_that_was_long_under_way_moves_nothing(serve: Serve, config: Config, clock: HandClock) -> None:
    meter = FakeMeter()
    records = [reading(seq=n, ts_ms=START_MS + 10_000 * n, uptime_ms=10_000 * n) for n in (1, 2)]
    async with serve(meter) as lan:
        clock.now_ms = START_MS + 10_500
        await lan.send(meter, *meter.readings(records[:1]), uptime_ms=10_400)
        clock.now_ms = START_MS + 120_000  # the second waited in the network for a minute and a half
        await lan.send(meter, *meter.readings(records[1:]), uptime_ms=20_400)
    assert times(config) == {(7, n): START_MS + 10_000 * n for n in (1, 2)}


async def test_when_the_hubs_own_clock_is_set_the_meter_follows(serve: Serve, config: Config, clock: HandClock) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        clock.now_ms = START_MS - DAY_MS  # a Pi that has not heard the time yet, and a meter that has it from there
        early = reading(seq=1, ts_ms=START_MS - DAY_MS, uptime_ms=10_000)
        await lan.send(meter, *meter.readings([early]), uptime_ms=10_000)
        clock.now_ms = START_MS + 10_000
        still = reading(seq=2, ts_ms=START_MS - DAY_MS + 10_000, uptime_ms=20_000)
        follows = reading(seq=3, ts_ms=START_MS + 20_000, uptime_ms=30_000)
        await lan.send(meter, *meter.readings([still]), uptime_ms=20_000)
        clock.now_ms = START_MS + 20_000
        await lan.send(meter, *meter.readings([follows]), uptime_ms=30_000)
    told = times(config)
    assert told[7, 3] == START_MS + 20_000
    assert told[7, 2] == START_MS - DAY_MS + 10_000  # it fits what was the time when its boot began


@given(
    st.integers(0, 10**8),
    st.lists(st.tuples(st.integers(0, 200_000), st.integers(-DAY_MS, DAY_MS)), min_size=1, max_size=8),
)
def test_however_a_clock_jumps_no_reading_is_placed_further_off_than_a_clock_may_be(
    zero_ms: int, frames: list[tuple[int, int]]
) -> None:
    for uptime_ms, jump_ms in frames:
        error_ms = place.error_ms(zero_ms + jump_ms, uptime_ms, (zero_ms, zero_ms))
        assert abs(jump_ms - error_ms) <= place.OFF_MS + uptime_ms // place.DRIFT
        assert error_ms in (0, jump_ms)
