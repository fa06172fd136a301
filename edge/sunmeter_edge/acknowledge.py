"""Third verb: the signed reply, which says only what is already on the disk. Pure."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from .contract import wire
from .roster import Downlink, Meter
from .verify import Request

CADENCE_MS = 10_000
LEASED_CADENCE_MS = 2_000  # the live document is written at most this often
MAX_COMMANDS = 4  # in one reply: the meter reads it in RAM
MAX_REPLY_BYTES = 16_384  # which it has in one piece; what does not fit waits for the next, in this order
WAITS = ("manifest", "model", "commands", "config")

Fields = dict[str, Any]


def ranges(keys: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Keys (boot_id, seq) as runs [boot_id, first_seq, last_seq]."""
    runs: list[list[int]] = []
    for boot_id, seq in sorted(set(keys)):
        if runs and runs[-1][0] == boot_id and runs[-1][2] == seq - 1:
            runs[-1][2] = seq
        else:
            runs.append([boot_id, seq, seq])
    return runs


def reply(meter: Meter, request: Request, now_ms: int, real_ms: int) -> bytes:
    """The body that answers a committed request.

    now_ms: the hub's clock. real_ms: the cloud's time, which leases and commands end by; the two differ only while a
    simulated clock runs.
    """
    fields: Fields = {
        "v": 1,
        "now_ms": now_ms,
        "ack": ranges((item.boot_id, item.seq) for item in request.items),
        "refused": [[refused.boot_id, refused.seq, refused.code, refused.field] for refused in request.refused],
        "regs": list(meter.registers) if meter.registers else None,
        "cadence_ms": CADENCE_MS,
        "lease_until_ms": 0,
    }
    if meter.downlink:
        fields.update(_lease(meter.downlink, now_ms, real_ms))
        fields.update(_sealed(meter.downlink, request.poll, real_ms))
        if meter.has_firmware and meter.downlink.manifest_version > request.poll["manifest_version"]:
            fields["manifest"] = _text(meter.downlink.manifest or b"")
    waits = [name for name in WAITS if name in fields]
    while len(body := _json(fields)) > MAX_REPLY_BYTES and waits:
        del fields[waits.pop(0)]
    return body


def refusal(code: str, field: str, downlink: Downlink | None = None) -> bytes:
    """The unsigned body for a request that cannot be answered, with the assignment that would help the meter."""
    fields: Fields = {"v": 1, "code": code, "field": field}
    if downlink and downlink.assignment:
        fields["assignment"] = _text(downlink.assignment)
    return _json(fields)


def _lease(downlink: Downlink, now_ms: int, real_ms: int) -> Fields:
    left_ms = downlink.lease_until_ms - real_ms
    return {"cadence_ms": LEASED_CADENCE_MS, "lease_until_ms": now_ms + left_ms} if left_ms > 0 else {}


def _sealed(downlink: Downlink, poll: dict[str, int], real_ms: int) -> Fields:
    """The blobs newer than those the poll names."""
    fields: Fields = {}
    for name in ("model", "config", "assignment"):
        blob, version = getattr(downlink, name), getattr(downlink, f"{name}_version")
        if blob and version > poll[f"{name}_version"]:
            fields[name] = _text(blob)
    news = [told for told in downlink.commands if told[0] > poll["command_id"]]
    if due := [blob for _, expires_s, blob in news if expires_s * 1000 > real_ms]:
        fields["commands"] = [_text(blob) for blob in due[:MAX_COMMANDS]]
    return fields


def _text(blob: bytes) -> str:
    return base64.b64encode(blob).decode()


def _json(fields: Fields) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def mac(meter: Meter, request: Request, body: bytes) -> str:
    """The header `Sunmeter-Mac`: binds the body to this one request."""
    assert meter.signer is not None
    return wire.reply_mac(meter.signer, meter.meter, request.poll["boot_id"], request.poll["request_no"], body)
