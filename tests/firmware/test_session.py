"""Requests the hub can verify, and replies that count only if they answer this request."""

import base64
import json
import random
from typing import Any

import pytest

from contract import wire
from tests.firmware.interpreters import Interpreter
from tests.firmware.meter_process import K_LINK, METER, assignment

BOOT = 0xDEADBEEF
VERSIONS = {"firmware": 1, "model_version": 2, "config_version": 3, "assignment_version": 4, "command_id": 5}
VERSIONS |= {"manifest_version": 6}
LINK = wire.Signer(K_LINK)
REPLY = {"v": 1, "now_ms": 1_795_000_000_000, "ack": [[BOOT, 1, 4]], "refused": [[BOOT, 5, "malformed", "f_mhz"]]}
REPLY |= {"regs": [1, 2, 3, 1 << 40], "cadence_ms": 2000, "lease_until_ms": 1_795_000_060_000}


def judged(interpreter: Interpreter, body: bytes, *, request_no: int = 3, boot_id: int = BOOT, key: Any = LINK) -> Any:
    mac = wire.reply_mac(key, METER, boot_id, request_no, body)
    return interpreter.call("probe_session", "reply", METER, BOOT, K_LINK, 3, body, mac)


def test_a_request_is_a_poll_and_its_frames_signed_and_numbered(interpreter: Interpreter) -> None:
    records = [[wire.RESULT, wire.encode(wire.RESULT, {"boot_id": 1, "seq": 2, "command_id": 3, "code": 0}, "done")]]
    bodies = interpreter.call("probe_session", "request", METER, BOOT, K_LINK, 2, 12_345, VERSIONS, records)
    for number, body in enumerate(bodies, 1):
        poll, result = (wire.open_frame(LINK, METER, frame) for frame in wire.split(body))
        told = {"boot_id": BOOT, "request_no": number, "uptime_ms": 12_345, **VERSIONS}
        assert wire.decode(*poll) == told
        assert wire.result_text(result[2]) == "done"


def test_a_signed_reply_is_understood(interpreter: Interpreter) -> None:
    body = json.dumps({**REPLY, "assignment": base64.b64encode(assignment()).decode(), "new": {"a": 1}}).encode()
    found = judged(interpreter, body)
    assert found["ack"] == [[BOOT, 1, 4]]
    assert found["refused"] == [[BOOT, 5]]
    assert found["regs"] == [1, 2, 3, 1 << 40]
    assert found["assignment"] == assignment()
    assert found["commands"] == []


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"request_no": 2}, id="to an earlier request"),
        pytest.param({"boot_id": BOOT - 1}, id="to an earlier boot"),
        pytest.param({"key": wire.Signer(b"another key")}, id="of another hub"),
    ],
)
def test_a_reply_to_anything_else_is_refused(interpreter: Interpreter, forged: dict[str, Any]) -> None:
    assert judged(interpreter, json.dumps(REPLY).encode(), **forged) == ["refused", "bad_mac", "reply"]


def test_a_body_changed_under_way_is_refused(interpreter: Interpreter) -> None:
    body = json.dumps(REPLY).encode()
    mac = wire.reply_mac(LINK, METER, BOOT, 3, body)
    changed = body.replace(b"2000", b"9000")
    assert interpreter.call("probe_session", "reply", METER, BOOT, K_LINK, 3, changed, mac)[1] == "bad_mac"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ack": [[1, 2]]}, "ack"),
        ({"ack": {}}, "ack"),
        ({"ack": [[1, 2, "3"]]}, "ack"),
        ({"refused": [[1]]}, "refused"),
        ({"refused": [5]}, "refused"),
        ({"refused": [{"a": 1}]}, "refused"),
        ({"refused": [None]}, "refused"),
        ({"regs": [1, 2, 3]}, "regs"),
        ({"regs": [1, 2, 3, -4]}, "regs"),
        ({"now_ms": "noon"}, "now_ms"),
        ({"cadence_ms": 1.5}, "cadence_ms"),
        ({"commands": [5]}, "commands"),
        ({"model": [1]}, "model"),
        ({"manifest": 1}, "manifest"),
    ],
)
def test_signed_nonsense_is_refused_by_field(interpreter: Interpreter, changes: dict[str, Any], field: str) -> None:
    body = json.dumps({**REPLY, **changes}).encode()
    assert judged(interpreter, body) == ["refused", "malformed", field]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"now_ms": (1 << 47) + 1}, "now_ms"),
        ({"now_ms": 10**400}, "now_ms"),
        ({"lease_until_ms": 1 << 60}, "lease_until_ms"),
        ({"cadence_ms": 1 << 60}, "cadence_ms"),
        ({"regs": [1, 2, 3, (1 << 52) + 1]}, "regs"),
    ],
)
def test_numbers_that_no_record_could_carry_are_refused(
    interpreter: Interpreter, changes: dict[str, Any], field: str
) -> None:
    body = json.dumps({**REPLY, **changes}).encode()
    assert judged(interpreter, body) == ["refused", "out_of_range", field]


def test_a_reply_that_is_too_large_is_refused_before_it_is_read(interpreter: Interpreter) -> None:
    assert judged(interpreter, b" " * 16_385) == ["refused", "too_large", "reply"]


def test_any_change_of_a_reply_gives_a_reply_or_a_refusal(interpreter: Interpreter) -> None:
    """Signed all the same: a hub with faults of its own."""
    body = json.dumps({**REPLY, "manifest": None, "commands": [], "new": {"a": [1.5, True]}}).encode()
    chance = random.Random(7)
    for _ in range(300):
        changed = bytearray(body)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(changed))
            changed[at : at + chance.randint(0, 3)] = chance.choice(
                [b"", b"{", b"]", b"-", b"e9", b'"', b"\xff", b"null"]
            )
        found = judged(interpreter, bytes(changed))
        assert isinstance(found, dict) or found[1] in wire.REFUSALS, bytes(changed)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[1]", b"nonsense"])
def test_signed_bytes_that_are_no_object_are_refused(interpreter: Interpreter, body: bytes) -> None:
    assert judged(interpreter, body) == ["refused", "malformed", "reply"]


def test_the_unsigned_answer_of_a_stranger_may_carry_an_assignment(interpreter: Interpreter) -> None:
    told = {"v": 1, "code": "unknown_meter", "assignment": base64.b64encode(assignment()).decode()}
    assert interpreter.call("probe_session", "assignment_of", json.dumps(told).encode()) == assignment()
    assert interpreter.call("probe_session", "assignment_of", b'{"v": 1, "code": "unknown_meter"}') is None
    assert interpreter.call("probe_session", "assignment_of", b"<html>") == ["refused", "malformed", "reply"]
