"""Plays codes into bursts and metering, and returns what they make of them."""

from array import array

import bursts
import config
import kernel
import metering

_lut = array("H", bytes(8192))


def set_lut(packed):
    memoryview(_lut)[:] = array("H", packed)


def sums(packed, first, delayed, quarter, offsets, n):
    """The words that the kernel makes of a capture."""
    state = array("i", [0] * kernel.STATE_WORDS)
    state[kernel.FIRST], state[kernel.DELAYED], state[kernel.QUARTER] = first, delayed, quarter
    for k in range(3):
        state[kernel.OFFSET_V + k] = offsets[k]
    state[kernel.LOWEST], state[kernel.HIGHEST] = 5, 4090
    kernel.sums(array("H", packed), _lut, state, n)
    return list(state)


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
    """Every burst of a recording, None for a rejected one: see FIELDS in test_metering.py for what it holds."""
    player = Player(packed, lost)
    stream = bursts.Bursts(player.capture, _lut, lambda ticks: ticks)
    meter = metering.Meter(config.from_record({"calibration": calibration, "clamps": clamps or {}}))
    stream.use_lag(meter.best_lag())
    found = []
    while True:
        try:
            if not stream.next():
                found.append(None)
                continue
        except OSError:
            return found
        meter.measure(stream)
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
            ]
        )


class PacedPlayer(Player):
    """A front end that samples only while it is asked to, as the ESP32's own ADC does; `now_us` goes on meanwhile."""

    now_us = 0

    def capture(self, view, n):
        self.at = -(-self.now_us // 250)
        first_us = Player.capture(self, view, n)
        self.now_us = self.at * 250
        return first_us


def play_paced(packed, arithmetic_us, idle_ms):
    """[bursts, microseconds covered, microseconds in all] of a front end that loses the time between captures."""
    player = PacedPlayer(packed)
    stream = bursts.Bursts(player.capture, _lut, lambda ticks: ticks)
    count = covered_us = 0
    begin_us = None
    while True:
        try:
            stream.next()
        except OSError:
            return [count, covered_us, stream.end_us - begin_us]
        begin_us = stream.start_us if begin_us is None else begin_us
        count += 1
        covered_us += stream.end_us - stream.start_us
        player.now_us += arithmetic_us
        player.now_us += 1000 * stream.wait_ms(player.now_us, idle_ms)


def _ma(a2):
    return round(1000 * max(0.0, a2) ** 0.5)
