"""The front ends' drivers on conversions, buses and clocks that a test writes down; pure, for every interpreter."""

import gc
import math
from array import array

import adc_esp32
import adc_mcp3208
import bursts
import micropython
import wifi

_TICKS = 1 << 30


class Clock:
    """Ticks that move by what is done: a microsecond a look, and what a conversion takes."""

    def __init__(self, start_us):
        self.now_us = start_us

    def ticks_us(self):
        self.now_us += 1
        return self.now_us % _TICKS


class FakeAdc:
    """Codes in a row, 12 bits stretched to 16; some conversions take longer, some may fail."""

    def __init__(self, clock, first_code, took_us, stalls, fails_at):
        self._clock = clock
        self._code = first_code
        self._took_us = took_us
        self._stalls = stalls  # {conversion: further us}
        self._fails_at = fails_at  # conversions
        self.count = -1  # the constructor reads once
        self.read_at_us = []

    def read_u16(self):
        if self.count in self._fails_at:
            self.count += 1
            raise OSError(5)
        code = self._code + max(0, self.count)
        if self.count >= 0:
            self.read_at_us.append(self._clock.now_us)
            self._clock.now_us += self._took_us + self._stalls.get(str(self.count), 0)
        self.count += 1
        return code << 4 | code >> 8

    def read_uv(self):
        return (142 + self._code) * 1000


class FakeMcp3208:
    """The chip on its bus, bit by bit as its data sheet draws it; what is not a command for a channel is answered with
    garbage. Chip select and bus see the same object."""

    def __init__(self, clock, codes, took_us):
        self._clock = clock
        self._codes = codes
        self._took_us = took_us
        self._is_ready = False  # a conversion needs a falling edge of chip select
        self._level = 1
        self.fails_at = ()  # exchanges that the bus breaks off …
        self.garbles_at = ()  # … and whose answer another chip drives
        self.exchanges = 0
        self.is_absent = False

    def select(self, level):
        self._is_ready = self._level == 1 and level == 0
        self._level = level

    def write_readinto(self, sent, answer):
        self.exchanges += 1
        if self.exchanges - 1 in self.fails_at:
            raise OSError(5)
        self._clock.now_us += self._took_us
        told = 0
        for byte in sent:
            told = told << 8 | byte
        out = self._answer(told, 8 * len(sent))
        if self.is_absent or self.exchanges - 1 in self.garbles_at:
            out = 0xFFFFFF
        for k in range(len(answer)):
            answer[k] = out >> 8 * (len(answer) - 1 - k) & 0xFF

    def _answer(self, told, bits):
        """What it drives while these bits come in; high where it drives nothing."""
        out = (1 << bits) - 1
        at = bits - 1
        while at >= 0 and not told >> at & 1:
            at -= 1
        if at < 18:
            return 0xABCDEF
        single_ended, channel = told >> (at - 1) & 1, told >> (at - 4) & 7
        if not self._is_ready or self._level or not single_ended:
            return 0xABCDEF
        self._is_ready = False
        # after the channel's last bit comes the time of the sample, then the null bit, then twelve bits
        null = at - 6
        return out & ~((1 << (null + 1)) - 1) | (self._codes[channel] & 0xFFF) << (null - 12)


def esp32_capture(n, start_us, took_us, stalls, fails_at=()):
    """(ticks of the first, the codes, when each voltage was read) of one capture."""
    clock = Clock(start_us)
    adcs = [
        FakeAdc(clock, first, took_us, stalls if first == 100 else {}, fails_at if first == 1000 else ())
        for first in (100, 1000, 2000)
    ]
    driver = adc_esp32.Esp32Adc(adcs, clock.ticks_us)
    buf = array("H", bytes(6 * n))
    start = driver.capture(buf, n)
    return start, list(buf), [at - start_us for at in adcs[0].read_at_us]


def esp32_table(code, mv):
    """Four places of the table of a chip that reads mv as this code."""

    class Steady:
        def read_u16(self):
            return code << 4

        def read_uv(self):
            return mv * 1000

    lut = adc_esp32.Esp32Adc([Steady(), Steady(), Steady()], lambda: 0).codes_to_lut()
    return [lut[k] for k in (0, 1000, 2000, 4095)]


def _mcp3208(codes, start_us=0, took_us=40, reference_mv=2500):
    clock = Clock(start_us)
    chip = FakeMcp3208(clock, codes, took_us)
    return chip, clock, adc_mcp3208.Mcp3208(chip, chip.select, clock.ticks_us, reference_mv)


def mcp3208_capture(n, codes, start_us=0):
    """(ticks of the first, the codes, how long it took)."""
    _, clock, driver = _mcp3208(codes, start_us)
    buf = array("H", bytes(6 * n))
    start = driver.capture(buf, n)
    return start, list(buf), clock.now_us - start_us


