"""The ESP32's own ADC as front end: ADC1 at 11 dB, one conversion after the other.

A conversion takes 30 to 45 µs with MicroPython's driver, so the clamps are read that much and twice that much after the
voltage: 0.5° and 1° at 50 Hz, which the calibration of the phase takes in, since it never changes.
"""

# ruff: noqa: F821 - ptr16 is viper's own type

import linearise
import micropython

SAMPLE_US = 250
_PAIRS = 256


@micropython.viper
def _capture(buf: ptr16, n: int, period_us: int, read_v, read_1, read_2, ticks_us) -> int:  # type: ignore
    """Fills buf with n triples, one each period_us, and returns the ticks of the first; allocates nothing.

    Every triple has its own due time: one that comes late does not delay those after it.
    """
    start = int(ticks_us())
    due = 0
    at = 0
    end = n * 3
    while at < end:
        while ((int(ticks_us()) - start) & 0x3FFFFFFF) < due:  # ticks wrap at 2^30
            pass
        buf[at] = int(read_v()) >> 4  # read_u16 stretches 12 bits to 16
        buf[at + 1] = int(read_1()) >> 4
        buf[at + 2] = int(read_2()) >> 4
        due += period_us
        at += 3
    return start


class Esp32Adc:
    """Three inputs of ADC1: voltage, clamp input 1, clamp input 2."""

    SAMPLE_US = SAMPLE_US

    def __init__(self, adcs, ticks_us):
        """adcs: three machine.ADC; ticks_us: time.ticks_us."""
        self._adcs = adcs
        self._read_v, self._read_1, self._read_2 = [adc.read_u16 for adc in adcs]
        self._ticks_us = ticks_us
        for adc in adcs:
            adc.read_u16()  # the first conversion sets the channel up

    def capture(self, buf, n: int) -> int:
        """Fills buf with n triples; returns the ticks of the first. OSError when a conversion fails."""
        return _capture(buf, n, SAMPLE_US, self._read_v, self._read_1, self._read_2, self._ticks_us)

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
