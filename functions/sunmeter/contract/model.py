"""The anomaly model as the meter holds it, and how it is read from its bytes.

    header | section, section, …            a section is tag u8 | length u8 | body, all little-endian

A receiver skips sections and channels it does not know, and whatever a newer schema appended to a section it does. Runs
unchanged on CPython and MicroPython (32-bit floats). `packing.py` writes what this reads.
"""

import math
import struct
from array import array

from .features import DENSITY, NAMES
from .refusal import Refusal

SCHEMA = 1
MAX_MODEL_BYTES = 1024  # what the reply to a meter has room for beside commands and configuration
SILENT = 65535  # as a threshold: score, but never alert
HOUR_S = 3600
DAY_S = 86400
HEADER = "<BxHIIiiIBB"  # schema, threshold, version, trained, offset, next offset, change, open, close
SECTION_CHANNEL, SECTION_EXPECTED, SECTION_ENVELOPE = 1, 2, 3
CHANNEL = "<BBBBf"  # id, sides, numbers in the mean, numbers in the spread, scale of the mean
TAIL = "<hhhh"  # u and sigma in thousandths of a spread, xi in ten-thousandths, -log10 of the rate at u in thousandths
CURVE = "<IHB"  # start, scale, hours
LOW, HIGH = 1, 2  # bits of a channel's sides
MAX_FOURIER = 9  # numbers in a mean or a spread: the constant and four harmonics
MAX_CURVE_HOURS = 72
MOST_MILLI = 30000  # one in 10^30 hours: beyond it a rarer value is not more unusual
SPREAD_STEP = 0.04332169878499658  # ln 2 / 16: a spread of the expected power takes one byte
_LN10 = 2.302585092994046


class Tail:
    """Generalised Pareto tail of one side: how often per hour the distance z from the mean goes beyond."""

    def __init__(self, u: float, sigma: float, xi: float, rate: float):
        self.u = u  # where the body ends, in spreads
        self.sigma = sigma
        self.xi = xi
        self.rate = rate  # -log10 of how often per hour z passes u

    def score(self, z: float) -> float:
        """-log10 of the rate per hour beyond z; 0 at the mean."""
        if z <= 0.0:
            return 0.0
        if z <= self.u:
            return self.rate * (z / self.u) * (z / self.u)
        y = (z - self.u) / self.sigma
        if abs(self.xi) < 1e-3:
            return self.rate + y / _LN10
        inside = 1.0 + self.xi * y
        if inside <= 1e-9:
            return MOST_MILLI / 1000.0
        return self.rate + math.log(inside) / (self.xi * _LN10)


class Channel:
    """One conditional Gaussian: mean and log spread are Fourier series over the local day."""

    def __init__(
        self, channel: int, mean: "array[float]", log_spread: "array[float]", low: Tail | None, high: Tail | None
    ):
        self.channel = channel
        self.mean = mean  # array of 1 + 2 k numbers
        self.log_spread = log_spread
        self.low = low  # Tail, or None where this side never alarms
        self.high = high


class Curve:
    """An hourly series from an hour on: the expected power and its spread, or the envelope of the PV."""

    def __init__(self, start_s: int, numbers: "array[float]"):
        self.start_s = start_s
        self.numbers = numbers

    def mean(self, end_s: int, hours: int) -> float | None:
        """Mean over the `hours` up to end_s, the first and last hour in part; None where the curve does not reach."""
        at_s = end_s - self.start_s - hours * HOUR_S
        first = at_s // HOUR_S
        part = (at_s - first * HOUR_S) / HOUR_S
        if first < 0 or first + hours > len(self.numbers) - (1 if part > 0 else 0):
            return None
        total = self.numbers[first] * (1.0 - part)
        for hour in range(first + 1, first + hours):
            total += self.numbers[hour]
        if part > 0:
            total += self.numbers[first + hours] * part
        return total / hours


class Model:
    """A model as the meter holds it, checked."""

    def __init__(self) -> None:
        self.version = 0
        self.trained_s = 0
        self.threshold_milli = SILENT
        self.offset_s = 0  # of the home's zone from UTC …
        self.next_offset_s = 0  # … and what it becomes
        self.change_s = 0  # at this moment
        self.open_minutes = 5
        self.close_minutes = 30
        self.channels: list[Channel] = []
        self.expected_w: Curve | None = None  # None: EXCESS_60M stays silent
        self.expected_spread_w: Curve | None = None
        self.envelope_w: Curve | None = None  # no PV, or too little of it seen

    def second_of_day(self, ts_s: int) -> int:
        """Seconds since local midnight."""
        offset_s = self.next_offset_s if ts_s >= self.change_s else self.offset_s
        return (ts_s + offset_s) % DAY_S


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
    found = []
    packed = struct.unpack(TAIL, body[at : at + struct.calcsize(TAIL)])
    for (field, least, greatest, scale), number in zip(TAIL_FIELDS, packed):
        found.append(checked(number, name + "." + field, round(least * scale), round(greatest * scale)) / scale)
    return Tail(*found)


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
