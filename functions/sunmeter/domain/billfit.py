"""The grid channel's gain from readings of the utility's meter. Pure; energies in mWh, uncertainties: 95 % half widths.

Between two readings the utility's meter counted U and ours O, both over import and, where it is read, over export. The
gain is the weighted least-squares solution of U = gain × O; what is left over is the residual. Its uncertainty has
three parts, told apart (GUM, JCGM 100:2008, 5.1.2):

    reading     a display that shows whole steps r: each of its two readings is rectangular (4.3.7), 1.96 · r / √6
    ends        where our register stood at the minute somebody read theirs: the time told, and the power's shape
    own         what our meter says of its power; its largest part is the very gain that is sought, so it tells how
                likely a correction is, and has no part in the fit's own uncertainty

A third reading is predicted from the first two and confirms or refutes them; once confirmed, all of the time is used.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import hypot, sqrt
from typing import Any

from ..contract import ledger
from ..contract.ledger import QUARTER_MS, Registers
from ..contract.refusal import Refusal
from . import fields
from .days import Day
from .refusals import Refused

LEAST_PPM, MOST_PPM = 800_000, 1_250_000  # a meter refuses a trim beyond them: that is another fault
POOR_PPM = 10_000  # a gain that is not known to 1 % mends nothing
MOST_APART_MS = 400 * 86_400_000  # what one question may read
_GOOD = 0.005  # what the next reading should make of it
_SHAPE = 0.005  # gains at different loads differ by this much: docs/accuracy.md, calibrated at several points
_RECTANGLES = 1.96 / sqrt(6)  # the difference of two rectangular errors of one step each
_QUARTERS = 104  # of the longest day
_MS = 1 << 48
_MOST_WH = 10**12


@dataclass(frozen=True)
class Reading:
    """What the utility's meter showed at a moment."""

    at_ms: int
    import_mwh: int
    export_mwh: int | None  # None: not read


@dataclass(frozen=True)
class Point:
    """Where our registers stood then, and how well that is known."""

    registers: Registers
    u_import_mwh: float
    u_export_mwh: float
    u_w: float  # what the meter said of its own power that day


@dataclass(frozen=True)
class Line:
    """One register over one span: theirs, ours, and what the fit leaves."""

    register: str
    utility_mwh: int
    ours_mwh: int
    u_mwh: float
    residual_mwh: int = 0


@dataclass(frozen=True)
class Fit:
    """A gain and what it rests on."""

    gain_ppm: int
    u_ppm: int  # of the fit: reading and ends
    reading_ppm: int
    ends_ppm: int
    own_ppm: int
    lines: tuple[Line, ...]


def parse(told: dict[str, Any]) -> tuple[list[Reading], int, int]:
    """(two or three readings in order of time, step of the display [mWh], how exact the times are [s]).

    Refusals: each with its field, `readings.1.import_wh`.
    """
    step_wh = fields.integer({"resolution_wh": 1000, **told}, "resolution_wh", 1, 10_000)
    within_s = fields.integer({"within_s": 60, **told}, "within_s", 0, 3600)
    listed = fields.entries(told, "readings", 3, least=2)
    readings: list[Reading] = []
    for place, raw in enumerate(listed):
        with fields.inside(f"readings.{place}"):
            readings.append(_reading(fields.mapping(raw), readings[-1] if readings else None))
    return readings, step_wh * 1000, within_s


