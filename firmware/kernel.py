"""Integer arithmetic over raw ADC codes, in viper: the only code that touches every sample.

A capture is an array('H') of interleaved triples: voltage, grid current, PV current, 12-bit codes. The look-up table
turns a code into steps of 0.5 mV at the pin. Every sum is exact: a product is added up in two limbs,
`lo += x & 0xFFFF; hi += x >> 16`, its total lo + 65536 * hi.

The order of use: `screen` looks at what is new, `crossings` and `cut` divide it into half cycles, `sums` adds up,
`cycles` tells the extremes of single cycles, `move` keeps what the next burst needs.

No intermediate passes 32 bits while a window has at most 32,767 triples, a half cycle at most 127, and no linearised
sample lies further than MAX_STEPS from its offset (a property test holds this), so bytecode, viper on 32 or 64 bits,
and CPython all compute the same words. Words that are read are never negative: 64-bit viper loads them without their
sign. Nothing here allocates.
"""

# ruff: noqa: F821 - ptr16 and ptr32 are viper's own types

import micropython

MAX_STEPS = 23170  # its square still fits into 30 bits and a sign; the ADC's whole range is 6,600 steps
MAX_TRIPLES = 32767

MOST_CODE = 4095
FAILED = 65535  # what a front end writes for a conversion that failed: any code above MOST_CODE is one

# `sums` reads these words of its state …
FIRST = 0  # triple at which the window begins …
DELAYED = 1  # … the one whose voltage is set against it …
QUARTER = 2  # … and the one a further quarter of a period back
OFFSET_V, OFFSET_GRID, OFFSET_PV = 3, 4, 5  # [steps]
# … and writes these. A product takes two words, lo and hi.
SUM_V, SUM_GRID, SUM_PV = 6, 7, 8
V_V, GRID_GRID, PV_PV = 9, 11, 13
GRID_LAG, GRID_LAG1, GRID_QUARTER = 15, 17, 19  # grid current times the voltage DELAYED, a triple earlier, QUARTER
PV_LAG, PV_LAG1, PV_QUARTER = 21, 23, 25
STATE_WORDS = 27

# `crossings` and `line` read OFFSET_V of the same state.
SPREAD = 4  # triples on each side of a zero crossing that carry the straight line through it

# `screen` reads these words of its state …
LOWEST, HIGHEST = 0, 1  # a code outside of these counts as clipped
FROM, END = 2, 3  # triples; the one before FROM must exist
MOST_FOUND = 4  # how many jumps it may write down
# … and writes these; of channels bit 0 is the voltage, 1 and 2 are the clamps.
CLIPPED = 5  # samples, not triples
CLIPPED_CHANNELS = 6
FLAT_CHANNELS = 7  # one code, repeated
SCREEN_WORDS = 8

# Marks divide a window into half cycles. `cut` writes, `sums` reads …
MOST_PARTS = 24
PARTS = 0  # how many half cycles …
ENDS = 1  # … and before which triple after FIRST each of them ends; sums writes
SQUARES = ENDS + MOST_PARTS  # the products V_V up to each end, lo and hi; `cycles` makes of them
HALVES = SQUARES + 2 * MOST_PARTS  # a 64th of each half cycle's own, after the last one of the window before
POINTS = HALVES + MOST_PARTS + 1  # where the halves begin [256ths of a triple], and where the last one ends
LEAST = POINTS + MOST_PARTS + 2  # of two halves in a row
MOST = LEAST + 1
TIMED = MOST + 1  # bit k: cycle k ends with a crossing
ODD = TIMED + 1  # bit k: cycle k has no length that a cycle can have
MARK_WORDS = ODD + 1


