"""Loads of a home that somebody said they know, until a time. Pure."""

from typing import Any

from ..contract import documents
from . import pushes
from .refusals import Refused

LONGEST_MS = 30 * 86_400_000
MOST = 20  # of one home: kinds times channels, and no more


def with_load(
    muted: dict[str, Any], alert: dict[str, Any], until_ms: int, uid: str, now_ms: int
) -> dict[str, dict[str, Any]]:
    """The home's muted loads with that of an alert, until a time or (0) no longer; those that are over are gone.

    Refused: not_a_load; out_of_range for a time that is past or more than thirty days away; too_many.
    """
    if alert["kind"] not in documents.LOAD_KINDS:
        raise Refused("not_a_load", "alert")
    if until_ms and not now_ms < until_ms <= now_ms + LONGEST_MS:
        raise Refused("out_of_range", "until_ms")
    load = pushes.load_of(alert)
    kept = {name: each for name, each in muted.items() if each["until_ms"] > now_ms and name != load}
    if not until_ms:
        return kept
    if len(kept) >= MOST:
        raise Refused("too_many", "mutes")
    return {**kept, load: {"until_ms": until_ms, "value": alert["value"], "by": uid}}
