"""What the cloud seals for a meter with k_meter: its assignment, its configuration, its model. Pure.

A version is a number that grows; the hub relays what is newer than what the meter says it holds.
"""

import json
from typing import Any

from ..contract import wire
from ..contract.refusal import Refusal

SCHEMA = 1
CADENCE_MS = 10_000


def next_version(held: int, now_s: int) -> int:
    """A version above the one held; the time of its making, where that is enough."""
    return max(held + 1, now_s)


def assignment(meter: str, hub: str, home: str, number: int, from_s: int) -> dict[str, Any]:
    """Body of an ASSIGNMENT: from it the meter derives the key it shares with its hub.

    number: the assignments of a meter are counted from 1; each has a link key of its own.
    """
    return {
        "v": SCHEMA,
        "version": number,
        "meter": meter,
        "hub": hub,
        "home": home,
        "key_version": number,
        "from_s": from_s,
    }


def default_config(version: int) -> dict[str, Any]:
    """Body of a CONFIG for a meter fitted as the hardware guide says.

    An empty calibration is the board's own. Whether there is a PV clamp is not said: what was provisioned holds.
    """
    return {
        "v": SCHEMA,
        "version": version,
        "cadence_ms": CADENCE_MS,
        "v_nominal": 230,
        "clamps": {"grid": {"input": 1, "sign": 1}, "pv": {"input": 2, "sign": 1}},
        "limits": {"v_low": 207, "v_high": 253, "grid_w": 14_000},  # EN 50160: 230 V ± 10 %; 60 A at 230 V
        "calibration": {},
        "relay": {"consent": False},
    }


def sealed_json(k_meter: bytes, meter: str, kind: int, body: dict[str, Any]) -> bytes:
    """A sealed blob whose payload is canonical JSON."""
    payload = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    return wire.seal(wire.Signer(k_meter), meter, kind, payload)


def consenting(k_meter: bytes, meter: str, config: bytes, version: int, consent: bool) -> bytes | None:
    """A meter's sealed configuration with its owner's word on the relay; None where it says so already."""
    body = json.loads(wire.unseal(wire.Signer(k_meter), meter, wire.CONFIG, config))
    relay = {"consent": consent, "on_reset": "off"}  # a load that came back by itself would come back with all others
    if body.get("relay", {"consent": False}).get("consent") is consent:
        return None
    return sealed_json(k_meter, meter, wire.CONFIG, {**body, "version": version, "relay": relay})


def models(k_meter: bytes, meter: str, downlink: dict[str, Any]) -> tuple[bytes | None, bytes | None]:
    """The model that a meter was sent last and the one before; None for none, or for what was not sealed for it."""
    last, before = (_opened(k_meter, meter, downlink.get(name)) for name in ("model", "model_before"))
    return (None, None) if last is None else (last, before)


def _opened(k_meter: bytes, meter: str, blob: bytes | None) -> bytes | None:
    try:
        return None if blob is None else wire.unseal(wire.Signer(k_meter), meter, wire.MODEL, blob)
    except Refusal:
        return None
