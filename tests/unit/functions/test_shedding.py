"""Loads return one after the other: a hundred homes on one feeder, after an outage and after a shed."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sunmeter.domain import shedding
from sunmeter.domain.shedding import LEAST_SPREAD_MS, MOST_SPREAD_MS
from tests.unit.functions.feeder import peaks

MINUTE_MS = 60_000


def staggered(home: str, from_ms: int, off_ms: int) -> int:
    return shedding.return_ms("outage-7", home, from_ms, shedding.spread_ms(off_ms))


def at_once(home: str, from_ms: int, off_ms: int) -> int:
    return from_ms


@pytest.mark.slow
@pytest.mark.parametrize("has_power", [False, True], ids=["after an outage", "after a shed"])
@pytest.mark.parametrize(("off_min", "share"), [(30, 0.95), (60, 0.75), (120, 0.65), (240, 0.65)])
def test_a_hundred_homes_return_with_a_lower_peak(off_min: int, share: float, has_power: bool) -> None:
    streets = [peaks(100, off_min, has_power, staggered, seed) for seed in range(3)]
    assert sum(each.staggered_kw / each.at_once_kw for each in streets) / len(streets) <= share
    assert all(each.at_once_kw > 1.3 * each.calm_kw for each in streets), "without it the feeder is hit"


def test_a_build_that_does_not_stagger_would_be_caught() -> None:
    found = peaks(100, 60, False, at_once)
    assert found.staggered_kw == found.at_once_kw


@given(some.text("abcdef0123456789", min_size=1, max_size=20), some.integers(0, 1 << 44), some.integers(0, 1 << 32))
def test_a_return_is_the_same_whoever_asks_and_lies_within_its_spread(home: str, from_ms: int, off_ms: int) -> None:
    spread = shedding.spread_ms(off_ms)
    assert LEAST_SPREAD_MS <= spread <= MOST_SPREAD_MS
    at_ms = shedding.return_ms("mark", home, from_ms, spread)
    assert at_ms == shedding.return_ms("mark", home, from_ms, spread)
    assert from_ms <= at_ms < from_ms + spread


def test_each_event_has_another_order_and_no_minute_takes_too_many() -> None:
    homes = [f"h{n}" for n in range(100)]
    orders = [sorted(homes, key=lambda home: shedding.return_ms(mark, home, 0, 1 << 30)) for mark in ("a", "b")]
    assert orders[0] != orders[1]
    minutes = [staggered(home, 0, 60 * MINUTE_MS) // MINUTE_MS for home in homes]
    assert max(minutes.count(minute) for minute in set(minutes)) <= 7
