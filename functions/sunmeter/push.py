"""Notifications to the members of a home, through FCM."""

import functools
import os
from typing import Any

import firebase_admin
from firebase_admin import credentials, exceptions, messaging
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1.transaction import Transaction

from . import clients, log, queries
from .clients import Cloud
from .contract import documents
from .domain import alerts, fields, pushes
from .domain.pushes import Device

STANDIN = "FCM_STANDIN_URL"  # where the local stack listens in FCM's place; unset in production
DEVICES_OF_PERSON = 10
_DEAD = (messaging.UnregisteredError, messaging.SenderIdMismatchError)  # nothing else says that a token is gone


class NotAllReached(Exception):
    """Some devices could not be told now; Cloud Tasks tries again."""


def send(data: Any, cloud: Cloud) -> None:
    """Task `sendpush`. Key: (alert, device): a device is told once, however often the task runs."""
    asked = fields.mapping(data)
    home, alert_id = fields.document_id(asked, "home"), fields.document_id(asked, "alert")
    profile = cloud.db.document(documents.home(home)).get().to_dict()
    if profile is None:
        return
    devices = _devices(cloud, profile["member_uids"])
    reference = cloud.db.document(documents.alert(home, alert_id))
    alert, claimed = _claim(cloud, reference, devices)
    if not alert:
        return
    sent, dead, busy = _deliver(home, alert_id, alert, profile["name"], claimed)
    for device in dead:
        cloud.db.document(documents.push_device(device.uid, device.id)).delete()
    pending = _settle(cloud, reference, sent, dead, busy)
    log.info("pushed", home=home, alert=alert_id, sent=len(sent), dropped=len(dead), busy=len(busy))
    if pending:
        raise NotAllReached(f"{len(busy)} of {len(claimed)} devices")


def _devices(cloud: Cloud, uids: list[str]) -> list[Device]:
    return [
        Device(found.id, uid, found.get("token"))
        for uid in uids
        for found in queries.push_devices_of(cloud.db, uid, DEVICES_OF_PERSON).stream()
    ]


def _claim(
    cloud: Cloud, reference: firestore.DocumentReference, devices: list[Device]
) -> tuple[dict[str, Any] | None, list[Device]]:
    """The alert and those of its devices that are now ours to tell; (None, []) when nothing is to be told."""
    now_ms = cloud.now_ms()

    @firestore.transactional
    def claim(transaction: Transaction) -> tuple[dict[str, Any] | None, list[Device]]:
        alert = reference.get(transaction=transaction).to_dict()
        if alert is None or alert["push"] != "pending":
            return None, []
        due = pushes.due(alert, devices, now_ms)
        if due:
            transaction.update(reference, {"pushing": pushes.claimed(alert, due, now_ms)})
        return alert, due

    return claim(cloud.db.transaction())


def _settle(
    cloud: Cloud,
    reference: firestore.DocumentReference,
    sent: list[Device],
    dead: list[Device],
    busy: list[Device],
) -> bool:
    """Writes what came of it; True while somebody is still to be told."""
    now_ms = cloud.now_ms()

    @firestore.transactional
    def settle(transaction: Transaction) -> bool:
        alert = reference.get(transaction=transaction).to_dict()
        outcome = pushes.settled(alert, sent, dead, busy, now_ms)
        transaction.update(reference, outcome)
        return bool(outcome["push"] == "pending")

    pending: bool = settle(cloud.db.transaction())
    return pending


def _deliver(
    home: str, alert_id: str, alert: dict[str, Any], home_name: str, devices: list[Device]
) -> tuple[list[Device], list[Device], list[Device]]:
    """Sends, and returns the devices told, those gone for good, and those to try again."""
    messages = [_message(home, alert_id, alert, home_name, device) for device in devices]
    answers = [
        answer
        for first in range(0, len(messages), pushes.CHUNK)
        for answer in messaging.send_each(messages[first : first + pushes.CHUNK], app=_app()).responses
    ]
    sent = [device for device, answer in zip(devices, answers, strict=True) if answer.success]
    dead = [device for device, answer in zip(devices, answers, strict=True) if isinstance(answer.exception, _DEAD)]
    busy = [device for device in devices if device not in sent and device not in dead]
    for answer in answers:
        if answer.exception is not None:
            log.warning("push failed", home=home, alert=alert_id, code=_code(answer.exception))
    return sent, dead, busy


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


def _code(error: Exception) -> str:
    return error.code if isinstance(error, exceptions.FirebaseError) else type(error).__name__


@functools.cache
def _app() -> firebase_admin.App:
    """The app that sends: the project's own, or one that speaks to the stand-in of the local stack."""
    standin = os.environ.get(STANDIN)
    if not standin:
        return clients.app()
    messaging._MessagingService.FCM_URL = f"{standin}/v1/projects/{{0}}/messages:send"
    return firebase_admin.initialize_app(_Anonymous(), {"projectId": clients.app().project_id}, name="push")


class _Anonymous(credentials.Base):
    """No credential: the stand-in asks for none."""

    def get_credential(self) -> AnonymousCredentials:
        return AnonymousCredentials()
