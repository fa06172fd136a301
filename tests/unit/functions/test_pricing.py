"""What days and months cost: exact, in any order, and as an independent slow count has it."""

import datetime as dt
import random
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sunmeter.contract import ledger, money
from sunmeter.contract.documents import PRICE_COLUMNS, unpack
from sunmeter.contract.ledger import QUARTER_S, LocalDay, Registers
from sunmeter.contract.rates import spot_of_day
from sunmeter.domain import days, months, pricing, spot, tariff
from sunmeter.domain.days import Day
from tests.unit.functions import oracle
from tests.unit.functions.makers import chain, registers

PARIS = "Europe/Paris"
FLAT: dict[str, Any] = {"valid_from": "2026-01-01", "import": {"kind": "flat", "price_micro": 251_600}}
NIGHT = {"price_micro": 180_000, "from_min": 1320, "to_min": 360}
ZONES: dict[str, Any] = {**FLAT, "import": {"kind": "zones", "price_micro": 270_000, "zones": [NIGHT]}}
ZONE_NAMES = (PARIS, "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "UTC")


def local(date: str, zone: str = PARIS) -> LocalDay:
    return ledger.day_of(dt.date.fromisoformat(date), ZoneInfo(zone))


def parsed(raw: dict[str, Any], currency: str = "EUR") -> tariff.Tariff:
    return tariff.parse(raw, currency)


def priced(
    date: str, energies: list[Registers], raw: dict[str, Any], zone: str = PARIS, prices: Any = None, rev: int = 1
) -> Day:
    day = local(date, zone)
    held = days.merge(days.empty(day, zone), chain(day.start_s, energies))
    return days.priced(held, pricing.terms(day, zone, parsed(raw), prices, rev))


def prices(date: str, raw: dict[str, Any], zone: str = PARIS) -> list[int | None]:
    return list(pricing.prices_of(local(date, zone), zone, parsed(raw), None)[0])


def money_of(day: Day) -> dict[str, Any]:
    found = day.money
    assert found is not None
    return found


def test_a_flat_price_times_energy_and_a_standing_charge_is_the_cost() -> None:
    raw = {**FLAT, "standing_micro": 400_000}
    told = money_of(priced("2026-11-22", [registers(250_000)] * 96, raw))
    assert told["import_micro"] == 24 * 251_600
    assert told["cost_micro"] == 24 * 251_600 + 400_000


def test_taxes_come_on_top_of_price_and_standing_charge_and_not_on_what_is_paid_for_exports() -> None:
    raw = {
        **FLAT,
        "standing_micro": 400_000,
        "energy_tax_micro": 20_000,
        "vat_ppm": 200_000,
        "export": {"kind": "flat", "price_micro": 100_000},
    }
    told = money_of(priced("2026-11-22", [registers(1_000_000, 500_000, 500_000)], raw))
    assert told["import_micro"] == (251_600 + 20_000) * 12 // 10
    assert told["standing_micro"] == 480_000
    assert told["export_micro"] == 50_000


def test_what_pv_saved_is_self_consumption_at_the_price_of_buying_and_export_at_the_price_of_selling() -> None:
    raw = {**FLAT, "export": {"kind": "flat", "price_micro": 100_000}, "standing_micro": 300_000}
    each = registers(100_000, 400_000, 1_000_000)  # the house used 0.7 kWh, 0.6 of them from the roof
    told = money_of(priced("2026-06-01", [each], raw))
    assert told["self_use_micro"] == 600_000 * 251_600 // 10**6
    assert told["saved_micro"] == told["self_use_micro"] + 40_000
    without = money_of(priced("2026-06-01", [registers(700_000)], raw))
    assert told["cost_micro"] + told["saved_micro"] == without["cost_micro"]


def test_carbon_is_counted_of_what_was_bought_and_saved_by_what_the_roof_made() -> None:
    told = money_of(priced("2026-06-01", [registers(2_000_000, 0, 1_000_000)], {**FLAT, "co2_g_per_kwh": 56}))
    assert (told["co2_g"], told["co2_saved_g"]) == (112, 56)
    assert money_of(priced("2026-06-01", [registers(2_000_000)], FLAT))["co2_g"] is None


@pytest.mark.parametrize(
    ("number", "denominator", "whole"),
    [(5, 10, 0), (15, 10, 2), (25, 10, 2), (-5, 10, 0), (-15, 10, -2), (-25, 10, -2), (16, 10, 2), (-16, 10, -2)],
)
def test_a_half_goes_to_the_even_number_below_nought_as_above(number: int, denominator: int, whole: int) -> None:
    assert money.rounded(number, denominator) == whole


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**12))
def test_rounding_is_that_of_exact_fractions(number: int, denominator: int) -> None:
    assert money.rounded(number, denominator) == round(Fraction(number, denominator))


