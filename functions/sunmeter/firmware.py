"""Firmware on its way down: its manifest sealed for a meter, its files handed to hubs by their SHA-256."""

from typing import Any

from firebase_functions.https_fn import CallableRequest
from flask import Request, Response

from . import homes, identity, log, web
from .clients import Cloud
from .contract import documents, wire
from .domain import fields, releases
from .domain.refusals import Refused
from .store import Fields, Transaction

MAX_VERSION = 0xFFFF


def file(request: Request, cloud: Cloud) -> Response:
    """HTTPS `firmwarefile`: one file of a release, for any hub whose access stands. Reads only."""
    identity.sending_hub(request, cloud)
    asked = fields.mapping(web.json_body(request))
    version = fields.integer(asked, "version", 1, MAX_VERSION)
    digest = fields.text(asked, "sha256", longest=64, pattern="[0-9a-f]{64}")
    release = cloud.store.read(documents.release(version)) or {"files": {}}
    raw = release["files"].get(digest)
    if raw is None:
        raise Refused("no_such_release", "sha256")
    return Response(raw, content_type="application/octet-stream")


def roll_out(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `rolloutfirmware`: the version asked for, or else the newest. Key: (meter, version): told again, a meter
    keeps the manifest it has.
    """
    uid = identity.person(request, verified=True)
    asked = fields.mapping(request.data)
    version = fields.integer(asked, "version", 1, MAX_VERSION) if "version" in asked else None
    meter = _meter(cloud, asked, uid, identity.areas_of(request))
    version = version or _newest(cloud)
    payload = releases.manifest_of(cloud.store.read(documents.release(version)), version)
    blob = releases.sealed(payload, meter, _key_of(cloud, meter))
    is_news = cloud.store.transact(lambda transaction: _offer(transaction, meter, version, blob))
    log.info("firmware rolled out", meter=meter, version=version, uid=uid, is_news=is_news)
    return {"meter": meter, "version": version}


def _meter(cloud: Cloud, asked: Fields, uid: str, areas: set[str]) -> str:
    """The meter asked for: by its own name, or as the one of a home. For the home's owner and the area's operator."""
    if "meter" in asked:
        meter = fields.meter_id(asked)
        _check_may(cloud, (cloud.store.read(documents.meter(meter)) or {}).get("home"), uid, areas)
        return meter
    profile = _check_may(cloud, fields.document_id(asked, "home"), uid, areas)
    if profile["meter"] is None:
        raise Refused("no_meter", "home")
    return str(profile["meter"])


def _check_may(cloud: Cloud, home: str | None, uid: str, areas: set[str]) -> Fields:
    """The home's document. Refused: no_such_home for strangers and for meters of no home; owners_only."""
    if home is None:
        raise Refused("no_such_home", "meter")
    profile = cloud.store.read(documents.home(home))
    if profile is not None and profile["area"] in areas:
        return profile
    return homes.member_of(cloud, home, uid, (homes.OWNER,))


def _newest(cloud: Cloud) -> int:
    """The newest version that was published. Refused: no_such_release."""
    published = [int(each) for each in cloud.store.ids(documents.RELEASES)]
    if not published:
        raise Refused("no_such_release", "version")
    return max(published)


def _key_of(cloud: Cloud, meter: str) -> bytes:
    document = cloud.store.read(documents.meter(meter)) or {}
    return wire.meter_key(cloud.master_key(), meter, document["key_version"])


def _offer(transaction: Transaction, meter: str, version: int, blob: bytes) -> bool:
    """Puts a manifest into the meter's downlink; False when it was there. Refused: older_release."""
    path = documents.downlink(meter)
    held = (transaction.read(path) or {}).get("manifest_version", 0)
    if held > version:
        raise Refused("older_release", "version")
    if held == version:
        return False
    transaction.update(path, {"manifest": blob, "manifest_version": version})
    return True
