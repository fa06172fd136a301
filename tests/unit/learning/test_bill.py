"""Where the month's bill will end: an interval that holds what it says, sun and all."""

from collections.abc import Callable

import numpy as np
import pytest

from sunmeter.learning import bill
from sunmeter.learning.forecast import TooLittleData
from sunmeter.learning.series import Floats

A_EURO = 1_000_000


def a_year(seed: int, days: int = 365) -> Floats:
    """Daily costs of a home with a roof [micro]: below nought in summer, 4 a day in winter."""
    chance = np.random.default_rng(seed)
    season = np.cos(2 * np.pi * np.arange(days) / 365)
    costs: Floats = (1.8 + 2.2 * season + chance.gamma(2.0, 0.6, days) - 1.2) * A_EURO
    return costs


def held(rest: Callable[[Floats, int], bill.Rest]) -> float:
    """The part of a year's month-ends that lay within the interval, over twenty homes."""
    inside = []
    for seed in range(20):
        costs = a_year(seed)
        for day in range(90, 340, 25):
            found = rest(costs[:day], 20)
            inside.append(found.lo_micro <= costs[day : day + 20].sum() <= found.hi_micro)
    return float(np.mean(inside))


def test_the_interval_holds_about_80_of_100_months_through_all_seasons() -> None:
    assert 0.7 < held(bill.rest) < 0.95


def test_an_interval_of_independent_days_would_be_found_out() -> None:
    """The broken build: what a day's spread alone says, as if no season moved."""

    def independent(costs: Floats, days: int) -> bill.Rest:
        mid, half = days * costs[-28:].mean(), 1.2816 * costs[-28:].std() * days**0.5
        return bill.Rest(mid - half, mid, mid + half)

    assert held(independent) < 0.6


def test_a_roof_that_earns_gives_a_rest_below_nought() -> None:
    found = bill.rest(np.full(60, -2.0 * A_EURO), 10)
    assert [found.lo_micro, found.p50_micro, found.hi_micro] == pytest.approx([-20.0 * A_EURO] * 3)


def test_a_young_home_has_an_interval_of_its_days_spread() -> None:
    found = bill.rest(np.array([1.0, 2.0, 3.0] * 4) * A_EURO, 20)
    assert found.lo_micro < found.p50_micro == pytest.approx(40 * A_EURO, rel=0.1)
    assert found.hi_micro > found.p50_micro


def test_days_that_are_not_known_are_left_out() -> None:
    costs = np.full(60, 1.0 * A_EURO)
    costs[::7] = np.nan
    assert bill.rest(costs, 10).p50_micro == pytest.approx(10 * A_EURO)


def test_too_few_days_tell_nothing() -> None:
    with pytest.raises(TooLittleData):
        bill.rest(np.array([1.0] * 6 + [np.nan] * 20), 10)
