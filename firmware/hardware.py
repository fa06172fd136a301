"""The ESP32 beneath the meter. The only module that imports machine, network and esp32, but for those in fixed/.

Checked against the types of MicroPython's ESP32 port and run with stand-ins for its modules; not yet run on a board.
Unproven until it is: the time a conversion takes (three must fit into SAMPLE_US), the jitter while Wi-Fi sends, the
eFuse curve above 2.4 V, and whether NVS blobs survive a brown-out in the middle of a write.
"""

import gc
import json
import os
import sys
import time

import esp32
import machine
import network
from wifi import Wifi

_PINS = (34, 35, 32)  # voltage, clamp 1, clamp 2: inputs of ADC1, the only one that works beside Wi-Fi
_SPI_ID, _SELECT_PIN = 2, 21  # VSPI on its own pins: clock 18, to the chip 23, from it 19
_RELAY_PIN = 25  # an input while the chip starts: the drawn board pulls it low
_WATCHDOG_MS = 30000
_IDLE_MS = 4  # between two bursts at least; more until a capture can start shortly before a crossing
_BLOB_BYTES = 8192
_KEY_BYTES = 32
_SETTINGS = "/settings.json"
_RESET_STATE = 0x3FF48034  # RTC_CNTL_RESET_STATE_REG: what reset the first core, in the lowest six bits
_POWER_ON, _BROWN_OUT = 1, 15
_ASKED = b"restart"  # kept in RTC memory over a restart that the firmware asked for
_FIRST_BURST = "sunmeter: first good burst"  # on the console, once a start; what provisioning waits for

# positions in wire.RESET_CAUSES
_BY_CAUSE = {
    machine.PWRON_RESET: 1,
    machine.WDT_RESET: 3,
    machine.SOFT_RESET: 6,
    machine.HARD_RESET: 1,  # the enable pin: a button, or the converter that a computer is plugged into
    machine.DEEPSLEEP_RESET: 5,
}


class Hardware:
    """The same interface as twin/board/hardware.py, whose sensors are simulated."""

    def __init__(self):
        self._relay = machine.Pin(_RELAY_PIN, machine.Pin.OUT, value=0)  # first of all: off
        os.stat(_SETTINGS)  # OSError: not provisioned, and no watchdog that would disturb whoever does it
        self._watchdog = machine.WDT(timeout=_WATCHDOG_MS)
        self._is_fed = False
        self._reset_cause = _read_reset_cause()
        self._settings = _read_settings()
        for folder in ("/blobs", "/flash"):
            _make_folder(folder)
        self._front_end = _front_end(self._settings)
        self.SAMPLE_US = self._front_end.SAMPLE_US
        self.capture = self._front_end.capture
        self.codes_to_lut = self._front_end.codes_to_lut
        self._station = network.WLAN(network.WLAN.IF_STA)
        network.hostname(self._settings["meter"])
        wifi = self._settings["wifi"]
        self._wifi = Wifi(self._station, wifi["ssid"], wifi["password"], network.WLAN.PM_NONE, time.ticks_diff)
        self.connect()

    def settings(self) -> dict:
        """What provisioning wrote: texts and numbers as JSON in the file system, the key in NVS."""
        return self._settings

    def store(self, name: str, blob: bytes) -> None:
        """Replaces a blob at once or not at all: littlefs renames atomically."""
        path = "/blobs/" + name
        with open(path + ".new", "wb") as f:
            f.write(blob)
        os.rename(path + ".new", path)

    def load(self, name: str):
        """A blob, or None where there is none."""
        try:
            with open("/blobs/" + name, "rb") as f:
                return f.read(_BLOB_BYTES)
        except OSError:
            return None

    def path(self) -> str:
        return "/flash"

    def firmware_path(self):
        """The slot's folder that the boot chose to run; None where the modules lie in no slot."""
        return sys.path[0]

    def ticks_us(self):
        return time.ticks_us()

    def ticks_ms(self):
        return time.ticks_ms()

    def network_up(self) -> bool:
        return self._wifi.is_up()

    def connect(self) -> None:
        """Sees to Wi-Fi; returns at once."""
        self._wifi.keep(time.ticks_ms())

    def rssi_dbm(self) -> int:
        try:
            return int(self._station.status("rssi"))
        except (OSError, RuntimeError, ValueError, TypeError):  # while it is not connected
            return -128

    def reset_cause(self) -> int:
        return self._reset_cause

    def free_bytes(self) -> int:
        return gc.mem_free()

    def random32(self) -> int:
        return int.from_bytes(os.urandom(4), "little")

    def feed(self) -> None:
        self._watchdog.feed()
        if not self._is_fed:
            self._is_fed = True
            print(_FIRST_BURST)

    def relay(self, on: bool) -> None:
        self._relay.value(1 if on else 0)

    def reboot(self) -> None:
        self._relay.value(0)
        machine.RTC().memory(_ASKED)
        machine.reset()

    def idle_ms(self) -> int:
        return _IDLE_MS


def _read_settings() -> dict:
    """The settings with the key. OSError where the file or the key is missing, ValueError where one is damaged."""
    with open(_SETTINGS) as f:
        settings = json.load(f)
    key = bytearray(_KEY_BYTES)
    if esp32.NVS("meter").get_blob("key", key) != _KEY_BYTES:
        raise ValueError("key")
    settings["key"] = bytes(key)
    return settings


def _front_end(settings: dict):
    """The driver that provisioning chose, and nothing of the other one in memory."""
    if settings.get("front_end", "esp32") == "mcp3208":
        from adc_mcp3208 import BAUDRATE, REFERENCE_MV, Mcp3208

        spi = machine.SPI(_SPI_ID, baudrate=BAUDRATE)
        select = machine.Pin(_SELECT_PIN, machine.Pin.OUT, value=1)
        return Mcp3208(spi, select, time.ticks_us, settings.get("reference_mv", REFERENCE_MV))
    from adc_esp32 import Esp32Adc

    adcs = [machine.ADC(machine.Pin(pin), atten=machine.ADC.ATTN_11DB) for pin in _PINS]
    return Esp32Adc(adcs, time.ticks_us)


def _read_reset_cause() -> int:
    """Position in wire.RESET_CAUSES.

    MicroPython tells a brown-out as a power-on and a crash as a restart. The first is told apart by the chip's own
    register, which says power-on for a power-on only; the second by a word in RTC memory, left before each restart that
    was asked for, and lost with the power.
    """
    rtc = machine.RTC()
    was_asked = rtc.memory() == _ASKED
    rtc.memory(b"")
    cause = machine.reset_cause()
    chip_cause = machine.mem32[_RESET_STATE] & 0x3F
    if chip_cause == _BROWN_OUT or (cause == machine.PWRON_RESET and chip_cause != _POWER_ON):
        return 2
    if was_asked and cause == machine.SOFT_RESET:
        return 4
    return _BY_CAUSE.get(cause, 0)


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path)
    except OSError:
        pass  # it is there
