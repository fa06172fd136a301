"""Time: uptime through wraps of the ticks, wall time from replies that are always a little old."""

from tests.firmware.interpreters import Interpreter

WRAP = 1 << 30  # µs on the ESP32: 17.9 minutes
T0 = 1_795_000_000_000


def test_uptime_runs_on_through_wraps(interpreter: Interpreter) -> None:
    true_us = [k * 400_000_000 for k in range(12)]
    assert interpreter.call("probe_clock", "uptimes", [t % WRAP for t in true_us]) == true_us


def test_a_tick_of_the_past_is_placed_in_the_past(interpreter: Interpreter) -> None:
    ticks = [WRAP - 100, 50, WRAP - 20, 60]
    assert interpreter.call("probe_clock", "uptimes", ticks) == [0, 150, 80, 160]


def test_the_clock_is_unset_until_a_reply_comes(interpreter: Interpreter) -> None:
    assert interpreter.call("probe_clock", "times", [], 5_000) == [[0, False, 0]]


def test_the_freshest_of_the_last_replies_sets_the_clock(interpreter: Interpreter) -> None:
    heard = [[T0 + 1_000, 1_300], [T0 + 2_000, 2_020], [T0 + 3_000, 3_900]]
    found = interpreter.call("probe_clock", "times", heard, 10_000)
    assert found[1:] == [[T0 + 9_700, True, 0], [T0 + 9_980, True, 0], [T0 + 9_980, True, -880]]


def test_a_time_before_there_were_meters_sets_no_clock(interpreter: Interpreter) -> None:
    """An event that began before the reply would lie before 1970, fit no record, and stop the meter at every burst."""
    found = interpreter.call("probe_clock", "times", [[0, 90_000], [T0 + 1_000, 1_000], [5, 2_000]], 0)
    assert found[1:] == [[0, False, 0], [T0, True, 0], [T0, True, 0]]


def test_a_hub_that_was_ahead_is_believed_again_after_eight_replies(interpreter: Interpreter) -> None:
    wrong = [[T0 + 3_600_000, 0]]
    right = [[T0 + k * 1_000, k * 1_000] for k in range(1, 9)]
    found = interpreter.call("probe_clock", "times", wrong + right, 0)
    assert found[8][0] == T0 + 3_600_000
    assert found[9] == [T0, True, 0]
