"""Cuts the stream of samples into bursts of ten mains cycles, at interpolated zero crossings of the voltage.

Positions in the stream are in 256ths of a triple. A triple stands for the time half a triple before and after it, and
the two at the edges of a burst count by the part of them inside: bursts that follow each other share their edge triple,
so nothing is left out and nothing is counted twice.
"""

from array import array
from math import sqrt

import kernel

CYCLES = 10  # IEC 61000-4-30 measures over ten cycles at 50 Hz
UNIT = 256  # positions per triple: 1 µs, far below the jitter of a crossing
LAG_LEAST, LAG_MOST = -8, 16  # voltage delays [triples] that the buffer leaves room for

_LOWEST_HZ, _HIGHEST_HZ = 45, 70
_HEAD = 192  # triples kept of the last capture: history, the rest of a cycle, what is read ahead
_BODY = 1072  # a capture that begins anywhere: history, eleven cycles at 45 Hz, what is read ahead
_DRIFT = 4  # triples by which ten cycles may be longer than the last ten: half a percent
_EARLY = 6  # triples by which an aligned capture starts early at least; it waits in whole milliseconds
_FOUND = 32  # crossings; a burst has ten, noise may add some
_LEAST_DEPTH = 60  # [steps] 30 mV at the pin: ten volts of mains, and above all noise
_buffer = array("H", bytes(6 * (_HEAD + _BODY)))  # of the only stream there is; taken before the heap is scattered
_FAR = 100  # [steps] by which an offset may have moved before a window is added up again


