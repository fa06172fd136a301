"""Frames between meter and hub, and the blobs the cloud seals for a meter.

Runs unchanged on CPython and MicroPython. A frame is

    kind u8 | schema u8 | payload length u16 | payload | mac 16 bytes        (little-endian)

and its mac is HMAC-SHA256 under a key that one meter shares with its hub (k_link) or with the cloud (k_meter), cut
to 128 bits (RFC 2104, section 5). Payloads are fixed layouts; a newer schema may append fields, never change the
known ones.
"""

import hashlib
import struct

from .refusal import Refusal

SCHEMA = 1
MAC_BYTES = 16
HEADER = "<BBH"
HEADER_BYTES = 4
MAX_BODY_BYTES = 32768  # the ESP32 builds a request in RAM; the hub refuses more before it reads it
MAX_FRAMES = 65  # one poll and 64 others
MAX_PAYLOAD_BYTES = 8192
MAX_MANIFEST_BYTES = 6144  # 64 modules; in base64 half of the longest reply
PIECE_BYTES = 2048  # of a firmware file in one answer: a small heap still has as much in one piece

POLL, READING, EVENT, SNAPSHOT, RESULT = 1, 2, 3, 4, 5
MODEL, CONFIG, COMMAND, ASSIGNMENT, MANIFEST = 16, 17, 18, 19, 20
SEALED = (MODEL, CONFIG, COMMAND, ASSIGNMENT, MANIFEST)

FLAG_CLOCK_SET = 1  # ts_ms is wall time; without it ts_ms is 0 and the hub places the reading by boot id and uptime
FLAG_PV_FITTED = 2  # without it every pv_ field is 0 and means nothing
FLAG_REGISTERS_RESUMED = 4  # the registers continue those before the last power cut; without it they count apart
FLAG_LEASED = 8  # sent at the faster cadence because somebody watches
FLAG_RELAY_ON = 16

RESET_CAUSES = ("unknown", "power_on", "brown_out", "watchdog", "software", "deep_sleep", "crash")
EVENT_KINDS = (
    "anomaly",
    "overuse",
    "hidden_load",
    "pv_low",
    "tamper",
    "sensor",
    "sag",
    "swell",
    "interruption",
    "health",
)
PHASES = ("start", "end")
CHECKS = (  # what a meter finds wrong with its own sensors, bit 0 first; append only, at most 16
    "v_missing",  # no mains at the voltage input
    "v_flat",  # the voltage input repeats one code
    "v_clipped",
    "v_frequency",  # not the nominal frequency: 60 Hz instead of 50
    "grid_open",  # a clamp that hears less than an idle house ever draws
    "grid_flat",
    "grid_clipped",
    "grid_reversed",
    "pv_open",
    "pv_flat",
    "pv_clipped",
    "pv_reversed",
    "clamps_swapped",
    "wrong_phase",  # the clamp sits on a conductor of another phase than the voltage input
    "impossible",  # more power than volts and amperes allow, or beyond what the clamps can carry
)
PF_NONE = -32768  # power factor below the current where it means nothing
REGISTERS = ("import_mwh", "export_mwh", "pv_mwh", "standby_mwh")

_MAX_MWH = 1 << 53  # beyond nine terawatt-hours something is broken, and JSON numbers stay exact below
_MAX_MS = 1 << 48
_MAX_MW = 100000000  # 100 kW: three times what the clamps can carry
_MAX_MV = 600000
_MAX_MA = 400000

