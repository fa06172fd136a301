"""What people said, and a new model beside the one that is served."""

import copy

import numpy as np
import pytest

from sunmeter.contract.model import Model
from sunmeter.contract.unpacking import unpack
from sunmeter.learning import anomaly, shadow
from sunmeter.learning import ground as grounding
from sunmeter.learning.minutes import Minutes
from sunmeter.learning.shadow import Served
from tests.unit.learning.homes import DAY_MINUTES, START_S, minutes

ZONE = "Europe/Paris"
DAYS = 28
DAY_S = 86_400
NOW_S = START_S + DAYS * DAY_S


def added(base: Minutes, first: int, last: int, grid_w: float = 0.0, v_dv: float = 0.0) -> Minutes:
    power, volts = base.grid_w.copy(), base.v_dv.copy()
    power[first:last] += grid_w
    volts[first:last] += v_dv
    return Minutes(base.start_s, power, base.pv_w, volts, base.q_var)


def with_a_welder(base: Minutes) -> Minutes:
    """Four times a day in the last week."""
    for day in range(DAYS - 7, DAYS):
        for hour in (3, 9, 15, 21):
            at = day * DAY_MINUTES + hour * 60
            base = added(base, at, at + 20, v_dv=-170.0)
    return base


def with_a_lamp(base: Minutes) -> Minutes:
    """That flickers as often, and so little that only a keen model tells."""
    for day in range(DAYS - 7, DAYS):
        for hour in (0, 6, 12, 18):
            at = day * DAY_MINUTES + hour * 60 + 30
            base = added(base, at, at + 12, v_dv=-28.0)
    return base


def model_of(days: Minutes, now_s: int = NOW_S) -> Model:
    found = anomaly.train(days, zone=ZONE, now_s=now_s, version=3)
    assert found.payload is not None
    return unpack(found.payload)


@pytest.fixture(scope="module")
def usual() -> Model:
    """A model of the quiet home, as of a day ago."""
    return model_of(minutes(DAYS), NOW_S - DAY_S)


def with_threshold(model: Model, milli: int) -> Model:
    other = copy.copy(model)
    other.threshold_milli = milli
    return other


def test_what_people_called_real_is_not_learnt() -> None:
    """A heater left on every other night of the last weeks, and each time somebody said that it was not right."""
    days = minutes(DAYS)
    nights = [day * DAY_MINUTES + 60 for day in range(8, DAYS, 2)]
    for at in nights:
        days = added(days, at, at + 120, grid_w=1500.0)
    spans = [(START_S + 60 * at, START_S + 60 * (at + 120)) for at in nights]
    learnt = anomaly.train(days, zone=ZONE, now_s=NOW_S, version=1)
    told = anomaly.train(days, zone=ZONE, now_s=NOW_S, version=1, real_s=spans)
    assert (told.status, told.days) == ("ready", learnt.days)
    assert not learnt.detectable or told.detectable["night_w"] < 0.5 * learnt.detectable["night_w"]


def test_who_calls_most_of_the_time_unusual_is_learnt_from_all_the_same() -> None:
    days = minutes(DAYS)
    most = [(START_S, START_S + 15 * DAY_S)]
    assert anomaly.train(days, zone=ZONE, now_s=NOW_S, version=1, real_s=most).status == "ready"


def test_a_changed_home_gets_its_new_model_where_the_served_one_alarms_more_often(usual: Model) -> None:
    days = with_a_lamp(with_a_welder(minutes(DAYS)))
    alone = anomaly.train(days, zone=ZONE, now_s=NOW_S, version=4)
    deaf, keen = with_threshold(usual, 30_000), with_threshold(usual, 3_600)
    beside_deaf = anomaly.train(days, zone=ZONE, now_s=NOW_S, version=4, served=Served(deaf))
    beside_keen = anomaly.train(days, zone=ZONE, now_s=NOW_S, version=4, served=Served(keen))
    assert (alone.reason, alone.served_alerts, alone.payload) == ("would_alarm_too_often", None, None)
    assert (beside_deaf.reason, beside_deaf.served_alerts) == ("would_alarm_too_often", 0)
    assert beside_keen.served_alerts is not None
    assert beside_keen.served_alerts > beside_keen.held_out_alerts > shadow.MOST_ALERTS
    assert (beside_keen.status, beside_keen.payload is not None) == ("ready", True)


def test_where_no_model_may_follow_the_one_before_comes_back_if_it_alarms_less(usual: Model) -> None:
    days = with_a_welder(minutes(DAYS))
    last, before = with_threshold(usual, 6_000), with_threshold(usual, 30_000)
    found = anomaly.train(days, zone=ZONE, now_s=NOW_S, version=4, served=Served(last, before))
    other_way_round = anomaly.train(days, zone=ZONE, now_s=NOW_S, version=4, served=Served(before, last))
    assert found.reason == other_way_round.reason == "would_alarm_too_often"
    assert (found.goes_back, other_way_round.goes_back) == (True, False)


def test_a_model_that_would_miss_what_was_real_does_not_replace_a_fresh_one_that_tells_it(usual: Model) -> None:
    at = (DAYS - 2) * DAY_MINUTES + 90
    days = added(minutes(DAYS), at, at + 30, v_dv=12.0)
    real = [(START_S + 60 * at, START_S + 60 * (at + 30))]
    keen = with_threshold(usual, 1_000)
    found = anomaly.train(days, zone=ZONE, now_s=NOW_S, version=4, real_s=real, served=Served(keen))
    stale = copy.copy(keen)
    stale.trained_s = NOW_S - 10 * DAY_S
    later = anomaly.train(days, zone=ZONE, now_s=NOW_S, version=4, real_s=real, served=Served(stale))
    assert (found.status, found.reason, found.payload) == ("failed", "would_miss_what_was_real", None)
    assert later.status == "ready"


def test_a_home_that_changed_is_told_by_what_changed() -> None:
    assert anomaly.train(minutes(DAYS), zone=ZONE, now_s=NOW_S, version=1).changed == ()
    pump = added(minutes(DAYS), (DAYS - 7) * DAY_MINUTES, DAYS * DAY_MINUTES, grid_w=250.0)
    changed = anomaly.train(pump, zone=ZONE, now_s=NOW_S, version=1).changed
    assert "house_min_24h high" in changed
    assert not [channel for channel in changed if channel.endswith("low") or channel.startswith("voltage")]


def test_minutes_are_left_out_by_time() -> None:
    found = minutes(1).without([(START_S + 60, START_S + 180)])
    assert list(np.flatnonzero(np.isnan(found.grid_w))) == [1, 2]
    assert found.measured_days == pytest.approx(1438 / 1440)


def test_a_week_scores_alike_whether_the_whole_history_is_played_or_the_week_and_the_day_before(usual: Model) -> None:
    ground = grounding.ground(with_a_welder(minutes(DAYS)), NOW_S, ZONE)
    since_s = NOW_S - 7 * DAY_S
    whole = grounding.replayed(ground, usual)[ground.end_s > since_s]
    part = ground.since(since_s - shadow._WARM_S)
    week = grounding.replayed(part, usual)[part.end_s > since_s]
    assert whole.max() > usual.threshold_milli
    np.testing.assert_array_equal(week, whole)
