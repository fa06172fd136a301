"""What a hub may send: forms, bounds and times, each refusal with its code and field."""

import random
import string
from typing import Any

import pytest

from sunmeter.contract.ledger import Interval
from sunmeter.contract.refusal import Refusal
from sunmeter.domain import items
from sunmeter.domain.items import Event, Heartbeat
from tests.unit.functions.makers import EVENT, METER, START_S, interval

NOW_S = START_S + 3600

STATUS = {"type": "status", "meter": METER, "state": "silent", "since_ms": START_S * 1000}
RESULT = {"type": "result", "v": 1, "meter": METER, "boot_id": 7, "seq": 9, "command_id": 5, "code": 0, "text": "done"}
HEARTBEAT = {
    "type": "heartbeat",
    "version": "0.1.0",
    "queue": 3,
    "meters": {METER: {"last_ms": 1, "firmware": 2, "model": 0}},
}
SIGHTING = {"type": "sighting", "meter": METER}
VALID = {
    "interval": interval().to_json(),
    "event": EVENT,
    "status": STATUS,
    "result": RESULT,
    "heartbeat": HEARTBEAT,
    "sighting": SIGHTING,
}


def refusal_of(raw: Any) -> tuple[str, str]:
    with pytest.raises(Refusal) as refused:
        items.parse(raw, NOW_S)
    return refused.value.code, refused.value.field


@pytest.mark.parametrize("kind", VALID)
def test_every_kind_of_item_is_read(kind: str) -> None:
    assert type(items.parse(VALID[kind], NOW_S)).__name__.lower() == kind


def test_unknown_fields_are_ignored() -> None:
    assert items.parse({**EVENT, "colour": "red"}, NOW_S) == items.parse(EVENT, NOW_S)


def test_a_heartbeat_tells_when_a_database_was_set_aside_and_older_hubs_do_not() -> None:
    told, older = items.parse({**HEARTBEAT, "damaged_ms": 5}, NOW_S), items.parse(HEARTBEAT, NOW_S)
    assert isinstance(told, Heartbeat)
    assert isinstance(older, Heartbeat)
    assert (told.damaged_ms, older.damaged_ms) == (5, 0)


def test_a_heartbeat_tells_what_a_meter_last_refused_where_it_refused_anything() -> None:
    health = {"last_ms": 1, "firmware": 2, "model": 0}
    for told in (health, {**health, "refusal": 9, "refused_ms": 5}, {**health, "clock_ms": -5, "clocked_ms": 7}):
        heartbeat = items.parse({**HEARTBEAT, "meters": {METER: told}}, NOW_S)
        assert isinstance(heartbeat, Heartbeat)
        assert heartbeat.meters == {METER: told}
    assert refusal_of({**HEARTBEAT, "meters": {METER: {**health, "refusal": 256, "refused_ms": 5}}})[1] == "refusal"
    assert refusal_of({**HEARTBEAT, "meters": {METER: {**health, "refusal": 9}}})[1] == "refused_ms"
    assert refusal_of({**HEARTBEAT, "meters": {METER: {**health, "clock_ms": "late"}}})[1] == "clock_ms"
    assert refusal_of({**HEARTBEAT, "meters": {METER: {**health, "clock_ms": -5}}})[1] == "clocked_ms"


