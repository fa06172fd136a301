"""Alerts of a home: made from events, rated by its members."""

from collections.abc import Iterable
from typing import Any

from firebase_functions.https_fn import CallableRequest
from google.cloud import firestore
from google.cloud.firestore_v1.transaction import Transaction

from . import homes, identity, log
from .clients import Cloud
from .contract import documents
from .domain import alerts, fields
from .domain.items import Event
from .domain.refusals import Refused

PUSH_QUEUE = "sendpush"


def store(cloud: Cloud, home: str, events: Iterable[Event]) -> None:
    """Brings events into their alerts and asks for the notification of new ones. Key: (meter, boot id, start_seq)."""
    by_alert: dict[str, list[Event]] = {}
    for event in events:
        by_alert.setdefault(alerts.alert_id(event), []).append(event)
    for alert_id, found in by_alert.items():
        alert = _bring_in(cloud, home, alert_id, found)
        if alert["push"] == "pending":
            cloud.enqueue(PUSH_QUEUE, f"{home}-{alert_id}", {"home": home, "alert": alert_id})


def rate(request: CallableRequest[Any], cloud: Cloud) -> dict[str, Any]:
    """Callable `ratealert`. Key: (home, alert): the last rating holds."""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home, alert_id = fields.document_id(asked, "home"), fields.document_id(asked, "alert")
    rating = fields.choice(asked, "rating", alerts.RATINGS)
    homes.read(cloud, home, uid, roles=(homes.OWNER, homes.MEMBER))
    reference = cloud.db.document(documents.alert(home, alert_id))
    if not reference.get().exists:
        raise Refused("no_such_alert", "alert")
    reference.update({"rating": rating, "rated_by": "" if rating == "none" else uid})
    return {}


def _bring_in(cloud: Cloud, home: str, alert_id: str, events: list[Event]) -> dict[str, Any]:
    reference = cloud.db.document(documents.alert(home, alert_id))
    now_ms = cloud.now_ms()

    @firestore.transactional
    def write(transaction: Transaction) -> dict[str, Any]:
        stored = reference.get(transaction=transaction).to_dict()
        alert = stored
        for event in events:
            alert = alerts.with_event(alert, event, now_ms)
        assert alert is not None
        if stored is None:
            transaction.set(reference, {**alert, "created": firestore.SERVER_TIMESTAMP})
            log.info("alert", home=home, alert=alert_id, kind=alert["kind"], push=alert["push"])
        elif alert != stored:
            transaction.update(reference, alert)
        return alert

    written: dict[str, Any] = write(cloud.db.transaction())
    return written
