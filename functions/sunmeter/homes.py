"""Homes and who may do what in them."""

import hashlib
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import identity, log, queries
from .clients import Cloud
from .contract import documents, ledger
from .domain import fields
from .domain.refusals import Refused
from .store import NOW, Fields, Writer

OWNER, MEMBER, VIEWER = "owner", "member", "viewer"
MAX_HOMES = 20  # of one account: a landlord's house is within it, a script is not


def create(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `createhome`. Key: (owner, name), so a repeated call finds the home it made."""
    uid = identity.person(request, verified=True)
    profile = _profile(fields.mapping(request.data))
    home = hashlib.sha256(f"{uid}|{profile['name'].casefold()}".encode()).hexdigest()[:20]
    if cloud.store.read(documents.home(home)) is None:
        if len(list(cloud.store.find(queries.homes_of(cloud.store.db, uid, MAX_HOMES)))) == MAX_HOMES:
            raise Refused("quota", "home")
        cloud.store.together(lambda writer: _write(writer, home, uid, profile))
        log.info("home created", home=home, uid=uid)
    return {"home": home}


def member_of(cloud: Cloud, home: str, uid: str, roles: tuple[str, ...] = (OWNER, MEMBER, VIEWER)) -> Fields:
    """The home's document, for a person who has one of these roles in it.

    Refused: no_such_home for a stranger too, so that nobody can probe for homes; owners_only, members_only.
    """
    document = cloud.store.read(documents.home(home))
    role = document["roles"].get(uid) if document else None
    if document is None or role is None:
        raise Refused("no_such_home", "home")
    if role not in roles:
        raise Refused("owners_only" if roles == (OWNER,) else "members_only", "home")
    return document


def _profile(asked: Fields) -> Fields:
    zone = fields.text(asked, "zone", longest=64)
    ledger.zone_named(zone)
    return {
        "name": fields.text(asked, "name", longest=80),
        "zone": zone,
        "currency": fields.text(asked, "currency", longest=3, pattern="[A-Z]{3}"),
        "area": fields.text(asked, "area", longest=40, pattern="[a-z0-9-]+") if asked.get("area") else None,
    }


def _write(writer: Writer, home: str, uid: str, profile: Fields) -> None:
    """The home, and the first word on its training, by which `reconcile` finds homes that were never trained."""
    writer.create(
        documents.home(home),
        {
            **profile,
            "member_uids": [uid],
            "roles": {uid: OWNER},
            "hub": None,
            "meter": None,
            "budget": None,
            "created": NOW,
        },
    )
    writer.create(
        documents.insight(home, "model"),
        {"version": 0, "trained_ms": 0, "meter": None, "status": "learning", "reason": "no_meter", "days": 0},
    )
