"""People, homes, a hub and meters on a running stack: the shared ground of demo, smoke run and path benchmark.

Everything goes the way a householder and an installer would go: accounts verify their address, the hub is enrolled with
the code it shows, meters knock at the hub and are claimed with their label, history goes through `ingest`.
"""

from __future__ import annotations

import importlib.util
import json
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import requests

from contract import documents, wire
from contract.ledger import QUARTER_S
from dev.actors import CallRefused, Hub, Json, Person, Place
from dev.paths import ROOT, VENV_PYTHON, python_path
from dev.ports import HOST, answers
from dev.processes import Program, wait_until
from dev.stack import PROJECT, Stack
from dev.weak_internet import WeakInternet
from twin.profile import Source
from twin.provision import Identity
from twin.seed import history
from twin.server import Event
from twin.street import HousePlan, Street, StreetPlan, board_of, has_pv, open_street

ZONE = "Europe/Paris"
HISTORY_BATCH = 480  # intervals a request: five days of one meter
PUSH_KEY = (
    "BMQ6ONCKjFEwkqiu60Vx99Rh7pAwpLyOtk4e79DxmsFa4XWIvt2YdqmU_YOQeYJfbSSgwkfkkce66JsCJBzsp9Y"  # nobody has its half
)
SIGHTED_TIMEOUT_S = 60.0
TRAINED_TIMEOUT_S = 120.0
Registers = tuple[int, int, int, int]


class NotReached(Exception):
    """Something that had to come about did not; the message says what, and where to look."""


@dataclass(frozen=True)
class Household:
    """A home that has been settled: its place in the cloud and its meter."""

    name: str
    home: str
    meter: str
    label: str


@dataclass(frozen=True)
class Settlement:
    """What was settled once and is found again by a later start with KEEP=1."""

    email: str
    password: str
    zone: str
    households: tuple[Household, ...]

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=2))

    @classmethod
    def read(cls, path: Path) -> Settlement | None:
        """What `write` wrote; None when there is nothing, or only a part of it."""
        if not path.is_file():
            return None
        try:
            told = json.loads(path.read_text())
            return cls(**{**told, "households": tuple(Household(**each) for each in told["households"])})
        except (ValueError, TypeError, KeyError):
            return None


