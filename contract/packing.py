"""Writes the bytes of an anomaly model: only the cloud does. `unpacking.py` says what they mean, and reads them."""

import math
import struct
from typing import Any

from .features import DENSITY, EXCESS_60M, FULL, NAMES, clamped
from .refusal import Refusal
from .unpacking import (
    CHANNEL,
    CURVE,
    HEADER,
    HEADER_FIELDS,
    HIGH,
    LOW,
    MAX_COMPONENTS,
    MAX_CURVE_HOURS,
    MEAN_PARTS,
    MIXTURE,
    MIXTURE_FIELDS,
    NIGHT,
    NIGHT_FIELDS,
    SCHEMA,
    SECTION_CHANNEL,
    SECTION_ENVELOPE,
    SECTION_EXPECTED,
    SECTION_MIXTURE,
    SECTION_NIGHT,
    SPREAD_STEP,
    TAIL,
    TAIL_FIELDS,
    VARIANCE_PARTS,
    check_fourier_length,
    checked,
    unpack,
)


def pack(model: dict[str, Any]) -> bytes:
    """The bytes of a model, at most MAX_MODEL_BYTES.

    Keys: version, trained_s, offset_s, next_offset_s, change_s, threshold_milli, open_minutes, close_minutes;
    channels: [{"channel": name, "mean": [...], "log_spread": [...], "low": tail or None, "high": tail or None}], a tail
    {"u", "sigma", "xi", "rate"}, means and spreads in the channel's unit or in its natural logarithm (LOG_FLOOR);
    expected: None or {"start_s", "mean_w": [...], "spread_w": [...]}; envelope: None or {"start_s", "w": [...]};
    mixture: None or {"channels": [name, …], "weights": [...], "means": [[...], …], "log_variances": [[...], …],
    "usual", "spread", "tail"}, means (in spreads) and log variances a row for each component, in it a channel each;
    night: None or {"hours": [from, to], "carries", "usual", "spread", "tail"}, usual and spread in spreads of expected.
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
    if model.get("mixture") is not None:
        parts.append(_section(SECTION_MIXTURE, _packed_mixture(model["mixture"])))
    if model.get("night") is not None:
        parts.append(_section(SECTION_NIGHT, _packed_night(model["night"])))
    packed = b"".join(parts)
    unpack(packed)
    return packed


def renumbered(packed: bytes, version: int) -> bytes:
    """The same model under another version: a meter takes what is newer than what it holds."""
    at = struct.calcsize(HEADER[: HEADER.index("I")])
    number = struct.pack("<I", int(checked(version, "version", 1, 0xFFFFFFFF)))
    return packed[:at] + number + packed[at + len(number) :]


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


def _packed_mixture(mixture: dict[str, Any]) -> bytes:
    names, weights, rows = mixture["channels"], mixture["weights"], (mixture["means"], mixture["log_variances"])
    checked(len(weights), "mixture.weights", 1, MAX_COMPONENTS)
    if any(len(part) != len(weights) or any(len(row) != len(names) for row in part) for part in rows):
        raise Refusal("malformed", "mixture")
    numbers = [
        round(checked(mixture.get(field), "mixture." + field, least, greatest) * scale)
        for field, least, greatest, scale in MIXTURE_FIELDS
    ]
    parts = [struct.pack(MIXTURE, len(names), len(weights), *numbers), bytes([_mixable(name) for name in names])]
    heaviest = max(checked(weight, "mixture.weights", 0.0, 1.0) for weight in weights)
    parts.append(bytes([max(1, round(255 * weight / max(heaviest, 1e-9))) for weight in weights]))
    for part, field, steps in zip(rows, ("means", "log_variances"), (MEAN_PARTS, VARIANCE_PARTS)):
        parts += [_signed_byte(number, "mixture." + field, steps) for row in part for number in row]
    parts.append(_packed_tail(mixture["tail"], "mixture"))
    return b"".join(parts)


def _packed_night(night: dict[str, Any]) -> bytes:
    first, last = [int(checked(hour, "night.hours", 0, 24)) for hour in night["hours"]]
    numbers = [
        round(checked(night.get(field), "night." + field, least, greatest) * scale)
        for field, least, greatest, scale in NIGHT_FIELDS
    ]
    return struct.pack(NIGHT, first, last, *numbers) + _packed_tail(night["tail"], "night")


def _mixable(name: object) -> int:
    if name not in NAMES[1:EXCESS_60M]:
        raise Refusal("out_of_range", "mixture.channels")
    return NAMES.index(name)


def _signed_byte(number: float, name: str, steps: int) -> bytes:
    """The nearest of what a signed byte holds."""
    return struct.pack("b", round(max(-128.0, min(127.0, steps * checked(number, name, -1e9, 1e9)))))
