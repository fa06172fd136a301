"""Another tariff over one's own months: where hours suffice it is exact, and where they do not it says so."""

import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sunmeter.contract.ledger import QUARTER_S, Registers
from sunmeter.domain import calendar, days, months, pricing, spot, tariff, whatif
from sunmeter.domain.days import Day
from tests.unit.functions.makers import chain, registers
from tests.unit.functions.test_pricing import FLAT, NIGHT, PARIS, ZONES

Json = dict[str, Any]


def a_month(
    month: str, zone: str = PARIS, raw: Json = FLAT, seed: int = 1, known: int = 1000
) -> tuple[Json, list[Day]]:
    """A month's document and its days, with a roof; of each day the first `known` quarters."""
    chance, document, held = random.Random(seed), None, []
    for day in calendar.days_of(month, ZoneInfo(zone)):
        energies = [energy(chance, index) for index in range(min(known, day.quarters))]
        terms = pricing.terms(day, zone, tariff.parse(raw, "EUR"), None, 1)
        whole = days.priced(days.merge(days.empty(day, zone), chain(day.start_s, energies)), terms)
        document = months.with_day(document, whole)
        held.append(whole)
    assert document is not None
    return document, held


def energy(chance: random.Random, index: int) -> Registers:
    sun = max(0, 40 - abs(index - 48)) * 20_000
    used = chance.randrange(20_000, 500_000)
    return registers(max(0, used - sun), max(0, sun - used), sun)


def tried(raw: Json, *documents: Json, prices: Json | None = None) -> Json:
    parsed = tariff.parse(raw, "EUR", dated=False)
    return whatif.answer(documents, parsed, {each["month"]: prices for each in documents})


def by_quarters(held: list[Day], raw: Json, zone: str = PARIS, prices: Json | None = None) -> int:
    """What the days would cost, quarter by quarter."""
    terms = [pricing.terms(day.local, zone, tariff.parse(raw, "EUR"), prices, 1) for day in held]
    costs = [days.priced(day, each).money for day, each in zip(held, terms, strict=True)]
    return sum(cost["cost_micro"] or 0 for cost in costs if cost)


def test_a_flat_price_costs_the_same_by_hours_as_by_quarters() -> None:
    document, held = a_month("2026-11")
    raw = {**FLAT, "export": {"kind": "flat", "price_micro": 80_000}, "standing_micro": 300_000}
    answer = tried(raw, document)
    assert answer["total"]["cost_micro"] == pytest.approx(by_quarters(held, raw), abs=2_000)  # a fifth of a cent
    assert answer["exact"]
    assert (answer["total"]["days"], answer["compared_days"]) == (30, 30)
    assert answer["now"]["cost_micro"] == by_quarters(held, FLAT)
    assert answer["difference_micro"] == answer["total"]["cost_micro"] - answer["now"]["cost_micro"]


@pytest.mark.parametrize(("month", "zone"), [("2026-03", PARIS), ("2026-10", PARIS), ("2026-10", "Asia/Kathmandu")])
def test_zones_at_full_hours_are_exact_to_what_hours_round(month: str, zone: str) -> None:
    document, held = a_month(month, zone)
    answer = tried(ZONES, document)
    # each of 744 hours is rounded to the Wh, and what that leaves of a day is priced at the day's mean
    assert answer["total"]["cost_micro"] == pytest.approx(by_quarters(held, ZONES, zone), abs=5_000)
    assert answer["exact"]


def test_zones_within_an_hour_are_told_to_need_the_days() -> None:
    document, _ = a_month("2026-11")
    raw = {**ZONES, "import": {**ZONES["import"], "zones": [{**NIGHT, "from_min": 1335}]}}
    answer = tried(raw, document)
    assert not answer["exact"]
    assert answer["needs"] == "days"
    assert 0 < answer["total"]["mixed_mwh"] < 30 * 2_000_000


def test_energy_of_hours_that_are_not_known_is_told_and_not_lost() -> None:
    document, held = a_month("2026-11", known=50)  # the last hour lacks half
    answer = tried(FLAT, document)
    total_mwh = sum(day.energy.import_mwh for day in held)
    assert answer["total"]["import_micro"] == pytest.approx(total_mwh * 251_600 / 1e6, abs=1_000)
    assert answer["total"]["spread_mwh"] > 0
    assert answer["needs"] == "days"


def test_without_market_prices_there_is_no_cost_to_tell() -> None:
    document, held = a_month("2026-11")
    raw = {**FLAT, "import": {"kind": "dynamic", "price_micro": 0}}
    answer = tried(raw, document)
    assert (answer["needs"], answer["exact"]) == ("prices", False)
    starts = range(held[0].local.start_s, held[-1].local.end_s, QUARTER_S)
    prices = {start_s: (start_s // 3600 % 24) * 10_000 for start_s in starts}
    market = spot.merge(None, "2026-11", ZoneInfo(PARIS), "import", prices)[0]
    answer = tried(raw, document, prices=market)
    assert answer["exact"]
    assert answer["total"]["cost_micro"] == pytest.approx(by_quarters(held, raw, prices=market), abs=5_000)


def test_days_without_money_are_not_compared() -> None:
    document, _ = a_month("2026-11")
    for day in ("05", "06"):
        document["days"][day]["money"] = None
    answer = tried(FLAT, document)
    assert (answer["total"]["days"], answer["compared_days"], answer["now"]["days"]) == (30, 28, 28)
    assert abs(answer["difference_micro"]) < 2_000


def test_a_home_without_months_has_nothing_to_compare() -> None:
    answer = tried(FLAT)
    assert (answer["now"], answer["difference_micro"], answer["months"]) == (None, None, [])
