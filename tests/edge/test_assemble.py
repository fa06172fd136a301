"""How a quarter is cut, and the one rule above all: the sum of all intervals is last register minus first."""

import functools
import itertools
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sunmeter_edge import chain, quarters
from sunmeter_edge.assemble import Cut, Frame, cut
from sunmeter_edge.chain import Sample
from sunmeter_edge.commit import Batch, write
from sunmeter_edge.contract import ledger, wire
from sunmeter_edge.contract.ledger import QUARTER_MS, QUARTER_S, Registers
from sunmeter_edge.store import connect, transaction
from sunmeter_edge.verify import Item, Request
from tests.edge.fakes import reading, snapshot

METER = "m-0000000001"
START_S = 1_790_000_100 // QUARTER_S * QUARTER_S
START_MS = START_S * 1000
RESUMED = wire.FLAG_REGISTERS_RESUMED


def frame(at_s: float, import_mwh: int, **fields: int) -> Frame:
    """A reading whose window ended so many seconds into the quarter."""
    at_ms = START_MS + round(at_s * 1000)
    record = reading(seq=100 + round(at_s), ts_ms=at_ms, import_mwh=import_mwh, **fields)
    return Frame(at_ms, wire.READING, at_ms, record)


def boundary(at_s: int, import_mwh: int, **fields: int) -> Frame:
    at_ms = START_MS + at_s * 1000
    return Frame(at_ms, wire.SNAPSHOT, at_ms, snapshot(seq=100 + at_s, ts_ms=at_ms, import_mwh=import_mwh, **fields))


def cut_whole(before: Frame | None, frames: list[Frame]) -> Cut:
    made = cut(METER, START_S, chain.begin(before.sample) if before else None, frames, {})
    assert made
    return made


def steady(first_s: int = 10, last_s: int = 910, mwh_per_s: int = 100) -> list[Frame]:
    return [frame(at_s, 10_000 + at_s * mwh_per_s) for at_s in range(first_s, last_s + 1, 10)]


def test_energy_comes_from_the_registers_at_both_boundaries() -> None:
    frames = [frame(at_s, 10_000 + at_s * 100) for at_s in range(4, 920, 10)]
    interval = cut_whole(frame(-6, 9_400), frames).interval
    assert interval.regs0.import_mwh == 10_000
    assert interval.regs1.import_mwh == 100_000
    assert interval.energy.import_mwh == 90_000
    assert interval.coverage_permille == 1000
    assert interval.evidence["edges"] == "measured"


def test_a_snapshot_on_the_boundary_is_taken_as_it_is() -> None:
    interval = cut_whole(boundary(0, 777), [frame(400, 1000), boundary(900, 1234)]).interval
    assert (interval.regs0.import_mwh, interval.regs1.import_mwh) == (777, 1234)
    assert interval.evidence["edges"] == "measured"
    assert interval.evidence["snapshots"] == 1


def test_a_boundary_far_from_any_sample_is_not_vouched_for() -> None:
    interval = cut_whole(boundary(0, 0), [frame(880, 880), frame(920, 920)]).interval
    assert interval.regs1.import_mwh == 900
    assert interval.evidence["edges"] == "interpolated"


def test_a_gap_of_hours_is_shared_out_and_sums_to_what_the_registers_say() -> None:
    before, after = frame(-5, 0), frame(3 * 900 + 5, 2_710, window_ms=5_000)
    intervals = []
    state = chain.begin(before.sample)
    for quarter in range(3):
        made = cut(METER, START_S + quarter * QUARTER_S, state, [after], {})
        assert made
        state = made.chain
        intervals.append(made.interval)
    assert [interval.energy.import_mwh for interval in intervals] == [900, 900, 900]
    assert {interval.coverage_permille for interval in intervals} == {0}
    assert intervals[0].minutes["grid_w"] == (None,) * 15
    assert intervals[1].extremes["grid_max_w"] is None


def test_minutes_are_weighted_by_the_time_each_reading_was_sampled_in_them() -> None:
    frames = [
        frame(40, 0, window_ms=40_000, grid_mw=100_000),
        frame(80, 0, window_ms=40_000, grid_mw=400_000),
        frame(910, 0, window_ms=10_000),
    ]
    minutes = cut_whole(boundary(0, 0), frames).interval.minutes["grid_w"]
    assert minutes[0] == 200  # 40 s at 100 W and 20 s at 400 W
    assert minutes[1] == 400
    assert minutes[2:] == (None,) * 13


