"""Alerts of a home: made from events, rated by its members."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, log
from .clients import Cloud
from .contract import documents
from .domain import alerts, fields
from .domain.items import Event
from .domain.refusals import Refused
from .store import NOW, Fields, Transaction

PUSH_QUEUE = "sendpush"


def store(cloud: Cloud, home: str, events: Iterable[Event]) -> None:
    """Brings events into their alerts, asks for the notification of new ones. Key: (meter, start_boot, start_seq)."""
    by_alert: dict[str, list[Event]] = {}
    for event in events:
        by_alert.setdefault(alerts.alert_id(event), []).append(event)
    for alert_id, found in by_alert.items():
        alert = _bring_in(cloud, home, alert_id, found)
        if alert["push"] == "pending":
            cloud.enqueue(PUSH_QUEUE, f"{home}-{alert_id}", {"home": home, "alert": alert_id})


def rate(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `ratealert`. Key: (home, alert): the last rating holds."""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home, alert_id = fields.document_id(asked, "home"), fields.document_id(asked, "alert")
    rating = fields.choice(asked, "rating", alerts.RATINGS)
    homes.member_of(cloud, home, uid, (homes.OWNER, homes.MEMBER))
    path = documents.alert(home, alert_id)
    if cloud.store.read(path) is None:
        raise Refused("no_such_alert", "alert")
    cloud.store.update(path, {"rating": rating, "rated_by": "" if rating == "none" else uid})
    return {}


def _bring_in(cloud: Cloud, home: str, alert_id: str, events: list[Event]) -> Fields:
    path = documents.alert(home, alert_id)
    now_ms = cloud.now_ms()

    def write(transaction: Transaction) -> Fields:
        stored = transaction.read(path)
        first = stored or alerts.opened(events[0], now_ms)
        alert = reduce(alerts.with_event, events, first)
        if stored is None:
            transaction.set(path, {**alert, "created": NOW})
        elif alert != stored:
            transaction.update(path, alert)
        return alert

    alert = cloud.store.transact(write)
    log.info("alert", home=home, alert=alert_id, kind=alert["kind"], push=alert["push"])
    return alert
