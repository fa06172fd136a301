"""The board at the end of a serial port: MicroPython's raw REPL through mpremote, its boot loader through esptool."""

from __future__ import annotations

import ast
import contextlib
import errno
import hmac
import io
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports

from .order import Mistake

FIRST_BURST = b"sunmeter: first good burst"  # firmware/hardware.py prints it once a start
_IMAGE_AT = "0x1000"  # where the ESP32's boot ROM looks
_MPY_VERSION, _XTENSAWIN = 6, 10  # of the .mpy files that mpy-cross makes; see sys.implementation._mpy
_LEAST_MICROPYTHON = (1, 24)  # the oldest whose ADC, Wi-Fi and NVS calls are those of the stubs
_LEAST_HEAP_BYTES = 400_000  # twice what the firmware keeps; a board without PSRAM has 160,000 at most
_IMAGE = "--image ESP32_GENERIC-SPIRAM-….bin"
_CHUNK_BYTES = 1024
_ATTEMPT_S = 3.0  # to interrupt what runs
_RESTART = "import machine\nmachine.RTC().memory(b'restart')\nmachine.reset()"

# What runs on the board. A watchdog that metering armed cannot be stopped, but it can be given more time; and nobody
# is left who would switch off a relay when its time is over.
_SETTLE = "import machine\nmachine.WDT(timeout=600000)\nmachine.Pin(25, machine.Pin.OUT, value=0)"
_ABOUT = """import gc, sys
i = sys.implementation
try:
    import flashbdev
    b = bytearray(4096)
    flashbdev.bdev.readblocks(0, b)
    is_littlefs = bytes(b[8:16]) == b'littlefs'
    flashbdev.bdev.readblocks(1, b)
    is_littlefs = is_littlefs or bytes(b[8:16]) == b'littlefs'
except ImportError:
    is_littlefs = False
print([sys.platform, getattr(i, '_machine', ''), list(i.version[:2]), getattr(i, '_mpy', 0), is_littlefs,
    gc.mem_alloc() + gc.mem_free()])"""
_WALK = """import os, hashlib
from binascii import hexlify
def walk(folder):
    for name, kind, *rest in os.ilistdir(folder or '/'):
        path = folder + '/' + name
        if kind == 0x4000:
            walk(path)
        else:
            h = hashlib.sha256()
            with open(path, 'rb') as f:
                while True:
                    part = f.read(512)
                    if not part:
                        break
                    h.update(part)
            print(repr((path, hexlify(h.digest()).decode())))
walk('')"""
_STORE_KEY = """import esp32
from binascii import unhexlify
n = esp32.NVS('meter')
n.set_blob('key', unhexlify({key!r}))
n.commit()"""
_PROVE_KEY = """import esp32, hashlib
from binascii import hexlify, unhexlify
k = bytearray(64)
try:
    n = esp32.NVS('meter').get_blob('key', k)
except OSError:
    n = 0
if n == 32:
    h = hashlib.sha256(bytes([b ^ 0x36 for b in k]))
    h.update(unhexlify({challenge!r}))
    o = hashlib.sha256(bytes([b ^ 0x5c for b in k]))
    o.update(h.digest())
    print(hexlify(o.digest()).decode())"""


@dataclass(frozen=True)
class About:
    """What a board says of itself."""

    platform: str
    machine: str
    micropython: tuple[int, int]
    mpy: int
    is_littlefs: bool  # its flash: a rename there is whole or not at all, which FAT of older boards does not promise
    heap_bytes: int  # what programs can have, taken or free


def choose_port(named: str | None) -> str:
    """The port to use: the one named, or the only one with a board on it. Raises Mistake."""
    if named:
        return named
    found = [port.device for port in list_ports.comports() if port.vid is not None]
    if len(found) == 1:
        return str(found[0])
    if not found:
        raise Mistake(
            "no serial port found: plug the board in with a USB cable that carries data, "
            "and install the driver of its converter (CP210x or CH340); then name the port: --port /dev/ttyUSB0"
        )
    raise Mistake(f"several serial ports: name the board's with --port; there are {', '.join(found)}")


