"""Imported quarters fill what no meter told of, and give way to what a meter tells later."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunmeter.contract import ledger
from sunmeter.contract.ledger import IMPORTED, MEASURED, QUARTER_S, Registers
from sunmeter.domain import days, months
from sunmeter.domain.days import Day
from tests.unit.functions.makers import START_S, chain, interval, registers
from tests.unit.functions.test_exports import DAY, EACH

FROM_FILE = registers(70_000, 1, 2, 3)
EMPTY = days.empty(DAY, "UTC")


def file_of(*indices: int, energy: Registers = FROM_FILE) -> dict[int, Registers]:
    return {START_S + index * QUARTER_S: energy for index in indices}


def qualities(day: Day) -> list[Any]:
    return [quality or 0 for quality in day.column("quality")]


def test_an_imported_day_has_energy_and_quality_and_claims_no_measurement() -> None:
    day, taken = days.with_imported(EMPTY, file_of(*range(96)))
    assert taken == 96
    assert qualities(day) == [IMPORTED] * 96
    assert (day.measured_permille, day.regs0, day.rev) == (0, None, 1)
    assert days.write(day)["totals"]["import_wh"] == 96 * 70.0
    assert days.read(days.write(day)) == day
    assert months.closed_quarters(day) == 96


def test_a_measured_quarter_is_never_overwritten() -> None:
    metered = days.merge(EMPTY, chain(START_S, [EACH] * 4))
    day, taken = days.with_imported(metered, file_of(2, 3, 4, 5))
    assert taken == 2
    assert qualities(day)[:7] == [MEASURED] * 4 + [IMPORTED] * 2 + [0]
    assert day.column("import_mwh")[3] == EACH.import_mwh
    assert (day.regs0, day.regs1) == (metered.regs0, metered.regs1)


def test_nor_is_one_whose_energy_is_only_estimated() -> None:
    estimated = days.merge(EMPTY, [interval(coverage_permille=0, edges="interpolated")])
    assert days.with_imported(estimated, file_of(0)) == (estimated, 0)


def test_the_same_file_again_changes_nothing() -> None:
    once, _ = days.with_imported(EMPTY, file_of(1, 2))
    again, taken = days.with_imported(once, file_of(1, 2))
    assert again is once
    assert taken == 2


def test_of_two_files_the_later_holds() -> None:
    first, _ = days.with_imported(EMPTY, file_of(1, 2))
    second, _ = days.with_imported(first, file_of(2, energy=EACH))
    assert second.column("import_mwh")[1:3] == [FROM_FILE.import_mwh, EACH.import_mwh]


@settings(deadline=None)
@given(st.sets(st.integers(0, 20)), st.integers(0, 10), st.integers(1, 8), st.integers(0, 1000))
def test_whatever_comes_first_the_meter_s_word_holds(
    imported: set[int], first: int, number: int, coverage: int
) -> None:
    told = chain(START_S + first * QUARTER_S, [EACH] * number)
    told = [interval(each.start_s, each.regs0, EACH, coverage, each.rev) for each in told]
    before = days.merge(days.with_imported(EMPTY, file_of(*imported))[0], told)
    after = days.with_imported(days.merge(EMPTY, told), file_of(*imported))[0]
    assert before.columns == after.columns
    assert (before.regs0, before.regs1) == (after.regs0, after.regs1) == (told[0].regs0, told[-1].regs1)


def test_what_a_file_says_is_energy_but_nothing_a_meter_told() -> None:
    day = days.merge(days.with_imported(EMPTY, file_of(0))[0], chain(START_S + QUARTER_S, [EACH]))
    assert day.quarters[:3] == [FROM_FILE, EACH, None]
    assert day.metered[:3] == [None, EACH, None]  # registers go on from quarter to quarter through these alone


def test_a_day_that_holds_nothing_has_no_document() -> None:
    with pytest.raises(ValueError, match="holds nothing"):
        days.write(days.with_imported(EMPTY, {})[0])


def test_a_build_that_ranks_imports_like_intervals_loses_the_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the property above would miss: shown with quarters of files ranked as if a meter had told of them."""
    monkeypatch.setattr(ledger, "IMPORTED", -1)
    day = days.merge(days.with_imported(EMPTY, file_of(0))[0], chain(START_S + QUARTER_S, [EACH]))
    assert day.regs0 is None
