"""A boot id used twice: a meter whose flash was wiped counts its boots from one again."""

import contextlib
import sqlite3

import pytest

from sunmeter_edge import commit
from sunmeter_edge.config import Config
from sunmeter_edge.contract import wire
from tests.edge.conftest import Serve
from tests.edge.fakes import START_MS, FakeMeter, event, reading, snapshot

DAY_MS = 86_400_000


def first_boot(meter: FakeMeter, from_ms: int, v_mv: int) -> list[bytes]:
    """What one boot of id 7 says."""
    common = {"boot_id": 7, "uptime_ms": 10_000}
    return [
        meter.frame(wire.READING, reading(seq=1, ts_ms=from_ms, v_mv=v_mv, **common)),
        meter.frame(wire.EVENT, event(seq=2, ts_ms=from_ms + 100, value=v_mv, **common)),
        meter.frame(wire.SNAPSHOT, snapshot(boot_id=7, seq=3, ts_ms=from_ms + 1_000)),
    ]


async def kept_of_both_boots(serve: Serve, config: Config) -> tuple[int, int, dict[str, int]]:
    """How much is kept, and kept apart, of two boots with one id; and what was counted."""
    meter = FakeMeter()
    async with serve(meter) as lan:
        for frames in (first_boot(meter, START_MS - DAY_MS, 230_000), first_boot(meter, START_MS, 231_000)):
            assert (await lan.send(meter, *frames))["ack"] == [[7, 1, 3]]
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        (frames_kept,) = connection.execute("SELECT count(*) FROM frame").fetchone()
        (apart,) = connection.execute("SELECT count(*) FROM refused WHERE code = 'used_key'").fetchone()
        return frames_kept, apart, dict(connection.execute("SELECT name, n FROM tally").fetchall())


async def test_what_a_second_boot_of_the_same_id_says_is_kept_apart_and_counted(serve: Serve, config: Config) -> None:
    frames_kept, apart, counted = await kept_of_both_boots(serve, config)
    assert (frames_kept, apart) == (3, 3)
    assert counted["refused used_key boot_id"] == 3


async def test_a_build_that_takes_it_for_a_repetition_is_caught(
    serve: Serve, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "IS_ANOTHER", "SELECT 1 WHERE ? + ? + ? + ? + ? + ? IS NULL AND 0")
    frames_kept, apart, _ = await kept_of_both_boots(serve, config)
    assert (frames_kept, apart) == (3, 0)  # three acknowledged frames are nowhere


async def test_a_frame_that_its_meter_completed_before_it_sent_it_again_is_the_same(
    serve: Serve, config: Config
) -> None:
    """Made before the hub was heard; the second time it knows the time and its registers."""
    meter = FakeMeter()
    bare = reading(seq=1, ts_ms=0, uptime_ms=10_000, flags=0, import_mwh=5)
    whole = reading(seq=1, ts_ms=START_MS, uptime_ms=10_000, import_mwh=9_005)
    async with serve(meter) as lan:
        for record in (bare, whole):
            assert (await lan.send(meter, *meter.readings([record])))["ack"] == [[7, 1, 1]]
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        assert connection.execute("SELECT count(*) FROM refused").fetchone() == (0,)
