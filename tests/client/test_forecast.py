"""What is to come: its hours where their time is, its gaps by name, and how good it has been, in words."""

import datetime as dt
from typing import Any

import pytest

from sunmeter_app.contract import documents, ledger
from sunmeter_app.model.curves import curves_of
from sunmeter_app.model.day import day_from
from sunmeter_app.model.forecast import forecast_from, score_from
from sunmeter_app.model.outlook import Outlook, outlook_of
from sunmeter_app.speech import Speech
from sunmeter_app.strings import EN, FR, NO_BREAK
from sunmeter_app.ui.forecast_words import outlook_in_words, score_in_words

from . import scenes
from .fake_backend import FakeWorld
from .fake_functions import make_home
from .tabs import SIGNED_IN, Tabs

TODAY = scenes.NOW.date()
SPAN = ledger.day_of(TODAY, scenes.ZONE)
SPEECH = Speech("en", scenes.ZONE.key)
DAY = day_from(scenes.day_document(TODAY, scenes.NOW_S - 240), SPAN)


def with_untold(*hours: int, of: str = "load_wh") -> dict[str, Any]:
    """A forecast that says nothing of these hours."""
    found = scenes.forecast_document()
    for name in ("p50", "lo80"):
        found[of][name] = [None if index in hours else wh for index, wh in enumerate(found[of][name])]
    return found


def the_outlook(found: dict[str, Any], of: str = "load") -> Outlook:
    forecast = forecast_from(found)
    assert forecast is not None
    outlook = outlook_of(forecast, of, DAY, scenes.ZONE)
    assert outlook is not None
    return outlook


def test_an_hour_that_is_not_told_moves_no_other() -> None:
    whole, holed = forecast_from(scenes.forecast_document()), forecast_from(with_untold(14, 15))
    assert whole is not None
    assert holed is not None
    hours = whole.hours_of("load", whole.start_s, whole.end_s)
    assert holed.hours_of("load", holed.start_s, holed.end_s) == (*hours[:14], *hours[16:])


def test_hours_that_are_not_told_break_the_band_and_are_named() -> None:
    outlook = the_outlook(with_untold(14, 15, 30))
    assert [(run[0].x_h, run[-1].x_h) for run in outlook.ahead] == [(0, 14), (16, 30), (31, 48)]
    words = outlook_in_words(outlook, TODAY, SPEECH)
    assert "No forecast of Thu 14:00–16:00, Fri 06:00–07:00." in words
    curves = curves_of(DAY, int(scenes.NOW_S), forecast=forecast_from(with_untold(18, 30)))
    assert [(run[0].x_h, run[-1].x_h) for run in curves.ahead] == [(13.25, 18), (19, 24)]
    assert curves.untold == ((SPAN.start_s + 18 * 3600, SPAN.start_s + 19 * 3600),)


def test_a_band_does_not_reach_back_over_an_hour_that_is_not_told() -> None:
    curves = curves_of(DAY, int(scenes.NOW_S), forecast=forecast_from(with_untold(13)))
    assert curves.ahead[0][0].x_h == 14


@pytest.mark.parametrize("broken", [None, {}, {"p50": [1.0]}, {"p50": "text"}, {"p50": [None], "mean": [None]}])
def test_a_band_that_cannot_be_read_is_none(broken: Any) -> None:
    forecast = forecast_from({**scenes.forecast_document(), "load_wh": broken, "pv_wh": broken})
    assert forecast is not None
    assert forecast.is_empty


def test_an_outlook_adds_up_means_and_knows_todays_measured_line() -> None:
    outlook = the_outlook(scenes.forecast_document())
    today, tomorrow = outlook.days
    assert today.wh == pytest.approx(sum(scenes.forecast_document()["load_wh"]["mean"][:24]))
    assert (today.span.day, tomorrow.span.day) == ("2026-06-18", "2026-06-19")
    assert outlook.measured[-1].points[-1].x_h == pytest.approx(13.125)
    assert max(strip.hi95_kw for run in outlook.ahead for strip in run) <= outlook.top_kw


def test_a_day_of_25_hours_keeps_its_hours_in_the_outlook() -> None:
    start = dt.datetime(2026, 10, 25, tzinfo=scenes.ZONE)
    outlook = the_outlook({**scenes.forecast_document(), "start_s": int(start.timestamp())})
    assert [round(day.span.quarters / 4) for day in outlook.days] == [25, 24]
    assert outlook.ahead[-1][-1].x_h == 48


