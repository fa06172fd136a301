"""A page in the house: how the hub is, for anyone on the LAN; live values of one meter, for who has its code.

Plain HTML without a script. Like the readings themselves, what it shows travels unencrypted in the house.
"""

import asyncio
import logging
import shutil
import time
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from .. import damage, log
from ..clock import Clock
from ..config import Config, ConfigError
from ..guard import Guard, Limits
from ..health import Health
from ..roster import Meter, Roster
from ..serving import listening_socket, server_of
from . import html
from .codes import SESSION_S, Doorkeeper, TooMany

LIMITS = Limits(connections=50, unproven=50, unproven_of_address=16)  # nobody proves anything here
MAX_FORM_BYTES = 1024
FORM_TIMEOUT_S = 5.0
RETRY_S = 60.0
COOKIE = "sunmeter"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class StatusPage:
    """Served on an address of its own: the meters' door is for meters."""

    def __init__(self, config: Config, roster: Roster, health: Health, clock: Clock):
        self._config, self._roster, self._health, self._clock = config, roster, health, clock
        self._doorkeeper = Doorkeeper(roster)
        self._newest: dict[str, tuple[int, dict[str, int]]] = {}

    def offer(self, meter: Meter, at_ms: int, reading: dict[str, int]) -> None:
        if at_ms > self._newest.get(meter.meter, (0, {}))[0]:
            self._newest[meter.meter] = (at_ms, reading)

    async def run(self) -> None:
        try:
            door = listening_socket(self._config.status_page)
        except ConfigError as error:
            log.event("no status page", logging.ERROR, reason=error)
            await asyncio.sleep(RETRY_S)
            return
        with door:
            await server_of(self.app(), Guard(LIMITS)).serve(sockets=[door])

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._front, methods=["GET"]),
                Route("/code", self._ask, methods=["GET"]),
                Route("/live", self._live, methods=["GET"]),
                Route("/live", self._open, methods=["POST"]),
                Route("/close", self._close, methods=["POST"]),
                Route("/style.css", self._style, methods=["GET"]),
            ]
        )

    async def _front(self, _: Request) -> Response:
        folder = self._config.data_dir
        free_mb = await asyncio.to_thread(lambda: shutil.disk_usage(folder).free // 1_000_000)
        is_damaged = bool(await asyncio.to_thread(damage.found, self._config.database))
        meters = [meter for _, meter in sorted(self._roster.items()) if meter.signer]
        return _page(html.front(self._health.told(), meters, self._clock(), free_mb, is_damaged))

    async def _ask(self, _: Request) -> Response:
        return _page(html.code_form())

    async def _open(self, http: Request) -> Response:
        """A code that was typed; who types wrong ones waits."""
        try:
            async with asyncio.timeout(FORM_TIMEOUT_S):
                typed = await _typed(http)
            token = self._doorkeeper.open(typed, http.client.host if http.client else "", time.monotonic())
        except TooMany:
            return _page(html.code_form("Too many wrong codes. Wait a quarter of an hour and try again."), 429)
        except (TimeoutError, ValueError):
            return _page(html.code_form("That was not a code."), 400)
        if token is None:
            return _page(html.code_form("This code opens no meter here. Ask the home's owner for a new one."), 403)
        answer = RedirectResponse("/live", 303, HEADERS)
        answer.set_cookie(COOKIE, token, max_age=int(SESSION_S), httponly=True, samesite="strict")
        return answer

    async def _live(self, http: Request) -> Response:
        name = self._doorkeeper.meter(http.cookies.get(COOKIE, ""), time.monotonic())
        if name is None:
            return RedirectResponse("/code", 303, HEADERS)
        return _page(html.live(self._roster[name], self._newest.get(name), self._clock()))

    async def _close(self, http: Request) -> Response:
        self._doorkeeper.close(http.cookies.get(COOKIE, ""))
        return RedirectResponse("/", 303, HEADERS)

    async def _style(self, _: Request) -> Response:
        return Response(html.STYLE, media_type="text/css", headers=HEADERS)


def _page(content: str, status: int = 200) -> Response:
    return HTMLResponse(content, status, HEADERS)


async def _typed(http: Request) -> str:
    """The form's one field. Raises ValueError for anything else."""
    body = bytearray()
    async for piece in http.stream():
        body += piece
        if len(body) > MAX_FORM_BYTES:
            raise ValueError("too large")
    fields = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=1)
    return fields["code"][0] if "code" in fields else ""
