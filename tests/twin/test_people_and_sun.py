"""Sun, clouds and households: right where it can be checked, believable elsewhere, and the same for the same seed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from twin.local_time import midnight_s, wall_minutes
from twin.people import Household, demo_households
from twin.pv import PvArray
from twin.sun import clear_sky, sun_position
from twin.units import Floats

DAY_S = 86_400
PARIS = ZoneInfo("Europe/Paris")
SUMMER_S = midnight_s(date(2026, 6, 15), PARIS)
WINTER_S = midnight_s(date(2026, 12, 15), PARIS)


def unix(moment: str) -> Floats:
    return np.array([datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()])


def test_the_sun_stands_where_the_almanac_says() -> None:
    """NREL's worked example of the solar position algorithm: Golden, Colorado, 2003-10-17 12:30:30 local."""
    sun = sun_position(unix("2003-10-17T19:30:30"), 39.742476, -105.1786)
    assert np.rad2deg(sun.elevation[0]) == pytest.approx(90 - 50.11162, abs=0.03)  # without refraction
    assert np.rad2deg(sun.azimuth[0]) == pytest.approx(194.34024, abs=0.03)


def test_at_the_solstice_noon_sun_is_as_high_as_geometry_has_it() -> None:
    t_s = SUMMER_S + 6 * DAY_S + np.arange(0, DAY_S, 60.0)
    highest = np.rad2deg(sun_position(t_s, 47.66, 9.18).elevation.max())
    assert highest == pytest.approx(90 - 47.66 + 23.44, abs=0.05)


def test_a_clear_noon_gives_about_a_kilowatt_per_square_metre_and_the_night_nothing() -> None:
    sky = clear_sky(sun_position(unix("2026-06-21T11:25"), 47.66, 9.18))
    assert 850 < sky.beam[0] < 1000
    assert clear_sky(sun_position(unix("2026-06-21T23:25"), 47.66, 9.18)).beam[0] == 0.0


def test_an_array_yields_what_arrays_yield() -> None:
    year = SUMMER_S + np.arange(0, 365 * DAY_S, 300.0)
    yearly_kwh = np.maximum(PvArray(5000.0, seed=2).power_w(year), 0.0).sum() / 12 / 1000
    assert 4500 < yearly_kwh < 6500  # 900 to 1300 kWh a kilowatt-peak and year at 47.7 degrees north


def test_an_inverter_stands_by_at_night_and_never_exceeds_its_limit() -> None:
    array = PvArray(5000.0, seed=3, limit_w=3000.0)
    watts = array.power_w(SUMMER_S + np.arange(0, 30 * DAY_S, 60.0))
    assert watts.max() == pytest.approx(3000.0)
    assert watts.min() == -4.0
    assert not ((watts > -4.0) & (watts < array.wake_w)).any()


def test_days_differ_in_their_clouds() -> None:
    t_s = SUMMER_S + np.arange(0, 30 * DAY_S, 300.0)
    daily = PvArray(5000.0, seed=5).transmittance(t_s).reshape(30, -1).mean(axis=1)
    assert daily.min() < 0.4
    assert daily.max() > 0.8


@pytest.mark.parametrize("household", demo_households())
def test_a_household_s_minutes_do_not_depend_on_the_range(household: Household) -> None:
    whole = household.minutes(WINTER_S, WINTER_S + 3 * DAY_S)
    part = household.minutes(WINTER_S + DAY_S + 3600, WINTER_S + 2 * DAY_S)
    minutes = slice(24 * 60 + 60, 48 * 60)
    np.testing.assert_array_equal(whole.house_w[minutes], part.house_w)
    np.testing.assert_array_equal(whole.v_v[minutes], part.v_v)


def test_the_same_seed_lives_the_same_day_and_another_seed_another() -> None:
    household = demo_households()[0]
    same = replace(household)
    other = replace(household, seed=99)
    a, b, c = (h.minutes(WINTER_S, WINTER_S + DAY_S).house_w for h in (household, same, other))
    np.testing.assert_array_equal(a, b)
    assert (a != c).mean() > 0.5


@pytest.mark.parametrize(("position", "least", "most"), [(0, 2000, 4500), (1, 5000, 11_000), (2, 3000, 6000)])
def test_a_household_s_year_is_that_of_real_homes(position: int, least: int, most: int) -> None:
    weeks = [
        demo_households()[position].minutes(s, s + 7 * DAY_S)
        for s in range(WINTER_S, WINTER_S + 365 * DAY_S, 28 * DAY_S)
    ]
    yearly_kwh = sum(week.load_w.sum() for week in weeks) / 60_000 * 365 / (7 * len(weeks))
    assert least < yearly_kwh < most
    assert min(week.v_v.min() for week in weeks) > 207
    assert max(week.v_v.max() for week in weeks) < 253


def test_evenings_are_busier_than_nights_and_a_heat_pump_knows_the_season() -> None:
    family, couple, _ = demo_households()
    month = family.minutes(WINTER_S, WINTER_S + 28 * DAY_S).load_w.reshape(28, 24, 60).mean(axis=(0, 2))
    assert month[18:22].mean() > 2.0 * month[2:5].mean()
    winter, summer = (couple.minutes(s, s + 7 * DAY_S).loads_w["heat_pump"].mean() for s in (WINTER_S, SUMMER_S))
    assert winter > 3 * summer


def test_loads_are_never_negative_and_add_up() -> None:
    profile = demo_households()[1].minutes(SUMMER_S, SUMMER_S + 7 * DAY_S)
    assert all((w >= 0).all() for w in profile.loads_w.values())
    np.testing.assert_allclose(profile.house_w, profile.grid_w + np.maximum(profile.pv_w, 0.0))


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [("Europe/Paris", date(2026, 3, 29), 1380), ("Europe/Paris", date(2026, 10, 25), 1500),
     ("Australia/Lord_Howe", date(2026, 10, 4), 1410), ("Asia/Kathmandu", date(2026, 5, 5), 1440)],
)  # fmt: skip
def test_wall_minutes_follow_every_change_of_the_clock(zone: str, day: date, count: int) -> None:
    start_s = midnight_s(day, ZoneInfo(zone))
    end_s = midnight_s(date.fromordinal(day.toordinal() + 1), ZoneInfo(zone))
    wall = wall_minutes(start_s, end_s, ZoneInfo(zone))
    assert len(wall) == count
    assert wall[0] % 1440 == 0
    assert wall[-1] % 1440 == 1439
