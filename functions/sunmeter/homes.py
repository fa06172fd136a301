"""Homes and who may do what in them."""

import hashlib
from typing import Any

from firebase_functions.https_fn import CallableRequest
from google.cloud import firestore

from . import identity, log, queries
from .clients import Cloud
from .contract import documents, ledger
from .domain import fields
from .domain.refusals import Refused

OWNER, MEMBER, VIEWER = "owner", "member", "viewer"
MAX_HOMES = 20  # one account; a landlord's house is within it, a script is not


def create(request: CallableRequest[Any], cloud: Cloud) -> dict[str, Any]:
    """Callable `createhome`. Key: (owner, name), so a repeated call finds the home it made."""
    uid = identity.person(request, verified=True)
    asked = fields.mapping(request.data)
    name = fields.text(asked, "name", longest=80)
    zone = fields.text(asked, "zone", longest=64)
    ledger.zone_named(zone)
    currency = fields.text(asked, "currency", longest=3, pattern="[A-Z]{3}")
    area = fields.text(asked, "area", longest=40, pattern="[a-z0-9-]+") if asked.get("area") else None
    home = hashlib.sha256(f"{uid}|{name.casefold()}".encode()).hexdigest()[:20]
    reference = cloud.db.document(documents.home(home))
    if not reference.get().exists:
        _check_quota(cloud, uid)
        _store(cloud, home, uid, {"name": name, "zone": zone, "currency": currency, "area": area})
        log.info("home created", home=home, uid=uid)
    return {"home": home}


def read(cloud: Cloud, home: str, uid: str, *, roles: tuple[str, ...] = (OWNER, MEMBER, VIEWER)) -> dict[str, Any]:
    """The home's document, for a person who has one of these roles in it.

    Refused: no_such_home for a stranger too, so that nobody can probe for homes; owners_only, members_only.
    """
    document: dict[str, Any] | None = cloud.db.document(documents.home(home)).get().to_dict()
    role = document["roles"].get(uid) if document else None
    if document is None or role is None:
        raise Refused("no_such_home", "home")
    if role not in roles:
        raise Refused("owners_only" if roles == (OWNER,) else "members_only", "home")
    return document


def _check_quota(cloud: Cloud, uid: str) -> None:
    if len(queries.homes_of(cloud.db, uid).limit(MAX_HOMES).get()) == MAX_HOMES:
        raise Refused("quota", "home")


def _store(cloud: Cloud, home: str, uid: str, profile: dict[str, Any]) -> None:
    """The home, and the first word on its training, by which `reconcile` finds homes that were never trained."""
    batch = cloud.db.batch()
    batch.create(
        cloud.db.document(documents.home(home)),
        {
            **profile,
            "member_uids": [uid],
            "roles": {uid: OWNER},
            "hub": None,
            "meter": None,
            "budget": None,
            "created": firestore.SERVER_TIMESTAMP,
        },
    )
    batch.create(
        cloud.db.document(documents.insight(home, "model")),
        {"version": 0, "trained_ms": 0, "meter": None, "status": "learning", "reason": "no_meter", "days": 0},
    )
    batch.commit()
