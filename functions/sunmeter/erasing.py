"""Homes and accounts that go: what they held is erased, hubs are told to erase it too, and late intervals are refused.

A home goes in two steps: one transaction buries it, which leaves its tombstone, frees its meter and tells each hub that
ever carried for it; a task then erases what lay beneath. `reconcile` asks again for what was not finished.
"""

import functools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import areas, assigning, homes, identity, log, neighbours, queries
from .clients import Cloud
from .contract import documents
from .domain import farewell, fields, roles
from .domain.farewell import Fate
from .domain.items import OLDEST_S
from .domain.refusals import Refused
from .domain.roles import OWNER
from .store import Fields, Found, Transaction

QUEUE = "erase"
TOMBSTONE_KEPT = timedelta(seconds=OLDEST_S + 86_400)  # intervals that come later are too old for anybody
ORPHAN_KEPT = timedelta(days=30)  # a hub whose owner has gone stays signed in this long, to hear what it must erase
SIGNED_IN_WITHIN_S = 600
LATE_MS = 900_000  # whatever read the home before it was buried (a request, a task) has written by then, or is over
SWEEP_AFTER_MS = 2 * 3_600_000  # an ID token of the deleted account lives for up to an hour
NAMED_IN = (("enrolments", "owner"), ("offers", "by"), ("mail", "uid"))  # documents that go with the person they name
AT_ONCE = 200
LEAVES = ("days", "months", "kept")  # collections of a home without anything beneath, and without anybody's name
NAMELESS = (*LEAVES, "live", "prices")


