"""The whole firmware under MicroPython, its front end playing a waveform: a meter that tests switch on and off."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract import wire
from dev import release

from .interpreters import FIRMWARE, HERE, MICROPYTHON
from .waveforms import IDEAL_CALIBRATION, IDEAL_LUT, Wave, packed, phasor

METER = "m-0a1b2c3d4e"
HUB = "hub-of-the-tests"
K_METER = wire.meter_key(bytes(range(32)), METER, 1)
K_LINK = wire.link_key(K_METER, HUB, 1)
CLOUD = wire.Signer(K_METER)  # seals what comes from the cloud

HOUSE = Wave(50.0, 230.0, phasor(4.0, 20.0), phasor(2.5))
HEAP = "384k"  # from source, with 64-bit words: more than twice what the ESP32 needs for the same


def sealed(kind: int, record: dict[str, Any], signer: wire.Signer = CLOUD) -> bytes:
    """A JSON blob as the cloud seals it."""
    return wire.seal(signer, METER, kind, json.dumps(record).encode())


def assignment(version: int = 1, hub: str = HUB) -> bytes:
    fields = {"v": 1, "version": version, "meter": METER, "hub": hub, "home": "home-1", "key_version": 1, "from_s": 0}
    return sealed(wire.ASSIGNMENT, fields)


class MeterProcess:
    """A meter's flash, and the process that runs while it has power."""

    def __init__(self, directory: Path, meter: str = METER, k_meter: bytes = K_METER):
        self.directory, self.meter, self.k_meter = directory, meter, k_meter
        (directory / "flash").mkdir(parents=True)
        (directory / "lut.bin").write_bytes(IDEAL_LUT)
        self.play(HOUSE)
        self.hold("assignment", assignment())
        self.path: tuple[Path, ...] = (HERE / "board", FIRMWARE)
        self.module = "main"
        self.littlefs_blocks = 0  # of 4 kB: each start then has a new littlefs in RAM; its wear see `erases`
        self._process: subprocess.Popen[bytes] | None = None

    def play(self, wave: Wave, seconds: float = 4.0) -> None:
        """What the sensors hear from the next start on, in a loop: give it whole cycles."""
        self.play_codes(wave.codes(seconds))

    def play_codes(self, codes: NDArray[np.uint16]) -> None:
        """The same for a recording."""
        (self.directory / "codes.bin").write_bytes(packed(codes))

    def hold(self, name: str, blob: bytes) -> None:
        """Puts a blob where `Hardware.store` would."""
        (self.directory / f"{name}.blob").write_bytes(blob)

    def held(self, name: str) -> bytes:
        return (self.directory / f"{name}.blob").read_bytes()

    def start(
        self, hub_port: int, *, seconds: float, live: bool = False, heap: str = HEAP, reset_cause: int = 1
    ) -> None:
        """Switches the meter on; after so many of its seconds the power goes. live: in real time."""
        settings = {
            "meter": self.meter,
            "key_hex": self.k_meter.hex(),
            "hub_host": "127.0.0.1",
            "hub_port": hub_port,
            "wifi": {"ssid": "", "password": ""},
            "config": {"v": 1, "version": 0, "calibration": IDEAL_CALIBRATION},
        }
        (self.directory / "settings.json").write_text(json.dumps(settings))
        play = {"live": live, "stop_us": round(seconds * 1e6), "reset_cause": reset_cause}
        play["littlefs_blocks"] = self.littlefs_blocks
        (self.directory / "play.json").write_text(json.dumps(play))
        environment = {
            **os.environ,
            "SUNMETER_METER_DIR": str(self.directory),
            "MICROPYPATH": ":".join([*map(str, self.path), ".frozen"]),
        }
        with (self.directory / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                [str(MICROPYTHON), "-X", f"heapsize={heap}", "-m", self.module],
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )

    def wait(self, timeout_s: float = 240.0) -> int:
        """Until the power goes; returns the exit status, 42 for a restart it asked for."""
        assert self._process
        return self._process.wait(timeout_s)

    def run(self, hub_port: int, *, seconds: float, heap: str = HEAP) -> None:
        """A whole life, faster than real time. What it printed is an error: a meter is silent."""
        self.start(hub_port, seconds=seconds, heap=heap)
        status = self.wait()
        assert status == 0, self.console()
        assert self.console() == ""

    def erases(self) -> int:
        """Blocks of littlefs that the last life erased."""
        return int((self.directory / "erases.json").read_text())

    def console(self) -> str:
        return (self.directory / "console.log").read_text()

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def build(version: int, **changes: bytes) -> release.Files:
    """The modules of a firmware that runs on the board of the tests; changes: what to put at the end of a module."""
    modules = release.sources()
    modules["hardware.py"] = (HERE / "board" / "hardware.py").read_bytes()
    modules["app.py"] = re.sub(rb"(?m)^FIRMWARE = \d+", b"FIRMWARE = %d" % version, modules["app.py"])
    for name, source in changes.items():
        modules[f"{name}.py"] += source
    return modules


class SlottedProcess(MeterProcess):
    """The same meter, started as the ESP32 is: boot.py picks a slot of its flash."""

    def __init__(self, directory: Path, meter: str = METER, k_meter: bytes = K_METER):
        super().__init__(directory, meter, k_meter)
        self.path = (HERE / "board",)
        self.module = "power_on"
        fixed = {path: raw for path, raw in self._provisioned().items() if not path.startswith("/factory/")}
        self.lay(fixed)
        self.lay_slot("factory", 1, build(1))

    def _provisioned(self) -> release.Files:
        return release.flash(self.meter, self.k_meter, march=None)

    def lay(self, files: release.Files) -> None:
        for path, raw in files.items():
            at = self.directory / path.lstrip("/")
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_bytes(raw)

    def lay_slot(self, slot: str, version: int, modules: release.Files) -> None:
        self.lay({f"{slot}/{name}": raw for name, raw in modules.items()})
        self.lay({f"{slot}/manifest": release.sealed_manifest(version, modules, self.meter, self.k_meter)})

    def live(self, hub_port: int, *, seconds: float, lives: int = 20) -> int:
        """Switched on again after each restart it asked for, until a life is as long as told; how often that was."""
        for life in range(lives):
            self.start(hub_port, seconds=seconds)
            status = self.wait()
            if status == 0:
                return life
            assert status == 42, self.console()
        raise AssertionError(f"restarted {lives} times\n{self.console()}")
