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
from typing import Any, Protocol

from . import log
from .clock import Clock
from .cloud import Cloud, Forbidden, Item, OutOfReach, Refused
from .store import REJECTED, SENT, Database, count

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0
FORBIDDEN_RETRY_S = 300.0  # a revoked hub asks now and then whether it still is
IDLE_S = 1.0
ITEMS_AT_ONCE = 200
QUARTERS_AT_ONCE = 672  # a meter's week, about half the 2 MiB a request may have
LATER = ("too_many",)  # codes that say "not now"
UNPLACED = "('unassigned', 'unknown_meter', 'not_your_meter')"  # codes that a new assignment may change

TAKE_ITEMS = "SELECT id, body FROM item WHERE state = 1 ORDER BY id LIMIT ?"
SETTLE_ITEM = "UPDATE item SET state = ?, code = ?, field = ? WHERE id = ?"
TAKE_QUARTERS = """SELECT meter, start_s, rev, body FROM quarter WHERE state = 1
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
class Parcel:
    """Items on their way, and the keys under which their results are settled."""

    keys: list[Any]
    items: list[Item]


class Lane(Protocol):
    """One stream of items: how they are taken and how their results are noted."""

    name: str

    def take(self, connection: sqlite3.Connection, limit: int) -> Parcel: ...

    def settle(self, connection: sqlite3.Connection, keys: list[Any], results: list[Result]) -> None: ...


class ItemLane:
    """Events, sightings, results and states, in the order they came."""

    name = "item"

    def take(self, connection: sqlite3.Connection, limit: int) -> Parcel:
        rows = connection.execute(TAKE_ITEMS, (min(limit, ITEMS_AT_ONCE),)).fetchall()
        return Parcel([number for number, _ in rows], [json.loads(body) for _, body in rows])

    def settle(self, connection: sqlite3.Connection, keys: list[Any], results: list[Result]) -> None:
        for number, result in zip(keys, results, strict=True):
            if (verdict := _verdict(connection, self.name, result)) is not None:
                connection.execute(SETTLE_ITEM, (*verdict, number))


class QuarterLane:
    """Intervals, newest first. One cut again while it was on its way stays waiting: its rev is another."""

    name = "interval"

    def take(self, connection: sqlite3.Connection, limit: int) -> Parcel:
        rows = connection.execute(TAKE_QUARTERS, (min(limit, QUARTERS_AT_ONCE),)).fetchall()
        keys = [(meter, start_s, rev) for meter, start_s, rev, _ in rows]
        return Parcel(keys, [{**json.loads(body), "rev": rev} for _, _, rev, body in rows])

    def settle(self, connection: sqlite3.Connection, keys: list[Any], results: list[Result]) -> None:
        for key, result in zip(keys, results, strict=True):
            if (verdict := _verdict(connection, self.name, result)) is not None:
                connection.execute(SETTLE_QUARTER, (*verdict, *key))


def _verdict(connection: sqlite3.Connection, lane: str, result: Result) -> tuple[int, str | None, str | None] | None:
    """(state, code, field) of a settled item; None when it goes on waiting."""
    if result.get("ok"):
        return SENT, None, None
    code, where = str(result.get("code")), str(result.get("field"))
    if code in LATER:
        return None
    count(connection, f"rejected {lane} {code} {where}")
    return REJECTED, code, where


class Weather:
    """Whether the cloud was in reach at the last try of either lane: when one gets through, the other need not wait."""

    def __init__(self) -> None:
        self.cleared = asyncio.Event()
        self.forbidden = False


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
        weather: Weather,
        extra: Callable[[], list[Item]] = list,
    ):
        self._lane, self._database, self._cloud, self._clock = lane, database, cloud, clock
        self._weather = weather
        self._extra = extra  # gives items that are told now or never: heartbeats
        self._limit = QUARTERS_AT_ONCE
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
        parcel = await self._database.run(self._lane.take, self._limit)
        extra = self._extra()
        if not parcel.items and not extra:
            return _Pause(IDLE_S, self.wake)
        try:
            results = await asyncio.to_thread(self._cloud.ingest, parcel.items + extra, self._clock())
        except OutOfReach as error:
            return await self._backed_off(str(error), error.retry_after_s)
        except Forbidden as error:
            self._weather.forbidden = True
            return await self._backed_off(str(error), FORBIDDEN_RETRY_S)
        except Refused as error:
            if len(parcel.items) > 1:
                self._limit = len(parcel.items) // 2
                return None
            results = [{"ok": False, "code": error.code, "field": "request"}] * len(parcel.items)
        settled = results[: len(parcel.items)]
        await self._database.run(self._settle, parcel.keys, settled)
        self._arrived(len(settled))
        is_moving = any(result.get("ok") or result.get("code") not in LATER for result in settled)
        return None if is_moving else _Pause(IDLE_S, self.wake)

    def _settle(self, connection: sqlite3.Connection, keys: list[Any], results: list[Result]) -> None:
        self._lane.settle(connection, keys, results)
        connection.execute(OFFLINE_ENDS, (self._clock(),))

    def _arrived(self, items: int) -> None:
        self._weather.forbidden = False
        self._weather.cleared.set()
        self._retry_s = FIRST_RETRY_S
        self._limit = min(self._limit * 2, QUARTERS_AT_ONCE)
        log.event("sent", logging.DEBUG, lane=self._lane.name, items=items)

    async def _backed_off(self, reason: str, retry_after_s: float | None) -> _Pause:
        """Notes the failure: wait as long as the cloud asked for, or twice the last wait less a random part."""
        self._weather.cleared.clear()
        wait_s = retry_after_s or self._retry_s * random.uniform(0.5, 1.0)
        self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)
        log.event("cloud out of reach", logging.WARNING, lane=self._lane.name, reason=reason, retry_s=round(wait_s, 1))
        await self._database.run(_note_offline, self._clock())
        return _Pause(wait_s, None if retry_after_s else self._weather.cleared)


def _note_offline(connection: sqlite3.Connection, now_ms: int) -> None:
    connection.execute(OFFLINE_BEGINS, (now_ms,))


def waiting_quarters(connection: sqlite3.Connection) -> int:
    (waiting,) = connection.execute(WAITING_QUARTERS).fetchone()
    return int(waiting)
