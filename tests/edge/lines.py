"""Raw connections to a hub, each from the loopback address that it names: meters on theirs, and hostile ones."""

import asyncio
import contextlib
from typing import Any

from sunmeter_edge.config import Config
from tests.edge.fakes import FakeMeter

HOSTILE = "127.0.0.66"


def address_of(number: int) -> str:
    """The address of the n-th house."""
    return f"127.0.{1 + number // 200}.{1 + number % 200}"


class Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, config: Config, address: str) -> "Line":
        return cls(*await asyncio.open_connection(config.host, config.port, local_addr=(address, 0)))

    def write(self, told: bytes) -> None:
        self.writer.write(told)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, header fields and body of the next answer. Raises OSError or EOFError when the hub hung up."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        return int(head[0].split()[1]), fields, await self.reader.readexactly(int(fields["content-length"]))

    async def ask(self, meter: FakeMeter, *frames: bytes) -> dict[str, Any]:
        """One request of a meter; the checked reply."""
        self.write(request(meter.path, meter.body(*frames)))
        status, fields, body = await self.answer()
        assert status == 200, body
        return meter.checked(body, fields["sunmeter-mac"])

    async def is_ended(self, within_s: float) -> bool:
        """Whether the hub hangs up within so long; what it says until then is read."""
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(within_s):
                while await self.reader.read(4096):
                    pass
                return True
        return self.reader.exception() is not None

    def close(self) -> None:
        self.writer.transport.abort()


def request(path: str, body: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
