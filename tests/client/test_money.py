"""Tariff and budget: what is typed, what is tried, what is set."""

from typing import Any

import pytest

from sunmeter_app.model import typed
from sunmeter_app.model.tariff import TariffDraft, draft_of, tariff_from
from sunmeter_app.model.typed import Draft
from sunmeter_app.problems import Problem
from sunmeter_app.strings import EN

from . import scenes
from .fake_backend import FakeWorld
from .recording import RecordedApp
from .tabs import SIGNED_IN, Tabs


@pytest.mark.parametrize(("text", "micro"), [("0.2516", 251_600), ("0,2516", 251_600), (" 1 200 ", 1_200_000_000)])
def test_an_amount_is_read_with_either_decimal_sign(text: str, micro: int) -> None:
    assert typed.micro(text, "price") == micro
    assert typed.micro(typed.of_micro(micro), "price") == micro


@pytest.mark.parametrize("text", ["", "a", "1.2.3", "1e3", "0.1234567", "--1"])
def test_what_is_no_amount_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Problem) as refused:
        typed.micro(text, "price")
    assert (refused.value.code, refused.value.field) == ("amount", "price")


@pytest.mark.parametrize(("text", "minutes"), [("22:00", 1320), ("6:15", 375), ("24:00", 1440), ("7h30", 450)])
def test_a_time_is_read_in_quarters(text: str, minutes: int) -> None:
    assert typed.minute(text, "from") == minutes


@pytest.mark.parametrize("text", ["22:10", "25:00", "7", "", "12:75"])
def test_what_is_no_quarter_of_an_hour_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="quarter_clock:from"):
        typed.minute(text, "from")


def _of(tariff_id: str) -> dict[str, Any]:
    return scenes.tariff_documents()[tariff_id]


def test_a_tariff_that_is_only_opened_and_saved_stays_as_it_was() -> None:
    """The form shows no months of a zone and no CO2: they must not be lost."""
    document = _of("2026-02-01")
    tariff = tariff_from("homes/h/tariffs/2026-02-01", document)
    assert tariff is not None
    told = draft_of(tariff, tariff.id).told()
    expected = {name: each for name, each in document.items() if name != "rev"}
    assert told == expected


def test_an_empty_export_pays_nothing_and_a_bad_price_names_its_field() -> None:
    draft = TariffDraft(Draft("2026-02-01"), price=Draft("0.3"))
    assert draft.told()["export"] is None
    draft.choose("zones")
    with pytest.raises(Problem, match=r"amount:zones\.0\.price"):
        draft.told()


async def test_the_month_tells_what_it_cost_and_where_it_will_end(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/money")
    assert tab.words("bill") == "So far €21.37, expected in the end €37.25, between €33.90 and €41.80."
    assert tab.words("budget") == EN["money.budget_none"]
    assert "€0.27 a kWh, other prices by the clock: 1" in tab.texts()
    assert tab.texts().count(EN["money.in_force"]) == 1


async def test_a_budget_is_set_judged_and_taken_back(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/money")
    field = "A month may cost (EUR)"
    await tab.type(field, "thirty")
    await tab.click(EN["money.budget_save"])
    assert tab.words("problem") == EN["problem.amount"]
    await tab.type(field, "35")
    await tab.click(EN["money.budget_save"])
    assert world.functions.calls[-1] == ("setbudget", {"home": scenes.HOME, "month_micro": 35_000_000})
    assert tab.words("budget") == "The month may end above the budget of €35.00."
    await tab.type(field, "")
    await tab.click(EN["money.budget_save"])
    assert tab.words("budget") == EN["money.budget_none"]


async def _new_tariff(tab: RecordedApp) -> None:
    await tab.click(EN["money.new"])
    await tab.go("/money/tariff")


async def test_a_tariff_is_tried_on_the_past_and_then_set(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/money")
    await _new_tariff(tab)
    await tab.choose("flat")
    await tab.type("Price of a kWh (EUR)", "0,20")
    await tab.click(EN["tariff.try"])
    assert tab.words("what-if") == "€45.00 less than now"
    assert tab.words("what-if-2026-05") == "May 2026: €60.00, now €75.00"
    assert "settariff" not in world.functions.names()
    await tab.click(EN["tariff.save"])
    name, asked = world.functions.calls[-1]
    assert name == "settariff"
    assert asked["tariff"]["import"] == {"kind": "flat", "price_micro": 200_000}
    assert asked["tariff"]["valid_from"] == "2026-06-18"
    assert asked["tariff"]["vat_ppm"] == 200_000  # as in the tariff in force


async def test_prices_by_the_clock_are_added_and_removed(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/money/tariff")
    await tab.click(EN["tariff.zone_add"])
    assert "Other price 2" in tab.texts()
    await tab.click("Remove other price 1")
    assert "Other price 2" not in tab.texts()
    await tab.type("Price (EUR)", "0.1")
    await tab.type("From", "23:00")
    await tab.click(EN["tariff.save"])
    zone = world.functions.calls[-1][1]["tariff"]["import"]["zones"][0]
    assert (zone["price_micro"], zone["from_min"], zone["to_min"]) == (100_000, 1380, 360)


async def test_a_deleted_tariff_is_brought_back_as_it_was(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    path = f"homes/{scenes.HOME}/tariffs/2026-02-01"
    before = world.database.documents[path]
    tab = await tabs.open(dict(SIGNED_IN), route="/money")
    await tab.click("Delete the tariff from 1 Feb 2026")
    assert path not in world.database.documents
    await tab.click(EN["undo"])
    after = world.database.documents[path]
    assert {**after, "rev": 0, "set_by": ""} == {**before, "rev": 0, "set_by": ""}


async def test_a_viewer_looks_but_has_nothing_to_change(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.database.change(f"homes/{scenes.HOME}", roles={person.uid: "viewer"})
    tab = await tabs.open(dict(SIGNED_IN), route="/money")
    assert "bill" in tab.identifiers()
    for name in (EN["money.new"], EN["money.budget_save"], "Delete the tariff from 1 Feb 2026"):
        with pytest.raises(LookupError):
            tab.button(name)


async def test_past_days_that_are_priced_anew_tell_how_far_it_is(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    job = {"kind": "reprice", "state": "running", "months": 12, "months_done": 3}
    world.database.put(f"homes/{scenes.HOME}/jobs/reprice", job)
    tab = await tabs.open(dict(SIGNED_IN), route="/money")
    assert tab.words("repricing") == "Past days are being priced anew: 3 of 12 months"
    world.database.change(f"homes/{scenes.HOME}/jobs/reprice", state="done", months_done=12)
    await tab.settle()
    assert "repricing" not in tab.identifiers()


async def test_home_tells_where_the_month_will_end(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN))
    assert tab.words("home-bill") == "This month will cost about €37.25, between €33.90 and €41.80."
