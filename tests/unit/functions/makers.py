"""Intervals and events as the cloud's own tests need them."""

from typing import Any

from sunmeter.contract.ledger import EXTREMES, MINUTES, QUARTER_S, SERIES, Interval, Registers
from sunmeter.domain.items import Event

METER = "m-0123456789"
START_S = 1_795_305_600  # 2026-11-22T00:00Z, a quarter boundary
REV = 1_795_400_000_000


def registers(import_mwh: int = 0, export_mwh: int = 0, pv_mwh: int = 0, standby_mwh: int = 0) -> Registers:
    return Registers(import_mwh, export_mwh, pv_mwh, standby_mwh)


NOTHING = registers()
A_KILOWATT = registers(250_000)  # for a quarter


def interval(
    start_s: int = START_S,
    regs0: Registers = NOTHING,
    energy: Registers = A_KILOWATT,
    coverage_permille: int = 1000,
    rev: int = REV,
    **evidence: Any,
) -> Interval:
    """One quarter that counted `energy` above `regs0`."""
    measured = coverage_permille > 0
    return Interval(
        meter=METER,
        start_s=start_s,
        rev=rev,
        regs0=regs0,
        regs1=regs0.plus(energy),
        coverage_permille=coverage_permille,
        minutes=dict.fromkeys(SERIES, (100 if measured else None,) * MINUTES),
        extremes=dict.fromkeys(EXTREMES, 230 if measured else None),
        evidence={"edges": "measured", **evidence},
    )


def chain(start_s: int, energies: list[Registers], regs0: Registers = NOTHING, rev: int = REV) -> list[Interval]:
    """Consecutive quarters, each beginning with the registers the one before ended with."""
    made = []
    for index, energy in enumerate(energies):
        made.append(interval(start_s + index * QUARTER_S, regs0, energy, rev=rev + index))
        regs0 = regs0.plus(energy)
    return made


# An event as a hub sends it.
EVENT: dict[str, Any] = {
    "type": "event",
    "v": 1,
    "meter": METER,
    "boot_id": 7,
    "seq": 40,
    "ts_ms": START_S * 1000,
    "kind": "overuse",
    "phase": "start",
    "channel": "house_60m",
    "value": 3120,
    "usual_lo": 180,
    "usual_hi": 900,
    "unit": "W",
    "score_milli": 7400,
    "model_version": 3,
    "duration_ms": 0,
    "start_seq": 40,
    "start_boot": 7,
}


def event(phase: str = "start", ts_ms: int = START_S * 1000, **changes: Any) -> Event:
    seq = 40 if phase == "start" else 55
    known = {name: told for name, told in EVENT.items() if name not in ("type", "v")}
    return Event(**{**known, "phase": phase, "seq": seq, "ts_ms": ts_ms, **changes})
