"""A firmware release as `releases/{version}` holds it: its manifest's payload, and its files by their SHA-256. Pure."""

import hashlib
from typing import Any

from ..contract import manifest, wire
from ..contract.refusal import Refusal
from .refusals import Refused


def manifest_of(release: dict[str, Any] | None, version: int) -> bytes:
    """The payload that is sealed for meters, once every file it names proved to be there, byte for byte.

    Refused: no_such_release, damaged_release.
    """
    if release is None:
        raise Refused("no_such_release", "version")
    payload = bytes(release["manifest"])
    try:
        told = manifest.parse(payload)
    except Refusal as refusal:
        raise Refused("damaged_release", refusal.field) from refusal
    if told.version != version:
        raise Refused("damaged_release", "version")
    for file in told.files:
        raw = release["files"].get(file.digest)
        if raw is None or len(raw) != file.size or hashlib.sha256(raw).hexdigest() != file.digest:
            raise Refused("damaged_release", file.name)
    return payload


def sealed(payload: bytes, meter: str, k_meter: bytes) -> bytes:
    """The manifest as one meter takes it, and no other."""
    return wire.seal(wire.Signer(k_meter), meter, wire.MANIFEST, payload)
