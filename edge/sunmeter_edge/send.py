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
from dataclasses import dataclass
from typing import Any

from . import failures, log
from .clock import Clock
from .cloud import LAST_RETRY_S, Cloud, Forbidden, Item, OutOfReach, Refused
from .store import REJECTED, SENT, Database, count
from .watch import Heart

FIRST_RETRY_S = 1.0
FORBIDDEN_RETRY_S = 300.0  # a revoked hub asks now and then whether it still is
LATER = ("too_many",)  # codes that say "not now"

TAKE_ITEMS = "SELECT id, body FROM item WHERE state = 1 ORDER BY id LIMIT :limit"
SETTLE_ITEM = "UPDATE item SET state = ?1, code = ?2, field = ?3, settled_ms = ?4 WHERE id = ?5"
# Those of the last hour, else those of the newest UTC day that waits, meter by meter: the cloud keeps days.
TAKE_QUARTERS = """WITH first AS (SELECT iif(max(start_s) >= :hour_s, :hour_s, max(start_s) / 86400 * 86400) AS at_s
  FROM quarter WHERE state = 1) SELECT meter, start_s, rev, json_set(body, '$.rev', rev) FROM quarter JOIN (
    SELECT meter, start_s FROM quarter, first WHERE state = 1 AND start_s >= at_s
    ORDER BY meter, start_s DESC LIMIT :limit) USING (meter, start_s)"""
SETTLE_QUARTER = """UPDATE quarter SET state = ?1, code = ?2, field = ?3
  WHERE meter = ?5 AND start_s = ?6 AND rev = ?7"""

Result = dict[str, Any]


@dataclass(frozen=True)
class Lane:
    """One stream of items: how they are taken, and how what became of them is noted.

    take: rows of a key and a body, in the order they go. settle: (state, code, field, now_ms, *key).
    """

    name: str
    take: str
    settle: str
    at_once: int
    idle_s: float  # between two looks, when nobody wakes the lane
    beats_alone: bool  # it carries a heartbeat that is due also when nothing else travels


ITEMS = Lane("item", TAKE_ITEMS, SETTLE_ITEM, 200, 1.0, beats_alone=True)
# A parcel is the day of seven meters, about half the 2 MiB a request may have. An interval cut again while it was on
# its way stays waiting, for its rev is another.
INTERVALS = Lane("interval", TAKE_QUARTERS, SETTLE_QUARTER, 672, 5.0, beats_alone=False)


@dataclass(frozen=True)
class Parcel:
    """Items on their way, and the keys under which their results are noted."""

    keys: list[tuple[Any, ...]]
    items: list[Item]


def take(connection: sqlite3.Connection, lane: Lane, limit: int, now_ms: int) -> Parcel:
    """What goes next."""
    rows = connection.execute(lane.take, {"limit": limit, "hour_s": now_ms // 1000 - 3600}).fetchall()
    return Parcel([tuple(key) for *key, _ in rows], [json.loads(body) for *_, body in rows])


def settle(connection: sqlite3.Connection, lane: Lane, parcel: Parcel, results: list[Result], now_ms: int) -> None:
    """Notes what the cloud said of each item: sent, rejected and kept apart, or not now."""
    failures.ends(connection, now_ms)
    for key, result in zip(parcel.keys, results, strict=False):
        code, where = str(result.get("code")), str(result.get("field"))
        if result.get("ok"):
            connection.execute(lane.settle, (SENT, None, None, now_ms, *key))
        elif code not in LATER:
            connection.execute(lane.settle, (REJECTED, code, where, now_ms, *key))
            count(connection, f"rejected {lane.name} {code} {where}")


@dataclass(frozen=True)
class _Pause:
    """How long to wait before the next try, and for what."""

    seconds: float
    until: asyncio.Event  # what shortens it


class Sender:
    """Drives one lane: take, post, settle; back off with jitter while the cloud is out of reach."""

    def __init__(
        self, lane: Lane, database: Database, cloud: Cloud, clock: Clock, weather: asyncio.Event, heart: Heart
    ):
        self._lane, self._database, self._cloud, self._clock = lane, database, cloud, clock
        self._weather = weather  # set when a parcel of either lane got through: the other need not wait either
        self._heart = heart  # of both lanes
        self._limit = lane.at_once
        self._retry_s = FIRST_RETRY_S
        self._failure = ""  # why the last try failed; "": it did not
        self.wake = asyncio.Event()

    async def run(self) -> None:
        while True:
            if pause := await self.once():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause.seconds):  # wait_for would lose a cancellation in Python 3.11
                        await pause.until.wait()

    async def once(self) -> _Pause | None:
        """Carries one parcel; None: there may be more at once."""
        self.wake.clear()
        idle = _Pause(self._lane.idle_s, self.wake)
        parcel = await self._database.run(take, self._lane, self._limit, self._clock())
        beats = self._beats(bool(parcel.items))
        if not parcel.items and not beats:
            return idle
        try:
            results = await self._posted(parcel, beats)
            await self._database.run(settle, self._lane, parcel, results, self._clock())
        except Refused as error:
            if not parcel.items:
                return await self._backed_off(error)
            self._limit = max(1, len(parcel.items) // 2)
            return None
        except (OutOfReach, Forbidden, sqlite3.OperationalError) as error:  # no room: the same again changes nothing
            return await self._backed_off(error)
        self._weather.set()
        level = logging.INFO if self._failure else logging.DEBUG
        log.event("sent", level, lane=self._lane.name, items=len(parcel.items))
        self._retry_s, self._failure = FIRST_RETRY_S, ""
        self._limit = min(self._limit * 2, self._lane.at_once)
        return None if any(result.get("code") not in LATER for result in results) else idle

    def _beats(self, others_travel: bool) -> list[Item]:
        """A heartbeat, if one is due; none beside items of which one may be what the cloud cannot read."""
        may = self._limit == self._lane.at_once if others_travel else self._lane.beats_alone
        return self._heart.due(others_travel) if may else []

    async def _posted(self, parcel: Parcel, beats: list[Item]) -> list[Result]:
        """What the cloud says of each item, also of one that is alone and that it cannot read. Raises Refused."""
        try:
            results = await asyncio.to_thread(self._cloud.ingest, parcel.items + beats, self._clock())
        except Refused as error:
            if beats or len(parcel.items) > 1:
                raise
            return [{"ok": False, "code": error.code, "field": "request"}]
        if beats:
            self._heart.told()
        return results

    async def _backed_off(self, error: Exception) -> _Pause:
        """Notes the failure: wait as long as the cloud asked for, or twice the last wait less a random part."""
        retry_after_s = FORBIDDEN_RETRY_S if isinstance(error, Forbidden) else getattr(error, "retry_after_s", None)
        self._weather.clear()
        most_s = getattr(error, "most_wait_s", LAST_RETRY_S)
        wait_s = retry_after_s or min(self._retry_s, most_s) * random.uniform(0.5, 1.0)
        self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)
        level = logging.DEBUG if self._failure == str(error) else logging.WARNING  # a week of the same is one line
        self._failure = str(error)
        log.event("not sent", level, lane=self._lane.name, reason=error, retry_s=round(wait_s, 1))
        with contextlib.suppress(sqlite3.OperationalError):  # a disk without room does not make the wait shorter
            await self._database.run(failures.begins, failures.whose(error), self._clock())
        return _Pause(wait_s, asyncio.Event() if retry_after_s else self._weather)  # what the cloud asked for holds
