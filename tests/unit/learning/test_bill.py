"""Where the month's bill will end: an interval that holds what it says, sun and all."""

import numpy as np
import pytest

from sunmeter.learning import bill
from sunmeter.learning.forecast import TooLittleData

A_EURO = 1_000_000


def a_year(seed: int, days: int = 365) -> bill.Floats:
    """Daily costs of a home with a roof [micro]: below nought in summer, 4 a day in winter."""
    chance = np.random.default_rng(seed)
    season = np.cos(2 * np.pi * np.arange(days) / 365)
    costs: bill.Floats = (1.8 + 2.2 * season + chance.gamma(2.0, 0.6, days) - 1.2) * A_EURO
    return costs


def test_the_interval_holds_about_80_of_100_months_and_is_no_wider_than_it_must_be() -> None:
    inside, widths, spreads = [], [], []
    for seed in range(20):
        costs = a_year(seed)
        for day in range(120, 330, 30):
            found = bill.rest(costs[:day], 20)
            actual = costs[day : day + 20].sum()
            inside.append(found.lo_micro <= actual <= found.hi_micro)
            widths.append(found.hi_micro - found.lo_micro)
            spreads.append(costs[day : day + 20].sum() - found.p50_micro)
    assert 0.65 < np.mean(inside) < 0.95
    assert np.mean(widths) < 4 * np.std(spreads)


def test_a_roof_that_earns_gives_a_rest_below_nought() -> None:
    found = bill.rest(np.full(60, -2.0 * A_EURO), 10)
    assert found.lo_micro == found.p50_micro == found.hi_micro == pytest.approx(-20.0 * A_EURO)


def test_a_young_home_has_an_interval_of_its_days_spread() -> None:
    found = bill.rest(np.array([1.0, 2.0, 3.0] * 4) * A_EURO, 20)
    assert found.lo_micro < found.p50_micro == pytest.approx(40 * A_EURO, rel=0.05)
    assert found.hi_micro > found.p50_micro


def test_days_that_are_not_known_are_left_out() -> None:
    costs = np.full(60, 1.0 * A_EURO)
    costs[::7] = np.nan
    assert bill.rest(costs, 10).p50_micro == pytest.approx(10 * A_EURO)


def test_too_few_days_tell_nothing() -> None:
    with pytest.raises(TooLittleData):
        bill.rest(np.array([1.0] * 6 + [np.nan] * 20), 10)
