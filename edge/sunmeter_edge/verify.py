"""First verb: who sent this, and is each piece of it what the contract allows? Pure."""

import struct
from dataclasses import dataclass

from .contract import wire
from .contract.refusal import Refusal
from .possible import check_possible

_KEY = struct.Struct("<II")  # boot_id and seq lead every payload but the poll's


@dataclass(frozen=True)
class Item:
    """A frame that holds what it claims."""

    kind: int
    schema: int
    payload: bytes
    record: dict[str, int]

    @property
    def boot_id(self) -> int:
        return self.record["boot_id"]

    @property
    def seq(self) -> int:
        return self.record["seq"]


@dataclass(frozen=True)
class Refused:
    """A frame that does not, and why."""

    boot_id: int  # 0 and 0 where the frame is too short to name its key
    seq: int
    code: str
    field: str
    frame: bytes


@dataclass(frozen=True)
class Request:
    """One request of a meter, every frame judged by itself."""

    meter: str
    poll: dict[str, int]
    items: tuple[Item, ...]
    refused: tuple[Refused, ...]


def judge(signer: wire.Signer, meter: str, body: bytes) -> Request:
    """Takes a request apart.

    Raises Refusal when the request as a whole cannot be answered: its lengths do not add up, it is too large, or it
    does not begin with a poll that this meter signed.
    """
    frames = wire.split(body)
    if not frames:
        raise Refusal("malformed", "poll")
    kind, schema, payload = wire.open_frame(signer, meter, frames[0])
    if kind != wire.POLL:
        raise Refusal("malformed", "poll")
    poll = wire.decode(kind, schema, payload)
    items, refused = [], []
    for frame in frames[1:]:
        try:
            items.append(_item(signer, meter, frame))
        except Refusal as refusal:
            refused.append(Refused(*_key(frame), refusal.code, refusal.field, frame))
    return Request(meter, poll, tuple(items), tuple(refused))


def _item(signer: wire.Signer, meter: str, frame: bytes) -> Item:
    kind, schema, payload = wire.open_frame(signer, meter, frame)
    if kind == wire.POLL or kind in wire.SEALED:
        raise Refusal("foreign", "kind")
    record = wire.decode(kind, schema, payload)
    if kind == wire.READING:
        check_possible(record)
    return Item(kind, schema, payload, record)


def _key(frame: bytes) -> tuple[int, int]:
    payload = frame[wire.HEADER_BYTES : -wire.MAC_BYTES]
    boot_id, seq = _KEY.unpack_from(payload) if len(payload) >= _KEY.size else (0, 0)
    return boot_id, seq
