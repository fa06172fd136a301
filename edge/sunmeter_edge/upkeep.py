"""What the hub does to its database now and then: it forgets, makes room, notes that it runs and what it counted."""

import asyncio
import shutil
from collections import Counter

from . import failures, forget
from .clock import Clock
from .config import Config
from .roster import Roster
from .store import Database, count_all

FORGET_EVERY_S = 60.0
MIN_FREE_BYTES = 200_000_000  # of the disk, which others write to as well


class Upkeep:
    """`run` forgets for ever; `note` is called every few seconds.

    counters: of what nobody on the LAN may make the disk sync for each time.
    """

    def __init__(
        self, config: Config, database: Database, roster: Roster, clock: Clock, counters: tuple[Counter[str], ...]
    ):
        self._config, self._database, self._roster, self._clock = config, database, roster, clock
        self._counters = counters
        self._alive_ms = clock()

    async def run(self) -> None:
        """What is old enough goes, then what there is no room for; commits go ahead between two slices."""
        while True:
            now_ms = self._clock()
            await self._database.run(forget.forget_settled, now_ms)
            for name in list(self._roster):
                while await self._database.run(forget.forget, name, now_ms):
                    pass
            while await self._database.run(forget.make_room, self._room_bytes()):
                pass
            await asyncio.sleep(FORGET_EVERY_S)

    def _room_bytes(self) -> int:
        """How much the database may take: what it was given, and no more than the disk has to spare."""
        free = shutil.disk_usage(self._config.data_dir).free - MIN_FREE_BYTES
        return max(0, min(self._config.max_database_mb * 1_000_000, self._config.database.stat().st_size + free))

    async def note(self) -> None:
        """That the hub runs, once a minute: each note is a sync of the disk. What was counted, if anything was."""
        now_ms = self._clock()
        if now_ms - self._alive_ms >= failures.ALIVE_EVERY_MS:
            await self._database.run(failures.alive, now_ms)
            self._alive_ms = now_ms
        await self.keep_counts()

    async def keep_counts(self) -> None:
        """Moves the counts of what was turned away or let go to the disk."""
        for counter in self._counters:
            if counted := dict(counter):
                await self._database.run(count_all, counted)
                counter.subtract(counted)
                for name in [name for name, n in counter.items() if not n]:
                    del counter[name]
