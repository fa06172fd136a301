"""An alert's figure on a line beside what is usual: where each of them stands. Pure."""

from dataclasses import dataclass

from .alert import Alert

UNUSUAL_CHANNELS = frozenset({"pv_trip", "pv_shading", "pv_soiling", "month_cost"})  # whose range is no usual one
_AIR = 0.12  # of the line, beyond what stands on it


@dataclass(frozen=True)
class Scale:
    """Places on a line, each a part of its length from 0 to 1."""

    usual_from: float
    usual_to: float
    at: float


def scale_of(alert: Alert) -> Scale | None:
    """None where there is no figure, or nothing usual to set it beside. What is near zero begins there."""
    value, lo, hi = alert.value, alert.usual_lo, alert.usual_hi
    if value is None or lo is None or hi is None or lo > hi or alert.channel in UNUSUAL_CHANNELS:
        return None
    least, most = min(lo, value), max(hi, value)
    if most == least:
        return None
    air = (most - least) * _AIR
    begin = 0.0 if 0 <= least <= most - least else least - air
    length = most + air - begin
    return Scale(*((each - begin) / length for each in (lo, hi, value)))