def test_a_window_across_the_boundary_is_shared_between_both_quarters() -> None:
    frames = [frame(905, 0, window_ms=10_000, grid_mw=300_000)]
    interval = cut_whole(boundary(0, 0), frames).interval
    assert interval.minutes["grid_w"][14] == 300
    assert interval.coverage_permille == 5  # 5 s of 900
    assert interval.evidence["readings"] == 0  # it is counted where it ends


def test_negative_power_is_rounded_to_the_nearest_watt_too() -> None:
    minutes = cut_whole(boundary(0, 0), [frame(10, 0, grid_mw=-1_600), frame(910, 0)]).interval.minutes
    assert minutes["grid_w"][0] == -2


def test_coverage_counts_what_was_sampled_and_no_time_twice() -> None:
    half = [frame(at_s, 0, coverage_permille=500) for at_s in range(10, 920, 10)]
    twice = [frame(at_s, 0, window_ms=20_000) for at_s in range(10, 920, 10)]
    assert cut_whole(boundary(0, 0), half).interval.coverage_permille == 500
    assert cut_whole(boundary(0, 0), twice).interval.coverage_permille == 1000


def test_without_a_pv_clamp_pv_is_unknown_and_not_zero() -> None:
    frames = [frame(10, 0, flags=wire.FLAG_CLOCK_SET | RESUMED), frame(910, 0)]
    interval = cut_whole(boundary(0, 0), frames).interval
    assert interval.minutes["pv_w"][0] is None
    assert interval.minutes["grid_w"][0] == 500
    assert interval.extremes["pv_max_w"] is None


def test_extremes_uncertainty_and_evidence_are_told() -> None:
    frames = [
        frame(10, 0, grid_min_mw=-5_000_000, v_min_mv=207_000, dropped=2, clipped=1, boot_id=8, reset_cause=2),
        frame(20, 0, grid_max_mw=9_000_000, v_max_mv=251_000, dropped=7, rejected=3, boot_id=8, reset_cause=2),
        frame(910, 0, boot_id=8, dropped=9),
    ]
    frames[0] = Frame(frames[0].at_ms, wire.READING, frames[0].at_ms + 100_000, frames[0].record)
    made = cut(METER, START_S, chain.begin(boundary(0, 0).sample), frames, {"offline_s": 17})
    assert made
    assert made.interval.extremes == {
        "grid_min_w": -5000,
        "grid_max_w": 9000,
        "pv_max_w": 210,
        "v_min_dv": 2070,
        "v_max_dv": 2510,
        "u_w": 5,
    }
    assert made.interval.evidence == {
        "boots": [8],
        "resets": ["brown_out"],
        "readings": 2,
        "snapshots": 0,
        "late": 1,
        "dropped": 5,
        "clipped": 1,
        "rejected": 3,
        "leaps": 0,
        "edges": "interpolated",
        "offline_s": 17,
    }


def test_a_silence_is_told_with_the_boot_that_broke_it() -> None:
    """The quarter in which the power went, and those without it: the reading after them says why."""
    before, after = frame(-5, 0), frame(3 * 900 + 5, 2_710, boot_id=8, reset_cause=1)
    state, told = chain.begin(before.sample), []
    for quarter in range(3):
        made = cut(METER, START_S + quarter * QUARTER_S, state, [after], {})
        assert made
        state = made.chain
        told.append(made.interval.evidence["silence_ended_by"])
    assert told == ["power_on"] * 3


def test_a_boot_that_begins_in_time_is_told_in_its_own_quarter_only() -> None:
    frames = [*steady(last_s=890), frame(905, 100_900, boot_id=8, reset_cause=1)]
    evidence = cut_whole(frame(-5, 0), frames).interval.evidence
    assert evidence["resets"] == []
    assert "silence_ended_by" not in evidence


def test_every_interval_is_one_the_contract_accepts() -> None:
    interval = cut_whole(frame(-5, 0), steady()).interval
    assert ledger.parse_interval(interval.to_json()) == interval


def test_a_quarter_is_not_cut_before_a_sample_beyond_its_end() -> None:
    assert cut(METER, START_S, chain.begin(boundary(0, 0).sample), [frame(890, 5)], {}) is None


def test_a_meters_first_quarter_begins_with_its_first_sample() -> None:
    interval = cut_whole(None, [frame(300, 5_000), frame(910, 11_100)]).interval
    assert interval.regs0.import_mwh == 5_000
    assert interval.energy.import_mwh == 6_000
    assert interval.evidence["edges"] == "interpolated"


def sample(at_s: int, seq: int, told: int, boot_id: int = 1, resumed: bool = True) -> Sample:
    return Sample(at_s * 1000, boot_id, seq, Registers(told, 0, 0, 0), resumed)


