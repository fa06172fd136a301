"""Merging intervals into a day: any order, any repetition, the same totals."""

import datetime as dt
import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunmeter.contract import ledger
from sunmeter.contract.documents import CAUSES, DAY_COLUMNS
from sunmeter.contract.ledger import ESTIMATED, MEASURED, QUARTER_S, RECOVERED, Interval, LocalDay
from sunmeter.domain import days
from tests.unit.functions.makers import START_S, chain, interval, registers

UTC_DAY = LocalDay("2026-11-22", START_S, 96)
PARIS = ZoneInfo("Europe/Paris")


def merged(*intervals: Interval, local: LocalDay = UTC_DAY) -> days.Day:
    return days.merge(days.empty(local, "UTC"), intervals)


def a_day_of_quarters(seed: int = 1) -> list[Interval]:
    rng = random.Random(seed)
    return chain(START_S, [registers(*(rng.randrange(400_000) for _ in range(4))) for _ in range(96)])


def test_an_empty_day_holds_nothing_and_has_no_document() -> None:
    day = days.empty(UTC_DAY, "UTC")
    assert day.energy == registers()
    with pytest.raises(ValueError, match="no document"):
        days.write(day)


def test_the_energy_of_a_day_is_the_difference_of_its_registers() -> None:
    intervals = a_day_of_quarters()
    day = merged(*intervals)
    assert day.energy == intervals[-1].regs1.since(intervals[0].regs0)
    assert (day.regs0, day.regs1) == (intervals[0].regs0, intervals[-1].regs1)


@given(st.lists(st.integers(0, 95), min_size=1, max_size=200), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_order_and_repetition_gives_the_same_day(picks: list[int], rng: random.Random) -> None:
    intervals = a_day_of_quarters()
    chosen = [intervals[index] for index in picks]
    at_once = merged(*chosen)
    one_by_one = days.empty(UTC_DAY, "UTC")
    rng.shuffle(chosen)
    for each in chosen:
        one_by_one = days.merge(one_by_one, [each])
    assert one_by_one.columns == at_once.columns
    assert (one_by_one.regs0, one_by_one.regs1) == (at_once.regs0, at_once.regs1)
    assert one_by_one.spans == at_once.spans


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 1000), st.integers(0, 3), st.integers(0, 500_000)),
        min_size=1,
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None)
def test_of_rival_intervals_the_greatest_rank_holds_in_any_order(
    rivals: list[tuple[int, int, int, int]], rng: random.Random
) -> None:
    unique = {(index, coverage, rev): wh for index, coverage, rev, wh in rivals}  # equal ranks are the same interval
    intervals = [
        interval(START_S + index * QUARTER_S, energy=registers(wh), coverage_permille=coverage, rev=rev)
        for (index, coverage, rev), wh in unique.items()
    ]
    day = days.empty(UTC_DAY, "UTC")
    rng.shuffle(intervals)
    for each in intervals:
        day = days.merge(day, [each])
    for index in {index for index, _, _ in unique}:
        best = max(key for key in unique if key[0] == index)
        assert day.column("import_mwh")[index] == unique[best]


def test_a_repeated_interval_changes_nothing_not_even_the_object() -> None:
    day = merged(*a_day_of_quarters())
    assert days.merge(day, a_day_of_quarters()) is day


def test_every_change_raises_the_revision_by_one() -> None:
    first, second, *_ = a_day_of_quarters()
    day = days.merge(merged(first), [second])
    assert day.rev == 2


def test_a_better_covered_interval_replaces_the_one_before() -> None:
    poor = interval(energy=registers(100_000), coverage_permille=300)
    good = interval(energy=registers(120_000), coverage_permille=990, rev=poor.rev - 1)
    assert merged(poor, good).energy.import_mwh == 120_000
    assert merged(good, poor).energy.import_mwh == 120_000


def test_the_day_begins_and_ends_with_the_registers_of_its_outermost_quarters() -> None:
    first, second, third, *_ = a_day_of_quarters()
    day = merged(second)
    assert (day.regs0, day.regs1) == (second.regs0, second.regs1)
    day = days.merge(day, [third, first])
    assert (day.regs0, day.regs1) == (first.regs0, third.regs1)


def test_a_document_read_back_is_the_same_day() -> None:
    day = merged(*a_day_of_quarters()[:50])
    assert days.read(days.write(day)) == day


def test_a_column_that_was_never_stored_reads_as_nothing() -> None:
    document = days.write(merged(interval()))
    del document["columns"]["q_var"]
    assert set(days.read(document).column("q_var")) == {None}


def test_totals_are_exact_watt_hours_with_what_the_house_used() -> None:
    day = merged(interval(energy=registers(1_234, 500, 2_001, 7)))
    assert days.write(day)["totals"] == {
        "import_wh": 1.234,
        "export_wh": 0.5,
        "pv_wh": 2.001,
        "standby_wh": 0.007,
        "house_wh": 2.735,
        "self_used_wh": 1.501,
    }


def test_a_day_is_measured_as_far_as_its_quarters_are() -> None:
    assert merged(*a_day_of_quarters()).measured_permille == 1000
    assert merged(*a_day_of_quarters()[:48]).measured_permille == 500


@pytest.mark.parametrize(("date", "quarters"), [("2026-03-29", 92), ("2026-10-25", 100), ("2026-06-01", 96)])
def test_days_of_23_24_and_25_hours_take_every_quarter_once(date: str, quarters: int) -> None:
    local = ledger.day_of(dt.date.fromisoformat(date), PARIS)
    assert local.quarters == quarters
    day = merged(*chain(local.start_s, [registers(1000)] * quarters), local=local)
    assert day.column("import_mwh") == [1000] * quarters


def test_an_interval_of_another_day_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="not in 2026-11-22"):
        merged(interval(START_S - QUARTER_S))


@pytest.mark.parametrize(
    ("coverage_permille", "evidence", "quality", "cause"),
    [
        (1000, {}, MEASURED, "none"),
        (950, {"readings": 85}, MEASURED, "none"),
        (949, {"readings": 85, "resets": ["power_on"]}, RECOVERED, "power_cut"),
        (0, {"snapshots": 2, "edges": "interpolated"}, ESTIMATED, "wifi"),
    ],
)
def test_quality_and_cause_are_judged_from_the_evidence(
    coverage_permille: int, evidence: dict[str, Any], quality: int, cause: str
) -> None:
    day = merged(interval(coverage_permille=coverage_permille, **evidence))
    assert day.column("quality")[0] == quality
    assert CAUSES[day.column("cause")[0] or 0] == cause


def test_a_day_document_is_about_fourteen_kilobytes() -> None:
    document = days.write(merged(*a_day_of_quarters()))
    assert set(document["columns"]) == set(DAY_COLUMNS)
    assert 12_000 < sum(map(len, document["columns"].values())) < 15_000
