"""The app in web-server mode: one ASGI program that serves the client's files, its websocket, and its health."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import flet_web.fastapi as flet_web  # type: ignore[import-untyped]
import httpx
from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .app import TITLE, app_for
from .config import Config
from .data.backend import TIMEOUT_S, Backend, connect

ASSETS = Path(__file__).resolve().parents[1] / "assets"
SESSION_TIMEOUT_S = 300  # how long a tab that went away may come back to where it was
GZIP_FROM_BYTES = 1024


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


def serve(config: Config) -> FastAPI:
    """The app for one Firebase project."""
    http = httpx.AsyncClient(timeout=TIMEOUT_S)
    return serve_backend(connect(config, http), http)


def serve_backend(
    backend: Backend,
    http: httpx.AsyncClient | None = None,
    moves: bool = True,
    now_s: Callable[[], float] = time.time,
) -> FastAPI:
    """The app over any backend; `http` is closed with it. The rest as `app_for` takes it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await flet_web.app_manager.start()
        yield
        await flet_web.app_manager.shutdown()
        if http is not None:
            await http.aclose()

    app = FastAPI(title=TITLE, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM_BYTES)
    app.add_middleware(CalmSockets)

    @app.get("/healthz")
    async def healthz() -> dict[str, bool]:
        return {"ok": True}

    client = flet_web.app(
        app_for(backend, moves, now_s),
        assets_dir=str(ASSETS),
        app_name=TITLE,
        app_short_name=TITLE,
        app_description="Live power flow, history, forecast and alerts for homes with solar panels.",
        no_cdn=True,
        session_timeout_seconds=SESSION_TIMEOUT_S,
    )
    app.mount("/", client)
    return app
