"""When a meter is to be calibrated again. Pure."""

import json

from ..contract import documents
from .alerts import Condition
from .kinds import DAY_MS

LASTS_MS = 2 * 365 * DAY_MS  # clamps and references drift: a check every two years keeps what docs/accuracy.md says
MEASURES = ("voltage", "current", "phase")  # the steps that set the meter against a reference
FIRST_MS = 30 * DAY_MS  # a new meter is as exact as its board until somebody measures a load with it


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
