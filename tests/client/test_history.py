"""Periods, what is known of them, two side by side; and the screen that shows them."""

import csv
import datetime as dt
import io
from typing import Any

import flet as ft
import flet_charts as fch
import pytest

from sunmeter_app.contract import documents, ledger
from sunmeter_app.model.curves import curves_of
from sunmeter_app.model.day import day_compared, day_from
from sunmeter_app.model.period import Against, Period, Span, asked_in, holding, query_of, range_of, spanned
from sunmeter_app.model.record import Record, compared, record_from, stretch_of
from sunmeter_app.model.sheet import day_sheet, stretch_sheet
from sunmeter_app.model.voltage import voltage_of
from sunmeter_app.problems import Problem
from sunmeter_app.speech import Speech
from sunmeter_app.strings import EN, FR, NO_BREAK
from sunmeter_app.ui.chart_words import voltage_in_words
from sunmeter_app.ui.period_words import days_in_words, name_of

from . import scenes
from .fake_backend import FakeWorld
from .recording import RecordedApp
from .tabs import SIGNED_IN, Tabs

JUNE_18 = dt.date(2026, 6, 18)
SPAN = ledger.day_of(JUNE_18, scenes.ZONE)
SPEECH = Speech("en", scenes.ZONE.key)
READS_OF_A_YEAR = 14  # documents, and one more for the rules


def date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# --- periods ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "first", "last", "before", "year_before"),
    [
        (Span.DAY, "2026-06-18", "2026-06-18", "2026-06-17", "2025-06-19"),
        (Span.WEEK, "2026-06-15", "2026-06-21", "2026-06-08", "2025-06-16"),
        (Span.MONTH, "2026-06-01", "2026-06-30", "2026-05-01", "2025-06-01"),
        (Span.YEAR, "2026-01-01", "2026-12-31", "2025-01-01", "2025-01-01"),
    ],
)
def test_a_span_around_a_day_and_what_it_is_set_against(
    span: Span, first: str, last: str, before: str, year_before: str
) -> None:
    period = holding(span, JUNE_18)
    assert period == Period(span, date(first), date(last))
    assert period.shifted(-1).shifted(1) == period
    others = [period.compared(against) for against in Against]
    assert [other.first if other else None for other in others] == [None, date(before), date(year_before)]
    assert all(other is None or other.span is span for other in others)


@pytest.mark.parametrize("against", list(Against))
@pytest.mark.parametrize(
    "period", [None, *(holding(span, JUNE_18) for span in Span), range_of(JUNE_18, date("2026-07-02"))]
)
def test_an_address_carries_a_period_there_and_back(period: Period | None, against: Against) -> None:
    assert asked_in(query_of(period, against)) == (period, against)
    assert query_of(None, Against.NOTHING) == ""


@pytest.mark.parametrize(
    "query",
    [
        *("day=", "day=2026-02-30", "day=2026-06-18to2026-06-19", "week=0001-01-01", "year=9999-12-31", "month=6"),
        *("range=2026-06-18", "range=2026-06-18to2026-06-01", "range=1990-01-01to2200-01-01", "else=2026-06-18"),
        *("&&==", "day=%00", "against=everything"),
    ],
)
def test_an_address_that_asks_for_nonsense_gets_the_present(query: str) -> None:
    assert asked_in(query) == (None, Against.NOTHING)


def test_the_same_weekday_is_compared_a_year_before() -> None:
    for span in (Span.DAY, Span.WEEK):
        other = holding(span, JUNE_18).compared(Against.YEAR)
        assert other is not None
        assert other.first.weekday() == holding(span, JUNE_18).first.weekday()


def test_a_range_moves_by_its_length_and_has_a_limit() -> None:
    ten = range_of(date("2026-06-01"), date("2026-06-10"))
    assert ten.shifted(1) == range_of(date("2026-06-11"), date("2026-06-20"))
    assert [part.first.day for part in ten.parts()] == list(range(1, 11))
    for first, last in (("2026-06-02", "2026-06-01"), ("2020-01-01", "2026-06-01")):
        with pytest.raises(Problem, match="range"):
            range_of(date(first), date(last))


def test_a_long_range_is_shown_by_months_cut_to_its_ends() -> None:
    parts = range_of(date("2025-11-20"), date("2026-03-05")).parts()
    assert [(part.first.isoformat(), part.last.isoformat()) for part in parts][::4] == [
        ("2025-11-20", "2025-11-30"),
        ("2026-03-01", "2026-03-05"),
    ]
    assert len(parts) == 5


