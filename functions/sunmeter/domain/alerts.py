"""One alert per event, with its end. Pure.

The start and the end of an event carry the same alert id and may arrive in either order, each any number of times.
"""

from typing import Any

from ..contract import documents
from .items import Event

# Kinds that reach people's devices; the others are read in the app.
PUSHED = frozenset({"anomaly", "overuse", "hidden_load", "pv_low", "tamper", "sensor", "interruption"})
PUSH_WITHIN_MS = 3_600_000  # a hub that was offline brings old news: the inbox is the place for it
RATINGS = ("real", "not_real", "none")

TITLES = {
    "anomaly": "Unusual use of electricity",
    "overuse": "More electricity than expected",
    "hidden_load": "Something is drawing power unseen",
    "pv_low": "Solar power below expectation",
    "tamper": "The meter's sensors may have been changed",
    "sensor": "A sensor of the meter is not working",
    "sag": "Mains voltage was too low",
    "swell": "Mains voltage was too high",
    "interruption": "Mains power was interrupted",
    "health": "The meter needs attention",
}


def alert_id(event: Event) -> str:
    return documents.meter_alert_id(event.meter, event.boot_id, event.start_seq)


def opened(event: Event, now_ms: int) -> dict[str, Any]:
    """The fields of a new alert, without its `created`, from the first word on an event: its start or its end."""
    return {
        "meter": event.meter,
        "kind": event.kind,
        "title_key": f"alert.{event.kind}",
        **_findings(event),
        "end_ms": event.end_ms,
        "rating": "none",
        "rated_by": "",
        "push": "pending" if _is_news(event, now_ms) else "none",
        "pushed": {},
        "pushing": {},
    }


def with_event(alert: dict[str, Any], event: Event) -> dict[str, Any]:
    """The alert after one more word on its event; equal to `alert` when it says nothing new."""
    if event.phase == "end":
        return {**alert, "end_ms": event.ts_ms}
    return {**alert, **_findings(event)}


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


def _is_news(event: Event, now_ms: int) -> bool:
    return event.kind in PUSHED and event.phase == "start" and event.start_ms > now_ms - PUSH_WITHIN_MS


def title(kind: str) -> str:
    """A notification's title, in English."""
    return TITLES.get(kind, "Sunmeter")


def sentence(alert: dict[str, Any], home_name: str) -> str:
    """A notification's text, in English: where, what it is, and what is usual."""
    if alert["value"] is None:
        return f"{home_name}."
    unit = f" {alert['unit']}" if alert["unit"] else ""
    found = f"{home_name}: {_quantity(alert['channel'])}{alert['value']}{unit}"
    if alert["usual_lo"] is None or alert["usual_hi"] is None:
        return f"{found}."
    return f"{found}, usually {alert['usual_lo']} to {alert['usual_hi']}{unit}."


def _quantity(channel: str) -> str:
    return f"{channel.replace('_', ' ')} " if channel else ""
