"""Meters: claimed by the code on their label, released, moved between one's homes; the keys their hubs get."""

from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import assigning, homes, hubs, identity, limits, log, web
from .assigning import KEY_VERSION, Claim
from .clients import Cloud
from .contract import documents, wire
from .domain import codes, fields, periods
from .domain.refusals import Refused
from .domain.roles import OWNER
from .limits import Limit
from .store import Fields

TRIES_OF_USER = Limit("claimmeter", 5)
TRIES_OF_ADDRESS = Limit("claimmeter-address", 20)
MAX_LINK_KEYS = 200


def claim(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `claimmeter`. Key: (meter, home, hub): claimed again, a meter keeps the assignment it has."""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    meter, code = codes.label(fields.text(asked, "label", longest=40))
    profile = homes.member_of(cloud, home, uid, (OWNER,))
    _check_label(cloud, meter, code, uid, web.address_of(request.raw_request))
    claim = Claim(meter, home, _hearing_hub(cloud, meter, home, profile))
    assigned = assigning.assign(cloud, claim)
    log.info("meter claimed", meter=meter, home=home, hub=claim.hub, uid=uid, assigned=assigned)
    return {"meter": meter}


def release(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `releasemeter`. Key: (home, its meter): from the next quarter on it is nobody's, and may be claimed."""
    uid = identity.person(request)
    home = fields.document_id(fields.mapping(request.data), "home")
    meter = homes.member_of(cloud, home, uid, (OWNER,))["meter"]
    if meter is None:
        raise Refused("no_meter", "home")
    cloud.store.transact(lambda transaction: assigning.release(transaction, meter, home, cloud.now_ms()))
    log.info("meter released", meter=meter, home=home, uid=uid)
    return {"meter": meter}


def move(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `movemeter`. Key: (home, to_home): a meter that is there already stays as it is.

    {"home", "to_home"}, both one's own. Its hub goes on carrying it where it may serve the other home too; otherwise
    a hub that may must hear it. What was counted stays with the home it was counted in.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home, to_home = fields.document_id(asked, "home"), fields.document_id(asked, "to_home")
    meter = homes.member_of(cloud, home, uid, (OWNER,))["meter"]
    profile = homes.member_of(cloud, to_home, uid, (OWNER,))
    if meter is None or home == to_home:
        raise Refused("no_meter", "home")
    hub = (cloud.store.read(documents.meter(meter)) or {}).get("hub")
    if hub is None or not _may_serve(cloud, hub, to_home, profile):
        hub = _hearing_hub(cloud, meter, to_home, profile)
    assigning.assign(cloud, Claim(meter, to_home, hub, from_home=home))
    log.info("meter moved", meter=meter, home=home, to_home=to_home, uid=uid)
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


def _check_label(cloud: Cloud, meter: str, code: str, uid: str, address: str) -> None:
    """Refused: wrong_label; try_later when there were too many wrong ones."""
    limits.spend(cloud, TRIES_OF_USER, uid)
    limits.spend(cloud, TRIES_OF_ADDRESS, address)
    if not codes.fits(wire.meter_key(cloud.master_key(), meter, KEY_VERSION), code):
        raise Refused("wrong_label", "label")
    limits.refund(cloud, TRIES_OF_USER, uid)
    limits.refund(cloud, TRIES_OF_ADDRESS, address)


def _hearing_hub(cloud: Cloud, meter: str, home: str, profile: Fields) -> str:
    """Of the hubs that heard the meter lately the last that may serve the home. Refused: not_sighted."""
    for hub in hubs.hearing(cloud.store.read(documents.meter(meter)) or {}, cloud.now_ms()):
        if _may_serve(cloud, hub, home, profile):
            return hub
    raise Refused("not_sighted", "label")


def _may_serve(cloud: Cloud, hub: str, home: str, profile: Fields) -> bool:
    document = cloud.store.read(documents.hub(hub))
    return document is not None and periods.may_serve(hub, document, home, profile)


def _link_key(master: bytes, meter: str, hub: str, document: Fields) -> Fields:
    k_meter = wire.meter_key(master, meter, document["key_version"])
    number = document["assignment"]
    return {"key": wire.link_key(k_meter, hub, number).hex(), "version": number}
