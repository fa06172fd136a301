"""systemd is told that the hub is ready, and that it still lives (sd_notify(3)); of a hub that hangs it hears nothing.

What proves life is one turn of the event loop and one job of the database's thread: without either no meter is
acknowledged.
"""

import asyncio
import logging
import os
import socket
import sqlite3
from collections.abc import Callable, Mapping

from . import log
from .store import Database

LOOK_S = 0.05
ALIVE = "SELECT 1"


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Sends one state to systemd; does nothing where nobody listens."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # the abstract namespace
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(address)
            sender.sendall(state.encode())
    except OSError as error:
        log.event("systemd not told", logging.WARNING, state=state, reason=error)


class Watchdog:
    """Tells systemd in time, for as long as there is something to tell."""

    def __init__(self, database: Database, is_serving: Callable[[], bool], environment: Mapping[str, str] = os.environ):
        self._database, self._is_serving, self._environment = database, is_serving, environment
        self._limit_s = int(environment.get("WATCHDOG_USEC", "0")) / 1e6  # 0: systemd does not watch

    async def run(self) -> None:
        while not self._is_serving():  # noqa: ASYNC110  (uvicorn tells it in no other way)
            await asyncio.sleep(LOOK_S)
        notify("READY=1", self._environment)
        if not self._limit_s:
            await asyncio.Event().wait()
        while True:
            await self.prove()
            notify("WATCHDOG=1", self._environment)
            await asyncio.sleep(self._limit_s / 3)

    async def prove(self) -> None:
        """Returns when the database's thread has done a job. A disk that refuses is told elsewhere: it is no hang."""
        try:
            await self._database.run(_alive)
        except sqlite3.Error as error:
            log.event("database refuses", logging.WARNING, reason=error)


def _alive(connection: sqlite3.Connection) -> None:
    connection.execute(ALIVE)