def test_a_zone_over_midnight_begins_and_ends_at_its_quarter() -> None:
    told = prices("2026-11-24", ZONES)
    assert told[:24] == [180_000] * 24
    assert told[24:88] == [270_000] * 64
    assert told[88:] == [180_000] * 8


def test_in_spring_the_zone_ends_at_six_on_the_wall_an_hour_earlier_in_the_day() -> None:
    told = prices("2026-03-29", ZONES)
    assert len(told) == 92
    assert told[:20] == [180_000] * 20
    assert told[20] == 270_000
    assert told.count(180_000) == 20 + 8


def test_in_autumn_the_hour_that_comes_twice_is_priced_twice() -> None:
    told = prices("2026-10-25", ZONES)
    assert len(told) == 100
    assert told[:28] == [180_000] * 28
    assert told[28] == 270_000


def test_a_zone_that_begins_in_the_doubled_hour_holds_in_both_of_them() -> None:
    zone = {"price_micro": 1, "from_min": 150, "to_min": 180}
    told = prices("2026-10-25", {**ZONES, "import": {**ZONES["import"], "zones": [zone]}})
    assert [index for index, price in enumerate(told) if price == 1] == [10, 11, 14, 15]


def test_a_zone_s_month_and_weekday_are_those_of_the_quarter_itself() -> None:
    sunday = {"price_micro": 1, "weekdays": [7], "months": [11], "from_min": 1320, "to_min": 120}
    raw = {**ZONES, "import": {**ZONES["import"], "zones": [sunday]}}
    assert prices("2026-11-22", raw).count(1) == 16  # midnight to two, and ten to midnight
    assert prices("2026-11-23", raw).count(1) == 0
    assert prices("2026-12-06", raw).count(1) == 0


def test_of_zones_that_overlap_the_first_one_counts() -> None:
    zones = [{"price_micro": 1, "from_min": 0, "to_min": 60}, {"price_micro": 2}]
    told = prices("2026-11-22", {**ZONES, "import": {**ZONES["import"], "zones": zones}})
    assert told[:4] == [1] * 4
    assert set(told[4:]) == {2}


def market(month: str, zone: str, quarters: dict[int, int], series: str = "import") -> dict[str, Any]:
    return spot.merge(None, month, ZoneInfo(zone), series, quarters)[0]


