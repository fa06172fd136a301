"""Reordered, delayed, doubled: a meter, a network, a hub and a cloud that do whatever hypothesis can think of.

The database and the hub's verbs are the real ones. However it went, in the end the cloud's intervals join, and together
they are the last register minus the first; and the hub holds what it would hold had everything come once, in order.
"""

import contextlib
import itertools
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sunmeter_edge import forget, send
from sunmeter_edge.contract import ledger, wire
from sunmeter_edge.contract.ledger import QUARTER_S, Registers
from sunmeter_edge.store import connect, transaction
from sunmeter_edge.verify import Item
from tests.edge.fakes import START_MS, reading, snapshot
from tests.edge.faults.builds import OUT_OF_ORDER, built
from tests.edge.faults.meters import energy_of
from tests.edge.test_assemble import METER, Bench, registers_at, samples_of, without_arrival

CHANCES = st.randoms(use_true_random=False)
WATTS = st.lists(st.integers(0, 9_000), min_size=4, max_size=4)
STEPS_MS = st.sampled_from([1_000, 10_000, 10_000, 70_000, 400_000, 2_000_000])
WAITING_QUARTERS = "SELECT count(*) FROM quarter WHERE state = 1"
RESUMED = wire.FLAG_REGISTERS_RESUMED | wire.FLAG_CLOCK_SET


