"""Homes and who may do what in them."""

import hashlib
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import identity, log, queries
from .clients import Cloud
from .contract import documents, ledger
from .domain import feedback, fields, roles
from .domain.refusals import Refused
from .domain.roles import MEMBER, OWNER, VIEWER
from .store import NOW, Fields, Transaction

MAX_HOMES = 20  # of one account: a landlord's house is within it, a script is not
_EVER = 100  # homes of one name that one person ever makes, those deleted included

__all__ = ["MEMBER", "OWNER", "VIEWER", "change", "create", "in_home", "member_of", "room_for_one_more"]


def create(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `createhome`. Key: (owner, name), so a repeated call finds the home it made."""
    uid = identity.person(request, verified=True)
    profile = _profile(fields.mapping(request.data))
    home, is_new = cloud.store.transact(lambda transaction: _found_or_made(transaction, cloud, uid, profile))
    if is_new:
        log.info("home created", home=home, uid=uid)
    return {"home": home}


def _found_or_made(transaction: Transaction, cloud: Cloud, uid: str, profile: Fields) -> tuple[str, bool]:
    """The person's home of that name, and whether it was made just now. Refused: quota."""
    for number in range(_EVER):
        home = _id(uid, profile["name"], number)
        stored = transaction.read(documents.home(home))
        if stored and stored["roles"].get(uid) == OWNER and stored["name"].casefold() == profile["name"].casefold():
            return home, False
        if stored is None and transaction.read(documents.tombstone(home)) is None:
            room_for_one_more(transaction, cloud, uid)
            _write(transaction, home, uid, profile)
            return home, True
    raise Refused("quota", "name")


def change(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `changehome`. Key: (home, field): the last value holds; what is not named stays.

    Days and market prices are cut in the home's zone, and priced in its currency: once there are any, or tariffs, they
    are fixed. Refused: zone_fixed, currency_fixed.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")

    def write(transaction: Transaction) -> Fields:
        known = in_home(transaction, home, uid, (OWNER,))
        settings = {name: known.get(name) for name in ("name", "zone", "currency", "area", "false_alerts_per_year")}
        named = [name for name in settings if name in asked]
        wanted = _profile({**settings, **{name: asked[name] for name in named}})
        if wanted["zone"] != known["zone"] and _is_cut(transaction, cloud, home):
            raise Refused("zone_fixed", "zone")
        if wanted["currency"] != known["currency"] and known.get("tariffs"):
            raise Refused("currency_fixed", "currency")
        if named:
            changed = {name: wanted[name] for name in named}
            transaction.update(documents.home(home), {**changed, **_former_areas(known, wanted["area"])})
        return wanted

    wanted = cloud.store.transact(write)
    log.info("home changed", home=home, uid=uid)
    return wanted


def _is_cut(transaction: Transaction, cloud: Cloud, home: str) -> bool:
    """Is there anything that was cut in the home's zone?"""
    return any(transaction.find(queries.any_of(cloud.store.db, home, each)) for each in ("days", "prices"))


def _former_areas(known: Fields, area: str | None) -> Fields:
    """A home remembers where it lay: records there name it, and are to forget it when it is deleted."""
    if known["area"] in (None, area):
        return {}
    return {"former_areas": sorted({*known.get("former_areas", []), known["area"]})}


def room_for_one_more(transaction: Transaction, cloud: Cloud, uid: str) -> None:
    """Refused: quota, when a person belongs to as many homes as one account may.

    Looked at in the transaction that adds one: calls made at once cannot slip through together.
    """
    if len(transaction.find(queries.homes_of(cloud.store.db, uid, MAX_HOMES))) == MAX_HOMES:
        raise Refused("quota", "home")


def member_of(cloud: Cloud, home: str, uid: str, permitted: tuple[str, ...] = (OWNER, MEMBER, VIEWER)) -> Fields:
    """The home's document, for a person who has one of these roles in it.

    Refused: no_such_home for a stranger too, so that nobody can probe for homes; owners_only, members_only.
    """
    return _permitted(cloud.store.read(documents.home(home)), uid, permitted)


def in_home(
    transaction: Transaction, home: str, uid: str, permitted: tuple[str, ...] = (OWNER, MEMBER, VIEWER)
) -> Fields:
    """As `member_of`, in the transaction that relies on it."""
    return _permitted(transaction.read(documents.home(home)), uid, permitted)


def _permitted(document: Fields | None, uid: str, permitted: tuple[str, ...]) -> Fields:
    role = document["roles"].get(uid) if document else None
    if document is None or role is None:
        raise Refused("no_such_home", "home")
    if role not in permitted:
        raise Refused("owners_only" if permitted == (OWNER,) else "members_only", "home")
    return document


def _id(uid: str, name: str, number: int) -> str:
    """The number counts homes of one name: one that was renamed or deleted keeps the id it had."""
    again = f"|{number}" if number else ""
    return hashlib.sha256(f"{uid}|{name.casefold()}{again}".encode()).hexdigest()[:20]


def _profile(asked: Fields) -> Fields:
    zone = fields.text(asked, "zone", longest=64)
    ledger.zone_named(zone)
    return {
        "name": fields.text(asked, "name", longest=80),
        "zone": zone,
        "currency": fields.text(asked, "currency", longest=3, pattern="[A-Z]{3}"),
        "area": fields.text(asked, "area", longest=40, pattern="[a-z0-9-]+") if asked.get("area") else None,
        "false_alerts_per_year": _false_alerts(asked),
    }


def _false_alerts(asked: Fields) -> int:
    """How many false alerts a year its people accept: the model's threshold follows."""
    if asked.get("false_alerts_per_year") is None:
        return feedback.USUAL_PER_YEAR
    chosen = fields.integer(asked, "false_alerts_per_year", min(feedback.PER_YEAR), max(feedback.PER_YEAR))
    if chosen not in feedback.PER_YEAR:
        raise Refused("out_of_range", "false_alerts_per_year")
    return chosen


def _write(transaction: Transaction, home: str, uid: str, profile: Fields) -> None:
    """The home, and the first word on its training: there is none until it has a meter."""
    transaction.create(
        documents.home(home),
        {
            **profile,
            **roles.written({uid: OWNER}),
            "hub": None,
            "meter": None,
            "budget": None,
            "created": NOW,
        },
    )
    transaction.create(
        documents.insight(home, "model"),
        {"version": 0, "trained_ms": None, "meter": None, "status": "learning", "reason": "no_meter", "days": 0},
    )
