"""The hub's clock a day off: at its start and while it runs, forwards and back, with meters that follow it."""

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sunmeter_edge import quarters
from sunmeter_edge.clock import SystemClock, is_set
from sunmeter_edge.commit import Batch, write
from sunmeter_edge.contract import wire
from sunmeter_edge.contract.ledger import QUARTER_MS, QUARTER_S
from sunmeter_edge.store import connect, transaction
from sunmeter_edge.verify import Item, Request
from tests.edge.fakes import START_MS, reading

METER = "m-0000000001"
DAY_MS = 86_400_000
STEP_MS = 60_000
STEP_MWH = 50_000  # 3 kW: what a day's leap holds is more than the clamps could carry in a minute
NOT_CUT_MWH = 2 * QUARTER_MS // STEP_MS * STEP_MWH  # the quarter under way, and what has not settled
RUN = 26 * 60  # steps before anything happens: more than a day

Faults = dict[int, int]  # from which step on the system's clock is so far off [ms]
FAULTS: dict[str, Faults] = {
    "forwards and back": {RUN: DAY_MS, RUN + 90: 0},
    "back and forwards": {RUN: -DAY_MS, RUN + 90: 0},
    "an hour back and forwards": {RUN: -3_600_000, RUN + 90: 0},
}


class Street:
    """A meter, a hub's database and verbs, and a system's clock that somebody sets wrong."""

    def __init__(self, path: Path, believes: bool):
        self.at_ms, self.off_ms = START_MS, 0
        self._path = path
        self._believes = believes  # a broken build: takes any time that the system tells
        self.connection = connect(path)
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute("INSERT INTO meter (meter) VALUES (?)", (METER,))
        self._clock = self._make_clock(0)
        self._boot, self._zero_ms, self.seq = 1, START_MS, 0
        self._meter_off_ms = 0  # its clock is its hub's, as the last reply told it
        self.made = 0

    def _make_clock(self, told_ms: int) -> Callable[[], int]:
        def system() -> int:
            return self.at_ms + self.off_ms

        return system if self._believes else SystemClock(told_ms, system, lambda: self.at_ms, lambda: False)

    def power_cut(self, off_ms: int) -> None:
        """Hub and meter lose power for an hour; the hub's system begins where its clock was last saved."""
        (told_ms,) = self.connection.execute("SELECT max(last_ms) FROM meter").fetchone()
        self.at_ms += 3_600_000
        self.off_ms = off_ms
        self._clock = self._make_clock(told_ms)
        self._boot, self._zero_ms, self.seq = self._boot + 1, self.at_ms, 0
        self._meter_off_ms = self._clock() - self.at_ms

    def step(self) -> None:
        """A minute: one reading, committed and acknowledged, and what is due is cut."""
        self.at_ms += STEP_MS
        self.seq, self.made = self.seq + 1, self.made + 1
        now_ms = self._clock()
        fields = {"boot_id": self._boot, "seq": self.seq, "uptime_ms": self.at_ms - self._zero_ms}
        fields |= {"ts_ms": self.at_ms + self._meter_off_ms, "window_ms": STEP_MS, "import_mwh": self.made * STEP_MWH}
        record = reading(**fields)
        item = Item(wire.READING, wire.SCHEMA, wire.encode(wire.READING, record), record)
        poll = {"boot_id": self._boot, "request_no": self.seq, "uptime_ms": fields["uptime_ms"]}
        poll |= {"firmware": 1, "model_version": 0}
        with transaction(self.connection):
            write(self.connection, [Batch(Request(METER, poll, (item,), ()), now_ms)])
        self._meter_off_ms = now_ms - self.at_ms
        with transaction(self.connection):
            while quarters.cut_due(self.connection, now_ms):
                pass

    def missing_mwh(self) -> int:
        """What the meter counted and no quarter holds, beyond what lies in the quarter under way."""
        kept = self.connection.execute("SELECT start_s, regs0, regs1 FROM quarter ORDER BY start_s").fetchall()
        for (start_s, _, regs1), (next_s, regs0, _) in itertools.pairwise(kept):
            assert start_s + QUARTER_S == next_s
            assert regs1 == regs0
        told = json.loads(kept[-1][2])[0] - json.loads(kept[0][1])[0]
        return int((self.made - 1) * STEP_MWH - told)


@contextlib.contextmanager
def street(path: Path, believes: bool) -> Iterator[Street]:
    found = Street(path, believes)
    try:
        yield found
    finally:
        found.connection.close()


def check(found: Street) -> None:
    """Every reading is there, placed in the order in which they were made, and so is their energy."""
    placed = found.connection.execute("SELECT at_ms FROM frame ORDER BY boot_id, seq").fetchall()
    assert len(placed) == found.made
    assert placed == sorted(placed), "a reading stands among older ones"
    assert 0 <= found.missing_mwh() <= NOT_CUT_MWH


def jump(found: Street, faults: Faults) -> None:
    for step in range(max(faults) + 120):
        found.off_ms = faults.get(step, found.off_ms)
        found.step()


@pytest.mark.parametrize("name", FAULTS)
def test_however_the_clock_jumps_while_it_runs_no_energy_is_lost_or_doubled(tmp_path: Path, name: str) -> None:
    with street(tmp_path / "hub.db", believes=False) as found:
        jump(found, FAULTS[name])
        check(found)


@pytest.mark.parametrize("name", FAULTS)
def test_a_build_that_believes_any_clock_is_caught_when_it_jumps(tmp_path: Path, name: str) -> None:
    with street(tmp_path / "hub.db", believes=True) as found:
        jump(found, FAULTS[name])
        with pytest.raises(AssertionError):
            check(found)


def start_behind(found: Street, behind_ms: int) -> None:
    """Hub and meter are without power for an hour; without internet the hub's clock begins where it was saved."""
    for _ in range(RUN):
        found.step()
    found.power_cut(-behind_ms)
    for _ in range(30):
        found.step()
    found.off_ms = 0  # NTP
    for _ in range(120):
        found.step()


@pytest.mark.parametrize("behind_ms", [DAY_MS, 5 * 3_600_000])
def test_a_clock_behind_at_the_start_loses_no_energy(tmp_path: Path, behind_ms: int) -> None:
    with street(tmp_path / "hub.db", believes=False) as found:
        start_behind(found, behind_ms)
        check(found)


@pytest.mark.parametrize("behind_ms", [DAY_MS, 5 * 3_600_000])
def test_a_build_that_believes_any_clock_is_caught_at_the_start(tmp_path: Path, behind_ms: int) -> None:
    with street(tmp_path / "hub.db", believes=True) as found:
        start_behind(found, behind_ms)
        with pytest.raises(AssertionError):
            check(found)


def test_before_it_is_set_time_goes_on_from_what_was_told_and_then_it_is_the_systems() -> None:
    now = {"system": 1_000, "elapsed": 0}
    is_told: list[bool] = []
    clock = SystemClock(5_000, lambda: now["system"], lambda: now["elapsed"], lambda: bool(is_told))
    assert clock() == 5_000
    now |= {"system": 1_700, "elapsed": 700}
    assert clock() == 5_700
    now |= {"system": 9_000, "elapsed": 800}  # set forwards, by whomever
    assert clock() == 9_000
    now |= {"system": 100, "elapsed": 900}
    assert clock() == 9_100
    is_told.append(True)
    assert clock() == 100


def test_the_kernel_can_be_asked_whether_its_clock_is_set() -> None:
    assert is_set() in (True, False)