class AnyOrder(RuleBasedStateMachine):
    """One meter's history, what has arrived of it, and what the cloud made of what the hub sent."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="sunmeter-order-")
        self._bench = Bench(Path(self._folder.name) / "hub.db")
        self._made: list[Item] = []
        self._on_its_way: list[Item] = []
        self._parcels: list[list[dict[str, Any]]] = []
        self._cloud: dict[int, ledger.Interval] = {}
        self._at_ms, self._boot, self._seq = START_MS, 1, 0
        self._truth = self._origin = ledger.ZERO
        self._apart = False

    @initialize(watts=WATTS)
    def begin(self, watts: list[int]) -> None:
        self.measure(10_000, watts, True)

    @rule(step_ms=STEPS_MS, watts=WATTS, is_reading=st.booleans())
    def measure(self, step_ms: int, watts: list[int], is_reading: bool) -> None:
        """A reading or a snapshot, some time after the last."""
        self._at_ms, self._seq = self._at_ms + step_ms, self._seq + 1
        self._truth = self._truth.plus(Registers(*(watt * step_ms // 3_600 for watt in watts)))
        told = self._truth.since(self._origin) if self._apart else self._truth
        fields = {"boot_id": self._boot, "seq": self._seq, "ts_ms": self._at_ms, **told._asdict()}
        fields["flags"] = wire.FLAG_CLOCK_SET if self._apart else RESUMED
        kind = wire.READING if is_reading else wire.SNAPSHOT
        record = reading(**fields, window_ms=min(step_ms, 10_000)) if is_reading else snapshot(**fields)
        item = Item(kind, wire.SCHEMA, wire.encode(kind, record), record)
        self._made.append(item)
        self._on_its_way.append(item)

    @rule(off_ms=st.sampled_from([5_000, 60_000, 3_000_000]), counts_apart=st.booleans())
    def power_cut(self, off_ms: int, counts_apart: bool) -> None:
        """The meter starts anew; until it has heard the hub it may count apart."""
        self._at_ms += off_ms
        self._boot, self._seq, self._origin, self._apart = self._boot + 1, 0, self._truth, counts_apart

    @precondition(lambda self: self._apart)
    @rule()
    def resume(self) -> None:
        self._apart = False

    @precondition(lambda self: self._on_its_way)
    @rule(chance=CHANCES)
    def arrive(self, chance: random.Random) -> None:
        """Some of what is under way, in any order."""
        arriving = chance.sample(self._on_its_way, chance.randint(1, len(self._on_its_way)))
        self._on_its_way = [item for item in self._on_its_way if item not in arriving]
        self._bench.receive(arriving)

    @rule(chance=CHANCES)
    def arrive_again(self, chance: random.Random) -> None:
        """Some of what was ever made: sent once more, whether it arrived or not."""
        self._bench.receive(chance.choices(self._made, k=chance.randint(1, 6)))

    @rule()
    def settle(self) -> None:
        """What is due is cut; then all that is kept joins."""
        self._bench.settle()
        kept = self._bench.kept()
        for (start_s, _, regs1, _), (next_s, regs0, _, _) in itertools.pairwise(kept):
            assert start_s + QUARTER_S != next_s or regs1 == regs0

    @rule(many=st.integers(1, 5), is_reply_lost=st.booleans())
    def carry(self, many: int, is_reply_lost: bool) -> None:
        """A parcel reaches the cloud; the hub may not hear so."""
        with transaction(self._bench.connection) as connection:
            parcel = send.take(connection, send.INTERVALS, many, self._bench.now_ms)
        self._parcels.append(parcel.items)
        self._take_in(parcel.items)
        if not is_reply_lost:
            with transaction(self._bench.connection) as connection:
                results = [{"ok": True}] * len(parcel.items)
                send.settle(connection, send.INTERVALS, parcel, results, self._bench.now_ms)

    @precondition(lambda self: self._parcels)
    @rule(chance=CHANCES)
    def reach_the_cloud_late(self, chance: random.Random) -> None:
        """A request that was thought lost arrives after those that came later."""
        self._take_in(chance.choice(self._parcels))

    @rule()
    def never_reach_the_cloud(self) -> None:
        """Taken, and lost on its way."""
        with transaction(self._bench.connection) as connection:
            send.take(connection, send.INTERVALS, 5, self._bench.now_ms)

    @rule()
    def start_again(self) -> None:
        self._bench.connection.close()
        self._bench.connection = connect(Path(self._folder.name) / "hub.db")
        self._bench.connection.execute("PRAGMA synchronous = OFF")

    @rule()
    def forget(self) -> None:
        with transaction(self._bench.connection) as connection:
            forget.forget(connection, METER, self._bench.now_ms)
            forget.forget_settled(connection, self._bench.now_ms)

    @invariant()
    def no_energy_is_negative(self) -> None:
        assert not any(interval.energy.falls_below(ledger.ZERO) for interval in self._cloud.values())

    def teardown(self) -> None:
        try:
            self._bring_to_an_end()
            self._check()
        finally:
            self._bench.connection.close()
            self._folder.cleanup()

    def _take_in(self, items: list[dict[str, Any]]) -> None:
        """As the cloud does: of two intervals of one quarter the one with the greater rank holds."""
        for interval in map(ledger.parse_interval, items):
            if interval.start_s not in self._cloud or interval.rank > self._cloud[interval.start_s].rank:
                self._cloud[interval.start_s] = interval

    def _bring_to_an_end(self) -> None:
        """All of it arrives, and the lines are good."""
        if self._on_its_way:
            self._bench.receive(self._on_its_way)
        self._bench.settle()
        while self._bench.connection.execute(WAITING_QUARTERS).fetchone() != (0,):
            self.carry(100, False)

    def _check(self) -> None:
        in_order = Bench(Path(self._folder.name) / "in_order.db")
        with contextlib.closing(in_order.connection):
            in_order.receive(self._made)
            in_order.settle()
            assert without_arrival(self._bench.kept()) == without_arrival(in_order.kept())
        samples = samples_of(self._made)
        first_s, end_s = (ledger.quarter_of(sample.at_ms) for sample in (samples[0], samples[-1]))
        assert sorted(self._cloud) == list(range(first_s, end_s, QUARTER_S))
        if self._cloud:
            total = registers_at(end_s * 1000, samples).since(samples[0].registers)
            assert energy_of(self._cloud.values()) == total
            rows = self._bench.kept()
            assert [json.loads(body)["regs1"] for *_, body in rows] == [
                list(self._cloud[start_s].regs1) for start_s, *_ in rows
            ]


SETTINGS = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
AnyOrder.TestCase.settings = SETTINGS
TestAnyOrder = AnyOrder.TestCase


@pytest.mark.parametrize("build", OUT_OF_ORDER)
def test_disorder_catches_a_hub_by_which(build: str) -> None:
    finding = settings(SETTINGS, max_examples=2000, phases=[Phase.generate], derandomize=True, database=None)
    with built(build), pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(AnyOrder, settings=finding)
