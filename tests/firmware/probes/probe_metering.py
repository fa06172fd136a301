"""Plays codes into bursts and metering, and returns what they make of them."""

from array import array

import bursts
import config
import kernel
import metering
import spikes
import voltage

_lut = array("H", bytes(8192))


def set_lut(packed):
    memoryview(_lut)[:] = array("H", packed)


def sums(packed, first, delayed, quarter, offsets, ends):
    """The words that the kernel makes of a capture, and what it notes at the ends of its parts."""
    state = array("i", [0] * kernel.STATE_WORDS)
    marks = array("i", [0] * kernel.MARK_WORDS)
    state[kernel.FIRST], state[kernel.DELAYED], state[kernel.QUARTER] = first, delayed, quarter
    for k in range(3):
        state[kernel.OFFSET_V + k] = offsets[k]
    marks[kernel.PARTS] = len(ends)
    for k in range(len(ends)):
        marks[kernel.ENDS + k] = ends[k]
    kernel.sums(array("H", packed), _lut, state, marks)
    squares = list(marks[kernel.SQUARES : kernel.SQUARES + 2 * len(ends)])
    kernel.cycles(marks)
    halves = list(marks[kernel.HALVES : kernel.HALVES + len(ends) + 1])
    return [list(state), squares, halves, marks[kernel.LEAST], marks[kernel.MOST]]


def screen(packed, limits, first, end, most):
    """[jumps, clipped, clipped channels, flat channels, places] of a capture."""
    words = array("i", [0] * kernel.SCREEN_WORDS)
    words[kernel.LOWEST], words[kernel.HIGHEST] = limits
    words[kernel.FROM], words[kernel.END], words[kernel.MOST_FOUND] = first, end, most
    found = array("H", [0] * most)
    jumps = kernel.screen(array("H", packed), words, found)
    told = [words[kernel.CLIPPED], words[kernel.CLIPPED_CHANNELS], words[kernel.FLAT_CHANNELS]]
    return [jumps] + told + [list(found)[: max(0, min(jumps, most))]]


def cut(found, start, period, end, most):
    """[cycles, ends of the halves, points, timed, odd]."""
    marks = array("i", [0] * kernel.MARK_WORDS)
    span = array("i", [start, period, end, len(found), most])
    cycles = kernel.cut(array("i", found), span, marks)
    ends = list(marks[kernel.ENDS : kernel.ENDS + 2 * cycles])
    points = list(marks[kernel.POINTS + 2 : kernel.POINTS + 2 + 2 * cycles])
    return [cycles, ends, points, marks[kernel.TIMED], marks[kernel.ODD]]


def level(packed, jumps, lowest, end, period):
    """[triples of the spikes, the capture levelled]."""
    capture = array("H", packed)
    found = array("i", [0] * 32)
    count = 0
    for jump in jumps:
        count = spikes.level(capture, jump, lowest, end, period, found, count)
    return [list(found)[:count], bytes(capture)]


def mend(packed, first, end):
    """[triples that failed, the capture mended]."""
    capture = array("H", packed)
    found = array("i", [0] * 32)
    count = spikes.mend(capture, first, end, found, 0)
    return [list(found)[:count], bytes(capture)]


class Player:
    """A front end that plays codes: continuous, or losing `lost` triples between two captures."""

    def __init__(self, packed, lost=0):
        self.codes = array("H", packed)
        self.at = 0
        self.lost = lost

    def capture(self, view, n):
        if 3 * (self.at + n) > len(self.codes):
            raise OSError("played")
        first_us = self.at * 250
        for k in range(3 * n):
            view[k] = self.codes[3 * self.at + k]
        self.at += n + self.lost
        return first_us


def play(packed, calibration, lost=0, clamps=None):
    """Every burst of a recording, whether it was good, and the voltage events: see FIELDS in player.py."""
    player = Player(packed, lost)
    return _played(player, calibration, clamps)


def play_aligned(packed, calibration, arithmetic_us, idle_ms):
    """The same for a front end that samples only while it is asked to, and is asked shortly before a crossing."""
    return _played(PacedPlayer(packed), calibration, None, arithmetic_us, idle_ms)


def _played(player, calibration, clamps, arithmetic_us=0, idle_ms=0):
    stream = bursts.Bursts(player.capture, _lut, lambda ticks: ticks)
    meter = metering.Meter(config.from_record({"calibration": calibration, "clamps": clamps or {}}))
    stream.use_lag(meter.best_lag())
    watched = voltage.VoltageEvents(230000)
    found = []
    events = []
    while True:
        try:
            is_good = stream.next()
        except OSError:
            return [found, events]
        if is_good:
            meter.measure(stream)
        else:
            meter.measure_cycles(stream)
        if not watched.is_calm(meter):
            for event in watched.push(stream, meter):
                events.append([stream.end_us] + list(event))
        found.append(
            [
                stream.f_mhz,
                meter.v_mv,
                _ma(meter.grid.a2),
                meter.grid_mw,
                meter.grid_mvar,
                _ma(meter.pv.a2),
                meter.pv_mw,
                meter.pv_mvar,
                meter.house_mw,
                stream.start_us,
                stream.end_us,
                stream.gap_us,
                stream.clipped,
                stream.clipped_channels,
                stream.flat_channels,
                stream.bad_cycles,
                stream.covered_us,
                meter.v_min_mv,
                meter.v_max_mv,
                is_good,
            ]
        )
        if idle_ms:
            player.now_us += arithmetic_us
            player.now_us += 1000 * stream.wait_ms(player.now_us, idle_ms)


class PacedPlayer(Player):
    """A front end that samples only while it is asked to, as the ESP32's own ADC does; `now_us` goes on meanwhile."""

    now_us = 0

    def capture(self, view, n):
        self.at = -(-self.now_us // 250)
        first_us = Player.capture(self, view, n)
        self.now_us = self.at * 250
        return first_us


def _ma(a2):
    return round(1000 * max(0.0, a2) ** 0.5)
