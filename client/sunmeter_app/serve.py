"""The app in web-server mode: one ASGI program that serves the client's files, its websocket, and its health."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import flet_web.fastapi as flet_web  # type: ignore[import-untyped]
import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from . import aside
from .app import TITLE, app_for
from .bridge import LONGEST_ANSWER_BYTES, Bridge
from .config import Config
from .data.backend import Backend
from .data.server import TIMEOUT_S, connect_server, reaches
from .health import Health
from .middleware import BoundedSockets, CalmSockets, Packed, Safe
from .room import Bounds, Room

ASSETS = Path(__file__).resolve().parents[1] / "assets"
DESCRIPTION = "Live power flow, history, forecast and alerts for homes with solar panels."
CLEAR_UP_EVERY_S = 20.0
SESSION_TIMEOUT_S = 300  # how long a tab that went away may come back to where it was


def serve(config: Config) -> FastAPI:
    """The app for one Firebase project."""
    client = httpx.AsyncClient(timeout=TIMEOUT_S)
    backend = connect_server(config, client)
    return serve_backend(backend, client.aclose, lambda: reaches(config, client), bounds=config.bounds)


async def _nothing() -> None:
    """A backend that holds nothing open."""


async def _clear_up(room: Room) -> None:
    while True:
        await asyncio.sleep(CLEAR_UP_EVERY_S)
        room.clear_up()


async def _always() -> bool:
    """A backend in memory."""
    return True


def serve_backend(
    backend: Backend,
    close: Callable[[], Awaitable[None]] = _nothing,
    reach: Callable[[], Awaitable[bool]] = _always,
    moves: bool = True,
    now_s: Callable[[], float] = time.time,
    bounds: Bounds | None = None,
) -> FastAPI:
    """The app over any backend, which is closed with it.

    reach: whether it answers; bounds: of what the process holds; the rest as `app_for` takes it.
    """
    room = Room(bounds, now_s)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await flet_web.app_manager.start()
        clearing_up = asyncio.create_task(_clear_up(room))
        yield
        clearing_up.cancel()
        await flet_web.app_manager.shutdown()
        await close()

    app = FastAPI(title=TITLE, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(BoundedSockets, is_shut=room.is_shut)
    for middleware in (Safe, Packed, CalmSockets):  # the last one is outermost
        app.add_middleware(middleware)
    health, bridge = Health(reach), Bridge()

    @app.get("/health")
    async def told() -> dict[str, str | bool]:
        return await health.told()

    @app.get(aside.FULL)
    @app.get(aside.REST)
    async def put_aside(request: Request, back: str = "/") -> HTMLResponse:
        is_full = request.url.path == aside.FULL
        page = aside.page(request.url.path, request.headers.get("Accept-Language", ""), back)
        return HTMLResponse(page, 503 if is_full else 200, {"Retry-After": "60"} if is_full else None)

    @app.post("/bridge/{nonce}")
    async def answered(nonce: str, request: Request) -> Response:
        told = b""
        async for piece in request.stream():
            told += piece
            if len(told) > LONGEST_ANSWER_BYTES:
                return Response(status_code=413)
        return Response(status_code=204 if bridge.answer(nonce, told) else 404)

    client = flet_web.app(
        app_for(backend, bridge, moves, now_s, room=room),
        assets_dir=str(ASSETS),
        app_name=TITLE,
        app_short_name=TITLE,
        app_description=DESCRIPTION,
        no_cdn=True,
        session_timeout_seconds=SESSION_TIMEOUT_S,
    )
    app.mount("/", client)
    return app
