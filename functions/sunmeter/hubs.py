"""What hubs tell of themselves and of the meters around them, kept with few writes."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from firebase_admin import auth
from firebase_functions.https_fn import CallableRequest

from . import absence, areas, commands, identity, limits, log, signals
from .clients import Cloud
from .contract import documents
from .contract.ledger import Interval
from .domain import calibrations, fields, presence
from .domain.items import Heartbeat, Result
from .domain.refusals import Refused
from .identity import Hub
from .limits import Limit
from .project import app
from .store import NOW, Fields, Transaction

SIGHTING_EVERY_MS = 300_000
SIGHTED_WITHIN_MS = 900_000
MAX_SIGHTINGS = 20  # of one request: a street has no more unknown meters at a time
MAX_HEARERS = 8  # hubs that are remembered of one meter
MOVES = Limit("moved", 60, limits.DAY_MS)  # of one hub's meters: each has its areas listed
SIGHTINGS = Limit("sighting", 60)  # requests of one hub that bring some: it may invent as many meters as it likes


def beat_s(hub: Hub, *, in_area: bool) -> int:
    """How often this hub is to send a heartbeat; in_area: one of the homes that it brought something for is in one."""
    return presence.BEAT_IN_AREA_S if in_area or hub.document.get("areas") else presence.BEAT_S


def store_heartbeat(cloud: Cloud, hub: Hub, heartbeat: Heartbeat) -> None:
    """Keeps when a hub was last alive. Key: (hub, time): one that comes too soon and tells no news writes nothing."""
    meters, now_ms = len(heartbeat.meters), cloud.now_ms()
    silent_ms, of = hub.document.get("silent_ms"), hub.document.get("areas") or []
    news = {"version": heartbeat.version, "damaged_ms": heartbeat.damaged_ms}
    known = {"version": hub.document["version"], "damaged_ms": hub.document.get("damaged_ms", 0)}
    has_moved = heartbeat.meters.keys() != hub.document["meters"].keys()
    of_meters = presence.with_updates(hub.document["meters"], heartbeat.meters, now_ms)
    is_news = news != known or has_moved or _news_of(of_meters) != _news_of(hub.document["meters"])
    if not is_news and presence.is_soon(hub.document, meters, now_ms) and silent_ms is None:
        return
    if has_moved and limits.tried(cloud, MOVES, hub.uid) is None:
        for area in {*of, *areas.of_hub(cloud, hub.uid)}:
            areas.ask(cloud, area, refresh=True)
    if silent_ms is not None:
        absence.hub_is_back(cloud, hub.uid, silent_ms, now_ms)
        signals.store_hub(cloud, hub.uid, of, "back", now_ms)
    told = {"last_ms": now_ms, "queue": heartbeat.queue, "meters": of_meters}
    alive = {**told, **news, "due_ms": presence.due_ms(now_ms, meters, in_area=bool(of))}
    cloud.store.transact(lambda transaction: _write_alive(transaction, documents.hub(hub.uid), alive, silent_ms))
    if news["damaged_ms"] > known["damaged_ms"]:
        log.warning("hub lost its database", hub=hub.uid, damaged_ms=heartbeat.damaged_ms)


def _news_of(meters: dict[str, dict[str, int]]) -> dict[str, tuple[int, int, int]]:
    """What each meter runs, by which code it last refused something, when its clock was wrong; once it was heard."""
    return {
        meter: (told["firmware"], told.get("refusal", 0), told.get("clocked_ms", 0))
        for meter, told in meters.items()
        if told.get("firmware")
    }


def revoke(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `revokehub`: withdraws a hub's access at once. Key: the hub; enrolled again it is itself again."""
    uid = identity.person(request)
    hub = fields.document_id(fields.mapping(request.data), "hub")
    document = cloud.store.read(documents.hub(hub))
    if document is None or document["owner"] != uid:
        raise Refused("no_such_hub", "hub")
    cloud.store.update(documents.hub(hub), {"revoked": True})
    auth.update_user(hub, disabled=True, app=app())
    auth.revoke_refresh_tokens(hub, app=app())
    log.warning("hub revoked", hub=hub, uid=uid)
    return {"hub": hub}


