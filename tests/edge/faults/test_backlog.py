"""A backlog: a week without internet for ten meters, and a meter that moves to another hub while one lies here."""

import asyncio
import contextlib
import datetime as dt
import random
import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from sunmeter_edge import hub, relay, send
from sunmeter_edge.config import Config
from sunmeter_edge.contract import ledger, wire
from sunmeter_edge.contract.ledger import QUARTER_S
from tests.edge.conftest import CREDENTIAL, HandClock, Lan, free_port, make_known, serving
from tests.edge.fakes import HUB, START_MS, FakeCloud, FakeMeter, event, reading
from tests.edge.faults.builds import built
from tests.edge.faults.meters import energy_of
from tests.edge.test_send import arrives, queue_intervals, settled, waiting

METERS = 10
# A third of a quarter, from a quarter's start on: readings every ten seconds would say nothing more about registers.
STEP_MS = 300_000
A_REQUEST = wire.MAX_FRAMES - 1


class Offline:
    """Ten meters, some days, and a cloud that is away all the while."""

    def __init__(self, config: Config, cloud: FakeCloud, clock: HandClock, days: int):
        self._config, self._cloud, self._clock = config, cloud, clock
        self.meters = [FakeMeter(f"m-{number:010d}") for number in range(METERS)]
        self.steps = days * 86_400_000 // STEP_MS
        chance = random.Random(days)
        self.registers = [[0] for _ in self.meters]
        for told in self.registers:
            for _ in range(self.steps):
                told.append(told[-1] + chance.randrange(400_000))
        make_known(config, *self.meters)

    async def pass_by(self, lan: Lan) -> None:
        """Readings come as they are made, and an event a day for each meter."""
        for first in range(1, self.steps + 1, A_REQUEST - 1):
            last = min(first + A_REQUEST - 2, self.steps)
            self._clock.now_ms = START_MS + last * STEP_MS + 1_000
            await asyncio.gather(*[self._send(lan, number, first, last) for number in range(METERS)])
        self._clock.now_ms += 60_000

    async def _send(self, lan: Lan, number: int, first: int, last: int) -> None:
        meter, registers = self.meters[number], self.registers[number]
        records = [
            reading(seq=seq, ts_ms=START_MS + seq * STEP_MS, uptime_ms=seq * STEP_MS, import_mwh=registers[seq])
            for seq in range(first, last + 1)
        ]
        happened = event(seq=100_000 + first, ts_ms=START_MS + first * STEP_MS, kind=6, channel=14)
        frames = [*meter.readings(records), meter.frame(wire.EVENT, happened)]
        uptime_ms = self._clock.now_ms - START_MS
        told = await lan.send(meter, *frames, uptime_ms=uptime_ms)
        assert not told["refused"]

    @property
    def owed(self) -> list[int]:
        """The quarters that are whole, or begin with a meter's first reading."""
        end_s = ledger.quarter_of(START_MS + self.steps * STEP_MS)
        return list(range(ledger.quarter_of(START_MS + STEP_MS), end_s, QUARTER_S))

    def missing(self) -> list[str]:
        """What the cloud does not have: by meter, quarters and energy."""
        found = []
        for meter, told in zip(self.meters, self.registers, strict=True):
            have = {start_s: each for (name, start_s), each in self._cloud.intervals.items() if name == meter.meter}
            found += [f"{meter.meter} {start_s}" for start_s in self.owed if start_s not in have]
            last = ((self.owed[-1] + QUARTER_S) * 1000 - START_MS) // STEP_MS  # it lies on the quarter's end
            if energy_of(have.values()).import_mwh != told[last] - told[1]:
                found.append(f"{meter.meter} energy")
        return found


