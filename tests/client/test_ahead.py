"""What happens next: the next peaks, the cheap hours; on days of 23 and 25 hours and at the end of a day."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sunmeter.contract.ledger import LocalDay as CountedDay
from sunmeter.domain import pricing
from sunmeter.domain import tariff as ledgers
from sunmeter_app.contract import documents, ledger
from sunmeter_app.model import prices
from sunmeter_app.model.ahead import against_forecast, next_peak
from sunmeter_app.model.day import Day, day_from
from sunmeter_app.model.forecast import Forecast, forecast_from
from sunmeter_app.model.prices import Cheapest, cheapest, prices_ahead
from sunmeter_app.model.tariff import Tariff, newest_first
from sunmeter_app.speech import Speech
from sunmeter_app.strings import EN

from . import scenes
from .fake_backend import FakeWorld
from .fake_functions import make_home
from .tabs import SIGNED_IN, Tabs

PARIS = scenes.ZONE
NIGHT = {"price_micro": 180_000, "from_min": 1320, "to_min": 360}
ZONED = {"kind": "zones", "price_micro": 270_000, "zones": [NIGHT]}
MARKET = {"kind": "dynamic", "price_micro": 60_000, "zones": [], "series": "import"}
SUNDAYS = {**MARKET, "zones": [{**NIGHT, "weekdays": [7], "months": [3, 10]}]}
SPRING, AUTUMN = dt.date(2026, 3, 29), dt.date(2026, 10, 25)  # 23 and 25 hours


def at(date: dt.date, clock: str, fold: int = 0, zone: ZoneInfo = PARIS) -> int:
    hour, minute = map(int, clock.split(":"))
    return int(dt.datetime.combine(date, dt.time(hour, minute, fold=fold), zone).timestamp())


def tariff_of(bought: dict[str, Any], since: str = "2026-01-01", **other: Any) -> dict[str, Any]:
    taxes = {"energy_tax_micro": 22_500, "vat_ppm": 200_000}
    return {"valid_from": since, "currency": "EUR", "import": bought, "export": None, **taxes, **other}


def held(*tariffs: dict[str, Any]) -> tuple[Tariff, ...]:
    return newest_first({f"homes/h/tariffs/{each['valid_from']}": each for each in tariffs})


def market(month: str, known: list[int | None], zone: ZoneInfo = PARIS) -> dict[str, Any]:
    """A month's prices from its first quarter on, as far as they are known."""
    first = dt.date.fromisoformat(f"{month}-01")
    start_s = ledger.day_of(first, zone).start_s
    end_s = ledger.day_of((first + dt.timedelta(days=32)).replace(day=1), zone).start_s
    quarters = (end_s - start_s) // ledger.QUARTER_S
    column = documents.pack(documents.SPOT_COLUMNS["import_micro"], [*known, *[None] * (quarters - len(known))])
    return {"start_s": start_s, "quarters": quarters, "columns": {"import_micro": column, "export_micro": column}}


def the_cheapest(tariffs: tuple[Tariff, ...], now_s: int, **spot: dict[str, Any]) -> Cheapest | None:
    months = {name.replace("_", "-").lstrip("m"): document for name, document in spot.items()}
    return cheapest(prices_ahead(tariffs, months, now_s, PARIS), now_s)


# --- prices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bought", [ZONED, MARKET, SUNDAYS])
@pytest.mark.parametrize("date", [SPRING, AUTUMN, dt.date(2026, 6, 18)])
def test_prices_ahead_are_those_that_the_ledger_bills(bought: dict[str, Any], date: dt.date) -> None:
    document = tariff_of(bought)
    spot = market(f"{date:%Y-%m}", [index % 97 * 1_111 - 9_000 for index in range(2_700)])
    now_s = ledger.day_of(date, PARIS).start_s
    days = prices.days_ahead(now_s, PARIS)
    billed: list[int | None] = []
    for local in days:
        counted = CountedDay(local.day, local.start_s, local.quarters)
        billed += pricing.prices_of(counted, PARIS.key, ledgers.parse(document, "EUR"), spot)[0]
    ahead = prices_ahead(held(document), {f"{date:%Y-%m}": spot}, now_s, PARIS)
    assert list(ahead) == billed
    assert len(ahead) == sum(local.quarters for local in days)


