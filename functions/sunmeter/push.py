"""Notifications to the members of a home."""

from typing import Any

from . import log, queries
from .clients import Cloud
from .contract import documents
from .domain import alerts, fields, pushes
from .domain.pushes import Device, Notice, Outcome
from .store import Fields, Transaction

DEVICES_OF_PERSON = 10


class NotAllReached(Exception):
    """Some devices could not be told now; Cloud Tasks tries again."""


def send(data: Any, cloud: Cloud) -> None:
    """Task `sendpush`. Key: (alert, device): a device is told once, however often the task runs."""
    asked = fields.mapping(data)
    home, alert_id = fields.document_id(asked, "home"), fields.document_id(asked, "alert")
    profile = cloud.store.read(documents.home(home))
    if profile is None:
        return
    path = documents.alert(home, alert_id)
    devices = _devices(cloud, profile["member_uids"])
    alert, claimed = cloud.store.transact(lambda transaction: _claim(transaction, path, devices, cloud.now_ms()))
    if alert is None:
        return
    told = cloud.deliver([_notice(home, alert_id, alert, profile["name"], device) for device in claimed])
    outcome = Outcome.of(claimed, told)
    for device in outcome.dead:
        cloud.store.delete(documents.push_device(device.uid, device.id))
    pending = cloud.store.transact(lambda transaction: _settle(transaction, path, outcome, cloud.now_ms()))
    counts = {"sent": len(outcome.sent), "dead": len(outcome.dead), "busy": len(outcome.busy)}
    log.info("pushed", home=home, alert=alert_id, pending=pending, **counts)
    if pending:
        raise NotAllReached(f"{home} {alert_id}")


def _devices(cloud: Cloud, uids: list[str]) -> list[Device]:
    return [
        Device(found.id, uid, found.fields["token"])
        for uid in uids
        for found in cloud.store.find(queries.push_devices_of(cloud.store.db, uid, DEVICES_OF_PERSON))
    ]


def _claim(
    transaction: Transaction, path: str, devices: list[Device], now_ms: int
) -> tuple[Fields | None, list[Device]]:
    """The alert and those of its devices that are now ours to tell; (None, []) when nothing is left to tell."""
    alert = transaction.read(path)
    if alert is None or alert["push"] != "pending":
        return None, []
    due = pushes.due(alert, devices, now_ms)
    if due:
        transaction.update(path, {"pushing": pushes.claimed(alert, due, now_ms)})
    return alert, due


def _settle(transaction: Transaction, path: str, outcome: Outcome, now_ms: int) -> bool:
    """Writes what came of it; True while somebody is still to be told."""
    alert = transaction.read(path)
    if alert is None:
        return False
    settled = pushes.settled(alert, outcome, now_ms)
    transaction.update(path, settled)
    return bool(settled["push"] == "pending")


def _notice(home: str, alert_id: str, alert: Fields, home_name: str, device: Device) -> Notice:
    return Notice(
        token=device.token,
        title=alerts.title(alert["kind"]),
        body=alerts.sentence(alert, home_name),
        data={"home": home, "alert": alert_id, "kind": alert["kind"]},
        tag=alert_id,
    )
