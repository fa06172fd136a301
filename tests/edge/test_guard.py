"""Hundreds of meters at once, and clients that would keep them from the hub; each limit is shown to be what holds."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest

from sunmeter_edge import guard as guarding
from sunmeter_edge import hub as edge
from sunmeter_edge.config import Config
from sunmeter_edge.contract import wire
from sunmeter_edge.guard import Bucket, Guard, Limits
from sunmeter_edge.guard import Line as Served
from sunmeter_edge.report import status
from sunmeter_edge.serving import MAX_HEAD_BYTES
from sunmeter_edge.store import open_for_reading
from tests.edge.conftest import CREDENTIAL, HandClock, make_known, serving
from tests.edge.fakes import FakeMeter, reading
from tests.edge.lines import HOSTILE, Line, address_of, request

HONEST = 50
NONE = Limits(*[10**6] * 8)  # the broken build: it sets no limits
HEAD = b"POST /v1/meters/m-0000000001/frames HTTP/1.1\r\nHost: hub\r\nX-Slow: "
BODY = b"POST /v1/meters/m-0000000001/frames HTTP/1.1\r\nHost: hub\r\nContent-Length: 30000\r\n\r\n"
JUNK = request("/v1/meters/m-0000000001/frames", b"\x01\x01")

Open = Callable[..., AbstractAsyncContextManager[list[FakeMeter]]]


@pytest.fixture
def guarded(config: Config, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> Open:
    """`async with guarded(limits, meters=50) as meters:` a running hub with these limits."""

    @asynccontextmanager
    async def running(limits: Limits, meters: int = HONEST) -> AsyncIterator[list[FakeMeter]]:
        monkeypatch.setattr(edge, "fitting", lambda: limits)
        known = [FakeMeter(f"m-{number:010d}") for number in range(meters)]
        make_known(config, *known)
        async with serving(config, edge.Hub(config, CREDENTIAL, clock)):
            yield known

    return running


async def all_answered(config: Config, meters: list[FakeMeter], lines: list[Line] | None = None, seq: int = 1) -> None:
    """Every meter gets its signed answer, over its open line or a new one."""

    async def one(number: int, meter: FakeMeter) -> None:
        line = lines[number] if lines else await Line.open(config, address_of(number))
        try:
            async with asyncio.timeout(20):
                assert (await line.ask(meter, *meter.readings([reading(seq=seq)])))["ack"] == [[7, seq, seq]]
        finally:
            if not lines:
                line.close()

    await asyncio.gather(*[one(*pair) for pair in enumerate(meters)])


async def lines_of(config: Config, meters: int) -> list[Line]:
    return list(await asyncio.gather(*[Line.open(config, address_of(number)) for number in range(meters)]))


async def drip(line: Line) -> None:
    """A byte now and then, for as long as it is taken."""
    with contextlib.suppress(OSError):
        while True:
            line.write(b"x")
            await line.writer.drain()
            await asyncio.sleep(0.02)


async def test_hundreds_of_meters_each_on_a_connection_of_its_own(guarded: Open, config: Config) -> None:
    async with guarded(Limits(), meters=300) as meters:
        lines = await lines_of(config, len(meters))
        for seq in (1, 2, 3):
            await all_answered(config, meters, lines, seq)


@pytest.mark.parametrize("begun", [b"", HEAD, BODY], ids=["silence", "slow head", "slow body"])
@pytest.mark.parametrize(("arrival_s", "is_let_go"), [(0.5, True), (NONE.arrival_s, False)], ids=["", "broken build"])
async def test_a_request_that_does_not_arrive_ends_its_connection(
    guarded: Open, config: Config, begun: bytes, arrival_s: float, is_let_go: bool
) -> None:
    async with guarded(replace(Limits(), arrival_s=arrival_s)) as meters:
        slow = [await Line.open(config, HOSTILE) for _ in range(30)]
        dripping = []
        for line in slow:
            line.write(begun)
            if begun:
                dripping.append(asyncio.create_task(drip(line)))
        await all_answered(config, meters)
        ended = await asyncio.gather(*[line.is_ended(5.0 if is_let_go else 1.0) for line in slow])
        assert set(ended) == {is_let_go}
        for task in dripping:
            task.cancel()
        for line in slow:
            line.close()


async def test_a_slow_head_after_a_good_request_ends_the_connection_too(guarded: Open, config: Config) -> None:
    async with guarded(replace(Limits(), arrival_s=0.3)) as meters:
        line = await Line.open(config, address_of(0))
        await line.ask(meters[0])
        await asyncio.sleep(0.5)
        await line.ask(meters[0])  # between two requests there is time
        dripping = asyncio.create_task(drip(line))
        assert await line.is_ended(5.0)
        await dripping


async def test_the_rest_of_a_body_too_large_is_not_read_for_ever(guarded: Open, config: Config) -> None:
    async with guarded(replace(Limits(), arrival_s=0.5)) as meters:
        line = await Line.open(config, HOSTILE)
        line.write(b"POST /v1/meters/m-0000000001/frames HTTP/1.1\r\nHost: hub\r\nContent-Length: 99999999\r\n\r\n")
        line.write(bytes(wire.MAX_BODY_BYTES + 1))
        status_told, _, _ = await line.answer()
        pouring = asyncio.create_task(drip(line))
        assert status_told == 413
        assert await line.is_ended(5.0)
        await pouring
        await all_answered(config, meters)


async def test_a_client_that_asks_and_does_not_listen_is_let_go(guarded: Open, config: Config) -> None:
    async with guarded(replace(NONE, arrival_s=15.0), meters=1) as meters:
        line = await Line.open(config, address_of(0))
        line.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with contextlib.suppress(OSError):
            async with asyncio.timeout(15):
                while True:
                    line.write(request("/nothing", b"") * 200)
                    await line.writer.drain()
        await all_answered(config, meters)
    assert shown(config)["let go too_slow answer"] == 1


async def test_a_head_too_large_is_refused(guarded: Open, config: Config) -> None:
    async with guarded(Limits(), meters=1) as meters:
        line = await Line.open(config, HOSTILE)
        line.write(HEAD + b"x" * 2 * MAX_HEAD_BYTES)
        assert (await line.reader.read(100)).startswith(b"HTTP/1.1 400")
        assert await line.is_ended(5.0)
        await all_answered(config, meters)
    assert shown(config) == {"let go malformed http": 1}


class Turnstile(Guard):
    """The broken build: of too many connections it turns away the newest."""

    def _give_way(self, line: Served) -> None:
        super()._give_way(next(reversed(self._unproven)))


@pytest.mark.parametrize(("make", "holds"), [(Guard, True), (Turnstile, False)], ids=["", "broken build"])
async def test_many_idle_connections_from_everywhere_do_not_keep_meters_out(
    guarded: Open, config: Config, monkeypatch: pytest.MonkeyPatch, make: type[Guard], holds: bool
) -> None:
    monkeypatch.setattr(edge, "Guard", make)
    async with guarded(replace(Limits(), connections=120, unproven=60)) as meters:
        half = len(meters) // 2
        early = await lines_of(config, half)
        await all_answered(config, meters[:half], early)
        idle = [await Line.open(config, f"127.0.9.{1 + number % 100}") for number in range(300)]
        await all_answered(config, meters[:half], early, seq=2)  # who has proved itself stays
        newcomers = all_answered(config, meters, seq=3)
        if holds:
            await newcomers
        else:
            with pytest.raises((OSError, EOFError)):
                await newcomers
        for line in idle:
            line.close()


async def test_one_address_holds_few_connections_until_it_has_proved_who_it_is(guarded: Open, config: Config) -> None:
    async with guarded(replace(Limits(), unproven_of_address=10)) as meters:
        idle = [await Line.open(config, HOSTILE) for _ in range(100)]
        await all_answered(config, meters)
        ended = await asyncio.gather(*[line.is_ended(1.0) for line in idle])
        assert ended.count(False) == 10
        for line in idle:
            line.close()
    assert shown(config)["let go too_many connections"] >= 90


async def flood(config: Config, answered: list[int]) -> None:
    """Requests without a meter's signature, as fast as they are answered; hung up on, it comes again."""
    while True:
        with contextlib.suppress(OSError, EOFError):
            line = await Line.open(config, HOSTILE)
            while True:
                line.write(JUNK * 4)
                for _ in range(4):
                    await line.answer()
                    answered[0] += 1
        await asyncio.sleep(0)


