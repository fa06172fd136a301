"""An instance may die at any call it makes: what it left undone is done in the end, and nothing is done twice."""

import contextlib
import datetime as dt

import pytest

from contract import documents
from contract.ledger import LocalDay
from dev.actors import Json
from dev.stack import Stack
from dev.triggers import triggers_lost
from sunmeter import push, reconcile
from tests.emulator.inprocess import Functions, Killed
from tests.emulator.world import World, days_ago, event, sent

pytestmark = pytest.mark.stack

DEVICE = "phone"


def dying() -> contextlib.suppress:
    return contextlib.suppress(Killed, push.NotAllReached)


def live_through(functions: Functions, world: World, day: LocalDay, boot_id: int) -> None:
    """A day comes in two requests with an event, whoever dies meanwhile; the hub repeats what was not answered."""
    items = sent(world.quarters(day))
    happened = event(world.meter, boot_id=boot_id, start_boot=boot_id, channel=f"run_{boot_id}")  # none cools down
    for batch in ([happened, *items[:48]], items[48:]):
        before = look(functions, world, day)
        answered = False
        while not answered:
            with dying():
                assert functions.send(batch).status_code == 200
                answered = True
        with dying():  # a trigger that dies is lost
            functions.trigger(world.home, day.day, before, look(functions, world, day))
        with dying():
            functions.run_pushes()


def heal(functions: Functions) -> None:
    """An hour passes: the reconciler runs, and the queue."""
    functions.now_ms += 3_600_000
    for _ in range(2):  # should it die itself, it runs again an hour later
        with dying():
            reconcile.heal_months(functions.cloud)
            reconcile.retry_pushes(functions.cloud)
            functions.run_pushes()


def look(functions: Functions, world: World, day: LocalDay) -> Json | None:
    """The day as it stands, past the counting and cutting."""
    return world.db.document(documents.day(world.home, day.day)).get().to_dict()


def is_whole(world: World, day: LocalDay, boot_id: int) -> bool:
    """Is the day stored, its month told, and its alert sent?"""
    stored = world.db.document(documents.day(world.home, day.day)).get().to_dict() or {}
    month = world.db.document(documents.month(world.home, day.month)).get().to_dict() or {}
    alert = world.db.document(documents.alert(world.home, f"{world.meter}-{boot_id}-40")).get().to_dict() or {}
    import_wh = 100.0 * day.quarters
    return (
        stored.get("totals", {}).get("import_wh") == import_wh
        and month.get("days", {}).get(day.day[8:], {}).get("import_wh") == import_wh
        and alert.get("push") == "sent"
        and len(alert["pushed"]) == 1
        and not alert["pushing"]
    )


@pytest.mark.slow
def test_wherever_an_instance_dies_everything_is_whole_in_the_end(stack: Stack) -> None:
    world = World.made(stack)
    token = {"token": "t", "platform": "web", "updated": dt.datetime.now(dt.UTC)}
    world.db.document(documents.push_device(world.owner.uid, DEVICE)).set(token)
    damaged, told_twice, runs = 0, 0, 0
    with triggers_lost(stack):
        calls = run(world, 0, None, False).wire.calls
        assert is_whole(world, days_ago(1), 0)
        for number in range(2 * calls):
            runs += 1
            day, boot_id = days_ago(2 + number), 1 + number
            functions = run(world, boot_id, number // 2 + 1, number % 2 == 1, day)
            damaged += not is_whole(world, day, boot_id)
            heal(functions)
            assert is_whole(world, day, boot_id), f"died at call {number // 2 + 1}"
            assert 1 <= len(functions.told) <= 2
            told_twice += len(functions.told) == 2
    assert damaged > runs / 8  # without the reconciler much would stay undone
    assert told_twice <= 4  # only who dies between FCM's answer and its record


def run(world: World, boot_id: int, cut_at: int | None, cut_after: bool, day: LocalDay | None = None) -> Functions:
    functions = Functions.of(world.stack, world.hub.uid)
    functions.wire.cut_at, functions.wire.cut_after = cut_at, cut_after
    live_through(functions, world, day or days_ago(1), boot_id)
    return functions
