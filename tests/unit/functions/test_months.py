"""Months derived from days: which changes concern them, and what they say."""

import datetime as dt
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sunmeter.contract import ledger
from sunmeter.contract.documents import MONTH_COLUMNS, unpack
from sunmeter.contract.ledger import EXTREMES, QUARTER_S, Interval, LocalDay, Registers
from sunmeter.domain import days, months
from sunmeter.domain.days import Day
from tests.unit.functions.makers import REV, chain, interval, registers

A_WATT_HOUR = registers(1000)


def local(date: str, zone: str = "Europe/Paris") -> LocalDay:
    return ledger.day_of(dt.date.fromisoformat(date), ZoneInfo(zone))


def a_day(
    date: str = "2026-11-22", quarters: int = 96, zone: str = "Europe/Paris", each: Registers = A_WATT_HOUR
) -> Day:
    day = local(date, zone)
    return days.merge(days.empty(day, zone), chain(day.start_s, [each] * quarters))


def hours(month: dict[str, Any], name: str) -> list[int | None]:
    return unpack(MONTH_COLUMNS[name], month["columns"][name])


def test_a_running_day_calls_for_its_month_only_as_a_block_of_four_hours_closes() -> None:
    day = local("2026-11-22")
    before, calls = None, []
    for index, each in enumerate(chain(day.start_s, [registers(1000)] * 96)):
        after = days.merge(before or days.empty(day, "Europe/Paris"), [each])
        if months.calls_for_rollup(before, after):
            calls.append(index)
        before = after
    assert calls == [15, 31, 47, 63, 79, 95]


def test_a_gap_at_the_end_of_a_block_does_not_hide_that_it_closed() -> None:
    quarters = chain(local("2026-11-22").start_s, [registers(1000)] * 20)
    before = days.merge(a_day(quarters=0), quarters[:10])
    assert months.calls_for_rollup(before, days.merge(before, quarters[18:]))


def test_a_late_interval_in_a_closed_block_calls_for_the_month() -> None:
    quarters = chain(local("2026-11-22").start_s, [registers(1000)] * 40)
    before = days.merge(a_day(quarters=0), quarters[:3] + quarters[4:])
    assert months.calls_for_rollup(before, days.merge(before, [quarters[3]]))


def test_a_correction_within_the_running_block_waits_for_its_end() -> None:
    before = a_day(quarters=40)
    start_s = before.local.start_s + 39 * QUARTER_S
    better = interval(start_s, energy=registers(1001), rev=REV + 40)
    assert not months.calls_for_rollup(before, days.merge(before, [better]))


def test_a_day_that_began_in_a_closed_block_calls_for_the_month() -> None:
    assert months.calls_for_rollup(None, a_day(quarters=96))
    assert not months.calls_for_rollup(None, a_day(quarters=15))


def test_a_month_sums_its_days_exactly() -> None:
    month = months.with_day(None, a_day("2026-11-21", each=registers(1001, 1, 2, 3)))
    month = months.with_day(month, a_day("2026-11-22", each=registers(1001, 1, 2, 3)))
    assert month["totals"]["import_wh"] == 192.192
    assert month["totals"]["house_wh"] == 192.384
    assert sorted(month["days"]) == ["21", "22"]


def test_a_day_told_again_replaces_what_the_month_held_of_it() -> None:
    month = months.with_day(None, a_day(quarters=48))
    month = months.with_day(month, a_day(quarters=96))
    assert month["days"]["22"]["import_wh"] == 96.0
    assert month["totals"]["import_wh"] == 96.0


def test_the_order_in_which_days_arrive_does_not_matter() -> None:
    first, second = a_day("2026-11-05"), a_day("2026-11-22", quarters=50)
    assert months.with_day(months.with_day(None, first), second) == months.with_day(
        months.with_day(None, second), first
    )


def test_a_days_uncertainty_adds_up_over_its_quarters() -> None:
    day = local("2026-11-22")
    told = dict.fromkeys(EXTREMES) | {"u_w": 20}
    quarters = [replace(each, extremes=told) for each in chain(day.start_s, [A_WATT_HOUR] * 96)]

    def entry(intervals: list[Interval]) -> Any:
        return months.with_day(None, days.merge(days.empty(day, "Europe/Paris"), intervals))["days"]["22"]["u_wh"]

    assert entry(quarters) == 20 * 24
    silent = [replace(each, extremes=dict.fromkeys(EXTREMES)) for each in quarters]
    assert entry(quarters[:60] + silent[60:]) == 20 * 24  # the others are taken to be as good
    assert entry(quarters[:40] + silent[40:]) is None


def test_hours_stand_where_their_time_is() -> None:
    month = months.with_day(None, a_day("2026-11-22", each=registers(1_000, 0, 500)))
    house = hours(month, "house_wh")
    assert len(house) == 30 * 24
    assert house[21 * 24 : 22 * 24] == [6] * 24
    assert hours(month, "pv_wh")[21 * 24 : 22 * 24] == [2] * 24
    assert set(house[: 21 * 24]) == {None}


def test_an_hour_is_unknown_until_all_its_quarters_are_known() -> None:
    month = months.with_day(None, a_day("2026-11-01", quarters=7))
    assert hours(month, "import_wh")[:3] == [4, None, None]


@pytest.mark.parametrize(
    ("month", "length"), [("2026-03", 31 * 24 - 1), ("2026-10", 31 * 24 + 1), ("2026-02", 28 * 24)]
)
def test_a_month_of_a_clock_change_has_an_hour_less_or_more(month: str, length: int) -> None:
    assert len(hours(months.with_day(None, a_day(f"{month}-03")), "house_wh")) == length


@pytest.mark.parametrize(
    ("zone", "date"),
    [("Asia/Kolkata", "2026-11-22"), ("Australia/Lord_Howe", "2026-07-15"), ("Asia/Kathmandu", "2026-11-30")],
)
def test_zones_of_half_hours_keep_all_hours_of_a_day(zone: str, date: str) -> None:
    day = a_day(date, zone=zone)
    month = months.with_day(None, day)
    assert sum(wh is not None for wh in hours(month, "import_wh")) == 24
    assert (day.local.start_s - month["start_s"]) % 3600 == 0


def test_where_a_zone_shifts_by_half_an_hour_only_the_shared_hour_is_unknown() -> None:
    shift = local("2026-10-04", "Australia/Lord_Howe")
    assert shift.quarters == 94
    month = months.with_day(None, a_day("2026-10-04", 94, "Australia/Lord_Howe"))
    month = months.with_day(month, a_day("2026-10-05", 96, "Australia/Lord_Howe"))
    known = [wh is not None for wh in hours(month, "import_wh")]
    assert sum(known) == 23 + 23
    assert month["totals"]["import_wh"] == 190.0


def test_a_finished_day_that_its_month_does_not_hold_is_behind() -> None:
    day = a_day()
    assert months.is_behind(None, day, day.local.end_s, 0)
    assert not months.is_behind(months.with_day(None, day), day, day.local.end_s, 0)


def test_a_running_day_is_behind_only_when_its_month_is_older_than_a_block() -> None:
    day = a_day(quarters=20)
    noon_s = day.local.start_s + 20 * QUARTER_S
    assert not months.is_behind(None, day, noon_s, updated_s=noon_s - 4 * 3600)
    assert months.is_behind(None, day, noon_s, updated_s=noon_s - 6 * 3600)
    assert not months.is_behind(None, a_day(quarters=3), noon_s, updated_s=0)
