"""The golden vectors of the wire on every interpreter, and what all of the firmware's source must keep to."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.firmware.interpreters import FIRMWARE, ROOT, Interpreter

VECTORS: dict[str, Any] = json.loads((ROOT / "contract/vectors/wire.json").read_text())
METER = VECTORS["meter"]
K_METER, K_LINK = bytes.fromhex(VECTORS["k_meter"]), bytes.fromhex(VECTORS["k_link"])

PURE = {"array", "asyncio", "binascii", "gc", "hashlib", "json", "math", "micropython", "os", "struct", "sys", "time"}
ON_THE_ESP32_ONLY = {"machine", "network", "esp32"}
FIXED = sorted((FIRMWARE / "fixed").glob("*.py"))
SOURCES = sorted(FIRMWARE.glob("*.py")) + sorted((FIRMWARE / "contract").glob("*.py"))


def test_keys_follow_from_the_master_key(interpreter: Interpreter) -> None:
    master = bytes.fromhex(VECTORS["master"])
    found = interpreter.call("probe_wire", "keys", master, METER, VECTORS["hub"], VECTORS["key_version"])
    assert found == [K_METER, K_LINK, VECTORS["claim_code"]]


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=lambda vector: f"kind {vector['kind']}")
def test_frames_are_these_bytes_both_ways(interpreter: Interpreter, vector: dict[str, Any]) -> None:
    record = dict(vector["record"])
    text = record.pop("text", "")
    payload = interpreter.call("probe_wire", "encode", vector["kind"], record, text)
    frame = bytes.fromhex(vector["frame"])
    assert interpreter.call("probe_wire", "seal", K_LINK, METER, vector["kind"], payload) == frame
    assert interpreter.call("probe_wire", "opened", K_LINK, METER, frame)[2] == record


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_bad_frames_are_refused_alike(interpreter: Interpreter, vector: dict[str, str]) -> None:
    found = interpreter.call("probe_wire", "opened", K_LINK, METER, bytes.fromhex(vector["frame"]))
    assert found == ["refused", vector["code"], vector["field"]]


def test_the_reply_of_the_vectors_verifies(interpreter: Interpreter) -> None:
    reply = VECTORS["reply"]
    arguments = (reply["boot_id"], reply["request_no"], reply["body"].encode())
    assert interpreter.call("probe_wire", "reply_mac", K_LINK, METER, *arguments) == reply["mac"]


def imported(source: Path) -> set[str]:
    """Top-level names of the modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).split(".")[0])
    return found


@pytest.mark.parametrize("source", SOURCES + FIXED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_only_the_hardware_knows_the_board(source: Path) -> None:
    own = {path.stem for path in FIRMWARE.glob("*.py")} | {"contract"}
    allowed = PURE | own | (ON_THE_ESP32_ONLY if source.stem == "hardware" or source in FIXED else set())
    assert imported(source) <= allowed
    if source.stem != "main":
        assert "hardware" not in imported(source)


@pytest.mark.parametrize("source", sorted(FIRMWARE.glob("*.py")), ids=lambda path: path.stem)
def test_time_and_energy_are_never_written_as_floats(source: Path) -> None:
    """No literal with a fraction is assigned to a name that ends in a unit of time or energy."""
    units = ("_ms", "_us", "_s", "_mwh", "_mw")
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [t.attr if isinstance(t, ast.Attribute) else getattr(t, "id", "") for t in node.targets]
            if any(name.endswith(units) for name in names):
                assert not isinstance(node.value.value, float), names
