"""Devices that asked for notifications: a token is one person's, and one that is dead is forgotten."""

from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import identity, limits, log, queries
from .clients import Cloud
from .contract import documents
from .domain import fields, people, words
from .domain.people import Device
from .domain.pushes import Notice, Outcome
from .limits import Limit
from .store import NOW, Fields, Transaction

OF_PERSON = 10  # the newest; a person has no more phones and browsers
PLATFORMS = ("web", "android", "ios")
LONGEST_TOKEN = 4096
TESTS = Limit("testpush", 5)


def register(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `registerpush`. Key: the token: wherever else it was registered, it is taken away from there."""
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    device = fields.text(asked, "device", longest=64, pattern="[A-Za-z0-9_-]+")
    token = fields.text(asked, "token", longest=LONGEST_TOKEN)
    platform = fields.choice(asked, "platform", PLATFORMS)
    path = documents.push_device(uid, device)

    def write(transaction: Transaction) -> int:
        elsewhere = [found.path for found in transaction.find(queries.push_devices_with(cloud.store.db, token))]
        mine = transaction.find(queries.push_devices_of(cloud.store.db, uid, 2 * OF_PERSON))
        too_old = [found.path for found in mine if found.path != path][OF_PERSON - 1 :]
        gone = {*elsewhere, *too_old} - {path}
        for each in sorted(gone):
            transaction.delete(each)
        transaction.set(path, {"token": token, "platform": platform, "updated": NOW})
        return len(gone)

    taken = cloud.store.transact(write)
    log.info("device registered", uid=uid, device=device, platform=platform, taken=taken)
    return {}


def test(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `testpush`: a notice to each of the caller's own devices. Key: none; a few in a quarter of an hour."""
    uid = identity.person(request)
    limits.spend(cloud, TESTS, uid)
    language = people.language_of((cloud.store.read(documents.user(uid)) or {}).get("locale"))
    mine = of_person(cloud, uid)
    said = words.test(language)
    outcome = Outcome.of(
        mine, cloud.deliver([Notice(each.token, words.NO_TITLE, said, {"kind": "test"}, "test") for each in mine])
    )
    forget(cloud, outcome.dead)
    log.info("push tested", uid=uid, sent=len(outcome.sent), dead=len(outcome.dead))
    unreached = len(outcome.busy) + len(outcome.failed)
    return {"sent": len(outcome.sent), "dead": len(outcome.dead), "unreached": unreached}


def of_person(cloud: Cloud, uid: str) -> list[Device]:
    """The devices of a person that asked for notifications, newest first."""
    found = cloud.store.find(queries.push_devices_of(cloud.store.db, uid, OF_PERSON))
    return [Device(each.id, uid, each.fields["token"]) for each in found]


def forget(cloud: Cloud, dead: list[Device]) -> None:
    """Removes devices whose token will never work again, unless they have a new one by now."""
    for device in dead:
        _forget(cloud, device)


def _forget(cloud: Cloud, device: Device) -> None:
    path = documents.push_device(device.uid, device.id)

    def write(transaction: Transaction) -> None:
        stored = transaction.read(path)
        if stored is not None and stored["token"] == device.token:
            transaction.delete(path)

    cloud.store.transact(write)
