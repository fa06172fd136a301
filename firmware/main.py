"""Started by MicroPython after boot.py: the meter."""

import asyncio
import time

from app import App
from hardware import Hardware

asyncio.run(App(Hardware(), time.ticks_diff).run())
