"""A day of a home among instances that die anywhere and triggers that are lost, doubled and late; and broken builds.

Everything random comes from a seed. `play` gives what is not whole in the end; [] where all of it is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from contract import documents
from contract.ledger import LocalDay
from dev.actors import Json
from sunmeter import push, reconcile, rollup, training
from sunmeter.clients import Cloud
from sunmeter.domain import days, months
from sunmeter.store import NOW, Transaction
from tests.emulator.inprocess import Functions, Killed
from tests.emulator.world import World, event, sent

MOST_DEATHS = 3
CALLS_BETWEEN = 25  # at most, from one death to the next: a whole play makes about a hundred calls
HOUR_MS = 3_600_000
LOST, DOUBLED, LATE = 0.2, 0.4, 0.7  # of triggers, each up to the next


@dataclass
class Play:
    """One day, whoever dies."""

    world: World
    day: LocalDay
    rng: random.Random
    answers_first: bool = False  # a build that answers a hub before it has stored anything
    functions: Functions = field(init=False)
    deaths: int = 0
    late: list[tuple[Json | None, Json | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        stack = self.world.stack
        now_ms = time.time_ns() // 1_000_000
        self.functions = Functions.of(stack, self.world.hub.uid, now_ms)
        self._aim()

    def run(self) -> None:
        """The hub's requests in any order, each repeated until it is answered."""
        items = sent(self.world.quarters(self.day))
        self.rng.shuffle(items)
        cuts = sorted(self.rng.sample(range(1, len(items)), self.rng.randint(2, 5)))
        # of a channel of its own, or an alert of the day before would make it cool down
        told = event(self.world.meter, boot_id=self.boot, start_boot=self.boot, channel=f"day_{self.boot}")
        batches = [[told, *items[: cuts[0]]], *(items[a:b] for a, b in zip(cuts, [*cuts[1:], len(items)], strict=True))]
        for batch in batches:
            before = self.look()
            while not self._survives(partial(self.functions.send, batch)) and not self.answers_first:
                pass
            self._tell(before, self.look())
            self._survives(self.functions.run_pushes)

    def come_late(self) -> None:
        """What Firestore had told nobody so far, or tells again."""
        self.rng.shuffle(self.late)
        for before, after in self.late:
            self._survives(partial(self._trigger, before, after))

    def heal(self) -> None:
        """An hour passes: the reconciler, and the queues; should they die too, again an hour later."""
        for _ in range(MOST_DEATHS + 1):
            self.functions.now_ms += HOUR_MS
            self._survives(lambda: reconcile.heal_months(self.functions.cloud))
            self._survives(lambda: reconcile.retry_pushes(self.functions.cloud))
            self._survives(self.functions.run_pushes)

    def night(self) -> None:
        """A task is tried again until it is done."""
        while not self._survives(
            lambda: training.train({"home": self.world.home, "day": self.day.day}, self.functions.cloud)
        ):
            pass

    def amiss(self) -> list[str]:
        """What is not as it would be had nobody died."""
        stored, month = self.look() or {}, self._stored(documents.month(self.world.home, self.day.month))
        alert = self._stored(documents.alert(self.world.home, f"{self.world.meter}-{self.boot}-40"))
        entry = month.get("days", {}).get(self.day.day[8:], {})
        import_wh = 100.0 * self.day.quarters
        checks = {
            "day": stored.get("totals", {}).get("import_wh") == import_wh,
            "books": stored.get("difference_mwh") == [0, 0, 0, 0],
            "month": entry.get("import_wh") == import_wh and entry.get("rev") == stored.get("rev"),
            "totals": month.get("totals", {}).get("import_wh")
            == sum(each["import_wh"] for each in month.get("days", {}).values()),
            "alert": alert.get("push") == "sent" and not alert["pushing"] and len(self.functions.told) >= 1,
            "night": self._stored(documents.insight(self.world.home, "model")).get("day", "") >= self.day.day,
        }
        return [name for name, is_whole in checks.items() if not is_whole]

    @property
    def boot(self) -> int:
        """The alert's own, by the day."""
        return self.day.start_s // 86_400

    def look(self) -> Json | None:
        """The day as it stands, past the counting and cutting."""
        return self.world.db.document(documents.day(self.world.home, self.day.day)).get().to_dict()

    def _stored(self, path: str) -> Json:
        return self.world.db.document(path).get().to_dict() or {}

    def _tell(self, before: Json | None, after: Json | None) -> None:
        """Firestore tells of the change: never, once, twice, or when others have passed it."""
        fate = self.rng.random()
        if fate < LOST:
            return
        if fate < LATE:
            self.late.append((before, after))
        if fate < DOUBLED or fate >= LATE:
            self._survives(lambda: self._trigger(before, after))

    def _trigger(self, before: Json | None, after: Json | None) -> None:
        self.functions.trigger(self.world.home, self.day.day, before, after)

    def _aim(self) -> None:
        """Where the next instance dies: before or after the effect of one of the next calls."""
        wire = self.functions.wire
        wire.cut_at = wire.calls + self.rng.randint(1, CALLS_BETWEEN) if self.deaths < MOST_DEATHS else None
        wire.cut_after = self.rng.random() < 0.5

    def _survives(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except Killed:
            self.deaths += 1
            self._aim()
            return False
        except push.NotAllReached:
            pass
        return True


def play(world: World, day: LocalDay, seed: int, build: str = "whole") -> list[str]:
    """What is amiss in the end. world: its owner has a device; no trigger fires by itself."""
    with BUILDS[build]():
        running = Play(world, day, random.Random(seed), answers_first=build == "answers first")
        running.run()
        running.come_late()
        if build != "without reconciler":
            running.heal()
        running.night()
        if build != "without reconciler":
            running.heal()
        running.come_late()
        return running.amiss()


def give_device(world: World) -> None:
    """The owner's phone, which alerts reach."""
    token = {"token": "t", "platform": "web", "updated": dt.datetime.now(dt.UTC)}
    world.db.document(documents.push_device(world.owner.uid, "phone")).set(token)


# --- builds that lack one thing that carries the whole ---


def _month_of_event(before: Json | None, after: Json | None, params: dict[str, str], cloud: Cloud) -> None:
    """The month is derived from what the event brings, which may be old."""
    assert after is not None
    path = documents.month(params["home"], params["day"][:7])

    def write(transaction: Transaction) -> None:
        month = transaction.read(path)
        transaction.set(path, {**months.with_day(month, days.read(after)), "updated": NOW})

    cloud.store.transact(write)


def _month_by_increments(before: Json | None, after: Json | None, params: dict[str, str], cloud: Cloud) -> None:
    """The month's total grows by what the event says was added."""
    assert after is not None
    rollup.roll_up(cloud, params["home"], params["day"])
    path = documents.month(params["home"], params["day"][:7])
    added_wh = after["totals"]["import_wh"] - (before["totals"]["import_wh"] if before else 0.0)

    def write(transaction: Transaction) -> None:
        month = transaction.read(path)
        assert month is not None
        totals = {**month["totals"], "import_wh": month["totals"].get("grown_wh", 0.0) + added_wh}
        transaction.update(path, {"totals": {**totals, "grown_wh": totals["import_wh"]}})

    cloud.store.transact(write)


@contextlib.contextmanager
def _patched(name: str, function: Callable[..., object]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollup, name, function)
        yield


BUILDS: dict[str, Callable[[], contextlib.AbstractContextManager[object]]] = {
    "whole": contextlib.nullcontext,
    "without reconciler": contextlib.nullcontext,
    "answers first": contextlib.nullcontext,
    "month of the event": lambda: _patched("on_day", _month_of_event),
    "month by increments": lambda: _patched("on_day", _month_by_increments),
}
