"""The twin's drop-in for firmware/hardware.py: the same interface, its sensors a TCP connection to the simulated house.

MICROPYPATH puts this folder before firmware/, so the firmware imports it without knowing. Runs under MicroPython's unix
port. `capture` and the clock allocate nothing, as on the ESP32.

Lockstep: simulated time moves only when samples are asked for. `idle_ms() == 0` says that the house plays the past
faster than real time; an exchange with the hub should then be awaited before the next capture, since it takes no
simulated time. While the present is far some chunks are asked for ahead, so that neither side waits for the other; each
request says how much of what was asked for is still unheard.

Environment: SUNMETER_TWIN_PORT, the house's TCP port on 127.0.0.1; SUNMETER_METER_DIR, this meter's flash.
"""
# MicroPython knows neither pathlib nor type hints of its own sockets:
# mypy: ignore-errors

# ruff: noqa: F821 - ptr16 is viper's own type

import gc
import json
import os
import socket
import struct
import sys
import time
from array import array
from binascii import unhexlify

import micropython

_SAMPLES = 1
_RELAY = 2
_NETWORK_UP = 1
_CATCHING_UP = 2
_FAR = 4
_TRIPLE_BYTES = 6
_CHUNK = 1000  # triples asked for at a time
_AHEAD = 8  # chunks under way while the present is far: two seconds
_IDLE_MS = 20  # what the ESP32 gives to Wi-Fi between two bursts
_EXIT_REBOOT = 42  # tells the twin that the firmware asked for a restart
_EXIT_UNPLUGGED = 43


@micropython.viper
def _copy(source: ptr16, at: int, target: ptr16, to: int, n: int):
    """Copies n triples from triple `at` of one buffer to triple `to` of another."""
    i = at * 3
    j = to * 3
    end = i + n * 3
    while i < end:
        target[j] = source[i]
        i += 1
        j += 1


class Hardware:
    SAMPLE_US = 250

    def __init__(self):
        self._dir = os.getenv("SUNMETER_METER_DIR")
        self._request = bytearray(8)
        self._header = bytearray(16)
        self._link = socket.socket()
        port = int(os.getenv("SUNMETER_TWIN_PORT"))
        self._link.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        self._chunk = array("H", bytes(_CHUNK * _TRIPLE_BYTES))
        self._at = self._held = 0  # triples of the chunk that are heard, and that it holds
        self._asked = 0  # chunks under way
        self._heard_us = time.ticks_us()
        self._now_us = 0
        self._ask(_SAMPLES, 0, 0)
        self._end_us = self._read_header()  # of what is heard; the stream has no gaps

    def settings(self):
        with open(self._dir + "/settings.json") as f:
            settings = json.load(f)
        settings["key"] = unhexlify(settings.pop("key_hex"))
        return settings

    def store(self, name, blob):
        """Replace the blob at once or not at all: a rename is atomic."""
        path = self._dir + "/" + name + ".blob"
        with open(path + ".new", "wb") as f:
            f.write(blob)
        os.rename(path + ".new", path)

    def load(self, name):
        try:
            with open(self._dir + "/" + name + ".blob", "rb") as f:
                return f.read()
        except OSError:
            return None

    def path(self):
        return self._dir + "/flash"

    def firmware_path(self):
        """The twin runs the modules from where they lie."""
        return None

    def capture(self, buf, n):
        """Fill buf with the next n triples of the continuous stream; return ticks_us of the first."""
        filled = 0
        while filled < n:
            if self._at == self._held:
                self._next_chunk(n - filled)
            part = min(n - filled, self._held - self._at)
            _copy(self._chunk, self._at, buf, filled, part)
            self._at += part
            filled += part
        self._end_us += n * self.SAMPLE_US
        self._heard_us = time.ticks_us()
        return self._end_us - n * self.SAMPLE_US

    def _next_chunk(self, missing):
        """Receive the next chunk; ask for it unless it is under way, and ahead while the present is far."""
        if self._header[8] & _FAR:
            while self._asked < _AHEAD:
                self._ask(_SAMPLES, 0, _CHUNK, self._asked * _CHUNK)
                self._asked += 1
        elif not self._asked:
            self._ask(_SAMPLES, 0, min(missing, _CHUNK))
            self._asked = 1
        self._read_header()
        header = self._header
        self._held = header[12] | header[13] << 8
        self._fill(self._chunk, self._held * _TRIPLE_BYTES)
        self._at = 0
        self._asked -= 1

    def codes_to_lut(self):
        with open(self._dir + "/lut.bin", "rb") as f:
            return array("H", f.read())

    def ticks_us(self):
        """Microseconds since power on: the end of the last burst and the real time gone since; never backwards."""
        now_us = self._end_us + time.ticks_diff(time.ticks_us(), self._heard_us)
        if now_us > self._now_us:
            self._now_us = now_us
        return self._now_us

    def ticks_ms(self):
        return self.ticks_us() // 1000

    def network_up(self):
        return bool(self._header[8] & _NETWORK_UP)

    def connect(self):
        """The simulated Wi-Fi repairs itself when its fault ends."""

    def rssi_dbm(self):
        rssi = self._header[9]
        return rssi - 256 if rssi > 127 else rssi

    def reset_cause(self):
        return self._header[10]

    def free_bytes(self):
        return gc.mem_free()

    def random32(self):
        return struct.unpack("<I", os.urandom(4))[0]

    def feed(self):
        """The twin's watchdog is the connection itself: a firmware that stops asking for samples is restarted."""

    def relay(self, on):
        self._ask(_RELAY, 1 if on else 0, 0)

    def reboot(self):
        self._link.close()
        sys.exit(_EXIT_REBOOT)

    def idle_ms(self):
        return 0 if self._header[8] & _CATCHING_UP else _IDLE_MS

    def _ask(self, command, argument, n, unheard=0):
        request = self._request
        request[0] = command
        request[1] = argument
        request[2] = unheard & 255
        request[3] = unheard >> 8
        request[4] = n & 255
        request[5] = (n >> 8) & 255
        request[6] = (n >> 16) & 255
        request[7] = (n >> 24) & 255
        try:
            self._link.write(request)
        except OSError:
            sys.exit(_EXIT_UNPLUGGED)

    def _fill(self, buf, size):
        try:
            got = self._link.readinto(buf, size)
        except OSError:
            got = 0
        if got != size:  # the house is gone: not an error to recover from, but the end of this meter's power
            sys.exit(_EXIT_UNPLUGGED)

    def _read_header(self):
        header = self._header
        self._fill(header, 16)
        t_us = 0
        k = 7
        while k >= 0:
            t_us = (t_us << 8) | header[k]
            k -= 1
        return t_us
