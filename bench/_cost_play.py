"""A day of a home through the functions on the emulator, each invocation weighed: calls, reads, writes, CPU.

The functions run in this process. `time.process_time` counts all of its threads, the Firestore client's among them.
What Google's front end and runtime add to an invocation is not in it.
"""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.cloud.firestore_v1 import _helpers
from google.cloud.firestore_v1.types import Document
from google.events.cloud.firestore import Document as EventDocument  # type: ignore[import-untyped]
from google.events.cloud.firestore import DocumentEventData

from contract import documents
from contract.ledger import QUARTER_S, LocalDay
from dev.actors import Json
from sunmeter import reconcile, training
from sunmeter.contract.ledger import Interval
from sunmeter.domain.presence import BEAT_S
from sunmeter_edge import watch
from tests.emulator.inprocess import Functions
from tests.emulator.world import World, days_ago, quarters

RPCS = {"begin_transaction", "commit", "batch_get_documents", "run_query", "rollback"}
RIDES_S = getattr(watch, "RIDES_S", 0.0)  # a heartbeat due so soon goes with the intervals
TARIFF = {
    "valid_from": "2026-01-01",
    "import": {
        "kind": "zones",
        "price_micro": 250_000,
        "zones": [{"price_micro": 180_000, "from_min": 1320, "to_min": 360}],
    },
}


@dataclass(frozen=True)
class Invocation:
    """What one run of a function took."""

    cpu_s: float
    rpcs: int  # one after the other; those of days that are stored side by side count once
    reads: int
    writes: int

    def beyond(self, other: Invocation) -> Invocation:
        """What it took more than another."""
        return Invocation(
            max(0.0, self.cpu_s - other.cpu_s),
            self.rpcs - other.rpcs,
            self.reads - other.reads,
            self.writes - other.writes,
        )


class CountedRpcs:
    """Firestore's API, every remote call counted, those that begin a transaction too."""

    def __init__(self, api: Any):
        self._api = api
        self._by_thread: Counter[int] = Counter()

    def take(self) -> int:
        """Calls since this was last asked, in turn: this thread's, and the most of any other."""
        mine = self._by_thread.pop(threading.get_ident(), 0)
        others = max(self._by_thread.values(), default=0)
        self._by_thread.clear()
        return mine + others

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._api, name)
        if name not in RPCS:
            return found

        def counted(*args: Any, **more: Any) -> Any:
            self._by_thread[threading.get_ident()] += 1
            return found(*args, **more)

        return counted


@dataclass
class Scales:
    """The functions of one project, and what each of their invocations took, by function."""

    world: World
    functions: Functions = field(init=False)
    taken: dict[str, list[Invocation]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        stack = self.world.stack
        self.functions = Functions.of(stack, self.world.hub.uid, 0)
        self._rpcs = CountedRpcs(self.functions.db._firestore_api_internal)
        self.functions.db._firestore_api_internal = self._rpcs

    @contextlib.contextmanager
    def weighing(self, function: str) -> Iterator[None]:
        wire, reads, writes = self.functions.wire, self.functions.wire.reads, self.functions.wire.writes
        self._rpcs.take()
        began_s = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):  # the functions log what they do
            yield
        cpu_s = time.process_time() - began_s
        taken = Invocation(cpu_s, self._rpcs.take(), wire.reads - reads, wire.writes - writes)
        self.taken[function].append(taken)

    def total(self, name: str, *functions: str) -> int:
        """A count over all invocations of those functions."""
        return sum(getattr(each, name) for function in functions or self.taken for each in self.taken[function])


def heartbeat(meters: list[str], now_ms: int) -> Json:
    health = {meter: {"last_ms": now_ms, "firmware": 1, "model": 0} for meter in meters}
    return {"type": "heartbeat", "version": "0.1.0", "queue": 0, "meters": health, "damaged_ms": 0}


def play_day(world: World, day: LocalDay, intervals: list[Interval]) -> Scales:
    """A hub of one home that nobody watches, whole: every request, trigger, look of the reconciler, and the night."""
    scales = Scales(world)
    functions, path = scales.functions, documents.day(world.home, day.day)
    functions.now_ms = day.start_s * 1000
    with contextlib.redirect_stdout(io.StringIO()):
        training.train({"home": world.home, "day": days_ago(2).day}, functions.cloud)  # the night before, as any
        functions.send([heartbeat([world.meter], functions.now_ms)])  # and a hub that was known before
    beat_at_s = float(day.start_s)
    for index, interval in enumerate(intervals):
        now_s = interval.start_s + QUARTER_S
        while beat_at_s + RIDES_S < now_s:
            functions.now_ms = int(beat_at_s * 1000)
            with scales.weighing("heartbeat"):
                functions.send([heartbeat([world.meter], functions.now_ms)])
            beat_at_s += BEAT_S
        functions.now_ms, before = now_s * 1000, world.db.document(path).get().to_dict()
        rides = beat_at_s <= now_s + RIDES_S
        beat = [heartbeat([world.meter], functions.now_ms)] if rides and RIDES_S else []
        beat_at_s += BEAT_S * bool(beat)
        with scales.weighing("ingest"):
            functions.send([interval.to_json(), *beat])
        change = change_event(path, before, world.stored(path))
        with scales.weighing("onday"):
            functions.trigger(world.home, day.day, *decoded(functions, change))
        if index % 4 == 3:
            with scales.weighing("reconcile"):
                reconcile.run(functions.cloud)
    with scales.weighing("trainhome"):
        training.train({"home": world.home, "day": day.day}, functions.cloud)
    return scales


