"""Runs first, on the ESP32 only, and is never updated: picks the firmware of which every byte is signed."""

import gc
import json
import sys

import esp32
import machine

machine.freq(240000000)  # a board starts at 160 MHz; a burst's arithmetic then takes half as long again
sys.path[:] = ["/boot", ".frozen"]
key = bytearray(32)
folder = ""
try:
    import slots

    esp32.NVS("meter").get_blob("key", key)
    with open("/settings.json") as f:
        folder = slots.choose("", json.load(f)["meter"], bytes(key))
except Exception as error:  # whatever it is: only after a boot.py that ends well main.py runs, which tries again
    sys.print_exception(error)
sys.path[:] = [folder, ".frozen"] if folder else [".frozen"]  # neither / nor /lib: nothing there is signed
for name in ("slots", "contract", "contract.wire", "contract.refusal"):
    sys.modules.pop(name, None)  # the firmware brings its own
slots = None
del key, folder, name
gc.collect()
gc.threshold(16384)  # collect before large pieces are used up: fragments cost more than collections
