"""The uncertainty of a reading: what it grows with, and that it covers the errors it speaks of."""

from typing import Any

import numpy as np
import pytest

from bench._front_end import FLAT, Load, lagging
from tests.firmware.interpreters import Interpreter
from tests.firmware.waveforms import packed
from twin.calibration import calibrate
from twin.sensors import codes_to_lut, make_board

EVEN = [{"amps": amps, "gain": 1.0, "phase_deg": 1 / (1 + amps)} for amps in (0.15, 0.3, 0.6, 1.25, 2.5, 5, 10, 20)]
CLAMP = {"amps_per_step": 0.0252, "phase_deg": 0.1, "noise_a": 0.2, "points": EVEN}
SEVERAL = {"v": {"volts_per_step": 0.177, "noise_v": 1.4}, "grid": CLAMP, "pv": CLAMP, "reference_permille": 0}
ONE = {**SEVERAL, "grid": {**CLAMP, "points": []}}
WATTS = 1_000_000, 0, 230_000, 4_348, 10_000_000  # mW, mvar, mV, mA, µs sampled


def u_w(interpreter: Interpreter, calibration: dict[str, Any], *quantities: int, channel: str = "grid") -> float:
    return float(interpreter.call("probe_watch", "uncertainty", calibration, channel, *quantities)) / 1000


def bent(at: int, by: float) -> dict[str, Any]:
    """A calibration whose gain leaves the straight line at one point."""
    points = [dict(point) for point in EVEN]
    points[at]["gain"] += by
    return {**SEVERAL, "grid": {**CLAMP, "points": points}}


def test_it_grows_with_less_calibration(interpreter: Interpreter) -> None:
    found = [u_w(interpreter, calibration, *WATTS) for calibration in (SEVERAL, ONE, {})]
    assert found == pytest.approx([2.25, 26.4, 60.0], rel=0.02)


def test_it_grows_with_reactive_power(interpreter: Interpreter) -> None:
    reactive = 0, 1_000_000, 230_000, 4_348, 10_000_000
    found = [u_w(interpreter, calibration, *reactive) for calibration in (SEVERAL, ONE, {})]
    assert found == pytest.approx([1.13, 14.0, 60.0], rel=0.02)


def test_what_nobody_has_set_is_as_doubtful_as_drawn(interpreter: Interpreter) -> None:
    """A calibration may be complete in form, and hold what is on the drawing."""
    zeroed = {"v": {"volts_per_step": 0.1769230769, "noise_v": 1.4}, "grid": {"amps_per_step": 0.025, "noise_a": 0.2}}
    assert u_w(interpreter, zeroed, *WATTS) == pytest.approx(u_w(interpreter, {}, *WATTS), rel=0.001)
    unturned = {**ONE, "grid": {**CLAMP, "points": [], "phase_deg": 0.0}}
    reactive = 0, 1_000_000, 230_000, 4_348, 10_000_000
    assert u_w(interpreter, unturned, *reactive) == pytest.approx(60.0, rel=0.01)
    alike = [{**point, "phase_deg": 0.1} for point in EVEN]
    turned_once = {**SEVERAL, "grid": {**CLAMP, "points": alike}}
    assert u_w(interpreter, turned_once, *reactive) == pytest.approx(14.0, rel=0.01)


def test_noise_falls_with_the_root_of_the_time(interpreter: Interpreter) -> None:
    """But for what the calibration's own noise leaves."""
    idle = [u_w(interpreter, SEVERAL, 0, 0, 230_000, 0, second * 1_000_000) for second in (1, 4, 16, 3600)]
    noise_w = 1.96 * 230 * 0.2
    assert idle == pytest.approx([noise_w * np.sqrt(1 / (4000 * s) + 7.5e-6) for s in (1, 4, 16, 3600)], rel=0.001)
    assert idle[1] == pytest.approx(idle[0] / 2, rel=0.05)


def test_a_bend_between_points_is_felt_near_them_most(interpreter: Interpreter) -> None:
    near, far = bent(5, 0.02), bent(1, 0.02)
    even = u_w(interpreter, SEVERAL, *WATTS)
    assert u_w(interpreter, near, *WATTS) > u_w(interpreter, far, *WATTS) > 1.2 * even
    assert u_w(interpreter, near, *WATTS) == pytest.approx(9, rel=0.3)
    assert u_w(interpreter, near, *WATTS, channel="pv") == pytest.approx(even)


