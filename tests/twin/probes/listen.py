"""Hears twenty bursts, writes their checksums and times beside its settings, and waits to be stopped."""
# MicroPython knows no pathlib:
# mypy: ignore-errors

import binascii
import gc
from array import array

from hardware import Hardware

N = 840
hw = Hardware()
buf = array("H", bytearray(N * 6))
with open("facts.txt", "w") as f:
    settings = hw.settings()
    lut = hw.codes_to_lut()
    f.write("%s %d %d %d\n" % (settings["meter"], len(settings["key"]), len(lut), lut[2000]))
    f.write("%d %d %d %d\n" % (hw.reset_cause(), hw.network_up(), hw.rssi_dbm(), hw.idle_ms()))
    f.write("%d\n" % hw.ticks_ms())
    for _ in range(20):
        before_us = hw.ticks_us()
        first_us = hw.capture(buf, N)
        f.write("%d %d %d\n" % (first_us, binascii.crc32(buf), hw.ticks_us() >= max(before_us, first_us + N * 250)))
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(50):
        hw.capture(buf, N)
        hw.ticks_us()
    f.write("%d\n" % ((gc.mem_alloc() - before) // 50))
    hw.store("registers", b"first")
    hw.store("registers", b"second")
    f.write("%s %s\n" % (hw.load("registers").decode(), hw.load("nothing")))
    hw.relay(True)
    hw.capture(buf, N)
while True:
    hw.capture(buf, N)
