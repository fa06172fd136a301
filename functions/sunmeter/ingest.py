"""What a hub sends is judged item by item and stored under keys that make any repetition harmless."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Request, Response

from . import absence, alerts, hubs, identity, log, signals, terms, web
from .clients import Cloud
from .contract import documents, ledger
from .contract.ledger import Interval, LocalDay
from .contract.refusal import Refusal
from .directory import Directory
from .domain import alerts as facts
from .domain import days, fields, items
from .domain.days import Day
from .domain.items import Event, Heartbeat, Item, Result, Sighting, Status
from .domain.pricing import Terms
from .domain.refusals import Refused
from .identity import Hub
from .store import Transaction, stamp

MAX_ITEMS = 2000
MAX_METERS = 400  # in one request, each of which is read: a hub has half as many, and sightings
DAYS_AT_ONCE = 50  # of one transaction: 0.7 MB, far below what a commit may have
Key = tuple[str, LocalDay]  # home and day
Answer = dict[str, Any]
OK: Answer = {"ok": True}
QUOTA: Answer = {"ok": False, "code": "quota", "field": "start_seq"}


@dataclass
class Batch:
    """The accepted items of one request, by where they go."""

    intervals: dict[Key, list[Interval]] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)
    statuses: list[tuple[str, Status]] = field(default_factory=list)
    results: list[tuple[str, Result]] = field(default_factory=list)
    sightings: list[str] = field(default_factory=list)
    heartbeat: Heartbeat | None = None  # the last of the request


def handle(request: Request, cloud: Cloud) -> Response:
    """HTTPS `ingest`. Keys: (meter, quarter), (meter, start_boot, start_seq), (meter, command): safe to repeat.

    Nothing is answered before all that is accepted is stored; when storing fails the hub hears 503 and sends it again.
    """
    hub = identity.sending_hub(request, cloud)
    raw = _items(web.json_body(request, web.MAX_BODY_BYTES))
    now_ms = cloud.now_ms()
    parsed = [_judged(item, now_ms // 1000) for item in raw]
    meters = {item.meter for item in parsed if not isinstance(item, Refusal | Heartbeat)}
    if len(meters) > MAX_METERS:
        raise Refused("too_many", "items")
    directory = Directory.of(cloud, meters)
    batch = Batch()
    answers = [_placed(item, batch, directory, hub.uid) for item in parsed]
    withheld = _store(cloud, hub, batch, directory)
    answers = [
        QUOTA if isinstance(item, Event) and facts.alert_id(item) in withheld else answer
        for item, answer in zip(parsed, answers, strict=True)
    ]
    refused = sum(not answer["ok"] for answer in answers)
    quarters = ledger.named(_quarters(batch))
    log.info("ingested", hub=hub.uid, items=len(raw), refused=refused, days=len(batch.intervals), quarters=quarters)
    rhythm = {"beat_s": hubs.beat_s(hub, in_area=directory.in_area)} if batch.intervals else {}
    return web.reply({"v": 1, "now_ms": now_ms, "results": answers, **rhythm})


def _quarters(batch: Batch) -> list[tuple[str, int]]:
    return [(each.meter, each.start_s) for intervals in batch.intervals.values() for each in intervals]


def _items(body: Any) -> list[Any]:
    request = fields.mapping(body, "body")
    if request.get("v") not in items.SCHEMAS:
        raise Refused("malformed", "v")
    raw = request.get("items")
    if not isinstance(raw, list):
        raise Refused("malformed", "items")
    if len(raw) > MAX_ITEMS:
        raise Refused("too_many", "items")
    return raw


def _judged(raw: Any, now_s: int) -> Item | Refusal:
    try:
        return items.parse(raw, now_s)
    except Refusal as refusal:
        return refusal


def _placed(item: Item | Refusal, batch: Batch, directory: Directory, hub: str) -> Answer:
    """Puts an item where it goes and answers for it."""
    try:
        if isinstance(item, Refusal):
            raise item
        _PLACES[type(item)](item, batch, directory, hub)
    except Refusal as refusal:
        return {"ok": False, "code": refusal.code, "field": refusal.field}
    return OK


def _place_interval(interval: Interval, batch: Batch, directory: Directory, hub: str) -> None:
    home = directory.home_at(interval.meter, hub, interval.start_s)
    day = ledger.local_day(interval.start_s, directory.zone(home))
    batch.intervals.setdefault((home, day), []).append(interval)


def _place_event(event: Event, batch: Batch, directory: Directory, hub: str) -> None:
    batch.events.setdefault(_home_of_event(event, directory, hub), []).append(event)


def _home_of_event(event: Event, directory: Directory, hub: str) -> str:
    """By its time; until the first quarter under a new hub begins, what that hub tells belongs to it already."""
    try:
        return directory.home_at(event.meter, hub, event.start_ms // 1000)
    except Refusal:
        return directory.home_now(event.meter, hub)


def _place_status(status: Status, batch: Batch, directory: Directory, hub: str) -> None:
    batch.statuses.append((directory.home_now(status.meter, hub), status))


def _place_result(result: Result, batch: Batch, directory: Directory, hub: str) -> None:
    batch.results.append((directory.home_now(result.meter, hub), result))


def _place_sighting(sighting: Sighting, batch: Batch, directory: Directory, hub: str) -> None:
    batch.sightings.append(sighting.meter)


def _place_heartbeat(heartbeat: Heartbeat, batch: Batch, directory: Directory, hub: str) -> None:
    batch.heartbeat = heartbeat


_PLACES: dict[type, Callable[[Any, Batch, Directory, str], None]] = {
    Interval: _place_interval,
    Event: _place_event,
    Status: _place_status,
    Result: _place_result,
    Sighting: _place_sighting,
    Heartbeat: _place_heartbeat,
}


def _store(cloud: Cloud, hub: Hub, batch: Batch, directory: Directory) -> set[str]:
    """Events first: people wait for them. Returns the alerts that a home has too many of."""
    withheld: set[str] = set()
    for home, events in batch.events.items():
        area = directory.area(home)
        withheld |= alerts.store(cloud, home, events, in_area=area is not None)
        signals.store_interruptions(cloud, hub.uid, home, area, events)
    for home, status in batch.statuses:
        absence.store_status(cloud, home, status)
        signals.store_status(cloud, hub.uid, home, directory.area(home), status)
    _store_days(cloud, batch.intervals, directory)
    for (home, _), intervals in batch.intervals.items():
        signals.store_restarts(cloud, hub.uid, home, directory.area(home), intervals)
    hubs.store_cut_off(cloud, hub, (each for intervals in batch.intervals.values() for each in intervals))
    for home, result in batch.results:
        hubs.store_result(cloud, home, result)
    hubs.store_sightings(cloud, hub, batch.sightings, directory.meters)
    if batch.heartbeat is not None:
        hubs.store_heartbeat(cloud, hub, batch.heartbeat)
    return withheld


def _store_days(cloud: Cloud, told: dict[Key, list[Interval]], directory: Directory) -> None:
    """Merges intervals into their days and prices them; many in one transaction, since each call is waited for."""
    keys = list(told)
    for first in range(0, len(keys), DAYS_AT_ONCE):
        part = {key: told[key] for key in keys[first : first + DAYS_AT_ONCE]}
        cloud.store.transact(functools.partial(_write_days, told=part, directory=directory))


def _write_days(transaction: Transaction, told: dict[Key, list[Interval]], directory: Directory) -> None:
    """Writes nothing of a day that the intervals do not change."""
    paths = {(home, local): documents.day(home, local.day) for home, local in told}
    stored = transaction.read_all(paths.values())
    after: dict[Key, Day] = {}
    for key, intervals in told.items():
        home, local = key
        found = stored[paths[key]]
        before = days.read(found) if found else days.empty(local, directory.zone(home).key)
        merged = days.merge(before, intervals)
        if merged is not before:
            after[key] = merged
    to_price = [key for key in after if stored[paths[key]] is None or _is_priced_before(after[key], directory, key[0])]
    for key, valid in _terms(transaction, to_price).items():
        after[key] = days.priced(after[key], valid)
    for key, day in after.items():
        transaction.set(paths[key], {**days.write(day), **stamp()})


def _is_priced_before(day: Day, directory: Directory, home: str) -> bool:
    return terms.are_old(day.terms, directory.tariff_rev(home))


def _terms(transaction: Transaction, keys: list[Key]) -> dict[Key, Terms]:
    """What days are priced under; a home and month at a time."""
    groups: dict[tuple[str, str], list[LocalDay]] = {}
    for home, local in keys:
        groups.setdefault((home, local.month), []).append(local)
    found = {home_month: terms.read_all(transaction, home_month[0], group) for home_month, group in groups.items()}
    return {(home, local): found[home, local.month][local.day] for home, local in keys}
