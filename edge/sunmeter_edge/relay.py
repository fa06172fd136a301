"""The line down: what the cloud has for the meters of this hub is cached, sealed as it is, and handed on in replies.

The cache outlives the internet: a model or an assignment reaches its meter while the hub is offline.
"""

import asyncio
import datetime as dt
import json
import logging
import sqlite3
from collections.abc import Callable
from typing import Any

from . import erase, log
from .cloud import Cloud, Forbidden, OutOfReach, Refused
from .contract import wire
from .contract.listen import AsyncStore, Denied, Fields, Query
from .roster import Downlink, Meter, Roster
from .store import Database

RETRY_S = 15.0
DENIED_RETRY_S = 60.0

KEEP_DOWNLINK = """INSERT OR REPLACE INTO downlink (meter, home, lease_until_ms, assignment, assignment_version,
  model, model_version, config, config_version, commands, manifest, manifest_version, mqtt, page_code)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
DROP_DOWNLINK = "DELETE FROM downlink WHERE meter = ?"
KEEP_KEY = """INSERT INTO meter (meter, link_key, key_version) VALUES (?, ?, ?)
  ON CONFLICT DO UPDATE SET link_key = excluded.link_key, key_version = excluded.key_version"""
UNPLACED = "('unassigned', 'unknown_meter', 'not_your_meter')"  # codes that a new assignment may change
TRY_AGAIN = f"UPDATE quarter SET state = 1 WHERE meter = ? AND state = 2 AND code IN {UNPLACED}"
DROP_KEY = "UPDATE meter SET link_key = NULL, key_version = 0 WHERE meter = ?"


def parse(fields: Fields) -> Downlink:
    """A document `downlink/{meter}`. Raises TypeError, ValueError or KeyError when it is not one."""
    lease_until = fields.get("lease_until")
    commands = [(int(told["id"]), int(told["expires_s"]), bytes(told["blob"])) for told in fields.get("commands") or ()]
    return Downlink(
        home=str(fields["home"]),
        lease_until_ms=int(lease_until.timestamp() * 1000) if isinstance(lease_until, dt.datetime) else 0,
        assignment=fields.get("assignment"),
        assignment_version=int(fields.get("assignment_version") or 0),
        model=fields.get("model"),
        model_version=int(fields.get("model_version") or 0),
        config=fields.get("config"),
        config_version=int(fields.get("config_version") or 0),
        commands=tuple(sorted(commands)),
        manifest=fields.get("manifest"),
        manifest_version=int(fields.get("manifest_version") or 0),
        mqtt=fields.get("mqtt") is True,
        page_code=fields.get("page_code"),
    )


class Relay:
    """Keeps the roster in step with the cloud's downlink documents."""

    def __init__(
        self,
        hub: str,
        store: AsyncStore,
        database: Database,
        cloud: Cloud,
        roster: Roster,
        leased: Callable[[Meter], None],
    ):
        self._hub, self._store, self._database, self._cloud, self._roster = hub, store, database, cloud, roster
        self._leased = leased  # told of every lease that begins or is prolonged
        self._erased: set[erase.Order] = set()
        self._keys_wanted = asyncio.Event()
        self._keys_wanted.set()

    async def listen(self) -> None:
        """Follows the documents for ever. A denial is told and tried again: a hub may be enrolled anew."""
        while True:
            try:
                async for view in self._store.watch_query(Query("downlink", where=[("hub", "==", self._hub)])):
                    await self.take_in(view)
            except Denied as error:
                log.event("downlink denied", logging.ERROR, reason=error)
            await asyncio.sleep(DENIED_RETRY_S)

    async def take_in(self, view: dict[str, Fields]) -> None:
        """One consistent view: changed documents are cached, meters that left are forgotten."""
        told: dict[str, Downlink] = {}
        orders: set[erase.Order] = set()
        for path, fields in view.items():
            try:
                if erase.is_order(fields):
                    orders.add(erase.parse(fields))
                else:
                    told[path.rpartition("/")[2]] = parse(fields)
            except (TypeError, ValueError, KeyError) as error:
                log.event("downlink not understood", logging.ERROR, path=path, reason=repr(error))
        gone = [name for name, meter in self._roster.items() if meter.downlink and f"downlink/{name}" not in view]
        changed = {name: now for name, now in told.items() if self._downlink(name) != now}
        assigned = [name for name, now in changed.items() if now.assignment != self._assignment(name)]
        if gone or changed:
            await self._database.run(_keep, changed, gone, assigned)
        for name in gone:
            meter = self._roster[name]
            meter.downlink, meter.signer, meter.key_version, meter.has_firmware = None, None, 0, False
        for name, now in changed.items():
            self._apply(self._roster.setdefault(name, Meter(name)), now)
        if new := orders - self._erased:
            self._erased |= new
            log.event("erased", rows=await self._database.run(erase.carry_out, sorted(new, key=repr)))

    def _downlink(self, name: str) -> Downlink | None:
        meter = self._roster.get(name)
        return meter.downlink if meter else None

    def _assignment(self, name: str) -> bytes | None:
        had = self._downlink(name)
        return had.assignment if had else None

    def _apply(self, meter: Meter, now: Downlink) -> None:
        had = meter.downlink
        had_until_ms = had.lease_until_ms if had else 0
        meter.has_firmware = meter.has_firmware and had is not None and had.manifest == now.manifest
        meter.downlink = now
        if _wants_key(meter):
            self._keys_wanted.set()
        if now.lease_until_ms > had_until_ms:
            self._leased(meter)

    async def fetch_keys(self) -> None:
        """Asks for the link keys of meters that have none, or whose assignment has another version."""
        while True:
            await self._keys_wanted.wait()
            self._keys_wanted.clear()
            wanted = [name for name, meter in self._roster.items() if _wants_key(meter)]
            if not wanted:
                continue
            try:
                keys = await asyncio.to_thread(self._cloud.link_keys, wanted)
            except (OutOfReach, Refused, Forbidden) as error:
                log.event("link keys not given", logging.WARNING, reason=error)
                keys = {}
            await self._database.run(_keep_keys, keys)
            for name, (key, version) in keys.items():
                meter = self._roster[name]
                meter.signer, meter.key_version = wire.Signer(key), version
                log.event("meter known", meter=name, key_version=version)
            if len(keys) < len(wanted):
                await asyncio.sleep(RETRY_S)
                self._keys_wanted.set()


def _wants_key(meter: Meter) -> bool:
    downlink = meter.downlink
    return downlink is not None and (meter.signer is None or meter.key_version != downlink.assignment_version)


def _keep(connection: sqlite3.Connection, changed: dict[str, Downlink], gone: list[str], assigned: list[str]) -> None:
    for name, now in changed.items():
        connection.execute(KEEP_DOWNLINK, _row(name, now))
    for name in assigned:
        connection.execute(TRY_AGAIN, (name,))
    for name in gone:
        connection.execute(DROP_DOWNLINK, (name,))
        connection.execute(DROP_KEY, (name,))


def _row(name: str, now: Downlink) -> tuple[Any, ...]:
    commands = json.dumps([[number, expires_s, blob.hex()] for number, expires_s, blob in now.commands])
    blobs = (now.assignment, now.assignment_version, now.model, now.model_version, now.config, now.config_version)
    added = (now.manifest, now.manifest_version, int(now.mqtt), now.page_code)
    return (name, now.home, now.lease_until_ms, *blobs, commands, *added)


def _keep_keys(connection: sqlite3.Connection, keys: dict[str, tuple[bytes, int]]) -> None:
    for name, (key, version) in keys.items():
        connection.execute(KEEP_KEY, (name, key, version))
