"""Hears 250 ms at a time and takes its time over each; notes what the clock file says beside what it has heard."""
# MicroPython knows no pathlib:
# mypy: ignore-errors

import struct
import time
from array import array

from hardware import Hardware

N = 1000
hw = Hardware()
buf = array("H", bytearray(6 * N))
with open("slow.txt", "w") as f:
    while True:
        end_us = hw.capture(buf, N) + N * hw.SAMPLE_US
        time.sleep_ms(5)
        with open("../clock", "rb") as clock:
            f.write("%d %d\n" % (end_us // 1000, struct.unpack("<Q", clock.read(8))[0]))