def test_far_below_the_lowest_point_nothing_is_promised(interpreter: Interpreter) -> None:
    high = {**SEVERAL, "grid": {**CLAMP, "points": EVEN[4:]}}
    weak = 100_000, 0, 230_000, 435, 10_000_000
    assert u_w(interpreter, high, *weak) > 5 * u_w(interpreter, SEVERAL, *weak)


def test_the_instrument_of_the_calibration_counts(interpreter: Interpreter) -> None:
    known = [u_w(interpreter, {**SEVERAL, "reference_permille": permille}, *WATTS) for permille in (0, 5, 20)]
    assert known == pytest.approx([2.25, 6.1, 22.7], rel=0.02)
    unknown = {name: part for name, part in SEVERAL.items() if name != "reference_permille"}
    assert u_w(interpreter, unknown, *WATTS) == known[1]


def burst(watts: float, gap_us: int = 0, clipped: int = 0) -> list[float]:
    return [230.0, watts, 0.0, watts / 230, 0.0, 50_000, 200_000, clipped, gap_us]


def grid_u_w(interpreter: Interpreter, bursts: list[list[float]]) -> float:
    window_ms = sum(int(one[6]) + int(one[8]) for one in bursts) // 1000
    return float(interpreter.call("probe_watch", "read", bursts, window_ms, SEVERAL)["grid_u_mw"]) / 1000


def test_a_short_gap_hides_most_of_the_step_across_it(interpreter: Interpreter) -> None:
    steady = grid_u_w(interpreter, [burst(1000)] + [burst(1000, 20_000)] * 9)
    stepped = grid_u_w(interpreter, [burst(500)] + [burst(500, 20_000)] * 4 + [burst(1500, 20_000)] * 5)
    hidden = 0.7 * 1000 * 0.02 / 2.18
    assert stepped**2 - steady**2 == pytest.approx(hidden**2, rel=0.02)


def test_a_long_gap_hides_half_the_range(interpreter: Interpreter) -> None:
    whole = grid_u_w(interpreter, [burst(500), burst(1500)] * 5)
    missed = grid_u_w(interpreter, [burst(500), burst(1500)] * 4 + [burst(500), burst(1500, 1_000_000)])
    assert missed == pytest.approx(np.hypot(whole, 500 * 1.0 / 3.0), rel=0.02)


def test_clipped_samples_widen_it(interpreter: Interpreter) -> None:
    whole = grid_u_w(interpreter, [burst(9000)] * 10)
    cut = grid_u_w(interpreter, [burst(9000, clipped=240)] * 10)  # 30 % of the samples: a sine lost 4.4 % of its power
    assert whole < 40
    assert 0.044 * 9000 < cut < 0.12 * 9000


def covered(unix: Interpreter, tmp_path: Any, wrong_deg: float) -> float:
    """Share of errors within the uncertainty: six boards, smooth and harsh, both clamps, six loads each, 2 s."""
    holds = []
    for seed in range(3):
        for inl in ("smooth", "harsh"):
            board = make_board(50 + seed, inl=inl, radio_per_s=0.0)
            calibration = calibrate(board)
            for name in ("grid", "pv"):
                for point in calibration[name]["points"]:
                    point["phase_deg"] += wrong_deg
            unix.call("probe_readings", "set_lut", packed(codes_to_lut(board.efuse)))
            for k, lag_deg in enumerate((0.0, 60.0, -37.0, 0.0, 30.0, 50.0)):
                v = 228.0 * FLAT
                load = Load(v, lagging(v, 0.2 * 2.3**k, lag_deg), lagging(v, -0.3 * 2.3**k, lag_deg), 50.03)
                (tmp_path / "codes").write_bytes(packed(load.codes(board, 2.3, 100 * seed + k)))
                told = unix.call("probe_readings", "play", str(tmp_path / "codes"), {"calibration": calibration}, 2000)
                reading = told["readings"][0]
                for name, true_w in zip(("grid", "pv"), load.true_w, strict=True):
                    holds.append(abs(reading[f"{name}_mw"] / 1000 - true_w) <= reading[f"{name}_u_mw"] / 1000)
    return float(np.mean(holds))


def test_it_covers_the_errors_of_calibrated_boards_and_no_wrong_phase(unix: Interpreter, tmp_path: Any) -> None:
    assert 0.88 <= covered(unix, tmp_path, 0.0) <= 0.995
    assert covered(unix, tmp_path, 2.0) < 0.75
