"""Integer arithmetic over raw ADC codes, in viper: the only code that touches every sample.

A capture is an array('H') of interleaved triples: voltage, grid current, PV current, 12-bit codes. The look-up table
turns a code into steps of 0.5 mV at the pin. Every sum is exact: a product is added up in two limbs,
`lo += x & 0xFFFF; hi += x >> 16`, its total lo + 65536 * hi.

No intermediate passes 32 bits while a window has at most 32,767 triples and no linearised sample lies further than
MAX_STEPS from its offset (a property test holds this), so bytecode, viper on 32 or 64 bits, and CPython all compute the
same words. Words that are read are never negative: 64-bit viper loads them without their sign. Nothing here allocates.
"""

# ruff: noqa: F821 - ptr16 and ptr32 are viper's own types

import micropython

MAX_STEPS = 23170  # its square still fits into 30 bits and a sign; the ADC's whole range is 6,600 steps
MAX_TRIPLES = 32767

# `sums` reads these words of its state …
FIRST = 0  # triple at which the window begins …
DELAYED = 1  # … the one whose voltage is set against it …
QUARTER = 2  # … and the one a further quarter of a period back
OFFSET_V, OFFSET_GRID, OFFSET_PV = 3, 4, 5  # [steps]
LOWEST, HIGHEST = 6, 7  # a code outside of these counts as clipped
# … and writes these. A product takes two words, lo and hi.
CLIPPED = 8  # samples, not triples
SUM_V, SUM_GRID, SUM_PV = 9, 10, 11
V_V, GRID_GRID, PV_PV = 12, 14, 16
GRID_LAG, GRID_LAG1, GRID_QUARTER = 18, 20, 22  # grid current times the voltage DELAYED, a triple earlier, QUARTER
PV_LAG, PV_LAG1, PV_QUARTER = 24, 26, 28
STATE_WORDS = 30

# `crossings` and `line` read OFFSET_V of the same state.
SPREAD = 4  # triples on each side of a zero crossing that carry the straight line through it


@micropython.viper
def sums(buf: ptr16, lut: ptr16, state: ptr32, n: int):
    """Adds up n triples from FIRST on; the voltage is read from one triple before DELAYED and QUARTER on."""
    at = int(state[0]) * 3
    at_delayed = int(state[1]) * 3
    at_quarter = int(state[2]) * 3
    offset_v = int(state[3])
    offset_g = int(state[4])
    offset_p = int(state[5])
    lowest = int(state[6])
    highest = int(state[7])
    clipped = 0
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
    k = 0
    while k < n:
        code = int(buf[at])
        if code < lowest or code > highest:
            clipped += 1
        v = int(lut[code]) - offset_v
        code = int(buf[at + 1])
        if code < lowest or code > highest:
            clipped += 1
        g = int(lut[code]) - offset_g
        code = int(buf[at + 2])
        if code < lowest or code > highest:
            clipped += 1
        p = int(lut[code]) - offset_p
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
    state[8] = clipped
    state[9] = sum_v
    state[10] = sum_g
    state[11] = sum_p
    state[12] = vv_lo
    state[13] = vv_hi
    state[14] = gg_lo
    state[15] = gg_hi
    state[16] = pp_lo
    state[17] = pp_hi
    state[18] = g0_lo
    state[19] = g0_hi
    state[20] = g1_lo
    state[21] = g1_hi
    state[22] = gq_lo
    state[23] = gq_hi
    state[24] = p0_lo
    state[25] = p0_hi
    state[26] = p1_lo
    state[27] = p1_hi
    state[28] = pq_lo
    state[29] = pq_hi


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
