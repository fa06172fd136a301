"""The bench of the metering, played small: that its figures are there, and that it would see a meter that is wrong."""

import json

import numpy as np
import pytest

from bench import metering
from bench._front_end import FLAT, Load, Recorded, Switched, lagging
from bench._metering_told import GOALS, Table
from bench._peers import CtClamp, Emon
from dev.paths import data_dir
from twin.sensors import ideal_board


def test_every_figure_is_there_and_beside_its_peers(capsys: pytest.CaptureFixture[str]) -> None:
    figures = metering.run(metering.Size(boards=1, loads=4, algo_boards=1, plaid=2, hobs=1, hob_s=20))
    needed = set(GOALS)
    if not (data_dir() / "plaid_cycles.npz").exists():
        needed -= {"plaid_p_err_pct", "plaid_i_err_pct"}
    assert needed <= set(figures)
    assert {"emonlib_adc_p_err_pct", "ct_clamp_adc_p_err_pct", "ct_clamp_wrong_signs"} <= set(figures)
    assert json.loads(json.dumps(figures)) == figures
    assert "Simulated front ends" in capsys.readouterr().out


def test_a_phase_that_is_wrong_by_a_degree_shows() -> None:
    """tan 60° times a degree is 3 % of the power."""
    with metering.Meter() as meter:
        right, wrong = (metering.algorithm(meter, 1, 60.0, degrees).ours.p95() for degrees in (0.0, 1.0))
    assert right < 0.25
    assert 2.5 < wrong < 3.5


def test_a_figure_that_misses_its_goal_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table()
    table.row("wrong_signs", "", 0)
    assert "MISSED" not in capsys.readouterr().out
    for name, missed in (("wrong_signs", 1), ("uncertainty_cover_pct", 92.0), ("uncertainty_cover_pct", 98.0)):
        table.row(name, "", missed)
        assert "MISSED" in capsys.readouterr().out


def test_the_peers_are_right_where_they_were_calibrated() -> None:
    board = ideal_board()
    v = 230.0 * FLAT
    load = Load(v, lagging(v, 10.0, 0.0), lagging(v, 10.0, 0.0))
    volts, amps, watts = Emon.calibrated(board).measure(load.codes(board, Emon.WINDOW_S, 5, Emon.PAIRS_PER_S))
    assert (volts, amps, watts) == pytest.approx((230.0, 10.0, 2300.0), rel=0.01)
    told = CtClamp.calibrated(board).measure(load.codes(board, CtClamp.WINDOW_S, 5, CtClamp.SAMPLES_PER_S))
    assert told == pytest.approx((10.0, 2300.0), rel=0.01)


def test_what_is_true_of_a_switched_load_is_its_share_of_the_time() -> None:
    v = 230.0 * FLAT
    load = Load(v, lagging(v, 10.0, 0.0), lagging(v, 10.0, 0.0), 50.0, 0.0)
    hob = Switched(load, np.array([50, 100, 250]))  # on from 1 to 2 s, and from 5 s on
    assert hob.true_w(0.0, 4.0) == pytest.approx(2300 / 4)
    assert hob.true_w(1.5, 2.5) == pytest.approx(2300 / 2)
    assert hob.true_w(4.0, 6.0) == pytest.approx(2300 / 2)
    assert hob.true_w(2.0, 5.0) == pytest.approx(0.0)


def test_what_is_true_of_a_recorded_cycle_is_that_of_its_straight_lines() -> None:
    at = np.arange(400) / 400
    cycle = Recorded(100 * np.sqrt(2) * np.sin(2 * np.pi * at), 2 * np.sqrt(2) * np.sin(2 * np.pi * at - np.pi / 3), 0)
    assert cycle.true == pytest.approx((100.0, 2.0, 100.0), rel=1e-4)
