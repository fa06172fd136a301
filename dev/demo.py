"""The product on one machine: emulators, one hub, three houses with the real firmware, the app, and the clock.

make demo                        three simulated households
make demo RECORDING=FILE[#HOME]  the first house does what was recorded: a typical day of the file, laid onto today
make demo KEEP=1                 keeps accounts, history, hub and meters for the next start
make demo FAULT=sag@now+2m+10s   with a fault, here in two minutes and for ten seconds; twin/README.md lists them
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dev.failures import FAILURES
from dev.neighbourhood import ZONE, Neighbourhood, Settlement, internet_of, last_quarter_s
from dev.ports import Ports
from dev.processes import Stopped, signals_unwind
from dev.running import StackError
from dev.stack import Stack, held, is_saved, keep_folder
from dev.told import step
from twin.faults import KINDS, Fault, parse_fault
from twin.profile import Source
from twin.server import Event
from twin.street import Street, demo_sources

HOUSES = ("Family with solar", "Couple with solar and heat pump", "Flat with an electric car")
HISTORY_DAYS = 30
WARM = ("ingest", "createhome", "enrolstart", "enrolpoll", "enrolapprove", "claimmeter")
WARM_FOR_VISITORS = ("lease", "ratealert")
DAY_S = 86_400
SETTLEMENT = "settlement.json"


@dataclass(frozen=True)
class Wishes:
    """What the visitor asked for, checked before anything is started."""

    sources: Sequence[Source]
    names: Sequence[str]
    faults: Sequence[str]

    def faults_at(self, now_ms: int) -> list[Fault]:
        """The faults, `now` being this moment. Raises BadFault."""
        return [parse_fault(text, now_ms, now_ms, ZoneInfo(ZONE), len(self.sources)) for text in self.faults]

    @classmethod
    def of_environment(cls) -> Wishes:
        """Raises BadRecording, BadFault or OSError, each with a sentence."""
        recording = os.environ.get("RECORDING") or None
        zone = ZoneInfo(ZONE)
        sources = demo_sources(len(HOUSES), zone, datetime.now(zone).date(), recording)
        names = (f"Recording {Path(recording).name}", *HOUSES[:2]) if recording else HOUSES
        wishes = cls(sources, names, os.environ.get("FAULT", "").split())
        wishes.faults_at(0)
        return wishes


def settle(neighbourhood: Neighbourhood, wishes: Wishes, start_s: int) -> Settlement:
    """Everything a first start does: account, homes, hub, meters, history, training."""
    stack = neighbourhood.stack
    with step("waking the functions"):
        stack.warm(WARM)
    with step("signing up, creating three homes, enrolling the hub"):
        settlement = neighbourhood.settle(wishes.names)
    with step("starting the hub; the meters knock and are claimed"):
        neighbourhood.start_hub()
        neighbourhood.claim_all(settlement)
    for household, source in zip(settlement.households, wishes.sources, strict=True):
        with step(f"sending {HISTORY_DAYS} days of history: {household.name}"):
            from_s = last_quarter_s(start_s - HISTORY_DAYS * DAY_S)
            neighbourhood.seed(household.meter, source, from_s, start_s)
    with step("training the models and forecasts, as every night"):
        neighbourhood.train(settlement)
    return settlement


def houses(neighbourhood: Neighbourhood, settlement: Settlement, wishes: Wishes, start_s: int) -> Street:
    """The street, ready to run from a moment on."""

    return neighbourhood.street(settlement, wishes.sources, start_s * 1000, tell)


def tell(event: Event) -> None:
    """Prints what a visitor should know has happened."""
    if event["event"] in ("crash", "hung", "power_cut", "power_back"):
        print(f"  {event['meter']}: {str(event['event']).replace('_', ' ')}", flush=True)
    elif event["event"] == "outage":
        print(f"  {KINDS[event['kind']].says if event['active'] else 'the ' + event['kind'] + ' is back'}", flush=True)


def catch_up(neighbourhood: Neighbourhood, street: Street) -> None:
    """Waits until the houses have reached the present."""
    while street.twin.timeline.catching_up:
        neighbourhood.stack.processes.check()
        street.twin.join(0.1)


@contextlib.contextmanager
def kept(names: Sequence[str]) -> Iterator[Path | None]:
    """Where KEEP=1 keeps everything, for this run alone; None without it.

    Raises StackError when other houses are kept there, or when another run keeps its own.
    """
    keep = keep_folder()
    if not keep:
        yield None
        return
    with held(keep):
        known = Settlement.read(keep / SETTLEMENT)
        if keep.exists() and not (known and is_saved(keep)):
            set_aside(keep)
        elif known and [household.name for household in known.households] != list(names):
            raise StackError(
                f"other houses are kept in {keep}: start as last time, without KEEP=1, or remove that folder"
            )
        yield keep


def set_aside(keep: Path) -> None:
    """Moves what a run left that ended before it could save the cloud's part: hub and meters alone cannot go on."""
    aside = keep.with_name(f"{keep.name}-{datetime.now():%Y%m%d-%H%M%S}")
    keep.rename(aside)
    print(f"  the last run with KEEP=1 ended before it was saved; what it left is now in {aside}", flush=True)


