"""Writes the bytes of an anomaly model: only the cloud does. `unpacking.py` says what they mean, and reads them."""

import math
import struct
from typing import Any

from .features import DENSITY, FULL, NAMES, clamped
from .refusal import Refusal
from .unpacking import (
    CHANNEL,
    CURVE,
    HEADER,
    HEADER_FIELDS,
    HIGH,
    LOW,
    MAX_CURVE_HOURS,
    SCHEMA,
    SECTION_CHANNEL,
    SECTION_ENVELOPE,
    SECTION_EXPECTED,
    SPREAD_STEP,
    TAIL,
    TAIL_FIELDS,
    check_fourier_length,
    checked,
    unpack,
)


def pack(model: dict[str, Any]) -> bytes:
    """The bytes of a model, at most MAX_MODEL_BYTES.

    Keys: version, trained_s, offset_s, next_offset_s, change_s, threshold_milli, open_minutes, close_minutes;
    channels: [{"channel": name, "mean": [...], "log_spread": [...], "low": tail or None, "high": tail or None}], a tail
    {"u", "sigma", "xi", "rate"}, means and spreads in the channel's unit or in its natural logarithm (LOG_FLOOR);
    expected: None or {"start_s", "mean_w": [...], "spread_w": [...]}; envelope: None or {"start_s", "w": [...]}.
    Raises Refusal("malformed" | "out_of_range", field) and ("too_large", "model").
    """
    numbers = []
    for name, least, greatest in HEADER_FIELDS:
        numbers.append(int(checked(model.get(name), name, least, greatest)))
    parts = [struct.pack(HEADER, SCHEMA, *numbers)]
    for channel in model["channels"]:
        parts.append(_section(SECTION_CHANNEL, _packed_channel(channel)))
    if model.get("expected") is not None:
        parts.append(_section(SECTION_EXPECTED, _packed_expected(model["expected"])))
    if model.get("envelope") is not None:
        parts.append(_section(SECTION_ENVELOPE, _packed_envelope(model["envelope"])))
    packed = b"".join(parts)
    unpack(packed)
    return packed


def _section(tag: int, body: bytes) -> bytes:
    if len(body) > 255:
        raise Refusal("too_large", "section")
    return bytes([tag, len(body)]) + body


def _packed_channel(channel: dict[str, Any]) -> bytes:
    name = channel.get("channel")
    if name not in NAMES[1:DENSITY]:
        raise Refusal("out_of_range", "channel")
    mean, spread = channel["mean"], channel["log_spread"]
    for series, part, most in ((mean, "mean", 1e7), (spread, "log_spread", 30.0)):
        check_fourier_length(len(series), name, part)
        for number in series:
            checked(number, name + "." + part, -most, most)
    scale = max(max([abs(number) for number in mean]) / FULL, 1e-9)
    low, high = channel.get("low"), channel.get("high")
    sides = (LOW if low is not None else 0) | (HIGH if high is not None else 0)
    parts = [struct.pack(CHANNEL, NAMES.index(name), sides, len(mean), len(spread), scale)]
    for number in mean:
        parts.append(struct.pack("<h", clamped(round(number / scale))))
    for number in spread:
        parts.append(struct.pack("<h", round(number * 1000)))
    for tail in (low, high):
        if tail is not None:
            parts.append(_packed_tail(tail, name))
    return b"".join(parts)


def _packed_tail(tail: dict[str, Any], name: str) -> bytes:
    numbers = []
    for field, least, greatest, scale in TAIL_FIELDS:
        numbers.append(round(checked(tail.get(field), name + "." + field, least, greatest) * scale))
    return struct.pack(TAIL, *numbers)


def _packed_curve(start_s: object, name: str, peak: int, hours: int) -> bytes:
    first_s = int(checked(start_s, name + ".start_s", 0, 0xFFFFFFFF))
    checked(hours, name + ".hours", 1, MAX_CURVE_HOURS)
    return struct.pack(CURVE, first_s, peak, hours)


def _packed_expected(expected: dict[str, Any]) -> bytes:
    mean_w, spread_w = expected["mean_w"], expected["spread_w"]
    if len(mean_w) != len(spread_w):
        raise Refusal("malformed", "expected.spread_w")
    parts = [_packed_curve(expected.get("start_s"), "expected", 1, len(mean_w))]
    for number in mean_w:
        parts.append(struct.pack("<h", round(checked(number, "expected.mean_w", -FULL, FULL))))
    for number in spread_w:
        checked(number, "expected.spread_w", 1.0, FULL)
        parts.append(bytes([min(255, round(math.log(number) / SPREAD_STEP))]))
    return b"".join(parts)


def _packed_envelope(envelope: dict[str, Any]) -> bytes:
    w = envelope["w"]
    for number in w:
        checked(number, "envelope.w", 0.0, FULL)
    peak = max(1, math.ceil(max(w))) if w else 1
    head = _packed_curve(envelope.get("start_s"), "envelope", peak, len(w))
    return head + bytes([round(number * 255 / peak) for number in w])
