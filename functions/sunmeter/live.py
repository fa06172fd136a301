"""The lease on live readings."""

from datetime import UTC, datetime
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, log
from .clients import Cloud
from .contract import documents
from .domain import fields, leases
from .domain.leases import Lease
from .domain.refusals import Refused
from .store import Fields, Transaction


def lease(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `lease`. Key: (home, time): a call while enough of the lease is left writes nothing."""
    uid = identity.person(request)
    home = fields.document_id(fields.mapping(request.data), "home")
    meter = homes.member_of(cloud, home, uid)["meter"]
    if meter is None:
        raise Refused("no_meter", "home")
    until_ms = cloud.store.transact(lambda transaction: _extend(transaction, meter, cloud.now_ms()))
    log.info("live lease", home=home, uid=uid, until_ms=until_ms)
    return {"lease_until_ms": until_ms}


def _extend(transaction: Transaction, meter: str, now_ms: int) -> int:
    """Extends the lease in the meter's downlink and returns its end [ms]."""
    path = documents.downlink(meter)
    downlink = transaction.read(path)
    if downlink is None:
        raise Refused("no_meter", "home")
    held = Lease(round(downlink["lease_until"].timestamp() * 1000), downlink["lease_day"], downlink["lease_used_ms"])
    after = leases.extended(held, now_ms)
    if after is not held:
        until = datetime.fromtimestamp(after.until_ms / 1000, UTC)
        transaction.update(path, {"lease_until": until, "lease_day": after.day, "lease_used_ms": after.used_ms})
    return after.until_ms
