"""The app in web-server mode: one ASGI program that serves the client's files, its websocket, and its health."""

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import flet_web.fastapi as flet_web  # type: ignore[import-untyped]
import httpx
from fastapi import FastAPI, Request, Response

from .app import TITLE, app_for
from .bridge import LONGEST_ANSWER_BYTES, Bridge
from .config import Config
from .data.backend import Backend
from .data.server import TIMEOUT_S, connect_server, reaches
from .health import Health
from .middleware import CalmSockets, Packed, Safe

ASSETS = Path(__file__).resolve().parents[1] / "assets"
DESCRIPTION = "Live power flow, history, forecast and alerts for homes with solar panels."
SESSION_TIMEOUT_S = 300  # how long a tab that went away may come back to where it was


def serve(config: Config) -> FastAPI:
    """The app for one Firebase project."""
    client = httpx.AsyncClient(timeout=TIMEOUT_S)
    return serve_backend(connect_server(config, client), client.aclose, lambda: reaches(config, client))


async def _nothing() -> None:
    """A backend that holds nothing open."""


async def _always() -> bool:
    """A backend in memory."""
    return True


def serve_backend(
    backend: Backend,
    close: Callable[[], Awaitable[None]] = _nothing,
    reach: Callable[[], Awaitable[bool]] = _always,
    moves: bool = True,
    now_s: Callable[[], float] = time.time,
) -> FastAPI:
    """The app over any backend, which is closed with it. reach: whether it answers; the rest as `app_for` takes it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await flet_web.app_manager.start()
        yield
        await flet_web.app_manager.shutdown()
        await close()

    app = FastAPI(title=TITLE, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    for middleware in (Safe, Packed, CalmSockets):  # the last one is outermost
        app.add_middleware(middleware)
    health, bridge = Health(reach), Bridge()

    @app.get("/health")
    async def told() -> dict[str, str | bool]:
        return await health.told()

    @app.post("/bridge/{nonce}")
    async def answered(nonce: str, request: Request) -> Response:
        told = b""
        async for piece in request.stream():
            told += piece
            if len(told) > LONGEST_ANSWER_BYTES:
                return Response(status_code=413)
        return Response(status_code=204 if bridge.answer(nonce, told) else 404)

    client = flet_web.app(
        app_for(backend, bridge, moves, now_s),
        assets_dir=str(ASSETS),
        app_name=TITLE,
        app_short_name=TITLE,
        app_description=DESCRIPTION,
        no_cdn=True,
        session_timeout_seconds=SESSION_TIMEOUT_S,
    )
    app.mount("/", client)
    return app