def test_another_span_stays_where_one_was_but_not_ahead_of_today() -> None:
    year = holding(Span.YEAR, JUNE_18)
    assert spanned(year, Span.DAY, JUNE_18) == holding(Span.DAY, JUNE_18)
    assert spanned(holding(Span.MONTH, date("2026-03-09")), Span.WEEK, JUNE_18).last == date("2026-04-05")
    assert spanned(holding(Span.MONTH, JUNE_18), Span.RANGE, JUNE_18).days == 30
    assert spanned(holding(Span.DAY, JUNE_18), Span.RANGE, JUNE_18) == range_of(date("2026-06-12"), JUNE_18)


def test_every_part_of_a_year_is_within_300_points() -> None:
    longest = range_of(date("2023-06-19"), date("2026-06-18"))
    assert max(len(period.parts()) for period in (longest, holding(Span.YEAR, JUNE_18))) == 37


def test_runs_of_days_are_told_as_one_and_many_are_cut_short() -> None:
    days = [date(f"2026-06-{day:02d}") for day in (1, 2, 3, 5, 7, 9, 11, 13, 15)]
    assert days_in_words(days[:4], SPEECH) == "1 Jun – 3 Jun, 5 Jun"
    assert days_in_words(days, SPEECH).endswith("11 Jun and 2 more")


@pytest.mark.parametrize(("language", "week"), [("en", "15–21 Jun 2026"), ("fr", "15–21 juin 2026")])
def test_a_week_is_called_by_its_days(language: str, week: str) -> None:
    name = name_of(holding(Span.WEEK, JUNE_18), Speech(language, scenes.ZONE.key))
    assert name.replace(NO_BREAK, " ") == week


# --- what is known ---------------------------------------------------------------------------------------------------


def entry(house_wh: float = 1000, **more: Any) -> dict[str, Any]:
    return {"import_wh": house_wh, "house_wh": house_wh, **more}


def record(days: dict[str, dict[str, Any]], month: str = "2026-06") -> Record:
    return record_from((month, month), {f"homes/h/months/{month}": {"days": days}})


def test_a_month_says_which_of_its_days_are_missing() -> None:
    known = record({f"{day:02d}": entry(1) for day in range(1, 18) if day != 9})
    june = holding(Span.MONTH, JUNE_18)
    stretch = stretch_of(june, known, JUNE_18, None)
    assert stretch.missing == (date("2026-06-09"),)
    assert stretch_of(june, known, JUNE_18, date("2026-06-10")).missing == ()
    assert stretch.total is not None
    assert (stretch.total.energy.import_wh, stretch.total.days) == (16, 16)
    assert stretch.bars[8].known is None


def test_what_the_meter_counted_beyond_the_quarters_adds_up_and_odd_entries_say_nothing() -> None:
    odd: list[Any] = [None, 5, [], [1, "2", 3, 4]]
    days = {"01": entry(difference_mwh=[500_000, 100_000, 50_000, 0]), "02": entry(difference_mwh=[0, 0, 0, 0])}
    days |= {f"{number:02d}": entry(difference_mwh=each) for number, each in enumerate(odd, start=3)}
    total = stretch_of(holding(Span.MONTH, JUNE_18), record(days | {"99": entry(), "31": entry()}), JUNE_18, None).total
    assert total is not None
    assert (total.open_wh, total.days) == (450.0, 6)


def test_uncertainties_add_up_and_are_not_made_up() -> None:
    june = holding(Span.MONTH, JUNE_18)

    def u_wh(*told: int | None) -> float | None:
        days = {f"{number:02d}": entry(u_wh=each) for number, each in enumerate(told, start=1)}
        total = stretch_of(june, record(days), JUNE_18, None).total
        return total.u_wh if total else None

    assert u_wh(10, 20, 30) == 60
    assert u_wh(10, 30, None) == 60  # as good as the others
    assert u_wh(10, None, None) is None


