"""Boards: their curve, their noise, their calibration, and one burst followed by hand from the mains to the watt."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.twin.numpy_meter import Measured, measure
from twin.calibration import POINTS_A, calibrate
from twin.faults import Fault, Faults
from twin.house import House
from twin.mains import Mains
from twin.profile import Steady
from twin.sensors import Board, EFuse, adc_curve_mv, codes_to_lut, ideal_board, make_board

START_MS = 1_763_856_000_000


@cache
def calibrated(board: Board, nominal_hz: float) -> dict[str, Any]:
    return calibrate(board, nominal_hz)


def hear(house: House, board: Board, seconds: int, nominal_hz: float = 50.0) -> Measured:
    return measure(house.take(seconds * 4000), codes_to_lut(board.efuse), calibrated(board, nominal_hz))


def test_the_adc_curve_rises_and_is_the_published_line_in_its_middle() -> None:
    curve = adc_curve_mv(1100.0)
    assert (np.diff(curve) > 0).all()
    assert curve[0] == pytest.approx(142.0)
    assert curve[1436] == pytest.approx(1436 * 0.8057 + 142, abs=0.5)
    assert 3050 < curve[4095] < 3150


def test_the_lut_counts_half_millivolts_of_the_chip_s_own_reference() -> None:
    lut = codes_to_lut(EFuse(vref_mv=1121))
    assert lut.shape == (4096,)
    assert abs(int(lut[2000]) / 2 - adc_curve_mv(1121)[2000]) <= 0.25
    assert lut[2000] > codes_to_lut(EFuse(vref_mv=1093))[2000]


def test_one_burst_by_hand_comes_back_to_the_truth_on_an_ideal_board() -> None:
    board = ideal_board()
    lut, calibration = codes_to_lut(board.efuse), calibrate(board)
    house = House(Steady({"kettle": 2200.0}, has_pv=False, v_v=234.0), board, START_MS)
    burst = house.take(1000)  # 250 ms: more than ten cycles, from where the voltage rises through zero
    volts = (lut[burst[:, 0]] - np.mean(lut[burst[:800, 0]])) * calibration["v"]["volts_per_step"]
    amps = (lut[burst[:, 1]] - np.mean(lut[burst[:800, 1]])) * calibration["grid"]["amps_per_step"]
    ten_cycles = slice(0, round(4000 * 10 / float(house.mains.frequency_hz(np.array([0.1]))[0])))
    assert np.sqrt(np.mean(volts[ten_cycles] ** 2)) == pytest.approx(234.0, rel=1e-3)
    assert np.sqrt(np.mean(amps[ten_cycles] ** 2)) == pytest.approx(2200 / 234.0, rel=2e-3)
    assert np.mean(volts[ten_cycles] * amps[ten_cycles]) == pytest.approx(2200.0, rel=2e-3)


def test_an_ideal_board_measures_a_mixed_house_within_a_thousandth() -> None:
    source = Steady({"fridge": 120.0, "electronics": 200.0, "kettle": 2200.0}, pv_w=400.0, v_v=234.0)
    board = ideal_board()
    house = House(source, board, START_MS)
    heard = hear(house, board, 30)
    assert heard.v_rms == pytest.approx(234.0, rel=5e-4)
    assert heard.grid_w == pytest.approx(2120.0, rel=1e-3)
    assert heard.pv_w == pytest.approx(400.0, rel=2e-3)


@pytest.mark.parametrize("nominal_hz", [50.0, 60.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_calibrated_board_measures_within_a_hundredth(seed: int, nominal_hz: float) -> None:
    source = Steady({"motor": 400.0, "water_heater": 1600.0}, pv_w=-4.0, v_v=231.0)
    board = make_board(seed, radio_per_s=0.0)
    house = House(source, board, START_MS, Mains(nominal_hz))
    heard = hear(house, board, 30, nominal_hz)
    assert heard.v_rms == pytest.approx(231.0, rel=3e-3)
    assert heard.grid_w == pytest.approx(2004.0, rel=6e-3)
    assert heard.grid_var == pytest.approx(400 * np.tan(np.deg2rad(38.0)) - 28.0, abs=20.0)


def test_another_board_s_calibration_is_wrong_by_more_than_a_hundredth() -> None:
    source = Steady({"motor": 2000.0})
    board = make_board(2, radio_per_s=0.0)
    codes = House(source, board, START_MS).take(40_000)
    lut = codes_to_lut(board.efuse)
    own, other = (measure(codes, lut, calibrate(b)).grid_w for b in (board, make_board(5, radio_per_s=0.0)))
    assert abs(other / own - 1) > 0.01


def test_the_calibration_of_an_ideal_board_is_its_design() -> None:
    calibration = calibrate(ideal_board())
    assert calibration["v"]["volts_per_step"] == pytest.approx(0.5 * 230 / 650, rel=1e-3)
    assert calibration["grid"]["amps_per_step"] == pytest.approx(0.5 * 30 / 600, rel=1e-3)
    assert calibration["grid"]["phase_deg"] == pytest.approx(0.0, abs=0.05)
    assert [point["amps"] for point in calibration["pv"]["points"]] == list(POINTS_A)


def test_the_phase_of_a_board_is_clamp_lead_less_transformer_lead_plus_skew() -> None:
    board = make_board(7)
    calibration = calibrate(board)
    for channel, name in ((1, "grid"), (2, "pv")):
        skew_deg = 360 * 50 * 42e-6 * channel
        clamp = board.clamps[channel - 1]
        expected_deg = float(clamp.lead_deg(np.array(10.0))) - board.v_lead_50hz_deg + skew_deg
        assert calibration[name]["phase_deg"] == pytest.approx(expected_deg, abs=0.1)


def test_noise_without_a_signal_is_what_the_calibration_says() -> None:
    board = make_board(3, radio_per_s=0.0)
    codes = House(Steady({}, has_pv=False), board, START_MS).take(8000)
    steps = codes_to_lut(board.efuse)[codes[:, 2]].astype(float)
    calibration = calibrate(board)["pv"]
    assert steps.std() * calibration["amps_per_step"] == pytest.approx(calibration["noise_a"], rel=0.05)
    assert steps.std() / 2 == pytest.approx(4.0, rel=0.1)  # millivolts: 5 codes


@pytest.mark.parametrize("inl", ["smooth", "harsh"])
def test_integral_nonlinearity_is_three_codes_rms(inl: str) -> None:
    rough, plain = (make_board(4, inl=kind) for kind in (inl, "none"))  # type: ignore[arg-type]
    middle = slice(2000, 24_000)
    error = rough.code_table[middle].astype(int) - plain.code_table[middle].astype(int)
    assert 1.5 < error.std() < 4.5


def test_a_current_beyond_the_range_is_clipped_and_counted() -> None:
    house = House(Steady({"water_heater": 11_500.0}), ideal_board(), START_MS)
    codes = house.take(8000)
    assert house.clipped[1] == int((codes[:, 1] == 0).sum() + (codes[:, 1] == 4095).sum()) > 100
    assert house.clipped[0] == house.clipped[2] == 0


def test_radio_packets_corrupt_a_few_samples_and_only_those() -> None:
    quiet, loud = (House(Steady({"base": 300.0}), make_board(6, radio_per_s=r), START_MS) for r in (0.0, 0.4))
    difference = loud.take(400_000).astype(int) - quiet.take(400_000).astype(int)
    hits = np.count_nonzero(difference)
    assert 10 <= hits <= 200
    assert difference.max() > 200


def test_equal_boards_make_equal_codes_and_others_do_not() -> None:
    first, same, other = (House(Steady({"base": 500.0}), make_board(seed), START_MS).take(8000) for seed in (1, 1, 2))
    assert (first == same).all()
    assert (first != other).mean() > 0.5


@pytest.mark.parametrize(
    ("fault", "grid_share", "pv_share"),
    [
        (Fault("reversed", START_MS, channel="grid"), -1.0, 1.0),
        (Fault("open", START_MS, channel="grid"), 0.0, 1.0),
        (Fault("open", START_MS, channel="pv"), 1.0, 0.0),
        (Fault("bypass", START_MS, channel="grid", amount=0.6), 0.4, 1.0),
        (Fault("frozen", START_MS, channel="grid"), 0.0, 1.0),
    ],
)
def test_a_faulty_clamp_misleads_the_meter_but_not_the_truth(fault: Fault, grid_share: float, pv_share: float) -> None:
    board = ideal_board()
    house = House(Steady({"water_heater": 2500.0}, pv_w=1000.0), board, START_MS, faults=Faults((fault,)))
    heard = hear(house, board, 30)
    true = house.energy_between(START_MS, START_MS + 30_000)
    assert true.import_wh * 120 == pytest.approx(1500.0, rel=1e-3)
    assert heard.grid_w == pytest.approx(1500.0 * grid_share, abs=4.0)
    assert heard.pv_w == pytest.approx(1000.0 * pv_share, abs=3.0)


def test_a_frozen_channel_repeats_one_code_from_its_start_to_its_end() -> None:
    fault = Fault("frozen", START_MS + 500, START_MS + 1500, channel="v")
    codes = House(Steady({"base": 100.0}), make_board(1), START_MS, faults=Faults((fault,))).take(8000)[:, 0]
    assert len(set(codes[2000:6000].tolist())) == 1
    assert len(set(codes[:2000].tolist())) > 100
    assert len(set(codes[6000:].tolist())) > 100