def check_port(port: str) -> None:
    """Opens and closes it. Raises Mistake with what keeps it from being opened."""
    _open(port).close()


def flash_micropython(
    port: str, image: Path, run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run
) -> None:
    """Erases the whole flash and writes MicroPython. Raises Mistake."""
    for arguments in (("erase-flash",), ("write-flash", _IMAGE_AT, str(image))):
        command = [sys.executable, "-m", "esptool", "--chip", "esp32", "--port", port, "--baud", "460800", *arguments]
        result = run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise Mistake(_boot_loader_trouble(result.stdout + result.stderr))


def _boot_loader_trouble(told: str) -> str:
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    last = next((line for line in lines if "fatal error" in line), lines[-1] if lines else "no word of why")
    if "This chip is" in told or "Wrong --chip" in told:
        return f"this board is no ESP32, whose pins and ADC the firmware is made for: {last}"
    if "Failed to connect" in told or "No serial data" in told:
        return "the boot loader does not answer: hold the BOOT button, press EN once, and run this again"
    return f"esptool failed: {last}"


class Board:
    """A board whose MicroPython answers. Every method raises Mistake where it no longer does."""

    def __init__(self, port: str, wait_s: float = 10.0):
        self._port = port
        self._transport = _open(port)
        if not self._interrupts(wait_s):
            self.close()
            raise Mistake(
                f"no MicroPython answers on {port}: press EN (reset) and run this again, or give it one with "
                f"{_IMAGE} (micropython.org/download/ESP32_GENERIC)"
            )
        self.run(_SETTLE)

    def _interrupts(self, wait_s: float) -> bool:
        """Whether MicroPython took the interrupt within that time; a board that is just starting misses the first."""
        until_s = time.monotonic() + wait_s
        while True:
            try:
                with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it did not expect
                    self._transport.enter_raw_repl(soft_reset=False, timeout_overall=_ATTEMPT_S)
                return True
            except TransportError:
                if time.monotonic() >= until_s:
                    return False
            except OSError as error:
                raise Mistake(f"the board on {self._port} went silent: check the cable and run this again") from error

    def close(self) -> None:
        self._transport.close()

    def run(self, source: str) -> str:
        """What this MicroPython source printed."""
        try:
            return str(self._transport.exec(source).decode())
        except TransportExecError as error:
            last = error.error_output.strip().splitlines()[-1:] or ["no reason given"]
            raise Mistake(f"the board refused a step: {last[0]}") from None
        except (TransportError, OSError) as error:
            raise Mistake(f"the board on {self._port} went silent: check the cable and run this again") from error

    def about(self) -> About:
        platform, machine, version, mpy, is_littlefs, heap_bytes = ast.literal_eval(self.run(_ABOUT))
        return About(platform, machine, (version[0], version[1]), mpy, is_littlefs, heap_bytes)

    def files(self) -> dict[str, str]:
        """Every file's path and SHA-256, computed on the board from what it reads."""
        return dict(ast.literal_eval(line) for line in self.run(_WALK).splitlines())

    def read(self, path: str) -> bytes:
        return bytes(self._asked(lambda: self._transport.fs_readfile(path, chunk_size=_CHUNK_BYTES)))

    def remove(self, path: str) -> None:
        self.run(f"import os\nos.remove({path!r})")

    def write(self, path: str, content: bytes) -> None:
        """Beside its place first, then renamed: what stands there is whole at any time."""
        for folder in _folders_of(path):
            self.run(f"import os\ntry:\n os.mkdir({folder!r})\nexcept OSError:\n pass")
        self._asked(lambda: self._transport.fs_writefile(path + ".new", content, chunk_size=_CHUNK_BYTES))
        self.run(f"import os\nos.rename({path + '.new'!r}, {path!r})")

    def holds_key(self, key: bytes) -> bool | None:
        """Whether the board proves this key by the MAC of a challenge; None where it has none. No key is read back."""
        challenge = secrets.token_bytes(16)
        told = self.run(_PROVE_KEY.format(challenge=challenge.hex())).strip()
        return hmac.compare_digest(told, hmac.new(key, challenge, "sha256").hexdigest()) if told else None

    def store_key(self, key: bytes) -> None:
        self.run(_STORE_KEY.format(key=key.hex()))

    def restart(self) -> None:
        try:
            self._transport.exec_raw_no_follow(_RESTART)
        except (TransportError, OSError) as error:
            raise Mistake(f"the board on {self._port} went silent: check the cable and run this again") from error

    def wait_for_burst(self, timeout_s: float) -> None:
        """Until the console says that metering works. Raises Mistake with the last the console said."""
        console = b""
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            console = (console + self._transport.serial.read(self._transport.serial.in_waiting or 1))[-4096:]
            if FIRST_BURST in console:
                return
        lines = console.decode(errors="replace").strip().splitlines()[-6:]
        said = "\n    ".join(lines) if lines else "(nothing)"
        raise Mistake(
            f"no good burst within {timeout_s:.0f} s. A good one needs mains at the voltage input, or a quiet one: see "
            f"docs/hardware.md. The console's last words:\n    {said}"
        )

    def _asked(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except TransportExecError as error:
            raise Mistake(f"the board refused a step: {error.error_output.strip().splitlines()[-1]}") from None
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise Mistake("the board's flash is full: run this again with --image, which erases it") from None
            raise Mistake(f"the board on {self._port}: {error}") from error
        except TransportError as error:
            raise Mistake(f"the board on {self._port} went silent: check the cable and run this again") from error


def check_about(about: About) -> None:
    """Raises Mistake for a board or a MicroPython that the firmware is not made for."""
    if about.platform != "esp32" or not about.machine.endswith("ESP32"):
        raise Mistake(
            f"this board is {about.machine or about.platform!r}: the firmware is made for the first ESP32 (not S2, S3, "
            "C3 …), whose ADC1 has the pins 32 to 39"
        )
    if about.micropython < _LEAST_MICROPYTHON:
        found = ".".join(map(str, about.micropython))
        wanted = ".".join(map(str, _LEAST_MICROPYTHON))
        raise Mistake(f"MicroPython {found} is too old, {wanted} is the least: {_IMAGE}")
    if about.mpy & 0xFF != _MPY_VERSION or about.mpy >> 10 & 0xF != _XTENSAWIN:
        raise Mistake(f"this MicroPython takes other .mpy files than mpy-cross makes here: {_IMAGE}")
    if not about.is_littlefs:
        raise Mistake(
            "the board's file system is not littlefs, and would not survive power cuts: erase it with --image"
        )
    if about.heap_bytes < _LEAST_HEAP_BYTES:
        raise Mistake(
            f"MicroPython has {about.heap_bytes // 1000} kB of memory here, too little: take a board with PSRAM "
            f"(ESP32-DevKitC-VE) and the MicroPython that uses it: {_IMAGE}"
        )


def _folders_of(path: str) -> list[str]:
    parts = path.strip("/").split("/")[:-1]
    return ["/" + "/".join(parts[: k + 1]) for k in range(len(parts))]


def _open(port: str) -> SerialTransport:
    if not Path(port).exists() and not port.upper().startswith("COM"):
        raise Mistake(f"there is no port {port}: is the board plugged in? --port names another one")
    try:
        return SerialTransport(port, timeout=1)
    except (TransportError, OSError) as error:
        raise Mistake(_port_trouble(port)) from error


def _port_trouble(port: str) -> str:
    """Why a port that exists cannot be opened."""
    try:
        with Path(port).open("rb+", buffering=0):
            pass
    except PermissionError:
        return f"you may not use {port}: sudo usermod -aG dialout $USER, log out and in, and run this again"
    except OSError as error:
        return f"{port} cannot be opened: {error.strerror}"
    return f"another program holds {port}: close the serial monitor, and run this again"
