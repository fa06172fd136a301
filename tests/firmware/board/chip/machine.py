"""Stands in for the ESP32's machine module; what a test sets and looks at is module-wide."""

import math
import sys

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5

calls = []  # what was done that a bench would see, in order
cause = PWRON_RESET
mem32 = {0x3FF48034: 1}
rtc_memory = b""
is_quiet = False  # whether the inputs hear no mains
resets = False  # whether reset ends the process, as on the board


def freq(hz=0):
    return 240000000


def unique_id():
    return b"\x24\x0a\xc4\x01\x02\x03"


def reset_cause():
    return cause


def reset():
    calls.append("reset")
    if resets:
        print("rst:0xc (SW_CPU_RESET)")
        sys.exit(42)


class Pin:
    IN, OUT = 1, 3

    def __init__(self, number, mode=IN, value=None):
        self.number = number
        if value is not None:
            calls.append("pin %d is %d" % (number, value))

    def __call__(self, value=None):
        pass

    def value(self, level):
        calls.append("pin %d is %d" % (self.number, level))


class ADC:
    """A sine around 1.30 V, eighty conversions a cycle, of a chip whose reference voltage is 1100 mV."""

    ATTN_11DB = 3

    def __init__(self, pin, atten=0):
        self._peak = {34: 900, 35: 300, 32: 150}[pin.number]
        self._count = 0

    def _code(self):
        self._count = (self._count + 1) % 80
        if is_quiet:
            return 1440 + self._count % 3
        return 1440 + round(self._peak * math.sin(2 * math.pi * self._count / 80))

    def read_u16(self):
        return self._code() * 16

    def read_uv(self):
        return (self._code() * 196602 * 1100 // 4096 // 65536 + 142) * 1000


class SPI:
    def __init__(self, number, baudrate):
        calls.append("spi %d at %d" % (number, baudrate))

    def write_readinto(self, sent, answer):
        answer[0], answer[1], answer[2] = 0, 5, 0xA0


class WDT:
    def __init__(self, timeout):
        calls.append("watchdog %d" % timeout)

    def feed(self):
        calls.append("fed")


class RTC:
    def memory(self, kept=None):
        global rtc_memory
        if kept is not None:
            rtc_memory = kept
        return rtc_memory
