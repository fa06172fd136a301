"""A keep-alive HTTP client on asyncio streams: one write per request, a limit on every time and length."""

import asyncio

_TIMEOUT_S = 5  # a hub on the LAN answers in milliseconds; its SD card may sync for a second
_MAX_HEAD_BYTES = 2048
_MAX_BODY_BYTES = 16384
_CHUNK_BYTES = 512
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
        return await self._ask("POST", path, body)

    async def get(self, path: str) -> tuple:
        """(status, mac, body) of the answer. Raises Unreachable."""
        return await self._ask("GET", path, b"")

    def close(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            stream = getattr(writer, "s", None)
            if stream is not None:
                stream.close()  # MicroPython's own close() leaves the socket to the collector

    async def _ask(self, method: str, path: str, body: bytes) -> tuple:
        head = (
            "%s %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
            % (method, path, self._host, self._port, len(body))
        )
        request = head.encode() + body  # two writes would wait for each other's acknowledgement
        try:
            return await asyncio.wait_for(self._send(request), _TIMEOUT_S)
        except (OSError, EOFError, ValueError, MemoryError, asyncio.TimeoutError) as error:
            self.close()
            raise Unreachable(str(error))

    async def _send(self, request: bytes) -> tuple:
        was_open = self._writer is not None
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
        head, body = await self._head()
        status, mac, length, closes = _understood(head)
        body = await self._rest(length, body)
        if closes:
            self.close()
        return status, mac, body

    async def _rest(self, length: int, begun: bytes) -> bytearray:
        """The body, in one piece of memory from the start: joining parts would need it twice."""
        body = bytearray(length)
        at = len(begun)
        if at > length:
            raise ValueError("more than was told")
        body[:at] = begun
        while at < length:
            more = await self._reader.read(min(_CHUNK_BYTES, length - at))
            if not more:
                raise EOFError("closed")
            body[at : at + len(more)] = more
            at += len(more)
        return body

    async def _head(self) -> tuple:
        """The answer's head, and what of its body came along."""
        received = b""
        while True:
            end = received.find(b"\r\n\r\n")
            if end >= 0:
                return received[:end], received[end + 4 :]
            if len(received) > _MAX_HEAD_BYTES:
                raise ValueError("head")
            more = await self._reader.read(_CHUNK_BYTES)
            if not more:
                raise EOFError("closed")
            received += more


def _understood(head: bytes) -> tuple:
    """(status, mac, content length, whether the hub closes the connection). Raises ValueError."""
    lines = head.split(b"\r\n")
    parts = lines[0].split(b" ", 2)
    if len(parts) < 2 or parts[0][:7] != b"HTTP/1.":
        raise ValueError("not HTTP")
    mac, length, closes = "", -1, False
    for line in lines[1:]:
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
    return int(parts[1]), mac, length, closes
