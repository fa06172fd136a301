"""Browser tabs of one world, over recording connections."""

import asyncio
from typing import Any

from sunmeter_app.app import app_for
from sunmeter_app.room import Room

from .fake_backend import FakeWorld
from .recording import RecordedApp

SIGNED_IN = {"sunmeter.sign_in": "refresh-uid-1"}


class Tabs:
    """Opens tabs of one world and closes them all."""

    def __init__(self, world: FakeWorld):
        self.world = world
        self.grace = asyncio.Event()  # set: whatever could be undone is done
        self.room: Room | None = None  # None: each tab has a process of its own
        self.open_tabs: list[RecordedApp] = []

    async def open(
        self,
        storage: dict[str, str] | None = None,
        route: str = "/",
        width: float = 1280,
        file: tuple[str, bytes] | None = None,
        standing: dict[str, Any] | None = None,
    ) -> RecordedApp:
        tab = RecordedApp({} if storage is None else storage, route, width)
        tab.connection.file = file
        tab.connection.standing = standing or tab.connection.standing
        self.open_tabs.append(tab)
        return await tab.start(
            app_for(
                self.world.backend,
                tab.connection.bridge,
                moves=False,
                now_s=self.world.now_s,
                grace=self.grace.wait,
                room=self.room,
            )
        )
