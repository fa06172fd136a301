"""The configuration: every field that is wrong is refused by its name, and nothing else ever comes of it."""

import json
import random
from typing import Any

import pytest

from tests.firmware.interpreters import Interpreter

GOOD: dict[str, Any] = {
    "v": 1,
    "version": 4,
    "cadence_ms": 5000,
    "v_nominal": 230,
    "f_nominal": 50,
    "pv_fitted": True,
    "limits": {"v_low": 207, "v_high": 253},
    "clamps": {"grid": {"input": 1, "sign": -1}, "pv": {"input": 2, "sign": 1}},
    "relay": {"consent": True, "on_reset": "resume"},
    "calibration": {
        "version": 3,
        "v": {"volts_per_step": 0.18, "noise_v": 0.1},
        "grid": {
            "amps_per_step": 0.025,
            "phase_deg": 1.5,
            "noise_a": 0.1,
            "offset_w": 0.2,
            "points": [{"amps": 1.0, "gain": 1.01, "phase_deg": 2.0}],
        },
    },
}
CODES = {"malformed", "out_of_range", "too_large"}


def refused(interpreter: Interpreter, body: Any, provisioned: dict[str, Any] | None = None) -> Any:
    """None, or [code, field]."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return interpreter.call("probe_calibrate", "refused", text, provisioned or {})


def with_field(dotted: str, told: Any) -> dict[str, Any]:
    """GOOD with one field changed."""
    made: dict[str, Any] = json.loads(json.dumps(GOOD))
    *path, name = dotted.split(".")
    part = made
    for step in path:
        part = part.setdefault(step, {})
    part[name] = told
    return made


def test_a_good_configuration_is_taken(interpreter: Interpreter) -> None:
    assert refused(interpreter, GOOD) is None
    assert refused(interpreter, {"version": 1}) is None
    trim = {"version": 7, "of": 6, "grid": {"trim_ppm": 1_010_000}}
    assert refused(interpreter, {"version": 1, "calibration": trim}) is None


WRONG: list[tuple[str, Any, str]] = [
    ("version", -1, "out_of_range"),
    ("version", None, "malformed"),
    ("cadence_ms", 499, "out_of_range"),
    ("cadence_ms", 1000.5, "malformed"),
    ("v_nominal", 12, "out_of_range"),
    ("f_nominal", 400, "out_of_range"),
    ("f_nominal", "50", "malformed"),
    ("pv_fitted", 1, "malformed"),
    ("limits", [], "malformed"),
    ("limits.v_low", 400, "out_of_range"),
    ("limits.v_high", 207, "out_of_range"),
    ("clamps", 1, "malformed"),
    ("clamps.grid", None, "malformed"),
    ("clamps.grid.input", 0, "out_of_range"),
    ("clamps.pv.input", 1, "out_of_range"),
    ("clamps.pv.sign", 0, "out_of_range"),
    ("clamps.grid.sign", "-", "malformed"),
    ("relay", True, "malformed"),
    ("relay.consent", "yes", "malformed"),
    ("relay.on_reset", "on", "out_of_range"),
    ("relay.on_reset", 1, "malformed"),
    ("calibration", [], "malformed"),
    ("calibration.version", 70_000, "out_of_range"),
    ("calibration.v", 3, "malformed"),
    ("calibration.v.volts_per_step", 9.0, "out_of_range"),
    ("calibration.grid.amps_per_step", "x", "malformed"),
    ("calibration.grid.offset_w", 1e9, "out_of_range"),
    ("calibration.grid.points", {}, "malformed"),
]


@pytest.mark.parametrize(("field", "told", "code"), WRONG)
def test_a_wrong_field_is_refused_by_its_name(interpreter: Interpreter, field: str, told: Any, code: str) -> None:
    assert refused(interpreter, with_field(field, told)) == [code, field]


@pytest.mark.parametrize("missing", ["amps", "gain", "phase_deg"])
def test_a_point_that_lacks_a_number_is_refused(interpreter: Interpreter, missing: str) -> None:
    point = {"amps": 1.0, "gain": 1.0, "phase_deg": 0.0}
    del point[missing]
    found = refused(interpreter, with_field("calibration.grid.points", [point]))
    assert found == ["malformed", f"calibration.grid.points.{missing}"]


@pytest.mark.parametrize(
    ("trim", "field"),
    [
        ({"of": 3}, "calibration.version"),
        ({"version": 4, "of": "3"}, "calibration.of"),
        ({"version": 4, "of": 3, "grid": {"trim_ppm": 2_000_000}}, "calibration.grid.trim_ppm"),
        ({"version": 4, "of": 3, "pv": 1}, "calibration.pv"),
    ],
)
def test_a_wrong_correction_is_refused_by_its_name(interpreter: Interpreter, trim: Any, field: str) -> None:
    assert refused(interpreter, {"version": 1, "calibration": trim})[1] == field


JUNK: list[Any] = [None, True, -1, 0, 1, 7, 1e40, -0.5, "", "x", [], [[]], {}, {"": 0}, 10**30, [{}], {"points": [1]}]


def mutated(chance: random.Random, thing: Any) -> Any:
    """The JSON with something in it replaced, dropped or added."""
    if isinstance(thing, dict) and thing and chance.random() < 0.9:
        made = dict(thing)
        name = chance.choice(sorted(made))
        what = chance.random()
        if what < 0.15:
            del made[name]
        elif what < 0.3:
            made[chance.choice(["of", "points", "version", "grid", "input", "x"])] = chance.choice(JUNK)
        else:
            made[name] = mutated(chance, made[name])
        return made
    if isinstance(thing, list) and thing and chance.random() < 0.7:
        return [mutated(chance, part) for part in thing]
    return chance.choice(JUNK)


def test_whatever_a_configuration_says_only_refusals_by_name_come_of_it(interpreter: Interpreter) -> None:
    chance = random.Random(20261128)
    taken = 0
    for _ in range(400):
        found = refused(interpreter, mutated(chance, GOOD))
        assert found is None or (found[0] in CODES and isinstance(found[1], str) and found[1])
        taken += found is None
    assert 20 < taken < 300


def test_bytes_that_are_no_configuration_are_refused(interpreter: Interpreter) -> None:
    chance = random.Random(7)
    text = json.dumps(GOOD).encode()
    texts = [b"", b"{", b"[]", b"7", b'"x"', b"\xff\xfe", b"[" * 6000, b'{"a":' * 1000, b"{[]:1}", b"x" * 6145]
    for _ in range(300):
        bad = bytearray(text)
        for _ in range(chance.randint(1, 4)):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        texts.append(bytes(bad[: chance.randint(1, len(bad))]))
    for bad_text in texts:
        found = refused(interpreter, bad_text)
        assert found is None or (found[0] in CODES and isinstance(found[1], str) and found[1]), bad_text


def test_whatever_a_calibrate_command_says_is_answered_by_name(interpreter: Interpreter) -> None:
    chance = random.Random(5)
    steps: list[Any] = [
        "zero",
        "voltage",
        "current",
        "phase",
        "clamps",
        "undo",
        "clear",
        "status",
        "",
        None,
        3,
        [],
        "zeros",
    ]
    clamps = {"grid": {"input": 1, "sign": 1}, "pv": {"input": 2, "sign": 1}}
    for number in range(300):
        whole: dict[str, Any] = {
            "channel": "grid",
            "ma": 5000,
            "mw": 2000000,
            "mv": 230000,
            "bursts": 50,
            "set": clamps,
        }
        arguments: dict[str, Any] = {"step": chance.choice(steps)}
        for name in chance.sample(sorted(whole), chance.randint(0, 4)):
            arguments[name] = whole[name] if chance.random() < 0.5 else mutated(chance, whole[name])
        interpreter.call("probe_calibrate", "start", b"", {}, {})
        outcome = interpreter.call("probe_calibrate", "command", number + 1, arguments)
        if outcome is not None:
            code, text = outcome
            told = json.loads(text)
            assert len(text.encode()) <= 200
            assert code in {"", "malformed", "out_of_range", "stale"}
            assert told["verdict"] == ("refused" if code else "good")
