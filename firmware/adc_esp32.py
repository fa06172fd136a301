"""The ESP32's own ADC as front end: ADC1 at 11 dB, one conversion after the other.

A conversion takes 30 to 45 µs with MicroPython's driver, so the clamps are read that much and twice that much after the
voltage: 0.5° and 1° at 50 Hz, which the calibration of the phase takes in, since it never changes.
"""

# ruff: noqa: F821 - ptr16 and ptr32 are viper's own types

from array import array

import linearise
import micropython
from spikes import MOST_FAILURES, note_failure

SAMPLE_US = 250
_PAIRS = 256


@micropython.viper
def _capture(buf: ptr16, n: int, kept: ptr32, period_us: int, read_v, read_1, read_2, ticks_us):  # type: ignore
    """Fills buf with n triples, one each period_us, from the one on that stands in kept[0] and moves along; kept[1]:
    ticks of the first. Allocates nothing.

    Every triple has its own due time: one that comes late does not delay those after it.
    """
    start = int(kept[1])
    k = int(kept[0])
    due = k * period_us
    at = k * 3
    while k < n:
        while ((int(ticks_us()) - start) & 0x3FFFFFFF) < due:  # ticks wrap at 2^30
            pass
        buf[at] = int(read_v()) >> 4  # read_u16 stretches 12 bits to 16
        buf[at + 1] = int(read_1()) >> 4
        buf[at + 2] = int(read_2()) >> 4
        due += period_us
        at += 3
        k += 1
        kept[0] = k


class Esp32Adc:
    """Three inputs of ADC1: voltage, clamp input 1, clamp input 2."""

    SAMPLE_US = SAMPLE_US

    def __init__(self, adcs, ticks_us):
        """adcs: three machine.ADC; ticks_us: time.ticks_us."""
        self._adcs = adcs
        self._read_v, self._read_1, self._read_2 = [adc.read_u16 for adc in adcs]
        self._ticks_us = ticks_us
        self._kept = array("i", [0, 0])
        for adc in adcs:
            adc.read_u16()  # the first conversion sets the channel up

    def capture(self, buf, n: int) -> int:
        """Fills buf with n triples; returns the ticks of the first. OSError when too many conversions fail."""
        kept = self._kept
        kept[0] = 0
        kept[1] = self._ticks_us()
        failures = 0
        while True:
            try:
                _capture(buf, n, kept, SAMPLE_US, self._read_v, self._read_1, self._read_2, self._ticks_us)
                return kept[1]
            except OSError:
                failures += 1
                if failures > MOST_FAILURES:
                    raise
                note_failure(buf, kept)

    def codes_to_lut(self):
        """Linearised input in 0.5 mV steps for each code, from the chip's eFuse calibration.

        MicroPython does not give the eFuse's reference voltage away, but `read_uv` uses it: pairs of a code and of the
        calibrated input of nearly the same moment tell it. They are whole millivolts, which the sensors' own signal and
        noise blur enough for the mean.
        """
        code = mv = 0
        for _ in range(_PAIRS):
            for adc in self._adcs:
                code += adc.read_u16() >> 4
                mv += adc.read_uv() // 1000
        pairs = _PAIRS * len(self._adcs)
        return linearise.table(linearise.reference_mv(code / pairs, mv / pairs))