def chained(*samples: Sample) -> list[int]:
    state, told = None, []
    for each in samples:
        state = chain.follow(state, each)
        told.append(state.last.registers.import_mwh)
    return told


def test_resumed_registers_continue_across_a_power_cut() -> None:
    assert chained(sample(0, 1, 100), sample(600, 1, 160, boot_id=2)) == [100, 160]


def test_a_boot_that_counts_apart_adds_its_own_differences_once() -> None:
    told = chained(
        sample(0, 1, 1000),
        sample(600, 1, 5, boot_id=2, resumed=False),  # whatever it began from is not energy
        sample(610, 2, 25, boot_id=2, resumed=False),
        sample(620, 3, 1040, boot_id=2),  # resumed: 1000 and the 40 it counted apart, of which 20 were known
        sample(630, 4, 1050, boot_id=2),
    )
    assert told == [1000, 1000, 1020, 1040, 1050]


def test_a_register_that_starts_from_nothing_never_makes_negative_energy() -> None:
    assert chained(sample(0, 1, 1000), sample(600, 1, 0, boot_id=2), sample(610, 2, 7, boot_id=2)) == [1000, 1000, 1007]


def test_a_register_that_leaps_beyond_the_clamps_is_not_energy() -> None:
    told = chained(sample(0, 1, 1000), sample(10, 2, 900_000_000), sample(20, 3, 900_000_030))
    assert told == [1000, 1000, 1030]


def test_leaps_are_counted_in_the_quarter_they_lie_in() -> None:
    frames = [frame(10, 1_000), frame(20, 900_000_000), frame(30, 900_000_030), frame(40, 5), frame(910, 105)]
    interval = cut_whole(boundary(0, 900), frames).interval
    assert interval.evidence["leaps"] == 2
    assert (
        interval.energy.import_mwh == 100 + 30 + 98
    )  # what lies between the leaps; of the last part what lies beyond the end is the next quarter's
    assert ledger.parse_interval(interval.to_json()) == interval


def test_a_chain_that_an_older_hub_kept_is_read() -> None:
    state = chain.begin(sample(0, 1, 5))
    assert chain.Chain.from_json(json.dumps(json.loads(state.to_json())[:-1])) == state


def test_a_new_hub_that_first_hears_a_meter_counting_apart_invents_nothing() -> None:
    told = chained(sample(0, 1, 7, resumed=False), sample(10, 2, 50_000_000), sample(20, 3, 50_000_040))
    assert told == [7, 7, 47]


def test_a_clock_set_back_within_a_boot_counts_nothing_twice() -> None:
    assert chained(sample(0, 1, 100), sample(5, 3, 130), sample(8, 2, 120), sample(20, 4, 140)) == [100, 130, 130, 140]


def test_readings_of_a_boot_already_left_tell_nothing_more() -> None:
    told = chained(sample(0, 1, 100), sample(5, 1, 110, boot_id=2), sample(8, 2, 105), sample(20, 2, 140, boot_id=2))
    assert told == [100, 110, 110, 140]


def test_a_chain_survives_being_kept() -> None:
    state = chain.follow(chain.begin(sample(0, 1, 5, resumed=False)), sample(10, 2, 9, boot_id=2))
    assert chain.Chain.from_json(state.to_json()) == state
    only_apart = chain.begin(sample(0, 1, 5, resumed=False))
    assert chain.Chain.from_json(only_apart.to_json()) == only_apart


# In any order of arrival. The house: boots of a meter over some hours, with gaps, power cuts and counting apart.


