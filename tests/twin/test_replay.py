"""A recording laid onto another date keeps its energy exactly, through gaps and changes of the clock."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from twin.house import House
from twin.local_time import midnight_s
from twin.pv import PvArray
from twin.recordings import Recording, read_recording
from twin.replay import Replay, meet_import, minutes_of_load, minutes_of_pv, recorded_energy, split
from twin.sensors import ideal_board

PARIS = ZoneInfo("Europe/Paris")
ONTO = date(2026, 11, 22)
FILES = ("uci_minute_60d.csv.gz", "citylearn_homes.csv.gz#3", "opsd_residential4_60min.csv.gz", "uci_hourly_2y.csv.gz")


def ramp(days: int, step_min: int = 1) -> Recording:
    """A recording in which each step says which one it is."""
    return Recording("ramp", step_min, 0, False, np.arange(days * 1440 // step_min, dtype=float))


@pytest.mark.parametrize("name", FILES)
def test_each_hour_of_the_replay_has_the_recorded_energy(recordings: Path, name: str) -> None:
    read = read_recording(str(recordings / name))
    position = read.typical_day()
    start_s = midnight_s(ONTO, ZoneInfo("UTC") if read.utc else PARIS)
    profile = Replay(read, position, ONTO).minutes(start_s, start_s + 86_400)
    recorded_w = read.by_day(read.house_w)[position].reshape(24, -1).mean(axis=1)
    np.testing.assert_allclose(profile.house_w.reshape(24, 60).mean(axis=1), recorded_w, rtol=1e-9)
    if read.pv_w is not None:
        recorded_pv_w = read.by_day(read.pv_w)[position]
        replayed_w = np.maximum(profile.pv_w, 0.0).reshape(24, 60).mean(axis=1)
        np.testing.assert_allclose(replayed_w, recorded_pv_w, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("name", FILES[:3])
def test_the_waveform_house_uses_each_hour_what_was_recorded(recordings: Path, name: str) -> None:
    read = read_recording(str(recordings / name))
    position = read.typical_day()
    start_s = midnight_s(ONTO, ZoneInfo("UTC") if read.utc else PARIS)
    first, last = 7, 15
    house = House(Replay(read, position, ONTO), ideal_board(), (start_s + first * 3600) * 1000)
    house.stretch_chunks = 30
    house.skip((last - first) * 3600 * 4000)
    recorded_wh = read.by_day(read.house_w)[position].reshape(24, -1).mean(axis=1)
    for hour in range(first, last):
        true = house.energy_between((start_s + hour * 3600) * 1000, (start_s + hour * 3600 + 3600) * 1000)
        assert true.house_wh == pytest.approx(recorded_wh[hour], rel=1e-3)


def test_reactive_power_and_voltage_are_those_of_the_recording(recordings: Path) -> None:
    read = read_recording(str(recordings / FILES[0]))
    start_s = midnight_s(ONTO, PARIS)
    profile = Replay(read, 3, ONTO).minutes(start_s, start_s + 86_400)
    assert read.q_var is not None
    assert read.v_v is not None
    np.testing.assert_allclose(profile.load_var, read.by_day(read.q_var)[3], atol=1e-9)
    np.testing.assert_array_equal(profile.v_v, read.by_day(read.v_v)[3])


def test_recorded_import_is_met_where_the_hour_both_imports_and_exports(recordings: Path) -> None:
    read = read_recording(str(recordings / FILES[2]))
    position = read.typical_day()
    start_s = midnight_s(ONTO, ZoneInfo("UTC"))
    profile = Replay(read, position, ONTO).minutes(start_s, start_s + 86_400)
    energy = recorded_energy(profile, start_s, start_s + 86_400)
    assert read.import_w is not None
    assert energy.import_wh == pytest.approx(float(read.by_day(read.import_w)[position].sum()), rel=0.01)


def test_the_minutes_do_not_depend_on_the_range_they_are_asked_in() -> None:
    replay = Replay(ramp(5), 1, ONTO, overlay=PvArray(3000.0))
    start_s = midnight_s(ONTO, PARIS)
    whole = replay.minutes(start_s, start_s + 7200)
    part = replay.minutes(start_s + 1800, start_s + 3600)
    np.testing.assert_array_equal(whole.house_w[30:60], part.house_w)
    np.testing.assert_array_equal(whole.pv_w[30:60], part.pv_w)


def test_days_follow_each_other_and_begin_again_when_the_recording_ends() -> None:
    replay = Replay(ramp(3), 1, ONTO)
    firsts = [
        float(replay.minutes(at, at + 60).house_w[0])
        for at in (midnight_s(ONTO + timedelta(days=d), PARIS) for d in (-1, 0, 1, 2))
    ]
    assert firsts == [0.0, 1440.0, 2880.0, 0.0]


def test_the_clock_s_change_in_spring_leaves_an_hour_out_and_in_autumn_plays_one_twice() -> None:
    for day, minutes in ((date(2026, 3, 29), 23 * 60), (date(2026, 10, 25), 25 * 60)):
        start_s, end_s = midnight_s(day, PARIS), midnight_s(day + timedelta(days=1), PARIS)
        profile = Replay(ramp(2), 0, day).minutes(start_s, end_s)
        assert profile.minutes == minutes
        assert profile.house_w[-1] == 1439.0
        assert profile.house_w[119] == 119.0
        assert profile.house_w[180] == (240.0 if minutes < 1440 else 120.0)


def test_a_gap_is_filled_with_the_chosen_day() -> None:
    house_w = np.arange(2880, dtype=float)
    house_w[1440 + 600 : 1440 + 660] = np.nan
    replay = Replay(Recording("gap", 1, 0, False, house_w), 0, ONTO)
    start_s = midnight_s(ONTO + timedelta(days=1), PARIS)
    profile = replay.minutes(start_s, start_s + 86_400)
    assert profile.house_w[599] == 2039.0
    assert profile.house_w[600] == 600.0
    assert profile.house_w[660] == 2100.0


def test_a_split_gives_every_watt_to_an_appliance_and_none_twice() -> None:
    house_w = np.array([0.0, 30.0, 90.0, 333.3, 2000.0, 9000.0])
    loads = split(house_w)
    np.testing.assert_allclose(sum(loads.values()), house_w)
    assert all((w >= 0).all() for w in loads.values())


def test_minutes_of_an_hour_are_believable_and_exact() -> None:
    hours_w = np.array([200.0, 210.0, 190.0, 800.0, 2500.0, 400.0, 200.0, 180.0] * 3)
    minutes = minutes_of_load(hours_w, 1).reshape(-1, 60)
    np.testing.assert_allclose(minutes.mean(axis=1), hours_w)
    assert minutes.min() > 100
    assert minutes[4].std() > 200


def test_pv_has_no_minute_of_light_in_a_dark_hour() -> None:
    hours_w = np.array([0.0, 0.0, 150.0, 900.0, 300.0, 0.0])
    minutes = minutes_of_pv(hours_w, 1).reshape(-1, 60)
    np.testing.assert_allclose(minutes.mean(axis=1), hours_w)
    assert not minutes[[0, 1, 5]].any()
    assert (minutes >= 0).all()


def test_load_is_drawn_together_until_the_import_fits() -> None:
    load, pv = np.full(60, 500.0), np.full(60, 1000.0)
    bent = meet_import(load, pv, np.array([120.0]), 1)
    assert bent.mean() == pytest.approx(500.0)
    assert np.maximum(bent - pv, 0.0).mean() == pytest.approx(120.0, abs=1.0)


def test_a_home_recorded_without_pv_can_be_given_some(recordings: Path) -> None:
    read = read_recording(str(recordings / FILES[0]))
    start_s = midnight_s(date(2026, 6, 21), PARIS)
    plain, sunny = (
        Replay(read, 0, date(2026, 6, 21), overlay=pv).minutes(start_s, start_s + 86_400)
        for pv in (None, PvArray(5000.0))
    )
    assert not plain.has_pv
    assert sunny.has_pv
    assert sunny.grid_w.min() < 0 < plain.grid_w.min()