def test_of_one_price_nothing_is_said() -> None:
    flat = {"kind": "flat", "price_micro": 251_600}
    assert prices_ahead(held(tariff_of(flat)), {}, at(SPRING, "12:00"), PARIS) == ()
    assert the_cheapest(held(), at(SPRING, "12:00")) is None
    assert cheapest([250_000] * 96, 0) is None


@pytest.mark.parametrize(
    ("date", "clock", "begins", "ends", "hours"),
    [
        (dt.date(2026, 6, 18), "13:24", "18 22:00", "19 06:00", 8),
        (dt.date(2026, 6, 18), "23:50", "18 23:45", "19 06:00", 6.25),  # the running quarter is part of it
        (dt.date(2026, 6, 18), "05:14", "18 05:00", "18 06:00", 1),
        (dt.date(2026, 6, 18), "05:20", "18 22:00", "19 06:00", 8),  # less than an hour is left of it
        (dt.date(2026, 3, 28), "18:00", "28 22:00", "29 06:00", 7),
        (dt.date(2026, 10, 24), "18:00", "24 22:00", "25 06:00", 9),
    ],
)
def test_the_night_is_as_long_as_the_wall_clock_makes_it(
    date: dt.date, clock: str, begins: str, ends: str, hours: float
) -> None:
    now_s = at(date, clock)
    cheap = the_cheapest(held(tariff_of(ZONED)), now_s)
    assert cheap is not None
    spoken = [f"{dt.datetime.fromtimestamp(ts_s, PARIS):%d %H:%M}" for ts_s in (cheap.start_s, cheap.end_s)]
    assert spoken == [begins, ends]
    assert (cheap.end_s - cheap.start_s) / 3600 == hours
    assert cheap.price_micro == round((180_000 + 22_500) * 1.2)


def test_market_prices_are_as_cheap_as_the_cheapest_hour_within_a_tenth_of_the_spread() -> None:
    by_hour = [10, 9, 8, 7, 9, 12, 15, 14, 12, 9, 7, 5, 2, 1, 2, 6, 9, 13, 18, 21, 19, 16, 14, 12]
    june = market("2026-06", [10_000 * price for price in by_hour for _ in range(4)])
    now_s = at(dt.date(2026, 6, 1), "08:03")
    cheap = the_cheapest(held(tariff_of(MARKET)), now_s, m2026_06=june)
    assert cheap is not None
    assert Speech("en", PARIS.key).stretch(cheap.start_s, cheap.end_s) == "12:00–15:00"
    assert cheap.price_micro == round((10_000 * 5 / 3 + 60_000 + 22_500) * 1.2)
    assert cheap.now_micro == round((120_000 + 60_000 + 22_500) * 1.2)


def test_a_stretch_never_reaches_over_prices_that_are_not_known() -> None:
    june = market("2026-06", [50_000] * 40 + [None] * 4 + [10_000] * 3 + [None] + [20_000] * 48)
    cheap = the_cheapest(held(tariff_of(MARKET)), at(dt.date(2026, 6, 1), "00:00"), m2026_06=june)
    assert cheap is not None
    assert (cheap.start_s, cheap.end_s) == (at(dt.date(2026, 6, 1), "12:00"), at(dt.date(2026, 6, 2), "00:00"))


@pytest.mark.parametrize(
    "broken", [{}, {"start_s": "x", "columns": {}}, {"start_s": 0, "columns": {"import_micro": b"123"}}]
)
def test_market_prices_that_cannot_be_read_are_not_known(broken: dict[str, Any]) -> None:
    ahead = prices_ahead(held(tariff_of(MARKET)), {"2026-06": broken}, at(dt.date(2026, 6, 1), "00:00"), PARIS)
    assert set(ahead) == {None}
    assert cheapest(ahead, 0) is None


