"""Who a meter belonged to, and when. Pure.

An interval is accepted from the hub, and goes to the home, of the period that holds its quarter: a meter may move, and
what an old hub still carries stays with the old home. Within a home its hub of today may bring what a hub before it did
not: that one may be dead, and the meter has kept it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..contract.refusal import Refusal


@dataclass(frozen=True)
class Assignment:
    """A meter belonged to a home and was carried by a hub, from one quarter boundary to another."""

    home: str
    hub: str | None  # None: no hub carries it
    from_s: int
    to_s: int | None  # None: it still does

    def holds(self, start_s: int) -> bool:
        return self.from_s <= start_s and (self.to_s is None or start_s < self.to_s)


def assignment_of(record: dict[str, Any]) -> Assignment:
    """Reads a document of `meters/{meter}/assignments`."""
    return Assignment(record["home"], record["hub"], record["from_s"], record["to_s"])


def current(meter: dict[str, Any] | None) -> Assignment:
    """The assignment of today, from the meter's own document. Refusals: unknown_meter, unassigned."""
    if meter is None:
        raise Refusal("unknown_meter", "meter")
    if not meter.get("home"):
        raise Refusal("unassigned", "meter")
    return Assignment(meter["home"], meter["hub"], meter["from_s"], None)


def lies_in_the_past(meter: dict[str, Any], start_s: int) -> bool:
    """Does a quarter belong to an earlier assignment of this meter than today's, or than its release?"""
    return bool(meter.get("assignment", 0) > 0 and start_s < meter["from_s"])


def may_serve(hub: str, document: dict[str, Any], home: str, profile: dict[str, Any]) -> bool:
    """May a hub carry the meter of a home: it serves it, or is of its people, or of a neighbour with their consent?"""
    if document["revoked"]:
        return False
    return hub == profile["hub"] or document["owner"] in profile["roles"] or home in document.get("guests", {})


def at(assignments: Iterable[Assignment], start_s: int) -> Assignment:
    """The assignment that holds a quarter. Refusal("unassigned", "start_s") when none does."""
    for assignment in assignments:
        if assignment.holds(start_s):
            return assignment
    raise Refusal("unassigned", "start_s")


def successor(past: Assignment, meter: dict[str, Any]) -> str | None:
    """The hub that carries a meter today, if it is still in the home of that past assignment."""
    return meter["hub"] if meter.get("home") == past.home else None


def home_for(assignment: Assignment, hub: str, successor: str | None = None) -> str:
    """The home that a hub may write to under this assignment. Refusal("not_your_meter", "meter") for another hub."""
    if hub not in (assignment.hub, successor):
        raise Refusal("not_your_meter", "meter")
    return assignment.home
