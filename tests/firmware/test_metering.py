"""From codes to volts, watts and vars: accuracy against waveforms whose truth is known, on every interpreter."""

import numpy as np
import pytest

from tests.firmware.interpreters import Interpreter
from tests.firmware.player import FIELDS, play, play_aligned
from tests.firmware.waveforms import Wave, phasor
from twin.calibration import calibrate
from twin.sensors import codes_to_lut, make_board

LOADS = [
    pytest.param(10.0, 0.0, 0.0, id="10 A, PF 1"),
    pytest.param(10.0, 60.0, 0.0, id="10 A, PF 0.5 inductive"),
    pytest.param(10.0, -37.0, 0.0, id="10 A, PF 0.8 capacitive"),
    pytest.param(-6.0, 0.0, 0.0, id="6 A, export"),
    pytest.param(3.0, 10.0, 0.3, id="3 A, 30 % third harmonic"),
    pytest.param(20.0, 60.0, 0.0, id="20 A, PF 0.5 inductive"),
]


@pytest.mark.parametrize("f_hz", [49.87, 50.0, 50.13])
@pytest.mark.parametrize(("amps", "lag_deg", "third"), LOADS)
def test_power_voltage_current_and_frequency_are_right(
    unix: Interpreter, f_hz: float, amps: float, lag_deg: float, third: float
) -> None:
    wave = Wave(f_hz, 231.0, phasor(amps, lag_deg, third), phasor(5.0))
    played = play(unix, wave.codes(3.0))
    apparent_va = 231.0 * abs(amps)
    reactive_var = apparent_va * np.sign(amps) * np.sin(np.deg2rad(lag_deg))
    assert played.mean("grid_mw") / 1000 == pytest.approx(wave.grid_w, rel=0.001)
    assert played.mean("pv_mw") / 1000 == pytest.approx(wave.pv_w, rel=0.001)
    assert played.mean("grid_mvar") / 1000 == pytest.approx(reactive_var, abs=0.001 * apparent_va)
    assert played.mean("v_mv") / 1000 == pytest.approx(231.0, rel=0.0005)
    assert played.mean("grid_ma") / 1000 == pytest.approx(abs(amps) * np.hypot(1, third), rel=0.001)
    assert np.abs(played.columns["f_mhz"] - 1000 * f_hz).max() < 3
    worst_mw = np.abs(played.columns["grid_mw"] / 1000 - wave.grid_w).max()
    assert worst_mw / abs(wave.grid_w) < 0.003


@pytest.mark.parametrize("seed", range(1, 7))
@pytest.mark.parametrize(("amps", "lag_deg"), [(10.0, 0.0), (4.0, 60.0), (1.0, 0.0)])
def test_a_noisy_board_is_right_after_its_calibration(
    unix: Interpreter, seed: int, amps: float, lag_deg: float
) -> None:
    board = make_board(seed)
    wave = Wave(50.04, 229.0, phasor(amps, lag_deg), phasor(2.0))
    played = play(unix, wave.codes(10.0, board), board, calibrate(board))
    assert played.mean("grid_mw") / 1000 == pytest.approx(wave.grid_w, rel=0.01)
    assert played.mean("v_mv") / 1000 == pytest.approx(229.0, rel=0.002)
    assert np.percentile(np.abs(played.columns["f_mhz"] - 50040), 95) < 12


def test_without_load_the_current_is_near_zero_and_not_the_noise(unix: Interpreter) -> None:
    board = make_board(3, radio_per_s=0.0)
    played = play(unix, Wave(50.0).codes(10.0, board), board, calibrate(board))
    assert played.mean("grid_ma") < 60  # 150 mA of noise are heard
    assert abs(played.mean("grid_mw")) < 500


@pytest.mark.parametrize(("amps", "lag_deg"), [(7.0, 25.0), (-2.0, -10.0)])
def test_every_interpreter_gives_the_same_numbers(
    interpreter: Interpreter, unix: Interpreter, amps: float, lag_deg: float
) -> None:
    board = make_board(5)
    codes = Wave(49.95, 230.0, phasor(amps, lag_deg), phasor(1.5)).codes(1.5, board)
    one, other = (play(i, codes, board, calibrate(board)) for i in (interpreter, unix))
    assert len(one) == len(other) >= 6
    for name in FIELDS:
        assert one.columns[name].tolist() == other.columns[name].tolist()


def test_bursts_follow_each_other_without_a_gap(unix: Interpreter) -> None:
    played = play(unix, Wave(50.11, 230.0, phasor(2.0)).codes(6.0, make_board(2)), make_board(2))
    starts, ends = played.columns["start_us"], played.columns["end_us"]
    assert (starts[1:] == ends[:-1]).all()
    assert ends[-1] - starts[0] > 5.6e6
    assert played.rejected == 0