def change_event(path: str, before: Json | None, after: Json) -> bytes:
    """A change of a document as Eventarc delivers it."""

    def document(fields: Json | None) -> Any:
        if fields is None:
            return None
        stored = Document(name=path, fields=_helpers.encode_dict(fields))
        return EventDocument.deserialize(Document.serialize(stored))  # the same bytes, in two libraries

    event = DocumentEventData(value=document(after), old_value=document(before))
    return bytes(DocumentEventData.serialize(event))


def decoded(functions: Functions, change: bytes) -> list[Any]:
    """Before and after, unpacked as the SDK does it for a trigger."""
    told = DocumentEventData.deserialize(change)
    return [_helpers.decode_dict(each.fields, functions.db) if each else None for each in (told.old_value, told.value)]


def idle_reconcile(world: World) -> Invocation:
    """A look of the reconciler that finds nothing to look at: what is paid once for all homes."""
    scales = Scales(world)
    scales.functions.now_ms = time.time_ns() // 1_000_000
    model = world.db.document(documents.insight(world.home, "model"))
    model.set({"trained_ms": scales.functions.now_ms}, merge=True)  # a home that never was is looked for
    for _ in range(2):  # the first one opens the connection
        with scales.weighing("reconcile"):
            reconcile.run(scales.functions.cloud)
    return scales.taken["reconcile"][-1]


def play_requests(world: World, day: LocalDay, homes: int, requests: int) -> list[Invocation]:
    """Requests of a hub with so many homes, each with a quarter of every one of them."""
    scales, meters = Scales(world), neighbours(world, homes)
    series = {meter: list(quarters(meter, day, requests)) for meter in meters}
    for index in range(requests):
        scales.functions.now_ms = (day.start_s + (index + 1) * QUARTER_S) * 1000
        items = [intervals[index].to_json() for intervals in series.values()]
        with scales.weighing("ingest"):
            assert scales.functions.send([*items, heartbeat(meters, scales.functions.now_ms)]).status_code == 200
    return scales.taken["ingest"]


def neighbours(world: World, homes: int) -> list[str]:
    """Meters of so many homes on one hub: copies of the first home, as the functions would have made them."""
    home, meter = world.stored(documents.home(world.home)), world.stored(documents.meter(world.meter))
    batch, meters = world.db.batch(), [world.meter]
    for number in range(1, homes):
        other, its_home = f"m-n{number:09d}", f"neighbour{number}"
        batch.set(world.db.document(documents.home(its_home)), {**home, "meter": other})
        batch.set(world.db.document(documents.meter(other)), {**meter, "home": its_home})
        meters.append(other)
    batch.commit()
    return meters


# --- the peers: what a hub sends is stored as it comes, a document each ---


def reading_of(second: int) -> Json:
    """A reading as it would be stored by itself."""
    return {
        "ts_ms": second * 1000,
        "v_v": 230.1,
        "f_hz": 50.0,
        **{"grid_w": 412.0, "pv_w": 80.5, "house_w": 492.5, "q_var": 30.0, "pf": 0.98, "coverage_permille": 1000},
        **{"import_mwh": 12_345_678, "export_mwh": 4_567, "pv_mwh": 7_654_321, "standby_mwh": 4_321},
    }


def play_documents(world: World, day: LocalDay, every_s: int, requests: int) -> tuple[list[Invocation], Json]:
    """Requests of a quarter's readings, a document per `every_s` under its time; and one such document."""
    scales = Scales(world)
    db, hub = scales.functions.db, documents.hub(world.hub.uid)

    def store(start_s: int) -> None:
        db.document(hub).get()  # who sends, as ingest reads it
        batch = db.batch()
        for second in range(start_s, start_s + QUARTER_S, every_s):
            batch.set(db.document(f"homes/{world.home}/readings/{world.meter}-{second}"), reading_of(second))
        batch.commit()

    for index in range(requests):
        with scales.weighing("ingest"):
            store(day.start_s + index * QUARTER_S)
    return scales.taken["ingest"], reading_of(day.start_s)
