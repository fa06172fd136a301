"""The self-checks: every fault of a sensor sets its bit, and no real house sets any."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dev.paths import data_dir
from tests.firmware.interpreters import Interpreter
from tests.firmware.waveforms import packed
from twin.calibration import calibrate
from twin.faults import Fault, Faults
from twin.house import House
from twin.mains import Mains
from twin.profile import Steady
from twin.pv import PvArray
from twin.recordings import read_recording
from twin.replay import minutes_of_load, minutes_of_pv
from twin.sensors import codes_to_lut, make_board

Minutes = NDArray[np.float64]
DAY = 1440
FILTER_VAR = 28.0  # of an inverter, day and night


def recorded(name: str) -> str:
    path = data_dir() / name
    if not Path(path).is_file():
        pytest.skip(f"{path} is not here: the recorded houses are needed")
    return str(path)


def house(load_w: Minutes, load_var: Minutes, roof_w: Minutes | None, volts: Minutes | None = None) -> Minutes:
    """What a meter that is fitted as it should be measures: columns grid W, var, PV W, var, V."""
    v = np.full(len(load_w), 230.0) if volts is None else volts
    if roof_w is None:
        return np.stack([load_w, load_var, 0 * load_w, 0 * load_w, v], axis=1)
    own_var = np.full(len(load_w), -FILTER_VAR)
    return np.stack([load_w - roof_w, load_var + FILTER_VAR, roof_w, own_var, v], axis=1)


@cache
def family() -> tuple[Minutes, Minutes, Minutes]:
    """60 days of a household without PV: W, var, V."""
    recording = read_recording(recorded("uci_minute_60d.csv.gz"))
    assert recording.q_var is not None
    assert recording.v_v is not None
    known = ~np.isnan(recording.house_w + recording.q_var + recording.v_v)
    return recording.house_w[known], recording.q_var[known], recording.v_v[known]


@cache
def solar_home(home: int, days: int = 60) -> tuple[Minutes, Minutes, Minutes]:
    """Load W, load var, roof W by the minute, from spring on."""
    recording = read_recording(recorded("citylearn_homes.csv.gz") + f"#{home}")
    assert recording.pv_w is not None
    hours = slice(24 * 210, 24 * (210 + days))
    load_w = minutes_of_load(np.nan_to_num(recording.house_w[hours]), home)
    roof_w = minutes_of_pv(np.nan_to_num(recording.pv_w[hours]), home)
    roof_w = np.where(roof_w < 5.0, -4.0, roof_w)
    return load_w, 0.15 * load_w + 40.0, roof_w


def sunny_home(days: int = 6) -> tuple[Minutes, Minutes, Minutes]:
    """The twin's roof over a house that is often away: it exports at noon."""
    unix_s = 1_780_000_000 // 86_400 * 86_400 + 60.0 * np.arange(days * DAY, dtype=np.float64)
    roof_w = PvArray(peak_w=5000.0, seed=3).power_w(unix_s)
    load_w = minutes_of_load(np.full(24 * days, 420.0), 9)
    return load_w, 0.15 * load_w + 40.0, roof_w


def checked(
    interpreter: Interpreter, minutes: Minutes, has_pv: bool = True, starts: bool = True
) -> list[tuple[int, set[str]]]:
    """[(minute, names of the bits)] whenever they change."""
    if starts:
        interpreter.call("probe_checks", "start", has_pv)
    told = []
    for first in range(0, len(minutes), 5 * DAY):
        rows = np.rint(minutes[first : first + 5 * DAY]).astype("<i2")
        told += [(first + m, set(n)) for m, n in interpreter.call("probe_checks", "minutes", packed(rows), 2)]
    return told


def ever(told: list[tuple[int, set[str]]]) -> set[str]:
    return set().union(*[names for _, names in told])


def test_sixty_real_days_without_pv_set_no_bit(unix: Interpreter) -> None:
    load_w, load_var, volts = family()
    assert len(load_w) > 55 * DAY
    assert checked(unix, house(load_w, load_var, None, volts), has_pv=False) == []


def test_sixty_days_of_homes_with_pv_set_no_bit(unix: Interpreter) -> None:
    for home in (1, 3, 6):
        load_w, load_var, roof_w = solar_home(home)
        assert roof_w.max() > 1000
        assert checked(unix, house(load_w, load_var, roof_w)) == [], home


def test_a_real_family_below_a_simulated_roof_sets_no_bit(unix: Interpreter) -> None:
    load_w, load_var, volts = family()
    unix_s = 1_780_000_000 // 86_400 * 86_400 + 60.0 * np.arange(len(load_w), dtype=np.float64)
    for peak_w in (800.0, 9000.0):
        roof_w = PvArray(peak_w=peak_w, seed=5).power_w(unix_s)
        assert checked(unix, house(load_w, load_var, roof_w, volts)) == [], peak_w


