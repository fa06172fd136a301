"""The internet between a hub and the cloud, which can be taken away: TCP relays that can be shut and opened.

While shut, what is connected is cut and what connects is refused, as when the line is down.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from dev.ports import HOST, free_port

CHUNK = 65_536


class WeakInternet:
    """Relays to some ports of this machine, all open or all shut. Use as a context manager."""

    def __init__(self, *ports: int) -> None:
        self._relays = {port: free_port() for port in ports}
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="internet", daemon=True)

    def port(self, target: int) -> int:
        """The port through which a target is reached while the line is up."""
        return self._relays[target]

    def __enter__(self) -> Self:
        self._thread.start()
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self) -> None:
        """The line is up again."""
        self._run(self._open())

    def shut(self) -> None:
        """The line goes down; returns once nothing is connected any more."""
        self._run(self._shut())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _open(self) -> None:
        if not self._servers:
            self._servers = [await self._relay(target, port) for target, port in self._relays.items()]

    async def _shut(self) -> None:
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _relay(self, target: int, port: int) -> asyncio.Server:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = self._loop.create_task(_pass_on(reader, writer, target))
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)

        return await asyncio.start_server(connected, HOST, port)


async def _pass_on(near_reader: asyncio.StreamReader, near: asyncio.StreamWriter, target: int) -> None:
    """One connection, both ways, until either end closes it or it is cut."""
    with contextlib.ExitStack() as ends:
        ends.callback(near.transport.abort)
        with contextlib.suppress(OSError):  # a server that is not there: the line closes, as any does
            far_reader, far = await asyncio.open_connection(HOST, target)
            ends.callback(far.transport.abort)
            await asyncio.gather(_copy(near_reader, far), _copy(far_reader, near))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes one direction on until either end closes it."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
