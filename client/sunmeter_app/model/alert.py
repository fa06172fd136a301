"""An alert and what it says: which quantity, what it was, what is usual."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ..contract import ledger
from . import fields as read

_GROUPS = {  # kinds of alerts that are looked at together
    **dict.fromkeys(("anomaly", "overuse", "hidden_load", "over_budget"), "use"),
    "pv_low": "solar",
    **dict.fromkeys(("sag", "swell", "interruption", "outage"), "mains"),
}
GROUPS = ("use", "solar", "mains", "devices")
_MENDED_BY_SETTING = frozenset({"grid_reversed", "pv_reversed", "clamps_swapped"})
_SHOWN_BY_DAY = frozenset({"anomaly", "overuse", "hidden_load", "pv_low", "sag", "swell", "interruption", "outage"})


class Rating(Enum):
    """What a member says of an alert; the values are those of the callable `ratealert`."""

    REAL = "real"
    NOT_REAL = "not_real"
    NONE = "none"


@dataclass(frozen=True)
class Alert:
    """One alert of a home."""

    id: str
    kind: str
    channel: str
    unit: str
    value: float | None  # None: the alert has no quantity (a meter that fell silent)
    usual_lo: float | None
    usual_hi: float | None
    start_ms: int
    end_ms: int | None  # None: it goes on
    rating: Rating
    lost_micro: int | None = None  # what it has cost; None: nothing, or nobody can tell
    currency: str = ""
    seen_by: str = ""  # the uid of who said first that they know; "": nobody did
    seen_ms: int | None = None
    is_untold: bool = False  # somebody is yet to be told

    @property
    def is_open(self) -> bool:
        return self.end_ms is None

    @property
    def group(self) -> str:
        """One of GROUPS; what is of no other is about the devices."""
        return _GROUPS.get(self.kind, "devices")

    @property
    def is_of_voltage(self) -> bool:
        return self.group == "mains" or self.channel.startswith("voltage")

    @property
    def is_shown_by_day(self) -> bool:
        """Does the day's chart show what happened?"""
        return self.kind in _SHOWN_BY_DAY and self.channel != "month_cost"

    @property
    def is_mended_by_setting(self) -> bool:
        """Do roles or signs of the clamps set it right, without a hand at the switchboard?"""
        return self.channel in _MENDED_BY_SETTING

    def span_h(self, span: ledger.LocalDay, now_ms: int) -> tuple[float, float]:
        """From when to when on the chart of a day [h]; what was over in seconds is as wide as a quarter."""
        day_h = span.quarters / 4
        from_h = min(max(0.0, self.start_ms / 3_600_000 - span.start_s / 3600), day_h - 0.25)
        until_h = (now_ms if self.end_ms is None else self.end_ms) / 3_600_000 - span.start_s / 3600
        return round(from_h, 3), round(min(max(until_h, from_h + 0.25), day_h), 3)

    @property
    def is_news(self) -> bool:
        """Whether it is worth saying that one knows: it goes on, or others are yet to be told, and nobody said so."""
        return not self.seen_by and (self.is_open or self.is_untold)


def alert_from(path: str, found: read.Fields) -> Alert | None:
    """Reads `alerts/{id}`; None where it does not say when it began."""
    start_ms = read.whole(found, "start_ms")
    if start_ms is None:
        return None
    usual_lo, usual_hi = read.number(found, "usual_lo"), read.number(found, "usual_hi")
    return Alert(
        id=path.rpartition("/")[2],
        kind=read.text(found, "kind") or "anomaly",
        channel=read.text(found, "channel") or "none",
        unit=read.text(found, "unit") or "",
        value=read.number(found, "value"),
        usual_lo=usual_lo,
        usual_hi=usual_hi,
        start_ms=start_ms,
        end_ms=read.whole(found, "end_ms"),
        rating=_rating(read.text(found, "rating")),
        lost_micro=read.whole(found, "lost_micro"),
        currency=read.text(found, "currency") or "",
        seen_by=read.text(found, "acknowledged_by") or "",
        seen_ms=read.whole(found, "acknowledged_ms"),
        is_untold=read.text(found, "push") == "pending",
    )


def _rating(name: str | None) -> Rating:
    try:
        return Rating(name)
    except ValueError:
        return Rating.NONE


def newest_first(alerts: Mapping[str, read.Fields]) -> tuple[Alert, ...]:
    """Every alert of a query's answer, the newest first; a part of another one is told by that."""
    read_alerts = (alert_from(path, found) for path, found in alerts.items() if not read.text(found, "part_of"))
    return tuple(sorted((a for a in read_alerts if a is not None), key=lambda a: (-a.start_ms, a.id)))
