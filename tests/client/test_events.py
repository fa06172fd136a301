"""The log of meter and hub: what happened, in one list."""

import datetime as dt

import pytest

from contract import wire
from sunmeter_app.contract import documents, ledger
from sunmeter_app.model.alert import Alert, alert_from
from sunmeter_app.model.day import Day, Gap, day_from
from sunmeter_app.model.device import REFUSALS, Meter, hub_from, outcomes_from
from sunmeter_app.model.event import Change, Event, Told, events_of, losses_of
from sunmeter_app.speech import Speech
from sunmeter_app.strings import EN, FR
from sunmeter_app.ui.event_words import event_words

from . import scenes
from .fake_backend import FakeWorld
from .fake_functions import make_home
from .recording import RecordedApp
from .tabs import SIGNED_IN, Tabs

NOW_MS = int(scenes.NOW_S * 1000)
HOUR_MS = 3_600_000
METER = Meter("m-0123456789", "on", None, None)


def alert(kind: str, hours_ago: float, hours: float | None = 1.0) -> Alert:
    start_ms = NOW_MS - int(hours_ago * HOUR_MS)
    end_ms = None if hours is None else start_ms + int(hours * HOUR_MS)
    found = alert_from(f"alerts/{kind}-{hours_ago}", {"kind": kind, "start_ms": start_ms, "end_ms": end_ms})
    assert found is not None
    return found


def day(days_ago: int, **causes: tuple[int, int]) -> Day:
    """A day that lacks some quarters, from one to before another, each run for a cause."""
    date = scenes.NOW.date() - dt.timedelta(days=days_ago)
    faults = {
        index: (ledger.MISSING, documents.CAUSES.index(cause))
        for cause, (first, end) in causes.items()
        for index in range(first, end)
    }
    span = ledger.day_of(date, scenes.ZONE)
    return day_from(scenes.day_document(date, float("inf"), faults=faults), span)


