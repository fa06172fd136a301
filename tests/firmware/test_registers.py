"""Energy: nothing invented, nothing lost, and the same integers everywhere."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.interpreters import Interpreter

BURST_US = 200_000
HOUR_BURSTS = 18_000
IMPORT, EXPORT, PV, STANDBY = range(4)


def play(interpreter: Interpreter, steps: list[Any], copy: bytes | None = None) -> list[Any]:
    return list(interpreter.call("probe_objects", "play", "registers", "Registers", [copy], steps))


def add(grid_w: float, pv_w: float, us: int = BURST_US, gap_us: int = 0) -> list[Any]:
    return ["call", "add", round(1000 * grid_w), round(1000 * pv_w), us, gap_us]


def test_an_hour_of_steady_power_is_exact(interpreter: Interpreter) -> None:
    for grid_w, pv_w, expected in (
        (2300.123, 0, [2_300_123, 0, 0, 0]),
        (-1500, 1812.5, [0, 1_500_000, 1_812_500, 0]),
        (0.4, -3.2, [400, 0, 0, 3_200]),
    ):
        steps = [["times", HOUR_BURSTS, *add(grid_w, pv_w)[1:]], ["get", "totals"]]
        assert play(interpreter, steps)[-1] == expected


@settings(max_examples=30, deadline=None)
@given(
    bursts=st.lists(
        st.tuples(st.integers(-20_000_000, 20_000_000), st.integers(-10_000, 8_000_000), st.integers(180_000, 220_000)),
        min_size=1,
        max_size=60,
    )
)
def test_every_milliwatt_microsecond_is_counted_once(unix: Interpreter, bursts: list[tuple[int, int, int]]) -> None:
    steps: list[Any] = [["call", "add", grid_mw, pv_mw, us, 0] for grid_mw, pv_mw, us in bursts]
    totals = play(unix, [*steps, ["get", "totals"]])[-1]
    sums = [0, 0, 0, 0]
    for grid_mw, pv_mw, us in bursts:
        sums[IMPORT if grid_mw >= 0 else EXPORT] += abs(grid_mw) * us
        sums[PV if pv_mw > 0 else STANDBY] += abs(pv_mw) * us
    assert totals == [total // 3_600_000_000 for total in sums]


def test_a_gap_is_filled_half_by_each_neighbour(interpreter: Interpreter) -> None:
    steps = [add(3600, 0, 1_000_000), add(-7200, 0, 1_000_000, gap_us=2_000_000), ["get", "totals"]]
    assert play(interpreter, steps)[-1] == [2_000, 4_000, 0, 0]


def test_a_gap_too_long_to_be_known_is_left_empty(interpreter: Interpreter) -> None:
    steps = [add(3600, 0, 1_000_000), add(3600, 0, 1_000_000, gap_us=61_000_000), ["get", "totals"]]
    assert play(interpreter, steps)[-1] == [2_000, 0, 0, 0]


def test_after_a_power_cut_it_counts_apart_until_the_hub_is_heard(interpreter: Interpreter) -> None:
    ten_wh = add(36_000, 0, 1_000_000)
    first = play(interpreter, [["call", "resume", None], ten_wh, ["call", "dump"], ten_wh, ["get", "totals"]])
    assert first[-1] == [20_000, 0, 0, 0]
    copy = first[2]  # ten minutes old when the power failed
    steps = [ten_wh, ["get", "totals"], ["get", "resumed"], ["call", "resume", [20_000, 0, 7, 0]], ["get", "totals"]]
    found = play(interpreter, [*steps, ["get", "correction"]], copy)
    assert found[1:3] == [[20_000, 0, 0, 0], False]
    assert found[3:] == [True, [30_000, 0, 7, 0], [10_000, 0, 7, 0]]


def test_the_flash_copy_wins_over_a_hub_that_is_behind(interpreter: Interpreter) -> None:
    copy = play(interpreter, [["call", "resume", [500, 400, 300, 200]], ["call", "dump"]])[1]
    found = play(interpreter, [["call", "resume", [10, 10, 10, 10]], ["get", "totals"]], copy)
    assert found[1] == [500, 400, 300, 200]


def test_two_power_cuts_without_a_hub_lose_nothing_that_was_copied(interpreter: Interpreter) -> None:
    ten_wh = add(36_000, 0, 1_000_000)
    settled = play(interpreter, [["call", "resume", [1_000, 0, 0, 0]], ["call", "dump"]])[1]
    apart = play(interpreter, [ten_wh, ["call", "dump"]], settled)[1]
    again = play(interpreter, [ten_wh, ["call", "dump"], ["get", "totals"]], apart)
    assert again[2] == [21_000, 0, 0, 0]
    heard = play(interpreter, [["call", "resume", [1_400, 0, 0, 0]], ["get", "totals"], ["call", "dump"]], again[1])
    assert heard[1] == [21_400, 0, 0, 0]
    assert play(interpreter, [["get", "totals"]], heard[2])[0] == [21_400, 0, 0, 0]


def test_it_resumes_once_in_a_boot(interpreter: Interpreter) -> None:
    steps = [["call", "resume", [5, 5, 5, 5]], ["call", "resume", [9_000, 9_000, 9_000, 9_000]], ["get", "totals"]]
    assert play(interpreter, steps) == [True, False, [5, 5, 5, 5]]


def test_a_damaged_copy_counts_as_none(interpreter: Interpreter) -> None:
    copy = play(interpreter, [["call", "resume", [5, 5, 5, 5]], ["call", "dump"]])[1]
    for damaged in (b"", copy[:-1], copy[:9] + bytes([copy[9] ^ 1]) + copy[10:], bytes(len(copy))):
        assert play(interpreter, [["get", "totals"]], damaged)[0] == [0, 0, 0, 0]
