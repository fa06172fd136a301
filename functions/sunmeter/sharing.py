"""What a home lets its hub show in the house: values over MQTT, and live values on the hub's status page."""

import secrets
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, log
from .clients import Cloud
from .contract import documents
from .domain import codes, fields
from .domain.refusals import Refused
from .store import Fields

PRIVATE: Fields = {"mqtt": False, "page_code": None}  # of a meter that was never shared, or has moved to another hub


def share_locally(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `sharelocally`. Key: (home, what): a page asked for again gets another code, and the old one ends.

    The code is told once; what is stored is its digest.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    mqtt, page = fields.optional_truth(asked, "mqtt"), fields.optional_truth(asked, "page")
    meter = homes.member_of(cloud, home, uid, (homes.OWNER,))["meter"]
    if meter is None:
        raise Refused("no_meter", "home")
    code = codes.user_code(secrets.token_bytes(5)) if page else None
    told: Fields = {} if mqtt is None else {"mqtt": mqtt}
    if page is not None:
        told["page_code"] = documents.page_code_digest(meter, code) if code else None
    if told:
        cloud.store.update(documents.downlink(meter), told)
        log.info("shared locally", home=home, uid=uid, mqtt=mqtt, page=page)
    return {"code": code}
