"""Enrolment of a hub in the shape of RFC 8628 (device authorization): the Pi shows a code, its owner types it.

The Pi proves with its 256-bit device code that the session is its own. The hub's password is made as it is handed over,
once, and stored nowhere.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from firebase_admin import auth
from firebase_functions.https_fn import CallableRequest
from flask import Request, Response

from . import homes, identity, limits, log, queries, web
from .clients import Cloud
from .contract import documents
from .domain import codes, fields
from .domain.refusals import Refused
from .limits import Limit
from .project import app
from .store import NOW, Fields, Found, Transaction

LIFETIME_S = 900
POLL_EVERY_S = 5
STARTS = Limit("enrolstart", 30)  # of one address: a street's hubs behind one router
TRIES_OF_USER = Limit("enrolapprove", 5)
TRIES_OF_ADDRESS = Limit("enrolapprove-address", 20)


def start(request: Request, cloud: Cloud) -> Response:
    """HTTPS `enrolstart`: opens an enrolment. Key: the device code, which each call makes anew."""
    limits.spend(cloud, STARTS, web.address_of(request))
    asked = fields.mapping(web.json_body(request))
    hub_name = fields.text(asked, "hub_name", longest=60)
    before = fields.document_id(asked, "hub") if asked.get("hub") else None
    device_code, user_code = secrets.token_urlsafe(32), codes.user_code(secrets.token_bytes(5))
    now = _now(cloud)
    cloud.store.create(
        _path(device_code),
        {
            "user_code_mac": codes.user_code_mac(cloud.master_key(), user_code),
            "state": "pending",
            "owner": None,
            "home": None,
            "hub": None,
            "hub_name": hub_name,
            "before": before,
            "created": now,
            "expires": now + timedelta(seconds=LIFETIME_S),
        },
    )
    log.info("enrolment started", hub_name=hub_name)
    return web.reply(
        {"device_code": device_code, "user_code": user_code, "expires_s": LIFETIME_S, "interval_s": POLL_EVERY_S}
    )


def poll(request: Request, cloud: Cloud) -> Response:
    """HTTPS `enrolpoll`: 202 until approved, then the hub's credentials, once. Key: the device code."""
    asked = fields.mapping(web.json_body(request))
    path = _path(fields.text(asked, "device_code", longest=64, pattern="[A-Za-z0-9_-]+"))
    hub = cloud.store.transact(lambda transaction: _take(transaction, path, _now(cloud)))
    if hub is None:
        return web.reply({"state": "pending"}, 202)
    try:
        password = _new_password(hub)
    except Exception:
        cloud.store.update(path, {"state": "approved"})  # nothing was handed over: the next poll may have it
        raise
    log.info("hub enrolled", hub=hub)
    return web.reply({"state": "approved", "email": _email(hub), "password": password, "hub": hub})


def approve(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `enrolapprove`. Key: the enrolment, which names its hub: a repetition makes no second one.

    A hub that its owner enrols again is itself again.
    """
    uid = identity.person(request, verified=True)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    code = codes.normal(fields.text(asked, "user_code", longest=20), "user_code")
    homes.member_of(cloud, home, uid, (homes.OWNER,))
    address = web.address_of(request.raw_request)
    limits.spend(cloud, TRIES_OF_USER, uid)
    limits.spend(cloud, TRIES_OF_ADDRESS, address)
    enrolment = _waiting(cloud, code)
    limits.refund(cloud, TRIES_OF_USER, uid)
    limits.refund(cloud, TRIES_OF_ADDRESS, address)
    before = _own_hub(cloud, enrolment.fields.get("before"), uid)
    hub = before or f"hub-{enrolment.id[:20]}"
    _ensure_account(hub)
    cloud.store.transact(lambda transaction: _write(transaction, enrolment, hub, home, uid, is_new=before is None))
    log.info("hub approved", hub=hub, home=home, uid=uid, is_new=before is None)
    return {"hub": hub}


def _waiting(cloud: Cloud, code: str) -> Found:
    """The enrolment that waits for this code. Refused: wrong_code, expired."""
    mac = codes.user_code_mac(cloud.master_key(), code)
    enrolment = next(cloud.store.find(queries.enrolment_by_code(cloud.store.db, mac)), None)
    if enrolment is None:
        raise Refused("wrong_code", "user_code")
    if enrolment.fields["expires"] <= _now(cloud):
        raise Refused("expired", "user_code")
    return enrolment


def _own_hub(cloud: Cloud, before: str | None, uid: str) -> str | None:
    """The hub this Pi was, if it belongs to who approves: its meters and what it still holds of them stay its own."""
    document = cloud.store.read(documents.hub(before)) if before else None
    return before if document is not None and document["owner"] == uid else None


def _write(transaction: Transaction, enrolment: Found, hub: str, home: str, uid: str, *, is_new: bool) -> None:
    """Refused: wrong_code, where somebody else was first with it."""
    if (transaction.read(enrolment.path) or {}).get("state") != "pending":
        raise Refused("wrong_code", "user_code")
    never_heard = {"last_ms": 0, "version": "", "queue": 0, "meters": {}, "created": NOW}
    transaction.merge(
        documents.hub(hub),
        {
            "owner": uid,
            "name": enrolment.fields["hub_name"],
            "revoked": False,
            **(never_heard if is_new else {}),
        },
    )
    transaction.update(documents.home(home), {"hub": hub})
    transaction.update(enrolment.path, {"state": "approved", "owner": uid, "home": home, "hub": hub})


def _take(transaction: Transaction, path: str, now: datetime) -> str | None:
    """Closes an approved enrolment and returns its hub; None while it waits. Refused: expired, once it is not open."""
    enrolment = transaction.read(path)
    if enrolment is None or enrolment["expires"] <= now or enrolment["state"] == "done":
        raise Refused("expired", "device_code")
    if enrolment["state"] == "pending":
        return None
    transaction.update(path, {"state": "done"})
    return str(enrolment["hub"])


def _ensure_account(hub: str) -> None:
    """The hub's own account, marked as a hub. Its password is known to nobody until the hub is handed another.

    Of one that was revoked too: a copy of its card knows the old one.
    """
    password = secrets.token_urlsafe(32)
    try:
        auth.create_user(uid=hub, email=_email(hub), password=password, app=app())
    except auth.UidAlreadyExistsError:
        auth.update_user(hub, password=password, disabled=False, app=app())
        log.info("hub account was there before", hub=hub)
    auth.set_custom_user_claims(hub, {"role": identity.HUB}, app=app())


def _new_password(hub: str) -> str:
    password = secrets.token_urlsafe(32)
    auth.update_user(hub, password=password, app=app())
    return password


def _email(hub: str) -> str:
    return f"{hub}@hubs.sunmeter.invalid"  # RFC 2606: no mail can ever go there


def _path(device_code: str) -> str:
    return f"enrolments/{codes.device_code_digest(device_code)}"


def _now(cloud: Cloud) -> datetime:
    return datetime.fromtimestamp(cloud.now_ms() / 1000, UTC)
