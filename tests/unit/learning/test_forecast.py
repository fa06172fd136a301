"""The forecast: what it promises of any history, and that it is better than naive where habits repeat."""

import datetime as dt
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunmeter.learning import forecast as forecasting
from sunmeter.learning.days import weighted_quantiles
from sunmeter.learning.forecast import Bands, Score, TooLittleData
from sunmeter.learning.series import HOUR_S, Floats, Hourly, offsets_s
from tests.unit.learning.homes import START_S, hourly

ZONE = "Europe/Paris"
DAY_S = 24 * HOUR_S


def ordered(bands: Bands) -> bool:
    ladder = (np.zeros(48), bands.lo95, bands.lo80, bands.p50, bands.hi80, bands.hi95)
    return all(bool((low <= high + 1e-9).all()) for low, high in itertools.pairwise(ladder))


def assert_sound(bands: Bands) -> None:
    for series in (bands.p50, bands.mean, bands.lo80, bands.hi80, bands.lo95, bands.hi95):
        assert series.shape == (48,)
        assert np.isfinite(series).all()
    assert ordered(bands)
    assert (bands.mean >= 0).all()


def sunny(days: int, seed: int = 3) -> Hourly:
    chance = np.random.default_rng(seed)
    hour = np.arange(days * 24) % 24
    sun = np.maximum(0, np.sin((hour - 6) / 11 * np.pi)) * ((hour > 6) & (hour < 17))
    return Hourly(START_S, 2500 * sun * np.repeat(chance.uniform(0.2, 1, days), 24))


@pytest.mark.parametrize(("days", "method"), [(7, "profile"), (27, "profile"), (28, "model"), (120, "model")])
def test_the_method_grows_with_the_data(days: int, method: str) -> None:
    found = forecasting.forecast(hourly(days), sunny(days), START_S + days * DAY_S, ZONE)
    assert found.method == method
    assert found.load is not None
    assert found.pv is not None
    assert_sound(found.load)
    assert_sound(found.pv)


def test_below_a_week_there_is_no_forecast_but_a_reason() -> None:
    with pytest.raises(TooLittleData, match="6 of 7 days"):
        forecasting.forecast(hourly(6), None, START_S + 6 * DAY_S, ZONE)


def test_only_the_past_is_looked_at() -> None:
    series = hourly(60)
    start_s = START_S + 40 * DAY_S
    known = forecasting.forecast(series, None, start_s, ZONE)
    unknown = forecasting.forecast(series.before(start_s), None, start_s, ZONE)
    assert known.load is not None
    assert unknown.load is not None
    np.testing.assert_array_equal(known.load.p50, unknown.load.p50)


def test_the_model_is_better_than_naive_where_habits_repeat_and_its_intervals_cover() -> None:
    score = forecasting.backtest(hourly(90), START_S + 90 * DAY_S, ZONE, days=25)
    assert score.days == 25
    assert score.better_than_naive
    assert score.served == "model"
    assert score.mae_wh < 0.8 * score.naive_mae_wh
    assert 0.70 <= score.inside80 <= 0.90
    assert 0.88 <= score.inside95 <= 1.0


@pytest.mark.parametrize("origin_hour", [0, 5, 13, 23])
def test_any_hour_of_the_day_may_be_the_start(origin_hour: int) -> None:
    start_s = START_S + 40 * DAY_S + origin_hour * HOUR_S
    found = forecasting.forecast(hourly(60), None, start_s, ZONE)
    assert found.load is not None
    evening = (19 - origin_hour) % 24
    night = (3 - origin_hour) % 24
    assert found.load.p50[evening] > 1.5 * found.load.p50[night]


def test_habits_follow_the_clock_on_the_wall_over_a_change_of_time() -> None:
    change_s = int(dt.datetime.fromisoformat("2026-03-29T01:00+00:00").timestamp())
    hours = (change_s + 3 * DAY_S - START_S) // HOUR_S
    clock = (START_S + HOUR_S * np.arange(hours) + offsets_s(ZONE, START_S, hours)) // HOUR_S % 24
    series = Hourly(START_S, np.where(clock == 7, 1500.0, 200.0))
    for days in (0, 1, 2):  # the day before, of and after the change
        start_s = change_s - HOUR_S + (days - 1) * DAY_S
        found = forecasting.forecast(series, None, start_s, ZONE)
        assert found.load is not None
        actual = series.between(start_s, start_s + DAY_S)
        np.testing.assert_allclose(found.load.p50[:24], actual, rtol=0.2)


