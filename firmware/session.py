"""Requests to the hub and its signed replies, without the network."""

from binascii import a2b_base64

from config import parse_json

from contract import wire
from contract.refusal import Refusal

_MAX_REPLY_BYTES = 16384
_MOST_MS = 1 << 47  # the year 6429: what the meter adds to it must still fit into a record
_MOST_MWH = 1 << 52


class Session:
    """One boot's conversation with the hub of today.

    A reply counts only if its mac, under the link key, binds it to this boot and to the request it answers: an old or
    foreign one is refused as bad_mac.
    """

    def __init__(self, meter: str, boot_id: int):
        self.meter = meter
        self.boot_id = boot_id
        self.request_no = 0
        self._signer = wire.Signer(b"")  # nobody's key: the hub answers "unknown_meter", with the assignment

    def use_key(self, k_link: bytes) -> None:
        self._signer = wire.Signer(k_link)

    def request(self, uptime_ms: int, versions: dict, records: list) -> bytes:
        """The body of the next request: a poll, and these records (kind, payload)."""
        self.request_no += 1
        poll = {"boot_id": self.boot_id, "request_no": self.request_no, "uptime_ms": uptime_ms}
        poll.update(versions)
        frames = [wire.seal(self._signer, self.meter, wire.POLL, wire.encode(wire.POLL, poll))]
        for kind, payload in records:
            frames.append(wire.seal(self._signer, self.meter, kind, payload))
        return b"".join(frames)

    def reply(self, body: bytes, mac: str) -> dict:
        """The verified reply to the last request, its sealed blobs as bytes. Raises Refusal."""
        if len(body) > _MAX_REPLY_BYTES:
            raise Refusal("too_large", "reply")
        expected = wire.reply_mac(self._signer, self.meter, self.boot_id, self.request_no, body)
        if not wire.same(expected.encode(), mac.encode()):
            raise Refusal("bad_mac", "reply")
        reply = parse_json(body, "reply")
        for name in ("model", "config", "assignment", "manifest"):
            reply[name] = unpacked(reply.get(name), name)
        reply["commands"] = [unpacked(blob, "commands") for blob in _listed(reply, "commands")]
        reply["ack"] = [_whole_numbers(run, 3, "ack") for run in _listed(reply, "ack")]
        reply["refused"] = [_key(told) for told in _listed(reply, "refused")]
        if reply.get("regs") is not None:
            _bounded(_whole_numbers(reply["regs"], 4, "regs"), _MOST_MWH, "regs")
        for name in ("now_ms", "cadence_ms", "lease_until_ms"):
            _bounded(_whole_numbers([reply.get(name, 0)], 1, name), _MOST_MS, name)
        return reply


def unsigned_assignment(body: bytes):
    """The sealed assignment in a refusal of the hub, which needs no signature of its own; None where there is none."""
    return unpacked(parse_json(body, "reply").get("assignment"), "assignment")


def unpacked(text, name: str):
    """Bytes from base64; None for None. Raises Refusal("malformed", name)."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise Refusal("malformed", name)
    try:
        return a2b_base64(text.encode())
    except ValueError:
        raise Refusal("malformed", name)


def _key(told) -> list:
    """The key that leads what is told of a refused record."""
    if not isinstance(told, list):
        raise Refusal("malformed", "refused")
    return _whole_numbers(told[:2], 2, "refused")


def _listed(reply: dict, name: str) -> list:
    found = reply.get(name, [])
    if not isinstance(found, list):
        raise Refusal("malformed", name)
    return found


def _whole_numbers(found, length: int, name: str) -> list:
    if not isinstance(found, list) or len(found) != length:
        raise Refusal("malformed", name)
    for number in found:
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise Refusal("malformed", name)
    return found


def _bounded(numbers: list, most: int, name: str) -> None:
    for number in numbers:
        if number > most:
            raise Refusal("out_of_range", name)
