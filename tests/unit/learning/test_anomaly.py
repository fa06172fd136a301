"""Training: a model that the meter takes and that finds what was planted, or a reason why there is none."""

import copy
import dataclasses
import datetime as dt

import numpy as np
import pytest

from sunmeter.contract import features as ids
from sunmeter.contract.densities import Tail
from sunmeter.contract.model import Model
from sunmeter.contract.scorer import Features, Scorer
from sunmeter.contract.unpacking import MAX_MODEL_BYTES, unpack
from sunmeter.learning import anomaly, mixture, replay, shadow, tails
from sunmeter.learning.minutes import Minutes
from sunmeter.learning.series import Floats
from tests.unit.learning.homes import DAY_MINUTES, START_S, minutes

ZONE = "Europe/Paris"
DAY_S = 86_400
DAYS = 28


def now_s(days: int = DAYS) -> int:
    return START_S + days * DAY_S


@pytest.fixture(scope="module")
def trained() -> anomaly.Trained:
    """A quiet home's model after four weeks."""
    return anomaly.train(minutes(DAYS), zone=ZONE, now_s=now_s(), version=5)


@pytest.fixture(scope="module")
def trained_with_pv() -> anomaly.Trained:
    return anomaly.train(minutes(DAYS, pv=True), zone=ZONE, now_s=now_s(), version=6)


def changed(base: Minutes, first: int, last: int, **columns: Floats | float) -> Minutes:
    """These minutes with something done to some columns: added to them from one position to the other."""
    parts = {field.name: getattr(base, field.name) for field in dataclasses.fields(base)}
    for name, added in columns.items():
        parts[name] = parts[name].copy()
        parts[name][first:last] = np.round(parts[name][first:last] + added)
    return Minutes(**parts)