def test_a_front_end_that_loses_time_says_how_much(unix: Interpreter) -> None:
    played = play(unix, Wave(50.0, 230.0, phasor(5.0)).codes(6.0), lost=37)
    covered_us = (played.columns["end_us"] - played.columns["start_us"]).sum()
    gaps_us = played.columns["gap_us"][1:]
    span_us = played.columns["end_us"][-1] - played.columns["start_us"][0]
    assert covered_us + gaps_us.sum() == span_us
    assert (gaps_us > 37 * 250).all()
    assert played.mean("grid_mw") / 1000 == pytest.approx(1150.0, rel=0.001)


@pytest.mark.parametrize("f_hz", [49.8, 50.0, 50.2])
def test_a_front_end_without_a_stream_of_its_own_covers_nine_tenths(unix: Interpreter, f_hz: float) -> None:
    board = make_board(4, radio_per_s=0.0)
    played = play_aligned(unix, Wave(f_hz, 230.0, phasor(5.0)).codes(12.0, board), board, calibrate(board))
    assert len(played) > 50
    assert played.coverage() > 0.9


def test_a_grid_of_60_hz_is_followed(unix: Interpreter) -> None:
    wave = Wave(60.02, 230.0, phasor(6.0, 30.0), phasor(3.0))
    played = play(unix, wave.codes(4.0))
    assert abs(played.mean("f_mhz") - 60020) < 2
    assert played.mean("grid_mw") / 1000 == pytest.approx(wave.grid_w, rel=0.002)


def test_a_spike_on_the_voltage_moves_no_burst(unix: Interpreter) -> None:
    codes = Wave(50.0, 230.0, phasor(5.0)).codes(4.0)
    spiked = codes.copy()
    spiked[3000::1777, 0] = 4000
    clean, disturbed = play(unix, codes), play(unix, spiked)
    assert disturbed.rejected == 0
    assert np.abs(clean.columns["end_us"] - disturbed.columns["end_us"]).max() < 300
    assert np.abs(disturbed.columns["f_mhz"] - 50000).max() < 60


def test_without_mains_there_is_no_frequency_and_metering_goes_on(unix: Interpreter) -> None:
    dead = Wave(50.0, 0.0).codes(2.0)
    alive = Wave(50.0, 230.0, phasor(3.0)).codes(2.0)
    played = play(unix, np.concatenate([alive, dead, alive]))
    volts = played.columns["v_mv"] / 1000
    assert (volts < 1).sum() >= 8
    assert (played.columns["f_mhz"][volts < 1] == 0).all()
    assert volts[-1] == pytest.approx(230.0, rel=0.001)
    assert played.columns["f_mhz"][-1] == pytest.approx(50000, abs=3)
    lost_us = played.columns["gap_us"][1:].sum()
    assert lost_us < 0.5e6


def test_samples_outside_of_the_range_are_counted(unix: Interpreter) -> None:
    played = play(unix, Wave(50.0, 230.0, phasor(60.0)).codes(2.0))
    assert (played.columns["clipped"][1:] > 50).all()


def test_clamps_may_be_reversed_or_exchanged_by_configuration(unix: Interpreter) -> None:
    codes = Wave(50.0, 230.0, phasor(4.0), phasor(1.0)).codes(1.5)
    clamps = {"grid": {"input": 2, "sign": -1}, "pv": {"input": 1, "sign": 1}}
    played = play(unix, codes, clamps=clamps)
    assert played.mean("grid_mw") == pytest.approx(-230_000, rel=0.005)
    assert played.mean("pv_mw") == pytest.approx(920_000, rel=0.005)
    assert played.mean("house_mw") == pytest.approx(690_000, rel=0.005)


@pytest.mark.parametrize("vref_mv", [1000, 1071, 1100, 1155, 1200])
def test_linearisation_follows_the_published_curve(interpreter: Interpreter, vref_mv: int) -> None:
    from twin.sensors import EFuse

    found = np.array(interpreter.call("linearise", "table", vref_mv))
    assert np.abs(found - codes_to_lut(EFuse(vref_mv)).astype(int)).max() <= 1


def test_the_reference_voltage_is_found_from_pairs_of_code_and_input(interpreter: Interpreter) -> None:
    from twin.sensors import adc_curve_mv

    for vref_mv in (1050, 1100, 1180):
        assert (
            abs(interpreter.call("linearise", "reference_mv", 1500, float(adc_curve_mv(vref_mv)[1500])) - vref_mv) <= 1
        )
    assert interpreter.call("linearise", "reference_mv", 12, 150.0) == 1100