class Neighbourhood:
    """One account, its homes, one hub and a meter a home, on a running stack.

    `folder` holds what the hub and the meters keep: database, credential, flash.
    """

    def __init__(self, stack: Stack, folder: Path, internet: WeakInternet) -> None:
        """internet: what lies between the hub and the stack, as `internet_of` makes it."""
        self.stack = stack
        self.place = Place.of(stack, PROJECT)
        self.folder = folder
        self.clock_file = folder / "clock"
        self._internet = internet
        self._hub: Program | None = None

    @property
    def master_key(self) -> bytes:
        return bytes.fromhex(self.stack.functions_environment["METER_MASTER_KEY"])

    # ------------------------------------------------------------ settling

    def settle(self, names: Sequence[str], zone: str = ZONE) -> Settlement:
        """A new account with a home of each name, and its hub. Meters are claimed later: they must be heard first."""
        password = secrets.token_urlsafe(9)
        owner = Person.joined(self.place, "visitor@sunmeter.example", password)
        households = []
        for name in names:
            meter = f"m-{secrets.token_hex(5)}"
            label = f"{meter}-{wire.claim_code(self.meter_key(meter))}"
            households.append(Household(name, owner.new_home(name, zone), meter, label))
        self._enrol_hub(owner, households[0].home)
        return Settlement(owner.email, password, zone, tuple(households))

    def owner(self, settlement: Settlement) -> Person:
        """The account of a settlement, signed in."""
        person = Person(self.place, settlement.email, settlement.password)
        person.sign_in()
        return person

    def _enrol_hub(self, owner: Person, home: str) -> None:
        """Runs the hub's own enrolment, and types the code it shows."""
        program = self.stack.processes.start(
            "hub-enroll",
            [VENV_PYTHON, "-m", "sunmeter_edge", "enroll", "--name", "Hub"],
            environment=self._hub_environment(),
        )
        wait_until(lambda: _shown_code(program) is not None, "the hub shows its code", program=program)
        owner.call("enrolapprove", home=home, user_code=_shown_code(program))
        wait_until(program.ended, "the hub is enrolled", timeout_s=60)
        if program.process.returncode:
            raise program.failure("did not enrol")
        self.stack.processes.stop_program(program)

    def claim_all(self, settlement: Settlement) -> None:
        """Lets every meter knock at the running hub and claims it with its label."""
        owner = self.owner(settlement)
        for household in settlement.households:
            self._knock(household.meter)
        for household in settlement.households:
            self._claim(owner, household)

    def _knock(self, meter: str) -> None:
        """What a meter without an assignment does: a request the hub has no key for."""
        url = f"http://{HOST}:{self.stack.ports.hub}/v1/meters/{meter}/frames"
        poll = {**dict.fromkeys((field[0] for field in wire.POLL_FIELDS), 0), "request_no": 1}
        signer = wire.Signer(wire.link_key(self.meter_key(meter), "", 1))
        requests.post(url, data=wire.seal(signer, meter, wire.POLL, wire.encode(wire.POLL, poll)), timeout=10)

    def _claim(self, owner: Person, household: Household) -> None:
        """Claims a meter as soon as the cloud was told of it."""
        deadline_s = time.monotonic() + SIGHTED_TIMEOUT_S
        while True:
            try:
                owner.call("claimmeter", home=household.home, label=household.label)
                return
            except CallRefused as refused:
                if refused.code != "not_sighted" or time.monotonic() > deadline_s:
                    raise
                time.sleep(0.5)

    def meter_key(self, meter: str) -> bytes:
        return wire.meter_key(self.master_key, meter, 1)

    # ------------------------------------------------------------ history and training

    def seed(self, meter: str, source: Source, from_s: int, to_s: int) -> None:
        """Sends the intervals of [from_s, to_s) through `ingest`; their last registers stay on the meter's flash."""
        hub = self.hub_account()
        registers: Registers = (0, 0, 0, 0)
        for batch in _batches(history(meter, source, from_s, to_s), HISTORY_BATCH):
            refused = [answer for answer in hub.ingest(batch) if not answer["ok"]]
            if refused:
                raise NotReached(f"`ingest` refused {len(refused)} of {len(batch)} intervals of history: {refused[0]}")
            registers = tuple(batch[-1]["regs1"])
        self._leave_registers(meter, registers)

    def hub_account(self) -> Hub:
        """The hub's own account, signed in with the credential it was given."""
        told = json.loads((self.hub_folder / "credential.json").read_text())
        hub = Hub(self.place, told["email"], told["password"])
        hub.sign_in()
        return hub

    def _leave_registers(self, meter: str, registers: Registers) -> None:
        """The flash copy of the registers, as the firmware itself would have left it."""
        copy = _firmware_module("registers").Registers()
        copy.totals, copy.resumed = list(registers), True
        directory = self.meters_folder / meter
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "registers.blob").write_bytes(copy.dump())

    def train(self, settlement: Settlement, at: datetime | None = None) -> None:
        """Calls the night's work, of the night `at`, and waits until every home has a model and a forecast."""
        self.stack.clock.fire("nightly", at)
        owner = self.owner(settlement)
        for household in settlement.households:
            for name in ("model", "forecast"):
                path = documents.insight(household.home, name)
                self.wait_for(lambda path=path: owner.get(path) is not None, path, TRAINED_TIMEOUT_S)  # type: ignore[misc]

    def wait_for(self, condition: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Polls until something came about; raises NotReached after the time, or when a program ended meanwhile."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            self.stack.processes.check()
            if time.monotonic() > deadline_s:
                raise NotReached(
                    f"{what} did not come about in {timeout_s:.0f} s; logs in {self.stack.folder / 'logs'}"
                )
            time.sleep(0.1)

    # ------------------------------------------------------------ hub

    @property
    def hub_folder(self) -> Path:
        return self.folder / "hub"

    @property
    def meters_folder(self) -> Path:
        return self.folder / "meters"

    def set_clock(self, at_ms: int) -> None:
        """What time it is for the hub until the houses run, which move the clock on from there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.clock_file.write_bytes(at_ms.to_bytes(8, "little"))

    def start_hub(self) -> None:
        """Starts the hub, its time read from the clock that the houses share."""
        self._hub = self.stack.processes.start(
            "hub",
            [VENV_PYTHON, "-m", "sunmeter_edge", "run", "--clock", self.clock_file],
            environment=self._hub_environment(),
        )
        port = self.stack.ports.hub
        wait_until(lambda: answers(port), f"the hub answers on port {port}", program=self._hub)

    def kill_hub(self) -> None:
        """Ends the hub as a failure of its power would: without a word."""
        assert self._hub is not None
        self.stack.processes.kill_program(self._hub)

    def suffer(self, kind: str, is_out: bool) -> None:
        """Brings an outage of hub or internet about, or ends it."""
        if kind == "hub":
            self.kill_hub() if is_out else self.start_hub()
        else:
            self._internet.shut() if is_out else self._internet.open()

    def _hub_environment(self) -> dict[str, str]:
        ports = self.stack.ports
        return {
            "PYTHONPATH": python_path(),
            "SUNMETER_DATA_DIR": str(self.hub_folder),
            "SUNMETER_LISTEN": f"{HOST}:{self.stack.ports.hub}",
            "SUNMETER_PROJECT": PROJECT,
            "SUNMETER_API_KEY": "local",
            "SUNMETER_FUNCTIONS_URL": self.stack.functions_through(self._internet.port(ports.functions)),
            "SUNMETER_AUTH_EMULATOR": f"{HOST}:{self._internet.port(ports.auth)}",
            "SUNMETER_FIRESTORE_EMULATOR": f"{HOST}:{self._internet.port(ports.firestore)}",
        }

    # ------------------------------------------------------------ houses

    def street(
        self,
        settlement: Settlement,
        sources: Sequence[Source],
        start_ms: int,
        on_event: Callable[[Event], None],
        seed: int = 1,
    ) -> Street:
        """The houses of a settlement with their real firmware, ready to start: `with street.twin: …`."""
        houses = [
            HousePlan(
                identity=Identity(
                    meter=household.meter,
                    k_meter=self.meter_key(household.meter),
                    hub_host=HOST,
                    hub_port=self.stack.ports.hub,
                    pv_fitted=has_pv(source, start_ms),
                ),
                source=source,
                board=board_of("smooth", seed + number),
            )
            for number, (household, source) in enumerate(zip(settlement.households, sources, strict=True))
        ]
        plan = StreetPlan(
            houses=houses,
            start_ms=start_ms,
            state=self.meters_folder,
            clock_file=self.clock_file,
            seed=seed,
        )

        def outage(kind: str, is_out: bool, at_ms: int) -> None:  # the houses wait until it returns
            self.suffer(kind, is_out)
            on_event({"event": "outage", "kind": kind, "active": is_out, "at_ms": at_ms})

        self.stack.processes.mark_children()
        return open_street(plan, on_event, outage)

    # ------------------------------------------------------------ app

    def start_app(self) -> str:
        """Starts the app in web-server mode; its address."""
        port = self.stack.ports.app
        program = self.stack.processes.start(
            "app",
            [VENV_PYTHON, "-m", "sunmeter_app", "--port", str(port)],
            environment=app_environment(self.stack),
        )
        wait_until(lambda: answers(port), f"the app answers on port {port}", program=program)
        return f"http://{HOST}:{port}"


def internet_of(stack: Stack) -> WeakInternet:
    """The line on which a hub reaches all of a stack that it needs; to be entered and left by the caller."""
    return WeakInternet(stack.ports.functions, stack.ports.auth, stack.ports.firestore)


def app_environment(stack: Stack) -> dict[str, str]:
    """What the app needs to know of the stack; it holds no admin credential."""
    return {
        "PYTHONPATH": python_path(),
        "FIREBASE_PROJECT": PROJECT,
        "FIREBASE_API_KEY": "local",
        "FUNCTIONS_URL": stack.functions,
        "FIREBASE_AUTH_EMULATOR_HOST": stack.auth,
        "FIRESTORE_EMULATOR_HOST": stack.firestore,
        "FIREBASE_APP_ID": "1:0:web:0",
        "FIREBASE_VAPID_KEY": PUSH_KEY,
        "FCM_STANDIN_URL": f"http://{HOST}:{stack.ports.fcm}",
    }


def last_quarter_s(now_s: float) -> int:
    """Start of the quarter of an hour that is running."""
    return int(now_s) // QUARTER_S * QUARTER_S


def midnight_s(day: datetime, zone: str, days: int = 0) -> int:
    """Local midnight, so many days later."""
    local = day.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    return int(datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(zone)).timestamp())


def _shown_code(program: Program) -> str | None:
    """The code in the banner of `enroll`: eight characters set wide, with a dash in their middle."""
    found = re.search(r"║ *((?:[0-9A-Z] +){4}- +(?:[0-9A-Z] +){4})║", program.log.read_text(errors="replace"))
    return re.sub(r"[ -]", "", found[1]) if found else None


def _batches(intervals: Iterator[Json], size: int) -> Iterator[list[Json]]:
    while batch := list(islice(intervals, size)):
        yield batch


def _firmware_module(name: str) -> ModuleType:
    """A module of the firmware that needs no hardware, loaded as it is."""
    spec = importlib.util.spec_from_file_location(f"firmware_{name}", ROOT / "firmware" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
