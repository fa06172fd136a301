"""What the web server does to every answer: calm sockets, files packed once, headers that keep a browser safe."""

import asyncio
import contextlib
import gzip
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .safety import HEADERS, policy_of

PACK_FROM_BYTES = 1024
TRY_AGAIN_LATER = 1013  # of RFC 6455's registry; before the socket is accepted it becomes HTTP's 403
LEVEL = 6  # less than half the time of 9, for 0.3 per cent more
MOST_KEPT = 256  # packed files; the client has some forty
PACKED_ALREADY = ("image/png", "image/jpeg", "font/woff2", "application/gzip")


class CalmSockets:
    """Sends to a websocket that has just closed are dropped.

    Flet ends a session when its websocket's receiver says so. A send that fails first would end the handler before
    that: `on_disconnect` would never come, and the visit's listeners and lease would live on for nobody.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def calm(message: Message) -> None:
            with contextlib.suppress(OSError):
                await send(message)

        await self._app(scope, receive, calm if scope["type"] == "websocket" else send)


class BoundedSockets:
    """A websocket that the process has no room for is refused before it costs anything."""

    def __init__(self, app: ASGIApp, is_shut: Callable[[int], bool]):
        """is_shut: whether there is no room beside so many sockets that are open."""
        self._app = app
        self._is_shut = is_shut
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
        elif self._is_shut(self._open):
            await receive()
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
        else:
            self._open += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._open -= 1


class Safe:
    """Every answer has the headers of `safety`; a page has its policy. Files are asked for again when they changed."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Message] = []  # the start of a page, until its body has been seen

        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-cache")
                del headers["Access-Control-Allow-Origin"]  # Flet lets any page read the files; none needs to
                if headers.get("Content-Type", "").startswith("text/html"):
                    held.append(message)
                    return
            elif held:
                start = held.pop()
                MutableHeaders(scope=start)["Content-Security-Policy"] = policy_of(message.get("body", b"").decode())
                await send(start)
            await send(message)

        await self._app(scope, receive, safe if scope["type"] == "http" else send)


class Packed:
    """gzip, once for each file: what has an ETag is packed when it is first asked for, and kept.

    Packing the client's files anew for every visitor would cost a core two seconds a visit.
    """

    def __init__(self, app: ASGIApp):
        self._app = app
        self._kept: dict[tuple[str, str], bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        takes = scope["type"] == "http" and scope["method"] == "GET"
        asked = Headers(scope=scope) if takes else Headers()
        if "gzip" not in asked.get("Accept-Encoding", "") or "Range" in asked:
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Packing(self._kept, scope["path"], send))


class _Packing:
    """One answer on its way."""

    def __init__(self, kept: dict[tuple[str, str], bytes], path: str, send: Send):
        self._kept = kept
        self._path = path
        self._send = send
        self._start: Message | None = None  # held back until the body is packed
        self._body: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_to_pack(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(self._start, b"".join(self._body))

    async def _finish(self, start: Message, body: bytes) -> None:
        headers = MutableHeaders(scope=start)
        key = (self._path, headers["ETag"])
        packed = self._kept.get(key)
        if packed is None:
            packed = await asyncio.to_thread(gzip.compress, body, LEVEL)
            if len(self._kept) < MOST_KEPT:
                self._kept[key] = packed
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(packed))
        headers.add_vary_header("Accept-Encoding")
        await self._send(start)
        await self._send({"type": "http.response.body", "body": packed})


def _is_to_pack(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return (
        start["status"] == 200
        and "ETag" in headers
        and int(headers.get("Content-Length", 0)) >= PACK_FROM_BYTES
        and headers.get("Content-Type", "").partition(";")[0] not in PACKED_ALREADY
    )
