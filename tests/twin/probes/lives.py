"""Writes one line for each life: reset cause and the time of its first burst; then hears until its power goes."""
# MicroPython knows no pathlib:
# mypy: ignore-errors

from array import array

from hardware import Hardware

hw = Hardware()
buf = array("H", bytearray(6 * 400))
first_us = hw.capture(buf, 400)
with open("lives.txt", "a") as f:
    f.write("%d %d %d\n" % (hw.reset_cause(), first_us, hw.network_up()))
while True:
    hw.capture(buf, 400)
    with open("network.txt", "a") as f:
        f.write("%d" % hw.network_up())
