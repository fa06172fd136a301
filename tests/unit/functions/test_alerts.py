"""One alert per event, with its end, whichever is heard first; and who is told of it."""

from functools import reduce
from itertools import permutations
from typing import Any

import pytest

from sunmeter.contract.features import NAMES
from sunmeter.domain import alerts, pushes
from sunmeter.domain.items import Event
from sunmeter.domain.pushes import CLAIM_MS, Device, Outcome
from tests.unit.functions.makers import START_S, event

NOW_MS = START_S * 1000 + 1_000
START = event()
END = event("end", START_S * 1000 + 600_000, duration_ms=600_000)


def alert_of(*events: Event, now_ms: int = NOW_MS) -> dict[str, Any]:
    return reduce(alerts.with_event, events, alerts.opened(events[0], now_ms))


def test_start_and_end_are_one_alert() -> None:
    assert alerts.alert_id(START) == alerts.alert_id(END) == "m-0123456789-7-40"


def test_an_alert_says_what_it_is_and_what_is_usual() -> None:
    alert = alert_of(START)
    assert (alert["value"], alert["usual_lo"], alert["usual_hi"], alert["unit"]) == (3120, 180, 900, "W")
    assert alert["end_ms"] is None
    assert (
        alerts.sentence(alert, "Home") == "Home: the house drew on average over an hour 3,120 W, usually 180 to 900 W."
    )
    assert alerts.title("overuse") == "More electricity than expected"


def test_the_end_closes_the_alert_and_keeps_its_reason() -> None:
    assert alert_of(START, END) == {**alert_of(START), "end_ms": END.ts_ms}


def test_start_and_end_in_any_order_and_number_say_the_same() -> None:
    expected = {**alert_of(START, END), "push": None}
    for order in permutations([START, END, START, END]):
        assert {**alert_of(*order), "push": None} == expected


def test_an_event_heard_again_changes_nothing() -> None:
    alert = alert_of(START, END)
    assert alerts.with_event(alert, START) == alert
    assert alerts.with_event(alert, END) == alert


def test_a_rating_survives_the_end_of_the_event() -> None:
    rated = {**alert_of(START), "rating": "real", "rated_by": "ada"}
    assert alerts.with_event(rated, END)["rating"] == "real"


@pytest.mark.parametrize(
    ("first", "now_ms", "push"),
    [
        (START, NOW_MS, "pending"),
        (START, NOW_MS + 2 * 3_600_000, "none"),
        (END, NOW_MS + 600_000, "none"),
        (event(kind="sag"), NOW_MS, "none"),
        (event(kind="tamper"), NOW_MS, "pending"),
    ],
)
def test_only_news_of_kinds_that_matter_is_pushed(first: Event, now_ms: int, push: str) -> None:
    assert alert_of(first, now_ms=now_ms)["push"] == push


def test_a_sentence_without_figures_names_the_home() -> None:
    assert alerts.sentence(alert_of(event(value=None)), "Home") == "Home."
    assert alerts.sentence(alert_of(event(value=5, usual_lo=None, channel="new", unit="")), "Home") == "Home: 5."


def test_a_sentence_speaks_in_volts_and_per_cent() -> None:
    sag = alert_of(event(channel="voltage_burst", value=198_450, usual_lo=207_000, usual_hi=253_000, unit="mV"))
    assert alerts.sentence(sag, "Home") == "Home: mains voltage 198.4 V, usually 207.0 to 253.0 V."
    cloudy = alert_of(event(channel="pv_of_envelope_3h", value=312, usual_lo=None, unit="permille"))
    assert alerts.sentence(cloudy, "Home") == "Home: solar power, of what this sun can give, 31.2 %."


def test_every_channel_with_a_value_has_words() -> None:
    wordless = {"none", "frozen", "no_current"}
    assert set(NAMES) - wordless <= set(alerts.QUANTITIES) | set(alerts.FACTS)


PHONE, LAPTOP, TABLET = (Device(f"d{n}", "ada", f"token-{n}") for n in range(3))
PENDING = {"pushed": {}, "pushing": {}, "push": "pending"}


def test_every_device_is_due_once() -> None:
    assert pushes.due(PENDING, [PHONE, LAPTOP], NOW_MS) == [PHONE, LAPTOP]
    told = {**PENDING, "pushed": {PHONE.id: NOW_MS}}
    assert pushes.due(told, [PHONE, LAPTOP], NOW_MS) == [LAPTOP]


def test_a_token_registered_twice_is_told_once() -> None:
    assert pushes.due(PENDING, [PHONE, Device("copy", "eve", PHONE.token)], NOW_MS) == [PHONE]


def test_what_another_sender_claimed_is_not_due_until_its_claim_is_old() -> None:
    claimed = {**PENDING, "pushing": pushes.claimed(PENDING, [PHONE], NOW_MS)}
    assert pushes.due(claimed, [PHONE, LAPTOP], NOW_MS + 1) == [LAPTOP]
    assert pushes.due(claimed, [PHONE], NOW_MS + CLAIM_MS) == [PHONE]


def test_once_all_are_told_or_dead_the_alert_is_sent() -> None:
    claimed = {**PENDING, "pushing": {PHONE.id: NOW_MS, LAPTOP.id: NOW_MS}}
    after = pushes.settled(claimed, Outcome([PHONE], [LAPTOP], []), NOW_MS + 5)
    assert after == {"push": "sent", "pushed": {PHONE.id: NOW_MS + 5}, "pushing": {}}


def test_a_busy_device_leaves_the_alert_pending_and_gives_its_claim_back() -> None:
    claimed = {**PENDING, "pushing": {PHONE.id: NOW_MS, TABLET.id: NOW_MS}}
    after = pushes.settled(claimed, Outcome([PHONE], [], [TABLET]), NOW_MS)
    assert (after["push"], after["pushing"]) == ("pending", {})
    assert pushes.due(after, [PHONE, TABLET], NOW_MS) == [TABLET]


def test_an_alert_stays_pending_while_another_sender_is_at_work() -> None:
    claimed = {**PENDING, "pushing": {PHONE.id: NOW_MS}}
    assert pushes.settled(claimed, Outcome([], [], []), NOW_MS)["push"] == "pending"


def test_the_claim_of_a_sender_that_died_with_its_device_gone_does_not_hold_the_alert_for_ever() -> None:
    claimed = {**PENDING, "pushing": {"gone": NOW_MS}}
    assert pushes.settled(claimed, Outcome([], [], []), NOW_MS + CLAIM_MS)["push"] == "sent"


def test_an_alert_without_devices_is_done_with() -> None:
    assert pushes.settled(PENDING, Outcome([], [], []), NOW_MS)["push"] == "sent"


def test_a_fact_about_a_sensor_is_told_without_a_number() -> None:
    turned = alert_of(event(kind="sensor", value=0, usual_lo=0, usual_hi=0, channel="grid_reversed", unit=""))
    assert alerts.sentence(turned, "Home") == "Home: the clamp of the grid sits the wrong way round."