@micropython.viper
def screen(buf: ptr16, state: ptr32, found: ptr16) -> int:
    """Looks at new triples, from FROM to END; returns how many samples jump from the one before, the first of them in
    `found` by their place in buf; -1 where a conversion has failed: then all of it means nothing yet."""
    both = int(state[0]) + int(state[1])
    range_2 = (int(state[1]) - int(state[0])) * (int(state[1]) - int(state[0]))
    first = int(state[2]) * 3
    end = int(state[3]) * 3
    most = int(state[4])
    clipped = 0
    clipped_channels = 0
    flat_channels = 0
    jumps = 0
    seen = 0
    channel = 0
    bit = 1
    while channel < 3:
        at = first + channel
        last = int(buf[at - 3]) & 4095
        moved = 0
        while at < end:
            code = int(buf[at])
            seen |= code
            code &= 4095
            x = code - last
            last = code
            moved |= x
            if x * x > 22500:  # 150 codes: mains of 265 V with its harmonics climbs by 140, radio by 200 and more
                if jumps < most:
                    found[jumps] = at
                jumps += 1
            x = code + code - both
            if x * x > range_2:
                clipped += 1
                clipped_channels |= bit
            at += 3
        if moved == 0:
            flat_channels |= bit
        bit <<= 1
        channel += 1
    state[5] = clipped
    state[6] = clipped_channels
    state[7] = flat_channels
    if seen > 4095:
        return -1
    return jumps


@micropython.viper
def sums(buf: ptr16, lut: ptr16, state: ptr32, marks: ptr32):
    """Adds up the triples from FIRST to the last of the marks' ENDS; the voltage is read from one triple before DELAYED
    and QUARTER on. At each end SQUARES is noted."""
    at = int(state[0]) * 3
    at_delayed = int(state[1]) * 3
    at_quarter = int(state[2]) * 3
    offset_v = int(state[3])
    offset_g = int(state[4])
    offset_p = int(state[5])
    sum_v = 0
    sum_g = 0
    sum_p = 0
    vv_lo = 0
    vv_hi = 0
    gg_lo = 0
    gg_hi = 0
    pp_lo = 0
    pp_hi = 0
    g0_lo = 0
    g0_hi = 0
    g1_lo = 0
    g1_hi = 0
    gq_lo = 0
    gq_hi = 0
    p0_lo = 0
    p0_hi = 0
    p1_lo = 0
    p1_hi = 0
    pq_lo = 0
    pq_hi = 0
    v1 = int(lut[buf[at_delayed - 3]]) - offset_v
    parts = int(marks[0])
    part = 0
    k = 0
    while part < parts:
        n = int(marks[1 + part])
        while k < n:
            v = int(lut[buf[at]]) - offset_v
            g = int(lut[buf[at + 1]]) - offset_g
            p = int(lut[buf[at + 2]]) - offset_p
            v0 = int(lut[buf[at_delayed]]) - offset_v
            vq = int(lut[buf[at_quarter]]) - offset_v
            sum_v += v
            sum_g += g
            sum_p += p
            x = v * v
            vv_lo += x & 0xFFFF
            vv_hi += x >> 16
            x = g * g
            gg_lo += x & 0xFFFF
            gg_hi += x >> 16
            x = p * p
            pp_lo += x & 0xFFFF
            pp_hi += x >> 16
            x = v0 * g
            g0_lo += x & 0xFFFF
            g0_hi += x >> 16
            x = v1 * g
            g1_lo += x & 0xFFFF
            g1_hi += x >> 16
            x = vq * g
            gq_lo += x & 0xFFFF
            gq_hi += x >> 16
            x = v0 * p
            p0_lo += x & 0xFFFF
            p0_hi += x >> 16
            x = v1 * p
            p1_lo += x & 0xFFFF
            p1_hi += x >> 16
            x = vq * p
            pq_lo += x & 0xFFFF
            pq_hi += x >> 16
            v1 = v0
            at += 3
            at_delayed += 3
            at_quarter += 3
            k += 1
        marks[25 + part + part] = vv_lo
        marks[26 + part + part] = vv_hi
        part += 1
    state[6] = sum_v
    state[7] = sum_g
    state[8] = sum_p
    state[9] = vv_lo
    state[10] = vv_hi
    state[11] = gg_lo
    state[12] = gg_hi
    state[13] = pp_lo
    state[14] = pp_hi
    state[15] = g0_lo
    state[16] = g0_hi
    state[17] = g1_lo
    state[18] = g1_hi
    state[19] = gq_lo
    state[20] = gq_hi
    state[21] = p0_lo
    state[22] = p0_hi
    state[23] = p1_lo
    state[24] = p1_hi
    state[25] = pq_lo
    state[26] = pq_hi


