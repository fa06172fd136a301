import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from sunmeter_app.contract import documents, ledger
from sunmeter_app.model.alert import newest_first
from sunmeter_app.model.curves import curves_of
from sunmeter_app.model.day import Day, day_from, empty_day
from sunmeter_app.model.energy import Energy
from sunmeter_app.model.forecast import forecast_from

from .scenes import NOW_S, ZONE, day_document, forecast_document

JUNE_18 = ledger.day_of(dt.date(2026, 6, 18), ZONE)
CUT = documents.CAUSES.index("power_cut")


def a_day(faults: dict[int, tuple[int, int]] | None = None, until_s: float = float("inf")) -> Day:
    return day_from(day_document(dt.date(2026, 6, 18), until_s, faults=faults), JUNE_18)


def test_a_day_reads_back_the_energy_that_was_packed() -> None:
    day = a_day()
    counted = [quarter.registers for quarter in day.quarters if quarter.registers is not None]
    assert len(counted) == 96
    assert day.totals is not None
    assert day.totals.house_wh == pytest.approx(sum(registers.house_mwh for registers in counted) / 1000, abs=1e-6)


def test_house_use_is_import_less_export_plus_pv_in_every_quarter() -> None:
    for quarter in a_day().quarters:
        assert quarter.registers is not None
        import_mwh, export_mwh, pv_mwh, _ = quarter.registers
        assert quarter.house_w == (import_mwh - export_mwh + pv_mwh) / 250
        assert quarter.house_w == pytest.approx((quarter.grid_w or 0) + (quarter.pv_w or 0))


def test_a_missing_document_is_an_empty_day_not_a_day_of_zeros() -> None:
    day = day_from(None, JUNE_18)
    assert day == empty_day(JUNE_18)
    assert day.is_empty
    assert day.totals is None


@pytest.mark.parametrize("broken", [b"\x01", b"\x01\x02\x03\x04", "text", None, 7])
def test_a_broken_column_counts_as_nothing_recorded(broken: object) -> None:
    found = day_document(dt.date(2026, 6, 18), float("inf"))
    found["columns"]["import_mwh"] = broken
    assert day_from(found, JUNE_18).is_empty


def test_a_run_of_missing_quarters_is_one_gap_with_its_cause() -> None:
    gaps = a_day(dict.fromkeys(range(13, 19), (ledger.MISSING, CUT))).gaps(JUNE_18.end_s + 86_400)
    assert [(g.start_s - JUNE_18.start_s, g.end_s - JUNE_18.start_s, g.cause) for g in gaps] == [
        (13 * 900, 19 * 900, "power_cut")
    ]


def test_neighbouring_runs_of_other_standing_are_told_apart() -> None:
    faults = {4: (ledger.MISSING, CUT), 5: (ledger.RECOVERED, 2), 6: (ledger.RECOVERED, 2), 7: (ledger.ESTIMATED, 4)}
    assert [(g.quality, g.cause) for g in a_day(faults).gaps(JUNE_18.end_s + 86_400)] == [
        (ledger.MISSING, "power_cut"),
        (ledger.RECOVERED, "wifi"),
        (ledger.ESTIMATED, "internet"),
    ]


def test_what_may_still_be_on_its_way_is_no_gap() -> None:
    until_s = JUNE_18.start_s + 40 * 900
    day = a_day(until_s=until_s)
    assert day.gaps(until_s + 900 + 1799) == ()
    assert [(g.start_s, g.end_s) for g in day.gaps(until_s + 900 + 1800)] == [(until_s, until_s + 900)]


def test_time_before_the_home_existed_is_no_gap() -> None:
    born_s = JUNE_18.start_s + 8 * 900
    day = a_day(dict.fromkeys(range(12), (ledger.MISSING, 0)))
    assert [g.start_s for g in day.gaps(JUNE_18.end_s, born_s)] == [born_s]


