"""What is said of one meter or one hub that was silent, for operators: who or what lost what. Pure."""

from .darkness import HUB, Signal
from .outages import PROOF_MS

OUTAGE = "outage"  # it is part of one
HOUSE = "house"  # this house alone: its power, or its meter's Wi-Fi
POWER = "power"  # this house lost power: its meter measured it, or restarted because of it
WIFI = "wifi"  # the meter lost its Wi-Fi: it came back without having restarted
HUB_OR_LINE = "hub_or_line"  # the hub is dead, or its line to the internet
LINE = "line"  # the hub went on and could not reach the cloud
HUB_DEAD = "hub"  # nothing tells that the hub went on


def of(signal: Signal, is_in_outage: bool, now_ms: int) -> str:
    """One of the words above; "" where nothing was ever dark. Before PROOF_MS is over, what is said while it lasts."""
    spans = signal.spans()
    if not spans:
        return ""
    from_ms, to_ms = spans[-1]
    is_settled = to_ms is not None and now_ms >= to_ms + PROOF_MS
    if signal.subject == HUB:
        if from_ms in signal.lines_ms:
            return LINE
        return OUTAGE if is_in_outage else HUB_DEAD if is_settled else HUB_OR_LINE
    if is_in_outage and not is_settled:
        return OUTAGE
    if signal.is_proved(from_ms, to_ms):
        return POWER
    return WIFI if is_settled else HOUSE


def next_look_ms(signal: Signal, now_ms: int) -> int | None:
    """When time alone changes what is said; None: never."""
    spans = signal.spans()
    to_ms = spans[-1][1] if spans else None
    return to_ms + PROOF_MS if to_ms is not None and now_ms < to_ms + PROOF_MS else None
