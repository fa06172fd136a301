"""A meter's directory: what flashing and provisioning would have left on the ESP32's flash."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .calibration import calibrate
from .sensors import Board, codes_to_lut


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What the label, the NVS and the installer give to one meter."""

    meter: str  # m-..........
    k_meter: bytes
    key_version: int = 1
    hub_host: str = "127.0.0.1"
    hub_port: int = 8600
    hub: str = ""  # the hub's id, empty until an assignment names it
    pv_fitted: bool = True


def provision(directory: Path, identity: Identity, board: Board, nominal_hz: float = 50.0) -> None:
    """Write settings.json, lut.bin and an empty flash folder; what the firmware stored there before is kept."""
    (directory / "flash").mkdir(parents=True, exist_ok=True)
    settings = json.dumps(settings_of(identity, board, nominal_hz), indent=1)
    (directory / "settings.json").write_text(settings, encoding="utf-8")
    (directory / "lut.bin").write_bytes(codes_to_lut(board.efuse).astype("<u2").tobytes())


def settings_of(identity: Identity, board: Board, nominal_hz: float) -> dict[str, Any]:
    """The content of settings.json; README.md shows its shape."""
    return {
        "meter": identity.meter,
        "key_hex": identity.k_meter.hex(),
        "key_version": identity.key_version,
        "hub_host": identity.hub_host,
        "hub_port": identity.hub_port,
        "hub": identity.hub,
        "wifi": {"ssid": "sunmeter-twin", "password": ""},
        "config": {
            "v": 1,
            "version": 0,
            "f_nominal": round(nominal_hz),
            "pv_fitted": identity.pv_fitted,
            "clamps": {"grid": {"input": 1, "sign": 1}, "pv": {"input": 2, "sign": 1}},
            "calibration": calibrate(board, nominal_hz),
        },
    }
