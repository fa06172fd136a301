"""How long a tariff's change takes until a year of one home is priced anew, beside two other ways to write the same.

The tariff is set by its callable; the job is done when `jobs/reprice` says so. The peers run in this process: the same
days a transaction each, every one followed by that of its month, as intervals and triggers would do it; and the same
documents written without reading anything, which is the least that writing them takes.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import time
from collections.abc import Callable, Iterator
from functools import partial

from contract import documents, ledger
from contract.ledger import Interval, LocalDay, Registers
from dev.stack import Stack
from dev.triggers import triggers_lost
from sunmeter import rollup, terms
from sunmeter.domain import days, repricing
from sunmeter.store import NOW, Transaction
from tests.emulator.inprocess import Functions
from tests.emulator.world import World, days_ago, eventually, quarter, sent

DAYS = 30 if os.environ.get("SMALL") == "1" else 365
BATCH = 480  # intervals a request: five days
LIMIT_S = 600.0
NIGHT = {"price_micro": 180_000, "from_min": 1320, "to_min": 360}


def measure(stack: Stack) -> dict[str, float]:
    """`reprice_year_s` (a worker's start with it) and `reprice_again_s`, the peers, and how many days it was."""
    world = World.made(stack)
    with triggers_lost(stack):
        fill(world)
    first_s, again_s = (seconds(partial(reprice, world, rev)) for rev in (1, 2))
    functions = Functions.of(stack, world.hub.uid)
    with contextlib.redirect_stdout(io.StringIO()):  # the functions log what they do
        by_day_s = seconds(partial(day_by_day, functions, world))
    bare_s = bare_writes_s(world)
    print(f"{DAYS} days re-priced in {first_s:.1f} s, a worker's start with it, and again in {again_s:.1f} s;", end=" ")
    print(f"day by day {by_day_s:.1f} s, bare writes {bare_s:.1f} s")
    return {
        "reprice_year_s": first_s,
        "reprice_again_s": again_s,
        "reprice_day_by_day_s": by_day_s,
        "reprice_bare_writes_s": bare_s,
        "reprice_days": DAYS,
    }


def seconds(work: Callable[[], None]) -> float:
    began_s = time.monotonic()
    work()
    return time.monotonic() - began_s


def fill(world: World) -> None:
    """A home's year, sent by its hub, and the months of it."""
    batch: list[Interval] = []
    for interval in year(world.meter):
        batch.append(interval)
        if len(batch) == BATCH:
            world.hub.ingest(sent(batch))
            batch = []
    world.hub.ingest(sent(batch))
    world.stack.clock.fire("reconcile")


def year(meter: str) -> Iterator[Interval]:
    """Quarters of a home with a roof until yesterday, their registers joined."""
    chance, regs = random.Random(7), ledger.ZERO
    for ago in range(DAYS, 0, -1):
        day = days_ago(ago)
        for index in range(day.quarters):
            sun = max(0, 30 - abs(index - 48)) * 15_000
            used = chance.randrange(20_000, 400_000)
            following = regs.plus(Registers(max(0, used - sun), max(0, sun - used), sun, 0))
            yield quarter(meter, day.start_s + index * ledger.QUARTER_S, regs, following)
            regs = following


def set_price(world: World, price_micro: int) -> None:
    """A tariff of two zones that holds for all of the history."""
    rate = {"kind": "zones", "price_micro": price_micro, "zones": [NIGHT]}
    world.owner.call("settariff", home=world.home, tariff={"valid_from": "2020-01-01", "import": rate})


def reprice(world: World, rev: int) -> None:
    """Sets a tariff and waits until all of the history is priced under it."""
    set_price(world, 250_000 + 10_000 * rev)

    def is_done() -> bool:
        job = world.owner.expect(documents.job(world.home, repricing.JOB))
        return (job["rev"], job["state"]) == (rev, repricing.DONE)

    eventually(is_done, within_s=LIMIT_S)
    job = world.owner.expect(documents.job(world.home, repricing.JOB))
    assert job["days_changed"] == DAYS, job


def stored_days() -> list[LocalDay]:
    return [days_ago(ago) for ago in range(DAYS, 0, -1)]


def day_by_day(functions: Functions, world: World) -> None:
    """Each day in a transaction of its own, and its month after it."""

    def write(transaction: Transaction, path: str) -> None:
        day = days.read(transaction.read(path) or {})
        priced = days.priced(day, terms.read(transaction, world.home, day.local))
        transaction.set(path, {**days.write(priced), "rev": day.rev + 1, "updated": NOW})

    for local in stored_days():
        functions.cloud.store.transact(partial(write, path=documents.day(world.home, local.day)))
        rollup.roll_up(functions.cloud, world.home, local.day)


def bare_writes_s(world: World) -> float:
    """The same documents again, in batches of a month, without a look at what is there."""
    paths = [documents.day(world.home, local.day) for local in stored_days()]
    stored = {path: world.stored(path) for path in paths}

    def write() -> None:
        for first in range(0, len(paths), 30):
            batch = world.db.batch()
            for path in paths[first : first + 30]:
                batch.set(world.db.document(path), stored[path])
            batch.commit()

    return seconds(write)
