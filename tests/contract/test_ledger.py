"""Golden vectors and properties of the ledger and of the packed columns."""

import datetime as dt
import itertools
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import documents, ledger
from contract.refusal import Refusal

VECTORS = json.loads((Path(ledger.__file__).parent / "vectors" / "ledger.json").read_text())
ZONES = ("Europe/Paris", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia")


@pytest.mark.parametrize("vector", VECTORS["intervals"], ids=lambda vector: str(vector["quality"]))
def test_intervals_are_read_judged_and_written_back(vector: dict[str, Any]) -> None:
    interval = ledger.parse_interval(vector["interval"])
    assert interval.energy.house_mwh == vector["house_mwh"]
    assert interval.energy.self_used_mwh == vector["self_used_mwh"]
    assert ledger.QUALITIES[ledger.quality(interval)] == vector["quality"]
    assert interval.to_json() == vector["interval"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: f"{vector['field']} {vector['code']}")
def test_bad_intervals_are_refused_with_a_code_and_the_field(vector: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        ledger.parse_interval(vector["interval"])
    assert (caught.value.code, caught.value.field) == (vector["code"], vector["field"])


@pytest.mark.parametrize("junk", [None, 7, "x", [], [1]])
def test_what_is_not_an_object_is_refused(junk: object) -> None:
    with pytest.raises(Refusal, match="malformed"):
        ledger.parse_interval(junk)


def test_unknown_fields_are_ignored() -> None:
    interval = VECTORS["intervals"][0]["interval"]
    assert ledger.parse_interval({**interval, "colour": "green"}) == ledger.parse_interval(interval)


@pytest.mark.parametrize("vector", VECTORS["days"], ids=lambda vector: f"{vector['zone']} {vector['day']}")
def test_days_follow_the_zone(vector: dict[str, Any]) -> None:
    day = ledger.local_day(vector["ts_s"], ZoneInfo(vector["zone"]))
    assert (day.day, day.quarters) == (vector["day"], vector["quarters"])


@given(st.integers(946_684_800, 2_000_000_000), st.sampled_from(ZONES))
def test_a_moment_lies_in_its_day_and_days_join(ts_s: int, name: str) -> None:
    zone = ZoneInfo(name)
    day = ledger.local_day(ts_s, zone)
    assert day.start_s <= ts_s < day.end_s
    assert 0 <= day.index(ledger.quarter_of(ts_s * 1000)) < day.quarters
    assert ledger.local_day(day.end_s, zone).start_s == day.end_s


def test_a_quarter_of_another_day_has_no_index() -> None:
    day = ledger.day_of(dt.date(2026, 11, 23), ZoneInfo("Europe/Paris"))
    with pytest.raises(ValueError, match="not in 2026-11-23"):
        day.index(day.end_s)


def test_an_unknown_zone_is_refused() -> None:
    for name in ("Mars/Olympus", "", None, "../etc/passwd"):
        with pytest.raises(Refusal, match="zone"):
            ledger.zone_named(name)


@pytest.mark.parametrize("vector", VECTORS["between"])
def test_registers_between_samples_are_interpolated_in_integers(vector: dict[str, Any]) -> None:
    (a_ms, a), (b_ms, b) = vector["a"], vector["b"]
    found = ledger.between(a_ms, ledger.Registers(*a), b_ms, ledger.Registers(*b), vector["at_ms"])
    assert list(found) == vector["registers"]


@given(
    st.lists(st.integers(0, 10**6), min_size=4, max_size=4),
    st.lists(st.integers(0, 10**6), min_size=4, max_size=4),
    st.integers(1, 10**7),
    st.data(),
)
def test_interpolated_registers_never_fall(
    start: list[int], step: list[int], span_ms: int, data: st.DataObject
) -> None:
    first = ledger.Registers(*start)
    last = first.plus(ledger.Registers(*step))
    moments = sorted(data.draw(st.lists(st.integers(0, span_ms), min_size=2, max_size=6)))
    path = [ledger.between(0, first, span_ms, last, moment) for moment in moments]
    for earlier, later in itertools.pairwise(path):
        assert not later.falls_below(earlier)


COLUMNS = {**documents.DAY_COLUMNS, **documents.MONTH_COLUMNS}


@given(st.sampled_from(sorted(COLUMNS)), st.data())
def test_columns_survive_packing(name: str, data: st.DataObject) -> None:
    column = COLUMNS[name]
    size = 8 * {"B": 1, "H": 2, "h": 2, "I": 4, "Q": 8}[column.code]
    low, high = (-(1 << (size - 1)) + 1, (1 << (size - 1)) - 1) if column.code.islower() else (0, (1 << size) - 2)
    numbers = st.integers(low, high).filter(lambda number: number != column.missing)
    whole = st.integers(0, 5).map(lambda count: count * column.per_index)
    count = data.draw(whole)
    values = data.draw(st.lists(st.none() | numbers, min_size=count, max_size=count))
    assert documents.unpack(column, documents.pack(column, values)) == values


def test_columns_are_little_endian_and_clamp_what_does_not_fit() -> None:
    grid_w = documents.DAY_COLUMNS["grid_w"]
    packed = documents.pack(grid_w, [1, -2, None, 40_000, -40_000, *[0] * 10])
    assert packed[:10] == bytes([1, 0, 0xFE, 0xFF, 0, 0x80, 0xFF, 0x7F, 1, 0x80])


def test_a_ragged_column_is_refused() -> None:
    with pytest.raises(Refusal, match="column"):
        documents.unpack(documents.DAY_COLUMNS["grid_w"], bytes(31))


def test_putting_a_quarter_changes_only_that_quarter() -> None:
    column = documents.DAY_COLUMNS["pv_w"]
    values = documents.blank(column, 3)
    documents.put(column, values, 1, list(range(15)))
    assert values == [*[None] * 15, *range(15), *[None] * 15]
    with pytest.raises(ValueError, match="14 values where 15 belong"):
        documents.put(column, values, 0, [0] * 14)
