"""What a meter is ordered to be: checked before anything touches the board, and what its settings then say."""

from __future__ import annotations

import json
import os
import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract import wire

KEY_VERSION = 1  # of k_meter: what the functions derive when a meter is claimed
MASTER_VARIABLE = "METER_MASTER_KEY"  # the secret of the functions, by the same name
WIFI_VARIABLE = "SUNMETER_WIFI_PASSWORD"
FRONT_ENDS = ("esp32", "mcp3208")

_MASTER_BYTES = 32
_MAX_SSID_BYTES, _MIN_PASSWORD, _MAX_PASSWORD = 32, 8, 63  # IEEE 802.11, and WPA2's passphrase
_REFERENCE_MV = (2048, 3300)  # as firmware/adc_mcp3208.py
_NOMINAL_V = (100, 277)  # as firmware/config.py
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
_IMAGE_MAGIC, _ESP32_CHIP = 0xE9, 0  # the first byte of an ESP32 image, and the chip's number in its header
_LEAST_IMAGE_BYTES = 500_000


class Mistake(Exception):
    """Something that the person at the bench can put right; the text says how."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Everything about a meter but its id, its key and its Wi-Fi password."""

    ssid: str
    hub_host: str
    hub_port: int = 8480  # where a hub listens
    front_end: str = "esp32"
    reference_mv: int = 2500  # of the MCP3208
    nominal_v: int = 230
    has_pv: bool = True
    grid_input: int = 1
    grid_sign: int = 1
    pv_sign: int = 1


def check(order: Order) -> None:
    """Raises Mistake for the first thing that no meter could live with."""
    length = len(order.ssid.encode())
    if not 1 <= length <= _MAX_SSID_BYTES:
        raise Mistake(f"the Wi-Fi name has {length} bytes; it needs 1 to {_MAX_SSID_BYTES}: --wifi NAME")
    if not _HOST.fullmatch(order.hub_host):
        raise Mistake(f"{order.hub_host!r} is no host name or address: --hub raspberrypi.local, or --hub 192.168.1.20")
    if not 1 <= order.hub_port <= 65535:
        raise Mistake(f"{order.hub_port} is no TCP port: --hub-port 1 to 65535")
    if order.front_end not in FRONT_ENDS:
        raise Mistake(f"{order.front_end!r} is no front end; there are: {', '.join(FRONT_ENDS)}")
    if not _REFERENCE_MV[0] <= order.reference_mv <= _REFERENCE_MV[1]:
        raise Mistake(f"a reference of {order.reference_mv} mV: {_REFERENCE_MV[0]} to {_REFERENCE_MV[1]} can be used")
    if not _NOMINAL_V[0] <= order.nominal_v <= _NOMINAL_V[1]:
        raise Mistake(f"a nominal voltage of {order.nominal_v} V: {_NOMINAL_V[0]} to {_NOMINAL_V[1]} can be metered")
    if order.grid_input not in (1, 2) or {order.grid_sign, order.pv_sign} - {1, -1}:
        raise Mistake("a clamp is on input 1 or 2, and its sign is 1 or -1")


def checked_meter(meter: str) -> str:
    """The id again. Raises Mistake when it is none."""
    if not wire.is_meter_id(meter):
        raise Mistake(f"{meter!r} is no meter id: m- and ten of 0-9 and a-z, such as {new_meter_id()}")
    return meter


def new_meter_id() -> str:
    """One that nobody has: 51 random bits."""
    return "m-" + "".join(secrets.choice(string.digits + string.ascii_lowercase) for _ in range(10))


def settings(order: Order, meter: str, wifi_password: str, calibration: Mapping[str, Any]) -> bytes:
    """The content of settings.json; the same order gives the same bytes."""
    pv_input = 3 - order.grid_input
    clamps = {"grid": {"input": order.grid_input, "sign": order.grid_sign}}
    clamps["pv"] = {"input": pv_input, "sign": order.pv_sign}
    record = {
        "meter": meter,
        "key_version": KEY_VERSION,
        "hub_host": order.hub_host,
        "hub_port": order.hub_port,
        "hub": "",
        "wifi": {"ssid": order.ssid, "password": wifi_password},
        "front_end": order.front_end,
        "reference_mv": order.reference_mv,
        "config": {
            "v": 1,
            "version": 0,
            "pv_fitted": order.has_pv,
            "v_nominal": order.nominal_v,
            "clamps": clamps,
            "calibration": dict(calibration),
        },
    }
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def master_key(environment: Mapping[str, str], file: Path | None, ask: Callable[[str], str]) -> bytes:
    """The secret that all meters' keys come from: of a file, the environment, or typed. Never of the command line,
    which every program of this computer can read. Raises Mistake."""
    if file is not None:
        told = _secret_of(file)
    else:
        told = environment.get(MASTER_VARIABLE) or ask(f"Master key ({2 * _MASTER_BYTES} hex digits, not shown): ")
    try:
        master = bytes.fromhex(told.strip())
    except ValueError:
        raise Mistake("the master key is not hexadecimal") from None  # its text stays out of every message
    if len(master) != _MASTER_BYTES:
        raise Mistake(f"the master key has {len(master)} bytes instead of {_MASTER_BYTES}")
    return master


def wifi_password(environment: Mapping[str, str], ask: Callable[[str], str]) -> str:
    """Of the environment, or typed; empty for an open network. Raises Mistake."""
    told = environment.get(WIFI_VARIABLE)
    password = ask("Wi-Fi password (not shown; empty for an open network): ") if told is None else told
    if password and not _MIN_PASSWORD <= len(password) <= _MAX_PASSWORD:
        wanted = f"WPA2 wants {_MIN_PASSWORD} to {_MAX_PASSWORD}"
        raise Mistake(f"the Wi-Fi password has {len(password)} characters; {wanted}")
    return password


def check_image(path: Path) -> None:
    """Raises Mistake for a file that is no MicroPython for the ESP32."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(14)
    except OSError as error:
        raise Mistake(f"{path}: {error.strerror}") from None
    where = "take ESP32_GENERIC-SPIRAM-….bin from micropython.org/download/ESP32_GENERIC"
    if size < _LEAST_IMAGE_BYTES or header[0] != _IMAGE_MAGIC:
        raise Mistake(f"{path} is no image for an ESP32's flash: {where}")
    if int.from_bytes(header[12:14], "little") != _ESP32_CHIP:
        raise Mistake(f"{path} is for another chip of the family: {where}")


def _secret_of(file: Path) -> str:
    try:
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise Mistake(f"others may read {file}: chmod 600 {file}")
        return file.read_text()
    except OSError as error:
        raise Mistake(f"{file}: {error.strerror}") from None
