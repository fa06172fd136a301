"""Who a meter belonged to, and when. Pure.

An interval is accepted from the hub, and goes to the home, of the period that holds its quarter: a meter may move, and
what an old hub still carries stays with the old home.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..contract.refusal import Refusal


@dataclass(frozen=True)
class Assignment:
    """A meter belonged to a home and was carried by a hub, from one quarter boundary to another."""

    home: str
    hub: str
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


def at(assignments: Iterable[Assignment], start_s: int) -> Assignment:
    """The assignment that holds a quarter. Refusal("unassigned", "start_s") when none does."""
    for assignment in assignments:
        if assignment.holds(start_s):
            return assignment
    raise Refusal("unassigned", "start_s")


def home_for(assignment: Assignment, hub: str) -> str:
    """The home that a hub may write to under this assignment. Refusal("not_your_meter", "meter") for another hub."""
    if assignment.hub != hub:
        raise Refusal("not_your_meter", "meter")
    return assignment.home