def bad(name: str) -> Hourly:
    series = hourly(60)
    wh = series.wh.copy()
    match name:
        case "constant":
            wh[:] = 300
        case "zero":
            wh[:] = 0
        case "negative":
            wh -= 400
        case "huge":
            wh[5::37] = 1e12
        case "endless":
            wh[5::37] = np.inf
        case "half missing":
            wh[np.random.default_rng(1).random(len(wh)) < 0.5] = np.nan
        case "nights missing":
            wh[np.arange(len(wh)) % 24 < 6] = np.nan
        case "the last week missing":
            wh[-7 * 24 :] = np.nan
        case "a month of holiday":
            wh[:-1] = np.where(np.arange(len(wh) - 1) > 30 * 24, 40, wh[:-1])
    return Hourly(series.start_s, wh)


@pytest.mark.parametrize(
    "name",
    [
        *("constant", "zero", "negative", "huge", "endless"),
        *("half missing", "the last week missing", "a month of holiday"),
    ],
)
def test_a_bad_history_still_gives_a_sound_forecast(name: str) -> None:
    found = forecasting.forecast(bad(name), None, START_S + 60 * DAY_S, ZONE)
    assert found.load is not None
    assert_sound(found.load)
    assert found.load.p50.max() < 20_000
    assert found.month is not None
    assert 0 <= found.month.lo_wh <= found.month.hi_wh < 1e7


def test_hours_that_were_never_measured_are_not_invented_but_named() -> None:
    with pytest.raises(TooLittleData, match="18 of 24 hours"):
        forecasting.forecast(bad("nights missing"), None, START_S + 60 * DAY_S, ZONE)


@pytest.mark.parametrize("served", ["model", "naive"])
def test_hours_not_measured_of_late_are_told_by_the_profile(served: str) -> None:
    series = hourly(90)
    wh = series.wh.copy()
    wh[(np.arange(len(wh)) % 24 < 6) & (np.arange(len(wh)) >= 50 * 24)] = np.nan
    found = forecasting.forecast(Hourly(START_S, wh), None, START_S + 90 * DAY_S, ZONE, served)
    assert found.load is not None
    assert_sound(found.load)
    assert found.load.p50[3] == pytest.approx(np.median(series.wh[: 50 * 24].reshape(-1, 24)[:, 3]), rel=0.3)


def test_a_home_measured_long_ago_is_told_what_is_known_of_it() -> None:
    series = hourly(60)
    silent = Hourly(START_S, np.concatenate([series.wh, np.full(500 * 24, np.nan)]))
    found = forecasting.forecast(silent, None, silent.end_s, ZONE)
    assert found.method == "profile"
    assert found.load is not None
    assert_sound(found.load)
    assert found.month is not None
    assert np.isfinite(found.month.hi_wh)


def test_a_home_that_was_moved_out_of_is_expected_to_use_nothing() -> None:
    series = hourly(120)
    wh = np.where(np.arange(len(series.wh)) >= 85 * 24, 0.0, series.wh)
    found = forecasting.forecast(Hourly(START_S, wh), None, START_S + 120 * DAY_S, ZONE)
    assert found.load is not None
    assert_sound(found.load)
    assert found.load.p50.max() < 30


@pytest.mark.parametrize("hours", [1, 7, 24 * 3])
def test_a_history_that_was_shifted_is_followed_after_some_weeks(hours: int) -> None:
    series = hourly(150)
    moved = np.concatenate([series.wh[: 60 * 24], series.wh[60 * 24 - hours : -hours]])
    score = forecasting.backtest(Hourly(START_S, moved), START_S + 150 * DAY_S, ZONE, days=10)
    assert score.better_than_naive
    assert score.mae_wh < 0.8 * score.naive_mae_wh


