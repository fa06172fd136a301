"""Runs everything that touches samples with the heap locked: an allocation would be a MemoryError."""

import gc
import math
from array import array

import bursts
import config
import kernel
import metering
import micropython
import spikes


class _Sine:
    def __init__(self):
        self.at = 0
        self.codes = bytearray(80)
        for k in range(80):
            self.codes[k] = round(127 + 100 * math.sin(2 * math.pi * k / 80))

    def capture(self, view, n):
        first_us = self.at * 250
        k = 0
        while k < n:
            code = self.codes[(self.at + k) % 80] * 16
            view[3 * k] = code
            view[3 * k + 1] = code
            view[3 * k + 2] = 4000 - code
            k += 1
        self.at += n
        return first_us


def run_locked(lut):
    """Everything that touches samples, a whole burst's kernel and its repairs; True when none of it allocated."""
    source = _Sine()
    table = array("H", lut)
    stream = bursts.Bursts(source.capture, table, lambda ticks: ticks)
    stream.next()
    buffer, view, state, marks = stream._buf, stream._body, stream.main, stream._marks
    span, found, line, cutting = stream._span, stream._found, stream._line, stream._cutting
    gc.collect()
    micropython.heap_lock()
    try:
        source.capture(view, 800)
        kernel.screen(buffer, stream.screened, stream._jumps)
        spikes.mend(buffer, 192, 200, found, 0)
        spikes.level(buffer, 1200, 192, 900, 80, found, 0)
        kernel.move(buffer, 892, 92, 100)
        kernel.crossings(buffer, table, state, span, found)
        kernel.cut(found, cutting, marks)
        kernel.sums(buffer, table, state, marks)
        kernel.cycles(marks)
        kernel.line(buffer, table, state, 200, line)
    finally:
        micropython.heap_unlock()
    return True


def bytes_per_burst(lut):
    """What a burst leaves to the garbage collector, cutting and metering included."""
    source = _Sine()
    stream = bursts.Bursts(source.capture, array("H", lut), lambda ticks: ticks)
    meter = metering.Meter(config.Config())
    stream.next()
    meter.measure(stream)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(10):
        stream.next()
        meter.measure(stream)
    after = gc.mem_alloc()
    gc.enable()
    return (after - before) // 10