@st.composite
def histories(draw: st.DrawFn) -> list[Item]:
    """What a meter truly said, in order: its boots, each resuming its registers or counting apart at first."""
    items: list[Item] = []
    at_ms = START_MS + draw(st.integers(0, QUARTER_MS))
    truth = [draw(st.integers(0, 10**9)) for _ in range(4)]
    for boot_id in range(1, draw(st.integers(1, 3)) + 1):
        apart_until = draw(st.integers(0, 6))
        origin = list(truth)
        for seq in range(1, draw(st.integers(2, 14)) + 1):
            step_ms = draw(st.sampled_from([1_000, 10_000, 10_000, 70_000, 400_000, 2_000_000]))
            at_ms += step_ms
            watts = [draw(st.integers(0, 9_000)) for _ in range(4)]
            truth = [told + watt * step_ms // 3_600 for told, watt in zip(truth, watts, strict=True)]
            is_apart = boot_id > 1 and seq <= apart_until
            shown = [now - then for now, then in zip(truth, origin, strict=True)] if is_apart else truth
            registers = dict(zip(wire.REGISTERS, shown, strict=True))
            flags = wire.FLAG_CLOCK_SET | (0 if is_apart else RESUMED)
            common = {"boot_id": boot_id, "seq": seq, "ts_ms": at_ms, "flags": flags, **registers}
            if draw(st.booleans()):
                items.append(_item(wire.READING, reading(**common, window_ms=min(step_ms, 10_000))))
            else:
                items.append(_item(wire.SNAPSHOT, snapshot(**common)))
        at_ms += draw(st.sampled_from([5_000, 60_000, 3_000_000]))
    return items


def _item(kind: int, record: dict[str, int]) -> Item:
    return Item(kind, wire.SCHEMA, wire.encode(kind, record), record)


@st.composite
def jumping_histories(draw: st.DrawFn) -> list[Item]:
    """The same from a meter whose clock is set now and then, by seconds or by hours, back or on, and a last boot."""
    error_ms, jumped = 0, []
    for item in draw(histories()):
        error_ms += draw(st.sampled_from([0, 0, 0, -300, 2_000, -45_000, 1_000_000, -3_600_000]))
        jumped.append(_item(item.kind, {**item.record, "ts_ms": item.record["ts_ms"] + error_ms}))
    end_ms = max(item.record["ts_ms"] for item in jumped) + 60_000
    jumped.append(_item(wire.SNAPSHOT, {**snapshot(**_registers(jumped[-1])), "boot_id": 9, "ts_ms": end_ms}))
    return sorted(jumped, key=lambda item: (item.record["ts_ms"], item.boot_id, item.seq))


def _registers(item: Item) -> dict[str, int]:
    return {name: item.record[name] for name in wire.REGISTERS}


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Item], list[list[Item]]]:
    """A history, and the batches it arrives in: shuffled, some of it more than once."""
    history = draw(st.one_of(histories(), jumping_histories()))
    again = draw(st.lists(st.sampled_from(history), max_size=8))
    arriving = draw(st.permutations(history + again))
    batches: list[list[Item]] = []
    while arriving:
        size = draw(st.integers(1, 9))
        batches.append(list(arriving[:size]))
        arriving = arriving[size:]
    return history, batches


class Bench:
    """The hub's database, commit and cut, without the network."""

    def __init__(self, path: Path):
        self.connection = connect(path)
        self.connection.execute("PRAGMA synchronous = OFF")  # thousands of small histories: nothing here is to last
        self.connection.execute("INSERT INTO meter (meter) VALUES (?)", (METER,))
        self.now_ms = START_MS + 86_400_000

    def receive(self, items: list[Item]) -> None:
        poll = {"boot_id": 99, "request_no": 1, "uptime_ms": 1000, "firmware": 1, "model_version": 0}
        request = Request(METER, poll, tuple(items), ())
        with transaction(self.connection):
            write(self.connection, [Batch(request, self.now_ms)])

    def settle(self) -> None:
        """Cuts all that is due, a minute later."""
        self.now_ms += 60_000
        for _ in range(10_000):
            with transaction(self.connection):
                if not quarters.cut_due(self.connection, self.now_ms):
                    return
        raise AssertionError("quarters wake one another for ever")

    def kept(self) -> list[tuple[int, str, str, str]]:
        return self.connection.execute("SELECT start_s, regs0, regs1, body FROM quarter ORDER BY start_s").fetchall()


def bench(path: Path) -> Bench:
    path.unlink(missing_ok=True)
    return Bench(path)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def without_arrival(kept: list[tuple[int, str, str, str]]) -> list[tuple[int, str, str, dict[str, object]]]:
    """Quarters without the one thing that may depend on when their samples came."""
    told = []
    for start_s, regs0, regs1, body in kept:
        fields = json.loads(body)
        del fields["evidence"]["late"]
        told.append((start_s, regs0, regs1, fields))
    return told


def samples_of(history: list[Item]) -> list[Sample]:
    return [Frame(item.record["ts_ms"], item.kind, 0, item.record).sample for item in history]


def told_last(samples: list[Sample]) -> Sample:
    """The last that told anything: after a clock was set back others may come behind it and tell nothing more."""
    state, last = None, samples[0]
    for each in samples:
        state, before = chain.follow(state, each), state
        last = each if state is not before else last
    return last


