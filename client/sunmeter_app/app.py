"""A visit in Flet: joins page, state and screens, and ends what it started."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import flet as ft

from . import aside
from .bridge import LOOK_S, PERSON_S, Bridge
from .data.backend import Backend
from .data.push import Notifications, Standing
from .deeds import grace
from .problems import Problem
from .room import Room
from .state import Ui, layout_of
from .ui import theme
from .ui.root import Root
from .visit import Visit

log = logging.getLogger("sunmeter.app")

TITLE = "Sunmeter"
ASK = "sunmeter.bridge.ask"  # where bridge.js listens
STORAGE_S = 30.0  # a slow line answers late, one that was lost never
MOST_FILE_BYTES = 24_000_000  # of one import: a year of minutes; larger ones are split
TOO_LARGE = b"\0sunmeter: too large"  # what `files.js` sends instead of one, so that it is never read


class PageNotifications:
    """What the page does for notifications."""

    def __init__(self, bridge: Bridge, storage: ft.SharedPreferences):
        self._bridge = bridge
        self._storage = storage

    async def look(self) -> Standing:
        return _standing(await self._bridge.ask(self._ask, LOOK_S, "look"))

    async def subscribe(self, key: str) -> Standing:
        return _standing(await self._bridge.ask(self._ask, PERSON_S, "subscribe", key=key))

    async def unsubscribe(self) -> None:
        await self._bridge.ask(self._ask, LOOK_S, "unsubscribe")

    async def _ask(self, question: str) -> None:
        await self._storage.set(ASK, question)


def _standing(told: dict[str, Any]) -> Standing:
    subscription = told.get("subscription")
    return Standing(
        str(told.get("permission", "unsupported")), subscription if isinstance(subscription, dict) else None
    )


class PageBrowser:
    """The browser behind a page: its local storage, its files. One that refuses to keep anything keeps nothing."""

    def __init__(self, bridge: Bridge, notifications: Notifications | None = None) -> None:
        self._kept = ft.SharedPreferences()
        self._files = ft.FilePicker()
        self._picking: asyncio.Future[list[ft.FilePickerFile]] | None = None
        self.notifications: Notifications = notifications or PageNotifications(bridge, self._kept)

    async def get(self, name: str) -> str | None:
        found = await self._answered(name, self._kept.get(name))
        return found if isinstance(found, str) else None

    async def put(self, name: str, kept: str) -> None:
        await self._answered(name, self._kept.set(name, kept))

    async def forget(self, name: str) -> None:
        await self._answered(name, self._kept.remove(name))

    async def _answered(self, name: str, asked: Awaitable[object]) -> object:
        """What the storage answers; None where it refuses, or where the page is gone and no answer comes."""
        try:
            async with asyncio.timeout(STORAGE_S):
                return await asked
        except (RuntimeError, TimeoutError) as error:
            log.warning("browser storage", extra={"kept": name}, exc_info=error)
            return None

    async def pick(self) -> tuple[str, bytes] | None:
        self._picking = asyncio.ensure_future(self._files.pick_files(with_data=True))
        await asyncio.wait({self._picking})
        picked = [] if self._picking.cancelled() else self._picking.result()
        if not picked or picked[0].bytes is None:
            return None
        content = picked[0].bytes
        if content == TOO_LARGE or len(content) > MOST_FILE_BYTES:
            raise Problem("file_too_large", "file")
        return picked[0].name, content

    def lost(self) -> None:
        """The page is gone, and with it the chooser that was open in it: no file comes from there."""
        if self._picking is not None:
            self._picking.cancel()

    async def save(self, name: str, content: bytes) -> None:
        await self._files.save_file(file_name=name, src_bytes=content)


def app_for(
    backend: Backend,
    bridge: Bridge,
    moves: bool = True,
    now_s: Callable[[], float] = time.time,
    notifications: Notifications | None = None,
    grace: Callable[[], Awaitable[object]] = grace,
    room: Room | None = None,
) -> Callable[[ft.Page], Awaitable[None]]:
    """What Flet calls for every new browser session.

    bridge: takes the answers of the sessions' pages.
    moves: False keeps the screen still, for pictures.
    notifications: what shows them where that is not the page.
    grace: waits while something may be undone.
    room: where many visits share a process, what bounds them.
    """

    async def main(page: ft.Page) -> None:
        browser = PageBrowser(bridge, notifications)
        visit = Visit(backend, browser, page.navigate, now_s, grace=grace)
        visit.state.ui.moves = moves
        if room and not room.enter(visit, lambda: _lead_away(page, aside.REST)):
            _turn_away(page, lambda: room.leave(visit))
            return
        _dress(page, visit.state.ui)
        _listen(page, visit, browser, room)
        page.render_views(Root, visit.state.session, visit.state.ui, visit)
        await visit.start(page.route or "/")

    return main


def _turn_away(page: ft.Page, leave: Callable[[], None]) -> None:
    """Leads a tab that found no place to where it is told so; its session stays empty until it ends."""

    async def closed(_: object) -> None:
        leave()

    page.on_close = closed
    _lead_away(page, aside.FULL)


def _lead_away(page: ft.Page, place: str) -> None:
    """Out of the app, to a page that holds nothing."""

    async def lead() -> None:
        with contextlib.suppress(RuntimeError, TimeoutError):  # a page that is left need not answer
            await ft.UrlLauncher().launch_url(aside.address(place, page.route or "/"), web_only_window_name="_self")

    page.run_task(lead)


def _dress(page: ft.Page, ui: Ui) -> None:
    page.title = TITLE
    page.fonts = theme.FONTS
    page.theme, page.dark_theme = theme.LIGHT, theme.DARK
    if not ui.moves:
        page.theme_animation_style = ft.AnimationStyle.no_animation()
    ui.layout = layout_of(page.width or 1280)
    ui.is_device_dark = page.platform_brightness == ft.Brightness.DARK


def _listen(page: ft.Page, visit: Visit, browser: PageBrowser, room: Room | None) -> None:
    """The page's events, each to the visit's verb for it."""
    ui = visit.state.ui

    def resized(event: ft.PageResizeEvent) -> None:
        ui.layout = layout_of(event.width)

    def brightened(_: object) -> None:
        ui.is_device_dark = page.platform_brightness == ft.Brightness.DARK

    def moved(event: ft.RouteChangeEvent) -> None:
        visit.moved(event.route)

    async def lived(event: ft.AppLifecycleStateChangeEvent) -> None:
        if event.state in (ft.AppLifecycleState.HIDE, ft.AppLifecycleState.PAUSE):
            visit.hidden()
            if not room:  # the process may end with the page
                await visit.deeds.do_now()
        elif event.state in (ft.AppLifecycleState.SHOW, ft.AppLifecycleState.RESUME):
            visit.shown()

    def connected(_: object) -> None:
        page.session.start_updates_scheduler()  # type: ignore[no-untyped-call]  # a closing socket ends Flet's
        visit.connected()

    def disconnected(_: object) -> None:
        visit.disconnected()
        browser.lost()

    async def closed(_: object) -> None:
        if room:
            room.leave(visit)
        await visit.close()

    page.on_resize = resized
    page.on_platform_brightness_change = brightened
    page.on_route_change = moved
    page.on_app_lifecycle_state_change = lived
    page.on_connect = connected
    page.on_disconnect = disconnected
    page.on_close = closed
