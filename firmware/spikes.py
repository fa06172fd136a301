"""What radio and failed conversions leave in the samples: found, levelled, told, so that its cycles can be left out.

Runs in bytecode: it looks only where the kernel's `screen` saw a jump. Positions in the buffer count samples, three a
triple. Nothing here allocates.
"""

import kernel

BUMP = 100  # codes by which a spike stands out from the cycles beside its own: eight times what the noise does
_APART = 8  # triples, a tenth of a cycle
PULSE = 140  # codes by which a current must rise and fall: one of 25 A falls by as much in two samples, near zero
MOST_FAILURES = 8  # conversions in one capture; more of them are a front end that is broken
NEAR = 3 * 3  # samples on each side of a jump that a verdict on it reads


def note_failure(buf, kept) -> None:
    """For a driver: marks triple kept[0], at which a capture broke off, so that it goes on with the next."""
    k = kept[0]
    for at in range(3 * k, 3 * k + 3):
        buf[at] = kernel.FAILED
    kept[0] = k + 1


def mend(buf, first: int, end: int, found, count: int) -> int:
    """Puts the sample before in the place of each one that failed; notes their triples, and returns the new count."""
    for at in range(3 * first, 3 * end):
        if buf[at] > kernel.MOST_CODE:
            buf[at] = min(buf[at - 3], kernel.MOST_CODE)
            count = _noted(found, count, at // 3)
    return count


def level(buf, jump: int, lowest: int, end: int, period: int, found, count: int) -> int:
    """Levels the spike that jumps there, if it is one; notes its triple, and returns the new count.

    lowest, end: triples that may be read; period: of the mains [triples]. A spike is up to three samples that stand out
    from both the sample before and the one after them, and do so by far more than the samples a period earlier and
    later: a step has one side, and what returns with every cycle is no spike. A current may be a pulse, so it must
    stand out by itself too; a voltage may be steep, so it need not. A straight line replaces the three samples.
    """
    for at in range(jump - 6, jump + 6, 3):
        if at - 6 >= 3 * lowest and at + 6 < 3 * end:
            side = _side(buf, at)
            if side and _stands_out(buf, at, side, 3 * lowest, 3 * end, 3 * period):
                before = buf[at - 6]
                climb = buf[at + 6] - before
                buf[at - 3] = before + climb // 4
                buf[at] = before + climb // 2
                buf[at + 3] = before + 3 * climb // 4
                count = _noted(found, count, at // 3)
    return count


def _noted(found, count: int, triple: int) -> int:
    """Writes a triple down, unless the last one is near and the two are one disturbance."""
    if count == len(found) or (count and 0 <= triple - found[count - 1] < _APART):
        return count
    found[count] = triple
    return count + 1


def _side(buf, at: int) -> int:
    """1: above its neighbours, -1: below; 0: neither, and no spike can be here."""
    rise = buf[at] - buf[at - 6]
    fall = buf[at] - buf[at + 6]
    if at % 3 == 0:
        return 1 if rise + fall > 0 else -1
    if rise > PULSE and fall > PULSE:
        return 1
    return -1 if rise < -PULSE and fall < -PULSE else 0


def _stands_out(buf, at: int, side: int, lowest: int, end: int, period: int) -> bool:
    """Whether two other cycles, one on each side where there is one, lack the bump; False where there are not two."""
    earlier = at - period if at - period - 9 >= lowest else at + 2 * period
    later = at + period if at + period + 9 < end else at - 2 * period
    if earlier + 9 >= end or later - 9 < lowest:
        return False
    return _lacks(buf, at, side, earlier) and _lacks(buf, at, side, later)


def _lacks(buf, at: int, side: int, other: int) -> bool:
    """Whether the bump at `at` is neither at `other` nor a triple beside it: no cycle is a whole number of triples."""
    if not _is_above(buf, at, side, other):
        return False
    return _is_above(buf, at, side, other - 3) and _is_above(buf, at, side, other + 3)


def _is_above(buf, at: int, side: int, other: int) -> bool:
    """Whether the bump at `at` is greater than what is at `other` by BUMP, and by half of itself, on both flanks."""
    rise = side * (buf[at] - buf[at - 6])
    fall = side * (buf[at] - buf[at + 6])
    more_rise = rise - side * (buf[other] - buf[other - 6])
    more_fall = fall - side * (buf[other] - buf[other + 6])
    return more_rise > BUMP and more_fall > BUMP and 2 * more_rise > rise and 2 * more_fall > fall