def test_at_a_months_end_both_months_and_both_tariffs_are_needed() -> None:
    now_s = at(dt.date(2026, 6, 30), "23:50")
    ids = ("2026-01-01", "2026-03-01", "2026-07-01", "2026-09-01")
    assert prices.needed(ids, now_s, PARIS) == ("2026-03-01", "2026-07-01")
    assert prices.needed(ids, at(dt.date(2025, 12, 30), "12:00"), PARIS) == ()
    assert prices.months_needed(held(tariff_of(MARKET)), now_s, PARIS) == ("2026-06", "2026-07")
    assert prices.months_needed(held(tariff_of(ZONED)), now_s, PARIS) == ()
    mixed = held(tariff_of(ZONED), tariff_of(MARKET, "2026-07-01"))
    assert prices.months_needed(mixed, now_s, PARIS) == ("2026-07",)


# --- peaks -----------------------------------------------------------------------------------------------------------


def forecast(start: dt.date, load: list[float | None], sun: list[float | None]) -> Forecast:
    bands = {
        name: dict.fromkeys(("p50", "mean", "lo80", "hi80", "lo95", "hi95"), hours)
        for name, hours in (("load_wh", load), ("pv_wh", sun))
    }
    found = forecast_from({"start_s": ledger.day_of(start, PARIS).start_s, **bands})
    assert found is not None
    return found


def spoken_peak(expected: Forecast, of: str, now_s: int) -> str:
    peak = next_peak(expected, of, now_s, PARIS)
    return f"{dt.datetime.fromtimestamp(peak.middle_s, PARIS):%d %H:%M}, {peak.p50_w:.0f} W" if peak else ""


def peaking(*peaks: tuple[int, float], hours: int = 48) -> list[float | None]:
    """Hours of 200 W, but for those."""
    return [dict(peaks).get(index, 200.0) for index in range(hours)]


@pytest.mark.parametrize(
    ("clock", "pv", "load"),
    [
        ("00:00", "18 13:30, 3100 W", "18 19:30, 2500 W"),
        ("13:59", "18 13:30, 3100 W", "18 19:30, 2500 W"),  # it is now
        ("14:00", "19 12:30, 3600 W", "18 19:30, 2500 W"),
        ("23:59", "19 12:30, 3600 W", "19 20:30, 2100 W"),
    ],
)
def test_a_peak_is_todays_until_it_is_over_and_then_tomorrows(clock: str, pv: str, load: str) -> None:
    date = dt.date(2026, 6, 18)
    expected = forecast(date, peaking((19, 2500), (44, 2100)), peaking((13, 3100), (36, 3600)))
    assert spoken_peak(expected, "pv", at(date, clock)) == pv
    assert spoken_peak(expected, "load", at(date, clock)) == load