SCORE = {"days": 41, "mae_wh": 214, "naive_mae_wh": 261.3, "inside80": 0.813, "inside95": 0.944, "served": "model"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "On the last 28 days our forecast came 18 % nearer than yesterday repeated."),
        ({"days": 5, "mae_wh": 300, "naive_mae_wh": 270}, "On the 5 days judged so far yesterday repeated came 10 %"),
        ({"mae_wh": 300, "naive_mae_wh": 270, "served": "naive"}, "10 % nearer than our forecast, so it is what is"),
        ({"mae_wh": 261, "days": 9}, "On the last 9 days our forecast came as near as yesterday repeated."),
        ({"mae_wh": 0, "naive_mae_wh": 0}, "as near as"),
    ],
)
def test_a_score_says_who_was_nearer_and_who_is_served(changes: dict[str, Any], said: str) -> None:
    score = score_from({**SCORE, **changes})
    assert score is not None
    assert said in score_in_words(score, SPEECH)[0].replace(NO_BREAK, " ")


@pytest.mark.parametrize("found", [None, {}, {**SCORE, "days": 0}, {**SCORE, "mae_wh": None}])
def test_without_a_judged_day_there_is_no_score(found: Any) -> None:
    assert score_from(found) is None


# --- the screen ------------------------------------------------------------------------------------------------------


async def test_the_forecast_screen_shows_two_days_the_months_end_and_the_score(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    await tab.click(EN["today.forecast"])
    assert tab.words("forecast-load").startswith("Today about 17.2 kWh, most around 19:00 with 2.47 kW. Tomorrow")
    assert tab.words("forecast-pv").startswith("Today about 28.1 kWh")
    assert tab.words("month-end") == "June 2026 will end with about 461.9 kWh, between 438.2 and 489.3 kWh."
    assert tab.words("bill").startswith("So far €21.37")
    assert "81 % of the hours lay within the 80 % range" in tab.words("score").replace(NO_BREAK, " ")
    assert EN["forecast.method_model"] in tab.texts()
    assert "forecast-notice" not in tab.identifiers()


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ({"code": "days", "have": 3, "need": 7}, "3 of 7 days are measured."),
        ({"code": "hours", "have": 18, "need": 24}, "Only 18 of the 24 hours of a day were ever measured"),
        ({"code": "brand_new", "have": 1, "need": 2}, "There is too little to learn from: 1 of 2."),
        (None, EN["forecast.none_why"]),
        ("a sentence of an older cloud", EN["forecast.none_why"]),
    ],
)
async def test_where_there_is_no_forecast_the_reason_stands(
    tabs: Tabs, world: FakeWorld, reason: Any, said: str
) -> None:
    scenes.furnished(world)
    nothing = {"load_wh": None, "pv_wh": None, "month": None, "bill": None, "method": "none", "reason": reason}
    world.database.change(documents.insight(scenes.HOME, "forecast"), **nothing)
    tab = await tabs.open(dict(SIGNED_IN), route="/forecast")
    assert said in tab.words("forecast-none")
    await tab.go("/")
    assert EN["today.no_forecast"] in tab.texts()


async def test_a_home_without_any_insight_says_when_the_first_forecast_comes(tabs: Tabs, world: FakeWorld) -> None:
    person = world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    world.database.put("homes/home-1", make_home(person.uid))
    tab = await tabs.open({**SIGNED_IN, "sunmeter.language": "fr"}, route="/forecast")
    assert FR["forecast.none_why"] in tab.words("forecast-none")
    assert FR["forecast.score_none"] in tab.texts()


async def test_a_forecast_of_the_day_before_says_that_it_is_old(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    path = documents.insight(scenes.HOME, "forecast")
    begun_s = world.database.documents[path]["start_s"]
    world.database.change(path, start_s=begun_s - 86_400, method="profile")
    tab = await tabs.open(dict(SIGNED_IN), route="/forecast")
    assert tab.words("forecast-notice") == EN["forecast.old"].format(date="17 Jun")
    assert EN["forecast.method_profile"] in tab.texts()
    world.database.change(path, start_s=begun_s - 3 * 86_400)
    await tab.settle()
    assert EN["forecast.old"].format(date="15 Jun") in tab.words("forecast-none")
