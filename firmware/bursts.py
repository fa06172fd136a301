"""Cuts the stream of samples into bursts of ten mains cycles, at interpolated zero crossings of the voltage.

Positions in the stream are in 256ths of a triple. A triple stands for the time half a triple before and after it, and
the two at the edges of a burst count by the part of them inside: bursts that follow each other share their edge triple,
so nothing is left out and nothing is counted twice.

Inside a burst every cycle has its own verdict. One with a radio spike or a failed conversion, or of a length that no
cycle has (the mains came back, or its phase jumped), is left out of the sums and counted. A cycle without a crossing
ends after the period last known, so that a burst without mains is a burst as well.
"""

from array import array
from math import sqrt

import kernel
import spikes

CYCLES = 10  # IEC 61000-4-30 measures over ten cycles at 50 Hz
UNIT = 256  # positions per triple: 1 µs, far below the jitter of a crossing
LAG_LEAST, LAG_MOST = -8, 16  # voltage delays [triples] that the buffer leaves room for

_LOWEST_HZ, _HIGHEST_HZ = 45, 70
_HEAD = 192  # triples kept of the last capture: history, the rest of a cycle, what is read ahead
_BODY = 1072  # a capture that begins anywhere: history, eleven cycles at 45 Hz, what is read ahead
_DRIFT = 4  # triples by which ten cycles may be longer than the last ten: half a percent
_EARLY = 6  # triples by which an aligned capture starts early at least; it waits in whole milliseconds
_FOUND = 32  # crossings; a burst has ten, noise may add some
_JUMPS = 120  # a dimmer on both clamps makes 80 in a burst; beyond it spikes go unseen
_SPIKES = 120  # one every tenth of a cycle
_LEAST_DEPTH = 60  # [steps] 30 mV at the pin: ten volts of mains, and above all noise
_buffer = array("H", bytes(6 * (_HEAD + _BODY)))  # of the only stream there is; taken before the heap is scattered
_FAR = 100  # [steps] by which an offset may have moved before a window is added up again
_STEADY = 1.1  # squares: where the voltage changes by more than 5 % half a wave too much is no offset
_LEAST_TIMED = 3  # cycles that tell a frequency
_MOST_REJECTED = 5  # bursts in a row, a second: what goes on like this is no disturbance, and metering goes on with it


