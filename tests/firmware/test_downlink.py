"""What the cloud sealed: taken when it is good and newer, refused by name otherwise, and never a step back."""

import json
from pathlib import Path
from typing import Any

import pytest

from contract import wire
from tests.firmware.interpreters import ROOT, Interpreter
from tests.firmware.meter_process import CLOUD, HUB, K_LINK, K_METER, METER, assignment, sealed

NOW_MS = 1_795_000_000_000
CODES = wire.REFUSALS


def play(
    interpreter: Interpreter, steps: list[Any], flash: dict[str, bytes] | None = None, provisioned: Any = None
) -> tuple[list[Any], dict[str, bytes]]:
    found, left = interpreter.call(
        "probe_flash", "downlink_steps", METER, K_METER, flash or {}, provisioned or {}, steps
    )
    return found, left


def configuration(version: int, **fields: Any) -> bytes:
    return sealed(wire.CONFIG, {"v": 1, "version": version, **fields})


def command(number: int, name: str = "ping", expires_ms: int = NOW_MS + 60_000, **arguments: Any) -> bytes:
    return sealed(wire.COMMAND, {"id": number, "name": name, "args": arguments, "expires_ms": expires_ms})


def test_an_assignment_gives_the_link_key(interpreter: Interpreter) -> None:
    found, flash = play(interpreter, [["link_key"], ["take", {"assignment": assignment()}], ["link_key"]])
    assert found == [None, ["assignment"], K_LINK]
    assert play(interpreter, [["link_key"], ["get", "versions"]], flash)[0] == [
        K_LINK,
        {"assignment": 1, "config": 0, "model": 0},
    ]


def test_a_configuration_is_kept_over_a_restart(interpreter: Interpreter) -> None:
    blob = configuration(3, cadence_ms=5000, pv_fitted=False, v_nominal=240, relay={"consent": True})
    found, flash = play(interpreter, [["take", {"config": blob}]])
    assert found == [["config"]]
    asked = ["version", "cadence_ms", "has_pv", "nominal_mv", "relay_consent"]
    assert play(interpreter, [["config", name] for name in asked], flash)[0] == [3, 5000, False, 240_000, True]


def test_what_a_configuration_leaves_out_or_empty_stays_as_provisioned(interpreter: Interpreter) -> None:
    own = {"calibration": {"v": {"volts_per_step": 0.2, "noise_v": 0.0}}, "pv_fitted": False, "version": 0}
    asked = [["config", name] for name in ("calibration", "has_pv", "version", "cadence_ms")]
    steps = [["take", {"config": configuration(2, calibration={}, cadence_ms=5000)}], *asked]
    assert play(interpreter, steps, provisioned=own)[0] == [["config"], own["calibration"], False, 2, 5000]
    steps = [["take", {"config": configuration(3, pv_fitted=True)}], ["config", "has_pv"]]
    assert play(interpreter, steps, provisioned=own)[0] == [["config"], True]


def test_a_configuration_without_a_version_is_refused(interpreter: Interpreter) -> None:
    steps = [["take", {"config": sealed(wire.CONFIG, {"cadence_ms": 5000})}], ["get", "refusal"]]
    held = {"config": configuration(4)}
    assert play(interpreter, steps, held, {"version": 9})[0] == [[], CODES.index("malformed")]


def test_a_mistake_in_provisioning_is_told_and_the_meter_still_meters(interpreter: Interpreter) -> None:
    steps = [["get", "refusal"], ["config", "cadence_ms"], ["config", "calibration"]]
    wrong = {"calibration": {"v": {"volts_per_step": 99.0}}}
    assert play(interpreter, steps, provisioned=wrong)[0] == [CODES.index("out_of_range"), 10_000, {}]