@pytest.mark.parametrize(("limits", "holds"), [(Limits(), True), (NONE, False)], ids=["", "broken build"])
async def test_a_flood_from_one_address_gets_little_and_the_meters_get_theirs(
    guarded: Open, config: Config, limits: Limits, holds: bool
) -> None:
    answered = [0]
    async with guarded(limits) as meters:
        lines = await lines_of(config, len(meters))
        await all_answered(config, meters, lines)
        begins_s = time.monotonic()
        flooding = [asyncio.create_task(flood(config, answered)) for _ in range(20)]
        for seq in range(2, 6):
            await all_answered(config, meters, lines, seq)
            await all_answered(config, meters[:10], seq=seq)  # and over new connections
        await asyncio.sleep(max(0.0, 2.0 - (time.monotonic() - begins_s)))
        granted = Limits.unproven_per_s * (Bucket.BURST_S + time.monotonic() - begins_s) + 1
        for task in flooding:
            task.cancel()
        assert (answered[0] <= granted) == holds, (answered, granted)


async def test_a_meter_that_floods_has_its_own_rate(guarded: Open, config: Config) -> None:
    async with guarded(replace(Limits(), requests_per_s=20.0)) as meters:
        bad, others = meters[0], meters[1:]
        line = await Line.open(config, address_of(0))
        await line.ask(bad)
        begins_s, answered = time.monotonic(), 1

        async def pour() -> None:
            nonlocal answered
            while True:
                await line.ask(bad)
                answered += 1

        pouring = asyncio.create_task(pour())
        for seq in range(1, 4):
            await all_answered(config, others, seq=seq)
        await asyncio.sleep(max(0.0, 2.0 - (time.monotonic() - begins_s)))
        assert answered <= 20 * (Bucket.BURST_S + time.monotonic() - begins_s) + 1
        pouring.cancel()


