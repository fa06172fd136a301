"""How many intervals a second `ingest` takes in: of fifty homes a request as hubs send them, and of a backlog.

`intervals_per_s_steady`: the quarter of fifty homes in each request, over HTTP to the emulated functions, one request after
the other: a transaction for each home. `backlog_vs_bare_writes`: a hub's backlog, whole days of one home in each request,
against the same days written as they are in the end, one `set` after the other, from this process: the least that storing
them takes.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Callable

from bench._cost_play import neighbours
from contract import documents
from contract.ledger import LocalDay
from dev.stack import Stack
from sunmeter.domain import days
from sunmeter.store import NOW
from tests.emulator.inprocess import Functions
from tests.emulator.test_months import triggers_lost
from tests.emulator.world import ZONE, World, database, days_ago, master_key, quarters, sent

SMALL = os.environ.get("SMALL") == "1"
HOMES = 50
REQUESTS, WARM_UP = (6, 2) if SMALL else (24, 4)
BACKLOG_DAYS = 7 if SMALL else 28
AT_ONCE = 7  # days a request: the parcel of a hub is 672 intervals


def measure(stack: Stack) -> dict[str, float]:
    with triggers_lost(stack):
        steady_per_s = steady(World.made(stack))
        backlog_per_s, bare_per_s = backlog(World.made(stack))
    print(f"ingest, {HOMES} homes a request: {steady_per_s:.0f} intervals/s over HTTP, a transaction for each home;", end=" ")
    print(f"a backlog {backlog_per_s:.0f}/s, its days written bare {bare_per_s:.0f}/s")
    return {
        "intervals_per_s_steady": steady_per_s,
        "backlog_intervals_per_s": backlog_per_s,
        "bare_intervals_per_s": bare_per_s,
        "backlog_vs_bare_writes": backlog_per_s / bare_per_s,
    }


def steady(world: World) -> float:
    """Intervals a second over HTTP."""
    meters, day = neighbours(world, HOMES), days_ago(1)
    series = [list(quarters(meter, day, WARM_UP + REQUESTS)) for meter in meters]
    requests = [sent(each[index] for each in series) for index in range(WARM_UP + REQUESTS)]
    for items in requests[:WARM_UP]:
        world.hub.ingest(items)
    took_s = seconds(lambda: [world.hub.ingest(items) for items in requests[WARM_UP:]])
    return HOMES * REQUESTS / took_s


def backlog(world: World) -> tuple[float, float]:
    """(through the handler, bare): intervals a second of the same days, both from this process."""
    functions = Functions(database(world.stack), world.hub.uid, master_key(world.stack), time.time_ns() // 1_000_000)
    spans = [days_ago(ago) for ago in range(BACKLOG_DAYS + 1, 1, -1)]
    items = {span.day: world.quarters(span) for span in spans}
    parcels = [
        functions.request(sent(interval for span in spans[at : at + AT_ONCE] for interval in items[span.day]))
        for at in range(0, len(spans), AT_ONCE)
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # the functions log what they do
        functions.send(sent(world.quarters(days_ago(1), 1)))  # the connection opens
        through_s = seconds(lambda: [functions.receive(parcel) for parcel in parcels])
    number = sum(map(len, items.values()))
    return number / through_s, number / bare(world, spans, items)


def bare(world: World, spans: list[LocalDay], items: dict[str, list]) -> float:  # type: ignore[type-arg]
    """Seconds to write the same documents to another home, each with one call."""
    made = [
        (documents.day("bare", span.day), {**days.write(days.merge(days.empty(span, ZONE), items[span.day])), "updated": NOW})
        for span in spans
    ]
    return seconds(lambda: [world.db.document(path).set(fields) for path, fields in made])


def seconds(work: Callable[[], object]) -> float:
    began_s = time.monotonic()
    work()
    return time.monotonic() - began_s
