"""The meter on a board whose ticks wrap at 2^30 µs, as an ESP32's do and the unix port's do not."""

import asyncio

from hardware import Hardware

from app import App

_WRAP = 1 << 30


class Wrapping(Hardware):
    def capture(self, buf, n):
        return super().capture(buf, n) % _WRAP

    def ticks_us(self):
        return super().ticks_us() % _WRAP


def _diff(later, earlier):
    return (later - earlier + _WRAP // 2) % _WRAP - _WRAP // 2


if __name__ == "__main__":
    hardware = Wrapping()
    asyncio.run(App(hardware, hardware.codes_to_lut(), _diff).run())
