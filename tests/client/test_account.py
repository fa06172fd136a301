"""How figures are shown to a person, kept with the account."""

from typing import Any

import pytest

from sunmeter_app.model.profile import Profile, Shows, profile_from
from sunmeter_app.speech import Speech
from sunmeter_app.strings import EN, FR, SENTENCES

from . import scenes
from .fake_backend import FakeWorld
from .tabs import SIGNED_IN, Tabs

USER = "users/uid-1"
CO2 = EN["figure.co2"]


def test_what_a_profile_does_not_say_or_says_oddly_is_as_usual() -> None:
    for odd in ({}, {"shows": 3}, {"shows": {"power": "hp", "co2": "no"}}):
        assert profile_from(odd).shows == Shows("kW", co2=True)
    assert profile_from({"shows": {"power": "W", "co2": False}}).shows == Shows("W", co2=False)
    assert Profile().shows == Shows()


@pytest.mark.parametrize(("language", "watts"), [("en", "1,240"), ("fr", "1\u00a0240")])
def test_the_moments_power_is_written_in_the_unit_that_was_chosen(language: str, watts: str) -> None:
    assert Speech(language, power_unit="W").power(1240.4) == (watts, "W")
    assert Speech("en").power(1240) == ("1.24", "kW")
    assert (Speech("en").exact_power(-1880), Speech("en", power_unit="W").exact_power(-1880)) == (
        "-1.880 kW",
        "-1880 W",
    )


async def test_power_is_shown_in_watts_and_stays_so_at_the_next_visit(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    world.database.put(USER, {"name": "Lea", "locale": "en"})
    tab = await tabs.open(dict(SIGNED_IN))
    assert tab.words("live-grid-w").startswith("Grid: -1.880 kW")
    await tab.go("/account")
    await tab.choose("W")
    assert world.database.documents[USER] == {"name": "Lea", "locale": "en", "shows": {"power": "W", "co2": True}}
    await tab.go("/")
    assert tab.words("live-grid-w").startswith("Grid: -1880 W")
    another = await tabs.open(dict(SIGNED_IN), width=400)
    assert another.words("live-house-w") == "House: 1240 W, using"


async def test_who_does_not_want_to_read_of_co2_does_not(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/history")
    assert CO2 in tab.texts()
    await tab.go("/account")
    await tab.switch(EN["account.co2"], False)
    assert world.database.documents[USER]["shows"] == {"power": "kW", "co2": False}
    await tab.go("/history")
    assert CO2 not in tab.texts()


async def test_a_new_browser_speaks_its_own_language_until_its_person_signs_in(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    world.database.put(USER, {"name": "Lea", "locale": "fr"})
    browser = {"sunmeter.browser_language": "en-GB"}
    tab = await tabs.open(browser, route="/sign-in")
    await tab.type(EN["field.email"], scenes.EMAIL)
    await tab.type(EN["field.password"], scenes.PASSWORD)
    await tab.click(EN["sign_in.do"])
    await tab.go("/account")
    assert FR["account.co2"] in tab.texts()
    await tab.click(FR["account.sign_out"])
    again = await tabs.open(browser)
    assert FR["welcome.title"] in again.texts()  # the browser keeps what its last person spoke


@pytest.mark.parametrize("locale", [None, "xx", 7, "de-DE", "en-US", ""])
async def test_an_account_that_says_nothing_the_app_speaks_leaves_the_browsers_choice(
    tabs: Tabs, world: FakeWorld, locale: Any
) -> None:
    scenes.furnished(world)
    world.database.put(USER, {"name": "Lea", "locale": locale})
    chosen = "en" if locale == "en-US" else "fr"
    tab = await tabs.open({**SIGNED_IN, "sunmeter.language": "fr"}, route="/account")
    assert SENTENCES[chosen]["account.co2"] in tab.texts()


async def test_the_language_is_the_same_in_every_browser_of_a_person(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    first, second = [await tabs.open(dict(SIGNED_IN), route="/account") for _ in range(2)]
    await first.choose("fr")
    await second.settle()
    for tab in (first, second):
        assert FR["account.co2"] in tab.texts()
    assert world.database.documents[USER]["locale"] == "fr"