@pytest.mark.slow
async def test_a_week_offline_with_ten_meters_arrives_whole_newest_first(
    config: Config, cloud: FakeCloud, clock: HandClock
) -> None:
    offline = Offline(config, cloud, clock, days=7)
    cloud.away = True
    async with serving(config, hub.Hub(config, CREDENTIAL, clock)) as lan:
        await offline.pass_by(lan)
        await cut(config, len(offline.owed) * METERS)
        cloud.away = False
        await arrives(cloud, lambda: len(cloud.intervals) == len(offline.owed) * METERS, 60)
        await settled(config)
    assert offline.missing() == []
    sent = [item["start_s"] for item in cloud.of_type("interval")]
    # One parcel may have been on its way while the last quarters were cut.
    assert offline.owed[-1] in sent[: 2 * send.INTERVALS.at_once], "the newest comes first"
    assert len(cloud.of_type("event")) == METERS * -(-offline.steps // (A_REQUEST - 1))


async def cut(config: Config, quarters: int) -> None:
    """All quarters are cut, and wait."""
    for _ in range(600):
        if waiting(config) >= quarters:
            return
        await asyncio.sleep(0.2)
    raise AssertionError("they are not cut")


async def sent_in_vain(told: pytest.LogCaptureFixture) -> None:
    """Some quarters were sent, and nobody was there to take them."""
    for _ in range(300):
        if "not sent lane=interval" in told.text:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("nothing is sent")


async def test_a_build_that_forgets_first_loses_a_day_of_it_and_is_caught(
    config: Config, cloud: FakeCloud, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    offline = Offline(config, cloud, clock, days=1)
    cloud.away = True
    with built("forgets-first"):
        async with serving(config, hub.Hub(config, CREDENTIAL, clock)) as lan:
            await offline.pass_by(lan)
            await sent_in_vain(caplog)
            cloud.away = False
            await settled(config)
    assert offline.missing()


QUARTERS = 40


async def kept_and_carried_after_it_moved(config: Config, cloud: FakeCloud, clock: HandClock) -> tuple[int, int]:
    """How many old quarters of a meter that was assigned to another hub wait here, and how many the cloud then has."""
    meter = FakeMeter()
    make_known(config, meter)
    queue_intervals(config, meter, QUARTERS)
    cloud.away = True
    running = hub.Hub(config, CREDENTIAL, clock)
    async with serving(config, running) as lan:
        await running._relay.take_in({f"downlink/{meter.meter}": assigned()})
        await running._relay.take_in({})
        assert (await lan.post(meter, meter.body())).status_code == 404  # it is another hub's now
        with contextlib.closing(sqlite3.connect(config.database)) as connection:
            (kept,) = connection.execute("SELECT count(*) FROM quarter WHERE state = 1").fetchone()
        cloud.away = False
        await settled(config)
    return int(kept), len(cloud.intervals)


async def test_the_quarter_in_which_a_meter_changes_hubs_is_in_no_interval_and_its_energy_in_the_registers(
    config: Config, cloud: FakeCloud, clock: HandClock
) -> None:
    """Where the meter also changed homes, only the old hub may bring it, which hears nothing beyond its end."""
    meter, other = FakeMeter(), replace(config, data_dir=config.data_dir / "other", listen=f"127.0.0.1:{free_port()}")
    first_s, moved_s, next_s = (START_MS // 1000 + n * QUARTER_S for n in range(3))
    make_known(config, meter)
    make_known(other, meter)
    records = [
        reading(seq=seq, ts_ms=START_MS + seq * 10_000, uptime_ms=seq * 10_000, import_mwh=seq * 1_000)
        for seq in range(1, 3 * 90 + 2)
    ]
    heard = 90 + 42  # seven minutes of the second quarter

    async def tell(here: Config, of: list[dict[str, int]], intervals: int) -> None:
        async with serving(here, hub.Hub(here, CREDENTIAL, clock)) as lan:
            for at in range(0, len(of), A_REQUEST):
                clock.now_ms = of[at : at + A_REQUEST][-1]["ts_ms"] + 100
                await lan.send(meter, *meter.readings(of[at : at + A_REQUEST]), uptime_ms=clock.now_ms - START_MS)
            clock.now_ms += 60_000
            await arrives(cloud, lambda: len(cloud.intervals) == intervals)
            await settled(here)

    await tell(config, records[:heard], 1)
    cloud.rejects = lambda item: "not_your_meter" if item.get("start_s", next_s) < next_s else None
    await tell(other, records[heard:], 2)
    first, third = (cloud.intervals[meter.meter, start_s] for start_s in (first_s, next_s))
    assert third.regs0.import_mwh - first.regs1.import_mwh == 90_000, "nothing of it is in a neighbour"
    with contextlib.closing(sqlite3.connect(other.database)) as connection:
        apart = connection.execute("SELECT start_s, code FROM quarter WHERE state = 2").fetchall()
    assert apart == [(moved_s, "not_your_meter")]


def assigned() -> dict[str, Any]:
    past = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    plain = {"hub": HUB, "home": "home1", "lease_until": past, "assignment": b"sealed", "assignment_version": 1}
    return {**plain, "model": None, "config": None, "commands": []}


async def test_the_backlog_of_a_meter_that_moved_to_another_hub_is_carried(
    config: Config, cloud: FakeCloud, clock: HandClock
) -> None:
    """That the cloud takes it, for the time in which this hub held the meter, is tested in tests/emulator."""
    assert await kept_and_carried_after_it_moved(config, cloud, clock) == (QUARTERS, QUARTERS)


async def test_a_build_that_drops_a_meter_with_all_it_said_is_caught(
    config: Config, cloud: FakeCloud, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "DROP_DOWNLINK", "DELETE FROM quarter WHERE meter = ?")
    kept, _ = await kept_and_carried_after_it_moved(config, cloud, clock)
    assert kept == 0
