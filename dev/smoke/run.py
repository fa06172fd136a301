"""A play on its way: a stack, a home and a street of its own, up to the present."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from contract import documents, ledger
from dev import books
from dev.actors import Json, Person
from dev.neighbourhood import Household, Neighbourhood, Settlement, internet_of
from dev.ports import Ports
from dev.stack import Stack
from dev.told import step
from twin.house import House
from twin.server import Event
from twin.street import Street

from .play import HISTORY_DAYS, Play


@dataclass
class Run:
    """A play on its way through the real programs."""

    play: Play
    neighbourhood: Neighbourhood
    settlement: Settlement
    street: Street
    address: str

    @property
    def household(self) -> Household:
        return self.settlement.households[0]

    @property
    def house(self) -> House:
        return self.street.meters[0].house

    @property
    def owner(self) -> Person:
        return self.neighbourhood.owner(self.settlement)

    def meter_mwh(self) -> books.Counted | None:
        """What the meter's registers counted in the day; None: not yet heard."""
        folder, play = self.neighbourhood.hub_folder, self.play
        return books.meter_mwh(folder, self.household.meter, play.from_s, play.to_s)

    def hub_mwh(self) -> books.Counted:
        folder, play = self.neighbourhood.hub_folder, self.play
        return books.hub_mwh(folder, self.household.meter, play.from_s, play.to_s)

    def cloud_mwh(self, day: Json) -> books.Counted:
        local = ledger.day_of(self.play.day, ZoneInfo(self.play.zone))
        return books.cloud_mwh([(local, day)], self.play.from_s, self.play.to_s)


@contextlib.contextmanager
def played(play: Play) -> Iterator[Run]:
    """Plays up to the present; what was started goes on until the caller is through."""
    with contextlib.ExitStack() as running:
        with step("starting the Firebase emulators"):
            stack = running.enter_context(Stack(Ports.free()))
        internet = running.enter_context(internet_of(stack))
        neighbourhood = Neighbourhood(stack, stack.folder / "smoke", internet)
        neighbourhood.set_clock(play.start_s * 1000)
        with step("signing up, creating a home, enrolling the hub"):
            settlement = neighbourhood.settle(["Smoke"], play.zone)
        with step("starting the hub; the meter knocks and is claimed"):
            neighbourhood.start_hub()
            neighbourhood.claim_all(settlement)
        (household,) = settlement.households
        with step(f"sending {HISTORY_DAYS} days of history"):
            neighbourhood.seed(household.meter, play.source, play.start_s - HISTORY_DAYS * 86_400, play.start_s)
        with step("training on them"):
            neighbourhood.train(settlement, datetime.fromtimestamp(play.from_s + 60, UTC))
        street = neighbourhood.street(settlement, [play.source], play.start_s * 1000, tell_trouble)
        for fault in play.faults:
            street.inject(fault)
        with step("starting the app"):
            address = neighbourhood.start_app()
        run = Run(play, neighbourhood, settlement, street, address)
        with step("playing the day, and today up to now"):
            running.enter_context(street.twin)
            while street.twin.timeline.catching_up:
                stack.processes.check()
                street.twin.join(0.1)
        with step("waiting until the cloud has all of the day"):
            neighbourhood.wait_for(lambda: cloud_has_all(run), "the whole day in the cloud", 120)
        yield run


def tell_trouble(event: Event) -> None:
    if event["event"] in ("crash", "hung"):
        print(f"\n  the meter: {event}", file=sys.stderr, flush=True)


def cloud_day(run: Run) -> Json:
    """The day's document, read as the householder."""
    path = documents.day(run.household.home, run.play.day.isoformat())
    return run.owner.get(path) or {}


def cloud_has_all(run: Run) -> bool:
    counted, day = run.meter_mwh(), cloud_day(run)
    return counted is not None and bool(day) and run.cloud_mwh(day) == counted
