"""The newest reading of a home, and what its age says."""

from dataclasses import dataclass
from enum import Enum

from . import fields as read

FRESH_MS = 15_000  # under a lease a reading comes every 2 s; one lost round trip is not yet a fault
STALE_MS = 60_000  # six readings of the slow cadence: something on the way is down
FLOWING_W = 15  # below this the clamps' noise would make the arrows flicker


class Freshness(Enum):
    """How far a reading may be trusted to be about now."""

    LIVE = "live"
    LATE = "late"
    STALE = "stale"


class GridFlow(Enum):
    IMPORTING = "importing"
    EXPORTING = "exporting"
    BALANCED = "balanced"


@dataclass(frozen=True)
class Reading:
    """What the meter measured at `ts_ms`. Grid is positive on import."""

    ts_ms: int
    grid_w: int
    house_w: int
    pv_w: int | None  # None: no PV clamp fitted
    v_v: float | None
    f_hz: float | None
    grid_a: float | None
    grid_pf: float | None  # None: too little current for a power factor to mean anything
    u_w: int | None

    @property
    def flow(self) -> GridFlow:
        if abs(self.grid_w) < FLOWING_W:
            return GridFlow.BALANCED
        return GridFlow.IMPORTING if self.grid_w > 0 else GridFlow.EXPORTING

    @property
    def is_generating(self) -> bool:
        return self.pv_w is not None and self.pv_w >= FLOWING_W

    @property
    def own_share(self) -> float | None:
        """The part of what the house uses now that does not come from the grid, 0 to 1; None without sun or load."""
        if not self.is_generating or self.house_w <= 0:
            return None
        return min(1.0, max(0.0, (self.house_w - max(self.grid_w, 0)) / self.house_w))

    @property
    def course(self) -> "Course":
        return Course(self.pv_w is not None, self.is_generating, self.flow, self.own_share is not None)

    def age_ms(self, now_ms: int) -> int:
        """Its age; never negative, though the meter's clock may run ahead of this one."""
        return max(0, now_ms - self.ts_ms)

    def freshness(self, now_ms: int) -> Freshness:
        age_ms = self.age_ms(now_ms)
        if age_ms <= FRESH_MS:
            return Freshness.LIVE
        return Freshness.LATE if age_ms <= STALE_MS else Freshness.STALE


@dataclass(frozen=True)
class Course:
    """Which way power runs: what a picture of the flow is made of, the numbers apart."""

    has_pv: bool
    is_generating: bool
    flow: GridFlow
    has_own_share: bool


def reading_from(found: read.Fields | None) -> Reading | None:
    """Reads `live/now`; None while there is no document, or none with a moment, grid and house power."""
    if found is None:
        return None
    ts_ms, grid_w, house_w = (read.whole(found, name) for name in ("ts_ms", "grid_w", "house_w"))
    if ts_ms is None or grid_w is None or house_w is None:
        return None
    return Reading(
        ts_ms=ts_ms,
        grid_w=grid_w,
        house_w=house_w,
        pv_w=read.whole(found, "pv_w"),
        v_v=read.number(found, "v_v"),
        f_hz=read.number(found, "f_hz"),
        grid_a=read.number(found, "grid_a"),
        grid_pf=read.number(found, "grid_pf"),
        u_w=read.whole(found, "u_w"),
    )
