"""The inbox: what was seen, and by whom."""

import pytest

from sunmeter_app.model.alert import Alert, alert_from
from sunmeter_app.strings import EN

from . import scenes
from .fake_backend import FakeWorld
from .tabs import SIGNED_IN, Tabs

OPEN = "m-0123456789-77-4021"


def test_only_what_goes_on_or_is_to_be_told_asks_whether_it_was_seen() -> None:
    def alert(**more: object) -> Alert:
        found = alert_from("alerts/a", {"kind": "sag", "start_ms": 1, "end_ms": 2, "push": "sent", **more})
        assert found is not None
        return found

    assert not alert().is_news
    assert alert(end_ms=None).is_news
    assert alert(push="pending").is_news
    assert not alert(end_ms=None, acknowledged_by="uid-1", acknowledged_ms=5).is_news


async def test_who_has_seen_an_alert_says_so_once_for_the_home(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    assert EN["alert.see_why"] in tab.texts()
    await tab.click(EN["alert.see"])
    assert world.functions.calls[-1] == ("ackalert", {"home": scenes.HOME, "alert": OPEN})
    assert "Seen by you, 13:24" in tab.texts()
    with pytest.raises(LookupError):
        tab.button(EN["alert.see"])
    world.database.change(f"homes/{scenes.HOME}/alerts/{OPEN}", acknowledged_by="uid-9")
    await tab.settle()
    assert "Seen by another of the home, 13:24" in tab.texts()


async def test_a_viewer_sees_that_it_was_seen_and_has_nothing_to_press(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    world.database.change(f"homes/{scenes.HOME}", roles={person.uid: "viewer"})
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    with pytest.raises(LookupError):
        tab.button(EN["alert.see"])


async def test_an_inbox_of_more_than_a_page_reads_older_ones_when_asked(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    for number in range(60):
        start = scenes.NOW.replace(month=1 + number % 5, day=1 + number // 5)
        told = scenes.alert_document("sag", "voltage_10m", "mV", 200_000, 207_000, 253_000, start, 30)
        world.database.put(f"homes/{scenes.HOME}/alerts/sag-{number}", told)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    assert tab.words("alerts-count").startswith("Alerts: 50,")
    await tab.click(EN["alerts.earlier"])
    assert tab.words("alerts-count").startswith("Alerts: 63,")
    with pytest.raises(LookupError):
        tab.button(EN["alerts.earlier"])
