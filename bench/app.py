"""What the app costs whoever opens it, and whoever serves it: `make bench NAME=app`.

Real Chromium (drawing in software: no GPU) over a backend in memory, so that every figure is the app's own.
first_text_ratio  a cold tab until its first text is there, beside a bare Flet page with one word, in turns
first_figure_s    the same tab until the home's live figure is there, which the bare page has nothing like
wire_mb           what a first visit takes over the line, packed
day_chart_ms      a click on another day → its chart is there; year_chart_ms, year_chart_reads: the same of a year
tick_ms, sessions_cpu_pct, mb_per_session   sessions on the server: `_app_sessions.py` says what is left out
unnamed_controls  buttons, fields, pictures … of all screens that a screen reader could not name
static_*          the static site: the same app, its Python in the browser; what it takes over the line, and on disk
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import flet as ft
import flet_web.fastapi as flet_web  # type: ignore[import-untyped]
from fastapi import FastAPI
from playwright.sync_api import Browser
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench import _app_sessions
from dev.failures import FAILURES
from dev.processes import Stopped, signals_unwind
from dev.site import build, size_mb
from dev.smoke.claims import Claim, report
from sunmeter_app.contract import documents
from sunmeter_app.data.source import Fields, Query
from sunmeter_app.middleware import Packed, Safe
from sunmeter_app.serve import serve_backend
from sunmeter_app.strings import EN
from tests.browser.driver import App, chromium
from tests.browser.screens import SHOTS, TALL, UNNAMED, remember
from tests.browser.serving import served
from tests.client import scenes
from tests.client.fake_backend import FakeSource

COLD, STATIC_COLD, CHARTS = 5, 3, 6
BARE = "Sunmeter bare"
NOBODYS = {"FIREBASE_PROJECT": "demo-sunmeter", "FIREBASE_API_KEY": "key", "FUNCTIONS_URL": "http://127.0.0.1:9/demo"}
ANY_TEXT = """() => [...document.querySelectorAll('flt-semantics-host flt-semantics')]
    .some(node => (node.getAttribute('aria-label') || node.textContent || '').trim())"""
MOST = {
    "first_text_ratio": 1.3,
    "wire_mb": 6.0,
    "year_chart_reads": 14,
    "tick_ms": 2.0,
    "sessions_cpu_pct": 15.0,
    "mb_per_session": 1.5,
    "unnamed_controls": 0,
}
Figures = dict[str, float]


def bare_page() -> FastAPI:
    """One word, as Flet serves it by itself."""

    async def main(page: ft.Page) -> None:
        page.add(ft.Text(BARE))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        await flet_web.app_manager.start()
        yield
        await flet_web.app_manager.shutdown()

    app = FastAPI(lifespan=lifespan)
    app.mount("/", flet_web.app(main, no_cdn=True))
    return app


class Site(StaticFiles):
    """The site's files, and its page for every address that is none: as firebase.json says."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            return await super().get_response(path, scope)
        except HTTPException:
            return await super().get_response("index.html", scope)


@contextlib.contextmanager
def home(source: type[FakeSource] = FakeSource) -> Iterator[str]:
    """The app's server over a furnished home with all months of last year."""
    world = scenes.new_world()
    scenes.furnished(world)
    for name in (f"2025-{month:02}" for month in range(1, 13)):
        month = scenes.month_document(name, scenes.NOW.date(), {})
        world.database.put(documents.month(scenes.HOME, name), month)
    backend = replace(world.backend, open_source=lambda token: source(world.database, world.identity, token))
    with served(serve_backend(backend, moves=False, now_s=world.now_s)) as address:
        yield address


class Sent:
    """Counts the bytes of a server's answers: a worker's are not seen by its page's own tools."""

    def __init__(self, app: ASGIApp):
        self._app = app
        self.bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Message) -> None:
            self.bytes += len(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, counting)


class Line:
    """What comes over a tab's line [bytes]: files as they were packed, and the websocket's frames."""

    def __init__(self, app: App):
        self.bytes = 0
        devtools = app.page.context.new_cdp_session(app.page)
        devtools.on("Network.loadingFinished", lambda told: self._add(told["encodedDataLength"]))
        devtools.on("Network.webSocketFrameReceived", lambda told: self._add(len(told["response"]["payloadData"])))
        devtools.send("Network.enable")

    def _add(self, count: float) -> None:
        self.bytes += int(count)


def cold_s(
    browser: Browser, address: str, until: Callable[[App], object], line: list[int] | None = None
) -> tuple[float, float]:
    """A browser that was never here opens an address: until its first text, and until that [s]."""
    app = App(browser)
    try:
        remember(app)
        counted = Line(app) if line is not None else None
        begun_s = time.monotonic()
        app.open(address)
        app.page.wait_for_function(ANY_TEXT, polling="raf")
        text_s = time.monotonic() - begun_s
        until(app)
        took_s = time.monotonic() - begun_s
        if counted and line is not None:
            app.page.wait_for_load_state("networkidle")
            line.append(counted.bytes)
        return text_s, took_s
    finally:
        app.close()


