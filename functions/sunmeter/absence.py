"""Meters and hubs that fell silent, and came back.

A hub tells of its meters. Of the hub itself tells nobody: each heartbeat that is stored says by when the next one will
be, and a schedule asks for those that are overdue, which is one read while all are there.
"""

from . import alerts, log, queries
from .clients import Cloud
from .contract import documents
from .domain import alerts as facts
from .domain import presence, silences
from .domain.alerts import Condition
from .domain.items import Status
from .domain.silences import Silences
from .store import Fields, Transaction

MOST = 200  # hubs of one look: what is left over is found by the next


def store_status(cloud: Cloud, home: str, status: Status) -> None:
    """Keeps when a meter was silent, with an alert of each time. Key: (meter, state, since): any order, once."""
    path, now_ms = documents.meter(status.meter), cloud.now_ms()

    def write(transaction: Transaction) -> dict[str, Fields]:
        before = Silences.of(transaction.read(path) or {}, home)
        after = before.told(status.state, status.since_ms)
        # What was told before is brought in again: its notification may not have been asked for.
        touched = [*silences.changed(before, after), *((status.since_ms,) if status.state == "silent" else ())]
        episodes = after.episodes()
        conditions = [
            _of_meter(status.meter, began_ms, episodes[began_ms], now_ms)
            for began_ms in sorted({*touched} & {*episodes})
        ]
        made = alerts.bring_in(transaction, home, alerts.of_conditions(conditions, now_ms))
        if after != before:
            state = "silent" if after.is_silent else "on"
            transaction.update(path, {"silences": after.document(home), "state": state})
        return made

    alerts.ask(cloud, home, cloud.store.transact(write))


def watch_hubs(cloud: Cloud) -> int:
    """Schedule `watchhubs`. Key: (hub, when it was last heard): looked at twice, a hub falls silent once."""
    now_ms = cloud.now_ms()
    overdue = list(cloud.store.find(queries.hubs_overdue(cloud.store.db, now_ms, MOST)))
    silent = sum(_fall_silent(cloud, found.id, now_ms) for found in overdue)
    log.info("hubs watched", overdue=len(overdue), silent=silent)
    return silent


def hub_is_back(cloud: Cloud, hub: str, silent_ms: int, now_ms: int) -> None:
    """Ends the alerts of a hub's silence in all its homes; also where it is yet to open. Key: (hub, since)."""
    for found in cloud.store.find(queries.homes_of_hub(cloud.store.db, hub)):
        alerts.store_condition(cloud, found.id, _of_hub(hub, silent_ms, now_ms))


def _fall_silent(cloud: Cloud, hub: str, now_ms: int) -> bool:
    """The hub first says since when, then its homes are told, then it is no longer looked for.

    Whoever dies between leaves it overdue, so it is found again; a heartbeat between ends what was begun.
    """
    path = documents.hub(hub)

    def mark(transaction: Transaction) -> int | None:
        document = transaction.read(path)
        if document is None or not presence.is_silent(document, now_ms):
            if document is not None and document["revoked"]:
                transaction.update(path, {"due_ms": None})
            return None
        if document.get("silent_ms") is None:
            transaction.update(path, {"silent_ms": document["last_ms"]})
        return int(document.get("silent_ms") or document["last_ms"])

    silent_ms = cloud.store.transact(mark)
    if silent_ms is None:
        return False
    for found in cloud.store.find(queries.homes_of_hub(cloud.store.db, hub)):
        alerts.store_condition(cloud, found.id, _of_hub(hub, silent_ms, None))
    cloud.store.transact(lambda transaction: _look_no_more(transaction, path, silent_ms))
    log.warning("hub silent", hub=hub, since_ms=silent_ms)
    return True


def _look_no_more(transaction: Transaction, path: str, silent_ms: int) -> None:
    document = transaction.read(path)
    if document is not None and document.get("silent_ms") == silent_ms:
        transaction.update(path, {"due_ms": None})


def _of_meter(meter: str, began_ms: int, end_ms: int | None, now_ms: int) -> Condition:
    return Condition(
        id=documents.cloud_alert_id("silent", meter, began_ms),
        kind="silent",
        start_ms=began_ms,
        end_ms=end_ms,
        is_news=end_ms is None and began_ms > now_ms - facts.NEWS_FOR_MS,
        meter=meter,
    )


def _of_hub(hub: str, silent_ms: int, end_ms: int | None) -> Condition:
    return Condition(
        id=documents.cloud_alert_id("hub_silent", hub, silent_ms),
        kind="hub_silent",
        start_ms=silent_ms,
        end_ms=end_ms,
        is_news=end_ms is None,
    )
