"""The meter and the hub of a home: what they tell of themselves, and what was asked of the meter."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import fields as read

REFUSALS = (  # wire.REFUSALS: what a meter may refuse what it was sent for
    *("", "malformed", "bad_mac", "unknown_schema", "out_of_range", "too_large", "stale", "foreign"),
    *("damaged", "fell_back"),
)
LATE_MS = 3 * 3_600_000  # a hub of one meter tells of itself at least so often


@dataclass(frozen=True)
class Meter:
    """`meters/{id}`."""

    id: str
    state: str  # claimed, on, silent or released
    since_s: int | None  # when it came to this home
    calibrated_ms: int | None  # None: never against a reference


def meter_from(path: str, found: read.Fields | None) -> Meter | None:
    if found is None:
        return None
    return Meter(
        id=path.rpartition("/")[2],
        state=read.text(found, "state") or "",
        since_s=read.whole(found, "from_s") or None,
        calibrated_ms=read.whole(found, "calibrated_ms"),
    )


@dataclass(frozen=True)
class Carried:
    """What a hub tells of one of its meters."""

    last_ms: int | None
    firmware: int | None  # None: not heard yet
    model: int | None
    updated_ms: int | None = None  # when another firmware was first told; None: not since the hub carries it
    refusal: str = ""  # of REFUSALS: of what the meter refused last
    refused_ms: int | None = None  # None: it refused nothing
    clock_ms: int = 0  # how far its clock was ahead when it was wrong last
    clocked_ms: int | None = None  # None: it never was


@dataclass(frozen=True)
class Hub:
    """`hubs/{id}`, which its owner alone may read."""

    id: str
    name: str
    version: str
    last_ms: int | None  # None: never heard
    waiting: int  # items that it has yet to send
    damaged_ms: int | None  # when it set a damaged database aside; None: none lies aside
    is_silent: bool
    is_revoked: bool
    meters: Mapping[str, Carried]
    guests: tuple[tuple[str, str], ...]  # (home, its name) of neighbours that it serves

    def is_late(self, now_ms: int) -> bool:
        return self.is_silent or self.last_ms is None or now_ms - self.last_ms > LATE_MS


def hub_from(path: str, found: read.Fields | None) -> Hub | None:
    if found is None:
        return None
    meters = read.mapping(found, "meters")
    return Hub(
        id=path.rpartition("/")[2],
        name=read.text(found, "name") or "",
        version=read.text(found, "version") or "",
        last_ms=read.whole(found, "last_ms") or None,
        waiting=read.whole(found, "queue") or 0,
        damaged_ms=read.whole(found, "damaged_ms") or None,
        is_silent=read.whole(found, "silent_ms") is not None,
        is_revoked=found.get("revoked") is True,
        guests=_guests(read.mapping(found, "guests")),
        meters={name: _carried(each) for name, each in meters.items() if isinstance(each, Mapping)},
    )


def _guests(found: read.Fields) -> tuple[tuple[str, str], ...]:
    return tuple((home, read.text(read.mapping(found, home), "name") or home) for home in sorted(found))


def _carried(found: read.Fields) -> Carried:
    refusal = read.whole(found, "refusal") or 0
    return Carried(
        last_ms=read.whole(found, "last_ms"),
        firmware=read.whole(found, "firmware"),
        model=read.whole(found, "model"),
        updated_ms=read.whole(found, "updated_ms"),
        refusal=REFUSALS[refusal] if 0 < refusal < len(REFUSALS) else "",
        refused_ms=read.whole(found, "refused_ms") if refusal else None,
        clock_ms=read.whole(found, "clock_ms") or 0,
        clocked_ms=read.whole(found, "clocked_ms") or None,
    )


@dataclass(frozen=True)
class Outcome:
    """What became of a command: of a step of the calibration, what the meter found."""

    id: str  # of its job
    is_done: bool
    finished_s: int | None
    text: str
    told: Mapping[str, Any]  # the text, where it is JSON

    @property
    def step(self) -> str:
        return read.text(self.told, "step") or ""

    @property
    def verdict(self) -> str:
        return read.text(self.told, "verdict") or ""

    @property
    def reason(self) -> str:
        return read.text(self.told, "reason") or ""

    @property
    def fix(self) -> Mapping[str, Any] | None:
        """Roles and signs that would set the clamps right; None: they are, or no setting mends it."""
        return (read.mapping(self.told, "set") or None) if self.step == "clamps" else None


def outcomes_from(found: Mapping[str, read.Fields]) -> tuple[Outcome, ...]:
    """The answers to commands, the newest first."""
    every = (_outcome(path, each) for path, each in found.items())
    return tuple(sorted(every, key=lambda each: (-(each.finished_s or 0), each.id)))


def _outcome(path: str, found: read.Fields) -> Outcome:
    text = read.text(found, "text") or ""
    return Outcome(
        id=path.rpartition("/")[2],
        is_done=found.get("state") == "done",
        finished_s=read.moment_s(found, "finished"),
        text=text,
        told=_json(text),
    )


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True)
class BillFit:
    """`jobs/bill`: the utility's meter beside ours."""

    state: str  # proposed, declined or applied
    verdict: str
    gain_ppm: int
    u_ppm: int
    third: str  # confirmed, refuted or "": there was no third reading
    residual_wh: float  # of import: what the fit leaves


def bill_fit_from(found: read.Fields | None) -> BillFit | None:
    gain_ppm = read.whole(found or {}, "gain_ppm")
    if found is None or gain_ppm is None:
        return None
    lines = [each for each in found.get("lines") or () if isinstance(each, Mapping)]
    return BillFit(
        state=read.text(found, "state") or "",
        verdict=read.text(found, "verdict") or "",
        gain_ppm=gain_ppm,
        u_ppm=read.whole(found, "u_ppm") or 0,
        third=read.text(read.mapping(found, "third"), "verdict") or "",
        residual_wh=(read.number(lines[0], "residual_mwh") or 0) / 1000 if lines else 0.0,
    )
