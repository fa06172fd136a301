"""What sessions cost the server, over Flet's own sessions whose connections encode and record every message.

The sockets themselves are left out: no TLS, no kernel. A session is a household of its own that looks at its home:
a live reading every two seconds, as often as a hub writes, and the clock every second.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from sunmeter_app.app import app_for
from sunmeter_app.contract import documents
from sunmeter_app.data.source import Fields
from tests.client import scenes, street
from tests.client.fake_backend import FakeSource, FakeWorld
from tests.client.recording import RecordedApp

SESSIONS = 50
LIVE_EVERY_S = 2.0
WATCHED_S = 30.0
TICKS = 60


@dataclass(frozen=True)
class Cost:
    """sessions_cpu_pct: of one core, all sessions together. tick_ms: one reading in one session."""

    tick_ms: float
    sessions_cpu_pct: float
    mb_per_session: float
    bytes_per_tick: float


class Beats(FakeSource):
    """A person's view whose live readings come as they are sent, without waking anybody else's."""

    sent: ClassVar[dict[str, asyncio.Queue[Fields]]] = {}

    async def watch(self, path: str) -> AsyncIterator[Fields | None]:
        if not path.endswith("/live/now"):
            async for found in super().watch(path):
                yield found
        queue = self.sent.setdefault(path, asyncio.Queue())
        while True:
            yield await queue.get()


def beat(world: FakeWorld, index: int, tick: int) -> None:
    Beats.sent[documents.live(f"gable-{index:03}")].put_nowait(street.live(world, index, tick))


async def opened(world: FakeWorld, browser: dict[str, str]) -> RecordedApp:
    tab = RecordedApp(browser)
    return await tab.start(app_for(world.backend, tab.connection.bridge, now_s=world.now_s))


def forget(tabs: list[RecordedApp]) -> None:
    """A socket keeps nothing of what it sent."""
    for tab in tabs:
        tab.connection.sent.clear()


async def measured() -> Cost:
    """Fifty sessions, one after the other; then all of them live."""
    world = scenes.new_world()
    world.now_s = lambda: scenes.NOW_S + time.monotonic() - begun_s
    begun_s = time.monotonic()
    world.backend = replace(world.backend, open_source=lambda token: Beats(world.database, world.identity, token))
    browsers = street.settled(world, SESSIONS + 1)
    tabs = [await opened(world, browsers[0])]  # what the first one loads, all share
    forget(tabs)
    before_mb = resident_mb()
    for browser in browsers[1:]:
        tabs.append(await opened(world, browser))
        forget(tabs)
    mb = (resident_mb() - before_mb) / SESSIONS
    tick_ms, sent = await ticked(world, tabs[0])
    cpu_pct = await watched(world, tabs)
    for tab in tabs:
        await tab.stop()
    return Cost(tick_ms, cpu_pct, mb, sent)


async def ticked(world: FakeWorld, tab: RecordedApp) -> tuple[float, float]:
    """(median ms, mean bytes) of one live reading in one session, from the document to the encoded message."""
    took_ms, before = [], tab.connection.bytes_sent
    for tick in range(TICKS):
        begun_s = time.thread_time()
        beat(world, 0, tick)
        await tab.settle(20)
        took_ms.append((time.thread_time() - begun_s) * 1000)
    assert f"{street.house_w(0, TICKS - 1) / 1000:.3f} kW" in tab.words("live-house-w")
    return sorted(took_ms)[TICKS // 2], (tab.connection.bytes_sent - before) / TICKS


async def watched(world: FakeWorld, tabs: list[RecordedApp]) -> float:
    """CPU of all sessions while each gets its readings [% of one core]; a process' time, whatever else runs here."""
    rounds, cpu_s, begun_s = round(WATCHED_S / LIVE_EVERY_S), time.process_time(), time.monotonic()
    for tick in range(rounds):
        for index in range(SESSIONS):
            beat(world, index, tick)
            await asyncio.sleep(LIVE_EVERY_S / SESSIONS)  # households do not beat as one
        forget(tabs)
    return 100 * (time.process_time() - cpu_s) / (time.monotonic() - begun_s)


def resident_mb() -> float:
    """This process' memory [MB], from Linux' /proc."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