def test_a_loss_over_midnight_is_one_and_another_cause_is_another() -> None:
    days = (day(1, wifi=(0, 3), meter=(3, 4)), day(2, wifi=(94, 96), power_cut=(10, 12), unknown=(20, 24)))
    midnight_s = days[0].span.start_s
    losses = [(each.cause, (each.end_s - each.start_s) // 900) for each in losses_of(days)]
    assert losses == [("power_cut", 2), ("wifi", 5), ("meter", 1)]
    assert losses_of(days)[1].start_s == midnight_s - 1800
    assert losses_of(()) == ()


def test_a_restart_that_took_nothing_is_told_without_a_length() -> None:
    start_s = day(0).quarters[40].start_s
    brief, lost = (Gap(start_s, start_s + 900, quality, "meter") for quality in (ledger.MEASURED, ledger.ESTIMATED))
    speech = Speech("en", scenes.ZONE.key)
    said = [event_words(Event(start_s * 1000, each), speech, scenes.NOW_S).when for each in (brief, lost)]
    assert said == ["Between 10:00 and 10:15", "From 10:00 to 10:15, 15 min"]


def test_what_an_alert_tells_is_not_told_again_as_a_loss() -> None:
    lost = day(1, power_cut=(13, 19), wifi=(46, 51))
    began_ms = lost.quarters[13].start_s * 1000
    hours_ago = (NOW_MS - began_ms) / HOUR_MS
    for kind, told in (("interruption", 1), ("outage", 1), ("silent", 2)):
        events = events_of(Told(alerts=(alert(kind, hours_ago, 1.0),), days=(lost,)), NOW_MS)
        assert len([each for each in events if isinstance(each.about, Gap)]) == told, kind


def test_only_what_concerns_the_devices_is_listed_the_newest_first() -> None:
    told = Told(
        alerts=(alert("hidden_load", 1), alert("sensor", 2), alert("over_budget", 3), alert("health", 50)),
        outcomes=outcomes_from({"jobs/command-1": {"state": "done", "text": "pong", "finished": NOW_MS - 3 * HOUR_MS}}),
    )
    assert [round((NOW_MS - each.at_ms) / HOUR_MS) for each in events_of(told, NOW_MS)] == [2, 3, 50]


def test_what_lies_before_the_oldest_alert_read_waits_for_the_older_ones() -> None:
    since_s = (NOW_MS - 90 * HOUR_MS) // 1000
    meter = Meter("m-0123456789", "on", since_s, None)
    alerts = (alert("sensor", 2), alert("overuse", 40))
    assert len(events_of(Told(meter, alerts=alerts, are_all_alerts=False), NOW_MS)) == 1
    assert len(events_of(Told(meter, alerts=alerts), NOW_MS)) == 2


def test_an_update_and_a_refusal_say_which_and_why() -> None:
    carried = {"firmware": 13, "updated_ms": NOW_MS - 7, "refusal": wire.REFUSALS.index("fell_back"), "refused_ms": 5}
    hub = hub_from("hubs/h", {"meters": {METER.id: carried}, "damaged_ms": 3})
    events = events_of(Told(METER, hub), NOW_MS)
    assert [each.about for each in events] == [
        Change("updated", NOW_MS - 7, "13"),
        Change("refused", 5, "fell_back"),
        Change("damaged", 3),
    ]
    words = [event_words(each, Speech(), scenes.NOW_S) for each in events]
    assert [(each.title, each.reason) for each in words] == [
        ("The meter took firmware 13", ""),
        (EN["events.refused"], EN["events.refused_fell_back"]),
        (EN["events.damaged"], EN["events.damaged_why"]),
    ]
    assert event_words(events[1], Speech("fr"), scenes.NOW_S).reason == FR["events.refused_fell_back"]


@pytest.mark.parametrize(("ahead_ms", "title"), [(7_200_000, "ahead"), (-90_000, "behind")])
def test_a_wrong_clock_says_by_how_much_and_that_nothing_is_lost(ahead_ms: int, title: str) -> None:
    hub = hub_from("hubs/h", {"meters": {METER.id: {"clock_ms": ahead_ms, "clocked_ms": NOW_MS - 9}}})
    (event,) = events_of(Told(METER, hub), NOW_MS)
    assert event.at_ms == NOW_MS - 9
    words = event_words(event, Speech(), scenes.NOW_S)
    assert words.title == EN[f"events.clock_{title}"].format(by=Speech().age(abs(ahead_ms)))
    assert words.reason == EN["events.clock_why"]


def test_refusals_are_the_wires() -> None:
    assert REFUSALS == wire.REFUSALS


def test_a_calibration_is_told_by_its_answer_or_by_itself() -> None:
    meter = Meter("m-0123456789", "on", None, NOW_MS - 500)
    answer = outcomes_from({"jobs/command-1": {"state": "done", "text": "pong", "finished": NOW_MS - 900}})
    assert [each.about for each in events_of(Told(meter), NOW_MS)] == [Change("calibrated", NOW_MS - 500)]
    assert [each.about for each in events_of(Told(meter, outcomes=answer), NOW_MS)] == list(answer)


def many_sensor_alerts(world: FakeWorld, many: int) -> None:
    for number in range(many):
        start = scenes.NOW - dt.timedelta(days=2 * number + 9)
        told = scenes.alert_document("sensor", "pv_flat", "", 0, None, None, start, 30)
        world.database.put(documents.alert(scenes.HOME, f"m-0123456789-1-{number}"), told)


async def test_the_log_tells_in_plain_words_what_happened(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    texts = tab.texts()
    assert {"Power cut at the house", "Voltage too high", EN["events.connected"]} <= set(texts)
    assert "From yesterday 03:15 to 04:45, 90 min" in texts
    assert EN["alert.hidden_load"] not in texts
    assert EN["events.earlier"] not in buttons(tab)
    assert tab.words("event") == "The internet was away. From yesterday 17:30 to 19:00, 90 min."


async def test_older_events_are_read_when_one_looks_that_far_back(tabs: Tabs, world: FakeWorld) -> None:
    scenes.furnished(world)
    many_sensor_alerts(world, 70)
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    shown = []
    while EN["events.earlier"] in buttons(tab):
        await tab.click(EN["events.earlier"])
        shown.append(tab.texts().count(EN["alert.sensor"]))
        assert len(shown) < 10
    assert shown[-1] == 70
    assert EN["events.connected"] in tab.texts()


def buttons(tab: RecordedApp) -> list[object]:
    return [getattr(each, "content", None) for each in tab.controls()]


async def test_a_new_home_says_that_nothing_happened(tabs: Tabs, world: FakeWorld) -> None:
    person = world.identity.add(scenes.EMAIL, scenes.PASSWORD)
    world.database.put(f"homes/{scenes.HOME}", make_home(person.uid, hub=None, meter=None))
    tab = await tabs.open(dict(SIGNED_IN), route="/devices")
    assert EN["events.none"] in tab.texts()
