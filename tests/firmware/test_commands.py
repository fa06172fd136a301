"""Commands: the load on the relay is never switched without consent, and never for ever."""

from typing import Any

import pytest

from tests.firmware.interpreters import Interpreter

ON = {"on": True, "for_s": 60}
T0 = 1_795_000_000_000
CONSENT = {"consent": True}
RESUMES = {"consent": True, "on_reset": "resume"}


def play(interpreter: Interpreter, *steps: list[Any], flash: dict[str, bytes] | None = None) -> Any:
    """[answers, switchings, whether a restart was asked for, whether the load is on, flash]."""
    return interpreter.call("probe_commands", "play", list(steps), flash or {})


def follow(uptime_ms: int, unix_ms: int = 0, relay: dict[str, Any] = CONSENT) -> list[Any]:
    return ["follow", uptime_ms, unix_ms, relay]


def relay(arguments: dict[str, Any], uptime_ms: int, unix_ms: int = 0, part: dict[str, Any] = CONSENT) -> list[Any]:
    return ["relay", arguments, uptime_ms, unix_ms, part]


def test_the_load_is_switched_off_when_its_time_is_over(interpreter: Interpreter) -> None:
    answers, switched, *_ = play(interpreter, relay(ON, 1_000), follow(60_999), follow(61_000), follow(70_000))
    assert answers == [["", "on for 60 s"]]
    assert switched == [True, False]


def test_without_consent_the_relay_stays_as_it_is(interpreter: Interpreter) -> None:
    answers, switched, *_ = play(interpreter, relay(ON, 0, 0, {}), relay({"on": False}, 0, 0, {}))
    assert [code for code, _ in answers] == ["foreign", "foreign"]
    assert switched == []


def test_consent_that_is_withdrawn_switches_the_load_off(interpreter: Interpreter) -> None:
    _, switched, _, is_on, _ = play(interpreter, relay(ON, 0), follow(1_000, T0, {"consent": False}))
    assert (switched, is_on) == ([True, False], False)


@pytest.mark.parametrize("for_s", [0, -1, 86_401, True, "60", None, 1.5])
def test_a_load_without_a_sensible_end_stays_off(interpreter: Interpreter, for_s: Any) -> None:
    answers, switched, *_ = play(interpreter, relay({"on": True, "for_s": for_s}, 0))
    assert answers == [["out_of_range", "for_s"]]
    assert switched == []


@pytest.mark.parametrize("on", [1, "true", None, [], {}])
def test_on_is_true_or_false_and_nothing_else(interpreter: Interpreter, on: Any) -> None:
    answers, switched, *_ = play(interpreter, relay({"on": on, "for_s": 60}, 0))
    assert answers == [["malformed", "on"]]
    assert switched == []


def test_the_answer_says_what_came_of_it(interpreter: Interpreter) -> None:
    off = {"on": False}
    answers, switched, *_ = play(
        interpreter, relay(off, 0), relay(ON, 0), relay({"on": True, "for_s": 5}, 0), relay(off, 0)
    )
    assert [text for _, text in answers] == ["off, as it was", "on for 60 s", "on for 5 s", "off"]
    assert switched == [False, True, True, False]


def test_a_clock_that_jumps_neither_prolongs_nor_cuts_the_time(interpreter: Interpreter) -> None:
    hour_ms = 3_600_000
    for jump_ms in (-10 * hour_ms, 10 * hour_ms):
        steps = [relay(ON, 0, T0, RESUMES), follow(30_000, T0 + jump_ms, RESUMES)]
        assert play(interpreter, *steps)[3] is True
        assert play(interpreter, *steps, follow(60_000, T0 + jump_ms, RESUMES))[3] is False


def test_a_restart_leaves_the_load_off_unless_it_was_agreed(interpreter: Interpreter) -> None:
    for part, goes_on in ((CONSENT, False), ({**CONSENT, "on_reset": "off"}, False), (RESUMES, True)):
        steps = [relay({"on": True, "for_s": 3_600}, 0, T0, part), ["restart"], follow(9_000, T0 + 60_000, part)]
        assert play(interpreter, *steps)[3] is goes_on


def test_after_a_restart_the_load_waits_for_the_clock_and_for_the_rest_of_its_time_only(
    interpreter: Interpreter,
) -> None:
    asked = relay({"on": True, "for_s": 3_600}, 0, T0, RESUMES)
    waiting = [asked, ["restart"], follow(5_000, 0, RESUMES)]
    assert play(interpreter, *waiting)[3] is False
    resumed = [*waiting, follow(6_000, T0 + 3_000_000, RESUMES)]
    assert play(interpreter, *resumed)[3] is True
    assert play(interpreter, *resumed, follow(605_999, 0, RESUMES))[3] is True
    _, _, _, is_on, flash = play(interpreter, *resumed, follow(606_000, 0, RESUMES))
    assert (is_on, flash["relay"]) == (False, b"")


def test_a_load_whose_time_was_over_before_the_restart_stays_off(interpreter: Interpreter) -> None:
    steps = [relay(ON, 0, T0, RESUMES), ["restart"], follow(5_000, T0 + 60_000, RESUMES)]
    assert play(interpreter, *steps)[3] is False


def test_a_clock_set_back_over_a_restart_gives_no_more_than_was_asked_for(interpreter: Interpreter) -> None:
    steps = [relay(ON, 0, T0, RESUMES), ["restart"], follow(5_000, T0 - 86_400_000, RESUMES)]
    assert play(interpreter, *steps)[3] is True
    assert play(interpreter, *steps, follow(65_000, 0, RESUMES))[3] is False


def test_consent_withdrawn_during_a_restart_leaves_the_load_off_for_good(interpreter: Interpreter) -> None:
    asked = relay({"on": True, "for_s": 3_600}, 0, T0, RESUMES)
    steps = [asked, ["restart"], follow(5_000, T0, {}), follow(6_000, T0, RESUMES), ["restart"], follow(1, T0, RESUMES)]
    assert play(interpreter, *steps)[1] == [True, False]


def test_a_command_overtakes_what_was_asked_for_before_the_restart(interpreter: Interpreter) -> None:
    asked = relay({"on": True, "for_s": 3_600}, 0, T0, RESUMES)
    steps = [asked, ["restart"], relay({"on": False}, 1_000, T0, RESUMES), follow(2_000, T0, RESUMES)]
    assert play(interpreter, *steps)[3] is False


@pytest.mark.parametrize("blob", [b"x", bytes(16), b"\xff" * 16])
def test_a_damaged_record_of_the_relay_is_nothing(interpreter: Interpreter, blob: bytes) -> None:
    assert play(interpreter, follow(5_000, T0, RESUMES), flash={"relay": blob})[1] == []


def test_a_restart_is_asked_for_and_a_ping_answered(interpreter: Interpreter) -> None:
    assert play(interpreter, ["ping", {}, 0, 0, {}])[:3] == [[["", "pong"]], [], False]
    assert play(interpreter, ["reboot", {}, 0, 0, {}])[2] is True
    assert play(interpreter, ["dance", {}, 0, 0, {}])[0][0][0] == "malformed"
    assert play(interpreter, ["calibrate", {"step": "zero"}, 0, 0, {}])[0] == [None]
