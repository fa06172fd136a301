"""A front end that plays a recording in a loop: the drop-in for firmware/hardware.py in the tests of the whole app.

In the meter's directory: settings.json, lut.bin, codes.bin (triples, whole cycles), and play.json: {"live": whether
captures take their time, "stop_us": uptime at which the power goes, "reset_cause", "littlefs_blocks": 0 where files of
the host serve as flash; else a new littlefs in RAM, whose erases are written to erases.json as the power goes}.
"""

import gc
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
        self._codes = open(self._dir + "/codes.bin", "rb")
        self._files = self._dir
        self._ram = None
        if self._play["littlefs_blocks"]:
            self._mount(self._play["littlefs_blocks"])
        self._end_us = 0
        self._live = self._play["live"]
        self._started_us = time.ticks_us()
        self.relay_on = False

    def settings(self):
        with open(self._dir + "/settings.json") as f:
            settings = json.load(f)
        settings["key"] = unhexlify(settings["key_hex"])
        return settings

    def _mount(self, blocks):
        from ram_flash import RamFlash

        self._ram = RamFlash(blocks)
        os.VfsLfs2.mkfs(self._ram)
        os.mount(os.VfsLfs2(self._ram), "/ram")
        os.mkdir("/ram/flash")
        with open(self._dir + "/assignment.blob", "rb") as f:
            blob = f.read()
        self._files = "/ram"
        self.store("assignment", blob)
        self._ram.erases = 0

    def store(self, name, blob):
        path = self._files + "/" + name
        with open(path + ".new", "wb") as f:
            f.write(blob)
        os.rename(path + ".new", path + ".blob")

    def load(self, name):
        try:
            with open(self._files + "/" + name + ".blob", "rb") as f:
                return f.read()
        except OSError:
            return None

    def path(self):
        return self._files + "/flash"

    def _lose_power(self):
        if self._ram is not None:
            with open(self._dir + "/erases.json", "w") as f:
                json.dump(self._ram.erases, f)
        sys.exit(0)

    def firmware_path(self):
        return sys.path[0] if sys.path[0] in ("/factory", "/a", "/b") else None

    def capture(self, buf, n):
        first_us = self._end_us
        self._end_us += n * self.SAMPLE_US
        if self._end_us > self._play["stop_us"]:
            self._lose_power()
        if self._live:
            late_us = self._end_us - time.ticks_diff(time.ticks_us(), self._started_us)
            if late_us > 0:
                time.sleep_us(late_us)
        got = self._codes.readinto(buf, n * _TRIPLE_BYTES)
        while got < n * _TRIPLE_BYTES:
            self._codes.seek(0)
            got += self._codes.readinto(buf[got // 2 :], n * _TRIPLE_BYTES - got)
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
        return True

    def connect(self):
        pass

    def rssi_dbm(self):
        return -60

    def reset_cause(self):
        return self._play["reset_cause"]

    def free_bytes(self):
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
