"""What was pressed and is done a moment later: undone until then, or done at once where there may be no later."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

LEAVE_S = 10.0  # for what is under way when its person goes: it was asked for, and is done whether they wait or not
GRACE_S = 10.0  # in which something is undone: long enough to read what follows and to reach the button
Deed = Callable[[], Coroutine[None, None, None]]


async def grace() -> None:
    """Waits for as long as something may be undone."""
    await asyncio.sleep(GRACE_S)


class Deeds:
    """Those of one visit, on whichever screen they were pressed. grace waits while something may be undone."""

    def __init__(self, grace: Callable[[], Awaitable[object]]):
        self._grace = grace
        self._waiting: dict[Deed, asyncio.Task[None]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def do_soon(self, deed: Deed) -> Callable[[], None]:
        """Does it after the grace. Returns what undoes it, which does nothing once it is under way."""
        self._waiting[deed] = asyncio.create_task(self._await_grace(deed))
        return lambda: self._drop(deed)

    async def do_now(self) -> None:
        """Begins all that waits, and returns when it is done, or takes too long to wait for."""
        for deed in list(self._waiting):
            self._drop(deed)
            self._begin(deed)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=LEAVE_S)

    async def _await_grace(self, deed: Deed) -> None:
        await self._grace()
        del self._waiting[deed]
        self._begin(deed)

    def _drop(self, deed: Deed) -> None:
        if (waiting := self._waiting.pop(deed, None)) is not None:
            waiting.cancel()

    def _begin(self, deed: Deed) -> None:
        task = asyncio.create_task(deed())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
