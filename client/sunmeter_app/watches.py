"""A visit's background work: say what is wanted, and it is started and stopped to match."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping

log = logging.getLogger("sunmeter.app")

Key = tuple[str, ...]  # what is watched, and everything the work depends on
Work = Callable[[], Coroutine[None, None, None]]


class Watches:
    """Named tasks. A key holds everything its work depends on: a new day or home is a new key."""

    def __init__(self, on_failure: Callable[[Key, Exception], None]):
        self._on_failure = on_failure
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    @property
    def running(self) -> set[Key]:
        return {key for key, task in self._tasks.items() if not task.done()}

    def want(self, wanted: Mapping[Key, Work]) -> None:
        """Stops what is no longer wanted, starts what is new, leaves the rest alone, ended or not."""
        for key in self._tasks.keys() - wanted.keys():
            self._tasks.pop(key).cancel()
        for key, work in wanted.items():
            if key not in self._tasks:
                self._tasks[key] = asyncio.create_task(self._guarded(key, work))

    async def ended(self, key: Key) -> None:
        """Waits until work has ended, or was stopped; not for what is not wanted."""
        if task := self._tasks.get(key):
            await asyncio.wait({task})

    async def stop(self) -> None:
        """Stops everything and waits until it has."""
        tasks = list(self._tasks.values())
        self.want({})
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _guarded(self, key: Key, work: Work) -> None:
        try:
            await work()
        except Exception as error:  # the outermost loop of a task: told, counted by the log, and the visit goes on
            log.warning("watch ended", extra={"watch": str(key)}, exc_info=error)
            self._on_failure(key, error)
