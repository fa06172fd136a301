"""An alert in words and signs: which quantity, what it was, what is usual, from when to when."""

from dataclasses import dataclass

import flet as ft

from ..model.alert import Alert, Rating
from ..speech import Speech
from ..strings import NO_BREAK
from . import theme

_ICONS = {
    "overuse": ft.Icons.BOLT,
    "hidden_load": ft.Icons.VISIBILITY_OFF_OUTLINED,
    "pv_low": ft.Icons.WB_CLOUDY_OUTLINED,
    "tamper": ft.Icons.GPP_MAYBE_OUTLINED,
    "sensor": ft.Icons.SENSORS_OFF,
    "sag": ft.Icons.TRENDING_DOWN,
    "swell": ft.Icons.TRENDING_UP,
    "interruption": ft.Icons.POWER_OFF_OUTLINED,
    "health": ft.Icons.MEDICAL_SERVICES_OUTLINED,
    "silent": ft.Icons.CLOUD_OFF_OUTLINED,
    "hub_silent": ft.Icons.ROUTER_OUTLINED,
    "outage": ft.Icons.POWER_OFF_OUTLINED,
    "over_budget": ft.Icons.SAVINGS_OUTLINED,
    "calibration_due": ft.Icons.TUNE,
}
_SOLAR_KINDS = ("pv_low",)
_LOSSES = ("pv_trip", "pv_shading", "pv_soiling")  # channels whose value is what was lost so far
_GRID_KINDS = ("sag", "swell", "interruption", "outage")


@dataclass(frozen=True)
class Words:
    """Everything a row or card says of one alert."""

    icon: ft.IconData
    color: str
    title: str
    reason: str
    when: str
    lasted: str
    rating: str
    is_open: bool

    @property
    def spoken(self) -> str:
        """One sentence after the other, for a screen reader."""
        parts = (self.title, self.reason, self.lasted, self.rating)
        return " ".join(f"{part.rstrip('.')}." for part in parts if part).replace(NO_BREAK, " ")


def words_of(alert: Alert, speech: Speech, now_s: float) -> Words:
    return Words(
        icon=_ICONS.get(alert.kind, ft.Icons.NOTIFICATION_IMPORTANT_OUTLINED),
        color=theme.SOLAR if alert.kind in _SOLAR_KINDS else theme.GRID if alert.kind in _GRID_KINDS else theme.ALARM,
        title=_known(speech, f"alert.{alert.kind}", "alert.anomaly"),
        reason=_reason(alert, speech),
        when=speech.when(alert.start_ms / 1000, now_s),
        lasted=_lasted(alert, speech, now_s),
        rating="" if alert.rating is Rating.NONE else speech.say(f"alert.rated_{alert.rating.value}"),
        is_open=alert.is_open,
    )


def _known(speech: Speech, key: str, otherwise: str) -> str:
    return speech.say(key if speech.knows(key) else otherwise)


def _reason(alert: Alert, speech: Speech) -> str:
    """Which quantity, what it was, and what is usual, as far as the alert tells; of a check, the fact."""
    if speech.knows(fact := f"fact.{alert.channel}"):
        return speech.say(fact)
    if alert.value is None or alert.channel == "none":
        return _known(speech, f"alert.{alert.kind}_why", "alert.anomaly_why")
    told = {
        "quantity": _known(speech, f"channel.{alert.channel}", "channel.other"),
        "value": quantity(alert, alert.value, speech),
    }
    if alert.usual_lo is None or alert.usual_hi is None:
        return speech.say("alert.reason_bare", **told)
    lo, hi = quantity(alert, alert.usual_lo, speech), quantity(alert, alert.usual_hi, speech)
    if alert.channel not in _LOSSES:
        return speech.say("alert.reason", **told, lo=lo, hi=hi)
    money = "" if alert.lost_micro is None else f" ({speech.money(alert.lost_micro, alert.currency)})"
    return speech.say("alert.reason_loss", **told, money=money, lo=lo, hi=hi)


def quantity(alert: Alert, number: float, speech: Speech) -> str:
    """A number of the alert; a power factor is told as one, not in per mille."""
    if alert.channel.startswith("power_factor"):
        return speech.number(number / 1000, 2)
    return speech.quantity(number, alert.unit)


def _lasted(alert: Alert, speech: Speech, now_s: float) -> str:
    began = speech.when(alert.start_ms / 1000, now_s, within=True)
    if alert.end_ms is None:
        return speech.say("alert.goes_on", begin=began)
    length = speech.age(max(0, alert.end_ms - alert.start_ms))
    return speech.say("alert.ended", begin=began, end=speech.clock(alert.end_ms / 1000), length=length)
