"""The guided calibration: an owner's steps go to the home's meter as commands, its answers come back by `ingest`."""

from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import commands, homes, identity, limits, log
from .assigning import KEY_VERSION
from .clients import Cloud
from .contract import documents, wire
from .domain import calibrations, fields
from .domain.refusals import Refused
from .limits import Limit
from .store import Transaction

LIFE_MS = 120_000  # a step that comes later would measure another load than the one that was plugged in
STEPS = Limit("calibratemeter", 60)


def step(request: CallableRequest[Any], cloud: Cloud) -> dict[str, Any]:
    """Callable `calibratemeter`: {"home", "step", …} → {"job"}. Key: none, each call is a step of its own.

    What the meter found stands in the job: {"state", "text"}, see docs/calibration.md. Refused: owners_only, no_meter.
    """
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    home = fields.document_id(asked, "home")
    arguments = calibrations.arguments(asked)
    meter = homes.member_of(cloud, home, uid, (homes.OWNER,))["meter"]
    if meter is None:
        raise Refused("no_meter", "home")
    limits.spend(cloud, STEPS, uid)
    k_meter = wire.meter_key(cloud.master_key(), meter, KEY_VERSION)

    def ask(transaction: Transaction) -> int:
        downlink = transaction.read(documents.downlink(meter))
        if downlink is None:
            raise Refused("no_meter", "home")
        now_ms = cloud.now_ms()
        return commands.ask(transaction, downlink, meter, k_meter, "calibrate", arguments, now_ms, life_ms=LIFE_MS)

    number = cloud.store.transact(ask)
    log.info("calibration asked", home=home, uid=uid, meter=meter, step=arguments["step"], id=number)
    return {"job": f"command-{number}"}