def mcp3208_answer(sent):
    """The three bytes that the fake chip gives to three bytes, the codes of its channels being 0x801 to 0x808."""
    chip, _, _ = _mcp3208([0x801 + k for k in range(8)])
    answer = bytearray(3)
    chip.select(0)
    chip.write_readinto(sent, answer)
    return answer


def mcp3208_with_failures(n, codes, fails_at, garbles_at):
    """The codes of a capture, some of whose exchanges break off or are answered with garbage."""
    chip, _, driver = _mcp3208(codes)
    chip.fails_at, chip.garbles_at = fails_at, garbles_at
    buf = array("H", bytes(6 * n))
    driver.capture(buf, n)
    return list(buf)


def bursts_around_a_failure():
    """Of ten bursts whose fourth capture has an exchange that breaks off: how many were good, the bad cycles of each,
    and the gaps between them [us]."""
    clock = Clock(0)
    chip = FakeMcp3208(clock, _Mains(clock), 40)
    driver = adc_mcp3208.Mcp3208(chip, chip.select, clock.ticks_us)
    stream = bursts.Bursts(driver.capture, driver.codes_to_lut(), lambda ticks: ticks, driver.SAMPLE_US)
    good, bad_cycles, gaps_us = 0, [], []
    for k in range(10):
        chip.fails_at = (chip.exchanges + 1500,) if k == 3 else ()
        good += stream.next()
        bad_cycles.append(stream.bad_cycles)
        gaps_us.append(stream.gap_us)
    return good, bad_cycles, gaps_us


class _Mains:
    """Codes of a 50 Hz sine at the moment they are asked for."""

    def __init__(self, clock):
        self._clock = clock

    def __getitem__(self, channel):
        return 2130 + round((1500, 400, 100)[channel] * math.sin(2 * math.pi * (self._clock.now_us % 20000) / 20000))


def mcp3208_absent():
    """The codes of a bus that nobody drives."""
    chip, _, driver = _mcp3208([0] * 8)
    chip.is_absent = True
    buf = array("H", bytes(12))
    driver.capture(buf, 2)
    return list(buf)


def mcp3208_table(reference_mv):
    lut = _mcp3208([0] * 8, reference_mv=reference_mv)[2].codes_to_lut()
    return [lut[k] for k in (0, 1, 2048, 4095)]


class _Still:
    """Conversions that allocate nothing themselves."""

    def __init__(self):
        self.now_us = 0

    def ticks_us(self):
        self.now_us += 50
        return self.now_us

    def read_u16(self):
        return 32000

    def select(self, level):
        pass

    def write_readinto(self, sent, answer):
        answer[1] = 7
        answer[2] = 0xD0


def locked_captures():
    """Captures with both drivers while an allocation would be an error; the last triple of each."""
    still = _Still()
    drivers = [
        adc_esp32.Esp32Adc([still, still, still], still.ticks_us),
        adc_mcp3208.Mcp3208(still, still.select, still.ticks_us),
    ]
    bufs = [array("H", bytes(6 * 800)), array("H", bytes(6 * 800))]
    view = memoryview(bufs[1])[0:]
    gc.collect()
    micropython.heap_lock()
    try:
        drivers[0].capture(bufs[0], 800)
        drivers[1].capture(view, 800)
    finally:
        micropython.heap_unlock()
    return [list(buf[-3:]) for buf in bufs]


class FakeStation:
    """A station that refuses as the driver does: connect while it is still connecting is an error."""

    def __init__(self, refuses):
        self.calls = []
        self.is_up = False
        self._is_connecting = False
        self._refuses = refuses

    def isconnected(self):
        return self.is_up

    def active(self, is_on):
        self.calls.append("on" if is_on else "off")
        self._is_connecting = False

    def config(self, pm):
        self.calls.append("pm")

    def disconnect(self):
        self.calls.append("let go")
        self._is_connecting = False

    def connect(self, ssid, password):
        self.calls.append("connect")
        if self._is_connecting or self._refuses:
            raise OSError("Wifi Internal Error")
        self._is_connecting = True


def wifi_calls(steps, refuses=False):
    """What the station is told at each (ticks_ms, whether it is up by then); the network is asked for every time."""
    station = FakeStation(refuses)
    keeper = wifi.Wifi(station, "home", "secret", 0, _ticks_diff)
    told = []
    for now_ms, is_up in steps:
        station.is_up = is_up
        station.calls = []
        keeper.is_up()
        keeper.keep(now_ms)
        told.append(" ".join(station.calls))
    return told


def _ticks_diff(later, earlier):
    return ((later - earlier + _TICKS // 2) % _TICKS) - _TICKS // 2
