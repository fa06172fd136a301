"""A home with its people, hub and meter on the running stack, and what its meter counts."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from contract import ledger
from contract.ledger import EXTREMES, MINUTES, QUARTER_S, Interval, LocalDay, Registers
from dev.actors import CallRefused, Hub, Json, Person, Place, new_meter_id
from dev.stack import PROJECT, REGION, Stack
from tests.unit.functions.makers import EVENT

ZONE = "Europe/Paris"
EACH = Registers(100_000, 0, 20_000, 0)  # what a quarter counts unless a test says otherwise
MINUTE = {"grid_w": 400, "pv_w": 80, "v_dv": 2300, "q_var": 30}
T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """One home, as most tests need it."""

    stack: Stack
    place: Place
    owner: Person
    home: str
    hub: Hub
    meter: str
    db: firestore.Client  # past the rules: for looking at what no client may see

    @staticmethod
    def made(stack: Stack, area: str | None = None, place: Place | None = None) -> World:
        """place: where its functions answer, if not on the emulators."""
        place = place or Place.of(stack)
        owner = Person.somebody(place)
        home = owner.new_home(zone=ZONE, **({"area": area} if area else {}))
        hub = Hub.enrolled(place, owner, home)
        meter = new_meter_id()
        hub.claim(owner, home, meter, master_key(stack))
        return World(stack, place, owner, home, hub, meter, database(stack))

    def stored(self, path: str) -> Json:
        """A document that must exist, past the rules."""
        found = self.db.document(path).get().to_dict()
        assert found is not None, path
        return found

    def day(self, day: LocalDay) -> Json:
        """A day as its owner reads it."""
        return self.owner.expect(f"homes/{self.home}/days/{day.day}")

    def quarters(self, day: LocalDay, number: int | None = None, **changes: Any) -> list[Interval]:
        """The first quarters of a day, 0.1 kWh each, with joined registers."""
        return list(quarters(self.meter, day, day.quarters if number is None else number, **changes))


def master_key(stack: Stack) -> bytes:
    return bytes.fromhex(stack.functions_environment["METER_MASTER_KEY"])


def database(stack: Stack) -> firestore.Client:
    """Firestore as the functions see it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", stack.firestore)  # the client takes it from nowhere else
        return firestore.Client(project=PROJECT, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]


def give_areas(stack: Stack, person: Person, areas: list[str]) -> None:
    """Makes somebody an operator, as only the project itself can."""
    answer = requests.post(
        f"http://{stack.auth}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}/accounts:update",
        json={"localId": person.uid, "customAttributes": json.dumps({"areas": areas})},
        headers={"Authorization": "Bearer owner"},
        timeout=10,
    )
    answer.raise_for_status()
    person.sign_in()


def refused(expected: str) -> pytest.RaisesExc[CallRefused]:
    """The call must be refused with this code, and with a sentence that says what to do."""
    return pytest.RaisesExc(
        CallRefused,
        check=lambda error: error.code == expected and len(error.sentence) > 8 and error.sentence[-1] == ".",
    )


def joins(owner: Person, home: str, newcomer: Person, role: str = "member") -> Person:
    """Lets somebody into a home by a link."""
    code = owner.call("invite", home=home, role=role)["code"]
    newcomer.call("acceptinvitation", home=home, code=code)
    return newcomer


def everything(db: firestore.Client) -> dict[str, Json]:
    """Every document of the database, whatever it lies under."""
    found: dict[str, Json] = {}

    def walk(collections: Iterable[Any]) -> None:
        for collection in collections:
            for reference in collection.list_documents():
                fields = reference.get().to_dict()
                if fields is not None:
                    found[reference.path] = fields
                walk(reference.collections())

    walk(db.collections())
    return found


def yesterday() -> LocalDay:
    return days_ago(1)


def days_ago(days: int) -> LocalDay:
    zone = ZoneInfo(ZONE)
    return ledger.day_of(dt.datetime.now(zone).date() - dt.timedelta(days=days), zone)


def quarters(
    meter: str,
    day: LocalDay,
    number: int,
    regs0: Registers = ledger.ZERO,
    each: Registers = EACH,
    **changes: Any,
) -> Iterator[Interval]:
    for index in range(number):
        regs1 = regs0.plus(each)
        yield quarter(meter, day.start_s + index * QUARTER_S, regs0, regs1, **changes)
        regs0 = regs1


def quarter(
    meter: str, start_s: int, regs0: Registers, regs1: Registers, coverage_permille: int = 1000, **changes: Any
) -> Interval:
    return Interval(
        meter=meter,
        start_s=start_s,
        rev=changes.get("rev", (start_s + QUARTER_S) * 1000),
        regs0=regs0,
        regs1=regs1,
        coverage_permille=coverage_permille,
        minutes={name: (number,) * MINUTES for name, number in MINUTE.items()},
        extremes={name: 100 for name in EXTREMES},  # noqa: C420  (its values may be None)
        evidence={"edges": "measured"},
    )


def sent(intervals: Iterable[Interval]) -> list[Json]:
    return [interval.to_json() for interval in intervals]


def event(meter: str, phase: str = "start", **changes: Any) -> Json:
    """Something that the meter notices now, or whose end it notices a minute later."""
    now_ms = time.time_ns() // 1_000_000
    ended = {"phase": phase, "seq": 55, "duration_ms": 60_000} if phase != "start" else {}
    return {**EVENT, "meter": meter, "ts_ms": now_ms, **ended, **changes}


@contextmanager
def one_more_run(stack: Stack, function: str) -> Iterator[None]:
    """Waits, at its end, until the function has run once more than before it.

    The Tasks emulator's own statistics do not tell: its `runningTasks` is the number that may run.
    """
    before = _runs(stack, function)
    yield
    eventually(lambda: _runs(stack, function) > before, within_s=120.0)


def _runs(stack: Stack, function: str) -> int:
    return (stack.folder / "logs" / "emulators.log").read_text().count(f'Finished "{REGION}-{function}"')


def eventually(look: Callable[[], T | None], within_s: float = 60.0) -> T:
    """What `look` finds once it is something; fails when that takes too long."""
    deadline_s = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline_s, f"nothing within {within_s} s"
        time.sleep(0.05)
    return found
