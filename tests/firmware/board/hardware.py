"""A front end that plays a recording in a loop: the drop-in for firmware/hardware.py in the tests of the whole app.

In the meter's directory: settings.json, lut.bin, codes.bin (triples, whole cycles), and play.json: {"live": whether
captures take their time, "stop_us": uptime at which the power goes, "reset_cause", "network_file": the network is up while this
file exists, or "" for always}.
"""

import json
import os
import struct
import sys
import time
from array import array
from binascii import unhexlify

_TRIPLE_BYTES = 6


class Hardware:
    SAMPLE_US = 250

    def __init__(self):
        self._dir = os.getenv("SUNMETER_METER_DIR")
        with open(self._dir + "/play.json") as f:
            self._play = json.load(f)
        size = os.stat(self._dir + "/codes.bin")[6]
        self._codes = memoryview(array("H", bytes(size)))
        with open(self._dir + "/codes.bin", "rb") as f:
            f.readinto(self._codes)
        self._at = 0
        self._end_us = 0
        self._live = self._play["live"]
        self._started_us = time.ticks_us()
        self.relay_on = False

    def settings(self):
        with open(self._dir + "/settings.json") as f:
            settings = json.load(f)
        settings["key"] = unhexlify(settings["key_hex"])
        return settings

    def store(self, name, blob):
        with open(self._dir + "/" + name + ".new", "wb") as f:
            f.write(blob)
        os.rename(self._dir + "/" + name + ".new", self._dir + "/" + name + ".blob")

    def load(self, name):
        try:
            with open(self._dir + "/" + name + ".blob", "rb") as f:
                return f.read()
        except OSError:
            return None

    def path(self):
        return self._dir + "/flash"

    def capture(self, buf, n):
        first_us = self._end_us
        self._end_us += n * self.SAMPLE_US
        if self._end_us > self._play["stop_us"]:
            sys.exit(0)
        if self._live:
            late_us = self._end_us - time.ticks_diff(time.ticks_us(), self._started_us)
            if late_us > 0:
                time.sleep_us(late_us)
        done = 0
        while done < 3 * n:
            part = min(3 * n - done, len(self._codes) - self._at)
            buf[done : done + part] = self._codes[self._at : self._at + part]
            done += part
            self._at = (self._at + part) % len(self._codes)
        return first_us

    def codes_to_lut(self):
        lut = array("H", bytes(8192))
        with open(self._dir + "/lut.bin", "rb") as f:
            f.readinto(lut)
        return lut

    def ticks_us(self):
        return time.ticks_diff(time.ticks_us(), self._started_us) if self._live else self._end_us

    def ticks_ms(self):
        return self.ticks_us() // 1000

    def network_up(self):
        name = self._play.get("network_file")
        if not name:
            return True
        try:
            os.stat(self._dir + "/" + name)
            return True
        except OSError:
            return False

    def connect(self):
        pass

    def rssi_dbm(self):
        return -60

    def reset_cause(self):
        return self._play["reset_cause"]

    def free_bytes(self):
        import gc

        return gc.mem_free()

    def random32(self):
        return struct.unpack("<I", os.urandom(4))[0]

    def feed(self):
        pass

    def relay(self, on):
        self.relay_on = on

    def reboot(self):
        sys.exit(42)

    def idle_ms(self):
        return 20 if self._live else 0