def test_money_is_summed_over_the_days_that_have_it() -> None:
    money = {"cost_micro": 5, "saved_micro": 2, "unpriced_mwh": 3000, "co2_g": 7, "co2_saved_g": None}
    total = stretch_of(
        holding(Span.MONTH, JUNE_18),
        record({"01": entry(money=money), "02": entry(money=money), "03": entry(money=None)}),
        JUNE_18,
        None,
    ).total
    assert total is not None
    assert total.costs is not None
    assert (total.costs.cost_micro, total.costs.unpriced_wh, total.priced_days, total.days) == (10, 6, 2, 3)
    assert (total.costs.co2_g, total.costs.co2_saved_g) == (14, None)


def test_two_months_are_compared_over_the_days_that_are_over_and_known_in_both() -> None:
    june, may = holding(Span.MONTH, JUNE_18), holding(Span.MONTH, date("2026-05-01"))
    here = record({f"{day:02d}": entry(100) for day in range(1, 19)})  # today is not over
    there = record({f"{day:02d}": entry(200) for day in range(1, 32) if day != 3}, "2026-05")
    pair = compared(june, here, may, there, JUNE_18)
    assert pair is not None
    assert (pair.this.days, pair.this.energy.house_wh, pair.other.energy.house_wh) == (16, 1600, 3200)
    assert compared(june, here, may, Record(("2026-05", "2026-05")), JUNE_18) is None


def test_a_running_day_is_compared_over_the_hours_it_has() -> None:
    running = day_from(scenes.day_document(JUNE_18, scenes.NOW_S - 240), SPAN)
    yesterday = ledger.day_of(date("2026-06-17"), scenes.ZONE)
    other = day_from(scenes.day_document(date("2026-06-17"), float("inf")), yesterday)
    pair = day_compared(running, other)
    assert pair is not None
    assert pair.hours == 13.25
    assert pair.this.energy.house_wh == pytest.approx(running.totals.house_wh if running.totals else 0)
    assert pair.this.costs is None
    whole = day_compared(other, other)
    assert whole is not None
    assert whole.hours is None
    assert whole.this.costs is not None
    assert curves_of(running, int(scenes.NOW_S), other=other).other == curves_of(other, int(scenes.NOW_S)).house


