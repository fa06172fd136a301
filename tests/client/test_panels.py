"""What the app says of panels that lose energy."""

import pytest

from sunmeter_app.contract import documents
from sunmeter_app.model.alert import alert_from
from sunmeter_app.model.home import home_from
from sunmeter_app.model.panels import panels_from
from sunmeter_app.speech import Speech
from sunmeter_app.strings import NO_BREAK
from sunmeter_app.ui.alert_words import words_of
from sunmeter_app.ui.panels import panels_in_words, panels_notice

from . import scenes
from .fake_backend import FakeWorld
from .tabs import SIGNED_IN, Tabs

LOSS = {
    "cause": "shading",
    "status": "ready",
    "since": "2026-06-03",
    "lost_wh": 12_340,
    "lo_wh": 9_000,
    "hi_wh": 16_000,
    "days": 6,
    "lost_micro": 3_100_000,
}
HOME = home_from("homes/h", {"name": "Lake", "zone": "Europe/Paris", "currency": "EUR"}, "u")
ENGLISH, FRENCH = Speech("en", HOME.zone), Speech("fr", HOME.zone)


def test_a_loss_is_told_with_cause_energy_money_and_days() -> None:
    panels = panels_from({"panels": LOSS})
    assert panels is not None
    assert panels_in_words(panels, HOME, ENGLISH).replace(NO_BREAK, " ") == (
        "A shade lies on the panels that was not there. "
        "Lost since 3 Jun: 12.34 kWh (€3.10), probably 9.00 kWh to 16.00 kWh. Told from 6 days."
    )
    assert "(3,10 €)" in panels_in_words(panels, HOME, FRENCH).replace(NO_BREAK, " ")


@pytest.mark.parametrize("found", [None, {}, {"panels": None}, {"panels": {"cause": "none", "status": "ready"}}])
def test_nothing_is_said_of_panels_that_are_well_or_not_there(found: object) -> None:
    assert panels_notice(panels_from(found), HOME, ENGLISH) == []  # type: ignore[arg-type]


def test_without_a_tariff_there_is_no_money() -> None:
    panels = panels_from({"panels": {**LOSS, "lost_micro": None}})
    assert panels is not None
    assert "€" not in panels_in_words(panels, HOME, ENGLISH)


def test_its_alert_says_what_was_lost_not_what_is_usual() -> None:
    found = {
        "kind": "pv_low",
        "channel": "pv_soiling",
        "value": 12_340,
        "usual_lo": 9_000,
        "usual_hi": 16_000,
        "unit": "Wh",
        "start_ms": 1,
        "lost_micro": 3_100_000,
        "currency": "EUR",
    }
    alert = alert_from("homes/h/alerts/a", found)
    assert alert is not None
    reason = words_of(alert, ENGLISH, 10.0).reason.replace(NO_BREAK, " ")
    assert reason.endswith("Lost so far: 12.34 kWh (€3.10), probably 9.00 kWh to 16.00 kWh.")


async def test_home_shows_a_loss_until_it_is_mended(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    path = documents.insight(scenes.HOME, "forecast")
    tab = await tabs.open(dict(SIGNED_IN))
    assert "home-panels" not in tab.identifiers()
    world.database.change(path, panels=LOSS)
    await tab.settle()
    assert tab.words("home-panels").startswith("A shade lies on the panels that was not there. Lost since 3 Jun")
    world.database.change(path, panels={"cause": "none", "status": "ready"})
    await tab.settle()
    assert "home-panels" not in tab.identifiers()
