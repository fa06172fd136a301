"""How long until a street's outage is told, and what a hundred loads that return do to its feeder.

The street and its hubs are simulated second by second (`tests/unit/functions/street.py`, which calls a meter silent by
the hub's own code); the functions are the real ones on the emulator, in this process. Their clock is set, so a figure
is a sum of two parts, both printed: the simulated time from the cut to the task that opens the outage (the hub's 25 s
of silence, its heartbeats, the minute's schedule, the answer to the call, the task's slot), and the wall time that the
functions took meanwhile for requests and tasks. It is the worst of several moments of the cut; for hubs that died the
worst that the periods allow is given too, which no few moments meet.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dev.actors import Json
from dev.stack import Stack
from sunmeter import areas
from sunmeter.alerts import PUSH_QUEUE
from sunmeter.domain import kinds, presence, shedding
from tests.emulator.area import Area, last_quarter_ms, power
from tests.unit.functions.feeder import peaks
from tests.unit.functions.street import Street, street

HOMES_EACH = 50
HOUR_S = 3600
PHASES = 4
LOOK_MS = 60_000  # the schedule of `watchhubs`
CUT_S = 905


@dataclass
class Opened:
    """When the outage stood and the first members were about to be told, and when the last were."""

    simulated_s: float
    wall_s: float  # of all requests and tasks since the cut
    last_s: float  # simulated
    writes: int

    @property
    def total_s(self) -> float:
        return self.simulated_s + self.wall_s


def measure(stack: Stack) -> dict[str, float]:
    """`outage_open_s_hub_alive`, `outage_open_s_hub_dead` [s], peaks of the feeder [kW], and their peers."""
    with contextlib.redirect_stdout(io.StringIO()):  # the functions log what they do
        alive = [opened(stack, HOUR_S, phase * 17) for phase in range(PHASES)]
        dead = [opened(stack, 0, phase * 53) for phase in range(PHASES)]
    worst_alive, worst_dead = (max(each, key=lambda one: one.total_s) for each in (alive, dead))
    silent_s = kinds.of("silent").settle_ms / 1000
    hub_silent_s = presence.due_ms(0, HOMES_EACH) / 1000 + 60
    for name, worst, peer in (("alive", worst_alive, silent_s), ("dead", worst_dead, hub_silent_s)):
        print(f"a street of {2 * HOMES_EACH} homes, hubs {name}: told after {worst.total_s:.1f} s", end=" ")
        print(f"({worst.simulated_s:.0f} s simulated + {worst.wall_s:.1f} s measured),", end=" ")
        print(f"its last home at {worst.last_s:.0f} s;", end=" ")
        print(f"each by its own alert of silence: {peer:.0f} s; {worst.writes} writes")
    periods_ms = presence.pause_ms(HOMES_EACH) + presence.ASKED_LATE_MS + LOOK_MS + presence.ANSWER_MS
    limit_s = (periods_ms + areas.SLOT_MS + areas.LAG_MS) / 1000 + worst_dead.wall_s
    print(f"hubs dead, the worst that the periods allow: {limit_s:.1f} s")
    return {
        "outage_open_s_hub_alive": worst_alive.total_s,
        "outage_open_s_hub_dead": worst_dead.total_s,
        "outage_open_s_hub_dead_limit": limit_s,
        "outage_task_wall_s": max(each.wall_s for each in (*alive, *dead)),
        "silent_alert_s": silent_s,
        "hub_silent_alert_s": hub_silent_s,
        **_returns(),
    }


def opened(stack: Stack, battery_s: int, phase_s: int) -> Opened:
    """Cuts the power of two hubs' homes, and plays on until all are told."""
    stack.clear()
    houses, hubs = street(2, HOMES_EACH, battery_s)
    start_ms, cut_s = last_quarter_ms(hours_ago=4), CUT_S + phase_s
    area = Area.built(stack, "north", houses, hubs, start_ms)
    functions, cut_ms = area.functions, start_ms + cut_s * 1000
    told: list[
        tuple[int, float]
    ] = []  # when each alert asked to be pushed: simulated, and seconds of work since the cut
    busy = Busy()

    def enqueue(queue: str, key: str, data: Json, at_ms: int | None = None) -> None:
        if queue == PUSH_QUEUE and data["alert"].startswith("outage"):
            told.append((functions.now_ms, busy.now_s()))
        ask(queue, key, data, at_ms)

    ask = functions.cloud.enqueue
    functions.cloud = replace(functions.cloud, enqueue=enqueue)
    faults = [power([house.home for house in houses], cut_s)]
    for post in Street(houses, hubs, faults, start_ms, seed=phase_s + 1).play(cut_s + 420):
        with busy.counting(post.at_ms > cut_ms):
            area.passes(post.at_ms)
            area.hears(post)
    with busy.counting(True):
        area.passes(cut_ms + 420_000)
    assert len(told) >= len(houses), f"{len(told)} of {len(houses)} homes were told"
    first_ms, wall_s = told[0]
    return Opened((first_ms - cut_ms) / 1000, wall_s, (told[-1][0] - cut_ms) / 1000, functions.wire.writes)


@dataclass
class Busy:
    """Wall time that the functions took."""

    total_s: float = 0.0
    began_s: float | None = None

    def now_s(self) -> float:
        return self.total_s + (time.monotonic() - self.began_s if self.began_s else 0.0)

    @contextmanager
    def counting(self, is_after_the_cut: bool) -> Iterator[None]:
        self.began_s = time.monotonic() if is_after_the_cut else None
        try:
            yield
        finally:
            self.total_s, self.began_s = self.now_s(), None


def _returns() -> dict[str, float]:
    """A hundred homes after an hour without power: the feeder's peaks, in a simulation of boilers."""

    def own(home: str, from_ms: int, off_ms: int) -> int:
        return shedding.return_ms("bench", home, from_ms, shedding.spread_ms(off_ms))

    figures: dict[str, float] = {}
    for off_min in (60, 240):
        found = peaks(100, off_min, False, own)
        print(
            f"100 homes, {off_min} min off: calm {found.calm_kw:.0f} kW, all at once {found.at_once_kw:.0f} kW,",
            end=" ",
        )
        print(f"in their own time {found.staggered_kw:.0f} kW (simulated)")
        figures |= {f"return_peak_kw_{off_min}": found.staggered_kw, f"at_once_peak_kw_{off_min}": found.at_once_kw}
    return figures