@pytest.mark.parametrize("wh", [np.empty(0), np.full(60 * 24, np.nan)])
def test_an_empty_history_ends_with_a_reason(wh: Floats) -> None:
    with pytest.raises(TooLittleData, match="0 of 7 days"):
        forecasting.forecast(Hourly(START_S, wh), Hourly(START_S, wh), START_S + 60 * DAY_S, ZONE)


def test_a_home_with_only_pv_is_told_its_pv() -> None:
    nothing = Hourly(START_S, np.full(40 * 24, np.nan))
    found = forecasting.forecast(nothing, sunny(40), START_S + 40 * DAY_S, ZONE)
    assert found.load is None
    assert found.month is None
    assert found.method == "none"
    assert found.pv is not None
    assert found.pv.p50[12] > 500
    assert found.pv.p50[2] == 0


def test_naive_is_served_once_a_week_has_shown_it_to_be_better() -> None:
    worse = Score(days=1, mae_wh=210, naive_mae_wh=200, inside80=0.8, inside95=0.95)
    total = Score()
    for _ in range(6):
        total = total.then(worse)
        assert total.served == "model"
    total = total.then(worse)
    assert total.served == "naive"
    found = forecasting.forecast(hourly(60), None, START_S + 60 * DAY_S, ZONE, served=total.served)
    assert found.method == "naive"
    assert found.load is not None
    assert_sound(found.load)
    np.testing.assert_allclose(found.load.mean[:24], hourly(60).wh[-24:])


def test_a_score_forgets_old_days() -> None:
    total = Score()
    for _ in range(60):
        total = total.then(Score(1, 100, 200, 0.8, 0.95))
    for _ in range(60):
        total = total.then(Score(1, 300, 200, 0.8, 0.95))
    assert total.days == 120
    assert total.mae_wh > 270
    assert not total.better_than_naive


def test_a_day_hardly_measured_is_not_scored() -> None:
    series = hourly(61)
    start_s = START_S + 60 * DAY_S
    found = forecasting.forecast(series, None, start_s, ZONE)
    assert found.load is not None
    assert forecasting.score(found.load, start_s, series, ZONE) is not None
    wh = series.wh.copy()
    wh[60 * 24 + 5 :] = np.nan
    assert forecasting.score(found.load, start_s, Hourly(START_S, wh), ZONE) is None


def test_the_month_ends_within_its_range() -> None:
    series = hourly(150)
    inside = 0
    starts = [START_S + day * DAY_S for day in range(60, 115, 2)]
    for start_s in starts:
        found = forecasting.month_end(series, start_s, ZONE)
        first_s, last_s = forecasting.month_of(start_s, ZONE)
        actual = series.between(first_s, last_s).sum()
        assert found.lo_wh <= found.p50_wh <= found.hi_wh
        inside += found.lo_wh <= actual <= found.hi_wh
        assert found.p50_wh == pytest.approx(actual, rel=0.15)
    assert inside / len(starts) >= 0.6


def test_on_the_last_hour_of_a_month_hardly_anything_is_open() -> None:
    start_s = int(dt.datetime.fromisoformat("2026-02-28T23:00+01:00").timestamp())
    series = hourly(59)
    found = forecasting.month_end(series, start_s, ZONE)
    assert found.hi_wh - found.lo_wh < 0.01 * found.p50_wh


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_weighted_quantiles_lie_within_the_known_values_and_rise(draw: st.DataObject) -> None:
    numbers = st.floats(0, 1e5) | st.just(float("nan"))
    rows = np.array(draw.draw(st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1, max_size=12)))
    weights = np.array(draw.draw(st.lists(st.floats(0.01, 1), min_size=len(rows), max_size=len(rows))))
    found = weighted_quantiles(rows, np.broadcast_to(weights[:, None], rows.shape))
    for column in range(2):
        known = rows[np.isfinite(rows[:, column]), column]
        if not len(known):
            assert np.isnan(found[:, column]).all()
            continue
        assert (np.diff(found[:, column]) >= 0).all()
        assert known.min() <= found[0, column]
        assert found[-1, column] <= known.max()
