"""The lease on live readings: a meter sends often only while somebody looks."""

from collections.abc import Awaitable, Callable
from typing import Any

from .problems import UNREACHABLE, Problem
from .state import Lease, Way

RETRY_S = 20.0
SHORTEST_S = 5.0  # however short the cloud's leases become, it is not asked more often


async def keep_lease(
    ask: Callable[[], Awaitable[dict[str, Any]]],
    way: Way,
    now_s: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Takes the lease and renews it halfway through, until cancelled; then it runs out by itself."""
    way.lease = Lease.ASKING
    try:
        while True:
            await sleep(await _ask_once(ask, way, now_s))
    finally:
        way.lease = Lease.IDLE


async def _ask_once(ask: Callable[[], Awaitable[dict[str, Any]]], way: Way, now_s: Callable[[], float]) -> float:
    """Asks, tells the outcome, and says how long to wait before asking again [s]."""
    try:
        granted = await ask()
    except Problem as problem:
        way.lease = Lease.ASKING if problem.code == UNREACHABLE else Lease.REFUSED
        way.refusal = problem
        return RETRY_S
    way.lease, way.refusal = Lease.HELD, None
    return max(SHORTEST_S, (float(granted.get("lease_until_ms", 0)) / 1000 - now_s()) / 2)
