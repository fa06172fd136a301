"""Three houses, everything running, everything going wrong: `make soak HOURS=1`; at the end all books agree.

An hour is one of a clock at SPEED: with HOURS=1 the houses live SPEED hours, as fast as this machine plays them, or no
faster than that clock with PACED=1: hub and app live the hour as well then. Faults of every kind come at random
(SEED=…), at houses, hub and line; somebody opens the app again and again. At the end the energy of each house at the
meter, at the hub, in the ledger and on the screen is compared, and what hub, app and meters take of memory, files and
threads is looked at: an hour is too short for a small leak, so growth is told, not judged.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Error

from contract import documents, ledger, wire
from contract.ledger import QUARTER_S, LocalDay
from dev import books
from dev.actors import Json, Person
from dev.demo import HOUSES
from dev.failures import carried_out
from dev.neighbourhood import ZONE, Household, Neighbourhood, NotReached, Settlement, internet_of, last_quarter_s
from dev.paths import BadSetting, is_on
from dev.ports import Ports
from dev.processes import signals_unwind
from dev.smoke.run import tell_trouble
from dev.stack import Stack
from dev.told import step
from dev.usage import Watcher
from tests.browser.driver import App, chromium
from twin.faults import KINDS, OUTSIDE, Fault
from twin.people import demo_households
from twin.server import Event
from twin.street import Street

SPEED = 60
HOUR_MS = 3_600_000
CALM_MS = 30 * 60_000  # at the beginning, and before the end: what is on its way arrives
EVERY_H = 8.0  # a fault of each kind comes to a house, to the hub and to the line about as often
SHORTEST_MS, LONGEST_MS = 20_000, 40 * 60_000
VISIT_EVERY_S = 20.0
ARRIVED_S = 300.0  # what the cloud may take for the last quarters
READ_TRIES = 3  # visits to read a day off the screen
SHOWN_WH = 5.0  # half of the last digit that the screen shows


@dataclass(frozen=True)
class Plan:
    """How long, from when, and what goes wrong."""

    hours: float
    seed: int
    is_paced: bool = False  # else as fast as the machine plays them

    @classmethod
    def of_environment(cls, hours: float = 1) -> Plan:
        """HOURS (default: those given), SEED (default 1) and PACED. Raises BadSetting."""
        try:
            plan = cls(float(os.environ.get("HOURS") or hours), int(os.environ.get("SEED") or 1), is_on("PACED"))
        except ValueError as error:
            raise BadSetting(f"HOURS and SEED are numbers: {error}") from None
        if not 0.1 <= plan.hours <= 24 * 7:
            raise BadSetting(f"HOURS={plan.hours:g}: from 0.1 to 168")
        return plan

    @property
    def lived_ms(self) -> int:
        """What the houses live."""
        return int(self.hours * SPEED * HOUR_MS)

    def faults(self, start_ms: int) -> list[Fault]:
        """Of every kind, at random moments, never two of a kind at once in one place."""
        chance = random.Random(self.seed)
        found = []
        for kind, meaning in KINDS.items():
            for house in (1,) if kind in OUTSIDE else range(1, len(HOUSES) + 1):
                at_ms = start_ms + CALM_MS + int(chance.uniform(0, EVERY_H) * HOUR_MS)
                while at_ms < start_ms + self.lived_ms - CALM_MS - LONGEST_MS:
                    lasts_ms = int(SHORTEST_MS * (LONGEST_MS / SHORTEST_MS) ** chance.random())
                    channel = chance.choice(meaning.channels) if meaning.channels else ""
                    found.append(Fault(kind, at_ms, at_ms + lasts_ms, meaning.amount or 0.0, channel, house))
                    at_ms += lasts_ms + int(chance.expovariate(1 / EVERY_H) * HOUR_MS) + 60_000
        return sorted(found, key=lambda fault: fault.start_ms)


# ------------------------------------------------------------------------------------------------------------ visitors


class Visitor:
    """Somebody who opens the app, signs in, looks, and leaves; again and again, in a thread of its own."""

    def __init__(self, address: str, settlement: Settlement) -> None:
        self._address, self._settlement = address, settlement
        self.visits = 0
        self.failures: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="visitor", daemon=True)

    def __enter__(self) -> Visitor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with chromium() as browser:
            while not self._over.wait(VISIT_EVERY_S):
                app = App(browser, zone=ZONE)
                try:
                    app.open(f"{self._address}/sign-in")
                    app.sign_in(self._settlement.email, self._settlement.password)
                    app.tab("History")
                    app.tab("Alerts")
                    app.tab("Home")
                    self.visits += 1
                except (Error, AssertionError) as error:
                    self.failures.append(str(error).splitlines()[0])
                finally:
                    app.close()


# ------------------------------------------------------------------------------------------------------------- playing


@dataclass
class Soak:
    """A run that has lived its hours; its programs still run."""

    plan: Plan
    start_s: int
    faults: int
    neighbourhood: Neighbourhood
    settlement: Settlement
    street: Street
    address: str
    watcher: Watcher
    visitor: Visitor
    crashes: list[str]

    @property
    def owner(self) -> Person:
        return self.neighbourhood.owner(self.settlement)


@contextlib.contextmanager
def soaked(plan: Plan) -> Iterator[Soak]:
    """Plays up to the present."""
    start_s = last_quarter_s(time.time() - plan.lived_ms / 1000)
    with contextlib.ExitStack() as running:
        with step("starting the Firebase emulators"):
            stack = running.enter_context(Stack(Ports.free()))
        neighbourhood = Neighbourhood(stack, stack.folder / "soak", running.enter_context(internet_of(stack)))
        neighbourhood.set_clock(start_s * 1000)
        with step("signing up, creating three homes, enrolling the hub, claiming the meters"):
            settlement = neighbourhood.settle(HOUSES, ZONE)
            neighbourhood.start_hub()
            neighbourhood.claim_all(settlement)
        crashes: list[str] = []

        def tell(event: Event) -> None:
            if event["event"] in ("crash", "hung"):
                crashes.append(f"{event['meter']}: {event['event']}")
            tell_trouble(event)

        street = neighbourhood.street(settlement, demo_households(ZONE), start_s * 1000, tell, plan.seed)
        street.twin.timeline.pace = SPEED if plan.is_paced else None
        faults = plan.faults(start_s * 1000)
        for fault in faults:
            street.inject(fault)
        with step("starting the app"):
            address = neighbourhood.start_app()
        watcher = running.enter_context(Watcher(lambda: pids(neighbourhood, street)))
        visitor = Visitor(address, settlement)
        soak = Soak(plan, start_s, len(faults), neighbourhood, settlement, street, address, watcher, visitor, crashes)
        with visitor:
            play(soak, lambda: running.enter_context(street.twin))
        yield soak


def play(soak: Soak, begin: Callable[[], object]) -> None:
    """Lets the houses live until the present, and tells how far they are."""
    begun_s, told_s = time.monotonic(), 0.0
    print(f"  {soak.faults} faults in {soak.plan.lived_ms / HOUR_MS:.0f} hours of three houses", flush=True)
    begin()
    timeline = soak.street.twin.timeline
    while timeline.catching_up:
        soak.neighbourhood.stack.processes.check()
        soak.street.twin.join(0.5)
        if time.monotonic() - told_s > 30:
            told_s = time.monotonic()
            lived_h = (timeline.slowest_ms / 1000 - soak.start_s) / 3600
            speed = lived_h * 3600 / max(told_s - begun_s, 1)
            print(f"    {lived_h:5.1f} h lived, at {speed:.0f}×; {soak.visitor.visits} visits", flush=True)


def pids(neighbourhood: Neighbourhood, street: Street) -> dict[str, int | None]:
    """The programs that are watched."""
    own = {program.name: program.process.pid for program in neighbourhood.stack.processes.running("hub", "app")}
    return {**own, **{f"meter {number}": meter.process_id for number, meter in enumerate(street.meters, start=1)}}


# ------------------------------------------------------------------------------------------------------------- verdict


@dataclass(frozen=True)
class Balance:
    """One house: its books from the first snapshot to the last that everybody has, and its days on the screen."""

    name: str
    meter: books.Counted
    hub: books.Counted
    ledger: books.Counted
    shown_off_wh: float  # the largest difference between a day on the screen and in the ledger

    @property
    def difference_mwh(self) -> int:
        return max(abs(self.meter[name] - each[name]) for each in (self.hub, self.ledger) for name in wire.REGISTERS)


def local_days(from_s: int, to_s: int) -> list[LocalDay]:
    """The days that a stretch touches."""
    zone = ZoneInfo(ZONE)
    first, last = (datetime.fromtimestamp(at_s, zone).date() for at_s in (from_s, to_s - 1))
    return [ledger.day_of(first + timedelta(days=days), zone) for days in range((last - first).days + 1)]


def stored(owner: Person, household: Household, days: list[LocalDay]) -> list[tuple[LocalDay, Json]]:
    found = [(day, owner.get(documents.day(household.home, day.day))) for day in days]
    return [(day, document) for day, document in found if document]


def settled_books(soak: Soak, household: Household) -> tuple[books.Counted, books.Counted, books.Counted]:
    """Meter's, hub's, ledger's, from the first snapshot that the hub has to the last.

    Waits until they agree, for at most ARRIVED_S.
    """
    folder, meter, owner = soak.neighbourhood.hub_folder, household.meter, soak.owner
    known = books.snapshots(folder, meter, soak.start_s, int(time.time()))
    if len(known) < 2:
        raise NotReached(f"the hub has {len(known)} snapshots of {household.name}")
    (from_s, first), (to_s, last) = next(iter(known.items())), next(reversed(known.items()))
    counted = {name: last[name] - first[name] for name in wire.REGISTERS}
    days = local_days(from_s, to_s)
    ends_s = time.monotonic() + ARRIVED_S
    while True:
        carried = books.hub_mwh(folder, meter, from_s, to_s)
        held = books.cloud_mwh(stored(owner, household, days), from_s, to_s)
        if counted == carried == held or time.monotonic() > ends_s:
            return counted, carried, held
        time.sleep(2)


def shown_off_wh(soak: Soak, browser: Browser, household: Household) -> float:
    """History, yesterday: import and export on the screen against the ledger's day."""
    yesterday = datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=1)
    day = ledger.day_of(yesterday, ZoneInfo(ZONE))
    held = stored(soak.owner, household, [day])
    if not held:
        return 0.0  # the run is shorter than that
    counted = books.cloud_mwh(held, day.start_s, day.start_s + day.quarters * QUARTER_S)
    shown_wh = read_screen(soak, browser, household, day)
    return max(abs(shown_wh[name] - counted[f"{name}_mwh"] / 1000) for name in shown_wh)


