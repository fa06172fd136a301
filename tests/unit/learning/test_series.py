"""The local axis: every day has 24 hours on it, whatever the clocks do."""

import datetime as dt

import numpy as np
import pytest

from sunmeter.learning.series import Hourly, local_hours, offsets_s, on_local_axis, weekday


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize("zone", ["Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns"])
def test_offsets_are_those_of_the_zone_in_every_hour(zone: str) -> None:
    import zoneinfo

    start_s = at("2026-03-20T00:00+00:00")
    found = offsets_s(zone, start_s, 24 * 30)
    tz = zoneinfo.ZoneInfo(zone)
    for hour in range(0, 24 * 30):
        moment = dt.datetime.fromtimestamp(start_s + 3600 * hour, tz)
        assert moment.utcoffset() == dt.timedelta(seconds=int(found[hour]))


def test_the_hour_that_spring_leaves_out_is_missing() -> None:
    start_s = at("2026-03-28T00:00+01:00")  # the clocks of Paris go forward on the 29th
    series = Hourly(start_s, np.arange(47.0))
    axis = on_local_axis(series, "Europe/Paris", int(local_hours("Europe/Paris", start_s + 47 * 3600, 1)[0]))
    assert len(axis) == 48
    assert np.flatnonzero(np.isnan(axis)).tolist() == [26]
    assert axis[25] == 25
    assert axis[27] == 26


def test_the_hour_that_autumn_repeats_is_the_mean_of_both() -> None:
    start_s = at("2026-10-24T00:00+02:00")
    series = Hourly(start_s, np.arange(49.0))
    axis = on_local_axis(series, "Europe/Paris", int(local_hours("Europe/Paris", start_s + 49 * 3600, 1)[0]))
    assert len(axis) == 48
    assert axis[26] == pytest.approx(26.5)
    assert axis[27] == 28


def test_days_of_the_week_begin_with_monday() -> None:
    monday = local_hours("Europe/Paris", at("2026-11-23T12:00+01:00"), 1)
    assert weekday(monday).tolist() == [0]


def test_hours_outside_of_what_is_known_are_missing() -> None:
    series = Hourly(3600 * 100, np.array([1.0, 2.0, 3.0]))
    found = series.between(3600 * 99, 3600 * 105)
    np.testing.assert_array_equal(found, [np.nan, 1, 2, 3, np.nan, np.nan])
    assert series.before(3600 * 102).wh.tolist() == [1, 2]
    assert series.before(0).wh.tolist() == []
