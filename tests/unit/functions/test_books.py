"""What registers counted against what the ledger holds: nothing open where all came, each loss by its day."""

import datetime as dt
import random
from dataclasses import replace
from zoneinfo import ZoneInfo

from sunmeter.contract import ledger
from sunmeter.contract.documents import SPAN
from sunmeter.contract.ledger import QUARTER_S, ZERO, Interval, LocalDay, Registers
from sunmeter.domain import books, days, months, peaks
from sunmeter.domain.books import Fields
from tests.unit.functions.makers import METER, chain, registers

PARIS = ZoneInfo("Europe/Paris")
EACH = registers(120_000, 30_000, 50_000, 200)
OTHER = "m-9876543210"


def local(day: int, month: int = 11) -> LocalDay:
    return ledger.day_of(dt.date(2026, month, day), PARIS)


def day_of(span: LocalDay, intervals: list[Interval]) -> days.Day:
    own = [each for each in intervals if span.start_s <= each.start_s < span.end_s]
    return days.merge(days.empty(span, "Europe/Paris"), own)


def month_of(intervals: list[Interval], spans: list[LocalDay]) -> Fields:
    month: Fields | None = None
    for span in spans:
        month = months.with_day(month, day_of(span, intervals))
    assert month
    return month


def running(first: LocalDay, quarters: int, regs0: Registers = ZERO) -> list[Interval]:
    return chain(first.start_s, [EACH] * quarters, regs0)


def test_a_day_that_came_whole_balances() -> None:
    stored = days.write(day_of(local(22), running(local(22), 96)))
    assert stored["difference_mwh"] == [0, 0, 0, 0]
    (row,) = stored["books"].values()
    told = dict(zip(SPAN, row, strict=True))
    assert told["to_s"] - told["from_s"] == 86_400
    assert told["import1_mwh"] - told["import0_mwh"] == told["import_sum_mwh"] == 96 * 120_000


def test_quarters_that_are_missing_between_others_are_the_difference() -> None:
    whole = running(local(22), 96)
    day = day_of(local(22), whole[:40] + whole[44:])
    assert days.write(day)["difference_mwh"] == [4 * amount for amount in EACH]
    assert days.write(days.merge(day, whole[40:44]))["difference_mwh"] == [0, 0, 0, 0]


def test_one_quarter_counted_otherwise_than_its_registers_shows() -> None:
    """A boundary moved and only one neighbour told: what the sum has too much is a difference below zero."""
    first, second, third, *_ = running(local(22), 3)
    stretched = replace(second, regs1=second.regs1.plus(registers(500)), rev=second.rev + 9)
    assert days.write(day_of(local(22), [first, stretched, third]))["difference_mwh"] == [-500, 0, 0, 0]


def test_the_books_of_a_day_are_read_back() -> None:
    day = day_of(local(22), running(local(22), 50))
    assert days.read(days.write(day)).books == day.books


def test_a_home_balances_over_days_and_months() -> None:
    ends, begins = local(30), local(1, 12)
    intervals = running(local(29), 3 * 96)
    october = [month_of(intervals, [local(29), ends]), month_of(intervals, [begins])]
    balance = books.balance(reversed(october))
    (told,) = balance["meters"]
    assert told["counted_mwh"] == told["ledger_mwh"] == [288 * amount for amount in EACH]
    assert told["difference_mwh"] == [0, 0, 0, 0]
    assert (balance["open"], balance["open_days"]) == ([], 0)


def test_a_day_that_never_came_is_open_on_the_one_after_it() -> None:
    intervals = running(local(21), 3 * 96)
    balance = books.balance([month_of(intervals, [local(21), local(23)])])
    assert balance["open"] == [
        {"day": "2026-11-23", "meter": METER, "difference_mwh": [96 * amount for amount in EACH]}
    ]
    assert balance["meters"][0]["difference_mwh"] == [96 * amount for amount in EACH]