@dataclass(frozen=True)
class Running:
    """A demo that is up."""

    neighbourhood: Neighbourhood
    settlement: Settlement
    street: Street
    address: str  # of the app

    @property
    def stack(self) -> Stack:
        return self.neighbourhood.stack


@contextlib.contextmanager
def started(wishes: Wishes, ports: Ports, keep: Path | None) -> Iterator[Running]:
    """The demo, until the block is left. Raises what keeps it from running."""
    with contextlib.ExitStack() as running:
        ports.require_free()
        with step("starting the Firebase emulators"):
            stack = running.enter_context(Stack(ports, keep=keep))
        folder = keep or stack.folder
        known = Settlement.read(folder / SETTLEMENT)
        neighbourhood = Neighbourhood(stack, folder, running.enter_context(internet_of(stack)))
        # A house that is known was without power since the last run: it starts now. A new one joins its history.
        start_s = int(time.time()) if known else last_quarter_s(time.time())
        neighbourhood.set_clock(start_s * 1000)
        if known:
            with step("starting the hub"):
                neighbourhood.start_hub()
        settlement = known or settle(neighbourhood, wishes, start_s)
        settlement.write(folder / SETTLEMENT)
        street = houses(neighbourhood, settlement, wishes, start_s)
        with step("starting the houses"):
            running.enter_context(street.twin)
            catch_up(neighbourhood, street)
        with step("starting the app"):
            address = neighbourhood.start_app()
            stack.warm(WARM_FOR_VISITORS)
        for fault in wishes.faults_at(time.time_ns() // 1_000_000):
            street.inject(fault)
        yield Running(neighbourhood, settlement, street, address)


def stay(demo: Running) -> None:
    """Keeps the demo's clock going until the demo is stopped; raises when a part of it ends."""
    clock = threading.Thread(target=demo.stack.clock.run, name="clock", daemon=True)
    clock.start()
    while not demo.street.twin.join(1.0):
        demo.stack.processes.check()
        if not clock.is_alive():
            raise StackError("the clock that calls the scheduled functions has ended; the reason stands above")


def welcome(demo: Running) -> None:
    stack, settlement = demo.stack, demo.settlement
    print(
        f"""
  The app      {demo.address}
  Account      {settlement.email}
  Password     {settlement.password}

  E-mails that Firebase would send   http://{stack.auth}/emulator/v1/projects/demo-sunmeter/oobCodes
  Notifications that were sent       {stack.fcm.url}/sent
  Logs                               {stack.folder / "logs"}
  To see an alert in two minutes     make demo FAULT=sag@now+2m+10s
  To see one within the hour         make demo FAULT=heater@now+3h

  Ctrl-C stops everything.
""",
        flush=True,
    )


def main() -> int:
    started_s = time.monotonic()
    try:
        wishes = Wishes.of_environment()
        ports = Ports.default()
        ports.require_free()  # before anything that is kept is touched: a demo that runs may be keeping it
        with signals_unwind(), kept(wishes.names) as keep, started(wishes, ports, keep) as demo:
            welcome(demo)
            stay(demo)
    except FAILURES as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Stopped):
        print(f"\nstopped after {time.monotonic() - started_s:.0f} s; nothing is left running", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