class Bursts:
    """The stream of bursts. After `next`, for whatever it returned:

    start_us, end_us: uptime; f_mhz: the frequency, 0 where there was no mains to time; bad_cycles: how many were left
    out, all of them in a burst that was rejected; clipped: samples outside of the range; clipped_channels,
    flat_channels: bit 0 the voltage, 1 and 2 the clamps' inputs (flat: one code repeated); v2_least, v2_most: mean
    squares [steps²] of the least and the greatest cycle, renewed every half cycle; halves: how many half cycles, from
    the one before the burst on, `half_v2`, `cycle_v2`, `point_us` tell of them.

    After True also words: twelve sums over the good cycles in 256ths (V, I1, I2; V², I1², I2²; lag products of I1; of
    I2), and length: of those cycles, in 256ths of a triple; covered_us: the same as time; lag and quarter: the delays
    the voltage was given [triples]; gap_us: time between the end of the last good burst and this one's start.
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
        self._edge = _state(lut)
        self.screened = _limits(lut)
        self._marks = array("i", [0] * kernel.MARK_WORDS)
        self._single = array("i", [0] * (kernel.SQUARES + 2))  # marks of a window that needs no halves
        self._single[kernel.PARTS] = 1
        self._span = array("i", [0, 0, _LEAST_DEPTH, _FOUND])
        self._cutting = array("i", [0, 0, 0, 0, CYCLES])
        self._found = array("i", [0] * _FOUND)
        self._line = array("i", [0, 0])
        self._jumps = array("H", [0] * _JUMPS)
        self._waiting = array("i", [0] * 8)  # jumps at the end of a capture, until the samples behind them are known …
        self._late = 0  # … and how many
        self._spikes = array("H", [0] * _SPIKES)  # triples
        self._spiked = 0  # how many of them there are
        self._start = -1  # of the next burst; -1: nothing is kept that it could begin in
        self._from = self._stop = 0  # of this burst
        self._starts_at_crossing = False
        self._is_followed = False  # whether the last burst ended where this one begins …
        self._is_lost = False  # … and whether the next one has to look for the mains anew
        self._gaps = False  # whether time was lost before the last capture …
        self._is_aligned = False  # … and whether the next one starts shortly before a crossing
        self._stream_us = 0  # when the next triple of a continuous stream is taken
        self._rejected = 0  # in a row
        self.lag = 0
        self._set_period(UNIT * self._samples_per_s // 50)
        self.words = [0] * 12
        self.length = self.f_mhz = self.clipped = self.clipped_channels = self.flat_channels = self.bad_cycles = 0
        self.start_us = self.end_us = self.gap_us = self.covered_us = self._counted_us = 0
        self.v2_least = self.v2_most = 0.0

    def next(self) -> bool:
        """Samples until a burst is complete, cuts it and adds it up.

        False for one that disturbances have spoilt; its time appears in the next one's gap. OSError when the front end
        fails.
        """
        end = _HEAD + self._sample()
        self._screen(end)
        if self._start < 0:
            self._begin(end)
        cycles = self._cut(end)
        is_good = self._add_up(cycles)
        self._place(end, is_good)
        self._keep(end)
        return is_good

    @property
    def halves(self) -> int:
        return self._marks[kernel.PARTS] + 1

    def half_v2(self, k: int) -> float:
        """Mean square of the voltage in half cycle k [steps²]; 0.0 for half 0 where nothing is known of it."""
        at = kernel.POINTS + k
        length = self._marks[at + 1] - self._marks[at]
        return self._marks[kernel.HALVES + k] * (64.0 * UNIT) / length if length else 0.0

    def cycle_v2(self, k: int, usual_v2: float) -> float:
        """Mean square in the halves k and k + 1 [steps²]; -1.0 where the phase jumped so far that they are no cycle.

        After a smaller jump it is whichever is nearer to usual_v2: over their own time, or over a period.
        """
        at = kernel.POINTS + k
        total = (self._marks[kernel.HALVES + k] + self._marks[kernel.HALVES + k + 1]) * (64.0 * UNIT)
        length = self._marks[at + 2] - self._marks[at]
        off = abs(length - self._period)
        if 4 * off > self._period:
            return -1.0
        v2 = total / self._period
        if 32 * off > self._period:
            other = total / length
            if abs(other - usual_v2) < abs(v2 - usual_v2):
                return other
        return v2

    def point_us(self, k: int) -> int:
        """Uptime at which half cycle k begins."""
        return self.end_us - (self._stop - self._marks[kernel.POINTS + k]) * self._sample_us // UNIT

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

    def _screen(self, end: int) -> None:
        """Looks at what is new before anything else does, and levels what does not belong there."""
        buf, screened, jumps = self._buf, self.screened, self._jumps
        if self._start < 0:
            self._late = self._spiked = 0
        screened[kernel.FROM] = first = _HEAD if self._start >= 0 else _HEAD + 1
        screened[kernel.END] = end
        count = kernel.screen(buf, screened, jumps)
        if count < 0:
            self._spiked = spikes.mend(buf, _HEAD, end, self._spikes, self._spiked)
            count = kernel.screen(buf, screened, jumps)
        if count or self._late:
            self._level(min(count, _JUMPS), first, end)
        self.clipped = screened[kernel.CLIPPED]
        self.clipped_channels = screened[kernel.CLIPPED_CHANNELS]
        self.flat_channels = screened[kernel.FLAT_CHANNELS]

    def _level(self, count: int, first: int, end: int) -> None:
        """Levels the spikes among so many jumps, and those that waited; what is still too near to the end waits."""
        jumps = self._jumps
        lowest = self._start // UNIT - self._history if self._start >= 0 else first
        period = (self._period + UNIT // 2) // UNIT
        waited, late = self._late, 0
        for k in range(-waited, count):
            at = self._waiting[waited + k] if k < 0 else jumps[k]
            if at + spikes.NEAR >= 3 * end and late < len(self._waiting):
                self._waiting[late] = at
                late += 1
            else:
                self._spiked = spikes.level(self._buf, at, lowest, end, period, self._spikes, self._spiked)
        self._late = late

    def _settle_offsets(self, first: int, end: int) -> None:
        """Takes the means of these triples for offsets."""
        main, single = self.main, self._single
        self._aim(main, first, 0, 0)
        single[kernel.ENDS] = end - first
        kernel.sums(self._buf, self._lut, main, single)
        for k in range(3):
            self._move_offset(k, main[kernel.SUM_V + k], end - first)

    def _move_offset(self, k: int, total: int, n: int) -> None:
        word = kernel.OFFSET_V + k
        self.main[word] = self._edge[word] = max(0, self.main[word] + (total + n // 2) // n)

    def _begin(self, end: int) -> None:
        """Starts a stream at its first crossing; without mains, anywhere. Nothing is known of what was before it."""
        first = _HEAD + self._history
        self._is_followed = False
        found = self._found
        self._settle_offsets(_HEAD + 1, end)
        count = self._crossings(first, end)
        if count > 1:
            self._settle_offsets(found[0], found[count - 1])  # of whole cycles
            count = self._crossings(first, end)
        has_mains = count > 1 and (end - found[0]) * UNIT > CYCLES // 2 * self._period
        self._starts_at_crossing = has_mains
        self._start = self._refined(found[0] * UNIT - UNIT // 2) if has_mains else first * UNIT
        if count > 1:
            period = (found[count - 1] - found[0]) * UNIT // (count - 1)
            if _LOWEST_HZ * period <= UNIT * self._samples_per_s <= _HIGHEST_HZ * period:
                self._set_period(period)

    def _cut(self, end: int) -> int:
        """Divides the burst into cycles, and sets its end and its frequency; returns how many cycles."""
        marks = self._marks
        parts = marks[kernel.PARTS]
        marks[kernel.HALVES] = marks[kernel.HALVES + parts] if self._is_followed else 0
        before = marks[kernel.POINTS + parts + 1] - marks[kernel.POINTS + parts] if self._is_followed else 0
        self._is_followed = True
        marks[kernel.POINTS] = self._start - before
        marks[kernel.POINTS + 1] = self._start
        count = self._crossings((self._start + self._period // 4) // UNIT, end)
        cycles = self._divide(count, end)
        odd = _count(marks[kernel.ODD])
        self._is_lost = 2 * odd > cycles or count > 2 * cycles - 2
        if self._is_lost:
            cycles = self._divide(0, end)  # no mains that we know: cut, but do not time it
        self._from = self._start
        self._stop = marks[kernel.POINTS + 2 * cycles + 1]
        ends_at_crossing = marks[kernel.TIMED] >> (cycles - 1)
        if ends_at_crossing:
            self._stop = marks[kernel.POINTS + 2 * cycles + 1] = self._refined(self._stop)
        self._time(cycles)
        self._starts_at_crossing = bool(ends_at_crossing)
        return cycles

    def _divide(self, count: int, end: int) -> int:
        cutting = self._cutting
        cutting[0] = self._start
        cutting[1] = self._period
        cutting[2] = (end - self._ahead) * UNIT
        cutting[3] = count
        return kernel.cut(self._found, cutting, self._marks)

    def _crossings(self, first: int, end: int) -> int:
        self._span[0] = first
        self._span[1] = end - self._ahead
        return kernel.crossings(self._buf, self._lut, self.main, self._span, self._found)

    def _refined(self, crossing: int) -> int:
        """Where the voltage passes its offset near a crossing the kernel saw, by the line through its neighbours."""
        kernel.line(self._buf, self._lut, self.main, (crossing + UNIT // 2) // UNIT, self._line)
        total, moment = self._line
        if moment <= 0:
            return crossing
        return crossing - max(-2 * UNIT, min(2 * UNIT, 21 * UNIT * total // (2 * moment)))

    def _time(self, cycles: int) -> None:
        """Sets the frequency and the period, by the cycles between two crossings whose length makes sense."""
        marks = self._marks
        timed, odd = marks[kernel.TIMED], marks[kernel.ODD]
        count, length = cycles, self._stop - self._from
        if odd or timed != (1 << cycles) - 1 or not self._starts_at_crossing:
            count = length = 0
            was_crossing = self._starts_at_crossing
            at = self._from
            for k in range(cycles):
                before, is_crossing = at, timed >> k & 1
                at = marks[kernel.POINTS + 2 * k + 3]
                if is_crossing and k < cycles - 1:
                    at = self._refined(at)
                if was_crossing and is_crossing and not odd >> k & 1:
                    count += 1
                    length += at - before
                was_crossing = is_crossing
        self.f_mhz = 0
        if count >= _LEAST_TIMED:
            self.f_mhz = (count * self._samples_per_s * 1000 * UNIT + length // 2) // length
            self._set_period(length // count)

    def _add_up(self, cycles: int) -> bool:
        """Adds the burst up; False where too few of its cycles are good."""
        self._set_words()
        kernel.cycles(self._marks)
        words = self.words
        rms = sqrt(words[3] / self.length)
        self._span[2] = max(_LEAST_DEPTH, int(rms / 3))  # passed early in a half wave, and by no noise around zero
        self._set_extremes()
        bad = self._bad(cycles)
        self.bad_cycles = _count(bad)
        if 2 * self.bad_cycles > cycles and self._rejected < _MOST_REJECTED:
            self.bad_cycles = cycles
            self._rejected += 1
            return False
        if 2 * self.bad_cycles <= cycles:
            self._rejected = 0
            if bad:
                self._leave_out(bad, cycles)
        if self.f_mhz and self.v2_most < _STEADY * self.v2_least:
            for k in range(3):
                self._move_offset(k, words[k], self.length)
        return True

    def _set_words(self) -> None:
        """Runs the kernel over the whole burst; again, where an offset has moved far."""
        words = self.words
        self._clear_words()
        self._add_words(self._from, self._stop, self._marks)
        far = _FAR * self.length
        if abs(words[0]) > far or abs(words[1]) > far or abs(words[2]) > far:
            for k in range(3):
                self._move_offset(k, words[k], self.length)
            self._clear_words()
            self._add_words(self._from, self._stop, self._marks)

    def _clear_words(self) -> None:
        for k in range(12):
            self.words[k] = 0
        self.length = 0

    def _leave_out(self, bad: int, cycles: int) -> None:
        """Adds up anew, run by run of the cycles that are good."""
        self._clear_words()
        start = self._from
        was_bad = True
        for k in range(cycles):
            is_bad = bad >> k & 1
            if was_bad and not is_bad:
                start = self._edge_of(k)
            elif is_bad and not was_bad:
                self._add_words(start, self._edge_of(k), self._single)
            was_bad = is_bad
        if not was_bad:
            self._add_words(start, self._stop, self._single)

    def _edge_of(self, k: int) -> int:
        """Where cycle k begins."""
        at = self._marks[kernel.POINTS + 2 * k + 1]
        return self._refined(at) if k and self._marks[kernel.TIMED] >> (k - 1) & 1 else at

    def _bad(self, cycles: int) -> int:
        """One bit for each cycle that has to be left out."""
        bad = self._marks[kernel.ODD]
        for k in range(self._spiked):
            at = self._spikes[k] * UNIT
            cycle = 0
            while cycle < cycles and self._marks[kernel.POINTS + 2 * cycle + 3] <= at:
                cycle += 1
            if cycle < cycles and at >= self._from:
                bad |= 1 << cycle
        return bad

    def _add_words(self, start: int, stop: int, marks) -> None:
        """Adds a window to the words: its whole triples, and the two edge triples by their part inside."""
        first = (start + UNIT // 2) // UNIT
        last = (stop + UNIT // 2) // UNIT
        lag, quarter = self.lag, self.quarter
        main, edge = self.main, self._edge
        marks[kernel.ENDS + marks[kernel.PARTS] - 1] = last - first - 1
        self._aim(main, first + 1, lag, quarter)
        kernel.sums(self._buf, self._lut, main, marks)
        self._weigh(main, UNIT)
        single = self._single
        single[kernel.ENDS] = 1
        self._aim(edge, first, lag, quarter)
        kernel.sums(self._buf, self._lut, edge, single)
        self._weigh(edge, first * UNIT + UNIT // 2 - start)
        self._aim(edge, last, lag, quarter)
        kernel.sums(self._buf, self._lut, edge, single)
        self._weigh(edge, stop + UNIT // 2 - last * UNIT)
        self.length += stop - start

    def _weigh(self, state, weight: int) -> None:
        words = self.words
        words[0] += weight * state[kernel.SUM_V]
        words[1] += weight * state[kernel.SUM_GRID]
        words[2] += weight * state[kernel.SUM_PV]
        at = kernel.V_V
        for k in range(3, 12):
            words[k] += weight * (state[at] + (state[at + 1] << 16))
            at += 2

    def _set_extremes(self) -> None:
        """Of single cycles; those of an odd length are judged one by one."""
        marks = self._marks
        scale = 64.0 * UNIT / self._period
        self.v2_least = marks[kernel.LEAST] * scale
        self.v2_most = marks[kernel.MOST] * scale
        if marks[kernel.ODD]:
            usual_v2 = self.words[3] / self.length
            first = 0 if marks[kernel.HALVES] else 1
            found = [self.cycle_v2(k, usual_v2) for k in range(first, self.halves - 1)]
            self.v2_most = max(*found, 0.0)
            self.v2_least = min([v2 for v2 in found if v2 >= 0.0] or [self.v2_most])

    def _aim(self, state, first: int, lag: int, quarter: int) -> None:
        state[kernel.FIRST] = first
        state[kernel.DELAYED] = first - lag
        state[kernel.QUARTER] = first - lag - quarter

    def _place(self, end: int, is_good: bool) -> None:
        """When the burst was, and how much was missed before it."""
        self.end_us = self._stream_us - (end * UNIT - self._stop) * self._sample_us // UNIT
        self.start_us = self._stream_us - (end * UNIT - self._from) * self._sample_us // UNIT
        if is_good:
            self.covered_us = self.length * self._sample_us // UNIT
            self.gap_us = self.start_us - self._counted_us if self._counted_us else 0
            self._counted_us = self.end_us

    def _keep(self, end: int) -> None:
        """Moves what the next burst needs of this capture in front of where the next capture goes."""
        first = self._stop // UNIT - self._history
        kept = end - first
        if self._is_lost or kept > _HEAD or first < 0:
            self._start = -1
            return
        kernel.move(self._buf, first, _HEAD - kept, kept)
        moved = end - _HEAD
        self._start = self._stop - moved * UNIT
        for k in range(self._late):
            self._waiting[k] -= 3 * moved
        still = 0
        for k in range(self._spiked):
            if self._spikes[k] * UNIT >= self._stop:
                self._spikes[still] = self._spikes[k] - moved
                still += 1
        self._spiked = still


def _count(bits: int) -> int:
    """How many bits are set."""
    count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count


def _state(lut):
    """Kernel state whose offsets are the middle of the range."""
    state = array("i", [0] * kernel.STATE_WORDS)
    for word in (kernel.OFFSET_V, kernel.OFFSET_GRID, kernel.OFFSET_PV):
        state[word] = lut[len(lut) // 2]
    return state


def _limits(lut):
    """Words for `screen` whose limits are the ends of the table."""
    words = array("i", [0] * kernel.SCREEN_WORDS)
    lowest = 1
    while lut[lowest] == lut[0]:
        lowest += 1
    highest = len(lut) - 2
    while lut[highest] == lut[-1]:
        highest -= 1
    words[kernel.LOWEST] = lowest
    words[kernel.HIGHEST] = highest
    words[kernel.MOST_FOUND] = _JUMPS
    return words