def test_meters_that_follow_one_another_have_books_of_their_own() -> None:
    moves = local(22)
    old = running(moves, 40, registers(7_000_000))
    new = [replace(each, meter=OTHER) for each in chain(old[-1].start_s + QUARTER_S, [EACH] * 56, registers(11))]
    back = running(local(23), 96, registers(9_000_000_000))  # it was in another home meanwhile
    day = day_of(moves, old + new)
    assert days.write(day)["difference_mwh"] == [0, 0, 0, 0]
    balance = books.balance([month_of(old + new + back, [moves, local(23)])])
    assert [told["meter"] for told in balance["meters"]] == [METER, OTHER, METER]
    assert balance["open"] == []


def test_days_stored_before_there_were_books_are_passed_over() -> None:
    month = month_of(running(local(22), 96), [local(22)])
    del month["days"]["22"]["books"]
    assert books.balance([month]) == {"meters": [], "open": [], "open_days": 0}


def test_only_what_is_new_is_written() -> None:
    intervals = running(local(21), 3 * 96)
    first = books.balance([month_of(intervals, [local(21)])])
    longer = books.balance([month_of(intervals, [local(21), local(22)])])
    holed = books.balance([month_of(intervals, [local(21), local(23)])])
    assert not books.says_the_same(first, None)
    assert books.says_the_same(longer, first)
    assert not books.says_the_same(holed, first)


def test_the_newest_open_days_are_listed_and_all_are_counted() -> None:
    rng = random.Random(4)
    intervals = running(local(1, 10), 61 * 96)
    kept = [each for each in intervals if rng.random() < 0.9]
    october = month_of(kept, [local(day, 10) for day in range(1, 32)])
    november = month_of(kept, [local(day) for day in range(1, 30)])
    balance = books.balance([october, november])
    assert balance["open_days"] > books.MOST_OPEN
    assert len(balance["open"]) == books.MOST_OPEN
    assert balance["open"][0]["day"] > balance["open"][-1]["day"]
    missing = [told["difference_mwh"][0] for told in balance["open"]]
    assert all(amount % 120_000 == 0 and amount > 0 for amount in missing)


def test_the_peak_is_a_quarter_s_mean_of_each_kind() -> None:
    energies = [EACH] * 96
    energies[70] = registers(import_mwh=1_000_000)
    energies[50] = registers(export_mwh=400_000, pv_mwh=600_000)
    found = days.write(day_of(local(22), chain(local(22).start_s, energies)))["peaks"]
    at = local(22).start_s
    assert found == {
        "house": {"w": 4000, "start_s": at + 70 * QUARTER_S},
        "import": {"w": 4000, "start_s": at + 70 * QUARTER_S},
        "export": {"w": 1600, "start_s": at + 50 * QUARTER_S},
        "pv": {"w": 2400, "start_s": at + 50 * QUARTER_S},
    }


def test_what_never_happened_has_no_peak() -> None:
    found = days.write(day_of(local(22), chain(local(22).start_s, [registers(1000)])))["peaks"]
    assert (found["export"], found["pv"]) == (None, None)


def test_the_peak_of_a_month_is_the_first_of_its_greatest_days() -> None:
    low, high = {"w": 100, "start_s": 5}, {"w": 900, "start_s": 7}
    later = {"w": 900, "start_s": 8}
    told: list[Fields] = [
        {"house": low, "import": None},
        {"house": later, "import": None},
        {},
        {"house": high, "import": low},
    ]
    assert peaks.greatest(told) == {"house": high, "import": low, "export": None, "pv": None}


def test_what_the_inverter_draws_at_night_is_used_by_the_house_and_not_taken_from_pv() -> None:
    """The grid delivers it: it is in the import register, and stands apart in the standby register."""
    night = registers(import_mwh=50_000, standby_mwh=3_000)
    stored = days.write(day_of(local(22), chain(local(22).start_s, [night] * 8)))
    assert stored["totals"]["house_wh"] == 8 * 50.0
    assert stored["totals"]["standby_wh"] == 8 * 3.0
    assert stored["totals"]["self_used_wh"] == 0.0