def registers_at(at_ms: int, samples: list[Sample]) -> Registers:
    """The chain at a moment, by folding the whole history: slow and plain."""
    state = None
    for each in samples:
        following = chain.follow(state, each)
        if state and following is not state and each.at_ms > at_ms:
            if state.last.at_ms == at_ms:
                return state.last.registers
            points = (state.last.at_ms, state.last.registers, following.last.at_ms, following.last.registers)
            return ledger.between(*points, at_ms)
        state = following
    assert state
    return state.last.registers


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(deliveries(), st.booleans())
def test_in_any_order_the_intervals_join_and_sum_to_the_registers(
    scratch: Path, delivery: tuple[list[Item], list[list[Item]]], settles_between: bool
) -> None:
    history, batches = delivery
    arriving, in_order = bench(scratch / "arriving.db"), bench(scratch / "in_order.db")
    for batch in batches:
        arriving.receive(batch)
        if settles_between:
            arriving.settle()
    in_order.receive(history)
    arriving.settle()
    in_order.settle()
    kept = arriving.kept()
    assert without_arrival(kept) == without_arrival(in_order.kept())
    arriving.connection.close()
    in_order.connection.close()

    samples = samples_of(history)
    first_ms, last_ms = samples[0].at_ms, told_last(samples).at_ms
    whole = range(ledger.quarter_of(first_ms), ledger.quarter_of(last_ms), QUARTER_S)
    assert [start_s for start_s, *_ in kept] == list(whole)
    energies = [Registers(*json.loads(regs1)).since(Registers(*json.loads(regs0))) for _, regs0, regs1, _ in kept]
    assert not any(energy.falls_below(ledger.ZERO) for energy in energies)
    for (_, _, regs1, _), (_, next_regs0, _, _) in itertools.pairwise(kept):
        assert regs1 == next_regs0
    if kept:
        total = functools.reduce(Registers.plus, energies)
        end_ms = (whole[-1] + QUARTER_S) * 1000
        assert total == registers_at(end_ms, samples).since(samples[0].registers)


def test_what_ended_a_silence_is_told_anew_when_an_earlier_sample_comes(scratch: Path) -> None:
    """Though no energy moved: only the cause, and how near to the boundary the registers were told, are news."""
    still = {"flags": wire.FLAG_CLOCK_SET | RESUMED, "window_ms": 10_000, **dict.fromkeys(wire.REGISTERS, 0)}

    def told(boot_id: int, seq: int, at_s: int) -> Item:
        causes = {"reset_cause": boot_id}
        return _item(wire.READING, reading(boot_id=boot_id, seq=seq, ts_ms=START_MS + at_s * 1000, **causes, **still))

    before, stray = [told(1, 1, 60), told(2, 1, 70)], told(1, 2, QUARTER_S + 60)  # the stray is of a boot that was left
    later, end = told(4, 1, 2 * QUARTER_S + 600), told(4, 2, 3 * QUARTER_S + 60)
    earlier = told(3, 1, 2 * QUARTER_S + 60)
    arriving, in_order = bench(scratch / "arriving.db"), bench(scratch / "in_order.db")
    for batch in ([*before, stray, later, end], [earlier]):
        arriving.receive(batch)
        arriving.settle()
    in_order.receive([*before, stray, earlier, later, end])
    in_order.settle()
    assert without_arrival(arriving.kept()) == without_arrival(in_order.kept())
    assert len(in_order.kept()) == 3


def test_a_quarter_whose_end_was_told_by_a_wrong_clock_is_cut_again(scratch: Path) -> None:
    def told(boot_id: int, seq: int, at_s: int, import_mwh: int) -> Item:
        fields = {"boot_id": boot_id, "seq": seq, "ts_ms": START_MS + at_s * 1000, "import_mwh": import_mwh}
        return _item(wire.SNAPSHOT, snapshot(**fields))

    first, wrong = told(1, 1, 100, 1_000), told(1, 2, 1_000, 2_000)
    rebooted, at_last = told(2, 1, 500, 3_000), told(2, 2, 5_000, 7_500)
    arriving, in_order = bench(scratch / "arriving.db"), bench(scratch / "in_order.db")
    for batch in ([first, wrong], [rebooted], [at_last]):  # after the second nothing lies beyond the quarter any more
        arriving.receive(batch)
        arriving.settle()
    arriving.settle()
    in_order.receive([first, rebooted, wrong, at_last])
    in_order.settle()
    assert without_arrival(arriving.kept()) == without_arrival(in_order.kept())
    assert len(in_order.kept()) == 5


@settings(max_examples=200, deadline=None)
@given(histories())
def test_the_chain_stands_where_the_meters_resumed_registers_stand(history: list[Item]) -> None:
    state = None
    for each in samples_of(history):
        state = chain.follow(state, each)
        if each.resumed:
            assert state.last.registers == each.registers
