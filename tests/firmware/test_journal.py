"""Events that are open: their ends name their starts, over restarts too."""

from typing import Any

from tests.firmware.interpreters import Interpreter

OLD, NEW = 7, 8
T0 = 1_795_000_000_000
SAG, RULE = ["sag", 14], ["tamper", 16]


def lives(interpreter: Interpreter, *steps: list[Any]) -> tuple[list[list[int]], list[list[Any]], int]:
    box, is_open, size = interpreter.call("probe_journal", "lives", list(steps))
    return box, is_open, size


def test_an_end_names_the_start_of_its_own_kind_and_channel(interpreter: Interpreter) -> None:
    told, is_open, _ = lives(
        interpreter,
        ["boot", OLD],
        ["start", *SAG, 1_000, 1_000, T0],
        ["start", *RULE, 2_000, 3_000, T0 + 2_000],
        ["end", *SAG, 1_000, 5_000, T0 + 4_000],
    )
    assert told == [[OLD, 1, OLD, 1, 0], [OLD, 2, OLD, 2, 0], [OLD, 3, OLD, 1, 4_000]]
    assert is_open == [[*RULE, (T0 + 2_000) // 1000]]


def test_an_event_that_outlives_a_restart_ends_with_the_boot_of_its_start(interpreter: Interpreter) -> None:
    told, is_open, _ = lives(
        interpreter,
        ["boot", OLD],
        ["start", *RULE, 2_000, 3_000, T0],
        ["boot", NEW],
        ["end", *RULE, 0, 9_000, T0 + 60_000],
    )
    assert told[-1] == [NEW, 1, OLD, 1, 60_000]
    assert is_open == []


def test_without_a_clock_the_end_tells_what_its_own_boot_saw(interpreter: Interpreter) -> None:
    for started_ms, ended_ms in ((0, T0), (T0, 0)):
        told, *_ = lives(
            interpreter,
            ["boot", OLD],
            ["start", *SAG, 2_000, 3_000, started_ms],
            ["boot", NEW],
            ["end", *SAG, 0, 9_000, ended_ms],
        )
        assert told[-1] == [NEW, 1, OLD, 1, 9_000]


def test_a_damaged_copy_counts_as_nothing_open(interpreter: Interpreter) -> None:
    _, is_open, size = lives(interpreter, ["boot", OLD], ["start", *SAG, 1, 1, T0], ["damaged boot", NEW])
    assert is_open == []
    assert size == 22
