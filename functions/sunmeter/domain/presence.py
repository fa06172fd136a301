"""By when a hub is to tell of itself again, and when one that did not is called silent. Pure.

A hub tells of itself more often than is written. One may be asked: by a mark in its document, which its next heartbeat
answers with a write. One of an area always is before it is called silent, so that the suspicion may come early, and one
of which a home has heard nothing for two quarters: its next heartbeat need not be written for hours.
"""

from typing import Any

from ..contract.ledger import QUARTER_S, Interval

BEAT_S = 900  # how often a hub tells of itself: each minute would cost a home of its own $1.70 a year
BEAT_IN_AREA_S = 60  # where an outage is to be found within minutes
HEARTBEAT_LEAST_MS = 180_000
HEARTBEAT_PER_METER_MS = 3 * 3_600_000  # eight writes a day and home; a hub of 46 or more writes every three minutes
EARLY_MS = 30_000  # a heartbeat that much too soon is written: the next would come too late
LATE_MS = 2 * BEAT_S * 1000  # two of a hub's heartbeats beyond the one that would have been written
QUIET_MS = 2_400_000  # a hub that brought nothing of a home for two quarters, and the time to send them, is asked
ASKED_LATE_MS = 40_000  # where it will be asked: the heartbeat after EARLY_MS, and its way
ANSWER_MS = 70_000  # a heartbeat, and its way
CUT_OFF_S = 60  # of a quarter without the cloud: a request that failed is none
_MINUTE_MS = 60_000


def pause_ms(meters: int) -> int:
    """How long a hub of so many meters may live without a write, in whole minutes."""
    share_ms = HEARTBEAT_PER_METER_MS // max(1, meters)
    return max(HEARTBEAT_LEAST_MS, share_ms // _MINUTE_MS * _MINUTE_MS)


def is_soon(hub: dict[str, Any], meters: int, now_ms: int) -> bool:
    """Is a heartbeat not worth a write, because the last one is fresh and nobody asked?"""
    return now_ms < hub["last_ms"] + pause_ms(meters) - EARLY_MS and not is_asked(hub)


def due_ms(now_ms: int, meters: int, *, in_area: bool = False) -> int:
    """When a hub that was heard now, and of which nothing more is written, is asked, or else called silent."""
    return now_ms + pause_ms(meters) + (ASKED_LATE_MS if in_area else LATE_MS)


def answer_ms(*, in_area: bool) -> int:
    """How long a hub that is asked may take to answer."""
    return ANSWER_MS if in_area else LATE_MS


def is_asked(hub: dict[str, Any]) -> bool:
    """Was it asked since it was last heard?"""
    return bool((hub.get("asked_ms") or 0) > hub["last_ms"])


def is_overdue(hub: dict[str, Any], now_ms: int) -> bool:
    """Ought it to have told of itself by now?"""
    return hub.get("due_ms") is not None and hub["due_ms"] < now_ms and not hub["revoked"]


def is_silent(hub: dict[str, Any], now_ms: int) -> bool:
    """Is it overdue, and was it asked where it is to be asked first?"""
    return is_overdue(hub, now_ms) and (is_asked(hub) or not hub.get("areas"))


def with_updates(before: dict[str, dict[str, int]], told: dict[str, dict[str, int]], now_ms: int) -> dict[str, Any]:
    """What a hub tells of its meters, since when each runs another firmware than it ran before, and the trouble with
    its clock that the hub told before it started anew."""
    return {
        meter: {**_clock(before.get(meter, {})), **health, **_updated(before.get(meter, {}), health, now_ms)}
        for meter, health in told.items()
    }


def _clock(before: dict[str, int]) -> dict[str, int]:
    return {name: before[name] for name in ("clock_ms", "clocked_ms") if name in before}


def _updated(before: dict[str, int], health: dict[str, int], now_ms: int) -> dict[str, int]:
    """Of a meter that was not heard yet the firmware is 0, which is no other one."""
    was, runs = before.get("firmware"), health.get("firmware")
    if was and runs and runs != was:
        return {"updated_ms": now_ms}
    return {"updated_ms": before["updated_ms"]} if "updated_ms" in before else {}


def was_cut_off(silence: dict[str, Any], interval: Interval) -> bool:
    """Does an interval tell that in this silence {from_ms, to_ms} the hub went on without its line?"""
    offline_s = interval.evidence.get("offline_s")
    from_ms, to_ms = interval.start_s * 1000, (interval.start_s + QUARTER_S) * 1000
    return (
        isinstance(offline_s, int)
        and offline_s >= CUT_OFF_S
        and silence["from_ms"] < to_ms
        and from_ms < silence["to_ms"]
    )
