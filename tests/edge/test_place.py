"""When was it? Frames made before the meter's clock was set, and clocks that point where no clock should."""

import contextlib
import sqlite3

from sunmeter_edge.config import Config
from sunmeter_edge.contract import wire
from tests.edge.conftest import HandClock, Serve
from tests.edge.fakes import START_MS, FakeMeter, event, reading, snapshot

UNSET = wire.FLAG_PV_FITTED


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
    tomorrow = START_MS + 86_400_000
    async with serve(meter) as lan:
        ahead = reading(seq=1, ts_ms=tomorrow, uptime_ms=50_000)
        unplaceable = meter.frame(wire.SNAPSHOT, snapshot(seq=2, ts_ms=tomorrow))
        told = await lan.send(meter, *meter.readings([ahead]), unplaceable, uptime_ms=50_000)
    assert told["ack"] == [[7, 1, 2]]
    assert times(config) == {(7, 1): START_MS, (7, 2): None}
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        (newest_ms,) = connection.execute("SELECT newest_ms FROM meter").fetchone()
    assert newest_ms == START_MS
