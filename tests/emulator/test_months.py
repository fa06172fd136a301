"""Day to month on the emulators: how often it is written, and that what is lost is found."""

from functools import partial

import pytest

from contract.documents import MONTH_COLUMNS, unpack
from dev.actors import Json
from dev.triggers import triggers_lost
from tests.emulator.world import World, days_ago, eventually, sent, yesterday

pytestmark = pytest.mark.stack


def month_of(world: World, day: str) -> Json | None:
    return world.owner.get(f"homes/{world.home}/months/{day[:7]}")


def test_hours_and_totals_of_a_month_come_from_its_days(world: World) -> None:
    day = yesterday()
    world.hub.ingest(sent(world.quarters(day)))
    month = eventually(lambda: month_of(world, day.day))
    hours = unpack(MONTH_COLUMNS["house_wh"], month["columns"]["house_wh"])
    first = (day.start_s - month["start_s"]) // 3600
    assert hours[first : first + 24] == [480] * 24
    assert month["totals"]["self_used_wh"] == 96 * 20.0


def test_a_running_day_writes_its_month_six_times(world: World) -> None:
    day = yesterday()
    reference = world.db.document(f"homes/{world.home}/months/{day.month}")

    def holds(rev: int) -> bool:
        month = reference.get().to_dict()
        return month is not None and month["days"][day.day[8:]]["rev"] == rev

    writes = set()
    for rev, each in enumerate(sent(world.quarters(day)), start=1):
        world.hub.ingest([each])
        if rev % 16 == 0:
            eventually(partial(holds, rev))
            writes.add(reference.get().update_time)
    assert len(writes) == 6


def test_a_late_interval_of_a_finished_day_reaches_the_month(world: World) -> None:
    day = yesterday()
    each = sent(world.quarters(day))
    world.hub.ingest(each[:50] + each[51:])
    entry = eventually(lambda: (month_of(world, day.day) or {}).get("days", {}).get(day.day[8:]))
    assert entry["import_wh"] == 9500.0
    world.hub.ingest([each[50]])
    eventually(lambda: (month_of(world, day.day) or {})["days"][day.day[8:]]["import_wh"] == 9600.0)


def test_a_lost_trigger_is_healed_by_the_reconciler(world: World) -> None:
    days = [days_ago(1), days_ago(2)]
    with triggers_lost(world.stack):
        for day in days:
            world.hub.ingest(sent(world.quarters(day)))
        assert month_of(world, days[0].day) is None
        world.stack.clock.fire("reconcile")
        for day in days:
            month = month_of(world, day.day)
            assert month is not None
            assert month["days"][day.day[8:]]["import_wh"] == 9600.0


def test_a_second_run_of_the_reconciler_finds_nothing_to_do(world: World) -> None:
    day = yesterday()
    with triggers_lost(world.stack):
        world.hub.ingest(sent(world.quarters(day)))
        world.stack.clock.fire("reconcile")
        path = f"homes/{world.home}/months/{day.month}"
        before = world.db.document(path).get().update_time
        world.stack.clock.fire("reconcile")
        assert world.db.document(path).get().update_time == before