def delete_home(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `deletehome`: {"home", "name" (typed again)}. Key: home. Refused: owners_only, name_differs."""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    profile = homes.member_of(cloud, home, uid, (OWNER,))
    if fields.text(asked, "name", longest=80).casefold() != profile["name"].casefold():
        raise Refused("name_differs", "name")
    bury(cloud, home)
    log.info("home deleted", home=home, uid=uid)
    return {}


def delete_account(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `deleteaccount`. Key: the account: asked again before it is done, the last choices hold.

    {"email" (typed again), "homes": {home: "delete" | {"pass_to": uid}}}; a home with another owner needs no choice.
    Refused: sign_in_again, name_differs, choose_fate, no_such_member.
    """
    uid = identity.person(request)
    token = request.auth.token if request.auth else {}
    asked = fields.mapping(request.data)
    now_ms = cloud.now_ms()
    if now_ms // 1000 - int(token.get("auth_time", 0)) > SIGNED_IN_WITHIN_S:
        raise Refused("sign_in_again")
    email = str(token.get("email", "")).lower()
    if fields.text(asked, "email", longest=254).lower() != email:
        raise Refused("name_differs", "email")
    chosen = farewell.choices(asked)
    farewell.checked({found.id: found.fields["roles"] for found in _homes_of(cloud, uid)}, uid, chosen)
    deletion = {"email": email, "homes": chosen, "asked_ms": now_ms, "state": "asked", "due_ms": now_ms}
    cloud.store.merge(documents.deletion(uid), deletion)
    cloud.enqueue(QUEUE, f"account-{uid}-{now_ms}", {"account": uid})
    log.info("account deletion asked")
    return {"state": "asked"}


def run(data: Any, cloud: Cloud) -> None:
    """Task `erase`. Key: the home or the account: what is gone stays gone, what is left is taken up."""
    asked = fields.mapping(data)
    if asked.get("home"):
        _erase_home(cloud, fields.document_id(asked, "home"))
    else:
        _erase_account(cloud, fields.document_id(asked, "account"))


def bury(cloud: Cloud, home: str) -> None:
    """Takes a home out of the world at one moment, and asks for what lay beneath to be erased. Key: home."""
    periods = list(cloud.store.find(queries.assignments_to(cloud.store.db, home)))
    now_ms = cloud.now_ms()
    cloud.store.transact(lambda transaction: _bury(transaction, home, periods, now_ms))
    cloud.enqueue(QUEUE, f"home-{home}-{now_ms}", {"home": home})


def _bury(transaction: Transaction, home: str, periods: list[Found], now_ms: int) -> None:
    profile = transaction.read(documents.home(home))
    if profile is None:
        return
    meter = transaction.read(documents.meter(profile["meter"])) if profile["meter"] else None
    expires = _moment(now_ms) + TOMBSTONE_KEPT
    lain_in = {*profile.get("former_areas", []), *([profile["area"]] if profile["area"] else [])}
    buried = {"state": "erasing", "at_ms": now_ms, "areas": sorted(lain_in), "expires": expires}
    transaction.set(documents.tombstone(home), buried)
    if meter and meter.get("home") == home and meter["hub"]:
        current = Found(documents.assignment(profile["meter"], str(meter["assignment"])), {**meter, "to_s": None})
        periods = [*periods, current]  # it may be newer than what the query found
    for period in periods:
        transaction.set(*_order_to_erase(period, assigning.next_quarter(now_ms), expires))
    if meter and meter.get("home") == home:
        assigning.leave(transaction, profile["meter"], meter, now_ms)
    transaction.delete(documents.home(home))


def _order_to_erase(period: Found, ends_s: int, expires: datetime) -> tuple[str, Fields]:
    """For the hub of one period, which listens to what bears its name: what it holds of that time is to go."""
    _, meter, _, number = period.path.split("/")
    to_s = period.fields["to_s"] or ends_s
    told = {"hub": period.fields["hub"], "meter": meter, "from_s": period.fields["from_s"], "to_s": to_s}
    return documents.erasure(meter, number), {**told, "erase": True, "expires": expires}


def _erase_home(cloud: Cloud, home: str) -> None:
    if cloud.store.read(documents.home(home)) is not None:
        return  # it was never buried: what is alive is not erased
    gone = cloud.store.delete_below(documents.home(home), LEAVES, AT_ONCE)
    _delete_all(cloud, cloud.store.find(queries.naming(cloud.store.db, "mail", "home", home)))
    for hub in list(cloud.store.find(queries.hubs_with_guest(cloud.store.db, home))):
        neighbours.forget(cloud, hub.id, home)
    tombstone = cloud.store.read(documents.tombstone(home)) or {}
    for area in tombstone.get("areas", []):
        areas.forget(cloud, area, home)
    is_over = cloud.now_ms() >= tombstone.get("at_ms", 0) + LATE_MS
    # Until then `reconcile` has it swept once more: what was under way when it was buried may write beneath it yet.
    cloud.store.merge(documents.tombstone(home), {"state": "erased", "areas": []} if is_over else {"state": "erasing"})
    log.info("home erased", home=home, documents=gone)


def _erase_account(cloud: Cloud, uid: str) -> None:
    deletion = cloud.store.read(documents.deletion(uid))
    if deletion is None:
        return
    living = _homes_of(cloud, uid)
    fates = {found.id: farewell.fate(found.id, found.fields["roles"], uid, deletion["homes"]) for found in living}
    for hub in cloud.store.find(queries.hubs_of(cloud.store.db, uid)):
        _give_away_hub(cloud, hub.id, uid, fates)
    for home, fate in fates.items():
        _part_with(cloud, home, uid, fate)
    _take_out_of_homes(cloud, uid, frozenset({uid, deletion["email"]}))
    cloud.store.delete_below(documents.user(uid), (), AT_ONCE)
    cloud.store.delete(documents.user(uid))
    for collection, field in NAMED_IN:
        _delete_all(cloud, cloud.store.find(queries.naming(cloud.store.db, collection, field, uid)))
    _delete_all(cloud, cloud.store.find(queries.mail_to(cloud.store.db, deletion["email"])))
    for acts in (queries.sheds_asked_by, queries.commands_asked_by):
        for found in list(cloud.store.find(acts(cloud.store.db, uid))):
            cloud.store.update(found.path, {"by": ""})  # an operator's acts stay, without the name
    cloud.forget_person(uid)
    _close(cloud, uid, deletion["state"] == "erased" and cloud.now_ms() >= deletion["due_ms"])


def _close(cloud: Cloud, uid: str, is_sweep: bool) -> None:
    """The record of a deletion outlives the last ID token: what was written under one is swept, then it goes too."""
    if is_sweep:
        cloud.store.delete(documents.deletion(uid))
        log.info("account swept")
        return
    erased = {"state": "erased", "due_ms": cloud.now_ms() + SWEEP_AFTER_MS}
    cloud.store.update(documents.deletion(uid), erased)
    log.info("account erased")


def _homes_of(cloud: Cloud, uid: str) -> list[Found]:
    return list(cloud.store.find(queries.homes_of(cloud.store.db, uid, homes.MAX_HOMES)))


def _give_away_hub(cloud: Cloud, hub: str, uid: str, fates: dict[str, Fate]) -> None:
    """A hub stays with a home that it serves and that somebody inherits; else it is nobody's, and serves nobody."""
    served = sorted(found.id for found in cloud.store.find(queries.homes_served_by(cloud.store.db, hub)))
    heirs = [fates[home].heir for home in served if home in fates and fates[home].heir]

    def write(transaction: Transaction) -> None:
        document = transaction.read(documents.hub(hub))
        if document is None or document["owner"] != uid:
            return
        if heirs:
            transaction.update(documents.hub(hub), {"owner": heirs[0]})
            return
        guests = {home: transaction.read(documents.home(home)) for home in document.get("guests", {})}
        neighbours.send_away(transaction, hub, {"guests": {}, **document}, guests, cloud.now_ms())
        orphaned = {"owner": "", "name": "", "expires": _moment(cloud.now_ms()) + ORPHAN_KEPT}
        transaction.update(documents.hub(hub), orphaned)

    cloud.store.transact(write)
    log.info("hub given away", hub=hub, inherited=bool(heirs))


def _part_with(cloud: Cloud, home: str, uid: str, fate: Fate) -> None:
    if fate.heir is None:
        bury(cloud, home)
        return
    heir = fate.heir

    def write(transaction: Transaction) -> None:
        profile = transaction.read(documents.home(home))
        if profile and uid in profile["roles"] and heir in profile["roles"]:
            known = farewell.inherited(profile["roles"], uid, heir)
            former = [*profile.get("former_uids", []), uid]
            transaction.update(documents.home(home), {**roles.written(known), "former_uids": former})

    cloud.store.transact(write)


def _take_out_of_homes(cloud: Cloud, uid: str, names: frozenset[str]) -> None:
    """Homes where the person once lived name them no more."""
    for home in cloud.store.find(queries.homes_once_of(cloud.store.db, uid)):
        for found in cloud.store.beneath(home.path, NAMELESS):
            cleaned = farewell.without(found.fields, names)
            if cleaned != found.fields:
                cloud.store.set(found.path, cleaned)
        cloud.store.transact(functools.partial(_take_out_of_home, path=home.path, names=names))


def _take_out_of_home(transaction: Transaction, path: str, names: frozenset[str]) -> None:
    profile = transaction.read(path)
    if profile is not None:
        transaction.set(path, farewell.without(profile, names))


def _delete_all(cloud: Cloud, found: Iterable[Found]) -> None:
    for each in found:
        cloud.store.delete(each.path)


def _moment(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms / 1000, UTC)
