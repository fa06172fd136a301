"""The meter. fixed/main.py starts it from the slot that was chosen."""

import asyncio
import gc
import time

from hardware import Hardware

gc.threshold(4096)  # collect before the heap is scattered: large pieces must be found for weeks
hardware = Hardware()
linearised = hardware.codes_to_lut()  # the largest piece of memory: taken before the modules scatter the heap

from app import App  # noqa: E402

asyncio.run(App(hardware, linearised, time.ticks_diff).run())
