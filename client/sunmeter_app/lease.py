"""The lease on live readings: a meter sends often only while somebody looks."""

from collections.abc import Awaitable, Callable
from typing import Any

from .problems import UNREACHABLE, Problem
from .state import Lease, Live

RETRY_S = 20.0
SHORTEST_S = 5.0  # however short the cloud's leases become, it is not asked more often


async def keep_lease(
    ask: Callable[[], Awaitable[dict[str, Any]]],
    live: Live,
    now_s: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Takes the lease and renews it halfway through, until cancelled; then it runs out by itself."""
    live.lease = Lease.ASKING
    try:
        while True:
            await sleep(await _ask_once(ask, live, now_s))
    finally:
        live.lease = Lease.IDLE


async def _ask_once(ask: Callable[[], Awaitable[dict[str, Any]]], live: Live, now_s: Callable[[], float]) -> float:
    """Asks, tells the outcome, and says how long to wait before asking again [s]."""
    try:
        granted = await ask()
    except Problem as problem:
        live.lease = Lease.ASKING if problem.code == UNREACHABLE else Lease.REFUSED
        live.refusal = problem.sentence
        return RETRY_S
    live.lease, live.refusal = Lease.HELD, ""
    return max(SHORTEST_S, (float(granted.get("lease_until_ms", 0)) / 1000 - now_s()) / 2)