def test_a_dynamic_price_is_the_market_s_with_a_surcharge_and_taxes() -> None:
    day = local("2026-11-22")
    hours = {day.start_s + index * QUARTER_S: 1000 * (index // 4) for index in range(96)}
    raw = {**FLAT, "import": {"kind": "dynamic", "price_micro": 50_000}, "vat_ppm": 100_000}
    told = priced("2026-11-22", [registers(1_000_000)] * 96, raw, prices=market("2026-11", PARIS, hours))
    assert money_of(told)["import_micro"] == sum((1000 * (index // 4) + 50_000) * 11 // 10 for index in range(96))


def test_a_market_price_below_nought_is_earned() -> None:
    day = local("2026-11-22")
    raw = {**FLAT, "import": {"kind": "dynamic", "price_micro": 0}}
    told = priced("2026-11-22", [registers(1_000_000)], raw, prices=market("2026-11", PARIS, {day.start_s: -30_000}))
    assert money_of(told)["cost_micro"] == -30_000


def test_energy_whose_market_price_is_missing_is_told_and_not_guessed() -> None:
    day = local("2026-11-22")
    known = {day.start_s + index * QUARTER_S: 100_000 for index in range(48)}
    raw = {**FLAT, "import": {"kind": "dynamic", "price_micro": 0}}
    told = money_of(priced("2026-11-22", [registers(1000)] * 96, raw, prices=market("2026-11", PARIS, known)))
    assert told["unpriced_mwh"] == 48 * 1000
    assert told["import_micro"] == 48 * 100


@pytest.mark.parametrize(
    ("date", "zone", "known"),
    [("2026-11-01", "Asia/Tokyo", range(32, 96)), ("2026-11-30", "America/New_York", range(72))],
)
def test_prices_of_a_month_cut_in_another_zone_count_at_their_own_quarters(date: str, zone: str, known: range) -> None:
    day = local(date, zone)
    quarters = {day.start_s + at * QUARTER_S: at for at in known}
    cut_in_paris = market("2026-11", PARIS, quarters)
    expected = [at if at in known else None for at in range(96)]
    assert spot_of_day(cut_in_paris, "import", day) == expected
    cut_anew, changed = spot.merge(cut_in_paris, "2026-11", ZoneInfo(zone), "import", quarters)
    assert (spot_of_day(cut_anew, "import", day), changed) == (expected, [])


def test_a_day_before_the_first_tariff_has_no_money() -> None:
    day = days.priced(priced("2026-11-22", [registers(1)], FLAT), pricing.Terms(2, None))
    assert day.money is None
    document = days.write(day)
    assert (document["tariff_rev"], document["tariff"], document["money"]) == (2, None, None)
    assert not set(PRICE_COLUMNS) & set(document["columns"])


def test_a_day_keeps_its_terms_in_its_document() -> None:
    day = priced("2026-10-25", [registers(1000, 20, 30)] * 100, {**ZONES, "standing_micro": 7, "co2_g_per_kwh": 30})
    assert days.read(days.write(day)) == day


def test_an_interval_that_comes_late_is_priced_by_the_terms_the_day_holds() -> None:
    day = local("2026-11-22")
    each = chain(day.start_s, [registers(1000 + index) for index in range(96)])
    terms = pricing.terms(day, PARIS, parsed(ZONES), None, 1)
    whole = days.priced(days.merge(days.empty(day, PARIS), each), terms)
    late = days.merge(days.priced(days.merge(days.empty(day, PARIS), each[:50]), terms), each[50:])
    assert late.money == whole.money


def test_only_terms_that_differ_make_a_new_revision_of_the_day() -> None:
    day = priced("2026-11-22", [registers(1000)], FLAT, rev=1)
    same = days.priced(day, pricing.terms(day.local, PARIS, parsed(FLAT), None, 2))
    assert (same.rev, same.terms and same.terms.rev) == (day.rev, 2)
    assert days.priced(day, pricing.terms(day.local, PARIS, parsed(ZONES), None, 2)).rev == day.rev + 1


def test_a_month_s_money_is_the_sum_of_its_days() -> None:
    first, second = (priced(date, [registers(1234, 5, 6)] * 96, ZONES) for date in ("2026-11-20", "2026-11-21"))
    month = months.with_day(months.with_day(None, first), second)
    for name in ("cost_micro", "saved_micro", "import_micro"):
        assert month["money"][name] == money_of(first)[name] + money_of(second)[name]
    assert month["money"]["days"] == 2
    again = days.priced(first, pricing.terms(first.local, PARIS, parsed(FLAT), None, 2))
    assert months.with_day(month, again)["money"]["cost_micro"] == (
        money_of(again)["cost_micro"] + money_of(second)["cost_micro"]
    )


def test_a_month_of_days_without_a_tariff_has_no_money() -> None:
    day = local("2026-11-22")
    month = months.with_day(None, days.merge(days.empty(day, PARIS), chain(day.start_s, [registers(1)])))
    assert month["money"] is None


def test_new_prices_alone_are_left_to_whoever_sets_them() -> None:
    """A year that is priced anew wakes a trigger for each of its days: they end without a read."""
    before = priced("2026-11-22", [registers(1000)] * 20, FLAT, rev=1)
    after = days.priced(before, pricing.terms(before.local, PARIS, parsed(ZONES), None, 2))
    assert after.rev > before.rev
    assert not months.calls_for_rollup(before, after)


micro = st.integers(-2_000_000, 3_000_000)
quarter_min = st.integers(0, 95).map(lambda quarter: quarter * 15)
a_zone = st.fixed_dictionaries(
    {"price_micro": micro, "from_min": quarter_min, "to_min": quarter_min},
    optional={
        "months": st.lists(st.integers(1, 12), min_size=1, max_size=12),
        "weekdays": st.lists(st.integers(1, 7), min_size=1, max_size=7),
    },
).filter(lambda zone: zone["from_min"] != zone["to_min"])
flat_rate = st.fixed_dictionaries({"kind": st.just("flat"), "price_micro": micro})
zoned_rate = st.fixed_dictionaries(
    {"kind": st.just("zones"), "price_micro": micro, "zones": st.lists(a_zone, min_size=1, max_size=4)}
)
dynamic_rate = st.fixed_dictionaries(
    {"kind": st.just("dynamic"), "price_micro": micro, "series": st.just("import")},
    optional={"zones": st.lists(a_zone, max_size=3)},
)
a_rate = flat_rate | zoned_rate | dynamic_rate
a_tariff = st.fixed_dictionaries(
    {"valid_from": st.just("2026-01-01"), "import": a_rate, "export": st.none() | a_rate},
    optional={
        "standing_micro": st.integers(0, 3_000_000),
        "vat_ppm": st.integers(0, 300_000),
        "energy_tax_micro": micro,
    },
)
DATES = ("2026-03-29", "2026-10-25", "2026-10-04", "2026-04-05", "2026-03-08", "2026-11-01", "2026-07-15")


@settings(max_examples=60, deadline=None)
@given(a_tariff, st.sampled_from(ZONE_NAMES), st.sampled_from(DATES), st.integers(0, 1 << 32))
def test_a_day_costs_what_a_slow_count_says_in_any_order(raw: dict[str, Any], zone: str, date: str, seed: int) -> None:
    chance, day = random.Random(seed), local(date, zone)
    energies = [registers(*(chance.randrange(0, 3_000_000) for _ in range(4))) for _ in range(day.quarters)]
    starts = range(day.start_s, day.end_s, QUARTER_S)
    known = {start_s: chance.randrange(-500_000, 900_000) for start_s in starts if chance.random() < 0.9}
    terms = pricing.terms(day, zone, parsed(raw), market(day.month, zone, known), 1)
    intervals = chain(day.start_s, energies)
    chance.shuffle(intervals)
    held = days.priced(days.empty(day, zone), terms)
    for first in range(0, len(intervals), 17):
        held = days.merge(held, intervals[first : first + 17])
    told = money_of(held)
    expected = oracle.bill(raw, zone, list(zip(starts, energies, strict=True)), known)
    assert {name: told[name] for name in expected} == expected

    columns = [unpack(PRICE_COLUMNS[name], terms.columns[name]) for name in PRICE_COLUMNS]
    quarters = [pricing.amounts(*each) for each in zip(energies, *columns, strict=True)]
    assert sum(each.import_micro for each in quarters) == told["import_micro"]
    assert sum(each.export_micro for each in quarters) == told["export_micro"]


def test_an_oracle_that_forgets_the_clock_change_would_be_found_out() -> None:
    """The broken build: zones by the hours since midnight instead of the clock on the wall."""
    day = local("2026-03-29")
    by_elapsed = [180_000 if index < 24 or index >= 88 else 270_000 for index in range(day.quarters)]
    assert by_elapsed != prices("2026-03-29", ZONES)