def read_screen(soak: Soak, browser: Browser, household: Household, day: LocalDay) -> dict[str, float]:
    """Import and export of a day as History shows them [Wh]; who does not get there opens the app anew, and it counts
    among the visits that failed. Raises NotReached."""
    for _ in range(READ_TRIES):
        app = App(browser, zone=ZONE)
        try:
            app.open(f"{soak.address}/sign-in")
            app.sign_in(soak.settlement.email, soak.settlement.password)
            choose(app, soak.settlement, household)
            app.tab("History")
            app.click("Previous day")
            app.sees(f"Day shown: {day.day}")
            return {name: app.number(f"history-{name}-kwh") * 1000 for name in ("import", "export")}
        except (Error, AssertionError) as error:
            soak.visitor.failures.append(f"{household.name}, History: {str(error).splitlines()[0]}")
        finally:
            app.close()
    raise NotReached(f"{household.name}: the screen did not show {day.day} in {READ_TRIES} visits")


def choose(app: App, settlement: Settlement, household: Household) -> None:
    """Opens a home; a new session shows the first by name."""
    if household.name != min(each.name for each in settlement.households):
        app.tab("Account")
        app.click(re.compile(rf"^{re.escape(household.name)}:\s+Open$"))


def balances(soak: Soak) -> list[Balance]:
    with chromium() as browser:
        return [
            Balance(each.name, *settled_books(soak, each), shown_off_wh(soak, browser, each))
            for each in soak.settlement.households
        ]