def test_a_roof_that_trips_and_a_load_that_follows_it_set_no_bit(unix: Interpreter) -> None:
    load_w, load_var, roof_w = sunny_home()
    roof_w = np.where(np.arange(len(roof_w)) % 200 < 20, -4.0, roof_w)
    assert checked(unix, house(load_w, load_var, roof_w)) == []
    follows_w = np.maximum(load_w, roof_w)  # a heater that takes what would be exported
    assert checked(unix, house(follows_w, load_var, roof_w)) == []


def spoilt(minutes: Minutes, fault: str, since: int = 0) -> Minutes:
    """The house with something wrong from a minute on."""
    made = minutes.copy()
    grid, pv = made[since:, 0:2].copy(), made[since:, 2:4].copy()
    heard = {
        "grid_reversed": (-grid, pv),
        "pv_reversed": (grid, -pv),
        "clamps_swapped": (pv, grid),
        "grid_open": (0 * grid, pv),
        "pv_open": (grid, 0 * pv),
        "other_phase": (elsewhere(grid, 120.0), pv),
        "pv_other_phase": (grid, elsewhere(pv, -120.0)),
    }[fault]
    made[since:, 0:2], made[since:, 2:4] = heard
    return made


def elsewhere(powers: Minutes, degrees: float) -> Minutes:
    """W and var of a current, seen from another phase."""
    turned = (powers[:, 0] + 1j * powers[:, 1]) * np.exp(1j * np.deg2rad(degrees))
    return np.stack([turned.real, turned.imag], axis=1)


FAULTS = ("grid_reversed", "pv_reversed", "clamps_swapped", "grid_open", "pv_open")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("since", [0, DAY + 120, DAY + 720, DAY + 1300])
def test_a_clamp_that_is_wrong_sets_its_bit_and_no_other(unix: Interpreter, fault: str, since: int) -> None:
    """From the start, at night, at noon, in the evening; known within two days, and by no other name on the way."""
    told = checked(unix, spoilt(house(*sunny_home()), fault, since))
    assert ever(told) == {fault}
    assert since < told[0][0] < since + 2 * DAY
    assert told[-1][1] == {fault}, "it stays"


@pytest.mark.parametrize(("since", "most_min"), [(120, 10), (0, 10)])
def test_without_pv_a_clamp_that_is_turned_round_is_known_in_minutes(
    unix: Interpreter, since: int, most_min: int
) -> None:
    load_w, load_var, volts = family()
    minutes = house(load_w[:2000], load_var[:2000], None, volts[:2000])
    told = checked(unix, spoilt(minutes, "grid_reversed", since), has_pv=False)
    assert told[0][1] == {"grid_reversed"}
    assert told[0][0] < since + most_min


def test_a_clamp_that_falls_off_or_turns_is_known_at_once_where_the_jump_was_heard(unix: Interpreter) -> None:
    minutes = house(*sunny_home())
    for fault, since in (("grid_reversed", DAY + 120), ("grid_open", DAY + 120), ("pv_open", DAY + 720)):
        told = checked(unix, spoilt(minutes, fault, since))
        assert told[0][0] < since + 30, fault


@pytest.mark.parametrize(("fault", "has_pv"), [("other_phase", False), ("pv_other_phase", True)])
def test_a_clamp_on_another_phase_is_told_from_one_that_is_turned(unix: Interpreter, fault: str, has_pv: bool) -> None:
    if has_pv:
        minutes = house(*sunny_home())
    else:
        load_w, load_var, volts = family()
        minutes = house(load_w[: 10 * DAY], load_var[: 10 * DAY], None, volts[: 10 * DAY])
    assert ever(checked(unix, spoilt(minutes, fault), has_pv)) == {"wrong_phase"}


def test_a_bit_goes_when_the_fault_is_mended(unix: Interpreter) -> None:
    right = house(*sunny_home(10))
    for fault in FAULTS:
        wrong = spoilt(right, fault)
        mended = np.concatenate([wrong[: 3 * DAY], right[3 * DAY :]])
        told = checked(unix, mended)
        assert told[-1][1] == set(), fault
        assert ever(told) == {fault}, fault


def test_an_interruption_says_nothing_of_the_clamps(unix: Interpreter) -> None:
    minutes = house(*sunny_home())
    minutes[DAY + 700 : DAY + 760] = 0
    told = checked(unix, minutes)
    assert ever(told) == {"v_missing"}
    assert told[-1][1] == set()


def test_every_interpreter_tells_the_same(interpreter: Interpreter, unix: Interpreter) -> None:
    for fault in FAULTS:
        minutes = spoilt(house(*sunny_home(3)), fault, 500)
        assert checked(interpreter, minutes) == checked(unix, minutes)


