"""What the ESP32 does at power on, on MicroPython's unix port: its flash becomes /, then boot.py and main.py run.

The flash is the folder SUNMETER_METER_DIR. `machine` and `esp32` are stand-ins with what the fixed files ask for.
"""

import json
import os
import sys
import time
from binascii import unhexlify


class _Time:
    """time, without the rest before a restart."""

    def __getattr__(self, name):
        return getattr(time, name)

    def sleep(self, _):
        pass


class _Machine:
    def freq(self, _):
        pass

    def WDT(self, timeout):
        pass

    def reset(self):
        sys.exit(42)


class _Nvs:
    def __init__(self, space):
        if space != "meter":
            raise OSError(2)

    def get_blob(self, name, buffer):
        with open("/settings.json") as f:
            buffer[:] = unhexlify(json.load(f)[name + "_hex"])


class _Esp32:
    NVS = _Nvs


class _Flash:
    """A folder of the host as the whole file system. VfsPosix with a root renames a file to itself."""

    def __init__(self, folder):
        self._folder = folder
        self._inside = os.VfsPosix(folder)
        self._outside = os.VfsPosix()

    def __getattr__(self, name):
        return getattr(self._inside, name)

    def rename(self, old, new):
        self._outside.rename(self._folder + old, self._folder + new)


def _run(path):
    with open(path) as f:
        exec(f.read(), {"__name__": "__main__"})


sys.modules.update({"machine": _Machine(), "esp32": _Esp32(), "time": _Time()})
flash = os.getenv("SUNMETER_METER_DIR")
os.putenv("SUNMETER_METER_DIR", "")  # where the stand-in for the board finds its files
os.umount("/")
os.mount(_Flash(flash), "/")
sys.path[:] = ["", ".frozen", "/lib"]  # as the ESP32 has it
_run("/boot.py")
_run("/main.py")
