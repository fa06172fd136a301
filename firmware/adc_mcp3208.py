"""An MCP3208 on SPI as front end: 12 bits, linear, with a reference voltage of its own.

One conversion is one exchange of three bytes, chip select low around it (Microchip DS21298, section 6.1):

    sent      0 0 0 0 0 1 S D2 | D1 D0 x x x x x x | x x x x x x x x      1 start bit, S = 1 single-ended, D channel
    answered  - - - - - - -  - |  - -  - 0 b11…b8  | b7 … b0              0 the null bit

The input is held from the seventh bit on, so two channels of a triple lie one exchange apart: 24 bits at 1 MHz and what
MicroPython needs around them. It never changes, and the calibration of the phase takes it in.
"""

# ruff: noqa: F821 - ptr8, ptr16 and ptr32 are viper's own types

from array import array

import micropython
from spikes import MOST_FAILURES, note_failure

SAMPLE_US = 250
BAUDRATE = 1000000  # the part's limit is 1 MHz at 2.7 V and 2 MHz at 5 V; it is fed with 3.3 V
LEAST_REFERENCE_MV, MOST_REFERENCE_MV = 2048, 3300  # below, a code is finer than the table; above, beyond the supply
REFERENCE_MV = 2500
_CODES = 4096


@micropython.viper
def _capture(buf: ptr16, n: int, kept: ptr32, period_us: int, exchange, select, commands, answer, got: ptr8, ticks_us):  # type: ignore
    """As adc_esp32's. A null bit that is set stays in the code, above kernel.MOST_CODE: nothing drives the line then,
    or another chip, and that conversion has failed.

    answer and got are the same three bytes: as the bus fills them, and as they are read here.
    """
    ask_v = commands[0]
    ask_1 = commands[1]
    ask_2 = commands[2]
    start = int(kept[1])
    k = int(kept[0])
    due = k * period_us
    at = k * 3
    while k < n:
        while ((int(ticks_us()) - start) & 0x3FFFFFFF) < due:  # ticks wrap at 2^30
            pass
        select(0)
        exchange(ask_v, answer)
        select(1)
        buf[at] = (got[1] & 31) << 8 | got[2]
        select(0)
        exchange(ask_1, answer)
        select(1)
        buf[at + 1] = (got[1] & 31) << 8 | got[2]
        select(0)
        exchange(ask_2, answer)
        select(1)
        buf[at + 2] = (got[1] & 31) << 8 | got[2]
        due += period_us
        at += 3
        k += 1
        kept[0] = k


class Mcp3208:
    """Three single-ended channels: 0 voltage, 1 clamp input 1, 2 clamp input 2."""

    SAMPLE_US = SAMPLE_US

    def __init__(self, spi, select, ticks_us, reference_mv: int = REFERENCE_MV):
        """spi: machine.SPI in mode 0, most significant bit first; select: the pin, callable with a level."""
        self._exchange = spi.write_readinto
        self._select = select
        self._ticks_us = ticks_us
        self._reference_mv = reference_mv
        self._commands = tuple([bytes((0b00000110 | channel >> 2, (channel & 3) << 6, 0)) for channel in range(3)])
        self._answer = bytearray(3)
        self._kept = array("i", [0, 0])
        select(1)

    def capture(self, buf, n: int) -> int:
        """Fills buf with n triples; returns the ticks of the first. OSError when too many exchanges fail.

        A chip that does not answer is no error: its conversions fail one by one, and the reading tells flat inputs.
        """
        kept, answer, ticks_us = self._kept, self._answer, self._ticks_us
        kept[0] = 0
        kept[1] = ticks_us()
        failures = 0
        while True:
            try:
                _capture(
                    buf, n, kept, SAMPLE_US, self._exchange, self._select, self._commands, answer, answer, ticks_us
                )
                return kept[1]
            except OSError:
                self._select(1)  # the next conversion begins with its falling edge
                failures += 1
                if failures > MOST_FAILURES:
                    raise
                note_failure(buf, kept)

    def codes_to_lut(self):
        """Input in 0.5 mV steps for each code: a straight line that ends at the reference voltage."""
        lut = array("H", bytes(2 * _CODES))
        for code in range(_CODES):
            lut[code] = (2 * code * self._reference_mv + _CODES // 2) // _CODES
        return lut
