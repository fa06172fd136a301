"""What a home's night takes, whole, as the cloud runs it: read, learn, judge, store. For `bench.forecast`.

A home with a year behind it, PV and a tariff, on the Firestore emulator; the task's own handler in this process, its
imports done. Elapsed seconds, the least of some nights: other work on the machine only adds. Left out: the HTTP request
of Cloud Tasks, a cold start with the imports (told beside it), and that Firestore is farther away than an emulator.
"""

from __future__ import annotations

import contextlib
import io
import random
import subprocess
import sys
import time
from dataclasses import dataclass

from bench import _cost_play
from bench._cost_history import fill, quarters_of
from contract import documents
from dev.ports import Ports
from dev.stack import Stack
from dev.triggers import triggers_lost
from sunmeter import training
from sunmeter.contract.ledger import Interval
from sunmeter.domain import tariff
from tests.emulator.inprocess import Functions
from tests.emulator.world import World, days_ago

FIRST_NIGHTS = 3
USUAL_NIGHTS = 6  # two of which write the kept minutes


@dataclass(frozen=True)
class Taken:
    """What one night took."""

    elapsed_s: float
    cpu_s: float
    reads: int
    writes: int


def measured() -> tuple[list[Taken], list[Taken]]:
    """First nights, which find nothing kept and no forecast to score; and the usual ones that follow."""
    with Stack(Ports.free()) as stack, triggers_lost(stack), contextlib.redirect_stdout(io.StringIO()):
        world = World.made(stack)
        _give_tariff(world)
        oldest = USUAL_NIGHTS + 1
        intervals = fill(world, days_ago(oldest))
        functions = Functions.of(stack, world.hub.uid, 0)
        _live(world, functions, oldest, intervals)
        first = []
        for _ in range(FIRST_NIGHTS):
            for name in ("insight", "kept"):
                for each in world.db.collection(f"homes/{world.home}/{name}").list_documents():
                    each.delete()
            first.append(_night(world, functions, oldest))
        usual, chance = [], random.Random(5)
        for ago in range(USUAL_NIGHTS, 0, -1):
            intervals = list(quarters_of(world.meter, days_ago(ago), intervals[-1].regs1, chance))
            _live(world, functions, ago, intervals)
            usual.append(_night(world, functions, ago))
    return first, usual


def imports_s() -> float:
    """What a cold start adds: the imports of training, in a process of their own."""
    code = "import time; began_s = time.monotonic(); import sunmeter.night, scipy.optimize, scipy.signal; "
    code += "print(time.monotonic() - began_s)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)


def _night(world: World, functions: Functions, ago: int) -> Taken:
    functions.now_ms = days_ago(ago).end_s * 1000 + 3_600_000
    reads, writes = functions.wire.reads, functions.wire.writes
    began_s, cpu_s = time.perf_counter(), time.process_time()
    training.train({"home": world.home, "day": days_ago(ago).day}, functions.cloud)
    elapsed_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    return Taken(elapsed_s, cpu_s, functions.wire.reads - reads, functions.wire.writes - writes)


def _live(world: World, functions: Functions, ago: int, intervals: list[Interval]) -> None:
    """The hub brings a day, and the trigger tells the month."""
    day = days_ago(ago)
    functions.now_ms = day.end_s * 1000
    functions.send(interval.to_json() for interval in intervals)
    functions.trigger(world.home, day.day, None, world.stored(documents.day(world.home, day.day)))


def _give_tariff(world: World) -> None:
    """As `settariff` does, but for the task that prices the past: in its own time it would change every day."""
    rated = tariff.parse(_cost_play.TARIFF, "EUR")
    world.db.document(documents.tariff(world.home, rated.valid_from)).set(tariff.write(rated))
    world.db.document(documents.home(world.home)).update({"tariffs": [rated.valid_from], "tariff_rev": 1})
