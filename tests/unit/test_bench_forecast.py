"""The judge of the forecast's bench: what it adds up, and that it judges all alike."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bench import _forecast_kept as kept
from bench._forecast_homes import Home, origins, scale_wh
from bench._forecast_peers import LIGHT, Told, quietly
from bench._forecast_pictures import bars, held
from bench._forecast_tally import DayScore, Judged, day_score, mase_difference
from bench.forecastpictures import PAGE, tables
from sunmeter.learning.series import HOUR_S
from tests.unit.learning.homes import START_S, hourly

NAN = float("nan")


def home(days: int) -> Home:
    return Home("made up", "Europe/Paris", hourly(days), None)


def judged(errors_wh: list[float]) -> Judged:
    return Judged([DayScore(24, 24 * error, 0.0, 0.0, NAN, NAN, NAN) for error in errors_wh], 1000.0)


def test_origins_are_local_midnights_whatever_the_season_and_leave_a_day_to_judge() -> None:
    starts = origins(home(150), 12, 9)
    clocks = [dt.datetime.fromtimestamp(start_s, ZoneInfo("Europe/Paris")) for start_s in starts]
    assert {(clock.hour, clock.minute) for clock in clocks} == {(0, 0)}
    assert {clock.utcoffset() for clock in clocks} == {dt.timedelta(hours=1), dt.timedelta(hours=2)}
    assert starts[-1] + 24 * HOUR_S <= START_S + 150 * 24 * HOUR_S


def test_a_day_adds_up_what_is_known_of_it() -> None:
    actual = np.array([1.0, 2.0, NAN, 4.0] * 6)
    quantiles = np.stack([np.full(24, wh) for wh in (0.0, 1.5, 2.0, 3.0, 4.0)])
    found = day_score(Told(quantiles[2], quantiles, np.full(24, 3.0)), actual, 0.25)
    assert (found.hours, found.absolute_wh, found.squared_wh2, found.seconds) == (18, 18.0, 6 * (4 + 1 + 1), 0.25)
    assert (found.inside80, found.inside95) == (6, 18)
    each = [0.025 + 0.9 * 0.5 + 0.5 + 0.1 * 2 + 0.025 * 3, 0.05 + 0.05 + 0.1 + 0.05, 0.1 + 0.25 + 1 + 0.9]
    assert found.pinball_wh == pytest.approx(6 * sum(each) / 5)


def test_the_interval_of_a_difference_holds_it_and_is_nothing_for_a_constant_one() -> None:
    assert mase_difference([judged([300, 500, 400])], [judged([400, 600, 500])]) == pytest.approx((-0.1, -0.1, -0.1))
    mean, lo, hi = mase_difference([judged([300, 700, 400])], [judged([400, 600, 500])])
    assert lo < mean < hi
    assert mean == pytest.approx(-1 / 30)


def test_a_score_of_a_slow_peer_is_kept_and_that_of_a_quick_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "RUN", tmp_path)
    scores = iter([DayScore(24, wh, 0.0, 0.0, NAN, NAN, NAN) for wh in (1.0, 2.0, 3.0, 4.0)])
    for name in ("lightgbm", "naive 24"):
        for _ in range(2):
            found = kept.Kept("home").score(name, 7, lambda: next(scores))
        assert found.absolute_wh == (1.0 if name == "lightgbm" else 3.0)


@pytest.mark.parametrize("name", [name for name in LIGHT if name not in ("sarimax + fourier", "holt-winters")])
def test_every_light_peer_tells_a_day_better_than_nothing(name: str) -> None:
    there = home(120)
    start_s = origins(there, 1, 9)[0]
    told = quietly(LIGHT[name])(there.past(start_s))
    actual = there.load.between(start_s, start_s + 24 * HOUR_S)
    assert np.isfinite(told.p50).all()
    assert np.abs(actual - told.p50).mean() < 0.6 * actual.mean()
    assert scale_wh(there, start_s) > 0


def test_the_pictures_are_drawn_from_the_page_s_own_tables() -> None:
    found = list(tables(PAGE.read_text(encoding="utf-8")))
    assert [rows[0][0] for rows in found[:2]] == ["method", "home"]
    names = [row[0] for row in found[0][1:]]
    assert names[0] == "Sunmeter"
    assert all(name in bars("MASE", [(name, 0.7) for name in names]) for name in names)
    assert ">86% 97%<" in held("held", [("uci", 0.86, 0.97)])
    assert list(tables("| a | b |\n|---|---|\n| **1** | 2 |")) == [[["a", "b"], ["1", "2"]]]
