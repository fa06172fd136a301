"""Losses of panels are told from clouds, and what they cost is told with its doubt."""

import numpy as np
import pytest

from bench._pv_losses import LOSSES, PvHome, pv_homes, shading, soiling, trip
from bench.pvhealth import midnights, peer, told
from dev.paths import data_dir
from sunmeter.learning import health
from sunmeter.learning.series import DAY_HOURS, HOUR_S, Floats, Hourly
from sunmeter.learning.sky import sky, sun

DAY_S = DAY_HOURS * HOUR_S
DAYS = 200
START_S = 1_767_225_600  # 1 January 2026, 00:00 UTC


def roof(clear_part: float, seed: int = 5, days: int = DAYS) -> PvHome:
    """Panels of 4 kW at 45° north under a sky that is clear on that part of the days, and cloudy by the hour else."""
    chance = np.random.default_rng(seed)
    at_s: Floats = (START_S + HOUR_S * np.arange(days * DAY_HOURS) + HOUR_S // 2).astype(float)
    declination, minutes = sun(at_s)
    turn = 2 * np.pi * ((at_s % DAY_S) / DAY_S - 0.5 + minutes / 1440)
    height = np.sin(np.pi / 4) * np.sin(declination) + np.cos(np.pi / 4) * np.cos(declination) * np.cos(turn)
    clear = 4000 * np.maximum(height, 0.0) ** 1.2
    is_clear = np.repeat(chance.random(days) < clear_part, DAY_HOURS)
    clouds = np.clip(chance.beta(1.2, 1.5, clear.size), 0.05, 1.0)
    wh = np.round(clear * np.where(is_clear, chance.normal(0.98, 0.01, clear.size), clouds))
    pv = Hourly(START_S, np.maximum(wh, 0.0))
    return PvHome("made up", "UTC", pv, Hourly(START_S, np.full(clear.size, 400.0)), START_S + days * DAY_S)


def cause_at(pv: Hourly, end_s: int) -> str:
    found = health.findings(pv, end_s)
    return "unknown" if found is None else found[0].cause if found else ""


def test_the_sun_stands_where_the_almanac_has_it() -> None:
    declination, minutes = sun(np.array([1_782_000_000.0, 1_794_100_000.0]))  # 21 June, 8 November 2026
    assert np.rad2deg(declination[0]) == pytest.approx(23.44, abs=0.02)
    assert minutes[0] == pytest.approx(-1.8, abs=0.3)
    assert minutes[1] == pytest.approx(16.2, abs=0.3)


def test_a_clear_day_is_known_by_its_shape_however_dirty_the_panels() -> None:
    home = roof(0.5)
    dirty = soiling(home, home.midnight_s - 60 * DAY_S)
    clean, soiled = sky(home.pv, home.midnight_s), sky(Hourly(START_S, dirty), home.midnight_s)
    known = np.isfinite(clean.level)
    assert 0.4 * DAYS < known.sum() < 0.65 * DAYS
    assert (np.isfinite(soiled.level) == known).mean() > 0.95


@pytest.mark.parametrize("clear_part", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("seed", [1, 2])
def test_clouds_are_no_loss(clear_part: float, seed: int) -> None:
    home = roof(clear_part, seed)
    named = [cause_at(home.pv, home.midnight_s - back * DAY_S) for back in range(0, 120, 12)]
    assert {name for name in named if name != "unknown"} <= {""}


def test_two_dark_weeks_are_no_loss() -> None:
    home = roof(0.6)
    wh = home.pv.wh.copy()
    wh[-14 * DAY_HOURS :] *= np.random.default_rng(1).uniform(0.05, 0.3, 14 * DAY_HOURS)
    dark = home.with_pv(wh)
    assert cause_at(dark.pv, home.midnight_s) == ""
    assert peer(dark, home.midnight_s) is not None, "whoever looks at the best day alone is taken in"


def test_hours_that_are_missing_are_no_trip() -> None:
    home = roof(0.6)
    wh = home.pv.wh.copy()
    wh[-16:-6] = np.nan
    assert cause_at(Hourly(START_S, wh), home.midnight_s) == ""


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.cause)
def test_each_cause_is_named_and_its_energy_told(loss: object) -> None:
    home, found = roof(0.6), next(each for each in LOSSES if each is loss)
    said = told(home, found, home.midnight_s - found.days * DAY_S)
    assert said.named == found.cause
    assert said.lost_kwh == pytest.approx(said.true_kwh, rel=0.5)


def test_what_is_mended_is_told_no_more() -> None:
    home = roof(0.6)
    for put in (trip, shading, soiling):
        start_s = home.midnight_s - 60 * DAY_S
        mended: Floats = put(home, start_s)
        last = -25 * DAY_HOURS
        mended[last:] = home.pv.wh[last:]
        assert cause_at(Hourly(START_S, mended), home.midnight_s) == ""


def test_a_young_home_says_that_it_cannot_tell() -> None:
    home = roof(0.6, days=20)
    assert health.findings(home.pv, home.midnight_s) is None
    assert health.findings(Hourly(START_S, np.zeros(0)), home.midnight_s) is None


def test_on_real_homes_losses_are_named_and_clean_days_are_not() -> None:
    """A few days of each; `make bench NAME=pvhealth` has the year."""
    if not (data_dir() / "citylearn_homes.csv.gz").exists():
        pytest.skip("the public recordings are not here: SUNMETER_DATA says where they are")
    homes = [home for home in pv_homes() if home.name in ("citylearn 1", "citylearn 2", "opsd 4")]
    for loss, least in zip(LOSSES, (0.8, 0.5, 0.5), strict=True):
        named = [
            told(home, loss, at_s).named == loss.cause for home in homes for at_s in midnights(home, 97, 200, loss.days)
        ]
        assert np.mean(named) >= least, loss.cause
    clean = [cause_at(home.pv, end_s) for home in homes for end_s in midnights(home, 29, 120)]
    assert np.mean([name in ("", "unknown") for name in clean]) >= 0.9
