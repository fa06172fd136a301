"""The pure rules around an area in a few lines, without a database: what the functions do with what a street tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sunmeter.domain import correlation, outage_alerts, outages, presence, verdicts
from sunmeter.domain.darkness import HUB, METER, Darkness, Signal
from sunmeter.domain.outages import Outage, Size
from tests.unit.functions.street import House, Post

AREA = "north"
SLOT_MS, LAG_MS, LOOK_MS = 5_000, 1_000, 60_000


@dataclass
class Desk:
    """One area. `tells` has who was told of which alert as news, and when."""

    houses: list[House]
    meters: dict[str, Signal] = field(default_factory=dict)
    hubs: dict[str, Signal] = field(default_factory=dict)
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)  # the hubs' documents
    outages: list[Outage] = field(default_factory=list)
    due_ms: set[int] = field(default_factory=set)
    tells: list[tuple[int, str, str]] = field(default_factory=list)
    now_ms: int = 0
    writes: int = 0

    def __post_init__(self) -> None:
        self._home = {house.meter: house for house in self.houses}
        self._size = Size(len(self.houses), len({house.hub for house in self.houses}))

    def runs(self, posts: Iterable[Post], until_ms: int) -> Desk:
        for post in posts:
            self.passes(post.at_ms)
            self.hears(post)
        self.passes(until_ms)
        return self

    def passes(self, until_ms: int) -> None:
        """Time goes on: tasks run when they are due, the schedule every minute."""
        while True:
            minute_ms = (self.now_ms // LOOK_MS + 1) * LOOK_MS
            moment_ms = min([minute_ms, *self.due_ms])
            if moment_ms > until_ms:
                self.now_ms = max(self.now_ms, until_ms)
                return
            self.now_ms = max(moment_ms, self.now_ms)
            is_task = moment_ms in self.due_ms
            self.due_ms.discard(moment_ms)
            self._watches_hubs()
            if is_task:
                self.looks()

    def hears(self, post: Post) -> None:
        for word in post.words:
            if word[0] == "beat":
                self._heartbeat(post.hub, len(word[1]))
            elif word[0] == "off":
                self._cut_off(post.hub, word[1], word[2])
            else:
                self._meter(word)

    def looks(self) -> None:
        before = {outage.id for outage in self.outages}
        self.outages = correlation.correlate(self.outages, self.dark(), self._size, self.now_ms)
        for outage in self.outages:
            if outage.id not in before and outage.end_ms is None:
                self._calls()
            for home, member in outage.homes.items():
                if member.told != outage_alerts.wanted(outage, home):
                    condition = outage_alerts.condition(AREA, outage, home, self.now_ms)
                    if condition.is_news and not any(each[1:] == (home, condition.id) for each in self.tells):
                        self.tells.append((self.now_ms, home, condition.id))
            told = {
                home: Outage.of(
                    {**vars(outage), "homes": {home: {**vars(member), "told": outage_alerts.wanted(outage, home)}}}
                )
                for home, member in outage.homes.items()
            }
            outage.homes.update({home: one.homes[home] for home, one in told.items()})
        next_ms = outages.next_look_ms(self.outages, self.now_ms)
        if next_ms is not None:
            self._asks(next_ms)

    def dark(self) -> list[Darkness]:
        found = [dark for name, signal in self.meters.items() for dark in signal.darknesses(name)]
        for name, signal in self.hubs.items():
            carried = [house for house in self.houses if house.hub == name]
            found += signal.darknesses_of_hub(
                (each.home, each.meter, self.meters.get(each.meter, Signal(METER, each.home, name))) for each in carried
            )
        return found

    def says(self, name: str) -> str:
        """What operators read of a meter or a hub."""
        dark = {
            home
            for outage in self.outages
            for home, member in outage.homes.items()
            if member.state in (outages.DARK, outages.UNHEARD, outages.RETURNING)
        }
        if name in self.hubs:
            return verdicts.of(self.hubs[name], any(h.home in dark for h in self.houses if h.hub == name), self.now_ms)
        signal = self.meters.get(name)
        return verdicts.of(signal, signal.home in dark, self.now_ms) if signal else ""

    def _asks(self, at_ms: int) -> None:
        self.due_ms.add((at_ms // SLOT_MS + 1) * SLOT_MS + LAG_MS)

    def _meter(self, word: tuple[Any, ...]) -> None:
        house = self._home[word[1]]
        known = self.meters.get(house.meter, Signal(METER, house.home, house.hub))
        after = known.told(word[2], word[3], self.now_ms) if word[0] == "status" else known.restarted(word[2])
        self.writes += after != known
        self.meters[house.meter] = after
        self._asks(self.now_ms)

    def _heartbeat(self, hub: str, meters: int) -> None:
        known = self.seen.get(hub)
        if known and known["silent_ms"] is None and presence.is_soon(known, meters, self.now_ms):
            return
        was = known.get("was_silent") if known else None
        if known and known["silent_ms"] is not None:
            was = {"from_ms": known["silent_ms"], "to_ms": self.now_ms}
            self.hubs[hub] = self.hubs[hub].told("back", self.now_ms, self.now_ms)
            self._asks(self.now_ms)
        due_ms = presence.due_ms(self.now_ms, meters, in_area=True)
        alive = {"last_ms": self.now_ms, "due_ms": due_ms, "silent_ms": None, "asked_ms": None, "revoked": False}
        self.seen[hub] = {**alive, "areas": [AREA], "was_silent": was}
        self.writes += 1

    def _cut_off(self, hub: str, quarter_ms: int, offline_s: int) -> None:
        was = self.seen[hub].get("was_silent")
        if (
            was
            and offline_s >= presence.CUT_OFF_S
            and was["from_ms"] < quarter_ms + 900_000
            and quarter_ms < was["to_ms"]
        ):
            self.hubs[hub] = self.hubs[hub].cut_off(was["from_ms"])
            self._asks(self.now_ms)

    def _watches_hubs(self) -> None:
        overdue = {name: hub for name, hub in self.seen.items() if presence.is_overdue(hub, self.now_ms)}
        silent = [name for name, hub in overdue.items() if presence.is_silent(hub, self.now_ms)]
        if len(silent) < len(overdue):
            self._calls()
        for name in silent:
            hub = self.seen[name]
            hub["silent_ms"], hub["due_ms"] = hub["last_ms"], None
            known = self.hubs.get(name, Signal(HUB, "", name))
            self.hubs[name] = known.told("silent", hub["silent_ms"], self.now_ms, found=True)
            self.writes += 2
        if silent:
            self.looks()

    def _calls(self) -> None:
        for hub in self.seen.values():
            if hub["silent_ms"] is None and not presence.is_asked(hub):
                hub.update(asked_ms=self.now_ms, due_ms=self.now_ms + presence.ANSWER_MS)
                self.writes += 1
        self._asks(self.now_ms + presence.ANSWER_MS)
