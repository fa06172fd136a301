"""Every cause of a gap or delay, brought about: the real hub takes in what a meter sends through it, the cloud judges.

| cause | what happens here |
|---|---|
| power_cut | the meter starts again with `power_on` after a silence of more than two quarters |
| meter | the same, by its watchdog |
| wifi | the meter is not heard for an hour: it tells all of it late, or only its snapshots |
| hub | the hub stops and starts again |
| internet | nobody answers the hub |
| cloud | the functions answer 503 |
"""

import asyncio
from collections.abc import Iterable

import pytest

from sunmeter.contract import documents, ledger
from sunmeter.domain.causes import cause
from sunmeter_edge.contract import wire
from sunmeter_edge.contract.ledger import QUARTER_MS
from tests.edge.conftest import HandClock, Lan, Serve
from tests.edge.fakes import START_MS, FakeCloud, FakeMeter, reading, snapshot

FIRST_MS = START_MS // QUARTER_MS * QUARTER_MS + QUARTER_MS  # the first whole quarter
STEP_S = 10
HOUR_S = 3600
CAUSES_SHOWN = set(documents.CAUSES) - {"none", "unknown"}
shown: set[str] = set()


def at_ms(second: int) -> int:
    """So long after the first quarter began."""
    return FIRST_MS + second * 1000


def frames(meter: FakeMeter, seconds: Iterable[int], **fields: int) -> list[bytes]:
    """Readings that end at these seconds, of a house that takes 500 W."""
    records = [
        reading(seq=1000 + at_s // STEP_S, ts_ms=at_ms(at_s), import_mwh=(1000 + at_s) * 139, **fields)
        for at_s in seconds
    ]
    return meter.readings(records)


async def tell(lan: Lan, meter: FakeMeter, clock: HandClock, now_s: int, told: list[bytes]) -> None:
    """What a meter has to tell reaches the hub now, in as many requests as it takes."""
    for first in range(0, len(told), wire.MAX_FRAMES - 1):
        clock.now_ms = max(clock.now_ms, at_ms(now_s) + first)
        await lan.send(meter, *told[first : first + wire.MAX_FRAMES - 1])


async def talk(lan: Lan, meter: FakeMeter, clock: HandClock, from_s: int, to_s: int, **fields: int) -> None:
    """A meter that is heard every half minute."""
    for first in range(from_s, to_s, 30):
        seconds = range(first + STEP_S, min(first + 30, to_s) + STEP_S, STEP_S)
        await tell(lan, meter, clock, seconds[-1], frames(meter, seconds, **fields))


async def named(cloud: FakeCloud, clock: HandClock, quarters: int) -> list[tuple[str, str]]:
    """(quality, cause) of the first quarters, as the functions judge what the hub sent."""
    starts = [FIRST_MS // 1000 + number * ledger.QUARTER_S for number in range(quarters)]

    def newest() -> list[ledger.Interval]:
        found = {item["start_s"]: item for item in cloud.items if item["type"] == "interval"}
        return [ledger.parse_interval(found[start_s]) for start_s in starts if start_s in found]

    clock.now_ms += 60_000
    await asyncio.to_thread(cloud.wait_for, lambda: len(newest()) == quarters, 30.0)
    await asyncio.sleep(0.5)  # one that is cut again comes after
    verdicts = [(ledger.QUALITIES[ledger.quality(each)], cause(each)) for each in newest()]
    shown.update(cause for _, cause in verdicts)
    return verdicts


@pytest.mark.parametrize(
    ("reset", "name"), [("power_on", "power_cut"), ("brown_out", "power_cut"), ("watchdog", "meter")]
)
async def test_a_meter_that_starts_again_names_the_silence_before_it(
    serve: Serve, cloud: FakeCloud, clock: HandClock, reset: str, name: str
) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        await talk(lan, meter, clock, -60, 300)
        again = {"boot_id": 8, "reset_cause": wire.RESET_CAUSES.index(reset)}
        meter.boot_id = 8
        await talk(lan, meter, clock, 2900, 3700, **again)
        verdicts = await named(cloud, clock, 4)
    assert verdicts == [("estimated", name)] * 4


async def test_a_meter_that_was_not_heard_tells_it_late(serve: Serve, cloud: FakeCloud, clock: HandClock) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        await talk(lan, meter, clock, -60, 900)
        await tell(lan, meter, clock, 2700, frames(meter, range(910, 2710, STEP_S)))
        await talk(lan, meter, clock, 2700, 3660)
        verdicts = await named(cloud, clock, 4)
    assert verdicts == [("measured", "none"), ("measured", "wifi"), ("measured", "wifi"), ("measured", "none")]


async def test_a_meter_that_was_not_heard_for_long_has_its_snapshots(
    serve: Serve, cloud: FakeCloud, clock: HandClock
) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        await talk(lan, meter, clock, -60, 900)
        kept = [
            meter.frame(wire.SNAPSHOT, snapshot(seq=5000 + at_s, ts_ms=at_ms(at_s), import_mwh=(1000 + at_s) * 139))
            for at_s in (1800, 2700)
        ]
        await tell(lan, meter, clock, 2700, kept)
        meter_goes_on = {"dropped": 180}
        await talk(lan, meter, clock, 2700, 3660, **meter_goes_on)
        verdicts = await named(cloud, clock, 3)
    assert verdicts == [("measured", "none"), ("recovered", "wifi"), ("recovered", "wifi")]


async def test_a_hub_that_was_away_names_itself(serve: Serve, cloud: FakeCloud, clock: HandClock) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        await talk(lan, meter, clock, -60, 900)
        await asyncio.sleep(2.2)  # it notes now and then that it runs
    clock.now_ms = at_ms(2690)
    async with serve(meter) as lan:
        await tell(lan, meter, clock, 2700, frames(meter, range(910, 2710, STEP_S)))
        await talk(lan, meter, clock, 2700, 3660)
        verdicts = await named(cloud, clock, 4)
    assert verdicts == [("measured", "none"), ("measured", "hub"), ("measured", "hub"), ("measured", "none")]


@pytest.mark.parametrize("name", ["internet", "cloud"])
async def test_what_the_hub_cannot_pass_on_comes_whole_and_says_who_was_away(
    serve: Serve, cloud: FakeCloud, clock: HandClock, name: str
) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        await talk(lan, meter, clock, -60, 840)
        cloud.away = name == "internet"
        cloud.answers = [(503, {"code": "busy"}, {})] * (10_000 if name == "cloud" else 0)
        await talk(lan, meter, clock, 840, 960)
        await asyncio.sleep(1.5)  # what it sends now fails
        await talk(lan, meter, clock, 960, 2000)
        cloud.away, cloud.answers = False, []
        verdicts = await named(cloud, clock, 2)
    assert verdicts[1] == ("measured", name)


def test_every_cause_was_shown_above() -> None:
    assert shown == CAUSES_SHOWN | {"none"}
