"""Reads an anomaly model from its bytes.

    header | section, section, …            a section is tag u8 | length u8 | body, all little-endian

A receiver skips sections and channels it does not know, and whatever a newer schema appended to a section it does. Runs
unchanged on CPython and MicroPython (32-bit floats); apart from `model.py`, since a meter needs it once a day.
`packing.py` writes what this reads.
"""

import math
import struct
from array import array

from .densities import Mixture, Tail
from .features import DENSITY, EXCESS_60M, NAMES
from .model import MAX_FOURIER, SILENT, Channel, Curve, Model, Night
from .refusal import Refusal

SCHEMA = 1
MAX_MODEL_BYTES = 1024  # what the reply to a meter has room for beside commands and configuration
HEADER = "<BxHIIiiIBB"  # schema, threshold, version, trained, offset, next offset, change, open, close
SECTION_CHANNEL, SECTION_EXPECTED, SECTION_ENVELOPE, SECTION_MIXTURE, SECTION_NIGHT = 1, 2, 3, 4, 5
CHANNEL = "<BBBBf"  # id, sides, numbers in the mean, numbers in the spread, scale of the mean
TAIL = "<hhhh"  # u and sigma in thousandths of a spread, xi in ten-thousandths, -log10 of the rate at u in thousandths
CURVE = "<IHB"  # start, scale, hours
MIXTURE = "<BBhH"  # columns, components, median and spread of -ln p in hundredths; then ids, weights, means, variances
NIGHT = "<BBHhH"  # from hour, to hour, what carries, median and spread of what is left, in thousandths; then its tail
LOW, HIGH = 1, 2  # bits of a channel's sides
MAX_CURVE_HOURS = 72
MAX_COMPONENTS = 8
MEAN_PARTS, VARIANCE_PARTS = 16, 8  # of a spread, and of a log variance: a signed byte each
SPREAD_STEP = 0.04332169878499658  # ln 2 / 16: a spread of the expected power takes one byte


def checked(number: object, name: str, least: float, greatest: float) -> float:
    """The number, if it is one and within its bounds; NaN is not."""
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise Refusal("malformed", name)
    if not least <= number <= greatest:
        raise Refusal("out_of_range", name)
    return number


HEADER_FIELDS = (  # name, least, greatest, in the order of HEADER
    ("threshold_milli", 500, SILENT),
    ("version", 1, 0xFFFFFFFF),
    ("trained_s", 0, 0xFFFFFFFF),
    ("offset_s", -50400, 50400),
    ("next_offset_s", -50400, 50400),
    ("change_s", 0, 0xFFFFFFFF),
    ("open_minutes", 1, 60),
    ("close_minutes", 1, 240),
)
TAIL_FIELDS = (
    ("u", 0.2, 32.0, 1000),
    ("sigma", 0.001, 32.0, 1000),
    ("xi", -0.5, 1.0, 10000),
    ("rate", 0.0, 10.0, 1000),
)
MIXTURE_FIELDS = (
    ("usual", -320.0, 320.0, 100),
    ("spread", 0.05, 320.0, 100),
)
NIGHT_FIELDS = (
    ("carries", 0.0, 1.0, 1000),
    ("usual", -32.0, 32.0, 1000),
    ("spread", 0.1, 32.0, 1000),
)


def unpack(packed: bytes) -> Model:
    """Reads and checks a model.

    Raises Refusal: ("too_large", "model"), ("malformed", what) for lengths that do not add up or a channel given twice,
    ("unknown_schema", "schema"), ("out_of_range", field) for a number beyond its bounds or NaN.
    """
    if len(packed) > MAX_MODEL_BYTES:
        raise Refusal("too_large", "model")
    head = struct.calcsize(HEADER)
    if len(packed) < head:
        raise Refusal("malformed", "header")
    numbers = struct.unpack(HEADER, packed[:head])
    if numbers[0] != SCHEMA:
        raise Refusal("unknown_schema", "schema")
    model = Model()
    for (name, least, greatest), number in zip(HEADER_FIELDS, numbers[1:]):
        setattr(model, name, checked(number, name, least, greatest))
    at = head
    while at < len(packed):
        if at + 2 > len(packed) or at + 2 + packed[at + 1] > len(packed):
            raise Refusal("malformed", "section")
        end = at + 2 + packed[at + 1]
        _unpack_section(model, packed[at], packed[at + 2 : end])
        at = end
    return model


def _unpack_section(model: Model, tag: int, body: bytes) -> None:
    if tag == SECTION_CHANNEL:
        _unpack_channel(model, body)
    elif tag == SECTION_EXPECTED:
        _unpack_expected(model, body)
    elif tag == SECTION_MIXTURE:
        _unpack_mixture(model, body)
    elif tag == SECTION_NIGHT:
        _unpack_night(model, body)
    elif tag == SECTION_ENVELOPE:
        start_s, peak, hours = _unpack_curve(body, "envelope", 1)
        at = struct.calcsize(CURVE)
        model.envelope_w = Curve(start_s, array("f", [b * peak / 255 for b in body[at : at + hours]]))


def check_fourier_length(length: int, name: str, part: str) -> None:
    if not 1 <= length <= MAX_FOURIER or length % 2 == 0:
        raise Refusal("out_of_range", name + "." + part)


