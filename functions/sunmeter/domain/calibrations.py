"""When a meter is to be calibrated again, and what the steps of it are asked with. Pure."""

import json
from typing import Any

from ..contract import documents
from ..contract.refusal import Refusal
from . import fields
from .alerts import Condition
from .kinds import DAY_MS

LASTS_MS = 2 * 365 * DAY_MS  # clamps and references drift: a check every two years keeps what docs/accuracy.md says
MEASURES = ("voltage", "current", "phase")  # the steps that set the meter against a reference
STEPS = ("zero", *MEASURES, "clamps", "status", "undo", "clear")
CHANNELS = ("grid", "pv")
FIRST_MS = 30 * DAY_MS  # a new meter is as exact as its board until somebody measures a load with it


def arguments(asked: dict[str, Any]) -> dict[str, Any]:
    """A step as the meter takes it, from outside. Refusals: each with its field; the meter checks them once more."""
    step = fields.choice(asked, "step", STEPS)
    told: dict[str, Any] = {"step": step}
    if step == "voltage":
        told["mv"] = fields.integer(asked, "mv", 80_000, 300_000)
    if step in ("current", "phase"):
        told["channel"] = fields.choice(asked, "channel", CHANNELS)
    if step == "current" and "mw" in asked:
        told["mw"] = fields.integer(asked, "mw", 5_000, 15_000_000)
    elif step == "current":
        told["ma"] = fields.integer(asked, "ma", 20, 60_000)
    if step == "clear" and "channel" in asked:
        told["channel"] = fields.choice(asked, "channel", ("v", *CHANNELS))
    if step == "clamps" and "set" in asked:
        told["set"] = _clamps(fields.mapping(asked["set"], "set"))
    return told


def _clamps(asked: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Which input each clamp sits on, and which way round."""
    told = {}
    for channel in CHANNELS:
        with fields.inside(f"set.{channel}"):
            clamp = fields.mapping(asked.get(channel))
            sign = fields.integer(clamp, "sign", -1, 1)
            if not sign:
                raise Refusal("out_of_range", "sign")
            told[channel] = {"input": fields.integer(clamp, "input", 1, 2), "sign": sign}
    return told


def was_changed(code: int, text: str) -> bool:
    """Does a command's result tell of a calibration that was kept? Its text names the version it made."""
    if code != 0:
        return False
    try:
        told = json.loads(text)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("step") in MEASURES and isinstance(told.get("version"), int)


def due(meter: str, calibrated_ms: int | None, since_ms: int, now_ms: int) -> Condition | None:
    """The alert that is due; None while there is no need. since_ms: when the home was made; None: never calibrated."""
    last_ms = calibrated_ms if calibrated_ms is not None else since_ms
    due_ms = last_ms + (FIRST_MS if calibrated_ms is None else LASTS_MS)
    if now_ms < due_ms:
        return None
    mark = documents.cloud_alert_id("calibration_due", meter, last_ms)
    return Condition(mark, "calibration_due", due_ms, None, is_news=True, meter=meter)
