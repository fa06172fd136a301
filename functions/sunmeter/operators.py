"""What operators ask of the meters of their area. What they see they read themselves, under the rules."""

from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import commands, identity, limits, log
from .assigning import KEY_VERSION
from .clients import Cloud
from .contract import documents, wire
from .domain import fields
from .domain.refusals import Refused
from .limits import Limit
from .store import Fields, Transaction

COMMANDS = ("ping", "reboot")  # calibration is its owner's matter; the relay has rules of its own, in `containment`
MOST_COMMANDS = Limit("commandmeter", 60)


def command(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `commandmeter`. Key: none, each call is a command of its own; its result comes by `ingest`.

    It goes the way of every command: sealed for the meter, through its hub. Who asked and why is kept with it.
    """
    asked = fields.mapping(request.data)
    area, meter = fields.area(asked), fields.meter_id(asked)
    uid = identity.operator(request, area)
    name = fields.choice(asked, "name", COMMANDS)
    reason = fields.text(asked, "reason", longest=200, shortest=3)
    limits.spend(cloud, MOST_COMMANDS, uid)
    k_meter = wire.meter_key(cloud.master_key(), meter, KEY_VERSION)
    audit = {"meter": meter, "name": name, "by": uid, "asked_ms": cloud.now_ms(), "reason": reason, "state": "sent"}
    number = cloud.store.transact(lambda transaction: _ask(transaction, area, audit, k_meter))
    log.info("operator commands", area=area, meter=meter, uid=uid, command=name, id=number)
    return {"command": f"{meter}-{number}"}


def _ask(transaction: Transaction, area: str, audit: Fields, k_meter: bytes) -> int:
    """Refused: no_such_meter, for a meter of another area too."""
    meter = audit["meter"]
    home = (transaction.read(documents.meter(meter)) or {}).get("home")
    profile = transaction.read(documents.home(home)) if home else None
    downlink = transaction.read(documents.downlink(meter))
    if profile is None or profile["area"] != area or downlink is None:
        raise Refused("no_such_meter", "meter")
    tags, now_ms = {"area": area}, audit["asked_ms"]
    number = commands.ask(transaction, downlink, meter, k_meter, audit["name"], {}, now_ms, tags=tags)
    transaction.set(documents.area_command(area, f"{meter}-{number}"), {**audit, "home": home})
    return number
