"""One alert per event, with its end. Pure.

Two sources make alerts. A meter's event comes as two words, its start and its end, which carry the same alert id and
may arrive in either order, each any number of times. A condition that the cloud judges comes whole each time it is
judged. Either way the same words make the same alert; only whether people are told depends on what was heard first.
"""

from dataclasses import dataclass
from typing import Any

from ..contract import documents
from . import kinds
from .items import Event

NEWS_FOR_MS = 3_600_000  # a hub that was offline brings old news: the inbox is the place for it
RATINGS = ("real", "not_real", "none")
EXTREME_KINDS = frozenset({"sag", "swell", "interruption"})  # whose end tells the extreme of it all


@dataclass(frozen=True)
class Condition:
    """Something the cloud judged: when it began, and when it ended if it did."""

    id: str
    kind: str
    start_ms: int
    end_ms: int | None  # None: it lasts
    is_news: bool  # worth telling people of, if it is new
    meter: str = ""  # "": it is not about one meter
    channel: str = ""
    value: int | None = None  # None: the kind has no value
    usual_lo: int | None = None
    usual_hi: int | None = None
    unit: str = ""
    lost_micro: int | None = None  # None: nothing of the kind is lost, or nobody can tell its price
    currency: str = ""


def alert_id(event: Event) -> str:
    return documents.meter_alert_id(event.meter, event.start_boot, event.start_seq)


def opened(event: Event, now_ms: int, *, in_area: bool = False) -> dict[str, Any]:
    """The fields of a new alert, without its `created`, from the first word on an event: its start or its end.

    in_area: an area may make more of the same event, which is waited for.
    """
    hold_ms = kinds.of(event.kind).hold_ms if in_area else 0
    is_news = event.phase == "start" and event.start_ms > now_ms - NEWS_FOR_MS
    return {
        "meter": event.meter,
        "kind": event.kind,
        "title_key": f"alert.{event.kind}",
        **_findings(event),
        "end_ms": event.end_ms,
        **_untold(event.kind, event.start_ms, is_news, now_ms, hold_ms),
    }


def with_event(alert: dict[str, Any], event: Event) -> dict[str, Any]:
    """The alert after one more word on its event; equal to `alert` when it says nothing new."""
    has_ended = alert["end_ms"] is not None
    ends_by_extreme = event.kind in EXTREME_KINDS
    if event.phase == "end":
        extreme = {"value": event.value} if ends_by_extreme else {}
        return _hushed({**alert, **extreme, "end_ms": max(event.ts_ms, alert["end_ms"] or 0)})
    kept = {"value": alert["value"]} if has_ended and ends_by_extreme else {}
    return {**alert, **_findings(event), **kept}


def judged(alert: dict[str, Any] | None, condition: Condition, now_ms: int) -> dict[str, Any]:
    """The alert of a condition as it is judged now: a new one, or the stored one brought up to date."""
    found = {
        "channel": condition.channel,
        "value": condition.value,
        "usual_lo": condition.usual_lo,
        "usual_hi": condition.usual_hi,
        "unit": condition.unit,
        "start_ms": condition.start_ms,
        "end_ms": condition.end_ms,
    }
    if condition.lost_micro is not None:
        found |= {"lost_micro": condition.lost_micro, "currency": condition.currency}
    if alert is not None:
        has_ended = condition.end_ms is None and alert["end_ms"] is not None  # and does not begin again
        end_ms = alert["end_ms"] if has_ended else condition.end_ms
        start_ms = min(alert["start_ms"], condition.start_ms)
        return _hushed({**alert, **found, "start_ms": start_ms, "end_ms": end_ms})
    return {
        "meter": condition.meter,
        "kind": condition.kind,
        "title_key": f"alert.{condition.kind}",
        "score": 0.0,
        "model_version": 0,
        **found,
        **_untold(condition.kind, condition.start_ms, condition.is_news, now_ms),
    }


def ended(alert: dict[str, Any], end_ms: int) -> dict[str, Any]:
    """The alert with its end, unless it has one."""
    return alert if alert["end_ms"] is not None else _hushed({**alert, "end_ms": end_ms})


def was_too_short(alert: dict[str, Any]) -> bool:
    """Did it end before it had lasted as long as its kind must before anybody is told?"""
    settle_ms = kinds.of(alert["kind"]).settle_ms
    return settle_ms > 0 and alert["end_ms"] is not None and alert["end_ms"] < alert["start_ms"] + settle_ms


def _hushed(alert: dict[str, Any]) -> dict[str, Any]:
    """What was too short to be told waits for nobody: most sags cost no more than their alert."""
    return {**alert, "push": "none", "due_ms": None} if alert.get("due_ms") and was_too_short(alert) else alert


def _findings(event: Event) -> dict[str, Any]:
    """What the start of an event is known by; of an end that comes alone it is all there is."""
    return {
        "channel": event.channel,
        "value": event.value,
        "usual_lo": event.usual_lo,
        "usual_hi": event.usual_hi,
        "unit": event.unit,
        "score": event.score_milli / 1000,
        "model_version": event.model_version,
        "start_ms": event.start_ms,
    }


def first_ms(kind: str, start_ms: int, seen_ms: int, hold_ms: int = 0) -> int:
    """When anybody may be told at the earliest: it has lasted long enough, and we know of it and have waited for more.

    A hub whose clock runs ahead of ours does not put that off.
    """
    return max(min(start_ms, seen_ms) + kinds.of(kind).settle_ms, seen_ms) + hold_ms


def _untold(kind: str, start_ms: int, is_news: bool, now_ms: int, hold_ms: int = 0) -> dict[str, Any]:
    """What an alert knows of people and of telling them, when it is new."""
    due_ms = first_ms(kind, start_ms, now_ms, hold_ms) if is_news else None
    return {
        **({"hold_ms": hold_ms} if hold_ms else {}),
        "rating": "none",
        "rated_by": "",
        "acknowledged_by": "",
        "acknowledged_ms": None,
        "seen_ms": now_ms,
        "push": "none" if due_ms is None else "pending",
        "due_ms": due_ms,
        "pushed": {},
        "pushing": {},
        "mailed": {},
    }
