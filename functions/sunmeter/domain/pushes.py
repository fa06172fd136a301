"""Which devices an alert still has to reach. Pure.

A sender first claims its devices in the alert, then sends, then settles: two tasks at once never tell a device twice,
and what a sender that died had claimed is free again after CLAIM_MS.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

CLAIM_MS = 120_000  # longer than a sending task may run
SENT, DEAD, BUSY = "sent", "dead", "busy"


@dataclass(frozen=True)
class Device:
    """One installation of the app that asked for notifications."""

    id: str
    uid: str
    token: str


@dataclass(frozen=True)
class Notice:
    """A notification for one device."""

    token: str
    title: str
    body: str
    data: dict[str, str]
    tag: str  # a device shows one notice of a tag


@dataclass(frozen=True)
class Outcome:
    """What came of sending to some devices."""

    sent: list[Device]  # FCM took it
    dead: list[Device]  # the token will never work again
    busy: list[Device]  # FCM may take it later

    @staticmethod
    def of(devices: list[Device], fates: list[str]) -> "Outcome":
        """From the fate of each device in turn: SENT, DEAD or BUSY."""
        groups: dict[str, list[Device]] = {SENT: [], DEAD: [], BUSY: []}
        for device, fate in zip(devices, fates, strict=True):
            groups[fate].append(device)
        return Outcome(groups[SENT], groups[DEAD], groups[BUSY])

    @property
    def ids(self) -> set[str]:
        return {device.id for device in (*self.sent, *self.dead, *self.busy)}


def due(alert: dict[str, Any], devices: Iterable[Device], now_ms: int) -> list[Device]:
    """The devices to claim and send to now: neither told nor claimed by a living sender; each token once."""
    chosen: dict[str, Device] = {}
    for device in devices:
        told = device.id in alert["pushed"]
        claimed = alert["pushing"].get(device.id, -CLAIM_MS) > now_ms - CLAIM_MS
        if not told and not claimed:
            chosen.setdefault(device.token, device)
    return list(chosen.values())


def claimed(alert: dict[str, Any], devices: Iterable[Device], now_ms: int) -> dict[str, Any]:
    """The alert's `pushing` once these devices are claimed."""
    return {**alert["pushing"], **{device.id: now_ms for device in devices}}


def settled(alert: dict[str, Any], outcome: Outcome, now_ms: int) -> dict[str, Any]:
    """The fields of the alert after sending: what was claimed is told, or given back."""
    living = {device: since_ms for device, since_ms in alert["pushing"].items() if since_ms > now_ms - CLAIM_MS}
    pushing = {device: since_ms for device, since_ms in living.items() if device not in outcome.ids}
    return {
        "pushed": {**alert["pushed"], **{device.id: now_ms for device in outcome.sent}},
        "pushing": pushing,
        "push": "pending" if pushing or outcome.busy else "sent",
    }