HEARD = [
    pytest.param("reversed", "grid", False, 480, {"grid_reversed"}),
    pytest.param("reversed", "pv", True, 480, {"pv_reversed"}),
    pytest.param("open", "grid", False, 840, {"grid_open"}),
    pytest.param("open", "pv", True, 480, {"pv_open"}),
    pytest.param("frozen", "v", True, 20, {"v_flat"}),
    pytest.param("frozen", "grid", True, 80, {"grid_flat"}),
    pytest.param("frozen", "pv", True, 80, {"pv_flat"}),
]


@pytest.mark.parametrize(("kind", "channel", "has_pv", "seconds", "names"), HEARD)
def test_the_twins_faults_are_heard_in_its_waveforms(
    unix: Interpreter, kind: str, channel: str, has_pv: bool, seconds: int, names: set[str]
) -> None:
    """Through a noisy board, bursts and metering; every burst stands for ten."""
    board = replace(make_board(6), radio_per_s=0.0)
    start_ms = 1_763_856_000_000
    faults = Faults((Fault(kind, start_ms + 4_000, channel=channel),))
    source = Steady({"base": 300.0, "electronics": 120.0}, pv_w=2500.0 if has_pv else 0.0, has_pv=has_pv)
    home = House(source, board, start_ms, Mains(), faults)
    unix.call("probe_metering", "set_lut", codes_to_lut(board.efuse).astype("<u2").tobytes())
    unix.call("probe_checks", "start", has_pv)
    told = []
    for _ in range(max(3, seconds // 40)):
        codes = home.take(16_000)
        told.append(unix.call("probe_checks", "listen", packed(codes), calibrate(board), 10))
    assert told[0] == []
    assert set(told[-1]) == names


GOOD: dict[str, Any] = {}
SPANS = [
    pytest.param([[100, {"v_mv": 900, "f_mhz": 0}]], ["v_missing"], id="unplugged"),
    pytest.param([[100, {"v_mv": 0, "f_mhz": 0, "flat": 1}]], ["v_flat"], id="frozen voltage"),
    pytest.param([[100, {"f_mhz": 60_010}]], ["v_frequency"], id="60 Hz"),
    pytest.param([[100, {"f_mhz": 50_900}]], [], id="a frequency that the supply may have"),
    pytest.param([[100, {"clipped": 1}]], ["v_clipped"], id="voltage clipped"),
    pytest.param([[100, {"clipped": 2}]], ["grid_clipped"], id="grid clipped"),
    pytest.param([[100, {"clipped": 4}]], ["pv_clipped"], id="PV clipped"),
    pytest.param([[98, GOOD], [1, {"clipped": 7}]], [], id="a spike"),
    pytest.param([[100, {"flat": 2}]], [], id="a flat clamp, not yet for a minute"),
    pytest.param([[400, {"flat": 2}]], ["grid_flat"], id="frozen grid"),
    pytest.param([[100, GOOD], [400, {"flat": 4}]], ["pv_flat"], id="frozen PV"),
    pytest.param([[400, {"flat": 4}]], [], id="a quiet front end below a dark roof"),
    pytest.param([[400, {"flat": 2}], [50, GOOD]], [], id="thawed"),
    pytest.param([[1800, {"grid_mw": 900_000, "grid_a2": 4.0}]], ["impossible"], id="more watts than volts × amperes"),
    pytest.param([[1800, {"grid_mw": 15_000_000, "grid_a2": 4_300.0}]], ["impossible"], id="beyond the ADC"),
    pytest.param([[1800, {"v_mv": 310_000}]], ["impossible"], id="volts that no supply has"),
]


@pytest.mark.parametrize(("spans", "names"), SPANS)
def test_what_a_burst_shows_is_in_the_reading(interpreter: Interpreter, spans: list[Any], names: list[str]) -> None:
    interpreter.call("probe_checks", "start", True)
    assert interpreter.call("probe_checks", "bursts", spans)[-1] == names


def test_a_supply_of_60_hz_may_be_the_right_one(interpreter: Interpreter) -> None:
    interpreter.call("probe_checks", "start", True, {"f_nominal": 60})
    spans = [[100, {"f_mhz": 60_010}], [100, {"f_mhz": 50_000}]]
    assert interpreter.call("probe_checks", "bursts", spans) == [[], ["v_frequency"]]


def test_flat_and_clipped_follow_the_clamps_to_their_inputs(interpreter: Interpreter) -> None:
    exchanged = {"clamps": {"grid": {"input": 2}, "pv": {"input": 1}}}
    interpreter.call("probe_checks", "start", True, exchanged)
    assert interpreter.call("probe_checks", "bursts", [[100, {"clipped": 2}]]) == [["pv_clipped"]]