@pytest.mark.parametrize(("date", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-18", 24)])
def test_a_day_has_as_many_hours_as_the_clocks_say(date: str, hours: int) -> None:
    span = ledger.day_of(dt.date.fromisoformat(date), ZONE)
    day = day_from(day_document(dt.date.fromisoformat(date), float("inf")), span)
    assert curves_of(day, span.end_s + 1).hours == hours
    assert len(day.quarters) == hours * 4


def test_a_zone_of_a_half_hour_keeps_its_quarters() -> None:
    span = ledger.day_of(dt.date(2026, 6, 18), ZoneInfo("Asia/Kolkata"))
    assert empty_day(span).quarters[0].start_s % 1800 == 1800 - 1800 + span.start_s % 1800
    assert len(empty_day(span).quarters) == 96


# --- curves ----------------------------------------------------------------------------------------------------------


def test_a_hole_breaks_the_line_instead_of_bridging_it() -> None:
    curves = curves_of(a_day(dict.fromkeys(range(20, 24), (ledger.MISSING, CUT))), JUNE_18.end_s + 86_400)
    assert len(curves.house) == 2
    assert curves.house[0].points[-1].x_h < 5 < 6 < curves.house[1].points[0].x_h
    assert curves.holes == ((5.0, 6.0),)


def test_an_estimated_stretch_is_a_line_of_its_own_joined_to_its_neighbours() -> None:
    curves = curves_of(a_day(dict.fromkeys(range(20, 24), (ledger.ESTIMATED, 4))), JUNE_18.end_s + 86_400)
    assert [line.is_exact for line in curves.house] == [True, False, True]
    before, middle, after = curves.house
    assert before.points[-1] == middle.points[0]
    assert middle.points[-1] == after.points[0]
    assert curves.has_inexact


def test_the_forecast_begins_where_the_figures_end_and_reaches_midnight() -> None:
    day = a_day(until_s=NOW_S - 240)
    curves = curves_of(day, int(NOW_S), forecast=forecast_from(forecast_document()))
    (run,) = curves.ahead
    assert (run[0].x_h, run[-1].x_h) == (13.25, 24)
    assert all(s.lo95_kw <= s.lo_kw <= s.mid_kw <= s.hi_kw <= s.hi95_kw for s in run)


def test_a_day_that_is_over_has_no_forecast_and_no_now() -> None:
    curves = curves_of(a_day(), JUNE_18.end_s + 1, forecast=forecast_from(forecast_document()))
    assert curves.ahead == ()
    assert curves.now_h is None


def test_the_axis_ends_on_a_round_number_above_everything_drawn() -> None:
    curves = curves_of(a_day(), JUNE_18.end_s + 1)
    highest = max(point.y_kw for line in (*curves.house, *curves.pv) for point in line.points)
    assert highest <= curves.top_kw <= highest + curves.step_kw
    assert round(curves.top_kw / curves.step_kw, 6) == round(curves.top_kw / curves.step_kw)


def test_a_home_without_pv_has_no_solar_line() -> None:
    found = day_document(dt.date(2026, 6, 18), float("inf"), sky=0)
    assert curves_of(day_from(found, JUNE_18), JUNE_18.end_s).pv == ()


# --- shares and months -----------------------------------------------------------------------------------------------


def test_shares_are_gross_and_stay_between_nothing_and_all() -> None:
    energy = Energy(import_wh=4000, export_wh=9000, pv_wh=12_000, house_wh=7000)
    assert energy.self_sufficiency == pytest.approx(3 / 7)
    assert energy.self_use == pytest.approx(0.25)
    assert Energy(0, 0, 0, 0).self_sufficiency is None
    assert Energy(100, 0, 0, 90).self_sufficiency == 0


def test_an_alert_that_is_part_of_another_is_told_by_that_one() -> None:
    outage = {"kind": "outage", "start_ms": 5}
    part = {"kind": "interruption", "start_ms": 6, "part_of": "outage-north-5-1"}
    found = newest_first({"homes/h/alerts/outage-north-5-1": outage, "homes/h/alerts/m-1-2": part})
    assert [alert.kind for alert in found] == ["outage"]
