"""Commands: the load on the relay is never switched without consent, and never for ever."""

from typing import Any

import pytest

from tests.firmware.interpreters import Interpreter

ON = {"on": True, "for_s": 60}


def play(interpreter: Interpreter, *steps: list[Any]) -> Any:
    return interpreter.call("probe_commands", "play", list(steps))


def test_the_load_is_switched_off_when_its_time_is_over(interpreter: Interpreter) -> None:
    answers, switched, _ = play(interpreter, ["relay", ON, 1_000, True], ["expire", 60_999], ["expire", 61_000])
    assert answers == [["", "on"]]
    assert switched == [True, False]


def test_without_consent_the_relay_stays_as_it_is(interpreter: Interpreter) -> None:
    answers, switched, _ = play(interpreter, ["relay", ON, 0, False], ["relay", {"on": False}, 0, False])
    assert [code for code, _ in answers] == ["foreign", "foreign"]
    assert switched == []


@pytest.mark.parametrize("for_s", [0, -1, 86_401, True, "60", None, 1.5])
def test_a_load_without_a_sensible_end_stays_off(interpreter: Interpreter, for_s: Any) -> None:
    answers, switched, _ = play(interpreter, ["relay", {"on": True, "for_s": for_s}, 0, True])
    assert answers == [["out_of_range", "for_s"]]
    assert switched == []


def test_a_restart_is_asked_for_and_a_ping_answered(interpreter: Interpreter) -> None:
    assert play(interpreter, ["ping", {}, 0, False]) == [[["", "pong"]], [], False]
    assert play(interpreter, ["reboot", {}, 0, False])[2] is True
    assert play(interpreter, ["dance", {}, 0, True])[0][0][0] == "malformed"
