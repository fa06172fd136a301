"""Fifth verb: to the cloud. Events first, then the newest quarters, then the backlog, oldest last.

Two lanes, so that no backlog stands before an event. What the cloud acknowledged is no longer waiting; what it rejected
is kept apart with its code, counted, and never in the way.
"""

import asyncio
import contextlib
import json
import logging
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import log
from .clock import Clock
from .cloud import Cloud, Forbidden, Item, OutOfReach, Refused
from .store import REJECTED, SENT, Database, count

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0
FORBIDDEN_RETRY_S = 300.0  # a revoked hub asks now and then whether it still is
LATER = ("too_many",)  # codes that say "not now"
UNPLACED = "('unassigned', 'unknown_meter', 'not_your_meter')"  # codes that a new assignment may change

TAKE_ITEMS = "SELECT id, body FROM item WHERE state = 1 ORDER BY id LIMIT ?"
SETTLE_ITEM = "UPDATE item SET state = ?, code = ?, field = ? WHERE id = ?"
TAKE_QUARTERS = """SELECT meter, start_s, rev, json_set(body, '$.rev', rev) FROM quarter WHERE state = 1
  ORDER BY start_s DESC LIMIT ?"""
SETTLE_QUARTER = """UPDATE quarter SET state = ?, code = ?, field = ?
  WHERE meter = ? AND start_s = ? AND rev = ?"""
WAITING_QUARTERS = "SELECT count(*) FROM quarter WHERE state = 1"
TRY_AGAIN = f"UPDATE quarter SET state = 1 WHERE meter = ? AND state = 2 AND code IN {UNPLACED}"
OFFLINE_BEGINS = """INSERT INTO offline (from_ms)
  SELECT ? WHERE NOT EXISTS (SELECT 1 FROM offline WHERE to_ms IS NULL) ON CONFLICT DO NOTHING"""
OFFLINE_ENDS = "UPDATE offline SET to_ms = max(?, from_ms) WHERE to_ms IS NULL"

Result = dict[str, Any]


@dataclass(frozen=True)
class Lane:
    """One stream of items: how they are taken, and how what became of them is noted.

    take: rows of a key and a body, in the order they go. settle: (state, code, field, *key).
    """

    name: str
    take: str
    settle: str
    at_once: int
    idle_s: float  # between two looks, when nobody wakes the lane


ITEMS = Lane("item", TAKE_ITEMS, SETTLE_ITEM, 200, 1.0)
# A parcel is a meter's week, about half the 2 MiB a request may have. An interval cut again while it was on its way
# stays waiting, for its rev is another.
INTERVALS = Lane("interval", TAKE_QUARTERS, SETTLE_QUARTER, 672, 5.0)


@dataclass(frozen=True)
class Parcel:
    """Items on their way, and the keys under which their results are noted."""

    keys: list[tuple[Any, ...]]
    items: list[Item]


def take(connection: sqlite3.Connection, lane: Lane, limit: int) -> Parcel:
    """What goes next."""
    rows = connection.execute(lane.take, (limit,)).fetchall()
    return Parcel([tuple(key) for *key, _ in rows], [json.loads(body) for *_, body in rows])


def settle(connection: sqlite3.Connection, lane: Lane, parcel: Parcel, results: list[Result], now_ms: int) -> None:
    """Notes what the cloud said of each item: sent, rejected and kept apart, or not now."""
    connection.execute(OFFLINE_ENDS, (now_ms,))
    for key, result in zip(parcel.keys, results, strict=False):
        code, where = str(result.get("code")), str(result.get("field"))
        if result.get("ok"):
            connection.execute(lane.settle, (SENT, None, None, *key))
        elif code not in LATER:
            connection.execute(lane.settle, (REJECTED, code, where, *key))
            count(connection, f"rejected {lane.name} {code} {where}")


@dataclass(frozen=True)
class _Pause:
    """How long to wait before the next try, and for what."""

    seconds: float
    until: asyncio.Event | None = None  # None: nothing shortens it


class Sender:
    """Drives one lane: take, post, settle; back off with jitter while the cloud is out of reach."""

    def __init__(
        self,
        lane: Lane,
        database: Database,
        cloud: Cloud,
        clock: Clock,
        weather: asyncio.Event,
        extra: Callable[[], list[Item]] = list,
    ):
        self._lane, self._database, self._cloud, self._clock = lane, database, cloud, clock
        self._weather = weather  # set when a parcel of either lane got through: the other need not wait either
        self._extra = extra  # gives items that are told now or never: heartbeats
        self._limit = lane.at_once
        self._retry_s = FIRST_RETRY_S
        self.wake = asyncio.Event()

    async def run(self) -> None:
        while True:
            pause = await self.once()
            if pause and pause.until:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(pause.until.wait(), pause.seconds)
            elif pause:
                await asyncio.sleep(pause.seconds)

    async def once(self) -> _Pause | None:
        """Carries one parcel; None: there may be more at once."""
        self.wake.clear()
        idle = _Pause(self._lane.idle_s, self.wake)
        parcel = await self._database.run(take, self._lane, self._limit)
        extra = self._extra()
        if not parcel.items and not extra:
            return idle
        try:
            results = await asyncio.to_thread(self._cloud.ingest, parcel.items + extra, self._clock())
            await self._database.run(settle, self._lane, parcel, results, self._clock())
        except (OutOfReach, sqlite3.OperationalError) as error:  # no room: the same again, later, changes nothing there
            return await self._backed_off(str(error), getattr(error, "retry_after_s", None))
        except Forbidden as error:
            return await self._backed_off(str(error), FORBIDDEN_RETRY_S)
        except Refused as error:
            if extra or len(parcel.items) > 1:
                self._limit = max(1, len(parcel.items) // 2)
                return None
            results = [{"ok": False, "code": error.code, "field": "request"}] * len(parcel.items)
            await self._database.run(settle, self._lane, parcel, results, self._clock())
        self._arrived(len(parcel.items))
        return None if any(result.get("code") not in LATER for result in results) else idle

    def _arrived(self, items: int) -> None:
        self._weather.set()
        self._retry_s = FIRST_RETRY_S
        self._limit = min(self._limit * 2, self._lane.at_once)
        log.event("sent", logging.DEBUG, lane=self._lane.name, items=items)

    async def _backed_off(self, reason: str, retry_after_s: float | None) -> _Pause:
        """Notes the failure: wait as long as the cloud asked for, or twice the last wait less a random part."""
        self._weather.clear()
        wait_s = retry_after_s or self._retry_s * random.uniform(0.5, 1.0)
        self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)
        log.event("not sent", logging.WARNING, lane=self._lane.name, reason=reason, retry_s=round(wait_s, 1))
        with contextlib.suppress(sqlite3.OperationalError):  # a disk without room does not make the wait shorter
            await self._database.run(_note_offline, self._clock())
        return _Pause(wait_s, None if retry_after_s else self._weather)


def _note_offline(connection: sqlite3.Connection, now_ms: int) -> None:
    connection.execute(OFFLINE_BEGINS, (now_ms,))


def waiting_quarters(connection: sqlite3.Connection) -> int:
    (waiting,) = connection.execute(WAITING_QUARTERS).fetchone()
    return int(waiting)
