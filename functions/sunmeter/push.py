"""Notifications to the members of a home, through FCM."""

import functools
import os
from typing import Any

import firebase_admin
from firebase_admin import credentials, exceptions, messaging

from . import clients, log, queries
from .clients import Cloud
from .contract import documents
from .domain import alerts, fields, pushes
from .domain.pushes import Device, Outcome
from .store import Fields, Transaction

STANDIN = "FCM_STANDIN_URL"  # where the local stack listens in FCM's place; unset in production
DEVICES_OF_PERSON = 10
CHUNK = 50  # FCM's client starts a thread per message
_DEAD = (messaging.UnregisteredError, messaging.SenderIdMismatchError)  # nothing else says that a token is gone


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
    told = _deliver([_message(home, alert_id, alert, profile["name"], device) for device in claimed])
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


def _deliver(messages: list[messaging.Message]) -> list[str]:
    """Sends, and tells for each message what became of it: sent, dead (the token will never work again) or busy."""
    responses = [
        response
        for first in range(0, len(messages), CHUNK)
        for response in messaging.send_each(messages[first : first + CHUNK], app=_app()).responses
    ]
    return [_fate(response.exception) for response in responses]


def _fate(error: exceptions.FirebaseError | None) -> str:
    if error is None:
        return pushes.SENT
    log.warning("device not told", code=error.code)
    return pushes.DEAD if isinstance(error, _DEAD) else pushes.BUSY


def _message(home: str, alert_id: str, alert: dict[str, Any], home_name: str, device: Device) -> messaging.Message:
    """The alert's id as tag and collapse key: should a device be told twice after all, it shows it once."""
    return messaging.Message(
        token=device.token,
        notification=messaging.Notification(alerts.title(alert["kind"]), alerts.sentence(alert, home_name)),
        data={"home": home, "alert": alert_id, "kind": alert["kind"]},
        android=messaging.AndroidConfig(
            priority="high", collapse_key=alert_id, notification=messaging.AndroidNotification(tag=alert_id)
        ),
        apns=messaging.APNSConfig(headers={"apns-collapse-id": alert_id[:64]}),
        webpush=messaging.WebpushConfig(notification=messaging.WebpushNotification(tag=alert_id)),
    )


@functools.cache
def _app() -> firebase_admin.App:
    """The app that sends: the project's own, or one that speaks to the stand-in of the local stack."""
    standin = os.environ.get(STANDIN)
    if not standin:
        return clients.app()
    messaging._MessagingService.FCM_URL = f"{standin}/v1/projects/{{0}}/messages:send"
    return firebase_admin.initialize_app(_NoCredential(), {"projectId": clients.app().project_id}, name="push")


class _NoCredential(credentials.Base):  # type: ignore[misc]
    """The stand-in asks for none."""

    def get_credential(self) -> Any:
        return clients.anonymous()
