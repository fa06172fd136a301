"""A keep-alive HTTP client on asyncio streams: one write per request, a limit on every time and length."""

import asyncio

_TIMEOUT_S = 5  # a hub on the LAN answers in milliseconds; its SD card may sync for a second
_MAX_BODY_BYTES = 16384
_MAX_HEADERS = 40
_MAC_HEADER = b"sunmeter-mac"


class Unreachable(Exception):
    """The hub did not answer, or not in HTTP. The next request opens a new connection."""


class Link:
    """One connection to the hub, opened when needed."""

    def __init__(self, host: str, port: int):
        self._host = host
        self._port = port
        self._reader = None
        self._writer = None

    async def post(self, path: str, body: bytes) -> tuple:
        """Sends a body; returns (status, mac, body) of the answer. Raises Unreachable."""
        try:
            return await asyncio.wait_for(self._post(path, body), _TIMEOUT_S)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            self.close()
            raise Unreachable(str(error))

    def close(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()

    async def _post(self, path: str, body: bytes) -> tuple:
        was_open = self._writer is not None
        head = (
            "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
            % (path, self._host, self._port, len(body))
        )
        request = head.encode() + body  # two writes would wait for each other's acknowledgement
        try:
            return await self._exchange(request)
        except (OSError, EOFError):
            if not was_open:
                raise
            self.close()  # the hub closed a connection that was idle: once more, on a new one
            return await self._exchange(request)

    async def _exchange(self, request: bytes) -> tuple:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._writer.write(request)
        await self._writer.drain()
        status = await self._status()
        mac, length, closes = await self._headers()
        body = await self._reader.readexactly(length)
        if closes:
            self.close()
        return status, mac, body

    async def _status(self) -> int:
        line = await self._reader.readline()
        parts = line.split(b" ", 2)
        if not line:
            raise EOFError("closed")
        if len(parts) < 2 or parts[0][:7] != b"HTTP/1.":
            raise ValueError("not HTTP")
        return int(parts[1])

    async def _headers(self) -> tuple:
        """(mac, content length, whether the hub closes the connection)."""
        mac, length, closes = "", -1, False
        for _ in range(_MAX_HEADERS):
            line = (await self._reader.readline()).strip()
            if not line:
                break
            name, _, value = line.partition(b":")
            name = name.strip().lower()
            value = value.strip()
            if name == _MAC_HEADER:
                mac = value.decode()
            elif name == b"content-length":
                length = int(value)
            elif name == b"connection":
                closes = value.lower() == b"close"
        if not 0 <= length <= _MAX_BODY_BYTES:
            raise ValueError("content length")
        return mac, length, closes
