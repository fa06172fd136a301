"""The board's own points in the table, and angles that follow what is in force: through the whole of the metering."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.firmware.interpreters import Interpreter
from tests.firmware.waveforms import IDEAL, IDEAL_LUT, Wave, packed, phasor
from twin.calibration import calibrate
from twin.sensors import EFuse, adc_curve_mv, codes_to_lut


@pytest.mark.parametrize("lead_deg", [-9.0, 6.0, 14.0])
def test_the_first_bursts_at_exactly_50_hz_are_turned_by_the_delay_of_the_voltage(
    unix: Interpreter, tmp_path: Path, lead_deg: float
) -> None:
    """The frequency alone must not decide whether the angles are the ones in force."""
    board = replace(IDEAL, v_lead_50hz_deg=lead_deg)
    wave = Wave(50.0, 230.0, phasor(10.0, 60.0), phasor(8.0, 60.0))
    (tmp_path / "codes").write_bytes(packed(wave.codes(2.0, board)))
    unix.call("probe_readings", "set_lut", IDEAL_LUT)
    settings = {"calibration": calibrate(board)}
    bursts = np.array(
        unix.call("probe_readings", "play", str(tmp_path / "codes"), settings, 1000)["bursts"], dtype=float
    )
    f_mhz, _, grid_mw, pv_mw = bursts.T
    assert (f_mhz == 50_000).any()
    assert np.abs(grid_mw / 1000 / wave.grid_w - 1).max() < 0.004
    assert np.abs(pv_mw / 1000 / wave.pv_w - 1).max() < 0.004


def points_of(true_mv: NDArray[np.float64], told_mv: NDArray[np.float64], every: int) -> list[list[float]]:
    """What a bench would write down: input and what the meter made of it."""
    return [[float(a), float(b)] for a, b in zip(true_mv[200:3700:every], told_mv[200:3700:every], strict=True)]


def test_the_board_s_own_points_straighten_its_table(interpreter: Interpreter) -> None:
    """A chip of 1155 mV whose eFuse says 1100: 60 mV off at 1.5 V."""
    true_mv, told = adc_curve_mv(1155.0), codes_to_lut(EFuse(1100))
    interpreter.call("probe_readings", "set_lut", packed(told), points_of(true_mv, told / 2.0, 250))
    found_mv = np.array(interpreter.call("probe_readings", "lut")) / 2.0
    inside = slice(200, 3450)  # the outermost points
    assert np.abs(told / 2.0 - true_mv)[inside].max() > 50
    assert np.abs(found_mv - true_mv)[inside].max() < 6  # straight lines where the curve bends; 0.5 mV below
    assert np.abs(found_mv - true_mv)[200:2600].max() < 0.8  # rounded twice
    assert (np.diff(found_mv) >= 0).all()


def test_without_points_the_table_is_the_chip_s(interpreter: Interpreter) -> None:
    interpreter.call("probe_readings", "set_lut", IDEAL_LUT, [])
    assert interpreter.call("probe_readings", "lut") == np.frombuffer(IDEAL_LUT, "<u2").tolist()


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ("1", "malformed"),
        ([1.0, 2.0], "malformed"),
        ([[100.0, "100"]], "malformed"),
        ([[100.0, True]], "malformed"),
        ([[100.0, 100.0, 3.0]], "malformed"),
        ([[k, k] for k in range(25)], "malformed"),
        ([[200.0, 210.0], [150.0, 220.0]], "out_of_range"),
        ([[200.0, 210.0], [250.0, 210.0]], "out_of_range"),
        ([[200.0, 600.0]], "out_of_range"),
        ([[-5.0, 10.0]], "out_of_range"),
        ([[3400.0, 3400.0]], "out_of_range"),
    ],
)
def test_points_that_cannot_be_are_refused(interpreter: Interpreter, points: Any, code: str) -> None:
    assert interpreter.call("probe_readings", "refused", {"adc": points}) == [code, "calibration.adc"]


def test_points_that_can_be_are_taken(interpreter: Interpreter) -> None:
    assert interpreter.call("probe_readings", "refused", {"adc": [[142, 150.5], [2450.0, 2399]]}) is None
    assert interpreter.call("probe_readings", "refused", {"reference_permille": 101}) == [
        "out_of_range",
        "calibration.reference_permille",
    ]
