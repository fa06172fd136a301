"""A meter as Home Assistant finds it over MQTT: one device, with what the energy dashboard asks of its sensors. Pure.

Device discovery, as Home Assistant knows it since 2024.11: one retained message describes all sensors of a device.
"""

from dataclasses import dataclass
from typing import Any

from ..contract import wire
from ..contract.ledger import Registers

PREFIX = "homeassistant"
BIRTH = f"{PREFIX}/status"  # Home Assistant says `online` there when it starts
Payload = dict[str, Any]


@dataclass(frozen=True)
class Sensor:
    """One number of the state, and how it is to be understood."""

    key: str
    name: str
    device_class: str
    unit: str
    digits: int
    of_pv: bool = False

    @property
    def state_class(self) -> str:
        """Energy counts up for ever: the dashboard takes its growth. Everything else is a value of this moment."""
        return "total_increasing" if self.device_class == "energy" else "measurement"


SENSORS = (
    Sensor("import_kwh", "Grid import", "energy", "kWh", 2),
    Sensor("export_kwh", "Grid export", "energy", "kWh", 2),
    Sensor("pv_kwh", "PV energy", "energy", "kWh", 2, of_pv=True),
    Sensor("house_w", "House power", "power", "W", 0),
    Sensor("grid_w", "Grid power", "power", "W", 0),
    Sensor("pv_w", "PV power", "power", "W", 0, of_pv=True),
    Sensor("v_v", "Voltage", "voltage", "V", 1),
    Sensor("f_hz", "Frequency", "frequency", "Hz", 2),
)


def discovery_topic(meter: str) -> str:
    return f"{PREFIX}/device/sunmeter_{meter}/config"


def state_topic(meter: str) -> str:
    return f"sunmeter/{meter}/state"


def meter_topic(meter: str) -> str:
    """Whether the meter is heard: `online` or `offline`."""
    return f"sunmeter/{meter}/availability"


def hub_topic(hub: str) -> str:
    """Whether its hub is there; the broker itself says `offline` when the hub vanishes."""
    return f"sunmeter/hub/{hub}/availability"


def discovery(meter: str, hub: str, has_pv: bool, version: str) -> Payload:
    """What Home Assistant is told of a meter."""
    return {
        "device": {
            "identifiers": [f"sunmeter_{meter}"],
            "name": f"Sunmeter {meter}",
            "manufacturer": "Sunmeter",
            "model": "Smart meter",
            "serial_number": meter,
        },
        "origin": {"name": "sunmeter-edge", "sw_version": version},
        "components": {sensor.key: _component(meter, sensor) for sensor in SENSORS if has_pv or not sensor.of_pv},
        "state_topic": state_topic(meter),
        "availability": [{"topic": hub_topic(hub)}, {"topic": meter_topic(meter)}],
        "availability_mode": "all",
        "qos": 0,
    }


def _component(meter: str, sensor: Sensor) -> Payload:
    return {
        "platform": "sensor",
        "unique_id": f"sunmeter_{meter}_{sensor.key}",
        "name": sensor.name,
        "device_class": sensor.device_class,
        "state_class": sensor.state_class,
        "unit_of_measurement": sensor.unit,
        "suggested_display_precision": sensor.digits,
        "value_template": f"{{{{ value_json.{sensor.key} }}}}",
    }


def state(reading: dict[str, int], registers: Registers | None) -> Payload:
    """The numbers of one moment; null for what is not known.

    registers: the greatest acknowledged, which never fall. A reading's own do, while its meter counts apart after a
    power cut, and Home Assistant would take that for a new meter.
    """
    has_pv = has_pv_of(reading)
    energies = dict(zip(("import_kwh", "export_kwh", "pv_kwh", ""), registers or (), strict=False))
    return {
        **{key: energies[key] / 1e6 if key in energies else None for key in ("import_kwh", "export_kwh", "pv_kwh")},
        "house_w": reading["house_mw"] / 1000,
        "grid_w": reading["grid_mw"] / 1000,
        "pv_w": reading["pv_mw"] / 1000 if has_pv else None,
        "v_v": reading["v_mv"] / 1000,
        "f_hz": reading["f_mhz"] / 1000 if reading["f_mhz"] else None,
    }


def has_pv_of(reading: dict[str, int]) -> bool:
    return bool(reading["flags"] & wire.FLAG_PV_FITTED)