REFUSED = [
    pytest.param(configuration(0), "stale", id="older than the one in force"),
    pytest.param(wire.seal(wire.Signer(b"x" * 32), METER, wire.CONFIG, b"{}"), "bad_mac", id="signed by another"),
    pytest.param(wire.seal(CLOUD, "m-9999999999", wire.CONFIG, b'{"version": 9}'), "bad_mac", id="for another meter"),
    pytest.param(sealed(wire.ASSIGNMENT, {"version": 9}), "foreign", id="another kind of blob"),
    pytest.param(wire.seal(CLOUD, METER, wire.CONFIG, b"{"), "malformed", id="no JSON"),
    pytest.param(wire.seal(CLOUD, METER, wire.CONFIG, b"[]"), "malformed", id="no object"),
    pytest.param(wire.seal(CLOUD, METER, wire.CONFIG, b" " * 7000), "too_large", id="too large"),
    pytest.param(configuration(9, cadence_ms=1), "out_of_range", id="cadence"),
    pytest.param(configuration(9, cadence_ms="fast"), "malformed", id="cadence of a wrong type"),
    pytest.param(configuration(9, pv_fitted=1), "malformed", id="truth of a wrong type"),
    pytest.param(configuration(9, clamps={"grid": {"sign": 0}}), "out_of_range", id="no sign"),
    pytest.param(configuration(9, clamps={"grid": {"input": 1}, "pv": {"input": 1}}), "out_of_range", id="one input"),
    pytest.param(configuration(9, calibration={"v": {"volts_per_step": 9}}), "out_of_range", id="calibration"),
    pytest.param(configuration(9, calibration={"grid": {"points": [{"amps": "1"}]}}), "malformed", id="a point"),
    pytest.param(b"short", "malformed", id="shorter than a frame"),
]


@pytest.mark.parametrize(("blob", "code"), REFUSED)
def test_what_is_not_good_is_refused_by_code_and_changes_nothing(
    interpreter: Interpreter, blob: bytes, code: str
) -> None:
    held = {"config": configuration(4, cadence_ms=7000)}
    steps = [["get", "refusal"], ["take", {"config": blob}], ["get", "refusal"], ["config", "cadence_ms"]]
    found, flash = play(interpreter, steps, dict(held))
    assert found == [0, [], CODES.index(code), 7000]
    assert flash == held


def test_the_same_version_again_is_no_news_and_no_fault(interpreter: Interpreter) -> None:
    blob = configuration(4)
    assert play(interpreter, [["take", {"config": blob}], ["get", "refusal"]], {"config": blob})[0] == [[], 0]


def test_a_damaged_blob_on_flash_is_left_and_told(interpreter: Interpreter) -> None:
    steps = [["get", "refusal"], ["link_key"]]
    assert play(interpreter, steps, {"assignment": assignment()[:-1] + b"\0"})[0] == [CODES.index("bad_mac"), None]


def test_a_newer_model_is_taken_and_an_older_or_forged_one_refused(interpreter: Interpreter, model: bytes) -> None:
    good = wire.seal(CLOUD, METER, wire.MODEL, model)
    forged = wire.seal(wire.Signer(b"y" * 32), METER, wire.MODEL, model)
    steps = [["take", {"model": forged}], ["get", "refusal"], ["model_version"]]
    steps += [["take", {"model": good}], ["model_version"], ["take", {"model": good}]]
    found, flash = play(interpreter, steps)
    version = found[4]
    assert found == [[], CODES.index("bad_mac"), 0, ["model"], version, []]
    assert version > 0
    older = bytearray(model)
    at = 4  # version: the first u32 of the header
    older[at : at + 4] = (version - 1).to_bytes(4, "little")
    steps = [["take", {"model": wire.seal(CLOUD, METER, wire.MODEL, bytes(older))}], ["get", "refusal"]]
    found, _ = play(interpreter, [*steps, ["model_version"]], flash)
    assert found == [[], CODES.index("stale"), version]


