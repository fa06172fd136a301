"""The inbox: what was seen, and by whom."""

import pytest

from sunmeter_app.contract import ledger
from sunmeter_app.model.alert import Alert, alert_from
from sunmeter_app.model.scale import scale_of
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


def alert_of(**told: object) -> Alert:
    found = alert_from("alerts/a", {"kind": "overuse", "channel": "house_60m", "start_ms": 1, **told})
    assert found is not None
    return found


def test_a_figure_stands_on_a_line_beside_what_is_usual() -> None:
    scale = scale_of(alert_of(value=4000, usual_lo=1000, usual_hi=2000))
    assert scale is not None
    assert 0 < scale.usual_from < scale.usual_to < scale.at < 1
    assert scale.usual_to / scale.usual_from == pytest.approx(2)  # it begins at zero
    volts = scale_of(alert_of(value=254_300, usual_lo=207_000, usual_hi=253_000))
    assert volts is not None
    assert volts.usual_from == pytest.approx(0.097, abs=0.01)  # it does not: the range would be a sliver
    below = scale_of(alert_of(value=-300, usual_lo=0, usual_hi=900))
    assert below is not None
    assert 0 < below.at < below.usual_from


@pytest.mark.parametrize(
    "told",
    [
        {"value": None, "usual_lo": 1, "usual_hi": 2},
        {"value": 3, "usual_lo": None, "usual_hi": 2},
        {"value": 3, "usual_lo": 3, "usual_hi": 3},
        {"value": 3, "usual_lo": 2, "usual_hi": 1},
        {"value": 3, "usual_lo": 1, "usual_hi": 4, "channel": "pv_trip"},  # what was lost, and how sure that is
    ],
)
def test_what_has_nothing_usual_beside_it_has_no_line(told: dict[str, object]) -> None:
    assert scale_of(alert_of(**told)) is None


def test_an_alert_is_marked_on_the_chart_of_its_day() -> None:
    day = ledger.LocalDay("2026-06-18", 1_781_733_600, 96)

    def span_h(from_h: float, to_h: float | None) -> tuple[float, float]:
        start_ms = int((day.start_s + from_h * 3600) * 1000)
        end_ms = None if to_h is None else int((day.start_s + to_h * 3600) * 1000)
        return alert_of(start_ms=start_ms, end_ms=end_ms).span_h(day, (day.start_s + 20 * 3600) * 1000)

    assert span_h(3, 5) == (3, 5)
    assert span_h(3, 3.001) == (3, 3.25)
    assert span_h(18, None) == (18, 20)
    assert span_h(23.9, 30) == (23.75, 24)


async def test_the_day_of_an_alert_is_read_when_it_is_looked_at(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts", width=390)
    assert tab.words(f"usual-{OPEN}").endswith(
        "beside the usual range from 180\N{NO-BREAK SPACE}W to 390\N{NO-BREAK SPACE}W."
    )
    with pytest.raises(LookupError):
        tab.words(f"day-{OPEN}")
    await tab.click(EN["alert.day"])
    assert "The alert, 12:48–13:24" in tab.words(f"day-{OPEN}")
    await tab.click(EN["alert.day_away"])
    with pytest.raises(LookupError):
        tab.words(f"day-{OPEN}")


async def test_alerts_are_shown_by_what_they_are_about(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    swell = "alert-m-0123456789-77-2210"
    await tab.select(EN["alerts.only"], "mains")
    assert tab.words(swell).startswith(EN["alert.swell"])
    with pytest.raises(LookupError):
        tab.words(f"alert-{OPEN}")
    await tab.select(EN["alerts.only"], "open")
    assert tab.words(f"alert-{OPEN}")
    with pytest.raises(LookupError):
        tab.words(swell)
    await tab.select(EN["alerts.only"], "solar")
    assert EN["alerts.only_none"] in tab.texts()


async def test_a_kind_is_muted_at_the_alert_and_told_again(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")

    def mutes() -> object:
        return world.database.documents.get(f"users/{person.uid}", {}).get("mutes")

    await tab.click(EN["alert.mute"])
    assert mutes() == {"hidden_load": None}
    assert EN["alert.muted"] in tab.texts()
    await tab.click(EN["alert.unmute"])
    assert mutes() == {}


async def test_clamps_that_sit_wrong_are_two_taps_from_being_set_right(tabs: Tabs, world: FakeWorld) -> None:
    person = scenes.furnished(world)
    for name, channel in (("swapped", "clamps_swapped"), ("phase", "wrong_phase")):  # the other wants another conductor
        told = scenes.alert_document("sensor", channel, "", 0, None, None, scenes.NOW, None)
        world.database.put(f"homes/{scenes.HOME}/alerts/{name}", told)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    await tab.click(EN["alert.mend_clamps"])
    assert any(text.startswith("Step 5 of 5") for text in tab.texts())
    await tab.click(EN["calibrate.measure"])
    setting = {"grid": {"input": 2, "sign": 1}, "pv": {"input": 1, "sign": 1}}
    world.functions.answers(scenes.HOME, step="clamps", verdict="poor", va=1990, grid="swapped", set=setting)
    await tab.settle()
    await tab.click(EN["calibrate.fix"])
    asked = {"home": scenes.HOME, "step": "clamps", "set": setting}
    assert world.functions.calls[-1] == ("calibratemeter", asked)
    world.database.change(f"homes/{scenes.HOME}", roles={person.uid: "member"})
    await tab.go("/alerts")
    with pytest.raises(LookupError):
        tab.button(EN["alert.mend_clamps"])


async def test_an_empty_inbox_leads_to_what_is_watched(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    for path in [path for path in world.database.documents if "/alerts/" in path]:
        world.database.remove(path)
    tab = await tabs.open(dict(SIGNED_IN), route="/alerts")
    await tab.click(EN["alerts.watched"])
    assert EN["settings.kinds"] in tab.texts()
