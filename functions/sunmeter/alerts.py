"""Alerts of a home: made from events and judgements, rated, acknowledged and muted by its members."""

from collections.abc import Callable, Iterable
from functools import partial, reduce
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, limits, log
from .clients import Cloud
from .contract import documents
from .domain import alerts, fields, mutes
from .domain.alerts import Condition
from .domain.items import Event
from .domain.refusals import Refused
from .limits import Limit
from .store import NOW, Fields, Transaction

A_DAY = Limit("alert", 200, limits.DAY_MS)  # new ones that a home's hub may tell of: each is written, and may be pushed
PUSH_QUEUE = "sendpush"
_MS = 1 << 48
Told = Callable[[Fields | None], Fields]  # the stored alert, None for none → what it is now


def store(cloud: Cloud, home: str, events: Iterable[Event], *, in_area: bool) -> set[str]:
    """Brings events into their alerts, asks for the notification of new ones. Key: (meter, start_boot, start_seq).

    Returns the alerts, by id, that would have been too many for a day.
    """
    by_alert: dict[str, list[Event]] = {}
    for event in events:
        by_alert.setdefault(alerts.alert_id(event), []).append(event)
    now_ms = cloud.now_ms()
    made: set[str] = set()
    for alert_id, found in by_alert.items():
        told = {alert_id: _of_events(found, now_ms, in_area)}
        brought = cloud.store.transact(partial(bring_in, home=home, told=told, told_by_hub_ms=now_ms))
        ask(cloud, home, brought)
        made |= brought.keys()
    return by_alert.keys() - made


def store_condition(cloud: Cloud, home: str, condition: Condition) -> None:
    """Brings what the cloud judged into its alert, as `store` does. Key: the condition's id."""
    told = of_conditions([condition], cloud.now_ms())
    ask(cloud, home, cloud.store.transact(lambda transaction: bring_in(transaction, home, told)))


def of_conditions(conditions: Iterable[Condition], now_ms: int) -> dict[str, Told]:
    """By alert, what becomes of the stored one under a condition."""

    def told(condition: Condition) -> Told:
        return lambda stored: alerts.judged(stored, condition, now_ms)

    return {condition.id: told(condition) for condition in conditions}


def _of_events(events: list[Event], now_ms: int, in_area: bool) -> Told:
    return lambda stored: reduce(alerts.with_event, events, stored or alerts.opened(events[0], now_ms, in_area=in_area))


def bring_in(
    transaction: Transaction, home: str, told: dict[str, Told], told_by_hub_ms: int | None = None
) -> dict[str, Fields]:
    """Makes alerts, by id, of the stored ones and what is told of them. The last reads of a transaction.

    told_by_hub_ms: now, where a hub told it, which makes no new ones beyond A_DAY; None: the cloud judged it.
    """
    stored = {alert_id: transaction.read(documents.alert(home, alert_id)) for alert_id in told}
    new = [alert_id for alert_id, alert in stored.items() if alert is None]
    if new and told_by_hub_ms is not None and limits.counted(transaction, A_DAY, home, told_by_hub_ms, len(new)):
        log.warning("alerts withheld", home=home, alerts=len(new))
        told = {alert_id: each for alert_id, each in told.items() if alert_id not in new}
    made = {alert_id: told[alert_id](stored[alert_id]) for alert_id in told}
    for alert_id, alert in made.items():
        if stored[alert_id] is None:
            transaction.set(documents.alert(home, alert_id), {**alert, "created": NOW, "request": log.request()})
        elif alert != stored[alert_id]:
            transaction.update(documents.alert(home, alert_id), alert)
    return made


def ask(cloud: Cloud, home: str, made: dict[str, Fields]) -> None:
    """Asks for the notifications that are pending: at once, or when they are due. Key: the alert."""
    for alert_id, alert in made.items():
        if alert["push"] == "pending":
            due_ms = alert.get("due_ms") or 0
            at_ms = due_ms if due_ms > cloud.now_ms() else None
            cloud.enqueue(PUSH_QUEUE, f"{home}-{alert_id}", {"home": home, "alert": alert_id}, at_ms)
        log.info("alert", home=home, alert=alert_id, kind=alert["kind"], push=alert["push"])


