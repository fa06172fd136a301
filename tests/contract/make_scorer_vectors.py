"""Writes contract/vectors/scorer.json, mixture.json and night.json from implementations of its own.

`PYTHONPATH=.:functions python -m tests.contract.make_scorer_vectors`. The model's bytes are laid out here with struct,
not by contract/packing.py; the scores come from the numpy replay that training uses, not from contract/scorer.py; the
facts were worked out by hand. So each checks the other. Vectors that were published are frozen: add, never change.
"""

import json
import math
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np

from sunmeter.contract.unpacking import unpack
from sunmeter.learning.minutes import Minutes
from sunmeter.learning.replay import alerts, replay

VECTORS = Path(__file__).parents[2] / "contract" / "vectors"
START_S = 1_774_652_400  # 27 March 2026, 23:00 UTC
CHANGE_S = 1_774_746_000  # 29 March 2026, 01:00 UTC: summer time in Europe
MINUTES = 1_740
THRESHOLD_MILLI, OPEN, CLOSE = 3_600, 5, 30
VERSION = 20_260_328
HEADER = "<BxHIIiiIBB"
LOW, HIGH = 1, 2

Row = tuple[int, int | None, int | None, int | None, int | None]


def series() -> list[Row]:
    """29 hours of a home with PV: fridge, kettle, clouds, a gap, capacitors gone wrong, a heater left on."""
    chance = random.Random(20260328)
    rows: list[Row] = []
    for minute in range(MINUTES):
        if 700 <= minute < 712:
            continue  # the meter was off
        hour = (minute / 60 - 1) % 24
        house_w = 90 + 70 * (minute // 17 % 2) + chance.randrange(-4, 5) + (2000 if minute % 310 < 4 else 0)
        house_w += 1900 if 1530 <= minute < 1620 else 0
        sun = max(0.0, math.sin((hour - 5) / 14 * math.pi)) if 5 < hour < 19 else 0.0
        pv_w = round(3000 * sun * chance.uniform(0.25, 0.9)) if sun else -4
        pv_w = 2 if 840 <= minute < 1080 else pv_w  # the inverter tripped
        v_dv = 2330 + round(25 * math.cos(hour / 24 * 2 * math.pi)) + chance.randrange(-7, 8)
        q_var = 35 + chance.randrange(-6, 7) + (260 if 600 <= minute < 660 else 0)
        row = (START_S + 60 * minute, house_w - max(pv_w, 0), pv_w, v_dv, q_var)
        rows.append((row[0], None, None, None, None) if minute in (300, 301) else row)
    return rows


def tail(u: float, sigma: float, xi: float, rate: float) -> bytes:
    return struct.pack("<hhhh", *(round(x) for x in (1000 * u, 1000 * sigma, 10_000 * xi, 1000 * rate)))


def channel(number: int, mean: list[int], scale: float, spread: list[int], sides: int, tails: bytes) -> bytes:
    body = struct.pack("<BBBBf", number, sides, len(mean), len(spread), scale)
    body += struct.pack(f"<{len(mean) + len(spread)}h", *mean, *spread) + tails
    return bytes([1, len(body)]) + body


def expected(mean_w: list[int], spread_steps: list[int]) -> bytes:
    start_s = START_S - 5 * 3600
    body = struct.pack("<IHB", start_s, 1, len(mean_w)) + struct.pack(f"<{len(mean_w)}h", *mean_w) + bytes(spread_steps)
    return bytes([2, len(body)]) + body


def envelope(peak_w: int, parts: list[int]) -> bytes:
    body = struct.pack("<IHB", START_S - 5 * 3600, peak_w, len(parts)) + bytes(parts)
    return bytes([3, len(body)]) + body


def header(**other: int) -> bytes:
    fields = {
        "schema": 1,
        "threshold": THRESHOLD_MILLI,
        "version": VERSION,
        "trained": START_S,
        "offset": 3600,
        "next": 7200,
        "change": CHANGE_S,
        "open": OPEN,
        "close": CLOSE,
    }
    return struct.pack(HEADER, *{**fields, **other}.values())


def model() -> bytes:
    """Every channel once, both kinds of tail, one- and two-sided."""
    both = LOW | HIGH
    power = tail(2.0, 0.5, 0.08, 1.1) + tail(2.2, 0.6, 0.1, 1.2)
    volts = tail(1.8, 0.4, 0.0, 0.8) + tail(1.9, 0.5, 0.2, 0.9)
    hours = [(at - 6) % 24 for at in range(60)]
    sunny = [round(255 * max(0.0, math.sin((hour - 5) / 14 * math.pi))) if 5 < hour < 19 else 0 for hour in hours]
    return b"".join(
        [
            header(),
            channel(1, [25000, -500, -900, 300, 200], 0.0002, [-700, 50, 80], both, power),
            channel(2, [26000, -400, -800, 0, 0, 100, 50], 0.0002, [-900, 60, 10, 5, 5], both, power),
            channel(3, [23000], 0.0002, [-1100], both, power),
            channel(4, [22500], 0.0002, [-1000], both, power),
            channel(5, [26500], 0.0002, [-1400], HIGH, tail(1.5, 0.3, 0.0, 2.0)),
            channel(6, [32767, 300, 120], 7.1, [7100, 100, -50], both, volts),
            channel(7, [32767], 7.1, [7300], both, volts),
            channel(8, [30000], 0.0002, [-1300, 10, 20], both, volts),
            channel(9, [31000, 20, 10], 0.031, [3400, 100, 30], LOW, tail(2.1, 2.5, 0.15, 0.9)),
            channel(10, [10000], 0.0035, [2600], both, volts),
            channel(11, [20000], 0.0002, [300], both, power),
            channel(12, [100], 0.05, [200], HIGH, tail(2.5, 0.8, 0.2, 1.3)),
            channel(13, [30000], 0.0002, [-800], LOW, tail(2.0, 0.5, 0.05, 1.5)),
            expected([140 + 6 * hour for hour in hours], [90 + hour for hour in hours]),
            envelope(2900, sunny),
            bytes([77, 3]) + b"new",  # a section of a newer schema
            channel(200, [1], 1.0, [0], HIGH, tail(1, 1, 0, 1)),  # a channel of a newer schema
        ]
    )


def mixed(ids: list[int], weights: list[int], means: list[list[int]], variances: list[list[int]], *rest: Any) -> bytes:
    """A mixture: means in sixteenths of a spread, log variances in eighths; then median, spread and tail of -ln p."""
    usual, spread, packed_tail = rest
    body = struct.pack("<BBhH", len(ids), len(weights), usual, spread) + bytes(ids) + bytes(weights)
    numbers = [number for rows in (means, variances) for row in rows for number in row]
    body += struct.pack(f"{len(numbers)}b", *numbers)
    body += bytes(packed_tail)
    return bytes([4, len(body)]) + body


def mixture() -> bytes:
    """The house at rest and the house busy, over all channels that are not set against a curve."""
    rest = [-4, -6, 0, 0, 0, 0, 0, 0, -30, 2, -10]
    busy = [24, 30, 6, 0, 8, -6, 0, 4, 6, 10, 24]
    return mixed(
        list(range(1, 12)),
        [255, 90],
        [rest, busy],
        [[0, -4, -4, 0, 0, 4, 0, 0, 12, 8, 0], [4, 4, 6, 0, 0, 4, 0, 2, 2, 10, 6]],
        250,
        75,
        tail(1.6, 0.9, 0.05, 1.0),
    )


def by_night(hours: tuple[int, int], carries: int, usual: int, spread: int, packed_tail: bytes) -> bytes:
    """The excess between two hours of the local day: parts, median and spread of what is left in thousandths."""
    body = struct.pack("<BBHhH", *hours, carries, usual, spread) + packed_tail
    return bytes([5, len(body)]) + body


def as_minutes(rows: list[Row]) -> Minutes:
    columns = np.full((4, MINUTES), np.nan)
    for minute_s, *numbers in rows:
        columns[:, (minute_s - START_S) // 60] = [np.nan if number is None else number for number in numbers]
    return Minutes(START_S, *columns)


def refused() -> list[dict[str, str]]:
    """Models that no meter may take."""
    one = channel(1, [25000], 0.0002, [-700], HIGH, tail(2, 0.5, 0.1, 1))
    nan = struct.unpack("<f", b"\x00\x00\xc0\x7f")[0]
    cases = [
        ("nothing at all", b"", "malformed", "header"),
        ("half a header", header()[:10], "malformed", "header"),
        ("an unknown schema", header(schema=2) + one, "unknown_schema", "schema"),
        ("more than 1,024 bytes", header() + bytes([99, 250]) * 1 + bytes(1000), "too_large", "model"),
        ("a section cut short", header() + one[:-1], "malformed", "section"),
        ("a lone tag", header() + bytes([1]), "malformed", "section"),
        ("a channel shorter than its head", header() + bytes([1, 3, 1, 2, 1]), "malformed", "channel"),
        ("a channel without its tail", header() + bytes([1, len(one) - 10]) + one[2:-8], "malformed", "house_1m"),
        ("a channel twice", header() + one + one, "malformed", "house_1m"),
        ("a scale that is no number", header() + channel(1, [1], nan, [0], 0, b""), "out_of_range", "house_1m.scale"),
        ("an endless scale", header() + channel(1, [1], math.inf, [0], 0, b""), "out_of_range", "house_1m.scale"),
        (
            "an even number of coefficients",
            header() + channel(1, [1, 2], 1, [0], 0, b""),
            "out_of_range",
            "house_1m.mean",
        ),
        ("no spread", header() + channel(1, [1], 1, [], 0, b""), "out_of_range", "house_1m.log_spread"),
        (
            "a tail of no width",
            header() + channel(1, [1], 1, [0], LOW, tail(1, 0, 0, 1)),
            "out_of_range",
            "house_1m.sigma",
        ),
        (
            "a tail too heavy",
            header() + channel(1, [1], 1, [0], LOW, tail(1, 1, 1.5, 1)),
            "out_of_range",
            "house_1m.xi",
        ),
        ("version 0", header(version=0) + one, "out_of_range", "version"),
        ("a threshold of nothing", header(threshold=0) + one, "out_of_range", "threshold_milli"),
        ("an alert that opens at once", header(open=0) + one, "out_of_range", "open_minutes"),
        ("an offset beyond the date line", header(offset=60_000) + one, "out_of_range", "offset_s"),
        (
            "a curve of no hours",
            header() + bytes([2, 7]) + struct.pack("<IHB", 1, 1, 0),
            "out_of_range",
            "expected.hours",
        ),
        ("a curve cut short", header() + bytes([3, 9]) + struct.pack("<IHB", 1, 1, 3) + b"ab", "malformed", "envelope"),
    ]
    return [{"name": name, "model": model.hex(), "code": code, "field": field} for name, model, code, field in cases]


def refused_mixtures() -> list[dict[str, str]]:
    """As `refused`."""
    two = header() + b"".join(channel(number, [25000], 0.0002, [-700], 0, b"") for number in (1, 2))
    flat, its_tail = [[0, 0]], tail(1, 1, 0, 1)
    sound = mixed([1, 2], [1], flat, flat, 0, 100, its_tail)
    cases = [
        ("a mixture cut short", two + bytes([4, len(sound) - 5]) + sound[2:-3], "malformed", "mixture"),
        ("a mixture of nothing", two + bytes([4, 2, 0, 0]), "malformed", "mixture"),
        ("two mixtures", two + sound + sound, "malformed", "mixture"),
        ("one channel", two + mixed([1], [1], [[0]], [[0]], 0, 100, its_tail), "out_of_range", "mixture.channels"),
        ("a channel twice", two + mixed([1, 1], [1], flat, flat, 0, 100, its_tail), "out_of_range", "mixture.channels"),
        ("no such channel", two + mixed([1, 3], [1], flat, flat, 0, 100, its_tail), "out_of_range", "mixture.channels"),
        ("no component", two + mixed([1, 2], [], [], [], 0, 100, its_tail), "out_of_range", "mixture.weights"),
        (
            "a weight of nothing",
            two + mixed([1, 2], [0], flat, flat, 0, 100, its_tail),
            "out_of_range",
            "mixture.weights",
        ),
        ("no spread", two + mixed([1, 2], [1], flat, flat, 0, 0, its_tail), "out_of_range", "mixture.spread"),
        ("no tail", two + mixed([1, 2], [1], flat, flat, 0, 100, tail(1, 0, 0, 1)), "out_of_range", "mixture.sigma"),
    ]
    return [{"name": name, "model": model.hex(), "code": code, "field": field} for name, model, code, field in cases]


def refused_nights() -> list[dict[str, str]]:
    """As `refused`."""
    its_tail = tail(2, 0.5, 0.1, 2)
    sound = by_night((0, 6), 600, -100, 700, its_tail)
    cases = [
        ("a night cut short", header() + bytes([5, len(sound) - 3]) + sound[2:-1], "malformed", "night"),
        ("two nights", header() + sound + sound, "malformed", "night"),
        (
            "a night that ends as it begins",
            header() + by_night((6, 6), 600, 0, 700, its_tail),
            "out_of_range",
            "night.hours",
        ),
        ("a night without end", header() + by_night((0, 25), 600, 0, 700, its_tail), "out_of_range", "night.hours"),
        ("more than all carries", header() + by_night((0, 6), 1001, 0, 700, its_tail), "out_of_range", "night.carries"),
        ("nights that never differ", header() + by_night((0, 6), 600, 0, 99, its_tail), "out_of_range", "night.spread"),
        (
            "no tail of a night",
            header() + by_night((0, 6), 600, 0, 700, tail(1, 0, 0, 1)),
            "out_of_range",
            "night.sigma",
        ),
    ]
    return [{"name": name, "model": model.hex(), "code": code, "field": field} for name, model, code, field in cases]


def facts() -> dict[str, Any]:
    """Rules: each broken once, with the events that must come of it [minute, phase, kind, channel, number]."""
    rows: list[list[int | None]] = []
    for minute in range(260):
        grid_w, pv_w, v_dv, q_var, va = 300 + minute % 7, 500, 2300 + minute % 5, 40 + minute % 3, 400
        if 10 <= minute < 30:
            v_dv = 2580 + minute % 3
        if 50 <= minute < 60:
            grid_w, va = -900 - minute % 3, 950
        if 80 <= minute < 90:
            pv_w, grid_w = -700, 300 + minute % 2
        if 110 <= minute < 125:
            grid_w, pv_w, v_dv, q_var, va = 250, 500, 2310, 40, 300
        if 150 <= minute < 165:
            grid_w, q_var, va = minute % 3 - 1, minute % 2, 2
        if 190 <= minute < 200:
            va = 200
        if 230 <= minute < 240:
            grid_w, pv_w, v_dv, q_var = 0, 0, 3, 0  # the mains are gone: the bursts tell, not the minutes
        rows.append([START_S + 60 * minute, grid_w, pv_w, v_dv, q_var, va])
    events = [
        [18, "start", "swell", 15],  # nine of ten minutes at 258 V bring the mean over 253 V
        [40, "end", "swell", 15],  # the mean is back at minute 31
        [52, "start", "tamper", 16],
        [69, "end", "tamper", 16],
        [82, "start", "sensor", 17],
        [99, "end", "sensor", 17],
        [119, "start", "sensor", 18],
        [125, "end", "sensor", 18],
        [159, "start", "sensor", 19],
        [167, "end", "sensor", 19],
        [192, "start", "sensor", 20],
        [209, "end", "sensor", 20],
    ]
    return {"minutes": rows, "events": events}


def scored(packed: bytes) -> dict[str, Any]:
    """A model, and what it says of the series."""
    rows = series()
    played = replay(unpack(packed), as_minutes(rows))
    at = [(row[0] - START_S) // 60 for row in rows]
    score_milli = played.score_milli[at]
    # The meter was off for twelve minutes, so its latch saw no gap: positions are those of the rows.
    opened = [[rows[start][0], rows[end][0]] for start, end in alerts(score_milli, THRESHOLD_MILLI, OPEN, CLOSE)]
    return {
        "model": packed.hex(),
        "version": VERSION,
        "minutes": rows,
        "score_milli": [int(score) for score in score_milli],
        "channel": [int(number) for number in played.channel[at]],
        "alerts": opened,
    }


def write(name: str, vectors: dict[str, Any]) -> None:
    lines = ",\n".join(f'"{name}": {json.dumps(part, separators=(",", ":"))}' for name, part in vectors.items())
    (VECTORS / name).write_text("{\n" + lines + "\n}\n")


def main() -> None:
    write("scorer.json", {**scored(model()), "refused": refused(), "facts": facts()})
    together = scored(model() + mixture())
    del together["minutes"]  # those of scorer.json
    write("mixture.json", {**together, "refused": refused_mixtures()})
    night = scored(model() + mixture() + by_night((0, 6), 600, -100, 700, tail(2.4, 0.6, 0.08, 2.2)))
    del night["minutes"]
    write("night.json", {**night, "refused": refused_nights()})


if __name__ == "__main__":
    main()