class Bursts:
    """The stream of bursts. After `next` has returned True:

    main, head, tail: the kernel's words of the whole triples and of the two edge triples; head_weight and tail_weight:
    the part of those that lies inside, in 256ths; length: of the burst, in 256ths of a triple; lag and quarter: the
    delays the voltage was given [triples]; f_mhz: the frequency, 0 where there was no mains to time; start_us, end_us:
    uptime; gap_us: time between the end of the last burst and this one's start; clipped: samples outside of the range.
    """

    def __init__(self, capture, lut, uptime_us, sample_us=250):
        """capture(view, n) -> ticks of the first triple; uptime_us(ticks) -> uptime; lut: 4,096 inputs in 0.5 mV."""
        self._capture = capture
        self._lut = lut
        self._uptime_us = uptime_us
        self._sample_us = sample_us
        self._samples_per_s = 1000000 // sample_us
        self._buf = _buffer
        self._body = memoryview(_buffer)[3 * _HEAD :]
        self.main = _state(lut)
        self.head = _state(lut)
        self.tail = _state(lut)
        self._span = array("i", [0, 0, _LEAST_DEPTH, _FOUND])
        self._found = array("i", [0] * _FOUND)
        self._line = array("i", [0, 0])
        self._start = -1  # of the next burst; -1: nothing is kept that it could begin in
        self._stop = 0  # of this burst
        self._starts_at_crossing = False
        self._gaps = False  # whether time was lost before the last capture …
        self._is_aligned = False  # … and whether the next one starts shortly before a crossing
        self._stream_us = 0  # when the next triple of a continuous stream is taken
        self.lag = 0
        self._set_period(UNIT * self._samples_per_s // 50)
        self.head_weight = self.tail_weight = self.length = self.f_mhz = self.clipped = 0
        self.start_us = self.end_us = self.gap_us = 0

    def next(self) -> bool:
        """Samples until a burst is complete, cuts it and adds it up.

        False for one that a disturbance has spoilt; its time appears in the next one's gap. OSError when the front end
        fails.
        """
        end = _HEAD + self._sample()
        if self._start < 0:
            self._begin(end)
        is_regular = self._find_stop(end)
        if is_regular:
            self._add_up()
            self._place(end)
        self._keep(end, is_regular)
        return is_regular

    def use_lag(self, lag: int) -> None:
        """Delays the voltage by so many triples against the currents, LAG_LEAST to LAG_MOST, from a new start on."""
        if lag != self.lag:
            self.lag = lag
            self._start = -1
            self._set_period(self._period)

    def wait_ms(self, now_us: int, least_ms: int) -> int:
        """How long to leave the samples alone; at least least_ms.

        A front end that does not sample by itself loses the time between two captures. Its next one starts shortly
        before a crossing, so that it loses one cycle in eleven and not up to two.
        """
        if not self._gaps or not self.f_mhz:
            return least_ms
        self._is_aligned = True
        period_us = self._period * self._sample_us // UNIT
        lead_us = (self._history + _EARLY) * self._sample_us
        into_us = (now_us + least_ms * 1000 + lead_us - self.end_us) % period_us
        return least_ms + (period_us - into_us) // 1000

    def _set_period(self, period: int) -> None:
        """Period of the mains [256ths of a triple], and what follows from it."""
        self._period = period
        self.quarter = (period + 2 * UNIT) // (4 * UNIT)
        self._history = self.quarter + max(self.lag, kernel.SPREAD) + 2  # triples read before a crossing …
        self._ahead = max(-self.lag, kernel.SPREAD) + 2  # … and after it

    def _sample(self) -> int:
        """Captures what the next burst still needs; returns how many triples."""
        most = CYCLES * self._period // UNIT + self._ahead + _DRIFT
        if self._is_aligned:
            n = self._history + _EARLY + 1000 // self._sample_us + most
        elif self._start >= 0:
            n = self._start // UNIT + most - _HEAD
        else:
            n = self._history + self._period // UNIT + most
        self._is_aligned = False
        first_us = self._uptime_us(self._capture(self._body, n))
        self._gaps = not -self._sample_us < 2 * (first_us - self._stream_us) < self._sample_us
        if self._gaps:
            self._start = -1
        self._stream_us = first_us + n * self._sample_us
        return n

    def _settle_offsets(self, first: int, end: int) -> None:
        """Takes the means of these triples for offsets."""
        self._aim(self.main, first, 0, 0)
        kernel.sums(self._buf, self._lut, self.main, end - first)
        self._follow_offsets(end - first)

    def _follow_offsets(self, n: int) -> None:
        main = self.main
        for word in (kernel.OFFSET_V, kernel.OFFSET_GRID, kernel.OFFSET_PV):
            moved = (main[word - kernel.OFFSET_V + kernel.SUM_V] + n // 2) // n
            main[word] = self.head[word] = self.tail[word] = max(0, main[word] + moved)

    def _begin(self, end: int) -> None:
        """Starts a stream at its first crossing; without mains, anywhere. Nothing is known of what was before it."""
        first = _HEAD + self._history
        found = self._found
        self._settle_offsets(_HEAD + 1, end)
        count = self._crossings(first, end)
        if count > 1:
            self._settle_offsets(found[0], found[count - 1])  # of whole cycles
            count = self._crossings(first, end)
        self._starts_at_crossing = count > 1
        self._start = self._refined(found[0]) if count > 1 else first * UNIT
        if count > 1:
            period = (found[count - 1] - found[0]) * UNIT // (count - 1)
            if _LOWEST_HZ * period <= UNIT * self._samples_per_s <= _HIGHEST_HZ * period:
                self._set_period(period)

    def _find_stop(self, end: int) -> bool:
        """Sets the end of the burst and the frequency; False where the mains makes no sense."""
        count = self._crossings((self._start + self._period // 4) // UNIT, end)
        self.f_mhz = 0
        if not count:
            self._stop = (end - self._ahead - _DRIFT) * UNIT
            self._starts_at_crossing = False
            return True
        started = self._starts_at_crossing
        self._starts_at_crossing = True
        self._stop = self._refined(self._nearest(count))
        return self._time_cycles() if started else True

    def _crossings(self, first: int, end: int) -> int:
        self._span[0] = first
        self._span[1] = end - self._ahead
        return kernel.crossings(self._buf, self._lut, self.main, self._span, self._found)

    def _nearest(self, count: int) -> int:
        """The crossing nearest to where ten cycles should end: one that a spike made lies elsewhere."""
        expected = (self._start + CYCLES * self._period) // UNIT
        found = self._found
        best = found[count - 1]
        k = count - 2
        while k >= 0 and abs(found[k] - expected) < abs(best - expected):
            best = found[k]
            k -= 1
        return best

    def _refined(self, at: int) -> int:
        """Where the voltage passes its offset before triple `at`, by the line through its neighbours."""
        kernel.line(self._buf, self._lut, self.main, at, self._line)
        total, moment = self._line
        middle = at * UNIT - UNIT // 2
        if moment <= 0:
            return middle
        return middle - max(-2 * UNIT, min(2 * UNIT, 21 * UNIT * total // (2 * moment)))

    def _time_cycles(self) -> bool:
        """Sets the frequency; False where the burst is not a whole number of cycles of the length known."""
        length = self._stop - self._start
        cycles = (length + self._period // 2) // self._period
        if cycles < 1 or 32 * abs(length - cycles * self._period) > length:
            return False
        self.f_mhz = (cycles * self._samples_per_s * 1000 * UNIT + length // 2) // length
        self._set_period(length // cycles)
        return True

    def _add_up(self) -> None:
        """Runs the kernel over the whole triples and over each edge; again, where an offset has moved far."""
        first = (self._start + UNIT // 2) // UNIT
        last = (self._stop + UNIT // 2) // UNIT
        n = last - first - 1
        main = self.main
        quarter = self.quarter
        self.head_weight = first * UNIT + UNIT // 2 - self._start
        self.tail_weight = self._stop + UNIT // 2 - last * UNIT
        self.length = self._stop - self._start
        self._aim(main, first + 1, self.lag, quarter)
        self._aim(self.head, first, self.lag, quarter)
        self._aim(self.tail, last, self.lag, quarter)
        kernel.sums(self._buf, self._lut, main, n)
        far = _FAR * n
        if abs(main[kernel.SUM_V]) > far or abs(main[kernel.SUM_GRID]) > far or abs(main[kernel.SUM_PV]) > far:
            self._follow_offsets(n)
            kernel.sums(self._buf, self._lut, main, n)
        kernel.sums(self._buf, self._lut, self.head, 1)
        kernel.sums(self._buf, self._lut, self.tail, 1)
        self.clipped = main[kernel.CLIPPED]
        rms = sqrt((main[kernel.V_V] + 65536 * main[kernel.V_V + 1]) / n)
        self._span[2] = max(_LEAST_DEPTH, int(rms / 3))  # passed early in a half wave, and by no noise around zero

    def _aim(self, state, first: int, lag: int, quarter: int) -> None:
        state[kernel.FIRST] = first
        state[kernel.DELAYED] = first - lag
        state[kernel.QUARTER] = first - lag - quarter

    def _place(self, end: int) -> None:
        """When the burst was, and how much was missed before it."""
        before_us = self.end_us
        self.end_us = self._stream_us - (end * UNIT - self._stop) * self._sample_us // UNIT
        self.start_us = self._stream_us - (end * UNIT - self._start) * self._sample_us // UNIT
        self.gap_us = self.start_us - before_us if before_us else 0

    def _keep(self, end: int, is_regular: bool) -> None:
        """Moves what the next burst needs of this capture in front of where the next capture goes."""
        if self.f_mhz:
            self._follow_offsets(self.length // UNIT)
        first = self._stop // UNIT - self._history
        kept = end - first
        if not is_regular or kept > _HEAD or first < 0:
            self._start = -1
            return
        kernel.move(self._buf, first, _HEAD - kept, kept)
        self._start = self._stop - (end - _HEAD) * UNIT


def _state(lut):
    """Kernel state whose offsets are the middle of the range, and whose limits are the ends of the table."""
    state = array("i", [0] * kernel.STATE_WORDS)
    lowest = 1
    while lut[lowest] == lut[0]:
        lowest += 1
    highest = len(lut) - 2
    while lut[highest] == lut[-1]:
        highest -= 1
    state[kernel.LOWEST] = lowest
    state[kernel.HIGHEST] = highest
    for word in (kernel.OFFSET_V, kernel.OFFSET_GRID, kernel.OFFSET_PV):
        state[word] = lut[len(lut) // 2]
    return state