@pytest.mark.parametrize(("date", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_a_peak_of_a_day_with_another_number_of_hours_is_where_its_time_is(date: dt.date, hours: int) -> None:
    expected = forecast(date, peaking((hours - 5, 2500), (hours + 20, 2100)), peaking())
    assert spoken_peak(expected, "load", at(date, "12:00")) == f"{date.day} 19:30, 2500 W"
    assert spoken_peak(expected, "load", at(date, "21:00")) == f"{date.day + 1} 20:30, 2100 W"


def test_a_forecast_that_is_old_or_dark_or_silent_tells_of_no_peak() -> None:
    date = dt.date(2026, 6, 18)
    expected = forecast(date, peaking((19, 2500)), [0.0] * 48)
    assert spoken_peak(expected, "load", at(date + dt.timedelta(days=1), "23:00")) == ""
    assert spoken_peak(expected, "load", at(date + dt.timedelta(days=3), "12:00")) == ""
    assert spoken_peak(expected, "pv", at(date, "08:00")) == ""
    assert next_peak(None, "load", at(date, "08:00"), PARIS) is None
    untold = forecast(date, [*peaking(hours=19), None, *peaking((0, 900.0), hours=28)], [None] * 48)
    assert spoken_peak(untold, "load", at(date, "12:00")) == "18 20:30, 900 W"


def quarters(*powers_w: float | None, date: dt.date) -> Day:
    """A day whose house and roof have the same power in each of its first quarters; None: not known."""
    span = ledger.day_of(date, PARIS)
    mwh = [None if power_w is None else round(power_w * 250) for power_w in powers_w]
    columns = {
        name: [*each, *[None] * (span.quarters - len(each))]
        for name, each in (
            ("import_mwh", [None if each is None else 0 for each in mwh]),
            ("export_mwh", [None if each is None else 0 for each in mwh]),
            ("pv_mwh", mwh),
        )
    }
    packed = {name: documents.pack(documents.DAY_COLUMNS[name], each) for name, each in columns.items()}
    return day_from({"columns": packed}, span)


@pytest.mark.parametrize("of", ["load", "pv"])
@pytest.mark.parametrize("date", [SPRING, AUTUMN, dt.date(2026, 6, 18)])
def test_today_is_compared_over_what_is_known_and_foreseen(date: dt.date, of: str) -> None:
    hours: list[float | None] = [400.0, None, 600.0, *[200.0] * 45]
    expected = forecast(date, hours, hours)
    day = quarters(*[500] * 4, *[9000] * 4, 500, None, 700, 600, date=date)  # nothing is foreseen of the second hour
    assert against_forecast(day, expected, of) == (500 + 450, 400 + 450)


def test_too_little_is_not_compared() -> None:
    date = dt.date(2026, 6, 18)
    day = quarters(*[500] * 4, date=date)
    assert against_forecast(day, forecast(date, peaking(), peaking()), "load") is None
    assert against_forecast(day, forecast(date + dt.timedelta(days=1), [900.0] * 48, []), "load") is None
    assert against_forecast(day, None, "pv") is None


# --- the screen ------------------------------------------------------------------------------------------------------


async def test_home_tells_what_happens_next_in_lines(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    assert tab.words("ahead-pv") == "Solar peaks: 13:30 · 3.2 kW. probably 2.4 to 4.3 kW"
    assert tab.words("ahead-cheap") == "Cheapest hours: 22:00–06:00. €0.243 a kWh, now €0.351"
    assert tab.words("ahead-load").startswith("House peaks: 19:30 · 2.5 kW")
    assert "home-bill" in tab.identifiers()
    assert "today-own-pct" in tab.identifiers()
    assert (
        tab.words("today-against")
        == "So far against the forecast: house +15\N{NO-BREAK SPACE}%, solar −2\N{NO-BREAK SPACE}%."
    )
    assert tab.words("today-cost") == "Cost so far: €0.83. Saved by the sun: €1.91"


async def test_a_home_without_a_tariff_shows_no_money_and_reads_no_prices(tabs: Tabs, world: FakeWorld) -> None:
    person = world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    world.database.put(f"homes/{scenes.HOME}", make_home(person.uid))
    tab = await tabs.open(dict(SIGNED_IN))
    assert not tab.identifiers() & {"today-cost", "ahead-cheap", "ahead-pv", "home-bill"}
    assert tab.words("ahead-none") == EN["today.no_forecast"]
    assert world.database.looked_at(f"homes/{scenes.HOME}/tariffs") == 0


async def test_market_prices_are_one_look_a_day_and_the_tariff_another(tabs: Tabs, world: FakeWorld) -> None:
    scenes.on_the_market(world)
    tab = await tabs.open(dict(SIGNED_IN))
    assert tab.words("ahead-cheap") == "Cheapest hours: now, until 15:00. €0.1323 a kWh"
    await tab.go("/history")
    await tab.go("/")
    assert world.database.looked_at(f"homes/{scenes.HOME}/tariffs") == 1
    assert world.database.looked_at(f"homes/{scenes.HOME}/prices") == 1


async def test_a_change_of_the_tariff_is_told_at_once(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    scenes.with_tariffs(world, {"2026-02-01": tariff_of({"kind": "flat", "price_micro": 1}, "2026-02-01")}, rev=2)
    await tab.settle()
    assert "ahead-cheap" not in tab.identifiers()
