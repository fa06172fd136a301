"""kill -9 at random points on a bad network. The long version is `make bench NAME=faults`."""

import pytest

from tests.edge.faults.builds import CAUGHT_BY_KILLS
from tests.edge.faults.kills import kill_again_and_again

KILLS, ENOUGH = 20, 60


def test_killed_at_random_points_it_loses_nothing_and_counts_nothing_twice() -> None:
    tally = kill_again_and_again(KILLS)
    assert tally.faults == KILLS
    assert tally.acknowledged > 200
    assert not tally.findings, tally.findings.some()


@pytest.mark.parametrize("build", CAUGHT_BY_KILLS)
def test_kills_catch_a_hub_that(build: str) -> None:
    assert kill_again_and_again(ENOUGH, build).findings
