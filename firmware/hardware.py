"""The ESP32 beneath the meter. The only module that imports machine, network and esp32, but for boot.py.

Checked against the types of MicroPython's ESP32 port, and not yet run on a board. Unproven until it is: the time a
conversion takes (30 to 45 µs each are expected, three must fit into SAMPLE_US), the jitter while Wi-Fi sends, the
eFuse curve above 2.4 V, and whether NVS blobs survive a brown-out in the middle of a write.
"""

# ruff: noqa: F821 - ptr16 and ptr32 are viper's own types

import gc
import json
import os
import time

import esp32
import linearise
import machine
import micropython
import network

_SAMPLE_US = 250
_PINS = (34, 35, 32)  # voltage, clamp 1, clamp 2: inputs of ADC1, the only one that works beside Wi-Fi
_RELAY_PIN = 25
_WATCHDOG_MS = 30000
_IDLE_MS = 4  # between two bursts at least; more until a capture can start shortly before a crossing
_CONNECT_AGAIN_MS = 20000
_BLOB_BYTES = 8192
_PAIRS = 256

# machine.reset_cause() as positions in wire.RESET_CAUSES
_RESET_CAUSES = {
    machine.PWRON_RESET: 1,
    machine.WDT_RESET: 3,
    machine.SOFT_RESET: 4,
    machine.HARD_RESET: 4,
    machine.DEEPSLEEP_RESET: 5,
}


@micropython.viper
def _capture(buf: ptr16, n: int, period_us: int, read_v, read_1, read_2, ticks_us) -> int:  # type: ignore
    """Fills buf with n triples, one each period_us, and returns the ticks of the first; allocates nothing.

    Every triple has its own due time: one that comes late does not delay those after it.
    """
    start = int(ticks_us())
    due = 0
    at = 0
    end = n * 3
    while at < end:
        while ((int(ticks_us()) - start) & 0x3FFFFFFF) < due:  # ticks wrap at 2^30
            pass
        buf[at] = int(read_v()) >> 4  # read_u16 stretches 12 bits to 16
        buf[at + 1] = int(read_1()) >> 4
        buf[at + 2] = int(read_2()) >> 4
        due += period_us
        at += 3
    return start


class Hardware:
    """The same interface as twin/board/hardware.py, whose sensors are simulated."""

    SAMPLE_US = _SAMPLE_US

    def __init__(self):
        self._nvs = esp32.NVS("meter")
        self._adcs = [machine.ADC(machine.Pin(pin), atten=machine.ADC.ATTN_11DB) for pin in _PINS]
        self._reads = [adc.read_u16 for adc in self._adcs]
        for read in self._reads:
            read()  # the first conversion sets the channel up
        self._relay = machine.Pin(_RELAY_PIN, machine.Pin.OUT, value=0)
        self._station = network.WLAN(network.STA_IF)
        self._tried_ms = None
        self._settings = None
        self._watchdog = machine.WDT(timeout=_WATCHDOG_MS)
        for folder in ("/blobs", "/flash"):
            _make_folder(folder)
        self.connect()

    def settings(self) -> dict:
        """What provisioning wrote: texts and numbers as JSON in the file system, the key in NVS."""
        if self._settings is None:
            with open("/settings.json") as f:
                settings = json.load(f)
            key = bytearray(32)
            self._nvs.get_blob("key", key)
            settings["key"] = bytes(key)
            self._settings = settings
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

    def capture(self, buf, n: int) -> int:
        """Fills buf with n triples; returns the ticks of the first. OSError when a conversion fails."""
        reads = self._reads
        return _capture(buf, n, _SAMPLE_US, reads[0], reads[1], reads[2], time.ticks_us)

    def codes_to_lut(self):
        """Linearised input in 0.5 mV steps for each code, from the chip's eFuse calibration.

        MicroPython does not give the eFuse's reference voltage away, but `read_uv` uses it: pairs of a code and of the
        calibrated input of nearly the same moment tell it. They are whole millivolts, which the sensors' own signal and
        noise blur enough for the mean.
        """
        code = mv = 0
        for _ in range(_PAIRS):
            for adc in self._adcs:
                code += adc.read_u16() >> 4
                mv += adc.read_uv() // 1000
        pairs = _PAIRS * len(self._adcs)
        return linearise.table(linearise.reference_mv(code / pairs, mv / pairs))

    def ticks_us(self):
        return time.ticks_us()

    def ticks_ms(self):
        return time.ticks_ms()

    def network_up(self) -> bool:
        return self._station.isconnected()

    def connect(self) -> None:
        """Starts Wi-Fi, or starts it anew where it has failed for a while; returns at once."""
        now_ms = time.ticks_ms()
        if self._station.isconnected():
            return
        if self._tried_ms is not None and time.ticks_diff(now_ms, self._tried_ms) < _CONNECT_AGAIN_MS:
            return
        self._tried_ms = now_ms
        wifi = self.settings()["wifi"]
        self._station.active(False)  # a driver that hangs after a lost access point recovers only this way
        self._station.active(True)
        self._station.config(pm=network.WLAN.PM_NONE)  # power saving answers beacons late, and shifts samples
        self._station.connect(wifi["ssid"], wifi["password"])

    def rssi_dbm(self) -> int:
        try:
            return int(self._station.status("rssi"))
        except (OSError, ValueError):
            return -128

    def reset_cause(self) -> int:
        return _RESET_CAUSES.get(machine.reset_cause(), 0)

    def free_bytes(self) -> int:
        return gc.mem_free()

    def random32(self) -> int:
        return int.from_bytes(os.urandom(4), "little")

    def feed(self) -> None:
        self._watchdog.feed()

    def relay(self, on: bool) -> None:
        self._relay.value(1 if on else 0)

    def reboot(self) -> None:
        machine.reset()

    def idle_ms(self) -> int:
        return _IDLE_MS


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path)
    except OSError:
        pass  # it is there