def close(cloud: Cloud, home: str, alert_id: str, end_ms: int) -> None:
    """Ends an alert that the cloud opened. Key: the alert: its first end holds."""
    path = documents.alert(home, alert_id)

    def write(transaction: Transaction) -> None:
        stored = transaction.read(path)
        if stored is not None and (alert := alerts.ended(stored, end_ms)) is not stored:
            transaction.update(path, alert)

    cloud.store.transact(write)


def hush(cloud: Cloud, home: str, alert_id: str) -> None:
    """Nobody who still waits is told of an alert any more: another says more. Key: the alert."""
    path = documents.alert(home, alert_id)

    def write(transaction: Transaction) -> None:
        stored = transaction.read(path)
        if stored is not None and stored["push"] == "pending":
            transaction.update(path, {"push": "none", "due_ms": None})

    cloud.store.transact(write)


def rate(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `ratealert`. Key: (home, alert): the last rating holds."""
    uid, asked, home, alert_id = _asked(request, cloud)
    rating = fields.choice(asked, "rating", alerts.RATINGS)
    rated = {"rating": rating, "rated_by": "" if rating == "none" else uid, "rated_ms": cloud.now_ms()}
    _change(cloud, home, alert_id, lambda alert: rated)
    return {}


def acknowledge(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `ackalert`. Key: (home, alert): who was first holds; those who still wait are not told any more."""
    uid, _, home, alert_id = _asked(request, cloud)
    by = {"acknowledged_by": uid, "acknowledged_ms": cloud.now_ms()}
    alert = _change(cloud, home, alert_id, lambda alert: {} if alert.get("acknowledged_by") else by)
    return {name: alert[name] for name in ("acknowledged_by", "acknowledged_ms")}


def mute(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `muteload`. Key: (home, kind and channel): the last word holds; `until_ms` of 0 takes it back."""
    uid, asked, home, alert_id = _asked(request, cloud)
    until_ms = fields.integer(asked, "until_ms", 0, _MS)
    alert_path, home_path = documents.alert(home, alert_id), documents.home(home)
    now_ms = cloud.now_ms()

    def write(transaction: Transaction) -> Fields:
        alert, profile = transaction.read(alert_path), transaction.read(home_path)
        if alert is None or profile is None:
            raise Refused("no_such_alert", "alert")
        muted = mutes.with_load(profile.get("mutes", {}), alert, until_ms, uid, now_ms)
        transaction.update(home_path, {"mutes": muted})
        return muted

    muted = cloud.store.transact(write)
    log.info("load muted", home=home, alert=alert_id, uid=uid, until_ms=until_ms)
    return {"mutes": muted}


def _asked(request: CallableRequest[Any], cloud: Cloud) -> tuple[str, Fields, str, str]:
    """(uid, what is asked, home, alert) of a call by an owner or a member. Refused: members_only, no_such_home, …"""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home, alert_id = fields.document_id(asked, "home"), fields.document_id(asked, "alert")
    homes.member_of(cloud, home, uid, (homes.OWNER, homes.MEMBER))
    return uid, asked, home, alert_id


def _change(cloud: Cloud, home: str, alert_id: str, change: Callable[[Fields], Fields]) -> Fields:
    """Some fields of an alert that must exist; returns the whole of it. Refused: no_such_alert."""
    path = documents.alert(home, alert_id)

    def write(transaction: Transaction) -> Fields:
        alert = transaction.read(path)
        if alert is None:
            raise Refused("no_such_alert", "alert")
        changed = change(alert)
        if changed:
            transaction.update(path, changed)
        return {**alert, **changed}

    return cloud.store.transact(write)
