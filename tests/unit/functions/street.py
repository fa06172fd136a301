"""A simulated street: houses and hubs with their power, Wi-Fi and lines, and what its hubs tell the cloud of it.

Second by second. When a meter is called silent is decided by the hub's own code; the rest is as little as makes the
same words: meters poll every few seconds and start anew after a cut, hubs live on a battery for a while, keep what
they cannot send, and tell of restarts with the quarter.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sunmeter.domain import presence
from sunmeter_edge import roster, watch

POLL_S = 3
METER_START_S = 8  # MicroPython, Wi-Fi, the first answer of its hub
HUB_START_S = 40
QUARTER_S = 900
SENT_AFTER_S = 20  # a quarter is cut this long after its end
# ("status", meter, state, since_ms), ("restart", meter, quarter_ms), ("beat", (meter, …)), ("off", quarter_ms, seconds)
Word = tuple[Any, ...]


@dataclass(frozen=True)
class House:
    home: str
    meter: str
    hub: str


@dataclass(frozen=True)
class HubPlan:
    """Where a hub stands, and for how long it and its router go on without mains."""

    hub: str
    home: str  # whose power it has
    battery_s: int = 0


@dataclass(frozen=True)
class Fault:
    """power: of homes. wifi: of single meters. access_point: all meters of hubs. line: of hubs."""

    kind: str
    of: frozenset[str]
    from_s: int
    to_s: int = 1 << 30

    def holds(self, name: str, at_s: int) -> bool:
        return name in self.of and self.from_s <= at_s < self.to_s


@dataclass(frozen=True)
class Post:
    """What a hub tells in one request."""

    at_ms: int
    hub: str
    words: tuple[Word, ...]


@dataclass
class _Hub:
    plan: HubPlan
    roster: roster.Roster
    battery_s: float
    runs_from_s: int | None = 0  # None: it does not run
    queue: list[Word] = field(default_factory=list)
    beat_at_s: float = 0.0
    offline_s: int = 0


def street(hubs: int, homes_each: int, battery_s: int | Sequence[int] = 0) -> tuple[list[House], list[HubPlan]]:
    """Houses `h0`, `h1`, … on hubs `hub0`, …; each hub stands in its first house."""
    batteries = [battery_s] * hubs if isinstance(battery_s, int) else list(battery_s)
    number = range(hubs * homes_each)
    houses = [House(f"h{n}", f"m-{n:010d}", f"hub{n // homes_each}") for n in number]
    return houses, [HubPlan(f"hub{n}", f"h{n * homes_each}", batteries[n]) for n in range(hubs)]


class Street:
    """Plays faults and yields what hubs post, in the order of its arrival."""

    def __init__(
        self,
        houses: Sequence[House],
        hubs: Sequence[HubPlan],
        faults: Iterable[Fault] = (),
        start_ms: int = 0,
        seed: int = 1,
    ):
        """start_ms: of second 0, on a quarter's boundary."""
        self._houses = houses
        self._faults = list(faults)
        self._start_ms = start_ms
        chance = random.Random(seed)
        self._phase = {house.meter: chance.randrange(POLL_S) for house in houses}
        self._up_from_s = {house.meter: 0 for house in houses}  # since when each meter has run; after a cut, will run
        self._restarts: dict[str, list[tuple[str, int]]] = {plan.hub: [] for plan in hubs}
        self._hubs = {plan.hub: _Hub(plan, self._roster(plan.hub), plan.battery_s) for plan in hubs}
        for number, hub in enumerate(self._hubs.values()):
            hub.beat_at_s = chance.uniform(0, 60) if number else 0.0

    def is_dark(self, house: House, at_s: int) -> bool:
        return any(fault.kind == "power" and fault.holds(house.home, at_s) for fault in self._faults)

    def play(self, until_s: int) -> Iterator[Post]:
        for at_s in range(until_s):
            self._meters(at_s)
            for hub in self._hubs.values():
                self._power(hub, at_s)
                if hub.runs_from_s is not None and hub.runs_from_s <= at_s:
                    yield from self._hub(hub, at_s)

    def _roster(self, hub: str) -> roster.Roster:
        of = [house.meter for house in self._houses if house.hub == hub]
        return {name: roster.Meter(name, "key", 1, self._start_ms) for name in of}  # type: ignore[arg-type]

    def _has(self, kind: str, name: str, at_s: int) -> bool:
        return not any(fault.kind == kind and fault.holds(name, at_s) for fault in self._faults)

    def _meters(self, at_s: int) -> None:
        """Meters that run poll their hub, if it can hear them."""
        for house in self._houses:
            if not self._has("power", house.home, at_s):
                self._up_from_s[house.meter] = at_s + METER_START_S
                continue
            hub = self._hubs[house.hub]
            hears = hub.runs_from_s is not None and hub.runs_from_s <= at_s
            reach = self._has("wifi", house.meter, at_s) and self._has("access_point", house.hub, at_s)
            if at_s >= self._up_from_s[house.meter] and hears and reach and at_s % POLL_S == self._phase[house.meter]:
                meter = hub.roster[house.meter]
                if (
                    self._up_from_s[house.meter] * 1000 + self._start_ms > meter.last_ms
                    and self._up_from_s[house.meter]
                ):
                    self._restarts[house.hub].append((house.meter, self._up_from_s[house.meter]))
                meter.last_ms = self._ms(at_s)

    def _power(self, hub: _Hub, at_s: int) -> None:
        """A hub without mains lives as long as its battery; with mains it starts again."""
        if self._has("power", hub.plan.home, at_s):
            hub.battery_s = min(hub.plan.battery_s, hub.battery_s + 1)
            if hub.runs_from_s is None:
                hub.runs_from_s = at_s + HUB_START_S
                hub.beat_at_s = hub.runs_from_s
        elif hub.battery_s > 0 and hub.runs_from_s is not None:
            hub.battery_s -= 1
        else:
            hub.runs_from_s = None

    def _hub(self, hub: _Hub, at_s: int) -> Iterator[Post]:
        now_ms, started_ms = self._ms(at_s), self._ms(hub.runs_from_s or 0)
        if at_s % 2 == 0:
            for meter in watch.changed_silence(hub.roster, now_ms, started_ms):
                hub.queue.append(("status", meter.meter, "silent" if meter.silent else "back", meter.last_ms))
        is_online = self._has("line", hub.plan.hub, at_s)
        hub.offline_s += not is_online
        if at_s % QUARTER_S == SENT_AFTER_S:
            self._cut(hub, at_s)
        if not is_online:
            hub.beat_at_s = max(hub.beat_at_s, at_s + 1)
            return
        words, hub.queue = hub.queue, []
        if at_s >= hub.beat_at_s:
            words.append(("beat", tuple(hub.roster)))
            hub.beat_at_s = at_s + presence.BEAT_IN_AREA_S
        if words:
            yield Post(now_ms, hub.plan.hub, tuple(words))

    def _cut(self, hub: _Hub, at_s: int) -> None:
        """The quarter that is over: who started in it because of lost power, and how long the hub was cut off."""
        began_s = at_s - SENT_AFTER_S - QUARTER_S
        over_s = began_s + QUARTER_S
        restarts = self._restarts[hub.plan.hub]
        for meter, up_s in restarts:
            if up_s < over_s:
                hub.queue.append(("restart", meter, self._ms(up_s // QUARTER_S * QUARTER_S)))
        self._restarts[hub.plan.hub] = [each for each in restarts if each[1] >= over_s]
        if hub.offline_s:
            hub.queue.append(("off", self._ms(began_s), hub.offline_s))
        hub.offline_s = 0

    def _ms(self, at_s: int) -> int:
        return self._start_ms + at_s * 1000
