"""Meters: claimed by the code on their label, assigned to a home and a hub, told so in words sealed with their key."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, limits, log, sharing, web
from .clients import Cloud
from .contract import documents, ledger, wire
from .domain import codes, downlinks, fields
from .domain.refusals import Refused
from .limits import Limit
from .store import Fields, Transaction

KEY_VERSION = 1  # of k_meter; what a meter was provisioned with stands in its document once it is claimed
SIGHTED_WITHIN_MS = 900_000
TRIES_OF_USER = Limit("claimmeter", 5)
TRIES_OF_ADDRESS = Limit("claimmeter-address", 20)
MAX_LINK_KEYS = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Claim:
    """A meter that fits its label, the home it is to belong to, and the hub that hears it."""

    meter: str
    home: str
    hub: str


def claim(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `claimmeter`. Key: (meter, home, hub): claimed again, a meter keeps the assignment it has."""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    meter, code = codes.label(fields.text(asked, "label", longest=40))
    profile = homes.member_of(cloud, home, uid, (homes.OWNER,))
    _check_label(cloud, meter, code, uid, web.address_of(request.raw_request))
    claim = Claim(meter, home, _hearing_hub(cloud, meter, profile))
    assigned = cloud.store.transact(lambda transaction: assign(transaction, claim, cloud.now_ms(), cloud.master_key()))
    log.info("meter claimed", meter=meter, home=home, hub=claim.hub, uid=uid, assigned=assigned)
    return {"meter": meter}


def link_keys(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `linkkeys`: the keys of those meters that are this hub's today. Reads only."""
    hub = identity.calling_hub(request, cloud).uid
    asked = fields.mapping(request.data).get("meters")
    if not isinstance(asked, list) or not all(map(wire.is_meter_id, asked)):
        raise Refused("malformed", "meters")
    if len(asked) > MAX_LINK_KEYS:
        raise Refused("too_many", "meters")
    found = cloud.store.read_all(map(documents.meter, asked))
    mine = {meter: found[documents.meter(meter)] for meter in asked}
    master = cloud.master_key()
    return {
        "keys": {
            meter: _link_key(master, meter, hub, document)
            for meter, document in mine.items()
            if document is not None and document.get("hub") == hub
        }
    }


def assign(transaction: Transaction, claim: Claim, now_ms: int, master: bytes) -> bool:
    """Assigns a meter from the next quarter on; a meter that never belonged to anybody brings its whole past.

    Returns False when it was so assigned before. Refused: claimed, by another home.
    """
    meter = transaction.read(documents.meter(claim.meter)) or {}
    sent = transaction.read(documents.downlink(claim.meter))
    if meter.get("home") not in (None, claim.home):
        raise Refused("claimed", "label")
    if (meter.get("home"), meter.get("hub")) == (claim.home, claim.hub):
        return False
    number = meter.get("assignment", 0) + 1
    from_s = ledger.quarter_of(now_ms) + ledger.QUARTER_S if number > 1 else 0
    k_meter = wire.meter_key(master, claim.meter, KEY_VERSION)
    _write_periods(transaction, claim, number, from_s)
    transaction.update(documents.home(claim.home), {"meter": claim.meter, "hub": claim.hub})
    transaction.merge(
        documents.downlink(claim.meter),
        {
            **({} if sent else _first_downlink(k_meter, claim.meter, now_ms // 1000)),
            **_assigned(k_meter, claim, number, from_s),
        },
    )
    return True


def _check_label(cloud: Cloud, meter: str, code: str, uid: str, address: str) -> None:
    """Refused: wrong_label; try_later when there were too many wrong ones."""
    limits.spend(cloud, TRIES_OF_USER, uid)
    limits.spend(cloud, TRIES_OF_ADDRESS, address)
    if not codes.fits(wire.meter_key(cloud.master_key(), meter, KEY_VERSION), code):
        raise Refused("wrong_label", "label")
    limits.refund(cloud, TRIES_OF_USER, uid)
    limits.refund(cloud, TRIES_OF_ADDRESS, address)


def _hearing_hub(cloud: Cloud, meter: str, profile: Fields) -> str:
    """The hub that heard the meter lately, if it is the home's or belongs to somebody of the home."""
    sighting = cloud.store.read(documents.meter(meter)) or {}
    hub = sighting.get("sighted_by")
    if hub is None or sighting["sighted_ms"] < cloud.now_ms() - SIGHTED_WITHIN_MS:
        raise Refused("not_sighted", "label")
    document = cloud.store.read(documents.hub(hub))
    if document is None or document["revoked"] or (hub != profile["hub"] and document["owner"] not in profile["roles"]):
        raise Refused("not_sighted", "label")
    return str(hub)


def _write_periods(transaction: Transaction, claim: Claim, number: int, from_s: int) -> None:
    """The meter's document, its new assignment, and the end of the one before."""
    if number > 1:
        transaction.update(documents.assignment(claim.meter, str(number - 1)), {"to_s": from_s})
    period = {"home": claim.home, "hub": claim.hub, "from_s": from_s}
    transaction.set(documents.assignment(claim.meter, str(number)), {**period, "to_s": None})
    transaction.merge(
        documents.meter(claim.meter),
        {**period, "assignment": number, "key_version": KEY_VERSION, "state": "claimed", "label_used": True},
    )


def _assigned(k_meter: bytes, claim: Claim, number: int, from_s: int) -> Fields:
    body = downlinks.assignment(claim.meter, claim.hub, claim.home, number, from_s)
    return {
        "hub": claim.hub,
        "home": claim.home,
        "assignment": downlinks.sealed_json(k_meter, claim.meter, wire.ASSIGNMENT, body),
        "assignment_version": number,
        **sharing.PRIVATE,  # another hub may stand in another house
    }


def _first_downlink(k_meter: bytes, meter: str, now_s: int) -> Fields:
    version = downlinks.next_version(0, now_s)
    return {
        "lease_until": _EPOCH,
        "lease_day": 0,
        "lease_used_ms": 0,
        "config": downlinks.sealed_json(k_meter, meter, wire.CONFIG, downlinks.default_config(version)),
        "config_version": version,
        "model": None,
        "model_version": 0,
        "manifest": None,
        "manifest_version": 0,
        "commands": [],
    }


def _link_key(master: bytes, meter: str, hub: str, document: Fields) -> Fields:
    k_meter = wire.meter_key(master, meter, document["key_version"])
    number = document["assignment"]
    return {"key": wire.link_key(k_meter, hub, number).hex(), "version": number}
