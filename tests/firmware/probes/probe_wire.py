"""The golden vectors of the wire, computed in this interpreter."""

from contract import wire
from contract.refusal import Refusal


def keys(master, meter, hub, version):
    k_meter = wire.meter_key(master, meter, version)
    return [k_meter, wire.link_key(k_meter, hub, version), wire.claim_code(k_meter)]


def seal(key, meter, kind, payload):
    return wire.seal(wire.Signer(key), meter, kind, payload)


def encode(kind, record, text):
    return wire.encode(kind, record, text)


def opened(key, meter, frame):
    """[kind, schema, record], or how the frame was refused."""
    try:
        kind, schema, payload = wire.open_frame(wire.Signer(key), meter, frame)
        return [kind, schema, wire.decode(kind, schema, payload)]
    except Refusal as refusal:
        return ["refused", refusal.code, refusal.field]


def reply_mac(key, meter, boot_id, request_no, body):
    return wire.reply_mac(wire.Signer(key), meter, boot_id, request_no, body)