def _unpack_channel(model: Model, body: bytes) -> None:
    at = struct.calcsize(CHANNEL)
    if len(body) < at:
        raise Refusal("malformed", "channel")
    channel, sides, means, spreads, scale = struct.unpack(CHANNEL, body[:at])
    if not 1 <= channel < DENSITY:
        return  # a channel of a newer schema: this meter cannot compute it
    name = NAMES[channel]
    if channel in [known.channel for known in model.channels]:
        raise Refusal("malformed", name)
    check_fourier_length(means, name, "mean")
    check_fourier_length(spreads, name, "log_spread")
    checked(scale, name + ".scale", 1e-12, 1e6)
    tails = (sides & LOW) + ((sides & HIGH) >> 1)
    if len(body) < at + 2 * (means + spreads) + struct.calcsize(TAIL) * tails:
        raise Refusal("malformed", name)
    mean = array("f", [number * scale for number in struct.unpack("<%dh" % means, body[at : at + 2 * means])])
    at += 2 * means
    spread = array("f", [number / 1000 for number in struct.unpack("<%dh" % spreads, body[at : at + 2 * spreads])])
    at += 2 * spreads
    low = high = None
    if sides & LOW:
        low = _unpack_tail(body, at, name)
        at += struct.calcsize(TAIL)
    if sides & HIGH:
        high = _unpack_tail(body, at, name)
    model.channels.append(Channel(channel, mean, spread, low, high))


def _unpack_tail(body: bytes, at: int, name: str) -> Tail:
    return Tail(*_scaled(TAIL_FIELDS, struct.unpack(TAIL, body[at : at + struct.calcsize(TAIL)]), name))


def _scaled(fields: "tuple[tuple[str, float, float, int], ...]", packed: "tuple[int, ...]", name: str) -> "list[float]":
    found = []
    for (field, least, greatest, scale), number in zip(fields, packed):
        found.append(checked(number, name + "." + field, round(least * scale), round(greatest * scale)) / scale)
    return found


def _unpack_mixture(model: Model, body: bytes) -> None:
    at = struct.calcsize(MIXTURE)
    if len(body) < at or model.mixture is not None:
        raise Refusal("malformed", "mixture")
    columns, components, usual, spread = struct.unpack(MIXTURE, body[:at])
    checked(columns, "mixture.channels", 2, DENSITY)
    checked(components, "mixture.weights", 1, MAX_COMPONENTS)
    size = columns * components
    if len(body) < at + columns + components + 2 * size + struct.calcsize(TAIL):
        raise Refusal("malformed", "mixture")
    ids = body[at : at + columns]
    at += columns
    if max(ids) >= DENSITY:
        return  # over a channel of a newer schema: this meter cannot compute it
    weights = body[at : at + components]
    checked(min(weights), "mixture.weights", 1, 255)
    at += components
    means = array("f", [number / MEAN_PARTS for number in struct.unpack("%db" % size, body[at : at + size])])
    at += size
    variances = array("f", [number / VARIANCE_PARTS for number in struct.unpack("%db" % size, body[at : at + size])])
    usual, spread = _scaled(MIXTURE_FIELDS, (usual, spread), "mixture")
    model.mixture = Mixture(
        ids,
        _columns(model, ids),
        array("f", [weight / sum(weights) for weight in weights]),
        (means, variances),
        (usual, spread),
        _unpack_tail(body, at + size, "mixture"),
    )


def _unpack_night(model: Model, body: bytes) -> None:
    at = struct.calcsize(NIGHT)
    if len(body) < at + struct.calcsize(TAIL) or model.night is not None:
        raise Refusal("malformed", "night")
    first, last, carries, usual, spread = struct.unpack(NIGHT, body[:at])
    checked(last, "night.hours", 1, 24)
    checked(first, "night.hours", 0, last - 1)
    carries, usual, spread = _scaled(NIGHT_FIELDS, (carries, usual, spread), "night")
    model.night = Night((first, last), carries, (usual, spread), _unpack_tail(body, at, "night"))


def _columns(model: Model, ids: bytes) -> "tuple[array[float], array[float]]":
    """Centres and spreads of the channels of these ids: the constants of their Gaussians, which come before.

    Channels that are set against a curve are never mixed.
    """
    found = [known for number in ids for known in model.channels if known.channel == number < EXCESS_60M]
    if len(found) != len(ids) or len(set(ids)) != len(ids):
        raise Refusal("out_of_range", "mixture.channels")
    spreads = array("f", [math.exp(channel.log_spread[0]) for channel in found])
    return array("f", [channel.mean[0] for channel in found]), spreads


def _unpack_curve(body: bytes, name: str, hour_bytes: int) -> tuple[int, int, int]:
    head = struct.calcsize(CURVE)
    if len(body) < head:
        raise Refusal("malformed", name)
    start_s, peak, hours = struct.unpack(CURVE, body[:head])
    checked(hours, name + ".hours", 1, MAX_CURVE_HOURS)
    if len(body) < head + hour_bytes * hours:
        raise Refusal("malformed", name)
    return start_s, peak, hours


def _unpack_expected(model: Model, body: bytes) -> None:
    start_s, _, hours = _unpack_curve(body, "expected", 3)
    at = struct.calcsize(CURVE)
    model.expected_w = Curve(start_s, array("h", struct.unpack("<%dh" % hours, body[at : at + 2 * hours])))
    steps = body[at + 2 * hours : at + 3 * hours]
    model.expected_spread_w = Curve(start_s, array("f", [math.exp(b * SPREAD_STEP) for b in steps]))
