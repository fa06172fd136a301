"""The lease on live readings."""

from datetime import UTC, datetime
from typing import Any

from firebase_functions.https_fn import CallableRequest
from google.cloud import firestore
from google.cloud.firestore_v1.transaction import Transaction

from . import homes, identity, log
from .clients import Cloud
from .contract import documents
from .domain import fields, leases
from .domain.leases import Lease
from .domain.refusals import Refused


def lease(request: CallableRequest[Any], cloud: Cloud) -> dict[str, Any]:
    """Callable `lease`. Key: (home, time): a call while enough of the lease is left writes nothing."""
    uid = identity.person(request)
    home = fields.document_id(fields.mapping(request.data), "home")
    meter = homes.read(cloud, home, uid)["meter"]
    if meter is None:
        raise Refused("no_meter", "home")
    until_ms = _extend(cloud, meter)
    log.info("live lease", home=home, uid=uid, until_ms=until_ms)
    return {"lease_until_ms": until_ms}


def _extend(cloud: Cloud, meter: str) -> int:
    reference = cloud.db.document(documents.downlink(meter))
    now_ms = cloud.now_ms()

    @firestore.transactional
    def extend(transaction: Transaction) -> int:
        downlink = reference.get(transaction=transaction).to_dict()
        if downlink is None:
            raise Refused("no_meter", "home")
        held = Lease(_ms(downlink["lease_until"]), downlink["lease_day"], downlink["lease_used_ms"])
        after = leases.extended(held, now_ms)
        if after is not held:
            until = datetime.fromtimestamp(after.until_ms / 1000, UTC)
            transaction.update(
                reference, {"lease_until": until, "lease_day": after.day, "lease_used_ms": after.used_ms}
            )
        return after.until_ms

    until_ms: int = extend(cloud.db.transaction())
    return until_ms


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
