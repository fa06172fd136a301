"""When loads that a relay held back return, one after the other. Pure.

A load that was off for long wants to run for long (a boiler heats what has cooled), and all of them at once. They are
spread over as long as they were off, or 90 minutes: a spread no longer than the loads then run lowers no peak. After
less than half an hour few of them want to run, and waiting would only make it more. docs/grid.md has the figures.
"""

import hashlib

SHORT_MS = 1_800_000
LEAST_SPREAD_MS = 300_000  # motors do not start at one moment
USUAL_SPREAD_MS = 5_400_000
MOST_SPREAD_MS = 4 * 3_600_000
LEAST_SHED_S, MOST_SHED_S = 60, 4 * 3_600
ON_FOR_S = 86_400  # the firmware's longest: who is forgotten by everybody has no load after a day
RENEW_MS = 12 * 3_600_000


def spread_ms(off_ms: int) -> int:
    """Over how long the returns are spread after the loads were off for so long."""
    return LEAST_SPREAD_MS if off_ms < SHORT_MS else min(MOST_SPREAD_MS, max(USUAL_SPREAD_MS, off_ms))


def return_ms(mark: str, home: str, from_ms: int, spread: int) -> int:
    """When a home's load returns: the same whoever asks and however often, another order at each event."""
    digest = hashlib.sha256(f"{mark}|{home}".encode()).digest()
    return from_ms + int.from_bytes(digest[:4], "big") * spread // (1 << 32)
