"""Silences of meters in whatever order they are told, and hubs that ought to have told of themselves."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from sunmeter.domain import presence
from sunmeter.domain.silences import KEPT, Silences, changed

MINUTE_MS = 60_000
Word = tuple[str, int]


def told(words: list[Word]) -> Silences:
    silences = Silences()
    for state, since_ms in words:
        silences = silences.told(state, since_ms)
    return silences


def test_a_meter_that_runs_another_firmware_is_known_to_since_when() -> None:
    first = presence.with_updates({}, {"m": {"firmware": 12}}, 5)
    assert first == {"m": {"firmware": 12}}  # nobody knows since when
    unheard = presence.with_updates(first, {"m": {"firmware": 0}}, 6)
    assert unheard == {"m": {"firmware": 0}}
    updated = presence.with_updates(first, {"m": {"firmware": 13}}, 7)
    assert updated == {"m": {"firmware": 13, "updated_ms": 7}}
    assert presence.with_updates(updated, {"m": {"firmware": 13}}, 9) == updated


def test_trouble_with_a_clock_outlives_a_new_start_of_the_hub() -> None:
    before = {"m": {"firmware": 12, "clock_ms": 7_200_000, "clocked_ms": 5}}
    assert presence.with_updates(before, {"m": {"firmware": 12}}, 9) == before
    again = {"m": {"firmware": 12, "clock_ms": -20_000, "clocked_ms": 8}}
    assert presence.with_updates(before, again, 9) == again


def test_a_silence_ends_with_the_first_return_after_it() -> None:
    words = [("silent", 10), ("back", 30), ("silent", 50)]
    assert told(words).episodes() == {10: 30, 50: None}
    assert told(words).is_silent
    assert not told([*words, ("back", 60)]).is_silent


def test_a_return_that_was_lost_does_not_leave_a_silence_open_for_ever() -> None:
    assert told([("silent", 10), ("silent", 50)]).episodes() == {10: 50, 50: None}


@some.composite
def lives(draw: some.DrawFn) -> list[Word]:
    """What a hub tells of a meter, in truth's order: silences and returns take turns."""
    moments = sorted(draw(some.sets(some.integers(1, 10_000), max_size=KEPT)))
    return [("silent" if number % 2 == 0 else "back", moment) for number, moment in enumerate(moments)]


@given(lives(), some.lists(some.integers(0, KEPT), max_size=6), some.randoms(use_true_random=False))
def test_words_in_any_order_and_number_tell_the_same_silences(
    life: list[Word], repeated: list[int], shuffler: Any
) -> None:
    words = [*life, *(life[number] for number in repeated if number < len(life))]
    shuffler.shuffle(words)
    silences = told(words)
    ends = {since: next((end for _, end in life if end > since), None) for state, since in life if state == "silent"}
    assert silences.episodes() == ends
    assert silences.is_silent == (bool(life) and life[-1][0] == "silent")
    assert all(changed(silences, silences.told(*word)) == {} for word in life)


@given(some.lists(some.tuples(some.sampled_from(["silent", "back"]), some.integers(1, 500)), max_size=80))
def test_what_has_ended_never_lasts_again_and_what_is_kept_is_bounded(words: list[Word]) -> None:
    silences, ended = Silences(), set()
    for word in words:
        after = silences.told(*word)
        for began, end in changed(silences, after).items():
            assert end is not None or began not in ended
            ended |= {began} if end is not None else set()
        silences = after
    assert len(silences.began_ms) <= KEPT
    assert len(silences.back_ms) <= KEPT


def test_a_state_that_only_knows_the_last_word_would_be_caught() -> None:
    words = [("back", 30), ("silent", 10)]
    assert told(words).is_silent is False
    assert words[-1][0] == "silent"


def test_a_document_is_read_back_and_another_home_starts_anew() -> None:
    silences = told([("silent", 10), ("back", 30)])
    meter = {"silences": silences.document("h")}
    assert Silences.of(meter, "h") == silences
    assert Silences.of(meter, "g") == Silences.of({}, "g") == Silences()


def test_a_hub_is_silent_two_of_its_heartbeats_after_it_should_have_told_of_itself() -> None:
    for meters, pause_min in ((1, 180), (10, 18), (36, 5), (50, 3), (200, 3), (0, 180)):
        due_ms = presence.due_ms(0, meters)
        assert due_ms == (pause_min + 30) * MINUTE_MS
        hub = {"last_ms": 0, "due_ms": due_ms, "revoked": False}
        assert not presence.is_silent(hub, due_ms)
        assert presence.is_silent(hub, due_ms + 1)
        assert not presence.is_silent({**hub, "revoked": True}, due_ms + 1)
    assert not presence.is_silent({"revoked": False}, 5), "one that was never heard is not missed"
    assert not presence.is_silent({"revoked": False, "due_ms": None}, 5)


def test_a_hub_of_an_area_is_asked_before_it_is_called_silent() -> None:
    due_ms = presence.due_ms(0, 50, in_area=True)
    assert due_ms == 220_000
    hub = {"last_ms": 0, "due_ms": due_ms, "revoked": False, "areas": ["north"]}
    assert presence.is_overdue(hub, due_ms + 1)
    assert not presence.is_silent(hub, due_ms + 1)
    asked = {**hub, "asked_ms": due_ms + 1, "due_ms": due_ms + 1 + presence.ANSWER_MS}
    assert not presence.is_silent(asked, due_ms + presence.ANSWER_MS)
    assert presence.is_silent(asked, due_ms + presence.ANSWER_MS + 2)
    assert not presence.is_soon(asked, 50, due_ms + 5), "whoever was asked answers with a write"
    assert presence.is_soon(hub, 50, 149_999)
    assert not presence.is_soon(hub, 50, 150_000)


@given(some.integers(1, 200), some.lists(some.floats(30.0, 61.0), min_size=300, max_size=300))
def test_heartbeats_that_come_when_they_come_never_make_a_hub_overdue(meters: int, waits_s: list[float]) -> None:
    now_ms, hub = 0, {"last_ms": 0, "due_ms": presence.due_ms(0, meters, in_area=True), "revoked": False}
    writes = 0
    for wait_s in waits_s:
        now_ms += int(wait_s * 1000)
        assert not presence.is_overdue(hub, now_ms)
        if not presence.is_soon(hub, meters, now_ms):
            writes += 1
            hub = {**hub, "last_ms": now_ms, "due_ms": presence.due_ms(now_ms, meters, in_area=True)}
    assert writes <= now_ms // (presence.pause_ms(meters) - presence.EARLY_MS) + 1
