"""How many intervals a second `ingest` takes in: of fifty homes a request as hubs send them, and of a backlog.

`intervals_per_s_steady`: the quarter of fifty homes in each request, over HTTP to the emulated functions, one request
after the other.

A hub's backlog, whole days of one home in each request, is compared with bare writes from this process, where nothing
is judged, priced, summed or read. `backlog_vs_bare_writes` is against as many documents as it writes itself: the
finished days, a `set` each. This is the goal's, the harder one: what is left is all that ingest does.
`backlog_vs_bare_intervals` is against a document for each interval, in batches: what a store without days would write.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Callable
from functools import partial

from bench._cost_play import neighbours
from contract import documents
from contract.ledger import Interval, LocalDay
from dev.actors import Json
from dev.stack import Stack
from dev.triggers import triggers_lost
from sunmeter.contract import ledger
from sunmeter.domain import days
from sunmeter.store import NOW
from tests.emulator.inprocess import Functions
from tests.emulator.world import ZONE, World, days_ago, quarters, sent

SMALL = os.environ.get("SMALL") == "1"
HOMES = 50
REQUESTS, WARM_UP = (6, 2) if SMALL else (24, 4)
BACKLOG_DAYS = 7 if SMALL else 28
BATCH = 480  # writes; Firestore takes 500
AT_ONCE = 7  # days a request: the parcel of a hub is 672 intervals


def measure(stack: Stack) -> dict[str, float]:
    with triggers_lost(stack):
        steady_per_s = steady(World.made(stack))
        backlog_per_s, bare_per_s, days_per_s = backlog(World.made(stack))
    print(
        f"ingest, {HOMES} homes a request: {steady_per_s:.0f} intervals/s over HTTP; a backlog {backlog_per_s:.0f}/s,",
        end=" ",
    )
    print(f"{backlog_per_s / days_per_s:.2f} of the same days written bare ({days_per_s:.0f}/s),", end=" ")
    print(f"{backlog_per_s / bare_per_s:.1f} of a document for each interval written bare ({bare_per_s:.0f}/s)")
    return {
        "intervals_per_s_steady": steady_per_s,
        "backlog_intervals_per_s": backlog_per_s,
        "bare_intervals_per_s": bare_per_s,
        "backlog_vs_bare_writes": backlog_per_s / days_per_s,
        "backlog_vs_bare_intervals": backlog_per_s / bare_per_s,
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


def backlog(world: World) -> tuple[float, float, float]:
    """Intervals a second of the same days, from this process: (through the handler, a document each, their days)."""
    functions = Functions.of(world.stack, world.hub.uid)
    spans = [days_ago(ago) for ago in range(BACKLOG_DAYS + 1, 1, -1)]
    told = {span: world.quarters(span) for span in spans}
    parcels = [
        [interval for span in spans[at : at + AT_ONCE] for interval in told[span]]
        for at in range(0, len(spans), AT_ONCE)
    ]
    requests = [functions.request(sent(parcel)) for parcel in parcels]
    finished = {span: finished_day(span, told[span]) for span in spans}
    with contextlib.redirect_stdout(io.StringIO()):  # the functions log what they do
        functions.send(sent(world.quarters(days_ago(1), 1)))  # the connection opens
        through_s = seconds(lambda: [functions.receive(request) for request in requests])
    bare_s = seconds(partial(write_bare, world, parcels))
    days_s = seconds(partial(write_days, world, finished))
    number = sum(map(len, told.values()))
    return number / through_s, number / bare_s, number / days_s


def finished_day(span: LocalDay, intervals: list[Interval]) -> Json:
    """The document of a day as the functions leave it."""
    local = ledger.LocalDay(span.day, span.start_s, span.quarters)
    read = [ledger.parse_interval(interval.to_json()) for interval in intervals]
    return days.write(days.merge(days.empty(local, ZONE), read))


def write_bare(world: World, parcels: list[list[Interval]]) -> None:
    """A document for each, in batches."""
    for parcel in parcels:
        for at in range(0, len(parcel), BATCH):
            batch = world.db.batch()
            for interval in parcel[at : at + BATCH]:
                reference = world.db.document(f"homes/bare/intervals/{interval.meter}-{interval.start_s}")
                batch.set(reference, interval.to_json())
            batch.commit()


def write_days(world: World, finished: dict[LocalDay, Json]) -> None:
    """One after the other."""
    for span, fields in finished.items():
        world.db.document(documents.day("bare", span.day)).set({**fields, "updated": NOW})


def seconds(work: Callable[[], object]) -> float:
    began_s = time.monotonic()
    work()
    return time.monotonic() - began_s