async def test_a_meter_that_comes_back_ends_its_half_open_connections(guarded: Open, config: Config) -> None:
    async with guarded(Limits(), meters=1) as (meter,):
        lines = [await Line.open(config, address_of(0)) for _ in range(3)]
        for line in lines:
            await line.ask(meter)
        assert await lines[0].is_ended(5.0)
        for line in lines[1:]:
            assert not await line.is_ended(0.1)


async def test_replays_prove_nothing_and_end_no_meters_connection(guarded: Open, config: Config) -> None:
    async with guarded(Limits(), meters=1) as (meter,):
        own = await Line.open(config, address_of(0))
        heard = request(meter.path, meter.body())
        own.write(heard)
        await own.answer()
        for _ in range(5):
            spy = await Line.open(config, HOSTILE)
            spy.write(heard)
            assert (await spy.answer())[0] == 200
        assert (await own.ask(meter))["ack"] == []


async def test_what_was_let_go_is_counted_and_shown(guarded: Open, config: Config) -> None:
    async with guarded(replace(Limits(), arrival_s=0.2), meters=1):
        silent, slow = [await Line.open(config, HOSTILE) for _ in range(2)]
        slow.write(HEAD)
        assert await silent.is_ended(5.0)
        assert await slow.is_ended(5.0)
    assert shown(config) == {"let go too_slow silence": 1, "let go too_slow request": 1}


def shown(config: Config) -> dict[str, int]:
    """What `status` shows of clients that were let go."""
    with contextlib.closing(open_for_reading(config.database)) as connection:
        rows = [line.split(maxsplit=2)[1:] for line in status(connection, lambda: 0) if "let go" in line]
    return {name: int(n) for n, name in rows}


@pytest.mark.parametrize(("may_open", "connections"), [(100, 36), (1024, 960), (4096, 1000)])
def test_there_are_never_more_connections_than_files_may_be_open(
    monkeypatch: pytest.MonkeyPatch, may_open: int, connections: int
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (may_open, may_open))
    limits = guarding.fitting()
    assert limits.connections == connections
    assert limits.unproven < limits.connections
