"""Spoilt requests over HTTP: named errors, none of ours, and nothing stored by halves."""

import pytest

from tests.emulator.spoiling import Spoiling
from tests.emulator.world import World

pytestmark = pytest.mark.stack

REQUESTS = 150


def test_what_is_stored_is_exactly_what_was_accepted(world: World) -> None:
    spoiling = Spoiling(world, seed=4)
    for _ in range(REQUESTS):
        spoiling.once()
    assert set(spoiling.statuses) == {200, 400}
    assert spoiling.unnamed == 0
    assert min(spoiling.accepted, spoiling.refused) > REQUESTS / 3
    assert spoiling.days_amiss() == []


def test_a_day_with_a_quarter_more_than_was_accepted_is_seen(world: World) -> None:
    spoiling = Spoiling(world, seed=5)
    for _ in range(20):
        spoiling.once()
    day, kept = spoiling.wanted.popitem()
    path = f"homes/{world.home}/days/{day}"
    columns = {**world.stored(path)["columns"], "rev": bytes(len(kept.columns["rev"]))}
    world.db.document(path).update({"columns": columns})
    spoiling.wanted[day] = kept
    assert spoiling.days_amiss() == [day]