def test_an_event_knows_when_it_began_from_its_start_and_from_its_end() -> None:
    start = items.parse(EVENT, NOW_S)
    end = items.parse({**EVENT, "phase": "end", "ts_ms": START_S * 1000 + 60_000, "duration_ms": 60_000}, NOW_S)
    assert isinstance(start, Event)
    assert isinstance(end, Event)
    assert start.start_ms == end.start_ms == START_S * 1000
    assert (start.end_ms, end.end_ms) == (None, START_S * 1000 + 60_000)


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (None, "malformed", ""),
        ([], "malformed", ""),
        ({}, "unknown_schema", "type"),
        ({"type": "reading"}, "unknown_schema", "type"),
        ({"type": ["interval"]}, "unknown_schema", "type"),
        ({**EVENT, "v": 2}, "unknown_schema", "v"),
        ({**VALID["interval"], "v": 0}, "unknown_schema", "v"),
        ({**VALID["interval"], "meter": "m-UPPERCASE0"}, "malformed", "meter"),
        ({**VALID["interval"], "start_s": START_S + 1}, "out_of_range", "start_s"),
        ({**VALID["interval"], "regs1": [0, 0, 0, -1]}, "out_of_range", "regs1"),
        ({**EVENT, "kind": "party"}, "out_of_range", "kind"),
        ({**EVENT, "phase": "middle"}, "out_of_range", "phase"),
        ({**EVENT, "channel": "../x"}, "malformed", "channel"),
        ({**EVENT, "value": True}, "malformed", "value"),
        ({**EVENT, "value": 1 << 40}, "out_of_range", "value"),
        ({**EVENT, "seq": 0}, "out_of_range", "seq"),
        ({**EVENT, "unit": "W\x00"}, "out_of_range", "unit"),
        ({**STATUS, "state": "asleep"}, "out_of_range", "state"),
        ({**RESULT, "text": "x" * 500}, "out_of_range", "text"),
        ({**RESULT, "command_id": 0}, "out_of_range", "command_id"),
        ({**HEARTBEAT, "queue": -1}, "out_of_range", "queue"),
        ({**HEARTBEAT, "damaged_ms": "yesterday"}, "malformed", "damaged_ms"),
        ({**HEARTBEAT, "damaged_ms": -1}, "out_of_range", "damaged_ms"),
        ({**HEARTBEAT, "meters": {"a/b": {}}}, "malformed", "meters"),
        ({**HEARTBEAT, "meters": {METER: {}}}, "malformed", "last_ms"),
        ({**HEARTBEAT, "meters": {f"m-{n:010d}": {} for n in range(201)}}, "too_many", "meters"),
        ({**SIGHTING, "meter": 5}, "malformed", "meter"),
    ],
)
def test_what_is_wrong_is_named(raw: Any, code: str, field: str) -> None:
    assert refusal_of(raw) == (code, field)


def test_a_quarter_that_is_not_over_is_of_the_future() -> None:
    assert refusal_of(interval(NOW_S // 900 * 900 + 900).to_json()) == ("future", "start_s")


def test_no_cut_holds_for_ever_by_claiming_to_be_of_the_future() -> None:
    claimed = items.parse(interval(rev=1 << 48).to_json(), NOW_S)
    later = items.parse(interval(rev=(NOW_S + 700) * 1000).to_json(), NOW_S + 700)
    assert isinstance(claimed, Interval)
    assert isinstance(later, Interval)
    assert claimed.rank < later.rank


def test_the_hub_s_clock_may_run_a_little_ahead() -> None:
    items.parse({**EVENT, "ts_ms": (NOW_S + 300) * 1000}, NOW_S)
    assert refusal_of({**EVENT, "ts_ms": (NOW_S + 700) * 1000}) == ("future", "ts_ms")


def test_what_is_older_than_thirteen_months_is_too_old() -> None:
    items.parse(interval(START_S - 390 * 86_400).to_json(), NOW_S)
    assert refusal_of(interval(START_S - 401 * 86_400).to_json()) == ("too_old", "start_s")


def test_whatever_is_sent_only_named_errors_come_of_it() -> None:
    rng = random.Random(20261123)
    refusals = [refusal_or_none(mutated(rng, VALID[rng.choice(list(VALID))])) for _ in range(20_000)]
    named = [refusal for refusal in refusals if refusal is not None]
    assert len(named) > 10_000
    assert {refusal.code for refusal in named} <= {
        "malformed",
        "out_of_range",
        "unknown_schema",
        "too_old",
        "future",
        "too_many",
    }
    assert max(len(refusal.field) for refusal in named) <= 80


def refusal_or_none(raw: Any) -> Refusal | None:
    try:
        items.parse(raw, NOW_S)
    except Refusal as refusal:
        return refusal
    return None


def mutated(rng: random.Random, item: dict[str, Any]) -> Any:
    """An item with some of its fields dropped, replaced or nested wrongly."""
    changed = dict(item)
    for name in rng.sample(list(changed), rng.randrange(1, min(4, len(changed) + 1))):
        if rng.random() < 0.2:
            del changed[name]
        else:
            changed[name] = junk(rng, 3)
    return changed


def junk(rng: random.Random, depth: int) -> Any:
    kind = rng.randrange(7 if depth else 5)
    match kind:
        case 0:
            return rng.choice([None, True, False, METER])
        case 1:
            return rng.choice([0, -1, 1, 2**31, 2**63, -(2**70)])
        case 2:
            return rng.randrange(-(10**6), 10**6)
        case 3:
            return rng.choice([0.5, float("inf"), float("nan")])
        case 4:
            return "".join(rng.choices(string.printable + "é\x00\ud800", k=rng.randrange(20)))
        case 5:
            return [junk(rng, depth - 1) for _ in range(rng.randrange(6))]
    return {f"k{n}": junk(rng, depth - 1) for n in range(rng.randrange(4))}