def median(numbers: list[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]


def opening(browser: Browser) -> Figures:
    """Both pages in turns, so that what else the machine does falls on both."""
    ours, bare, line = [], [], list[int]()
    with home() as address, served(bare_page()) as beside:
        cold_s(browser, address, lambda app: app.words("live-house-w"))  # the server packs its files
        cold_s(browser, beside, lambda app: app.sees(BARE))
        for _ in range(COLD):
            ours.append(cold_s(browser, address, lambda app: app.words("live-house-w"), line))
            bare.append(cold_s(browser, beside, lambda app: app.sees(BARE)))
    return {
        "first_text_s": median([text_s for text_s, _ in ours]),
        "bare_first_text_s": median([text_s for text_s, _ in bare]),
        "first_text_ratio": median([text_s for text_s, _ in ours]) / median([text_s for text_s, _ in bare]),
        "first_figure_s": median([took_s for _, took_s in ours]),
        "wire_mb": max(line) / 1e6,
    }


class Counted(FakeSource):
    """Counts what a look costs: each document that is found or missed, and the rules' one for each listener."""

    reads = 0

    async def watch(self, path: str) -> AsyncIterator[Fields | None]:
        Counted.reads += 2
        async for found in super().watch(path):
            yield found

    async def watch_query(self, wanted: Query) -> AsyncIterator[dict[str, Fields]]:
        is_first = True
        async for found in super().watch_query(wanted):
            Counted.reads += is_first * (1 + max(1, len(found)))
            is_first = False
            yield found


def charts(browser: Browser) -> Figures:
    """A click until the chart of another span is there."""
    with home(Counted) as address:
        app = App(browser)
        try:
            remember(app)
            app.open(f"{address}/history")
            app.words("history-chart")
            days = [clicked_ms(app, name) for name in ("Previous day", "Next day") * (CHARTS // 2)]
            return {"day_chart_ms": median(days)} | year(app)
        finally:
            app.close()


def year(app: App) -> Figures:
    """A whole year's months; -1 where the app draws no year."""
    if "history.year" not in EN:
        return {"year_chart_ms": -1, "year_chart_reads": -1}
    clicked_ms(app, EN["history.year"])
    before = Counted.reads
    took_ms = clicked_ms(app, EN["history.previous_year"])
    return {"year_chart_ms": took_ms, "year_chart_reads": Counted.reads - before}


def clicked_ms(app: App, name: str) -> float:
    """From the click until the screen tells another span and draws its chart."""
    before = app.words("history-day")
    button = app.page.get_by_role("button", name=name).or_(app.page.get_by_role("radio", name=name)).first
    begun_s = time.monotonic()
    button.click(force=True)
    app.page.wait_for_function(
        """before => {
          const said = id => document.querySelector(`[flt-semantics-identifier="${id}"]`);
          const day = said('history-day');
          const words = day && (day.getAttribute('aria-label') || day.innerText);
          return words && words.trim() !== before && said('history-chart');
        }""",
        arg=before,
        polling="raf",
    )
    return (time.monotonic() - begun_s) * 1000


def unnamed(browser: Browser) -> int:
    """Controls of all screens without a name."""
    found = 0
    for shot in SHOTS:
        world = shot.world()
        with served(serve_backend(world.backend, moves=False, now_s=world.now_s)) as address:
            app = App(browser, TALL)
            try:
                shot.come_up(app, address)
                found += len(app.page.evaluate(UNNAMED))
            finally:
                app.close()
    return found


def static(browser: Browser) -> Figures:
    """The static site until its first text; nobody is signed in, since there is no cloud behind it here."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "site"
        build(folder, NOBODYS)
        app = FastAPI()
        app.add_middleware(Safe)
        app.add_middleware(Packed)
        app.mount("/", Site(directory=folder, html=True))
        counted = Sent(app)

        def opened_s() -> float:
            return cold_s(browser, f"{address}/welcome", lambda tab: tab.sees("Create an account", 120))[1]

        with served(counted) as address:
            opened_s()  # the server packs its files
            counted.bytes = 0
            took = [opened_s() for _ in range(STATIC_COLD)]
        line_mb = counted.bytes / STATIC_COLD / 1e6
        return {"static_first_text_s": median(took), "static_mb": line_mb, "static_disk_mb": size_mb(folder)}


SAYS = {
    "first_text_s": f"a cold tab → its first text (median of {COLD})",
    "bare_first_text_s": "the same of a bare Flet page, in turns with it",
    "first_text_ratio": "the first beside the second",
    "first_figure_s": "a cold tab of somebody who is signed in → the home's live figure",
    "wire_mb": "over the line in a first visit",
    "day_chart_ms": f"a click → another day's chart (median of {CHARTS})",
    "year_chart_ms": "the same of a year; -1: the app draws none",
    "year_chart_reads": "documents that are read for it, the rules' look-up included",
    "tick_ms": "a live reading in one session, document to message (median)",
    "bytes_per_tick": "that the session sends for it",
    "sessions_cpu_pct": f"{_app_sessions.SESSIONS} live sessions, of one core, without sockets",
    "mb_per_session": "memory of one more of them",
    "unnamed_controls": f"on {len(SHOTS)} screens",
    "static_first_text_s": f"static site: a cold tab → its first text (median of {STATIC_COLD})",
    "static_mb": "over the line in its first visit",
    "static_disk_mb": "the site's files",
}


def measured() -> Figures:
    figures: Figures = dict(vars(asyncio.run(_app_sessions.measured())))
    with chromium() as browser:
        figures |= opening(browser) | charts(browser) | static(browser) | {"unnamed_controls": unnamed(browser)}
    return figures


def main() -> int:
    begun_s = time.monotonic()
    try:
        with signals_unwind():
            figures = measured()
        claims = [
            Claim(name, says, round(figures[name], 3), 0 <= figures[name] <= MOST.get(name, float("inf")))
            for name, says in SAYS.items()
        ]
        return 0 if report("app", claims, time.monotonic() - begun_s) else 1
    except FAILURES as error:
        print(f"app: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Stopped):
        return 130


if __name__ == "__main__":
    sys.exit(main())