@micropython.viper
def crossings(buf: ptr16, lut: ptr16, state: ptr32, span: ptr32, found: ptr32) -> int:
    """Finds where the voltage rises through its offset; returns how many, their triples in `found`.

    span: first triple, end, least depth [steps] the voltage must have had below its offset since the last crossing, and
    how many `found` can take. A crossing is the first of two triples in a row at or above the offset, so that a single
    spike is none; the triple at `end` must exist.
    """
    offset = int(state[3])
    at = int(span[0])
    end = int(span[1])
    depth = 0 - int(span[2])
    most = int(span[3])
    count = 0
    armed = 0
    while at < end and count < most:
        v = int(lut[buf[at * 3]]) - offset
        if v < depth:
            armed = 1
        elif armed and v >= 0:
            if int(lut[buf[at * 3 + 3]]) >= offset:
                found[count] = at
                count += 1
                armed = 0
        at += 1
    return count


@micropython.viper
def cut(found: ptr32, span: ptr32, marks: ptr32) -> int:
    """Divides a window into mains cycles, each into two halves; returns how many cycles.

    found: triples of the crossings, each the first after its crossing. span, positions in 256ths of a triple: where the
    window begins, the period, the end of what is known, how many crossings, how many cycles at most. A cycle ends with
    the crossing nearest to where it should, half a period around; without one, after the period known. But a last
    crossing is not left for an end that the next window may see better.
    """
    at = int(span[0])
    period = int(span[1])
    end = int(span[2])
    count = int(span[3])
    most = int(span[4])
    base = ((at + 128) >> 8) + 1
    timed = 0
    odd = 0
    cycle = 0
    k = 0
    bit = 1
    point = 100
    while cycle < most:
        expected = at + period
        low = expected - (period >> 1)
        while k < count and (int(found[k]) << 8) - 128 < low:
            k += 1
        best = period >> 1
        to = 0
        j = k
        while j < count and (int(found[j]) << 8) - 128 <= expected + (period >> 1):
            away = (int(found[j]) << 8) - 128 - expected
            if away < 0:
                away = 0 - away
            if away <= best:
                best = away
                to = (int(found[j]) << 8) - 128
            j += 1
        if to == 0:
            if expected > end:
                break
            if cycle > 0 and timed & (bit >> 1) and expected + (period >> 2) > end:
                break
            to = expected
        else:
            timed |= bit
            if best > (period >> 5):
                odd |= bit
        middle = (at + to) >> 1
        marks[1 + cycle + cycle] = ((middle + 128) >> 8) - base
        marks[2 + cycle + cycle] = ((to + 128) >> 8) - base
        marks[point] = middle
        marks[point + 1] = to
        point += 2
        at = to
        bit <<= 1
        cycle += 1
    marks[0] = cycle + cycle
    marks[126] = timed
    marks[127] = odd
    return cycle


@micropython.viper
def cycles(marks: ptr32):
    """Makes HALVES of SQUARES, and of each half with the one before it LEAST and MOST: RMS values of one cycle, renewed
    every half, as Urms(1/2) of IEC 61000-4-30. The half before the window counts unless it is 0."""
    parts = int(marks[0])
    before = int(marks[73])
    lo = 0
    hi = 0
    least = 0
    most = 0
    part = 0
    while part < parts:
        next_lo = int(marks[25 + part + part])
        next_hi = int(marks[26 + part + part])
        half = ((next_hi - hi) << 10) + ((next_lo - lo) >> 6)
        lo = next_lo
        hi = next_hi
        marks[74 + part] = half
        if before > 0 or part > 0:
            both = before + half
            if least == 0 or both < least:
                least = both
            if both > most:
                most = both
        before = half
        part += 1
    marks[124] = least
    marks[125] = most


@micropython.viper
def line(buf: ptr16, lut: ptr16, state: ptr32, at: int, found: ptr32):
    """Least squares through the voltages of the SPREAD triples before and from `at` on, about the middle at - 1/2.

    Writes the sum of the voltages, and the sum of each times its odd distance -7, -5 … 7 in half triples: the line
    passes zero 10.5 * sum / moment triples before the middle.
    """
    offset = int(state[3])
    total = 0
    moment = 0
    odd = -7
    i = (at - 4) * 3
    while odd < 8:
        v = int(lut[buf[i]]) - offset
        total += v
        moment += v * odd
        odd += 2
        i += 3
    found[0] = total
    found[1] = moment


@micropython.viper
def move(buf: ptr16, source: int, target: int, n: int):
    """Moves n triples down to an earlier place in the same buffer."""
    i = source * 3
    j = target * 3
    end = i + n * 3
    while i < end:
        buf[j] = buf[i]
        i += 1
        j += 1
