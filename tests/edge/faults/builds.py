"""Hubs that are broken on purpose: a fault test is worth something once it has caught them.

Each takes one promise out of the hub, by name. `with built("synchronous-normal"):` the hub made inside is that build.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from sunmeter_edge import commit, quarters, send, store
from sunmeter_edge.commit import Batch, Outcome, Writer
from sunmeter_edge.verify import Item

LAZY_S = 0.05  # how long a build that acknowledges first leaves it in memory

Patch = Callable[[Any, str, Any], None]


class AcknowledgesFirst(Writer):
    """Answers as soon as a batch is in memory."""

    async def commit(self, batch: Batch) -> Outcome:
        self._later = asyncio.ensure_future(self._commit_later(batch))
        return Outcome(None, None)

    async def _commit_later(self, batch: Batch) -> None:
        await asyncio.sleep(LAZY_S)
        with contextlib.suppress(commit.NotKept):
            await super().commit(batch)


def _acknowledges_first(patch: Patch) -> None:
    patch(commit, "Writer", AcknowledgesFirst)


def _forgets_first(patch: Patch) -> None:
    """What is taken for the cloud counts as sent before the cloud has said so."""
    plain = send.take

    def take(connection: sqlite3.Connection, lane: send.Lane, *limits: int) -> send.Parcel:
        parcel = plain(connection, lane, *limits)
        for key in parcel.keys:
            connection.execute(lane.settle, (store.SENT, None, None, 0, *key))
        return parcel

    patch(send, "take", take)


def _without_key(patch: Patch) -> None:
    """A frame that comes again is another frame."""
    bare = store.SCHEMA.replace("PRIMARY KEY (meter, boot_id, seq)\n) STRICT, WITHOUT ROWID", "CHECK (1)\n) STRICT")
    assert bare != store.SCHEMA
    patch(store, "SCHEMA", bare)


def _commits_each_statement(patch: Patch) -> None:
    """Each statement is a transaction: a frame may be kept, and what follows from it not."""

    @contextlib.contextmanager
    def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        yield connection

    patch(store, "transaction", transaction)


def _high_water(patch: Patch) -> None:
    """Takes a sequence for a mark: what comes late is thought to be there."""
    plain = commit._keep_frame

    def keep(connection: sqlite3.Connection, meter: str, item: Item, at_ms: int | None, now_ms: int) -> bool:
        highest = "SELECT max(seq) FROM frame WHERE meter = ? AND boot_id = ?"
        (mark,) = connection.execute(highest, (meter, item.boot_id)).fetchone()
        return plain(connection, meter, item, at_ms, now_ms) if item.seq > (mark or 0) else False

    patch(commit, "_keep_frame", keep)


def _pragma(name: str, wanted: str, told: object) -> Callable[[Patch], None]:
    def build(patch: Patch) -> None:
        patch(store, "PRAGMAS", {**store.PRAGMAS, name: (wanted, told)})

    return build


def _late_is_not_cut(patch: Patch) -> None:
    """A quarter is cut once: what comes late changes nothing any more."""
    plain = commit._mark_dirty

    def mark(connection: sqlite3.Connection, meter: str, samples: list[tuple[int, dict[str, int]]], now: int) -> None:
        (newest_ms,) = connection.execute(commit.FIND_NEWEST, (meter,)).fetchone()
        plain(connection, meter, [sample for sample in samples if sample[0] > newest_ms], now)

    patch(commit, "_mark_dirty", mark)


def _neighbour_is_not_cut(patch: Patch) -> None:
    """A boundary that moved moves in one of its two quarters."""
    patch(quarters, "WAKE", "SELECT ?, ?")


def _power_times_gap(patch: Patch) -> None:
    """Energy is the last power times the time since: what was not sampled is invented."""
    plain = send.take

    def take(connection: sqlite3.Connection, lane: send.Lane, *limits: int) -> send.Parcel:
        parcel = plain(connection, lane, *limits)
        for item in parcel.items:
            last_w = next((watts for watts in reversed(item["minutes"]["grid_w"]) if watts is not None), 0)
            item["regs1"] = [item["regs0"][0] + last_w * 250, *item["regs1"][1:]]
        return parcel

    patch(send, "take", take)


BUILDS: dict[str, Callable[[Patch], None]] = {
    "acknowledges-first": _acknowledges_first,
    "forgets-first": _forgets_first,
    "without-key": _without_key,
    "commits-each-statement": _commits_each_statement,
    "high-water-mark": _high_water,
    "synchronous-normal": _pragma("synchronous", "NORMAL", 1),
    "synchronous-off": _pragma("synchronous", "OFF", 0),
    "journal-off": _pragma("journal_mode", "OFF", "off"),
}
# What goes wrong when readings come in another order than they were made; an orderly meter would never find it.
OUT_OF_ORDER: dict[str, Callable[[Patch], None]] = {
    "high-water-mark": _high_water,
    "forgets-first": _forgets_first,
    "late-is-not-cut": _late_is_not_cut,
    "neighbour-is-not-cut": _neighbour_is_not_cut,
    "power-times-gap": _power_times_gap,
}
# A killed process leaves its writes to the kernel, synced or not: kills cannot tell the others from a whole hub.
CAUGHT_BY_KILLS = ("acknowledges-first", "forgets-first", "without-key", "commits-each-statement", "high-water-mark")


@contextlib.contextmanager
def built(name: str) -> Iterator[None]:
    """Hubs made inside are this build; "": the hub as it is."""
    undo: list[tuple[Any, str, Any]] = []

    def patch(module: Any, attribute: str, broken: Any) -> None:
        undo.append((module, attribute, getattr(module, attribute)))
        setattr(module, attribute, broken)

    try:
        if name:
            {**BUILDS, **OUT_OF_ORDER}[name](patch)
        yield
    finally:
        for module, attribute, whole in reversed(undo):
            setattr(module, attribute, whole)
