"""The lease on live readings: they cost writes, so they flow only while somebody watches. Pure."""

from dataclasses import dataclass

from .refusals import Refused

LEASE_MS = 120_000  # at most this long a call
RENEW_BELOW_MS = 60_000  # a lease with more than this left serves a second watcher without a write
DAILY_MS = 6 * 3_600_000  # at a write every two seconds six hours are 10,800 writes
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Lease:
    """How long live readings flow, and how much of the day's allowance is used."""

    until_ms: int
    day: int  # UTC day number that `used_ms` counts
    used_ms: int


def extended(lease: Lease, now_ms: int) -> Lease:
    """The lease after one more call; the same object when enough of it is left.

    Raises Refused("live_used_up") with the time until the allowance renews.
    """
    if lease.until_ms - now_ms > RENEW_BELOW_MS:
        return lease
    today = now_ms // DAY_MS
    used_ms = lease.used_ms if lease.day == today else 0
    until_ms = now_ms + LEASE_MS
    granted_ms = until_ms - max(now_ms, lease.until_ms)
    if used_ms + granted_ms > DAILY_MS:
        raise Refused("live_used_up", "home", retry_after_s=((today + 1) * DAY_MS - now_ms) // 1000)
    return Lease(until_ms, today, used_ms + granted_ms)