def store_cut_off(cloud: Cloud, hub: Hub, intervals: Iterable[Interval]) -> None:
    """Notes that a hub which was silent had gone on without its line. Key: (hub, when it fell silent): once."""
    silence = hub.document.get("was_silent") or {"is_told": True}
    if not silence["is_told"] and any(presence.was_cut_off(silence, each) for each in intervals):
        signals.store_cut_off(cloud, hub.uid, hub.document.get("areas") or [], silence["from_ms"])
        cloud.store.update(documents.hub(hub.uid), {"was_silent": {**silence, "is_told": True}})


def _write_alive(transaction: Transaction, path: str, alive: Fields, silent_ms: int | None) -> None:
    """A silence that began since this request was let in stays, and ends with the next heartbeat."""
    stored = transaction.read(path) or {}
    has_ended = stored.get("silent_ms") == silent_ms
    if has_ended and silent_ms is not None:
        alive = {**alive, "was_silent": {"from_ms": silent_ms, "to_ms": alive["last_ms"], "is_told": False}}
    transaction.update(path, {**alive, "silent_ms": None} if has_ended else alive)


def store_sightings(cloud: Cloud, hub: Hub, sighted: Iterable[str], known: dict[str, Fields | None]) -> None:
    """Keeps which hub hears a meter that it has no key for. Key: (meter, hub), renewed every five minutes."""
    now_ms = cloud.now_ms()
    news = [meter for meter in sorted(set(sighted)) if _is_news(known.get(meter) or {}, hub.uid, now_ms)]
    if not news:
        return
    if limits.tried(cloud, SIGHTINGS, hub.uid) is not None:
        log.warning("sightings withheld", hub=hub.uid, meters=len(news))
        return
    for meter in news[:MAX_SIGHTINGS]:
        cloud.store.transact(partial(_sight, path=documents.meter(meter), hub=hub.uid, now_ms=now_ms))
        log.info("meter sighted", meter=meter, hub=hub.uid)


def hearing(meter: Fields, now_ms: int) -> list[str]:
    """The hubs that heard a meter lately, the last one first."""
    heard: dict[str, int] = meter.get("sighted", {})
    return [
        hub for hub in sorted(heard, key=heard.__getitem__, reverse=True) if heard[hub] >= now_ms - SIGHTED_WITHIN_MS
    ]


def _is_news(meter: Fields, hub: str, now_ms: int) -> bool:
    """Not of a meter that is this hub's already, whose link key is on its way, nor of one just sighted."""
    return meter.get("hub") != hub and now_ms >= meter.get("sighted", {}).get(hub, 0) + SIGHTING_EVERY_MS


def _sight(transaction: Transaction, path: str, hub: str, now_ms: int) -> None:
    """Other hubs' sightings stay beside it: a stranger's does not stand between a meter and its own hub."""
    stored = transaction.read(path)
    others = [other for other in hearing(stored or {}, now_ms) if other != hub][: MAX_HEARERS - 1]
    sighted = {hub: now_ms, **{other: stored["sighted"][other] for other in others if stored}}
    (transaction.set if stored is None else transaction.update)(path, {"sighted": sighted})


def store_result(cloud: Cloud, home: str, result: Result) -> None:
    """Takes a command that was carried out off the downlink and keeps what came of it. Key: (meter, command id)."""
    downlink, job = documents.downlink(result.meter), documents.job(home, f"command-{result.command_id}")
    outcome = {"state": "done" if result.code == 0 else "failed", "code": result.code, "text": result.text}
    now_ms = cloud.now_ms()

    def write(transaction: Transaction) -> None:
        sent = (transaction.read(downlink) or {}).get("commands", [])
        waiting = [command for command in sent if command["id"] != result.command_id]
        done = [command for command in sent if command["id"] == result.command_id]
        of_load = transaction.read(documents.home(home)) if any("load" in command for command in done) else None
        for command in done:
            commands.settle(transaction, command, result.meter, outcome, of_load)
        if done:
            transaction.update(downlink, {"commands": waiting})
            transaction.merge(job, {"kind": "command", **outcome, "finished": NOW})
            if calibrations.was_changed(result.code, result.text):
                transaction.update(documents.meter(result.meter), {"calibrated_ms": now_ms})

    cloud.store.transact(write)
