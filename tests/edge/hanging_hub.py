"""A hub whose parts hang when SIGUSR1 asks for it: `python hanging_hub.py loop|database [unproven]`.

`unproven` is a broken build: its watchdog asks the database's thread for nothing. The test must notice.
"""

import asyncio
import faulthandler
import signal
import sqlite3
import sys
import time

from sunmeter_edge.clock import system_ms
from sunmeter_edge.config import read, read_credential
from sunmeter_edge.hub import Hub
from sunmeter_edge.watchdog import Watchdog

HANGS_S = 600.0


class Unproven(Watchdog):
    """Tells that it lives, and does not look."""

    async def prove(self) -> None:
        pass


def hang(_: sqlite3.Connection | None = None) -> None:
    time.sleep(HANGS_S)


async def serve(part: str, is_broken: bool) -> None:
    config = read(None)
    hub = Hub(config, read_credential(config), system_ms)
    if is_broken:
        hub._watchdog = Unproven(hub.database, lambda: hub._server.started)
    loop = asyncio.get_running_loop()
    hanging: list[asyncio.Future[None]] = []

    def asked_to_hang() -> None:
        if part == "loop":
            hang()
        hanging.append(asyncio.ensure_future(hub.database.run(hang)))

    loop.add_signal_handler(signal.SIGUSR1, asked_to_hang)
    loop.add_signal_handler(signal.SIGTERM, hub.stop)
    await hub.run()


if __name__ == "__main__":
    faulthandler.enable()
    asyncio.run(serve(sys.argv[1], "unproven" in sys.argv))
