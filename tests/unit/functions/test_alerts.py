"""One alert per event or condition, with its end, whichever is heard first, however often."""

from functools import reduce
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contract import documents, wire
from sunmeter.domain import alerts, kinds
from sunmeter.domain.alerts import Condition
from sunmeter.domain.items import Event
from tests.unit.functions.makers import START_S, event

NOW_MS = START_S * 1000 + 1_000
START = event()
END = event("end", START_S * 1000 + 600_000, duration_ms=600_000)
OF_PEOPLE = ("push", "due_ms", "seen_ms")  # whom to tell depends on what was heard first; the alert does not


def alert_of(*events: Event, now_ms: int = NOW_MS) -> dict[str, Any]:
    return reduce(alerts.with_event, events, alerts.opened(events[0], now_ms))


def known_of(alert: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in alert.items() if name not in OF_PEOPLE}


def test_start_and_end_are_one_alert() -> None:
    assert alerts.alert_id(START) == alerts.alert_id(END) == "m-0123456789-7-40"


def test_an_alert_says_what_it_is_and_what_is_usual() -> None:
    alert = alert_of(START)
    assert (alert["value"], alert["usual_lo"], alert["usual_hi"], alert["unit"]) == (3120, 180, 900, "W")
    assert alert["end_ms"] is None


def test_the_end_closes_the_alert_and_keeps_its_reason() -> None:
    assert alert_of(START, END) == {**alert_of(START), "end_ms": END.ts_ms}


@some.composite
def stories(draw: some.DrawFn) -> tuple[Event, Event]:
    """Start and end of some event, with what each of them found."""
    kind = draw(some.sampled_from(wire.EVENT_KINDS))
    lasted_ms = draw(some.integers(0, 10_000_000))
    values = some.none() | some.integers(-(1 << 31) + 1, 1 << 31 - 1)
    start = event(kind=kind, value=draw(values))
    return start, event("end", START.ts_ms + lasted_ms, kind=kind, value=draw(values), duration_ms=lasted_ms)


@given(stories(), some.lists(some.booleans(), max_size=6), some.randoms(use_true_random=False))
def test_start_and_end_in_any_order_and_number_make_the_same_alert(
    story: tuple[Event, Event], repeated: list[bool], shuffler: Any
) -> None:
    words = [*story, *(story[is_end] for is_end in repeated)]
    shuffler.shuffle(words)
    alert = alert_of(*words)
    assert known_of(alert) == known_of(alert_of(*story))
    assert alert["end_ms"] == story[1].ts_ms
    assert all(alerts.with_event(alert, word) == alert for word in story), "heard again, it changes nothing"


def test_a_state_machine_that_lets_the_last_word_hold_would_be_caught() -> None:
    def last_word(alert: dict[str, Any], word: Event) -> dict[str, Any]:
        return {**alert, "value": word.value, "end_ms": word.end_ms}

    sag, over = event(kind="sag", value=198_000), event("end", END.ts_ms, kind="sag", value=190_000)
    made = [reduce(last_word, order, alerts.opened(order[0], NOW_MS)) for order in permutations([sag, over])]
    assert known_of(made[0]) != known_of(made[1])


def test_the_end_of_a_voltage_event_tells_its_extreme_and_that_of_others_does_not() -> None:
    for kind in wire.EVENT_KINDS:
        start, end = event(kind=kind, value=5), event("end", END.ts_ms, kind=kind, value=9, duration_ms=600_000)
        expected = 9 if kind in ("sag", "swell", "interruption") else 5
        assert {alert_of(*order)["value"] for order in permutations([start, end])} == {expected}


def test_in_an_area_an_interruption_waits_for_the_street_and_nothing_else_does() -> None:
    for kind, hold_ms in (("interruption", 60_000), ("tamper", 0)):
        alert = alerts.opened(event(kind=kind), NOW_MS, in_area=True)
        alone = alerts.opened(event(kind=kind), NOW_MS)
        assert alert["due_ms"] - alone["due_ms"] == hold_ms
        assert alert.get("hold_ms", 0) == hold_ms


def test_a_rating_survives_the_end_of_the_event() -> None:
    rated = {**alert_of(START), "rating": "real", "rated_by": "ada", "acknowledged_by": "bob"}
    assert alerts.with_event(rated, END) == {**rated, "end_ms": END.ts_ms}


@pytest.mark.parametrize(
    ("first", "now_ms", "push", "due_after_ms"),
    [
        (START, NOW_MS, "pending", 0),
        (START, NOW_MS + 2 * 3_600_000, "none", None),
        (END, NOW_MS + 600_000, "none", None),
        (event(kind="tamper"), NOW_MS, "pending", 0),
        (event(kind="sag"), NOW_MS, "pending", 119_000),
        (event(ts_ms=NOW_MS + 500_000), NOW_MS, "pending", 0),  # the hub's clock runs ahead
    ],
)
def test_news_is_told_at_once_or_once_it_has_lasted(
    first: Event, now_ms: int, push: str, due_after_ms: int | None
) -> None:
    alert = alert_of(first, now_ms=now_ms)
    assert alert["push"] == push
    assert alert["due_ms"] == (None if due_after_ms is None else now_ms + due_after_ms)


def test_a_sag_that_is_over_at_once_waits_for_nobody() -> None:
    sag, over = event(kind="sag"), event("end", START.ts_ms + 900, kind="sag", duration_ms=900)
    assert (alert_of(sag, over)["push"], alert_of(sag, over)["due_ms"]) == ("none", None)
    long = event("end", START.ts_ms + 300_000, kind="sag", duration_ms=300_000)
    assert alert_of(sag, long)["push"] == "pending"


def condition(**changes: Any) -> Condition:
    known = {"id": "outage-x-5", "kind": "outage", "start_ms": NOW_MS - 5_000, "end_ms": None, "is_news": True}
    return Condition(**{**known, **changes})


def test_a_condition_opens_lasts_and_ends_as_it_is_judged() -> None:
    opened = alerts.judged(None, condition(), NOW_MS)
    assert (opened["push"], opened["end_ms"], opened["title_key"]) == ("pending", None, "alert.outage")
    assert alerts.judged(opened, condition(), NOW_MS + 60_000) == opened
    over = alerts.judged(opened, condition(end_ms=NOW_MS + 900_000), NOW_MS + 900_000)
    assert over == {**opened, "end_ms": NOW_MS + 900_000}
    assert alerts.judged(over, condition(), NOW_MS + 900_001) == over, "what has ended does not begin again"


def test_a_condition_that_is_over_when_it_is_heard_of_is_told_to_nobody() -> None:
    assert alerts.judged(None, condition(end_ms=NOW_MS, is_news=False), NOW_MS)["push"] == "none"


def test_what_is_ended_twice_keeps_its_first_end() -> None:
    alert = alerts.judged(None, condition(), NOW_MS)
    assert alerts.ended(alerts.ended(alert, 7), 9) == {**alert, "end_ms": 7}


def test_the_kinds_of_the_table_of_the_contract_and_of_the_meter_are_the_same() -> None:
    assert documents.ALERT_KINDS[: len(wire.EVENT_KINDS)] == wire.EVENT_KINDS
    assert set(kinds.ALERTS) == set(documents.ALERT_KINDS)
    assert set(documents.LOAD_KINDS) <= set(documents.ALERT_KINDS)
    assert not kinds.of("of a newer meter").pushed
