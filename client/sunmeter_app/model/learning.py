"""What the home's anomaly model has learnt, what it can find, and what people said of its alerts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import fields as read

LEARNING_DAYS = 21  # density alerts stay silent until three weeks of data
PER_YEAR = (3, 12, 48)  # false alerts that a home may choose
USUAL_PER_YEAR = 12
EXCESSES = ("night_w", "day_w", "base_w")


@dataclass(frozen=True)
class Change:
    """A quantity that was not what it used to be for much of a week."""

    channel: str
    side: str  # low or high


@dataclass(frozen=True)
class Learning:
    """How far the home's model is."""

    status: str = "learning"  # learning, ready or failed
    reason: str = ""  # a code, "" when ready
    days: int = 0  # of data it has seen
    day: str = ""  # the last day it knows, YYYY-MM-DD
    detectable_w: Mapping[str, int] = field(default_factory=dict)  # the smallest excess it tells of, by EXCESSES
    changed: tuple[Change, ...] = ()
    went_back: bool = False  # the meter was given the model of before
    real: int = 0  # alerts rated real
    not_real: int = 0
    rated_days: int = 0  # how long a rating counts
    target_per_month: float | None = None  # false alerts that training aims at; None: not told

    @property
    def days_left(self) -> int:
        return 0 if self.status == "ready" else max(0, LEARNING_DAYS - self.days)

    @property
    def rated(self) -> int:
        return self.real + self.not_real

    def aims_lower(self, per_year: int) -> bool:
        """Whether ratings brought the target below what the home chose."""
        return self.target_per_month is not None and self.target_per_month < per_year / 12 - 0.005


def learning_from(found: read.Fields | None) -> Learning:
    """Reads `insight/model`; a home without one has just begun."""
    if found is None:
        return Learning()
    rated = read.mapping(found, "rated")
    excesses = {name: read.whole(read.mapping(found, "detectable"), name) for name in EXCESSES}
    return Learning(
        status=read.text(found, "status") or "learning",
        reason=read.text(found, "reason") or "",
        days=int(read.number(found, "days") or 0),
        day=read.text(found, "day") or "",
        detectable_w={name: watts for name, watts in excesses.items() if watts is not None},
        changed=tuple(_change(each) for each in found.get("changed") or () if isinstance(each, str)),
        went_back=found.get("went_back") is True,
        real=read.whole(rated, "real") or 0,
        not_real=read.whole(rated, "not_real") or 0,
        rated_days=read.whole(rated, "days") or 0,
        target_per_month=read.number(found, "target_per_month"),
    )


def _change(told: str) -> Change:
    channel, _, side = told.partition(" ")
    return Change(channel, side)
