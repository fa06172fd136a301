"""The interpreters that the firmware's modules must run on alike: CPython, MicroPython from its wheel, and in WASM."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIRMWARE = ROOT / "firmware"
MICROPYTHON = Path(sys.executable).parent / "micropython"

NAMES = ("cpython", "unix", "wasm")


class Interpreter:
    """One process that imports the firmware's modules and the probes, and calls their functions on request."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], says_ready: bool = False):
        self.name = name
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        if says_ready and self._read().strip() != "ready":
            raise RuntimeError(f"{name} did not start")

    def call(self, module: str, function: str, *arguments: Any) -> Any:
        """What module.function(*arguments) returned there; AssertionError with its error otherwise."""
        request = {"module": module, "function": function, "arguments": [_sent(a) for a in arguments]}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._read())
        assert "ok" in answer, f"{self.name}: {answer}"
        return _received(answer["ok"])

    def _read(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with {self._process.wait(5)}")
        return line

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def start(name: str, heap: str = "2m", folders: Sequence[Path] = (), firmware: Path = FIRMWARE) -> Interpreter:
    """Starts one of NAMES; modules are found in the firmware or an image of it, the probes, and further folders."""
    folders = [firmware, HERE / "probes", *folders]
    if name == "cpython":
        path = os.pathsep.join(map(str, [HERE / "shims", *folders]))
        return Interpreter(name, [sys.executable, str(HERE / "probes/driver.py")], {"PYTHONPATH": path})
    if name == "unix":
        path = ":".join([*map(str, folders), ".frozen"])
        return Interpreter(name, [str(MICROPYTHON), "-X", f"heapsize={heap}", "-m", "driver"], {"MICROPYPATH": path})
    if name == "wasm":
        return Interpreter(name, ["node", str(HERE / "wasm_bridge.mjs"), *map(str, folders)], {}, says_ready=True)
    raise ValueError(name)


def _sent(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {key: _sent(part) for key, part in thing.items()}
    if isinstance(thing, list | tuple):
        return [_sent(part) for part in thing]
    return {"hex": thing.hex()} if isinstance(thing, bytes) else thing


def _received(thing: Any) -> Any:
    if isinstance(thing, dict):
        return bytes.fromhex(thing["hex"]) if set(thing) == {"hex"} else {k: _received(v) for k, v in thing.items()}
    return [_received(part) for part in thing] if isinstance(thing, list) else thing
