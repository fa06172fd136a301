"""How the app's server is, for whoever watches over it. Says nothing of anybody who visits."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from . import __version__

ASK_EVERY_S = 10.0  # however often the health is asked for, the backend is not asked more often


class Health:
    """reach: whether the backend answers. A server whose backend is away is up: starting it again would not help."""

    def __init__(self, reach: Callable[[], Awaitable[bool]], now_s: Callable[[], float] = time.monotonic):
        self._reach = reach
        self._now_s = now_s
        self._asking = asyncio.Lock()
        self._asked_s = float("-inf")
        self._is_reached = False

    async def told(self) -> dict[str, str | bool]:
        async with self._asking:
            if self._now_s() - self._asked_s >= ASK_EVERY_S:
                self._is_reached = await self._reach()
                self._asked_s = self._now_s()
        return {"ok": True, "version": __version__, "backend": "reached" if self._is_reached else "away"}
