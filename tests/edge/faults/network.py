"""A network of which 30 % goes wrong: between meters and hub, and between hub and cloud."""

import asyncio
import contextlib
import random
import re
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from tests.edge.fakes import Answer, FakeCloud
from tests.edge.faults.meters import BusyMeter

BAD = 0.3
ANSWER_S = 3.0
LINGER = struct.pack("ii", 1, 0)  # close sends a reset


class Line:
    """A meter's connection to its hub. `is_bad`: resets, delays, lost replies and doubled requests."""

    def __init__(self, port: int, chance: random.Random):
        self._port, self._chance = port, chance
        self.is_bad = True
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, meter: BusyMeter, frames: list[bytes]) -> dict[str, Any] | None:
        """One signed request; its checked reply, or None where none came or it acknowledges nothing.

        The first ones of a boot have no bad luck: by them the hub learns when it began, and a request that is under
        way while simulated time leaps would tell it wrong.
        """
        body = meter.body(*frames)
        head = f"POST {meter.path} HTTP/1.1\r\nHost: hub\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        kind = self._chance.choice(("reset", "delay", "lost", "double")) if meter.is_known and self._happens() else ""
        try:
            async with asyncio.timeout(ANSWER_S):
                if kind == "double":
                    await self._send_and_reset(head + body)
                answer = await self._exchange(head + body, kind)
        except (OSError, EOFError, TimeoutError):
            self.reset()
            return None
        return meter.checked(*answer) if answer else None

    def _happens(self) -> bool:
        return self.is_bad and self._chance.random() < BAD

    async def _exchange(self, request: bytes, kind: str) -> tuple[bytes, str] | None:
        reader, writer = self._streams = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
        at = self._chance.randrange(1, len(request))
        writer.write(request if kind in ("", "double", "lost") else request[:at])
        if kind == "lost":
            await asyncio.sleep(self._chance.uniform(0.0, 0.01))
        if kind in ("reset", "lost"):
            self.reset()
            return None
        if kind == "delay":
            await asyncio.sleep(self._chance.uniform(0.0, 0.03))
            writer.write(request[at:])
        return await _reply(reader)

    async def _send_and_reset(self, request: bytes) -> None:
        """The same bytes on a connection of their own, whose reply nobody hears."""
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(request)
        await asyncio.sleep(0)
        writer.close()

    def reset(self) -> None:
        if self._streams:
            writer = self._streams[1]
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
            writer.transport.abort()
        self._streams = None


async def _reply(reader: asyncio.StreamReader) -> tuple[bytes, str] | None:
    """Body and mac of a good answer; None of another."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else b""
    mac = re.search(r"sunmeter-mac: (\S+)", head, re.IGNORECASE)
    return (body, mac[1]) if head.startswith("HTTP/1.1 200") and mac else None


REFUSALS: dict[str, Answer] = {
    "401": (401, {}, {}),
    "403": (403, {}, {}),
    "429": (429, {}, {}),
    "429 with Retry-After": (429, {}, {"Retry-After": "1"}),
    "500": (500, {}, {}),
    "503": (503, {}, {}),
}
# 413: of more than one item. reset, hangs: nothing is taken in. late, lost reply: it is, and the hub hears so too late.
FAILURES = (*REFUSALS, "413", "reset", "hangs", "late", "lost reply")


@dataclass
class StormyCloud(FakeCloud):
    """A cloud of which 30 % of the requests go wrong while `is_bad`. Knows all it ever took in."""

    is_bad: bool = True
    late_s: float = 0.1  # how long it hangs
    poison: int | None = None  # the quarter that makes a request unreadable
    script: list[str] = field(default_factory=list)  # what befalls the next requests
    chance: random.Random = field(default_factory=random.Random)
    seen: set[tuple[str, int, int]] = field(default_factory=set)  # meter, start, rev of intervals
    _events: set[tuple[str, int, int]] = field(default_factory=set)

    def _ingest(self, items: list[dict[str, Any]]) -> Answer | None:
        if self.poison is not None and any(item.get("start_s") == self.poison for item in items):
            return 400, {}, {}
        failure = self._next_failure()
        if failure in REFUSALS:
            return REFUSALS[failure]
        if failure == "413" and len(items) > 1:
            return 413, {}, {}
        if failure in ("hangs", "late"):
            time.sleep(self.late_s)
        if failure in ("reset", "hangs"):
            return None
        answer = super()._ingest(items)
        return None if failure == "lost reply" else answer

    def _next_failure(self) -> str:
        """ "": none. First those that were asked for."""
        if self.script:
            return self.script.pop(0)
        return self.chance.choice(FAILURES) if self.is_bad and self.chance.random() < BAD else ""

    def _take(self, item: dict[str, Any]) -> dict[str, Any]:
        told = super()._take(item)
        if item["type"] == "interval" and told["ok"]:
            self.seen.add((item["meter"], item["start_s"], item["rev"]))
        if item["type"] == "event" and told["ok"]:
            self._events.add((item["meter"], item["boot_id"], item["seq"]))
        return told

    def event_keys(self) -> set[tuple[str, int, int]]:
        with self.arrived:
            return set(self._events)
