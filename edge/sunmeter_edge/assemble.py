"""Fourth verb: a quarter is cut out of a meter's samples. Pure.

Energy comes from the registers at the quarter's two boundaries alone, interpolated between the samples around each, so
that neighbours meet in the same number. Readings give the shape.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .chain import Chain, Point, Sample, follow
from .commit import registers_of
from .contract import ledger, wire
from .contract.ledger import MINUTES, QUARTER_MS, QUARTER_S, Interval, Registers

EDGE_MS = 30_000  # samples around a boundary this close (three readings) make its registers exact enough to vouch for
LATE_MS = 60_000
_MINUTE_MS = 60_000
_MAX_LISTED = 16  # boots in the evidence; the contract's limit


@dataclass(frozen=True)
class Frame:
    """A reading or snapshot, placed in time."""

    at_ms: int
    kind: int
    received_ms: int
    record: dict[str, int]

    @property
    def sample(self) -> Sample:
        record = self.record
        resumed = bool(record["flags"] & wire.FLAG_REGISTERS_RESUMED)
        return Sample(self.at_ms, record["boot_id"], record["seq"], registers_of(record), resumed)


@dataclass(frozen=True)
class Cut:
    """A quarter, and the chain of registers at its end, from which the next one goes on."""

    interval: Interval
    chain: Chain


def cut(meter: str, start_s: int, before: Chain | None, frames: Iterable[Frame], failed: dict[str, int]) -> Cut | None:
    """Cuts one quarter; None when the samples do not reach across it.

    before: the chain after a sample at or before the start; None where there is none.
    frames: those after that, by (at_ms, boot_id, seq); read only as far as needed beyond the end.
    failed: what the hub knows to have failed around it, in seconds by name.
    The interval's rev is 0: it is given when the interval is kept.
    """
    start_ms, end_ms = start_s * 1000, (start_s + QUARTER_S) * 1000
    inside: list[Frame] = []
    beyond: list[Frame] = []
    chain, first, following = before, None, None
    for frame in frames:
        after = follow(chain, frame.sample)
        if frame.at_ms <= start_ms:
            before = chain = after
            continue
        moved = after is not chain
        first = first or (after.last if moved else None)
        if frame.at_ms <= end_ms:
            inside.append(frame)
            chain = after
            continue
        beyond.append(frame)
        if moved:
            following = after.last
            break
    if chain is None or first is None or (following is None and chain.last.at_ms != end_ms):
        return None
    if before is None and (not inside or first.at_ms == end_ms):
        return None  # nothing is known of this quarter
    edge0 = _edge(before.last if before else None, first, start_ms)
    edge1 = _edge(chain.last, following, end_ms)
    shape = Shape(start_ms)
    for frame in inside + beyond:
        if frame.kind == wire.READING:
            shape.add(frame.at_ms, frame.record)
    interval = Interval(
        meter=meter,
        start_s=start_s,
        rev=0,
        regs0=edge0.registers,
        regs1=edge1.registers,
        coverage_permille=shape.coverage_permille(),
        minutes=shape.minutes(),
        extremes=_extremes([frame.record for frame in inside if frame.kind == wire.READING]),
        evidence={
            **_evidence(inside, before),
            **(_broken(beyond[-1], chain) if beyond and edge1.gap_ms > EDGE_MS else {}),
            "leaps": chain.leaps - (before.leaps if before else 0),
            "edges": "measured" if max(edge0.gap_ms, edge1.gap_ms) <= EDGE_MS else "interpolated",
            **failed,
        },
    )
    return Cut(interval, chain)


@dataclass(frozen=True)
class _Edge:
    registers: Registers
    gap_ms: int  # between the two samples the registers were found between; 0 where one lies on the boundary


def _edge(before: Point | None, after: Point | None, at_ms: int) -> _Edge:
    """Registers at a boundary. Before a meter's first sample they are that sample's: nothing else is known."""
    if before is None:
        assert after is not None
        return _Edge(after.registers, QUARTER_MS)
    if before.at_ms == at_ms:
        return _Edge(before.registers, 0)
    assert after is not None
    registers = ledger.between(before.at_ms, before.registers, after.at_ms, after.registers, at_ms)
    return _Edge(registers, after.at_ms - before.at_ms)


class Shape:
    """Means per minute, each reading weighted by how long, and how much of it, it was sampled in that minute."""

    def __init__(self, start_ms: int):
        self._start_ms = start_ms
        self._weights: dict[str, list[int]] = {name: [0] * MINUTES for name in ledger.SERIES}
        self._sums: dict[str, list[int]] = {name: [0] * MINUTES for name in ledger.SERIES}

    def add(self, at_ms: int, record: dict[str, int]) -> None:
        """One reading that ended at at_ms; what of its window lies outside the quarter is left to the neighbour."""
        from_ms = max(at_ms - record["window_ms"], self._start_ms)
        to_ms = min(at_ms, self._start_ms + QUARTER_MS)
        amounts = [("grid_w", record["grid_mw"]), ("v_dv", record["v_mv"]), ("q_var", record["grid_mvar"])]
        if record["flags"] & wire.FLAG_PV_FITTED:
            amounts.append(("pv_w", record["pv_mw"]))
        while from_ms < to_ms:
            minute = (from_ms - self._start_ms) // _MINUTE_MS
            minute_end_ms = self._start_ms + (minute + 1) * _MINUTE_MS
            weight = (min(to_ms, minute_end_ms) - from_ms) * record["coverage_permille"]
            for name, amount in amounts:
                self._weights[name][minute] += weight
                self._sums[name][minute] += amount * weight
            from_ms = minute_end_ms

    def coverage_permille(self) -> int:
        """Part of the quarter that was sampled; time told twice counts once."""
        return sum(min(weight, _MINUTE_MS * 1000) for weight in self._weights["grid_w"]) // QUARTER_MS

    def minutes(self) -> dict[str, tuple[int | None, ...]]:
        return {name: tuple(self._mean(name, minute) for minute in range(MINUTES)) for name in ledger.SERIES}

    def _mean(self, name: str, minute: int) -> int | None:
        weight = self._weights[name][minute] * (100 if name == "v_dv" else 1000)  # from mV to 0.1 V, from mW to W
        return _rounded(self._sums[name][minute], weight) if weight else None


def _rounded(numerator: int, denominator: int) -> int:
    """The nearest integer; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)


