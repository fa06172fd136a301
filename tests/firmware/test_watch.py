"""Readings, and what is told at once."""

from typing import Any

import pytest

from contract import wire
from contract.features import NAMES
from tests.firmware.interpreters import Interpreter

T0 = 1_795_000_000_000 // 900_000 * 900_000
QUIET = [230.0, 500.0, 50.0, 2.2, 0.0]


def read(interpreter: Interpreter, bursts: list[list[float]], window_ms: int, *more: Any) -> dict[str, int]:
    return dict(interpreter.call("probe_watch", "read", bursts, window_ms, *more))


def burst(
    v: float = 230.0, w: float = 460.0, var: float = 0.0, a: float = 2.0, pv: float = 0.0, f: int = 50_000
) -> Any:
    return [v, w, var, a, pv, f, 200_000, 0]


def test_a_reading_is_the_mean_with_its_extremes(interpreter: Interpreter) -> None:
    bursts = [burst(229, 400, 10, 2, 900), burst(231, 600, 30, 3, -4), burst(230, -300, 20, 2.5, 1000, 50_030)]
    found = read(interpreter, bursts, 600)
    assert (found["grid_mw"], found["grid_min_mw"], found["grid_max_mw"]) == (233_333, -300_000, 600_000)
    assert (found["pv_mw"], found["pv_min_mw"], found["pv_max_mw"]) == (632_000, -4_000, 1_000_000)
    assert (found["v_min_mv"], found["v_max_mv"], found["f_mhz"]) == (229_000, 231_000, 50_010)
    assert found["house_mw"] == round((1_300_000 + 600_000 + 700_000) / 3)
    assert (found["coverage_permille"], found["bursts"], found["window_ms"]) == (1000, 3, 600)
    assert abs(found["grid_ma"] - 2533) <= 1  # root of the mean square


def test_what_was_not_sampled_shows_as_coverage(interpreter: Interpreter) -> None:
    assert read(interpreter, [burst()] * 40, 10_000)["coverage_permille"] == 800


def test_every_field_of_a_reading_fits_the_wire(interpreter: Interpreter) -> None:
    wild = [[0.0, 90e3, -90e3, 500.0, -90e3, 0, 200_000, 7], [400.0, -90e3, 90e3, 500.0, 90e3, 69_999, 200_000, 7]]
    found = read(interpreter, wild, 400)
    for name, _, least, greatest in wire.READING_FIELDS:
        if name in found and found[name] != wire.PF_NONE:
            assert least is None or found[name] >= least, name
            assert greatest is None or found[name] <= greatest, name


@pytest.mark.parametrize(
    ("mw", "mva", "ma", "permille"),
    [
        (1000, 2000, 900, 500),
        (-1999, 2000, 900, -1000),
        (2100, 2000, 900, 1000),
        (10, 20, 100, wire.PF_NONE),
        (0, 0, 900, wire.PF_NONE),
    ],
)
def test_the_power_factor_is_told_where_it_means_something(
    interpreter: Interpreter, mw: int, mva: int, ma: int, permille: int
) -> None:
    assert interpreter.call("probe_watch", "power_factor", mw, mva, ma) == permille


def test_uncertainty_grows_with_power_phase_gaps_and_missing_calibration(interpreter: Interpreter) -> None:
    def u_mw(*arguments: Any) -> int:
        return int(interpreter.call("probe_watch", "uncertainty", *arguments))

    base = u_mw(1_000_000, 0, 10_000, 0, 0, True)
    assert base == pytest.approx(10_020, rel=0.01)
    assert u_mw(0, 0, 10_000, 0, 0, True) == pytest.approx(650, rel=0.02)
    assert u_mw(1_000_000, 1_000_000, 10_000, 0, 0, True) > 1.15 * base
    assert u_mw(1_000_000, 0, 10_000, 100, 400_000, True) > 2 * base
    assert u_mw(1_000_000, 0, 10_000, 0, 0, False) > 5 * base


def watched(interpreter: Interpreter, spans: list[list[float]], start_ms: int = T0, *more: Any) -> list[list[Any]]:
    return list(interpreter.call("probe_watch", "watch", spans, start_ms, *more)[0])


def test_a_quiet_house_says_nothing(interpreter: Interpreter) -> None:
    assert watched(interpreter, [[300, *QUIET]]) == []


@pytest.mark.parametrize(
    ("v", "kind", "extreme_v"), [(200.0, "sag", 190.0), (260.0, "swell", 265.0), (2.0, "interruption", 1.0)]
)
def test_voltage_events_begin_at_once_and_end_when_it_is_calm(
    interpreter: Interpreter, v: float, kind: str, extreme_v: float
) -> None:
    odd, worse = [v, *QUIET[1:]], [extreme_v, *QUIET[1:]]
    start, end = watched(interpreter, [[10, *QUIET], [2, *odd], [1, *worse], [10, *QUIET]])
    assert start == [10_200, "start", kind, NAMES.index("voltage_burst"), 1000 * v, 207_000, 253_000, 0, 10_200]
    assert end[:4] == [14_000, "end", kind, NAMES.index("voltage_burst")]
    assert end[4] == 1000 * extreme_v
    assert end[-1] == 10_200


def test_a_voltage_that_hovers_at_the_limit_is_one_event(interpreter: Interpreter) -> None:
    spans = [[10, *QUIET]]
    for _ in range(20):
        spans += [[1, 206.5, *QUIET[1:]], [2, 208.0, *QUIET[1:]]]
    assert len(watched(interpreter, [*spans, [10, *QUIET]])) == 2


def test_a_sag_that_becomes_an_interruption_is_told_as_both(interpreter: Interpreter) -> None:
    spans = [[5, *QUIET], [1, 150.0, *QUIET[1:]], [1, 3.0, *QUIET[1:]], [5, *QUIET]]
    told = [event[1:3] for event in watched(interpreter, spans)]
    assert told == [["start", "sag"], ["end", "sag"], ["start", "interruption"], ["end", "interruption"]]


def test_voltage_rules_need_no_clock_and_minutes_do(interpreter: Interpreter) -> None:
    backwards = [230.0, -2000.0, 50.0, 8.8, 500.0]
    told = watched(interpreter, [[400, *backwards], [1, 195.0, *QUIET[1:]]], 0)
    assert [event[2] for event in told] == ["sag"]


def test_a_house_that_generates_more_than_its_panels_is_told_with_its_end(interpreter: Interpreter) -> None:
    backwards = [230.0, -2000.0, 50.0, 8.8, 500.0]
    told = watched(interpreter, [[120, *QUIET], [600, *backwards], [1200, *QUIET]])
    assert [event[1:4] for event in told] == [
        ["start", "tamper", NAMES.index("house_below_zero")],
        ["end", "tamper", NAMES.index("house_below_zero")],
    ]
    assert told[0][4] < 0
    assert told[1][0] > told[0][0]


def test_features_of_another_firmware_are_forgotten_without_harm(interpreter: Interpreter) -> None:
    assert interpreter.call("probe_watch", "restarted", b"not features") == 0