# (name, struct code, least, greatest). The order is the wire; append only.
POLL_FIELDS = (
    ("boot_id", "I", 0, None),
    ("request_no", "I", 1, None),
    ("uptime_ms", "Q", 0, _MAX_MS),
    ("firmware", "H", 0, None),
    ("model_version", "I", 0, None),
    ("config_version", "I", 0, None),
    ("assignment_version", "I", 0, None),
    ("command_id", "Q", 0, _MAX_MS),
    ("manifest_version", "H", 0, None),  # the newest firmware it runs, fetches or has given up: no older is news
)
READING_FIELDS = (
    ("boot_id", "I", 0, None),
    ("seq", "I", 1, None),
    ("uptime_ms", "Q", 0, _MAX_MS),
    ("ts_ms", "Q", 0, _MAX_MS),  # wall time at the end of the window; 0 while the clock is not set
    ("window_ms", "I", 1, 3600000),
    ("v_mv", "I", 0, _MAX_MV),
    ("f_mhz", "I", 0, 100000),  # 0: no mains to time
    ("grid_ma", "I", 0, _MAX_MA),
    ("grid_mw", "i", -_MAX_MW, _MAX_MW),
    ("grid_mvar", "i", -_MAX_MW, _MAX_MW),
    ("grid_mva", "I", 0, _MAX_MW),
    ("grid_pf_permille", "h", -1000, 1000),
    ("pv_ma", "I", 0, _MAX_MA),
    ("pv_mw", "i", -_MAX_MW, _MAX_MW),
    ("pv_mvar", "i", -_MAX_MW, _MAX_MW),
    ("pv_mva", "I", 0, _MAX_MW),
    ("pv_pf_permille", "h", -1000, 1000),
    ("house_mw", "i", -_MAX_MW, 2 * _MAX_MW),
    ("v_min_mv", "I", 0, _MAX_MV),  # the least and the greatest RMS value of one mains cycle, renewed every half cycle
    ("v_max_mv", "I", 0, _MAX_MV),
    ("grid_min_mw", "i", -_MAX_MW, _MAX_MW),
    ("grid_max_mw", "i", -_MAX_MW, _MAX_MW),
    ("pv_min_mw", "i", -_MAX_MW, _MAX_MW),
    ("pv_max_mw", "i", -_MAX_MW, _MAX_MW),
    ("import_mwh", "Q", 0, _MAX_MWH),
    ("export_mwh", "Q", 0, _MAX_MWH),
    ("pv_mwh", "Q", 0, _MAX_MWH),
    ("standby_mwh", "Q", 0, _MAX_MWH),
    ("grid_u_mw", "I", 0, _MAX_MW),  # half width of the 95 % interval
    ("pv_u_mw", "I", 0, _MAX_MW),
    ("score_milli", "i", None, None),  # -1000 log10 p of the last minute
    ("model_version", "I", 0, None),  # 0: no model, the score means nothing
    ("channel", "B", 0, None),
    ("flags", "H", 0, None),
    ("coverage_permille", "H", 0, 1000),  # part of the window that was sampled and not rejected
    ("bursts", "H", 0, None),  # that were added up …
    ("clipped", "H", 0, None),  # … with samples outside of the range
    ("rejected", "H", 0, None),  # mains cycles left out: radio spikes, failed conversions, lengths no cycle has
    ("dropped", "I", 0, None),  # readings lost from the outbox since boot
    ("outbox", "H", 0, None),
    ("free_bytes", "I", 0, None),
    ("rssi_dbm", "b", None, 0),
    ("reset_cause", "B", 0, len(RESET_CAUSES) - 1),
    ("clock_offset_ms", "i", None, None),
    ("firmware", "H", 0, None),
    ("config_version", "I", 0, None),
    ("refusal", "B", 0, None),  # index in REFUSALS of the last thing the meter refused; 0: nothing
    ("calibration", "H", 0, None),  # version of the calibration in force; 0: the board as it is drawn
    ("checks", "H", 0, None),  # one bit for each of CHECKS that the window failed
)
EVENT_FIELDS = (
    ("boot_id", "I", 0, None),
    ("seq", "I", 1, None),
    ("uptime_ms", "Q", 0, _MAX_MS),
    ("ts_ms", "Q", 0, _MAX_MS),  # of a voltage event the moment it began or ended, which is before it was told
    ("kind", "B", 0, len(EVENT_KINDS) - 1),
    ("phase", "B", 0, 1),
    ("channel", "B", 0, None),
    ("value", "i", None, None),
    ("usual_lo", "i", None, None),
    ("usual_hi", "i", None, None),
    ("score_milli", "i", None, None),
    ("model_version", "I", 0, None),
    ("duration_ms", "I", 0, None),
    ("start_seq", "I", 1, None),  # of the event's start; equal to seq at the start itself
    ("start_boot", "I", 0, None),  # boot id of the event's start: an event may outlive a restart
)
SNAPSHOT_FIELDS = (
    ("boot_id", "I", 0, None),
    ("seq", "I", 1, None),
    ("ts_ms", "Q", 1, _MAX_MS),
    ("import_mwh", "Q", 0, _MAX_MWH),
    ("export_mwh", "Q", 0, _MAX_MWH),
    ("pv_mwh", "Q", 0, _MAX_MWH),
    ("standby_mwh", "Q", 0, _MAX_MWH),
    ("flags", "H", 0, None),  # FLAG_REGISTERS_RESUMED as in a reading
)
RESULT_FIELDS = (  # followed by a UTF-8 text of what came of it, at most 200 bytes
    ("boot_id", "I", 0, None),
    ("seq", "I", 1, None),
    ("command_id", "Q", 1, _MAX_MS),
    ("code", "B", 0, None),
)
MAX_RESULT_TEXT_BYTES = 200
FIELDS = {
    POLL: POLL_FIELDS,
    READING: READING_FIELDS,
    EVENT: EVENT_FIELDS,
    SNAPSHOT: SNAPSHOT_FIELDS,
    RESULT: RESULT_FIELDS,
}
REFUSALS = (  # append only
    "",
    "malformed",
    "bad_mac",
    "unknown_schema",
    "out_of_range",
    "too_large",
    "stale",
    "foreign",
    "damaged",  # a firmware file that is not what the manifest says, under way or on flash
    "fell_back",  # a firmware that did not prove itself: the meter runs the one before
)


