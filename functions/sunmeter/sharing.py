"""What a home lets its hub show in the house: values over MQTT, and live values on the hub's status page."""

import secrets
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, log
from .clients import Cloud
from .contract import documents
from .domain import codes, fields
from .domain.refusals import Refused
from .store import Fields, Writer

# Of a meter that was never shared or has moved to another hub, in its downlink and in its home's document.
PRIVATE: Fields = {"mqtt": False, "page_code": None}
NOTHING: Fields = {"shares": {"mqtt": False, "page": False}}


def share_locally(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `sharelocally`. Key: (home, what): a page asked for again gets another code, and the old one ends.

    The code is told once; what is stored is its digest. Members read in the home's document what is on.
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
        shares = {f"shares.{name}": is_on for name, is_on in (("mqtt", mqtt), ("page", page)) if is_on is not None}

        def share(writer: Writer) -> None:
            writer.update(documents.downlink(meter), told)
            writer.update(documents.home(home), shares)

        cloud.store.together(share)
        log.info("shared locally", home=home, uid=uid, mqtt=mqtt, page=page)
    return {"code": code}
