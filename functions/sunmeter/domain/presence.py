"""By when a hub is to tell of itself again. Pure."""

from typing import Any

HEARTBEAT_LEAST_MS = 300_000
HEARTBEAT_PER_METER_MS = 3 * 3_600_000  # eight writes a day and home; a hub of 36 or more writes every five minutes
LATE_MS = 180_000  # three of a hub's heartbeats beyond the one that would have been written


def pause_ms(meters: int) -> int:
    """How long a hub of so many meters may live without a write."""
    return max(HEARTBEAT_LEAST_MS, HEARTBEAT_PER_METER_MS // max(1, meters))


def due_ms(now_ms: int, meters: int) -> int:
    """When a hub that was heard now, and of which nothing more is written, is called silent."""
    return now_ms + pause_ms(meters) + LATE_MS


def is_silent(hub: dict[str, Any], now_ms: int) -> bool:
    """Is a hub overdue that ought to be there?"""
    return hub.get("due_ms") is not None and hub["due_ms"] < now_ms and not hub["revoked"]