def _reading(told: dict[str, Any], before: Reading | None) -> Reading:
    at_ms = fields.integer(told, "at_ms", before.at_ms + 1 if before else 0, _MS)
    import_wh = fields.integer(told, "import_wh", before.import_mwh // 1000 if before else 0, _MOST_WH)
    if before and at_ms - before.at_ms > MOST_APART_MS:
        raise Refusal("out_of_range", "at_ms")
    least_wh = (before.export_mwh or 0) // 1000 if before else 0
    export_wh = fields.optional_integer(told, "export_wh", least_wh, _MOST_WH)
    return Reading(at_ms, import_wh * 1000, None if export_wh is None else export_wh * 1000)


def is_one_run(days: Sequence[tuple[str, Sequence[int], Sequence[int]]]) -> bool:
    """Do the registers of these days (day, at its start, at its end), in order, go on from each other?

    Another meter, or one made anew, begins lower, or higher than what can flow until then.
    """
    for (day, _, end), (following, start, _) in pairwise(days):
        quarters = _QUARTERS * (dt.date.fromisoformat(following) - dt.date.fromisoformat(day)).days
        if any(not 0 <= now - then <= quarters * ledger.MAX_QUARTER_MWH for then, now in zip(end, start, strict=True)):
            return False
    return True


def point(day: Day, at_ms: int, within_s: int) -> Point:
    """Our registers at a moment of a stored day. Refused("not_measured", "at_ms") where nothing tells them."""
    quarters = day.metered
    index = day.local.index(at_ms // 1000)
    quarter = quarters[index]
    if quarter is None:
        raise Refused("not_measured", "at_ms")
    into_ms = at_ms - (day.local.start_s * 1000 + index * QUARTER_MS)
    minutes = day.column("grid_w")[index * ledger.MINUTES : (index + 1) * ledger.MINUTES]
    start = _at_start(day, quarters, index)
    bought = _within(quarter.import_mwh, [None if w is None else max(w, 0) for w in minutes], into_ms, within_s)
    sold = _within(quarter.export_mwh, [None if w is None else max(-w, 0) for w in minutes], into_ms, within_s)
    told = [u_w for u_w in day.column("u_w") if u_w is not None]
    return Point(
        start.plus(Registers(round(bought[0]), round(sold[0]), 0, 0)),
        bought[1],
        sold[1],
        sum(told) / len(told) if told else 0.0,
    )


def _at_start(day: Day, quarters: Sequence[Registers | None], index: int) -> Registers:
    """The registers at the start of a quarter, from that end of the day without a gap on the way."""
    known = [place for place, quarter in enumerate(quarters) if quarter is not None]
    behind, ahead = quarters[known[0] : index], quarters[index : known[-1] + 1]
    if day.regs0 is not None and None not in behind:
        return day.regs0.plus(_sum(behind))
    if day.regs1 is not None and None not in ahead:
        return day.regs1.since(_sum(ahead))
    raise Refused("not_measured", "at_ms")


def _sum(quarters: Sequence[Registers | None]) -> Registers:
    total = ledger.ZERO
    for quarter in quarters:
        total = total.plus(quarter or ledger.ZERO)
    return total


def _within(energy_mwh: int, minutes: list[int | None], into_ms: int, within_s: int) -> tuple[float, float]:
    """(energy of a quarter until a moment in it, its uncertainty), by the minutes' powers where they are known."""
    weights = [float(w or 0) for w in minutes]
    if None in minutes or not sum(weights):
        share = into_ms / QUARTER_MS
        return energy_mwh * share, energy_mwh * (min(1.0, within_s / ledger.QUARTER_S) + share * (1 - share))
    minute, into = divmod(into_ms, 60_000)
    per_minute = [energy_mwh * weight / sum(weights) for weight in weights]
    until = sum(per_minute[:minute]) + per_minute[minute] * into / 60_000
    near = max(per_minute[max(0, minute - 1) : minute + 2])  # whoever is a minute off may be in the next one
    return until, near * within_s / 60 + per_minute[minute] * (into / 60_000) * (1 - into / 60_000)


def fit(readings: Sequence[Reading], points: Sequence[Point], step_mwh: int) -> Fit:
    """The gain between the first and the last of these. Refused("too_little", "readings") without energy."""
    (first, last), (start, end) = (readings[0], readings[-1]), (points[0], points[-1])
    lines = _lines(first, last, start, end, step_mwh)
    weight = sum((line.ours_mwh / line.u_mwh) ** 2 for line in lines)
    if not weight:
        raise Refused("too_little", "readings")
    gain = sum(line.utility_mwh * line.ours_mwh / line.u_mwh**2 for line in lines) / weight
    ours_mwh = sum(line.ours_mwh for line in lines)
    hours = (last.at_ms - first.at_ms) / 3_600_000
    reading = min(1.0, _RECTANGLES * step_mwh * sqrt(len(lines)) / ours_mwh)
    u = min(1.0, 1 / sqrt(weight))
    return Fit(
        gain_ppm=round(gain * 1e6),
        u_ppm=round(u * 1e6),
        reading_ppm=round(reading * 1e6),
        ends_ppm=round(sqrt(max(0.0, u * u - reading * reading)) * 1e6),
        own_ppm=round((start.u_w + end.u_w) / 2 * hours * 1e9 / ours_mwh),
        lines=tuple(
            Line(**{**asdict(line), "residual_mwh": round(line.utility_mwh - gain * line.ours_mwh)}) for line in lines
        ),
    )


def _lines(first: Reading, last: Reading, start: Point, end: Point, step_mwh: int) -> list[Line]:
    ours = end.registers.since(start.registers)
    step = _RECTANGLES * step_mwh
    bought = hypot(step, start.u_import_mwh, end.u_import_mwh)
    lines = [Line("import", last.import_mwh - first.import_mwh, ours.import_mwh, bought)]
    if first.export_mwh is not None and last.export_mwh is not None:
        sold = hypot(step, start.u_export_mwh, end.u_export_mwh)
        lines.append(Line("export", last.export_mwh - first.export_mwh, ours.export_mwh, sold))
    return lines


def confirms(found: Fit, readings: Sequence[Reading], points: Sequence[Point], step_mwh: int) -> dict[str, Any]:
    """What a third reading says of the gain that the first two gave."""
    later = fit(readings[1:], points[1:], step_mwh)
    difference_ppm = later.gain_ppm - found.gain_ppm
    u_ppm = round(hypot(found.u_ppm, later.u_ppm, _SHAPE * 1e6))
    is_confirmed = abs(difference_ppm) <= u_ppm
    return {"difference_ppm": difference_ppm, "u_ppm": u_ppm, "verdict": "confirmed" if is_confirmed else "refuted"}


def proposal(readings: Sequence[Reading], points: Sequence[Point], step_mwh: int) -> dict[str, Any]:
    """The fit with its verdict, as the job keeps it.

    verdict: `proposed`; `right`: no error is shown; `poor`: too little energy between the readings, `wanted_wh` tells
    how much would do; `refuted` by the third reading; `unlike`: import and export ask for different gains;
    `another_fault`: no gain is that wrong.
    """
    found = fit(readings[:2], points[:2], step_mwh)
    third = confirms(found, readings, points, step_mwh) if len(readings) == 3 else None
    if third and third["verdict"] == "confirmed":
        found = fit(readings, points, step_mwh)
    return {
        **{name: getattr(found, name) for name in ("gain_ppm", "u_ppm", "reading_ppm", "ends_ppm", "own_ppm")},
        "lines": [{**asdict(line), "u_mwh": round(line.u_mwh)} for line in found.lines],
        "third": third,
        "verdict": _verdict(found, third),
        "wanted_wh": round(max(line.u_mwh for line in found.lines) / _GOOD / 1000),
    }


def _verdict(found: Fit, third: dict[str, Any] | None) -> str:
    if third and third["verdict"] == "refuted":
        return "refuted"
    if found.u_ppm > POOR_PPM:
        return "poor"
    if any(abs(line.residual_mwh) > line.u_mwh + _SHAPE * line.ours_mwh for line in found.lines):
        return "unlike"
    if not LEAST_PPM <= found.gain_ppm <= MOST_PPM:
        return "another_fault"
    return "right" if abs(found.gain_ppm - 1_000_000) <= found.u_ppm else "proposed"