def _layout(fields: "tuple[tuple[str, str, int | None, int | None], ...]") -> str:
    return "<" + "".join(field[1] for field in fields)


_LAYOUTS = {kind: _layout(fields) for kind, fields in FIELDS.items()}


class Signer:
    """HMAC-SHA256 (RFC 2104) with both padded key blocks prepared once. MicroPython ships no hmac."""

    def __init__(self, key: bytes):
        if len(key) > 64:
            key = hashlib.sha256(key).digest()
        key = key + bytes(64 - len(key))
        self._inner = bytes([b ^ 0x36 for b in key])
        self._outer = bytes([b ^ 0x5C for b in key])

    def digest(self, *parts: bytes) -> bytes:
        """The 32-byte mac of the parts joined."""
        inner = hashlib.sha256(self._inner)
        for part in parts:
            inner.update(part)
        outer = hashlib.sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()


def same(a: bytes, b: bytes) -> bool:
    """Compares two macs in time that does not depend on where they differ."""
    if len(a) != len(b):
        return False
    difference = 0
    for x, y in zip(a, b):
        difference |= x ^ y
    return difference == 0


def meter_key(master: bytes, meter: str, version: int) -> bytes:
    """k_meter: known to the meter and to the functions, to nobody else."""
    return Signer(master).digest(b"sunmeter/meter/v1|", meter.encode(), b"|", str(version).encode())


def link_key(k_meter: bytes, hub: str, version: int) -> bytes:
    """k_link: what the meter and its hub of today share."""
    return Signer(k_meter).digest(b"sunmeter/link/v1|", hub.encode(), b"|", str(version).encode())


def claim_code(k_meter: bytes) -> str:
    """The eight characters (Crockford's base 32, 40 bits) printed on the meter's label."""
    number = int.from_bytes(Signer(k_meter).digest(b"sunmeter/claim/v1")[:5], "big")
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join([alphabet[(number >> shift) & 31] for shift in range(35, -5, -5)])


def is_meter_id(meter: object) -> bool:
    """True for "m-" and ten of [0-9a-z]."""
    if not isinstance(meter, str) or len(meter) != 12 or meter[:2] != "m-":
        return False
    for character in meter[2:]:
        if not ("0" <= character <= "9" or "a" <= character <= "z"):
            return False
    return True


def _frame_mac(signer: Signer, meter: str, signed: bytes) -> bytes:
    return signer.digest(b"sunmeter/frame/v1|", meter.encode(), b"|", signed)[:MAC_BYTES]


def seal(signer: Signer, meter: str, kind: int, payload: bytes) -> bytes:
    """One frame, signed."""
    signed = struct.pack(HEADER, kind, SCHEMA, len(payload)) + payload
    return signed + _frame_mac(signer, meter, signed)


def split(body: bytes) -> list[bytes]:
    """Cuts a request's body into frames, without judging them.

    Returns a list of bytes, each one whole frame. Raises Refusal("malformed", "frames") when the lengths do not add up,
    and Refusal("too_large", …) for a body or a number of frames beyond the limits.
    """
    if len(body) > MAX_BODY_BYTES:
        raise Refusal("too_large", "body")
    frames: list[bytes] = []
    at = 0
    while at < len(body):
        if len(body) - at < HEADER_BYTES + MAC_BYTES:
            raise Refusal("malformed", "frames")
        length = body[at + 2] | body[at + 3] << 8
        end = at + HEADER_BYTES + length + MAC_BYTES
        if length > MAX_PAYLOAD_BYTES or end > len(body):
            raise Refusal("malformed", "frames")
        if len(frames) == MAX_FRAMES:
            raise Refusal("too_large", "frames")
        frames.append(bytes(body[at:end]))
        at = end
    return frames