def test_days_that_share_no_hour_are_not_compared() -> None:
    def day(hours: range) -> Any:
        gone = {index: (ledger.MISSING, 0) for index in range(96) if index // 4 not in hours}
        return day_from(scenes.day_document(JUNE_18, float("inf"), faults=gone), SPAN)

    assert day_compared(day(range(12)), day(range(12, 24))) is None


def test_the_voltage_breaks_where_none_is_kept_and_knows_its_extremes() -> None:
    faults = dict.fromkeys(range(40, 44), (ledger.MISSING, 0))
    voltage = voltage_of(day_from(scenes.day_document(JUNE_18, float("inf"), faults=faults), SPAN))
    assert voltage is not None
    assert [len(run) for run in voltage.runs] == [40, 52]
    assert voltage.low_v <= voltage.lowest.lo_v < voltage.mean_v < voltage.highest.hi_v <= voltage.top_v
    assert voltage.has_limits
    words = voltage_in_words(voltage, SPEECH)
    assert words.endswith("The grid should keep 207 to 253 V (EN 50160). None is kept of 10:00–11:00.")
    imported = scenes.day_document(JUNE_18, float("inf"))
    imported["columns"].pop("v_dv")
    assert voltage_of(day_from(imported, SPAN)) is None


# --- the screen ------------------------------------------------------------------------------------------------------


async def key(tab: RecordedApp, name: str) -> None:
    listener = next(c for c in tab.controls() if isinstance(c, ft.KeyboardListener))
    await tab.fire(listener, "key_down", {"key": name})


async def tap(tab: RecordedApp, bar: int) -> None:
    chart = next(c for c in tab.controls() if isinstance(c, fch.BarChart))
    await tab.fire(chart, "event", {"type": "tapUp", "group_index": bar, "rod_index": 0, "stack_item_index": -1})


async def test_a_year_reads_its_months_with_one_query_of_twelve(tabs: Tabs, world: FakeWorld) -> None:
    scenes.with_years(world)
    for month in ("2024-12", "2025-01", "2025-02"):
        world.database.put(documents.month(scenes.HOME, month), {"month": month, "days": {}})
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    await tab.choose("year")
    assert tab.words("history-day") == "Year shown: 2026"
    assert "No data on 11 May – 24 May, 9 Jun." in tab.texts()
    await tab.click(EN["history.previous_year"])
    months = f"homes/{scenes.HOME}/months"
    assert world.database.watching.count(months) == 1
    taken = world.database.taken[months][-1]
    assert taken == [f"{months}/2025-{number:02d}" for number in range(1, 13)]
    assert len(taken) + 1 <= READS_OF_A_YEAR


async def test_keys_step_through_time_and_lead_back_to_today(tabs: Tabs, world: FakeWorld) -> None:
    scenes.with_years(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    await tab.choose("week")
    for name, shown in (
        ("Arrow Left", "2026-06-08 to 2026-06-14"),
        ("Arrow Right", "2026-06-15 to 2026-06-21"),
        ("Arrow Right", "2026-06-15 to 2026-06-21"),  # nothing is known of what is to come
        ("Arrow Left", "2026-06-08 to 2026-06-14"),
        ("Home", "2026-06-15 to 2026-06-21"),
        ("Q", "2026-06-15 to 2026-06-21"),
    ):
        await key(tab, name)
        assert tab.words("history-day") == f"Week shown: {shown}"


async def test_a_finger_draws_the_next_or_the_previous_period(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    for by_px, shown in ((90, "2026-06-17"), (20, "2026-06-17"), (-90, "2026-06-18"), (-90, "2026-06-18")):
        detector = next(c for c in tab.controls() if isinstance(c, ft.GestureDetector))
        begun, ended = {"x": 200, "y": 9}, {"x": 200 + by_px, "y": 9}
        await tab.fire(detector, "horizontal_drag_start", {"k": "touch", "l": begun, "g": begun})
        await tab.fire(detector, "horizontal_drag_end", {"l": ended, "g": ended, "v": {"x": 0, "y": 0}})
        assert tab.words("history-day") == f"Day shown: {shown}"


async def test_a_tapped_bar_says_its_figures_with_their_uncertainty_and_opens(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    await tab.choose("month")
    await tap(tab, 3)
    said = tab.words("history-part").replace(NO_BREAK, " ")
    assert said.startswith("Thursday 4 June: House used 22.2 ± 0.4 kWh, Solar produced")
    assert "Cost €3.36" in said
    await tap(tab, 8)
    assert tab.words("history-part") == "Tuesday 9 June: no data."
    await tap(tab, 16)
    await tab.click(EN["history.open_part"])
    assert tab.words("history-day") == "Day shown: 2026-06-17"
    assert "history-part" not in tab.identifiers()


async def test_every_day_is_there_in_figures_for_those_who_tap_no_bars(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    await tab.choose("month")
    await tab.click(EN["history.list_days"])
    rows = [c for c in tab.controls() if isinstance(c, ft.ListTile)]
    assert len(rows) == 17
    assert tab.texts().count(EN["history.ahead"]) == 12
    await tab.fire(rows[-2], "click")
    assert tab.words("history-day") == "Day shown: 2026-06-17"


async def test_two_years_stand_side_by_side(tabs: Tabs, world: FakeWorld) -> None:
    scenes.with_years(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    await tab.choose("year")
    await tab.select(EN["history.against"], "year")
    assert "Over the days that are over and known in both: 94" in tab.texts()
    rows = [c.label for c in tab.controls() if isinstance(c, ft.Semantics) and ", then " in str(c.label)]
    assert [str(row).partition(":")[0] for row in rows] == [
        *(EN[f"figure.{name}"] for name in ("house", "pv", "import", "export", "own", "self_use")),
        *(EN[f"figure.{name}"] for name in ("cost", "saved", "co2", "co2_saved")),
    ]
    assert all(len(group.rods) == 2 for chart in charts(tab) for group in chart.groups)
    await tab.select(EN["history.against"], "nothing")
    assert EN["history.compared"] not in tab.texts()


def charts(tab: RecordedApp) -> list[fch.BarChart]:
    return [c for c in tab.controls() if isinstance(c, fch.BarChart)]


async def test_today_is_set_against_yesterday_over_the_hours_it_has(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    await tab.select(EN["history.against"], "before")
    assert "Over the hours that are known in both: 11.75" in tab.texts()  # a power cut lasted for one and a half
    assert EN["chart.house_other"] in tab.texts()
    await tab.select(EN["history.against"], "year")
    assert EN["history.compared_none"].format(other="Thu 19 June 2025") in tab.texts()


async def test_any_range_is_typed_and_checked(tabs: Tabs, world: FakeWorld) -> None:
    scenes.with_years(world)
    tab = await tabs.open({**SIGNED_IN, "sunmeter.language": "fr"}, route="/history")
    await tab.choose("range")
    for first, last, problem in (("1.6.2026", "2026-06-10", "date"), ("2026-06-11", "2026-06-10", "range")):
        await tab.type(FR["history.first"], first)
        await tab.type(FR["history.last"], last)
        await tab.click(FR["history.show"])
        assert tab.words("problem") == FR[f"problem.{problem}"]
    await tab.type(FR["history.first"], "2026-05-20")
    await tab.click(FR["history.show"])
    assert tab.words("history-day").replace(NO_BREAK, " ") == "Dates affichées : 2026-05-20 à 2026-06-10"
    assert len(charts(tab)[0].groups) == 22
    await tab.fire(tab.field(FR["history.first"]), "focus")
    await key(tab, "Arrow Left")
    assert "2026-05-20" in tab.words("history-day")  # the arrow moved within the text
    await tab.fire(tab.field(FR["history.first"]), "blur")
    await key(tab, "Arrow Left")
    assert "2026-04-28 à 2026-05-19" in tab.words("history-day")
    assert tab.field(FR["history.first"]).value == "2026-04-28"


@pytest.mark.parametrize("width", [390, 1280])
async def test_every_span_is_drawn_at_every_width_in_french(tabs: Tabs, world: FakeWorld, width: float) -> None:
    scenes.with_years(world)
    tab = await tabs.open({**SIGNED_IN, "sunmeter.language": "fr"}, route="/history", width=width)
    await tab.select(FR["history.against"], "before")
    for span in Span:
        await tab.choose(span.value)
        assert FR["broken"] not in tab.texts()
        assert "history-house-kwh" in tab.identifiers()


async def test_a_home_that_measures_no_voltage_and_pays_nothing_shows_neither(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    path = documents.day(scenes.HOME, "2026-06-18")
    bare = {name: column for name, column in world.database.documents[path]["columns"].items() if name != "v_dv"}
    world.database.change(path, columns=bare, money=None, u_wh=None)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    assert "history-voltage" not in tab.identifiers()
    assert EN["figure.cost"] not in tab.texts()
    assert EN["figure.uncertain_why"] not in tab.texts()


def rows_of(sheet: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(sheet)))


def test_a_day_is_taken_along_quarter_by_quarter_with_its_gaps_named() -> None:
    date_ = scenes.NOW.date() - dt.timedelta(days=1)
    day = day_from(
        scenes.day_document(date_, float("inf"), 0.8, scenes.YESTERDAY_FAULTS), ledger.day_of(date_, scenes.ZONE)
    )
    rows = rows_of(day_sheet(day, scenes.ZONE))
    assert len(rows) == 96
    assert (rows[0]["start_utc"], rows[0]["start_local"]) == ("2026-06-16T22:00:00Z", "2026-06-17T00:00:00+0200")
    assert (rows[13]["quality"], rows[13]["cause"], rows[13]["house_wh"]) == ("missing", "power_cut", "")
    assert day.known is not None
    assert sum(float(row["house_wh"] or 0) for row in rows) == pytest.approx(day.known.energy.house_wh, abs=0.1)


def test_a_longer_period_is_taken_along_part_by_part() -> None:
    days = {"01": entry(1000.5, u_wh=20.0, money={"cost_micro": 2_500_000, "saved_micro": 1}), "02": entry(7)}
    stretch = stretch_of(
        Period(Span.RANGE, date("2026-06-01"), date("2026-06-03")), record(days), date("2026-06-20"), None
    )
    first, second, third = rows_of(stretch_sheet(stretch))
    assert (first["from"], first["house_wh"], first["u_wh"], first["cost"]) == (
        "2026-06-01",
        "1000.500",
        "20.000",
        "2.500000",
    )
    assert (second["house_wh"], second["cost"], second["co2_g"]) == ("7.000", "", "")
    assert (third["to"], third["house_wh"]) == ("2026-06-03", "")


async def test_what_is_shown_is_given_as_a_file(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    await tab.click(EN["history.take_along"])
    await tab.choose("month")
    await tab.click(EN["history.take_along"])
    day, month = (rows_of(content.decode()) for content in tab.connection.saved.values())
    assert list(tab.connection.saved) == ["Maple Street 12 2026-06-18.csv", "Maple Street 12 2026-06-01 2026-06-30.csv"]
    assert (len(day), len(month)) == (96, 30)