def uncertainty_w(record: dict[str, int]) -> int:
    """Half width of the 95 % interval of the house's power [W]: the clamps' errors are independent."""
    return round(math.hypot(record["grid_u_mw"], record["pv_u_mw"]) / 1000)


def _extremes(readings: Sequence[dict[str, int]]) -> dict[str, int | None]:
    """Extremes of the readings that end in the quarter; u_w: their mean uncertainty (averaging does not lower it)."""
    if not readings:
        return dict.fromkeys(ledger.EXTREMES)
    with_pv = [record for record in readings if record["flags"] & wire.FLAG_PV_FITTED]
    return {
        "grid_min_w": _rounded(min(record["grid_min_mw"] for record in readings), 1000),
        "grid_max_w": _rounded(max(record["grid_max_mw"] for record in readings), 1000),
        "pv_max_w": _rounded(max(record["pv_max_mw"] for record in with_pv), 1000) if with_pv else None,
        "v_min_dv": _rounded(min(record["v_min_mv"] for record in readings), 100),
        "v_max_dv": _rounded(max(record["v_max_mv"] for record in readings), 100),
        "u_w": _rounded(sum(uncertainty_w(record) for record in readings), len(readings)),
    }


def _broken(frame: Frame, chain: Chain) -> dict[str, str]:
    """Why the boot began whose first frame broke the silence at a quarter's end; {} where the same went on."""
    if frame.kind != wire.READING or frame.record["boot_id"] in (chain.boot_id, chain.left_boot):
        return {}
    return {"silence_ended_by": wire.RESET_CAUSES[frame.record["reset_cause"]]}


def _evidence(inside: Sequence[Frame], before: Chain | None) -> dict[str, Any]:
    """What happened in the quarter, for the cloud to judge gaps by."""
    readings = [frame.record for frame in inside if frame.kind == wire.READING]
    causes: dict[int, int] = {}  # boots that began here, and why
    dropped: dict[int, list[int]] = {}
    for record in readings:
        if not before or record["boot_id"] not in (before.boot_id, before.left_boot):
            causes.setdefault(record["boot_id"], record["reset_cause"])
        dropped.setdefault(record["boot_id"], []).append(record["dropped"])
    boots = dict.fromkeys(frame.record["boot_id"] for frame in inside)
    return {
        "boots": list(boots)[:_MAX_LISTED],
        "resets": [wire.RESET_CAUSES[cause] for cause in causes.values()][:_MAX_LISTED],
        "readings": len(readings),
        "snapshots": len(inside) - len(readings),
        "late": sum(frame.received_ms - frame.at_ms > LATE_MS for frame in inside),
        "dropped": sum(max(counts) - min(counts) for counts in dropped.values()),
        "clipped": sum(record["clipped"] for record in readings),
        "rejected": sum(record["rejected"] for record in readings),
    }