def told(model: anomaly.Trained, days: Minutes, from_day: int) -> list[tuple[str, str, int]]:
    """(kind, channel, minutes after the day began) of the alerts the meter starts, warmed by the day before."""
    assert model.payload is not None
    scorer = Scorer(Features(), unpack(model.payload))
    start_s = START_S + from_day * DAY_S
    part = days.between(start_s - DAY_S, start_s + DAY_S)
    columns = (part.grid_w, part.pv_w, part.v_dv, part.q_var)
    found = []
    for at, ts_s in enumerate(part.ts_s):
        scorer.push(int(ts_s), *(None if np.isnan(column[at]) else int(column[at]) for column in columns))
        if scorer.event is not None and scorer.event[0] == "start" and ts_s >= start_s:
            found.append((scorer.event[1], ids.NAMES[scorer.event[2]], int(ts_s - start_s) // 60))
    return found


def test_four_weeks_make_a_model_that_the_meter_takes(trained: anomaly.Trained) -> None:
    assert (trained.status, trained.reason) == ("ready", "")
    assert trained.payload is not None
    assert len(trained.payload) <= MAX_MODEL_BYTES
    model = unpack(trained.payload)
    assert (model.version, model.trained_s, model.threshold_milli) == (5, now_s(), trained.threshold_milli)
    assert "excess_60m" in trained.channels
    assert "pv_of_envelope_3h" not in trained.channels
    assert trained.history_per_month <= 2


def test_the_same_minutes_give_the_same_bytes(trained: anomaly.Trained) -> None:
    again = anomaly.train(minutes(DAYS), zone=ZONE, now_s=now_s(), version=5)
    assert again == trained


def test_an_ordinary_day_is_not_alarmed(trained: anomaly.Trained) -> None:
    assert told(trained, minutes(DAYS + 1), DAYS) == []


def test_a_heater_left_on_at_night_is_told_within_the_hour(trained: anomaly.Trained) -> None:
    at = DAYS * DAY_MINUTES + 90
    found = told(trained, changed(minutes(DAYS + 1), at, at + 120, grid_w=2000.0), DAYS)
    assert found
    kind, channel, minute = found[0]
    assert kind == "overuse"
    assert channel in ("excess_60m", "house_60m", "house_1m")
    assert 90 <= minute < 150


def test_by_night_what_the_hours_before_explain_is_not_told(trained: anomaly.Trained) -> None:
    """The same evening load that goes on after midnight, and the same load that begins then."""
    midnight = DAYS * DAY_MINUTES
    needed_w = float(trained.detectable["night_w"])
    assert trained.payload is not None
    score_milli = []
    for first in (midnight - 240, midnight + 60):
        days = changed(minutes(DAYS + 1), first, midnight + 120, grid_w=1.5 * needed_w)
        model = unpack(trained.payload)
        model.channels, model.mixture = [], None  # the night alone
        played = replay.replay(model, days.between(START_S + (DAYS - 1) * DAY_S, START_S + (DAYS + 1) * DAY_S))
        score_milli.append(int(played.score_milli[DAY_MINUTES + 110 : DAY_MINUTES + 120].max()))
    assert score_milli[0] < trained.threshold_milli <= score_milli[1]


def test_a_home_without_nights_is_judged_alike_at_all_hours() -> None:
    days = minutes(40)
    dark = (days.ts_s // 3600 % 24 < 7) | (days.ts_s // 3600 % 24 >= 22)
    columns = (np.where(dark, np.nan, column) for column in (days.grid_w, days.pv_w, days.v_dv, days.q_var))
    made = anomaly.train(Minutes(days.start_s, *columns), zone=ZONE, now_s=now_s(40), version=5)
    assert made.payload is not None
    assert unpack(made.payload).night is None
    assert "excess_60m" in made.channels


def test_a_bypassed_clamp_is_told(trained: anomaly.Trained) -> None:
    day = minutes(DAYS + 1)
    at = (DAYS - 1) * DAY_MINUTES
    half = changed(day, at, at + 2 * DAY_MINUTES, grid_w=-day.grid_w[at:] / 2, q_var=-day.q_var[at:] / 2)
    assert {kind for kind, _, _ in told(trained, half, DAYS - 1)} & {"tamper", "anomaly"}


def test_a_hidden_load_is_told_by_its_base_or_its_reactive_power(trained: anomaly.Trained) -> None:
    at = (DAYS - 1) * DAY_MINUTES
    found = told(trained, changed(minutes(DAYS + 1), at, at + 2 * DAY_MINUTES, grid_w=300.0, q_var=100.0), DAYS - 1)
    assert "hidden_load" in {kind for kind, _, _ in found}


def test_a_shifted_voltage_is_told(trained: anomaly.Trained) -> None:
    at = DAYS * DAY_MINUTES + 300
    found = told(trained, changed(minutes(DAYS + 1), at, at + 600, v_dv=140.0), DAYS)
    assert found
    assert found[0][1] == "voltage_5m"


def test_detectable_sizes_are_published_and_true(trained: anomaly.Trained) -> None:
    assert set(trained.detectable) == {"night_w", "day_w", "base_w"}
    assert 100 < trained.detectable["night_w"] < trained.detectable["day_w"] < 20_000
    at = DAYS * DAY_MINUTES + 90
    base = minutes(DAYS + 1)
    assert told(trained, changed(base, at, at + 120, grid_w=1.4 * trained.detectable["night_w"]), DAYS)
    assert not told(trained, changed(base, at, at + 120, grid_w=0.4 * trained.detectable["night_w"]), DAYS)


def test_an_inverter_that_trips_at_noon_is_told(trained_with_pv: anomaly.Trained) -> None:
    assert "pv_of_envelope_3h" in trained_with_pv.channels
    day = minutes(DAYS + 1, pv=True)
    assert "pv_low" not in {kind for kind, _, _ in told(trained_with_pv, day, DAYS)}
    first, last = DAYS * DAY_MINUTES + 10 * 60, DAYS * DAY_MINUTES + 16 * 60
    lost = day.pv_w[first:last]
    dark = changed(day, first, last, pv_w=-lost - 3, grid_w=np.maximum(lost, 0))
    assert "pv_low" in {kind for kind, _, _ in told(trained_with_pv, dark, DAYS)}


def test_what_is_ordinary_by_itself_and_strange_together_is_told(trained: anomaly.Trained) -> None:
    """A little more load at night, with a little too much reactive power for it."""
    assert trained.payload is not None
    model = unpack(trained.payload)
    assert model.mixture is not None
    at = DAYS * DAY_MINUTES + 60
    strange = changed(minutes(DAYS + 1), at, at + 240, grid_w=40.0, q_var=27.0).between(START_S, now_s(DAYS + 1))
    together, apart = replay.replay(model, strange), replay.replay(without_mixture(model), strange)
    while_it_lasts = slice(at + 60, at + 240)
    assert together.score_milli[while_it_lasts].max() >= trained.threshold_milli
    assert apart.score_milli[while_it_lasts].max() < trained.threshold_milli


def without_mixture(model: Model) -> Model:
    alone = copy.copy(model)
    alone.mixture = None
    return alone


def test_a_home_that_no_two_clusters_describe_is_judged_channel_by_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = (("usual", -320.0, 320.0, 100), ("spread", 0.05, 0.06, 100))  # as if -ln p went farther than a model holds
    monkeypatch.setattr("sunmeter.learning.fitting.MIXTURE_FIELDS", narrow)
    found = anomaly.train(minutes(DAYS), zone=ZONE, now_s=now_s(), version=1)
    assert found.payload is not None
    assert unpack(found.payload).mixture is None


def test_before_three_weeks_the_density_is_silent() -> None:
    found = anomaly.train(minutes(20), zone=ZONE, now_s=now_s(20), version=1)
    assert (found.status, found.reason, found.payload) == ("learning", "too_little_data", None)
    assert found.days == pytest.approx(20)


def no_minutes(name: str) -> Minutes:
    base = minutes(DAYS)
    empty = np.full(len(base.grid_w), np.nan)
    match name:
        case "nothing_measured":
            return Minutes(START_S, empty, empty, empty, empty)
        case "nothing_varies":
            return Minutes(START_S, np.full(len(empty), 230.0), empty, base.v_dv, base.q_var)
        case _:
            scattered = base.grid_w.copy()
            scattered[np.arange(len(empty)) % 7 > 2] = np.nan
            return Minutes(START_S, scattered, empty, base.v_dv, base.q_var)


@pytest.mark.parametrize(
    ("name", "status"),
    [("nothing_measured", "failed"), ("nothing_varies", "failed"), ("too_little_data", "learning")],
)
def test_what_cannot_be_learnt_from_ends_with_a_reason(name: str, status: str) -> None:
    found = anomaly.train(no_minutes(name), zone=ZONE, now_s=now_s(), version=1)
    assert (found.status, found.reason, found.payload) == (status, name, None)


def test_a_home_that_is_not_what_it_was_last_week_gets_no_model_that_would_alarm_daily() -> None:
    days = minutes(DAYS)
    for day in range(DAYS - 7, DAYS):
        for hour in (3, 9, 15, 21):  # a welder next door
            at = day * DAY_MINUTES + hour * 60
            days = changed(days, at, at + 20, v_dv=-170.0)
    found = anomaly.train(days, zone=ZONE, now_s=now_s(), version=1)
    assert (found.status, found.reason, found.payload) == ("failed", "would_alarm_too_often", None)
    assert found.held_out_alerts > shadow.MOST_ALERTS


def strange(name: str) -> Minutes:
    base = minutes(DAYS)
    parts = {field.name: getattr(base, field.name).copy() for field in dataclasses.fields(base)[1:]}
    chance = np.random.default_rng(9)
    match name:
        case "reversed for good":
            parts["grid_w"] *= -1
        case "spikes to the limit":
            parts["grid_w"][chance.random(len(base.grid_w)) < 0.01] = 32_767
        case "no voltage":
            parts["v_dv"][:] = 0
        case "hours repeated":
            parts["grid_w"] = np.repeat(parts["grid_w"][::60], 60)
        case "every second hour missing":
            for column in parts.values():
                column[np.arange(len(column)) // 60 % 2 == 0] = np.nan
        case "noise":
            for column in parts.values():
                column[:] = chance.integers(-30_000, 30_000, len(column))
    return Minutes(START_S - (12 if name == "every second hour missing" else 0) * 3600, **parts)


@pytest.mark.parametrize(
    "name",
    [
        *("reversed for good", "spikes to the limit", "no voltage"),
        *("hours repeated", "every second hour missing", "noise"),
    ],
)
def test_a_strange_history_ends_with_a_sound_model_or_a_reason(name: str) -> None:
    found = anomaly.train(strange(name), zone=ZONE, now_s=now_s(), version=1)
    assert found.status in ("ready", "learning", "failed")
    assert (found.payload is None) == bool(found.reason)
    if found.payload is not None:
        assert unpack(found.payload).channels
        assert found.history_per_month <= 3


def test_an_anomaly_inside_the_history_hardly_blunts_the_model(trained: anomaly.Trained) -> None:
    at = 12 * DAY_MINUTES + 60
    found = anomaly.train(changed(minutes(DAYS), at, at + 180, grid_w=2500.0), zone=ZONE, now_s=now_s(), version=5)
    assert found.status == "ready"
    assert found.detectable["day_w"] <= 1.5 * trained.detectable["day_w"]
    later = DAYS * DAY_MINUTES + 90
    assert told(found, changed(minutes(DAYS + 1), later, later + 120, grid_w=2000.0), DAYS)


@pytest.mark.parametrize("missing", ["v_dv", "q_var"])
def test_a_series_that_was_never_measured_only_costs_its_channels(missing: str) -> None:
    base = minutes(DAYS)
    parts = {field.name: getattr(base, field.name) for field in dataclasses.fields(base)}
    found = anomaly.train(
        Minutes(**{**parts, missing: np.full(len(base.grid_w), np.nan)}), zone=ZONE, now_s=now_s(), version=1
    )
    assert found.status == "ready"
    lost = {"v_dv": "voltage_5m", "q_var": "reactive_60m"}[missing]
    assert lost not in found.channels
    assert "house_60m" in found.channels


def test_a_lower_target_never_lowers_the_threshold(trained: anomaly.Trained) -> None:
    rare = anomaly.train(minutes(DAYS), zone=ZONE, now_s=now_s(), version=5, target_per_month=0.1)
    assert rare.threshold_milli >= trained.threshold_milli + 900


def test_the_model_carries_the_next_change_of_the_clocks(trained: anomaly.Trained) -> None:
    assert trained.payload is not None
    model = unpack(trained.payload)
    change = dt.datetime(2026, 3, 29, 1, tzinfo=dt.UTC)
    assert (model.offset_s, model.next_offset_s, model.change_s) == (3600, 7200, int(change.timestamp()))
    assert anomaly.next_change("Asia/Kolkata", now_s()) == (19_800, 19_800, 0)


def test_a_tail_is_fitted_to_exponential_excesses() -> None:
    chance = np.random.default_rng(4)
    z = np.repeat(1.0 + chance.exponential(0.7, 2000), 60)  # one value an hour
    fit = tails.fit(z, 1, 0.0)
    assert fit is not None
    assert fit.sigma == pytest.approx(0.7, rel=0.15)
    assert fit.xi < 0.1
    assert fit.rate == pytest.approx(np.log10(5), abs=0.01)


def test_reach_is_the_inverse_of_the_score() -> None:
    for tail in (Tail(2.0, 0.5, 0.0, 1.1), Tail(1.5, 0.8, 0.25, 0.9)):
        for score in (0.3, 1.0, 2.5, 4.2):
            assert tail.score(tails.reach(tail, score)) == pytest.approx(score)


def test_too_few_blocks_have_no_tail() -> None:
    assert tails.fit(np.ones(4 * 60), 1, 0.0) is None


def test_a_mixture_finds_what_it_was_drawn_from_and_finds_it_again() -> None:
    chance = np.random.default_rng(5)
    many, few = chance.normal([0.0, 0.0], [1.0, 0.5], (6000, 2)), chance.normal([6.0, -3.0], [0.5, 1.0], (2000, 2))
    x = chance.permutation(np.concatenate([many, few]))
    found = mixture.fit(x, 2, np.full(2, 0.01))
    order = np.argsort(-found.weights)
    assert found.weights[order] == pytest.approx([0.75, 0.25], abs=0.02)
    assert found.means[order].ravel() == pytest.approx([0.0, 0.0, 6.0, -3.0], abs=0.1)
    assert found.variances[order].ravel() == pytest.approx([1.0, 0.25, 0.25, 1.0], rel=0.1)
    assert mixture.fit(x, 2, np.full(2, 0.01)).means.tolist() == found.means.tolist()


def test_a_channel_that_was_never_measured_is_not_mixed() -> None:
    base = minutes(DAYS)
    empty = np.full(len(base.grid_w), np.nan)
    found = anomaly.train(Minutes(START_S, base.grid_w, empty, empty, empty), zone=ZONE, now_s=now_s(), version=1)
    assert found.payload is not None
    model = unpack(found.payload)
    assert model.mixture is not None
    assert ids.HOUSE_MIN_24H in model.mixture.channels
    assert not set(model.mixture.channels) & {ids.VOLTAGE_5M, ids.REACTIVE_60M, ids.POWER_FACTOR_30M, ids.EXCESS_60M}
