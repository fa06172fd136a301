"""Days, months and meters set against what is expected of them."""

import json
from typing import Any

import pytest

from sunmeter.contract.ledger import LocalDay
from sunmeter.domain import calibrations, days, expectations
from sunmeter.domain.kinds import DAY_MS
from tests.unit.functions.makers import START_S, chain, registers

DAY = LocalDay("2026-11-22", START_S, 96)
HOURS = 48


def forecast(**changes: Any) -> dict[str, Any]:
    flat = {"p50": [400] * HOURS, "lo95": [200] * HOURS, "hi95": [800] * HOURS}
    return {"start_s": START_S, "hours": HOURS, "load_wh": flat, "pv_wh": flat, **changes}


def day_of(quarters: int, each_wh: int) -> days.Day:
    return days.merge(days.empty(DAY, "UTC"), chain(START_S, [registers(each_wh * 1000)] * quarters))


def test_a_day_that_uses_more_than_it_could_be_expected_to_is_told_while_it_runs() -> None:
    day = day_of(33, 400)  # 8 hours are closed: 12.8 kWh where 6.4 were expected at most
    found = expectations.excess(day, forecast(), START_S + 9 * 3600)
    assert found is not None
    assert (found.id, found.kind, found.channel, found.unit) == (
        "overuse-day-2026-11-22",
        "overuse",
        "day_energy",
        "Wh",
    )
    assert (found.value, found.usual_lo, found.usual_hi) == (12_800, 1_600, 6_400)
    assert (found.start_ms, found.end_ms, found.is_news) == (START_S * 1000, None, True)


@pytest.mark.parametrize(
    ("day", "of", "why"),
    [
        (day_of(33, 230), forecast(), "less than a kilowatt-hour beyond the range"),
        (day_of(15, 900), forecast(), "no block is closed"),
        (day_of(33, 900), None, "there is no forecast"),
        (day_of(33, 900), forecast(load_wh=None), "there is none of the load"),
        (day_of(33, 900), forecast(start_s=START_S + 86_400), "it is tomorrow's"),
        (day_of(96, 900), forecast(start_s=START_S - 86_400 - 3600), "it does not reach so far"),
    ],
)
def test_a_day_that_cannot_be_called_excessive_is_not(day: days.Day, of: dict[str, Any] | None, why: str) -> None:
    assert expectations.excess(day, of, START_S) is None, why


def test_yesterday_s_forecast_serves_when_there_is_no_newer_one() -> None:
    assert expectations.excess(day_of(33, 400), forecast(start_s=START_S - 86_400), START_S) is not None


def test_quarters_that_are_missing_make_no_excess() -> None:
    gap = days.merge(days.empty(DAY, "UTC"), chain(START_S + 20 * 900, [registers(250_000)] * 13))
    assert expectations.excess(gap, forecast(), START_S) is None


def test_a_day_that_is_over_has_its_end_and_is_no_news() -> None:
    for day, now_s in ((day_of(96, 400), START_S + 86_000), (day_of(33, 400), DAY.end_s)):
        found = expectations.excess(day, forecast(), now_s)
        assert found is not None
        assert (found.end_ms, found.is_news) == (DAY.end_s * 1000, False)


def pv_day(pv_wh: float, measured_permille: int = 1000) -> dict[str, Any]:
    return {"totals": {"pv_wh": pv_wh}, "measured_permille": measured_permille}


def test_pv_is_low_below_the_least_that_its_day_should_have_given() -> None:
    assert expectations.is_pv_low(pv_day(4799), DAY, forecast()) is True
    assert expectations.is_pv_low(pv_day(4800), DAY, forecast()) is False
    assert expectations.is_pv_low(pv_day(0, 900), DAY, forecast()) is None, "not measured whole"
    assert expectations.is_pv_low(pv_day(0), DAY, None) is None
    dark = {"p50": [80] * HOURS, "lo95": [40] * HOURS, "hi95": [160] * HOURS}
    assert expectations.is_pv_low(pv_day(0), DAY, forecast(pv_wh=dark)) is None, "a day with little sun"


def test_an_alert_of_low_pv_begins_with_its_first_day() -> None:
    since = LocalDay("2026-11-20", START_S - 2 * 86_400, 96)
    found = expectations.pv_low(pv_day(812.4), DAY, forecast(), since)
    assert (found.id, found.start_ms) == ("pv_low-day-2026-11-20", since.start_s * 1000)
    assert (found.value, found.usual_lo, found.usual_hi) == (812, 4800, 19_200)


HOME = {"currency": "EUR", "budget": {"month_micro": 90_000_000}}
BILL = {"month": "2026-11", "lo_micro": 95_000_000, "p50_micro": 112_400_000, "hi_micro": 130_000_000}


def test_a_month_is_over_its_budget_when_even_the_low_end_of_its_range_is() -> None:
    found = expectations.over_budget(HOME, {"bill": BILL}, 5)
    assert found is not None
    assert (found.id, found.value, found.usual_hi, found.unit) == ("over_budget-month-2026-11", 112, 90, "EUR")
    assert expectations.over_budget(HOME, {"bill": {**BILL, "lo_micro": 90_000_000}}, 5) is None
    for home, made in ((HOME, {}), (HOME, {"bill": None}), ({**HOME, "budget": None}, {"bill": BILL})):
        assert expectations.over_budget(home, made, 5) is None


def test_a_calibration_lasts_two_years_and_a_new_meter_is_to_have_one_within_a_month() -> None:
    assert calibrations.due("m-1", None, 0, calibrations.FIRST_MS - 1) is None
    never = calibrations.due("m-1", None, 0, calibrations.FIRST_MS)
    assert never is not None
    assert (never.id, never.start_ms, never.meter) == ("calibration_due-m-1-0", 30 * DAY_MS, "m-1")
    made_ms = 50 * DAY_MS
    assert calibrations.due("m-1", made_ms, 0, made_ms + calibrations.LASTS_MS - 1) is None
    again = calibrations.due("m-1", made_ms, 0, made_ms + calibrations.LASTS_MS)
    assert again is not None
    assert again.id != never.id


@pytest.mark.parametrize(
    ("code", "text", "counts"),
    [
        (0, {"step": "current", "verdict": "good", "version": 3}, True),
        (0, {"step": "zero", "verdict": "good", "version": 3}, False),
        (0, {"step": "status", "version": 3}, False),
        (4, {"step": "current", "verdict": "refused", "version": 3}, False),
        (0, {"step": "current", "verdict": "refused"}, False),
        (0, [1], False),
    ],
)
def test_only_a_measurement_that_was_kept_counts_as_calibrated(code: int, text: object, counts: bool) -> None:
    assert calibrations.was_changed(code, json.dumps(text)) is counts
    assert not calibrations.was_changed(0, "on")