def report(soak: Soak, found: list[Balance]) -> tuple[Json, bool]:
    """Prints the books and what programs took; the figures, and whether all agree."""
    print("\n  house                              import Wh  export Wh      PV Wh   meter-hub-ledger    screen")
    for each in found:
        wh = [each.meter[name] / 1000 for name in ("import_mwh", "export_mwh", "pv_mwh")]
        print(
            f"  {each.name:32} {wh[0]:11.1f}{wh[1]:11.1f}{wh[2]:11.1f}  {each.difference_mwh:9} mWh off"
            f"  {each.shown_off_wh:5.1f} Wh off"
        )
    print("\n  program      longest life   peak MB   MB/h   files   threads")
    growths = soak.watcher.growths()
    for name, grown in growths.items():
        if grown is None:
            print(f"  {name:12} too short a life to tell")
            continue
        print(
            f"  {name:12} {grown.life_s:10.0f} s {grown.peak_rss_mb:9.1f} {grown.rss_mb_per_h:6.1f} {grown.files:+7}"
            f" {grown.threads:+9}"
        )
    worst_mwh = max(each.difference_mwh for each in found)
    is_shown = all(each.shown_off_wh <= SHOWN_WH for each in found)
    holds = worst_mwh == 0 and is_shown and not soak.crashes
    figures = {
        "soak_wh_difference": worst_mwh / 1000,
        "soak_screen_wh_difference": round(max(each.shown_off_wh for each in found), 1),
        "soak_house_hours": round(soak.plan.lived_ms / HOUR_MS * len(found), 1),
        "soak_faults": soak.faults,
        "soak_crashes": len(soak.crashes),
        "soak_visits": soak.visitor.visits,
        "soak_visits_failed": len(soak.visitor.failures),
        "soak_rss_growth_mb_per_h": {name: round(each.rss_mb_per_h, 1) for name, each in growths.items() if each},
    }
    for failure in soak.visitor.failures[:3]:
        print(f"  a visit failed: {failure}", file=sys.stderr)
    return figures, holds


def measured(plan: Plan) -> tuple[Json, bool]:
    """Lives the plan, and tells; the figures, and whether everything holds."""
    started_s = time.monotonic()
    print(f"  begun {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, seed {plan.seed}", flush=True)
    with soaked(plan) as soak:
        with step("comparing the books, and reading the screen"):
            found = balances(soak)
        figures, holds = report(soak, found)
        return {**figures, "soak_seconds": round(time.monotonic() - started_s)}, holds


def _soak() -> bool:
    """Whether everything holds."""
    with signals_unwind():
        figures, holds = measured(Plan.of_environment())
    print(json.dumps({"name": "soak", "figures": figures}), flush=True)
    return holds


def main() -> int:
    return carried_out("soak", _soak)


if __name__ == "__main__":
    raise SystemExit(main())
