"""A hub serves homes of other accounts once both sides said so: one shows a code, the other types it.

The hub's owner may offer (`offerhub`, then the home's owner `accepthub`), or the home's owner may ask (`askforhub`,
then the hub's owner `acceptneighbour`). Either may end it. What may be carried is decided when a meter is claimed.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import assigning, homes, identity, limits, log, web
from .clients import Cloud
from .contract import documents
from .domain import codes, fields
from .domain.items import MAX_METERS
from .domain.refusals import Refused
from .domain.roles import OWNER
from .limits import Limit
from .store import Fields, Transaction

LIFETIME = timedelta(hours=24)
CODES_OF_USER = Limit("neighbourcode", 10)
TRIES_OF_USER = Limit("neighbour", 5)
TRIES_OF_ADDRESS = Limit("neighbour-address", 20)


def offer(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `offerhub`: {"hub"} → {"code", "expires_ms"}. Key: none: each call is another code, for one home."""
    uid = identity.person(request, verified=True)
    hub = fields.document_id(fields.mapping(request.data), "hub")
    _owned_hub(cloud.store.read(documents.hub(hub)), uid)
    return _new_code(cloud, uid, {"hub": hub, "home": None})


def ask(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `askforhub`: {"home"} → {"code", "expires_ms"}. Key: none: each call is another code, for one hub."""
    uid = identity.person(request, verified=True)
    home = fields.document_id(fields.mapping(request.data), "home")
    homes.member_of(cloud, home, uid, (OWNER,))
    return _new_code(cloud, uid, {"hub": None, "home": home})


def accept_hub(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `accepthub`: the home's owner types the code of an offer. Key: (hub, home).

    {"home", "code"} → {"hub", "name"}. Refused: wrong_neighbour_code, too_many, try_later.
    """
    uid = identity.person(request, verified=True)
    home = fields.document_id(fields.mapping(request.data), "home")
    profile = homes.member_of(cloud, home, uid, (OWNER,))
    path = _typed(request, cloud, uid)

    def write(transaction: Transaction) -> tuple[str, Fields]:
        found = transaction.read(path)
        hub = str(_current(found, "hub", cloud))
        document = transaction.read(documents.hub(hub))
        if document is None or document["owner"] != found["by"] or document["revoked"]:  # type: ignore[index]
            raise Refused("wrong_neighbour_code", "code")
        _welcome(transaction, hub, document, home, profile["name"], cloud.now_ms())
        transaction.delete(path)
        return hub, document

    hub, document = cloud.store.transact(write)
    _settle(cloud, uid, request)
    log.info("neighbour served", hub=hub, home=home, uid=uid)
    return {"hub": hub, "name": document["name"]}


def accept_neighbour(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `acceptneighbour`: the hub's owner types the code of a request. Key: (hub, home).

    {"hub", "code"} → {"home", "name"}. Refused: wrong_neighbour_code, too_many, try_later.
    """
    uid = identity.person(request, verified=True)
    hub = fields.document_id(fields.mapping(request.data), "hub")
    _owned_hub(cloud.store.read(documents.hub(hub)), uid)
    path = _typed(request, cloud, uid)

    def write(transaction: Transaction) -> tuple[str, str]:
        found = transaction.read(path)
        home = str(_current(found, "home", cloud))
        document, profile = transaction.read(documents.hub(hub)), transaction.read(documents.home(home))
        if profile is None or profile["roles"].get(found["by"]) != OWNER:  # type: ignore[index]
            raise Refused("wrong_neighbour_code", "code")
        _welcome(transaction, hub, _owned_hub(document, uid), home, profile["name"], cloud.now_ms())
        transaction.delete(path)
        return home, profile["name"]

    home, name = cloud.store.transact(write)
    _settle(cloud, uid, request)
    log.info("neighbour served", hub=hub, home=home, uid=uid)
    return {"home": home, "name": name}


def end(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `endneighbour`: {"hub", "home"}, by either side. Key: (hub, home).

    A meter that the hub carried for the home stays the home's; what the hub still holds of it is welcome.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    hub, home = fields.document_id(asked, "hub"), fields.document_id(asked, "home")

    def write(transaction: Transaction) -> None:
        document, profile = transaction.read(documents.hub(hub)), transaction.read(documents.home(home))
        is_host = document is not None and document["owner"] == uid
        is_guest = profile is not None and profile["roles"].get(uid) == OWNER
        if document is None or home not in document.get("guests", {}) or not (is_host or is_guest):
            raise Refused("no_such_hub", "hub")
        send_away(transaction, hub, document, {home: profile}, cloud.now_ms())

    cloud.store.transact(write)
    log.info("neighbour no longer served", hub=hub, home=home, uid=uid)
    return {}


def forget(cloud: Cloud, hub: str, home: str) -> None:
    """A home that is gone is no hub's guest any more."""

    def write(transaction: Transaction) -> None:
        document = transaction.read(documents.hub(hub))
        if document is not None and home in document.get("guests", {}):
            send_away(transaction, hub, document, {home: None}, cloud.now_ms())

    cloud.store.transact(write)


def send_away(
    transaction: Transaction, hub: str, document: Fields, leaving: dict[str, Fields | None], now_ms: int
) -> None:
    """Ends the service for some homes (None: one that is gone). The last reads of the transaction are made here."""
    carried = [profile["meter"] for profile in leaving.values() if profile]  # also where the home has its own hub now
    meters = {meter: transaction.read(documents.meter(meter)) for meter in carried if meter}
    staying = {home: guest for home, guest in document["guests"].items() if home not in leaving}
    transaction.update(documents.hub(hub), {"guests": staying})
    for home, profile in leaving.items():
        if profile and profile["hub"] == hub:
            transaction.update(documents.home(home), {"hub": None})
    for meter, stored in meters.items():
        if stored and stored.get("hub") == hub:
            assigning.stop_carrying(transaction, meter, stored, now_ms)


def _new_code(cloud: Cloud, uid: str, sides: Fields) -> Fields:
    limits.spend(cloud, CODES_OF_USER, uid)
    code = codes.user_code(secrets.token_bytes(5))
    expires = datetime.fromtimestamp(cloud.now_ms() / 1000, UTC) + LIFETIME
    cloud.store.create(_path(cloud, code), {**sides, "by": uid, "expires": expires})
    return {"code": code, "expires_ms": round(expires.timestamp() * 1000)}


def _typed(request: CallableRequest[Any], cloud: Cloud, uid: str) -> str:
    """Path of the offer that a typed code names, once the try is counted."""
    code = codes.normal(fields.text(fields.mapping(request.data), "code", longest=20), "code")
    limits.spend(cloud, TRIES_OF_USER, uid)
    limits.spend(cloud, TRIES_OF_ADDRESS, web.address_of(request.raw_request))
    return _path(cloud, code)


def _settle(cloud: Cloud, uid: str, request: CallableRequest[Any]) -> None:
    limits.refund(cloud, TRIES_OF_USER, uid)
    limits.refund(cloud, TRIES_OF_ADDRESS, web.address_of(request.raw_request))


def _current(found: Fields | None, side: str, cloud: Cloud) -> Any:
    """The hub or home that a code stands for. Refused: wrong_neighbour_code, when it is over or of the other kind."""
    if found is None or found[side] is None or found["expires"].timestamp() * 1000 <= cloud.now_ms():
        raise Refused("wrong_neighbour_code", "code")
    return found[side]


def _welcome(transaction: Transaction, hub: str, document: Fields, home: str, name: str, now_ms: int) -> None:
    guests = document.get("guests", {})
    if home not in guests and len(guests) >= MAX_METERS:
        raise Refused("too_many", "hub")
    transaction.update(documents.hub(hub), {"guests": {**guests, home: {"name": name, "since_ms": now_ms}}})


def _owned_hub(document: Fields | None, uid: str) -> Fields:
    if document is None or document["owner"] != uid or document["revoked"]:
        raise Refused("no_such_hub", "hub")
    return document


def _path(cloud: Cloud, code: str) -> str:
    return documents.offer(codes.neighbour_code_mac(cloud.master_key(), code))
