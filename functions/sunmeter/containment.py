"""Loads that may be shed: an owner consents, an operator asks, and every load returns in its own time.

The relay of a consenting home drives the coil of a contactor: the load has power while the relay is closed, which a
command does for a day at most and this module renews. To shed is to open it. docs/grid.md says what that means.
"""

import functools
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import areas, commands, homes, identity, limits, log, queries
from .assigning import KEY_VERSION
from .clients import Cloud
from .contract import documents, wire
from .domain import downlinks, fields, shedding
from .domain.refusals import Refused
from .store import Fields, Transaction

SWITCH_QUEUE = "switchload"
SHED_QUEUE = "shedloads"
SETTLE_MS = 30_000  # a new configuration reaches the meter before the first command that it allows
AGAIN_MS = 900_000  # what the hourly look finds is spread as well
MOST_HOMES = 500  # of one shed
WORDS = limits.Limit("consentshed", 20, limits.DAY_MS)  # of one home: each has its area listed
MOST_LATE = 500  # loads of one look: what is left over is found an hour later


def consent(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `consentshed`: an owner gives or withdraws consent. Key: (home, meter): the last word holds.

    It stands in the configuration that is sealed for the meter, which switches nothing without it.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home, given = fields.document_id(asked, "home"), fields.optional_truth(asked, "consent")
    if given is None:
        raise Refused("malformed", "consent")
    profile = homes.member_of(cloud, home, uid, (homes.OWNER,))
    if profile["meter"] is None:
        raise Refused("no_meter", "home")
    limits.spend(cloud, WORDS, home)
    k_meter = wire.meter_key(cloud.master_key(), profile["meter"], KEY_VERSION)
    word = {"consent": given, "by": uid, "since_ms": cloud.now_ms(), "meter": profile["meter"]}
    relay = cloud.store.transact(lambda transaction: _consent(transaction, home, word, k_meter))
    if given:
        ask_switch(cloud, home, f"consent-{relay['since_ms']}", relay["renew_ms"])
    if profile["area"]:
        areas.ask(cloud, profile["area"], refresh=True)
    log.info("consent to shedding", home=home, uid=uid, consent=given)
    return {"consent": relay["consent"], "since_ms": relay["since_ms"]}


def shed(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `shedload`: an operator asks for the loads of consenting homes. Key: (area, shed), the caller's own id.

    Who asked, when, why and of whom is kept before anything is switched. Refused: nobody_consents.
    """
    asked = fields.mapping(request.data)
    area, shed_id = fields.area(asked), fields.document_id(asked, "shed")
    uid = identity.operator(request, area)
    for_s = fields.integer(asked, "for_s", shedding.LEAST_SHED_S, shedding.MOST_SHED_S)
    reason = fields.text(asked, "reason", longest=200, shortest=3)
    roster = areas.of(cloud, area)
    consenting = {home for home, entry in roster["homes"].items() if entry["consents"]}
    chosen = sorted(consenting & _chosen(asked) if asked.get("homes") is not None else consenting)[:MOST_HOMES]
    if not chosen:
        raise Refused("nobody_consents", "homes")
    now_ms, off_ms = cloud.now_ms(), for_s * 1000
    spread = shedding.spread_ms(off_ms)
    record = {"by": uid, "asked_ms": now_ms, "reason": reason, "for_s": for_s, "until_ms": now_ms + off_ms}
    record |= {"spread_ms": spread, "back_by_ms": now_ms + off_ms + spread, "homes": chosen}
    kept = cloud.store.transact(lambda transaction: _keep(transaction, documents.shed(area, shed_id), record))
    cloud.enqueue(SHED_QUEUE, f"{area}-{shed_id}", {"area": area, "shed": shed_id})
    log.info("shed asked", area=area, shed=shed_id, uid=uid, homes=len(kept["homes"]), for_s=kept["for_s"])
    return {"homes": len(kept["homes"]), "until_ms": kept["until_ms"], "back_by_ms": kept["back_by_ms"]}


def shed_homes(data: Any, cloud: Cloud) -> None:
    """Task `shedloads`. Key: (shed, home): each relay is opened once, and its closing asked for with it."""
    asked = fields.mapping(data)
    area, shed_id = fields.area(asked), fields.document_id(asked, "shed")
    record = cloud.store.read(documents.shed(area, shed_id))
    if record is None:
        return
    opened = 0
    for home in record["homes"]:
        at_ms = shedding.return_ms(shed_id, home, record["until_ms"], record["spread_ms"])
        opening = functools.partial(
            _open, home=home, at_ms=at_ms, record=record, area=area, shed_id=shed_id, cloud=cloud
        )
        if cloud.store.transact(opening):
            ask_switch(cloud, home, f"shed-{shed_id}", at_ms)
            opened += 1
    log.info("loads shed", area=area, shed=shed_id, homes=len(record["homes"]), opened=opened)


def switch(data: Any, cloud: Cloud) -> None:
    """Task `switchload`: closes a home's relay for a day. Key: (home, mark): once, however often it runs."""
    asked = fields.mapping(data)
    home = fields.document_id(asked, "home")
    mark = fields.document_id(asked, "mark")
    closed = cloud.store.transact(lambda transaction: _close(transaction, home, mark, cloud))
    log.info("load switched", home=home, mark=mark, closed=closed)


def ask_switch(cloud: Cloud, home: str, mark: str, at_ms: int) -> None:
    """Asks for a home's load to return at that moment. Key: (home, mark)."""
    cloud.enqueue(SWITCH_QUEUE, f"{home}-{mark}", {"home": home, "mark": mark}, at_ms)


def renew(cloud: Cloud) -> int:
    """Part of `reconcile`: loads whose day is half over, or that a task forgot. Key: (home, hour)."""
    now_ms = cloud.now_ms()
    late = list(cloud.store.find(queries.loads_to_switch(cloud.store.db, now_ms, MOST_LATE)))
    for found in late:
        mark = f"renew-{now_ms // 3_600_000}"
        ask_switch(cloud, found.id, mark, shedding.return_ms(mark, found.id, now_ms, AGAIN_MS))
    return len(late)


def _chosen(asked: Fields) -> set[str]:
    named = asked["homes"]
    if not isinstance(named, list):
        raise Refused("malformed", "homes")
    if len(named) > MOST_HOMES:
        raise Refused("too_many", "homes")
    return {fields.document_id({"homes": each}, "homes") for each in named}


def _consent(transaction: Transaction, home: str, word: Fields, k_meter: bytes) -> Fields:
    """Seals the word into the meter's configuration, and keeps it with the home; nothing where it was said before."""
    profile = transaction.read(documents.home(home)) or {}
    downlink = transaction.read(documents.downlink(word["meter"]))
    if downlink is None or profile.get("meter") != word["meter"]:
        raise Refused("no_meter", "home")
    known: Fields = profile.get("relay") or {"consent": False, "since_ms": word["since_ms"], "meter": word["meter"]}
    if (known["consent"], known["meter"]) == (word["consent"], word["meter"]):
        return {"renew_ms": word["since_ms"] + SETTLE_MS, **known}
    version = downlinks.next_version(downlink["config_version"], word["since_ms"] // 1000)
    blob = downlinks.consenting(k_meter, word["meter"], bytes(downlink["config"]), version, word["consent"])
    if blob is not None:
        transaction.update(documents.downlink(word["meter"]), {"config": blob, "config_version": version})
    relay = {**word, "renew_ms": word["since_ms"] + SETTLE_MS if word["consent"] else None, "mark": "", "shed": ""}
    transaction.update(documents.home(home), {"relay": relay})
    return relay


def _keep(transaction: Transaction, path: str, record: Fields) -> Fields:
    """The record of a shed: the first one of this id holds."""
    stored = transaction.read(path)
    if stored is None:
        transaction.set(path, record)
    return stored or record


def _open(
    transaction: Transaction, *, home: str, at_ms: int, record: Fields, area: str, shed_id: str, cloud: Cloud
) -> bool:
    """Asks a home's meter to open its relay, if the home consents now; False where it is not this shed's to switch."""
    now_ms, relay, downlink = _relay(transaction, home, cloud, area)
    if relay is None or downlink is None:
        return False
    if relay["shed"] == shed_id:
        return True
    if relay.get("shed_until_ms", 0) > now_ms or record["until_ms"] <= now_ms:
        return False
    tags = {"area": area, "load": home}
    k_meter = wire.meter_key(cloud.master_key(), relay["meter"], KEY_VERSION)
    life_ms = record["until_ms"] - now_ms
    number = commands.ask(
        transaction, downlink, relay["meter"], k_meter, "relay", {"on": False}, now_ms, life_ms=life_ms, tags=tags
    )
    audit = {"meter": relay["meter"], "home": home, "name": "relay", "shed": shed_id, "by": record["by"]}
    audit |= {"asked_ms": now_ms, "reason": record["reason"], "state": "sent", "back_ms": at_ms}
    transaction.set(documents.area_command(area, f"{relay['meter']}-{number}"), audit)
    shed_now = {"shed": shed_id, "shed_until_ms": at_ms, "renew_ms": at_ms}
    transaction.update(documents.home(home), {"relay": {**relay, **shed_now}})
    return True


def _close(transaction: Transaction, home: str, mark: str, cloud: Cloud) -> bool:
    """Asks a home's meter to close its relay for a day, unless the home is shed, or was asked under this mark."""
    now_ms, relay, downlink = _relay(transaction, home, cloud)
    if relay is None or downlink is None or relay["mark"] == mark or relay.get("shed_until_ms", 0) > now_ms:
        return False
    args = {"on": True, "for_s": shedding.ON_FOR_S}
    k_meter = wire.meter_key(cloud.master_key(), relay["meter"], KEY_VERSION)
    commands.ask(transaction, downlink, relay["meter"], k_meter, "relay", args, now_ms, tags={"load": home})
    renewed = {"mark": mark, "renew_ms": now_ms + shedding.RENEW_MS}
    transaction.update(documents.home(home), {"relay": {**relay, **renewed}})
    return True


def _relay(
    transaction: Transaction, home: str, cloud: Cloud, area: str | None = None
) -> tuple[int, Fields | None, Fields | None]:
    """(now, what the home says of its relay, its meter's downlink); None where it does not consent with this meter.

    area: where it must still lie; a roster may be a day old.
    """
    profile = transaction.read(documents.home(home)) or {}
    relay: Fields | None = profile.get("relay")
    has_left = area is not None and profile.get("area") != area
    if has_left or not relay or not relay["consent"] or relay["meter"] != profile.get("meter"):
        return cloud.now_ms(), None, None
    return cloud.now_ms(), relay, transaction.read(documents.downlink(relay["meter"]))
