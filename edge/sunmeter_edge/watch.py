"""What the hub says of its own: meters that fell silent or came back, unknown ones that knock, and that it lives."""

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import __version__
from .commit import ADD_ITEM
from .contract import wire
from .place import OFF_MS
from .roster import Meter, Roster
from .store import WAITING

SILENT_MS = 25_000  # a meter polls every few seconds; its silence is told within 30 s
RIDES_S = 30.0  # so much early one goes with what goes anyway: each request is billed
SIGHTING_EVERY_MS = 600_000
CLOCK_EVERY_MS = 3_600_000  # a clock that stays wrong is told so often
# Anybody on the LAN can invent meters. What is beyond these is told when others are no longer news.
MAX_SIGHTINGS = 100
MAX_SIGHTINGS_OF_ADDRESS = 8  # a street behind a Wi-Fi repeater is fitted one house after the other

WAITING_QUARTERS = "SELECT count(*) FROM quarter WHERE state = 1"
REFUSALS = "SELECT meter, refusal, refused_ms FROM meter WHERE refusal > 0"
SET_SILENT = "UPDATE meter SET silent = ?, last_ms = max(last_ms, ?) WHERE meter = ?"


def changed_silence(roster: Roster, now_ms: int, started_ms: int) -> list[Meter]:
    """Meters that fell silent or came back since they were last asked about; marks them so.

    started_ms: nobody was silent while the hub itself was not there.
    """
    changed = []
    for meter in roster.values():
        is_silent = now_ms - max(meter.last_ms, started_ms) > SILENT_MS
        if meter.signer and meter.last_ms and is_silent != meter.silent:
            if not is_silent and meter.last_ms < started_ms:
                continue  # a new start says nothing: it stays silent until it is heard
            meter.silent = is_silent
            changed.append(meter)
    return changed


def take_back(changed: list[Meter]) -> None:
    """What could not be kept was not told: it is found changed again the next time."""
    for meter in changed:
        meter.silent = not meter.silent


def tell_silence(connection: sqlite3.Connection, meters: list[tuple[str, bool, int]]) -> None:
    """Queues a `status` for each (meter, is_silent, since_ms)."""
    for name, is_silent, since_ms in meters:
        connection.execute(SET_SILENT, (int(is_silent), since_ms, name))
        state = "silent" if is_silent else "back"
        add_item(connection, {"type": "status", "meter": name, "state": state, "since_ms": since_ms})


def add_item(connection: sqlite3.Connection, item: dict[str, Any]) -> None:
    connection.execute(ADD_ITEM, (json.dumps(item), WAITING))


@dataclass(frozen=True)
class Standing:
    """What of the database a heartbeat tells."""

    queue: int = 0  # intervals that wait for the cloud
    refusals: dict[str, dict[str, int]] = field(default_factory=dict)  # by meter: what it refused, when


def standing(connection: sqlite3.Connection) -> Standing:
    (waiting,) = connection.execute(WAITING_QUARTERS).fetchone()
    refusals = {name: {"refusal": code, "refused_ms": at_ms} for name, code, at_ms in connection.execute(REFUSALS)}
    return Standing(waiting, refusals)


def note_clock(meter: Meter, at_ms: int, record: dict[str, int]) -> None:
    """A reading that tells another time than it was placed at comes from a wrong clock."""
    ahead_ms = record["ts_ms"] - at_ms if record["flags"] & wire.FLAG_CLOCK_SET else 0
    if abs(ahead_ms) > OFF_MS and at_ms > meter.clocked_ms + CLOCK_EVERY_MS:
        meter.clock_ms, meter.clocked_ms = ahead_ms, at_ms


def heartbeat(roster: Roster, standing: Standing, damaged_ms: int) -> dict[str, Any]:
    """That the hub lives. damaged_ms: when the newest database that lies aside was set aside; 0: there is none."""
    meters = {
        name: {"last_ms": meter.last_ms, "firmware": meter.firmware, "model": meter.model_version}
        | standing.refusals.get(name, {})
        | ({"clock_ms": meter.clock_ms, "clocked_ms": meter.clocked_ms} if meter.clocked_ms else {})
        for name, meter in roster.items()
        if meter.signer
    }
    beat = {"type": "heartbeat", "version": __version__, "queue": standing.queue, "meters": meters}
    return {**beat, "damaged_ms": damaged_ms}


class Heart:
    """When a heartbeat is due. It beats on once the cloud has one: what was lost on its way is still due."""

    def __init__(self, beat: Callable[[], dict[str, Any]], every_s: Callable[[], float]):
        self._beat, self._every_s = beat, every_s
        self._due_s = 0.0  # monotonic

    def due(self, others_travel: bool) -> list[dict[str, Any]]:
        """A heartbeat, when it is time for one; a little early with others, which spares a request."""
        is_due = time.monotonic() >= self._due_s - (RIDES_S if others_travel else 0.0)
        return [self._beat()] if is_due else []

    def told(self) -> None:
        """The cloud has the one that was due."""
        self._due_s = time.monotonic() + self._every_s()


class Sightings:
    """Unknown meters that knock, each told now and then, and not more of them than there may be."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[int, str]] = {}  # when, and where it knocked

    def is_news(self, name: str, address: str, now_ms: int) -> bool:
        """True when this knock is worth an item."""
        kept = {known: told for known, told in self._told.items() if now_ms - told[0] < SIGHTING_EVERY_MS}
        here = sum(told[1] == address for told in kept.values())
        if name in kept or len(kept) >= MAX_SIGHTINGS or here >= MAX_SIGHTINGS_OF_ADDRESS:
            return False
        self._told = {**kept, name: (now_ms, address)}
        return True

    def forget(self, name: str) -> None:
        """What could not be kept was not told: its next knock is news."""
        self._told.pop(name, None)