def test_a_command_is_carried_out_once_even_over_a_restart(interpreter: Interpreter) -> None:
    blobs = [command(5, "relay", on=True), command(6)]
    steps = [["commands", blobs, NOW_MS], ["commands", blobs, NOW_MS], ["again"], ["commands", blobs, NOW_MS]]
    found, _ = play(interpreter, steps)
    assert found == [[[5, "relay", {"on": True}], [6, "ping", {}]], [], []]


def test_an_expired_or_forged_command_is_refused(interpreter: Interpreter) -> None:
    expired = command(5, expires_ms=NOW_MS - 1)
    forged = wire.seal(wire.Signer(b"z" * 32), METER, wire.COMMAND, b'{"id": 6, "name": "reboot"}')
    steps: list[Any] = [["commands", [expired], NOW_MS], ["get", "refusal"], ["commands", [forged], NOW_MS]]
    found, _ = play(interpreter, [*steps, ["get", "refusal"], ["get", "command_id"]])
    assert found == [[], CODES.index("stale"), [], CODES.index("bad_mac"), 5]


BAD_ASSIGNMENTS = [
    pytest.param(assignment(1), "stale", id="older"),
    pytest.param(assignment(9)[:-1] + b"\0", "bad_mac", id="one byte changed"),
    pytest.param(wire.seal(wire.Signer(K_LINK), METER, wire.ASSIGNMENT, b"{}"), "bad_mac", id="signed by the hub"),
    pytest.param(configuration(9), "foreign", id="another kind of blob"),
    pytest.param(wire.seal(CLOUD, METER, wire.ASSIGNMENT, b"\xff{"), "malformed", id="no JSON"),
    pytest.param(sealed(wire.ASSIGNMENT, {"version": 9, "key_version": 1}), "malformed", id="no hub"),
    pytest.param(sealed(wire.ASSIGNMENT, {"version": 9, "hub": HUB}), "malformed", id="no key version"),
    pytest.param(sealed(wire.ASSIGNMENT, {"version": 0, "hub": HUB, "key_version": 1}), "out_of_range", id="version"),
    pytest.param(
        sealed(wire.ASSIGNMENT, {"version": 9, "hub": HUB, "key_version": 1, "meter": "m-9999999999"}),
        "foreign",
        id="for another meter",
    ),
    pytest.param(wire.seal(CLOUD, METER, wire.ASSIGNMENT, b" " * 9000), "too_large", id="too large"),
]


@pytest.mark.parametrize(("blob", "code"), BAD_ASSIGNMENTS)
def test_a_bad_assignment_is_refused_and_the_meter_stays_with_its_hub(
    interpreter: Interpreter, blob: bytes, code: str
) -> None:
    held = {"assignment": assignment(4)}
    found, flash = play(interpreter, [["take", {"assignment": blob}], ["get", "refusal"], ["link_key"]], dict(held))
    assert found == [[], CODES.index(code), K_LINK]
    assert flash == held


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda model: wire.seal(CLOUD, "m-9999999999", wire.MODEL, model), "bad_mac"),
        (lambda model: wire.seal(CLOUD, METER, wire.CONFIG, model), "foreign"),
        (lambda model: wire.seal(CLOUD, METER, wire.MODEL, model[:-1]), "malformed"),
        (lambda model: wire.seal(CLOUD, METER, wire.MODEL, b""), "malformed"),
        (lambda model: wire.seal(CLOUD, METER, wire.MODEL, model + bytes(9000)), "too_large"),
        (lambda model: wire.seal(CLOUD, METER, wire.MODEL, bytes(len(model))), None),
    ],
    ids=["another meter's", "another kind", "cut short", "empty", "too large", "zeros"],
)
def test_a_bad_model_is_refused_and_the_last_good_one_stays(
    interpreter: Interpreter, model: bytes, spoil: Any, code: str | None
) -> None:
    steps = [["take", {"model": spoil(model)}], ["get", "refusal"], ["model_version"]]
    held = {"model": wire.seal(CLOUD, METER, wire.MODEL, model)}
    found, flash = play(interpreter, steps, dict(held))
    assert found[::2] == [[], int.from_bytes(model[4:8], "little")]
    assert found[1] == CODES.index(code) if code else found[1] > 0
    assert flash == held