def open_frame(signer: Signer, meter: str, frame: bytes) -> tuple[int, int, bytes]:
    """Verifies one frame; returns (kind, schema, payload). Raises Refusal: malformed or bad_mac."""
    if len(frame) < HEADER_BYTES + MAC_BYTES:
        raise Refusal("malformed", "frame")
    kind, schema, length = struct.unpack(HEADER, frame[:HEADER_BYTES])
    if HEADER_BYTES + length + MAC_BYTES != len(frame):
        raise Refusal("malformed", "length")
    if not same(_frame_mac(signer, meter, frame[:-MAC_BYTES]), frame[-MAC_BYTES:]):
        raise Refusal("bad_mac", "mac")
    return kind, schema, frame[HEADER_BYTES:-MAC_BYTES]


def unseal(signer: Signer, meter: str, kind: int, blob: bytes) -> bytes:
    """The payload of a blob the cloud sealed for this meter. Refusals: malformed, bad_mac, foreign, unknown_schema."""
    found, schema, payload = open_frame(signer, meter, blob)
    if found != kind:
        raise Refusal("foreign", "kind")
    if schema != SCHEMA:
        raise Refusal("unknown_schema", "schema")
    return payload


def encode(kind: int, record: dict[str, int], text: str = "") -> bytes:
    """The payload of a poll, reading, event, snapshot or result; only a result carries a text.

    Raises Refusal("malformed", field) for a missing or non-integer field, ("out_of_range", field) beyond its bounds.
    """
    values = []
    for name, code, least, greatest in FIELDS[kind]:
        number = record.get(name)
        if not isinstance(number, int) or isinstance(number, bool):
            raise Refusal("malformed", name)
        _check(name, code, least, greatest, number)
        values.append(number)
    payload = struct.pack(_LAYOUTS[kind], *values)
    if kind == RESULT:
        payload += _cut(text.encode(), MAX_RESULT_TEXT_BYTES)
    return payload


def _cut(text: bytes, most: int) -> bytes:
    """At most so many bytes of UTF-8, never half a character."""
    if len(text) <= most:
        return text
    while text[most] & 0xC0 == 0x80:
        most -= 1
    return text[:most]


def decode(kind: int, schema: int, payload: bytes) -> dict[str, int]:
    """Reads a payload back into a record of integers, by field name.

    A newer schema is read by the prefix this version knows. Refusals: unknown_schema for schema 0 or an unknown kind,
    malformed when the payload is shorter or (same schema) longer than its layout, out_of_range with the field's name.
    """
    if kind not in FIELDS:
        raise Refusal("unknown_schema", "kind")
    if schema < 1:
        raise Refusal("unknown_schema", "schema")
    layout = _LAYOUTS[kind]
    size = struct.calcsize(layout)
    if len(payload) < size:
        raise Refusal("malformed", "payload")
    extra = len(payload) - size
    if schema == SCHEMA and extra > (MAX_RESULT_TEXT_BYTES if kind == RESULT else 0):
        raise Refusal("malformed", "payload")
    record: dict[str, int] = {}
    for (name, code, least, greatest), number in zip(FIELDS[kind], struct.unpack(layout, payload[:size])):
        _check(name, code, least, greatest, number)
        record[name] = number
    if kind == RESULT:
        result_text(payload)
    return record


def result_text(payload: bytes) -> str:
    """What a result says of itself. Raises Refusal("malformed", "text") when it is not UTF-8."""
    size = struct.calcsize(_LAYOUTS[RESULT])
    try:
        return payload[size : size + MAX_RESULT_TEXT_BYTES].decode()
    except UnicodeError:
        raise Refusal("malformed", "text")


_BITS = {"b": 7, "B": 8, "h": 15, "H": 16, "i": 31, "I": 32, "Q": 64}


def _check(name: str, code: str, least: int | None, greatest: int | None, number: int) -> None:
    if name[-12:] == "_pf_permille" and number == PF_NONE:
        return
    limit = 1 << _BITS[code]
    if not (-limit if code in "bhi" else 0) <= number < limit:
        raise Refusal("out_of_range", name)
    if (least is not None and number < least) or (greatest is not None and number > greatest):
        raise Refusal("out_of_range", name)


def reply_mac(signer: Signer, meter: str, boot_id: int, request_no: int, body: bytes) -> str:
    """Hex mac of a reply, bound to the one request it answers."""
    bound = "sunmeter/reply/v1|%s|%d|%d|" % (meter, boot_id, request_no)
    digest = signer.digest(bound.encode(), body)
    return "".join(["%02x" % b for b in digest])
