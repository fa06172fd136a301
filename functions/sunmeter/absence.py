"""Meters and hubs that fell silent, and came back.

A hub tells of its meters. Of the hub itself tells nobody: each heartbeat that is stored says by when the next one will
be, and a schedule asks for those that are overdue, which is one read while all are there.
"""

from functools import partial
from typing import Any

from . import alerts, areas, grid, log, queries, signals
from .clients import Cloud
from .contract import documents
from .domain import alerts as facts
from .domain import fields, presence, silences
from .domain.alerts import Condition
from .domain.items import Status
from .domain.silences import Silences
from .store import Fields, Transaction
from .web import Later

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
        made = alerts.bring_in(transaction, home, alerts.of_conditions(conditions, now_ms), now_ms)
        if after != before:
            state = "silent" if after.is_silent else "on"
            transaction.update(path, {"silences": after.document(home), "state": state})
        return made

    alerts.ask(cloud, home, cloud.store.transact(write))


def watch(cloud: Cloud) -> None:
    """Schedule `watchhubs`, each minute. Keys: those of hubs and areas."""
    log.info("watched", silent=watch_hubs(cloud), areas=grid.look_again(cloud))


def watch_hubs(cloud: Cloud) -> int:
    """Looks for hubs that ought to have told of themselves.

    Key: (hub, when it was last heard): looked at twice, a hub falls silent once. One of an area is called before it is
    silent, and all others of the area with it. Returns how many fell silent.
    """
    now_ms = cloud.now_ms()
    overdue = list(cloud.store.find(queries.hubs_overdue(cloud.store.db, now_ms, MOST)))
    silent = {found.id: found for found in overdue if presence.is_silent(found.fields, now_ms)}
    unsure = [found for found in overdue if found.id not in silent and presence.is_overdue(found.fields, now_ms)]
    for area in sorted({area for found in unsure for area in found.fields["areas"]}):
        areas.call(cloud, area, [found.id for found in unsure if area in found.fields["areas"]])
        areas.ask(cloud, area, now_ms + presence.ANSWER_MS)
    fallen = _fall_silent(cloud, list(silent), now_ms)
    for found in overdue:
        if found.fields["revoked"]:
            cloud.store.update(found.path, {"due_ms": None})
    return len(fallen)


def watch_area(data: Any, cloud: Cloud) -> None:
    """Task `watcharea`. Key: (area, slot); what it does has keys of its own. Hubs that did not answer come first."""
    asked = fields.mapping(data)
    area = fields.area(asked)
    early_ms = asked.get("at_ms", 0) - areas.LAG_MS - cloud.now_ms()
    if early_ms > areas.EARLY_MS:
        return  # an emulator's queue knows no later: the schedule will look
    if early_ms > 0:
        raise Later(f"{area} in {early_ms} ms")
    if asked.get("refresh"):
        areas.refresh(cloud, area)
    watch_hubs(cloud)
    grid.watch(cloud, area)


def hub_is_back(cloud: Cloud, hub: str, silent_ms: int, now_ms: int) -> None:
    """Ends the alerts of a hub's silence in all its homes; also where it is yet to open. Key: (hub, since)."""
    for found in cloud.store.find(queries.homes_of_hub(cloud.store.db, hub)):
        alerts.store_condition(cloud, found.id, _of_hub(hub, silent_ms, now_ms))


def _fall_silent(cloud: Cloud, hubs: list[str], now_ms: int) -> dict[str, int]:
    """Each hub first says since when, then its areas and homes are told, then it is no longer looked for.

    Whoever dies between leaves it overdue, so it is found again; a heartbeat between ends what was begun. In a home
    that an outage holds the hub's silence is no news. Returns the hubs, and since when they are silent.
    """
    fallen: dict[str, int] = {}
    of: dict[str, list[str]] = {}
    for hub in hubs:
        marked = cloud.store.transact(partial(_mark, path=documents.hub(hub), now_ms=now_ms))
        if marked is not None:
            fallen[hub], of[hub] = marked
            signals.store_hub(cloud, hub, of[hub], "silent", fallen[hub])
    in_outage: set[str] = set()
    for area in sorted({area for areas_of_hub in of.values() for area in areas_of_hub}):
        in_outage |= grid.watch(cloud, area).dark_homes()
    for hub, silent_ms in fallen.items():
        for found in cloud.store.find(queries.homes_of_hub(cloud.store.db, hub)):
            alerts.store_condition(cloud, found.id, _of_hub(hub, silent_ms, None, is_news=found.id not in in_outage))
        cloud.store.transact(partial(_look_no_more, path=documents.hub(hub), silent_ms=silent_ms))
        log.warning("hub silent", hub=hub, since_ms=silent_ms)
    return fallen


def _mark(transaction: Transaction, path: str, now_ms: int) -> tuple[int, list[str]] | None:
    """Since when the hub is silent, and its areas; None when it was heard in between."""
    document = transaction.read(path)
    if document is None or not presence.is_silent(document, now_ms):
        return None
    if document.get("silent_ms") is None:
        transaction.update(path, {"silent_ms": document["last_ms"]})
    return int(document.get("silent_ms") or document["last_ms"]), list(document.get("areas") or ())


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


def _of_hub(hub: str, silent_ms: int, end_ms: int | None, *, is_news: bool = True) -> Condition:
    return Condition(
        id=documents.cloud_alert_id("hub_silent", hub, silent_ms),
        kind="hub_silent",
        start_ms=silent_ms,
        end_ms=end_ms,
        is_news=is_news and end_ms is None,
    )