BAD_COMMANDS = [
    pytest.param(wire.seal(CLOUD, "m-9999999999", wire.COMMAND, b"{}"), "bad_mac", id="another meter's"),
    pytest.param(wire.seal(CLOUD, METER, wire.CONFIG, b"{}"), "foreign", id="another kind of blob"),
    pytest.param(wire.seal(CLOUD, METER, wire.COMMAND, b"reboot"), "malformed", id="no JSON"),
    pytest.param(wire.seal(CLOUD, METER, wire.COMMAND, b"[]"), "malformed", id="no object"),
    pytest.param(wire.seal(CLOUD, METER, wire.COMMAND, b" " * 9000), "too_large", id="too large"),
    pytest.param(sealed(wire.COMMAND, {"name": "ping", "expires_ms": NOW_MS}), "malformed", id="no id"),
    pytest.param(sealed(wire.COMMAND, {"id": 9, "expires_ms": NOW_MS}), "malformed", id="no name"),
    pytest.param(sealed(wire.COMMAND, {"id": 9, "name": "ping"}), "malformed", id="no end"),
    pytest.param(
        sealed(wire.COMMAND, {"id": 9, "name": "x", "args": [], "expires_ms": NOW_MS}), "malformed", id="args"
    ),
    pytest.param(sealed(wire.COMMAND, {"id": 1 << 60, "name": "ping"}), "out_of_range", id="an id beyond the poll's"),
]


@pytest.mark.parametrize(("blob", "code"), BAD_COMMANDS)
def test_a_bad_command_is_refused_and_those_beside_it_are_carried_out(
    interpreter: Interpreter, blob: bytes, code: str
) -> None:
    found, _ = play(interpreter, [["commands", [blob, command(12)], NOW_MS], ["get", "refusal"]])
    assert found == [[[12, "ping", {}]], CODES.index(code)]


def test_what_a_full_flash_does_not_keep_is_not_taken(interpreter: Interpreter) -> None:
    steps: list[Any] = [["fill"], ["take", {"config": configuration(4)}], ["get", "refusal"]]
    steps += [["commands", [command(5)], NOW_MS], ["poll_versions", 1, 1]]
    found, flash = play(interpreter, steps)
    assert found[:3] == [[], CODES.index("too_large"), []]
    assert (found[3]["config_version"], found[3]["command_id"]) == (0, 0)
    assert flash == {}


def test_the_sealed_calibrations_of_the_golden_vectors_open(interpreter: Interpreter) -> None:
    vectors = json.loads((ROOT / "contract/vectors/wire.json").read_text())["calibrate"]
    for vector in vectors:
        found, _ = play(interpreter, [["commands", [bytes.fromhex(vector["frame"])], NOW_MS]])
        assert found == [[[42, "calibrate", vector["args"]]]]


def test_the_poll_tells_what_is_held(interpreter: Interpreter) -> None:
    flash = {"assignment": assignment(7, HUB), "config": configuration(3)}
    found, _ = play(interpreter, [["commands", [command(41)], NOW_MS], ["poll_versions", 2, 4]], flash)
    assert found[1] == {
        "firmware": 2,
        "model_version": 0,
        "config_version": 3,
        "assignment_version": 7,
        "command_id": 41,
        "manifest_version": 4,
    }


def test_every_refusal_of_the_modules_has_a_code_on_the_wire() -> None:
    import re

    sources = [path.read_text() for path in Path(ROOT / "firmware").glob("*.py")]
    codes = {code for source in sources for code in re.findall(r'Refusal\("(\w+)"', source)}
    assert codes
    assert codes <= set(CODES)
