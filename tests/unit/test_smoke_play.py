"""What the smoke run chooses to play."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dev.neighbourhood import midnight_s
from dev.smoke.claims import alert_claim, alert_value
from dev.smoke.play import HEATER_W, TODAY_AT_LEAST_S, Play, typical_day_after, zone_past_midnight
from dev.smoke.screen import POWER_CUT_WORDS, Screen
from sunmeter_app.strings import EN
from twin.people import demo_households
from twin.recordings import BadRecording, Recording
from twin.replay import Replay


@pytest.mark.parametrize("hour", range(24))
def test_at_every_hour_there_is_a_zone_in_which_little_of_today_is_over(hour: int) -> None:
    now = datetime(2026, 11, 23, hour, 37, tzinfo=UTC)
    over_s = now.timestamp() - midnight_s(now, zone_past_midnight(now))
    assert TODAY_AT_LEAST_S <= over_s < TODAY_AT_LEAST_S + 3600


def recording_of(days_w: list[float]) -> Recording:
    """Days of one constant power each, by the hour; NaN for a day that was not recorded."""
    return Recording("made up", 60, 0, utc=False, house_w=np.repeat(np.array(days_w), 24))


def test_the_day_that_is_played_has_its_history_before_it() -> None:
    assert typical_day_after(recording_of([100.0, 500.0, 900.0, 900.0, 100.0]), 0) == 1
    assert typical_day_after(recording_of([100.0, 500.0, 900.0, 900.0, 100.0]), 3) == 3


def test_a_day_with_a_gap_is_not_played() -> None:
    assert typical_day_after(recording_of([500.0, 500.0, float("nan"), 500.0]), 2) == 3


def test_a_recording_without_enough_days_is_refused_in_words() -> None:
    with pytest.raises(BadRecording, match="no complete day after the first 28"):
        typical_day_after(recording_of([500.0] * 20), 28)


PARIS = "Europe/Paris"
YESTERDAY = datetime(2026, 11, 22, tzinfo=ZoneInfo(PARIS))


@pytest.fixture
def steady() -> Play:
    """A house that draws 600 W all day, but for what goes wrong."""
    recording = Recording("made up", 1, 0, utc=False, house_w=np.full(3 * 1440, 600.0))
    return Play("600 W", Replay(recording, 1, YESTERDAY.date(), PARIS), PARIS, YESTERDAY.date())


def test_what_the_house_would_have_used_without_power_is_not_expected(steady: Play) -> None:
    cut_h = (steady.power_cut.end_ms - steady.power_cut.start_ms) / 3_600_000
    assert cut_h == pytest.approx(1 / 6)
    assert steady.expected.house_wh == pytest.approx(600.0 * (24 - cut_h), abs=0.01)
    from_s = steady.power_cut.start_ms // 1000
    assert steady.expected_between(from_s, from_s + 600).house_wh == pytest.approx(0.0, abs=1e-6)


def test_the_smoke_run_looks_for_the_words_that_the_app_has_for_a_power_cut() -> None:
    assert EN["cause.power_cut"] == POWER_CUT_WORDS


def alert(play: Play, channel: str, minutes_in: int, value: float) -> dict[str, object]:
    return {"channel": channel, "value": value, "start_ms": play.heater.start_ms + minutes_in * 60_000}


@pytest.mark.parametrize(
    ("channel", "minutes_in", "value", "is_right"),
    [
        ("house_1m", 0, 600.0 + HEATER_W, True),
        ("house_1m", 0, 600.0, False),  # without the heater
        ("house_1m", 0, HEATER_W, False),  # without what was recorded
        ("house_60m", 29, 600.0 + HEATER_W / 2, True),
        ("house_60m", 29, 600.0 + HEATER_W, False),
        ("house_mean_24h", 59, 600.0 + HEATER_W / 24, True),
        ("excess_60m", 29, 600.0 + HEATER_W / 2, True),  # it is judged against the expected, and tells the mean
    ],
)
def test_an_alert_must_say_what_was_recorded_and_the_heater(
    steady: Play, channel: str, minutes_in: int, value: float, is_right: bool
) -> None:
    assert alert_value(steady, alert(steady, channel, minutes_in, value))[0] is is_right


@pytest.mark.parametrize(
    ("minutes_in", "promised_w", "holds"),
    [(40, 2000.0, True), (70, 2000.0, False), (70, 3000.0, True), (70, None, True), (151, None, False)],
)
def test_an_alert_comes_within_the_hour_when_the_model_promises_to_tell_of_so_much(
    steady: Play, minutes_in: int, promised_w: float | None, holds: bool
) -> None:
    end_s = (steady.heater.start_ms + minutes_in * 60_000) // 1000 + 60
    value_w = round(steady.house_w(end_s - 3600, end_s))
    shown = Screen({}, True, {"a": f"More electricity than expected. {value_w / 1000:.2f} kW."}, 0.0, 0)
    found = {"a": alert(steady, "house_60m", minutes_in, value_w)}
    assert alert_claim(steady, found, shown, promised_w).holds is holds
    silent = Screen({}, True, {"a": "More electricity than expected."}, 0.0, 0)
    assert not alert_claim(steady, found, silent, promised_w).holds


def test_the_faults_fall_into_the_day_that_is_played() -> None:
    zone, yesterday = PARIS, YESTERDAY
    play = Play("a family", demo_households(zone)[0], zone, yesterday.date())
    assert datetime.fromtimestamp(play.from_s, ZoneInfo(zone)) == yesterday
    assert play.to_s - play.from_s == timedelta(days=1).total_seconds()
    assert all(play.from_s * 1000 <= fault.start_ms < fault.end_ms <= play.to_s * 1000 for fault in play.faults)
    assert {fault.kind for fault in play.faults} == {"heater", "hub", "power", "internet", "wifi"}
