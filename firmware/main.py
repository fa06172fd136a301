"""The meter. fixed/main.py starts it from the slot that was chosen."""

import asyncio
import gc
import time

from hardware import Hardware

gc.threshold(4096)  # while modules load, what they leave behind would scatter the heap for good
hardware = Hardware()
linearised = hardware.codes_to_lut()  # the largest piece of memory: taken before the modules scatter the heap

from app import App  # noqa: E402

meter = App(hardware, linearised, time.ticks_diff)
gc.threshold(16384)  # four bursts: each collection takes the time of half a cycle
asyncio.run(meter.run())
