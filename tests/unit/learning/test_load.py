"""The three methods of the load: what each of them sees that the others do not."""

import numpy as np

from sunmeter.learning import load as load_of
from sunmeter.learning.alike import days_alike
from sunmeter.learning.days import LEVELS, Past, past_of
from sunmeter.learning.hours import regression
from sunmeter.learning.lags import lagged
from sunmeter.learning.recursion import medians
from sunmeter.learning.series import Floats, Hourly

DAY_S = 86_400
DAYS = 150
MEDIAN = LEVELS.index(0.5)
SHAPE = 300 + 500 * np.exp(-0.5 * ((np.arange(24) - 19) / 2.5) ** 2)


def past(rows: Floats) -> Past:
    series = Hourly(DAY_S * 20_454, rows.ravel())  # from a midnight on
    return past_of(series, series.end_s, "UTC")


def levels(days: int, chance: np.random.Generator) -> Floats:
    """Levels of days that follow each other closely: logarithms, one for each."""
    found = np.zeros(days)
    for day in range(1, days):
        found[day] = 0.85 * found[day - 1] + chance.normal(0, 0.2)
    return found


def test_the_regression_follows_levels_that_last_and_the_profile_does_not() -> None:
    chance = np.random.default_rng(5)
    errors = np.zeros(2)
    for _ in range(6):
        level = levels(DAYS + 1, chance)
        rows = SHAPE * np.exp(level[:, None] + chance.normal(0, 0.1, (DAYS + 1, 24)))
        before = past(rows[:-1])
        told = (regression(lagged(before, 0), 0)[MEDIAN], load_of.profile(before, 0).quantiles[MEDIAN])
        errors += [np.abs(rows[-1] - each).mean() for each in told]
    assert errors[0] < 0.7 * errors[1]


def test_two_days_ahead_nothing_of_the_day_between_is_known() -> None:
    rows = SHAPE * np.exp(np.random.default_rng(2).normal(0, 0.2, (DAYS, 24)))
    other = rows.copy()
    other[-1] = np.roll(rows[-1], 12)  # the newest row, at the same mean
    for lead in (0, 1):
        known, changed = lagged(past(rows), lead), lagged(past(other), lead)
        np.testing.assert_allclose(known.lags[-2], changed.lags[-2])
        assert np.abs(known.lags[-1, :, 0] - changed.lags[-1, :, 0]).max() > 0.3
        np.testing.assert_allclose(known.lags[-2, :, 0] + known.usual[-2], known.logs[-2 - lead])


def test_intervals_are_wide_where_the_load_is_high() -> None:
    chance = np.random.default_rng(7)
    level = np.where(np.arange(DAYS) % 20 < 10, 0.0, 1.2)  # ten quiet days, ten busy ones that nobody can tell
    rows = SHAPE * np.exp(level[:, None] + chance.normal(0, 1, (DAYS, 24)) * np.where(level > 0, 0.4, 0.05)[:, None])
    quiet, busy = (regression(lagged(past(rows[:days]), 0), 0) for days in (146, 136))
    width = [np.median((told[3] - told[1]) / told[MEDIAN]) for told in (quiet, busy)]
    assert width[1] > 2 * width[0]


def test_days_alike_are_those_that_began_as_this_one() -> None:
    chance = np.random.default_rng(3)
    away = np.arange(DAYS) // 9 % 3 == 2  # nobody is there for nine days in twenty-seven
    rows = np.where(away[:, None], 60.0, SHAPE) * np.exp(chance.normal(0, 0.1, (DAYS, 24)))
    for last in (np.flatnonzero(away)[-3], np.flatnonzero(~away)[-3]):
        known = lagged(past(rows[: last + 1]), 0)
        told = days_alike(known, np.ones((last + 1, 24)))[MEDIAN]
        assert 0.7 < np.median(told / np.where(away[last], 60.0, SHAPE)) < 1.3


def test_the_recursion_leads_from_the_last_hours_into_what_is_usual() -> None:
    chance = np.random.default_rng(4)
    noise = np.zeros(DAYS * 24)
    for hour in range(1, len(noise)):
        noise[hour] = 0.8 * noise[hour - 1] + chance.normal(0, 0.15)
    noise[-6:] = 1.5
    told = medians(past(np.tile(SHAPE, (DAYS, 1)) * np.exp(noise.reshape(DAYS, 24))), 0)
    unusual = np.log(told / SHAPE)
    assert unusual[0] > 0.8
    assert abs(unusual[12:].mean()) < 0.3
    assert unusual[0] > unusual[2] > unusual[5]


def test_the_average_of_the_three_is_ordered_and_its_mean_lies_above_its_median_where_errors_are_skewed() -> None:
    chance = np.random.default_rng(6)
    rows = SHAPE * np.exp(chance.normal(0, 0.6, (DAYS, 24)))
    told = load_of.combined(past(rows), 0)
    assert (np.diff(told.quantiles, axis=0) > 0).all()
    assert (told.mean > told.quantiles[MEDIAN]).mean() > 0.9
    assert told.mean.mean() < rows.mean()
