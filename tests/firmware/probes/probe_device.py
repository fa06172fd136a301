"""What a burst and a minute cost: time and bytes, of the whole app on a front end that plays ten cycles for ever."""

import gc
import math
import struct
import time
from array import array

import kernel

import app
from contract import scorer, unpacking

_TRIPLES = 4000  # a second of 50 Hz at 4 kHz: whole cycles
_MINUTE_S = 60


class _Board:
    """No network, nothing on flash, a second of sines in a loop."""

    SAMPLE_US = 250

    def __init__(self, path):
        """path: of a directory, which will also hold the sines: a file is read without an allocation."""
        self._path = path
        with open(path + "/codes.bin", "wb") as f:
            for k in range(_TRIPLES):
                angle = 2 * math.pi * k / 80
                v, grid, pv = 1100 * math.sin(angle), 300 * math.sin(angle - 0.3), -200 * math.sin(angle)
                f.write(struct.pack("<HHH", round(1500 + v), round(1500 + grid), round(1500 + pv)))
        self._codes = open(path + "/codes.bin", "rb")
        self._left = _TRIPLES
        self.end_us = 0

    def capture(self, buf, n):
        first_us = self.end_us
        self.end_us += n * self.SAMPLE_US
        if n > self._left:  # whole cycles are left out: nothing jumps
            at = (_TRIPLES - self._left) % 80
            self._codes.seek(6 * at)
            self._left = _TRIPLES - at
        self._codes.readinto(buf, 6 * n)
        self._left -= n
        return first_us

    def settings(self):
        return {"meter": "m-0a1b2c3d4e", "key": bytes(32), "hub_host": "127.0.0.1", "hub_port": 9, "config": {}}

    def store(self, name, blob):
        pass

    def load(self, name):
        return None

    def firmware_path(self):
        return None

    def path(self):
        return self._path

    def ticks_us(self):
        return self.end_us

    def network_up(self):
        return False

    def connect(self):
        pass

    def rssi_dbm(self):
        return -60

    def reset_cause(self):
        return 1

    def free_bytes(self):
        return 0

    def random32(self):
        return 77

    def feed(self):
        pass

    def relay(self, on):
        pass

    def idle_ms(self):
        return 0


class _NoCollection:
    """In the place of `gc` where bytes are counted: what the app collects itself must be seen too."""

    def collect(self):
        pass


_made = {}


def start(path):
    """Makes the meter; path: an existing directory for its outbox."""
    board = _Board(path)
    lut = array("H", bytes(8192))
    for code in range(4096):
        lut[code] = 2 * code * 3300 // 4096
    _made["app"] = app.App(board, lut, lambda later, earlier: later - earlier)
    bursts(10)


def bursts(n):
    """So many bursts through next, measure, count, score and keep; the uptime [ms] then."""
    meter = _made["app"]
    for _ in range(n):
        assert meter.bursts.next()
        meter.meter.measure(meter.bursts)
        meter.count()
        meter.score()
        meter.keep()
    return meter.bursts.end_us // 1000


def burst_us(n):
    """Mean time of a burst."""
    began_us = time.ticks_us()
    bursts(n)
    return time.ticks_diff(time.ticks_us(), began_us) / n


def sums_us(n):
    """Mean time of the kernel's sums over a burst."""
    stream = _made["app"].bursts
    began_us = time.ticks_us()
    for _ in range(n):
        kernel.sums(stream._buf, stream._lut, stream.main, stream._marks)
    return time.ticks_diff(time.ticks_us(), began_us) / n


def burst_bytes(n):
    """Bytes that a burst leaves to the collector, in the mean over n: readings included where n is long enough."""
    bursts(1)
    gc.collect()
    gc.disable()
    app.gc = _NoCollection()
    before = gc.mem_alloc()
    bursts(n)
    after = gc.mem_alloc()
    app.gc = gc
    gc.enable()
    return (after - before) / n


def kernel_bytes():
    """Bytes that capture and kernel allocate."""
    stream = _made["app"].bursts
    capture, buf, view, lut, state = stream._capture, stream._buf, stream._body, stream._lut, stream.main
    span, found, line, marks = stream._span, stream._found, stream._line, stream._marks
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    capture(view, 800)
    kernel.screen(buf, stream.screened, stream._jumps)
    kernel.crossings(buf, lut, state, span, found)
    kernel.sums(buf, lut, state, marks)
    kernel.cycles(marks)
    kernel.line(buf, lut, state, 200, line)
    kernel.move(buf, 892, 92, 100)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def score_us(packed, n):
    """Mean time to score a minute against a model, its windows full."""
    features = scorer.Features()
    made = scorer.Scorer(features, unpacking.unpack(packed))
    at_s = made.model.expected_w.start_s if made.model.expected_w is not None else 1800000000
    at_s = at_s // _MINUTE_S * _MINUTE_S
    for k in range(1500):
        made.push(at_s - 90000 + k * _MINUTE_S, 300 + k % 7, 900, 2330 + k % 5, 40)
    began_us = time.ticks_us()
    for k in range(n):
        made.push(at_s + k * _MINUTE_S, 300 + k % 7, 900, 2330 + k % 5, 40)
    return time.ticks_diff(time.ticks_us(), began_us) / n


def score_bytes(packed, n):
    """Bytes that a minute's score leaves to the collector."""
    made = scorer.Scorer(scorer.Features(), unpacking.unpack(packed))
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for k in range(n):
        made.push(1800000000 + k * _MINUTE_S, 300 + k % 7, 900, 2330 + k % 5, 40)
    after = gc.mem_alloc()
    gc.enable()
    return (after - before) / n
