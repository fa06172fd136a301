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

# Of the contract's channels, for a notification's text.
QUANTITIES = {
    "house_1m": "the house draws",
    "house_60m": "the house drew on average over an hour",
    "house_min_3h": "the house never drew less in three hours than",
    "house_min_24h": "the house never drew less in a day than",
    "house_mean_24h": "the house drew on average over a day",
    "excess_60m": "the house drew on average over an hour",
    "voltage_5m": "mains voltage",
    "voltage_10m": "mains voltage",
    "voltage_24h": "mains voltage over a day",
    "voltage_burst": "mains voltage",
    "voltage_wobble_10m": "mains voltage moves by",
    "power_factor_30m": "power factor",
    "reactive_60m": "reactive power",
    "switching_60m": "power changes from minute to minute by",
    "pv_of_envelope_3h": "solar power, of what this sun can give,",
    "house_below_zero": "the house seems to give power:",
    "pv_below_zero": "the panels seem to draw power:",
    "power_above_apparent": "more power than volts and amperes allow:",
}
# What the meter's checks of its own sensors found: facts without a number.
FACTS = {
    "v_flat": "the voltage input does not move",
    "v_frequency": "the mains has another frequency than configured",
    "grid_flat": "the clamp of the grid does not move",
    "grid_reversed": "the clamp of the grid sits the wrong way round",
    "pv_open": "the clamp of the panels hears nothing while they feed in",
    "pv_flat": "the clamp of the panels does not move",
    "pv_reversed": "the clamp of the panels sits the wrong way round",
    "clamps_swapped": "the two clamps sit in each other's place",
    "wrong_phase": "a clamp sits on another phase than the voltage input",
}
UNITS = {"mV": ("V", 1000), "permille": ("%", 10)}  # as sent → as told, and by what to divide


def alert_id(event: Event) -> str:
    return documents.meter_alert_id(event.meter, event.start_boot, event.start_seq)


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
    if fact := FACTS.get(alert["channel"]):
        return f"{home_name}: {fact}."
    if alert["value"] is None:
        return f"{home_name}."
    unit, divisor = UNITS.get(alert["unit"], (alert["unit"], 1))
    quantity = QUANTITIES.get(alert["channel"], "")
    found = f"{home_name}: {quantity}{' ' if quantity else ''}{_figure(alert['value'], divisor)}{_spaced(unit)}"
    if alert["usual_lo"] is None or alert["usual_hi"] is None or alert["usual_lo"] == alert["usual_hi"]:
        return f"{found}."
    lo, hi = _figure(alert["usual_lo"], divisor), _figure(alert["usual_hi"], divisor)
    return f"{found}, usually {lo} to {hi}{_spaced(unit)}."


def _figure(number: int, divisor: int) -> str:
    return f"{number:,}" if divisor == 1 else f"{number / divisor:,.1f}"


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""
