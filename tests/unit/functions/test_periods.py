"""Whose a quarter is when meters move between homes and hubs."""

import pytest

from sunmeter.contract.refusal import Refusal
from sunmeter.domain import periods
from sunmeter.domain.periods import Assignment

MOVED_S = 900_000
FIRST = Assignment("old-home", "old-hub", 0, MOVED_S)
SECOND = Assignment("new-home", "new-hub", MOVED_S, None)


def test_a_quarter_goes_to_the_home_of_its_period_and_to_no_other() -> None:
    for start_s in range(0, 2 * MOVED_S, 900):
        expected = FIRST if start_s < MOVED_S else SECOND
        assert periods.at([FIRST, SECOND], start_s) == expected


def test_a_quarter_between_two_periods_is_nobody_s() -> None:
    later = Assignment("new-home", "new-hub", MOVED_S + 900, None)
    with pytest.raises(Refusal, match="unassigned:start_s"):
        periods.at([FIRST, later], MOVED_S)


def test_only_the_hub_of_the_period_may_write() -> None:
    assert periods.home_for(FIRST, "old-hub") == "old-home"
    with pytest.raises(Refusal, match="not_your_meter:meter"):
        periods.home_for(FIRST, "new-hub")


def test_the_hub_that_came_after_it_in_the_same_home_may_too() -> None:
    assert periods.successor(FIRST, {"home": "old-home", "hub": "new-hub"}) == "new-hub"
    assert [periods.home_for(FIRST, hub, "new-hub") for hub in ("old-hub", "new-hub")] == ["old-home"] * 2
    with pytest.raises(Refusal, match="not_your_meter:meter"):
        periods.home_for(FIRST, "a third", "new-hub")


@pytest.mark.parametrize("meter", [{"home": "new-home", "hub": "new-hub"}, {"home": None, "hub": None}])
def test_a_meter_that_left_the_home_takes_no_hub_into_its_past(meter: dict[str, str | None]) -> None:
    assert periods.successor(FIRST, meter) is None


def test_a_meter_that_nobody_knows_and_one_that_nobody_claimed_are_told_apart() -> None:
    with pytest.raises(Refusal, match="unknown_meter:meter"):
        periods.current(None)
    with pytest.raises(Refusal, match="unassigned:meter"):
        periods.current({"sighted": {"hub": 1}})
