"""What the smoke run chooses to play."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dev.neighbourhood import midnight_s
from dev.smoke import TODAY_AT_LEAST_S, Play, typical_day_after, zone_past_midnight
from twin.people import demo_households
from twin.recordings import BadRecording, Recording


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


def test_the_faults_fall_into_the_day_that_is_played() -> None:
    zone = "Europe/Paris"
    yesterday = datetime(2026, 11, 22, tzinfo=ZoneInfo(zone))
    play = Play("a family", demo_households(zone)[0], zone, yesterday.date())
    assert datetime.fromtimestamp(play.from_s, ZoneInfo(zone)) == yesterday
    assert play.to_s - play.from_s == timedelta(days=1).total_seconds()
    assert all(play.from_s * 1000 <= fault.start_ms < fault.end_ms <= play.to_s * 1000 for fault in play.faults)
