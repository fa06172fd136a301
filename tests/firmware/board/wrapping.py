"""The meter on a board whose ticks wrap at 2^30 µs, as an ESP32's do and the unix port's do not."""

import asyncio
import gc

from hardware import Hardware

_WRAP = 1 << 30


class Wrapping(Hardware):
    def capture(self, buf, n):
        return super().capture(buf, n) % _WRAP

    def ticks_us(self):
        return super().ticks_us() % _WRAP


def _diff(later, earlier):
    return (later - earlier + _WRAP // 2) % _WRAP - _WRAP // 2


if __name__ == "__main__":
    gc.threshold(4096)  # as main.py does: memory in large pieces is taken before the modules scatter it
    hardware = Wrapping()
    linearised = hardware.codes_to_lut()

    from app import App

    meter = App(hardware, linearised, _diff)
    gc.threshold(16384)
    asyncio.run(meter.run())
