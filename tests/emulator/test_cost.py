"""What a home costs while nobody watches: every read and write of a day, counted at Firestore's door."""

from collections.abc import Callable

import pytest

from contract import documents
from contract.ledger import QUARTER_S
from dev.stack import Stack
from dev.triggers import triggers_lost
from sunmeter import reconcile, training
from tests.emulator.inprocess import Functions
from tests.emulator.world import World, days_ago

pytestmark = pytest.mark.stack

MINUTES_A_DAY = 1440


def heartbeat(meter: str, now_ms: int) -> dict[str, object]:
    health = {"last_ms": now_ms, "firmware": 1, "model": 0}
    return {"type": "heartbeat", "version": "0.1.0", "queue": 0, "meters": {meter: health}}


@pytest.mark.slow
def test_a_home_that_nobody_watches_takes_at_most_115_writes_a_day(
    stack: Stack, record_property: Callable[[str, object], None]
) -> None:
    world, day = World.made(stack), days_ago(1)
    functions = Functions.of(stack, world.hub.uid, day.start_s * 1000)
    path = documents.day(world.home, day.day)
    rate = {
        "kind": "zones",
        "price_micro": 250_000,
        "zones": [{"price_micro": 180_000, "from_min": 1320, "to_min": 360}],
    }
    world.owner.call("settariff", home=world.home, tariff={"valid_from": "2026-01-01", "import": rate})
    with triggers_lost(stack):  # it is told by hand below, so that its reads and writes are counted
        for index, interval in enumerate(world.quarters(day)):
            for minute in range(QUARTER_S // 60):
                functions.now_ms = (day.start_s + index * QUARTER_S + minute * 60) * 1000
                functions.send([heartbeat(world.meter, functions.now_ms)])
            before = world.db.document(path).get().to_dict()
            functions.now_ms = (interval.start_s + QUARTER_S) * 1000
            functions.send([interval.to_json()])
            functions.trigger(world.home, day.day, before, world.stored(path))
            if index % 4 == 3:
                reconcile.run(functions.cloud)
        ledger_writes = functions.wire.writes
        training.train({"home": world.home, "day": day.day}, functions.cloud)
    hourly_marks = 24  # the reconciler's own note of how far it came: one document for all homes
    writes = functions.wire.writes - hourly_marks
    record_property("writes_per_home_day", writes)
    record_property("reads_per_home_day", functions.wire.reads)
    print(f"writes {writes} (night {functions.wire.writes - ledger_writes}), reads {functions.wire.reads}")
    assert 96 + 6 <= writes <= 115
