"""What a night keeps for the next one."""

import datetime as dt
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bench._prices import document_bytes
from sunmeter.contract import ledger
from sunmeter.contract.documents import DAY_COLUMNS, SPOT_COLUMNS, blank, pack
from sunmeter.contract.ledger import LocalDay
from sunmeter.domain import days, feedback, kept, months
from tests.unit.functions.makers import METER, chain, registers

ZONE = "Europe/Paris"
DAY = "2026-11-22"
MOST_BYTES = 1 << 20  # of a document
NOW_MS = 1_795_392_000_000
MOMENT = dt.datetime(2026, 11, 22, 23, tzinfo=dt.UTC)
Fields = dict[str, Any]


def local(day: str) -> LocalDay:
    return ledger.day_of(dt.date.fromisoformat(day), ZoneInfo(ZONE))


@cache
def document(day: str, rev: int = 1) -> Fields:
    """A day's document, as ingest leaves it after so many changes."""
    whole = days.merge(days.empty(local(day), ZONE), chain(local(day).start_s, [registers(60_000)] * 96))
    return {**days.write(whole), "rev": rev}


def documents_of(*named: str) -> dict[str, Fields]:
    return {day: document(day) for day in named}


def month_of(month: str, **revs: int) -> Fields:
    """A month that was told of those revisions of its days."""
    told = {day.removeprefix("d"): {"rev": rev} for day, rev in revs.items()}
    return {"month": month, "days": told, "updated": MOMENT}


def test_a_window_is_the_days_that_a_model_is_trained_on() -> None:
    wanted = kept.window("2026-03-02")
    assert len(wanted) == kept.MINUTE_DAYS
    assert (wanted[0], wanted[-2:]) == ("2026-01-17", ["2026-03-01", "2026-03-02"])


def test_only_days_of_which_the_month_tells_a_later_revision_are_read_again() -> None:
    stored = kept.with_days(None, DAY, documents_of("2026-10-31", "2026-11-20", "2026-11-21"))
    by_month = {
        "2026-10": month_of("2026-10", d31=1, d01=9),  # the first of October has left the window
        "2026-11": month_of("2026-11", d20=1, d21=2, d22=1),
    }
    assert kept.changed_days(stored, DAY, by_month) == ["2026-11-21", "2026-11-22"]
    assert kept.changed_days(stored, DAY, {}) == []


def test_a_month_that_is_behind_a_kept_day_changes_nothing() -> None:
    stored = kept.with_days(None, DAY, {"2026-11-21": document("2026-11-21", rev=5)})
    assert kept.changed_days(stored, DAY, {"2026-11": month_of("2026-11", d21=4)}) == []


def test_a_day_that_was_read_again_takes_the_place_of_what_was_kept_of_it() -> None:
    stored = kept.with_days(None, DAY, documents_of("2026-11-20", "2026-11-21"))
    after = kept.with_days(stored, DAY, {"2026-11-20": document("2026-11-20", rev=7)})
    assert {day: minutes["rev"] for day, minutes in after["days"].items()} == {"2026-11-20": 7, "2026-11-21": 1}


def test_days_that_leave_the_window_go_and_the_others_stay_in_order() -> None:
    stored = kept.with_days(None, "2026-11-21", documents_of("2026-10-08", "2026-11-21"))
    assert list(stored["days"]) == ["2026-10-08", "2026-11-21"]
    after = kept.with_days(stored, DAY, documents_of(DAY, "2026-10-30"))
    assert list(after["days"]) == ["2026-10-30", "2026-11-21", "2026-11-22"]


@pytest.mark.parametrize(("waiting", "is_written"), [(0, False), (1, False), (2, False), (3, True)])
def test_the_minutes_are_written_once_three_days_wait(waiting: int, is_written: bool) -> None:
    wanted = kept.window(DAY)
    stored = kept.with_days(None, DAY, documents_of(*wanted[:10]))
    after = kept.with_days(stored, DAY, documents_of(*wanted[-waiting:]) if waiting else {})
    assert kept.is_worth_writing(stored, after) is is_written


def test_a_young_home_keeps_nothing_until_that_spares_reads() -> None:
    few = kept.with_days(None, DAY, documents_of("2026-11-21", DAY))
    assert not kept.is_worth_writing(None, few)
    assert kept.is_worth_writing(None, kept.with_days(few, DAY, documents_of("2026-11-20")))
    assert not kept.has_old_news(None, DAY, {"2026-11": month_of("2026-11", d22=1)})
    assert kept.has_old_news(None, DAY, {"2026-10": month_of("2026-10")})


def test_what_another_version_kept_is_made_again() -> None:
    stored = kept.with_days(None, DAY, documents_of(DAY))
    assert kept.readable(stored) == stored
    assert kept.readable({**stored, "v": kept.VERSION + 1}) is None
    assert kept.readable(None) is None


def test_kept_months_are_those_of_the_year() -> None:
    found = {each: month_of(each) for each in ("2026-10", "2025-10", "2025-11")}
    stored = kept.with_months(None, DAY, found, NOW_MS)
    assert list(stored["months"]) == ["2025-11", "2026-10"]
    after = kept.with_months(stored, DAY, {"2026-11": month_of("2026-11", d22=1)}, NOW_MS)
    assert list(kept.up_to(after, "2026-11-30")) == ["2025-11", "2026-10", "2026-11"]
    assert list(kept.up_to(after, "2026-10-31")) == ["2025-11", "2026-10"]


def test_writings_are_looked_for_from_an_hour_before_the_last_look_on() -> None:
    stored = kept.with_months(None, DAY, {}, NOW_MS)
    assert stored["months"] == {}
    assert kept.seen_from(stored).timestamp() == NOW_MS // 1000 - 3600


def test_the_running_month_alone_is_no_reason_to_write() -> None:
    stored = kept.with_months(None, DAY, {"2026-10": month_of("2026-10")}, NOW_MS)
    running = {"2026-11": month_of("2026-11", d22=1), "2026-12": month_of("2026-12")}
    assert not kept.has_old_news(stored, DAY, running)
    assert not kept.has_old_news(stored, DAY, {"2026-10": month_of("2026-10")})
    assert kept.has_old_news(stored, DAY, {**running, "2026-10": month_of("2026-10", d31=2)})


def alert(start_ms: int, rating: str = "real", end_ms: int | None = 5) -> Fields:
    more = {"rated_by": "ada", "pushed": {"phone": 1}}
    told = {"rating": rating, "model_version": 3, "kind": "overuse", "channel": "house_60m"}
    return {**told, "start_ms": start_ms, "end_ms": end_ms, **more}


def test_ratings_are_kept_without_names_until_they_are_taken_back_or_old() -> None:
    old_ms = NOW_MS - 91 * 86_400_000
    stored = kept.with_ratings(None, NOW_MS, {"a": alert(NOW_MS), "b": alert(NOW_MS), "c": alert(old_ms)})
    assert stored["alerts"] == {each: feedback.rated(alert(NOW_MS)) for each in ("a", "b")}
    assert "rated_by" not in stored["alerts"]["a"]
    after = kept.with_ratings(stored, NOW_MS, {"a": alert(NOW_MS, "none"), "b": None})
    assert after["alerts"] == {}
    assert kept.with_ratings(stored, NOW_MS + 91 * 86_400_000, {})["alerts"] == {}


def test_an_alert_that_was_open_is_looked_at_again() -> None:
    stored = kept.with_ratings(None, NOW_MS, {"a": alert(NOW_MS), "b": alert(NOW_MS, end_ms=None)})
    assert kept.still_open(stored) == ["b"]
    assert kept.still_open(kept.with_ratings(stored, NOW_MS, {"b": alert(NOW_MS)})) == []
    assert kept.still_open(None) == []


def test_ratings_are_looked_for_from_an_hour_before_the_last_look_on() -> None:
    stored = kept.with_ratings(None, NOW_MS, {})
    assert kept.rated_from(stored, NOW_MS + 86_400_000) == NOW_MS - 3_600_000
    assert kept.rated_from(None, NOW_MS) == NOW_MS - feedback.RATED_DAYS * 86_400_000


def test_of_many_ratings_the_newest_are_kept() -> None:
    many = {f"a{number:03}": alert(NOW_MS - number) for number in range(feedback.MOST_RATED + 5)}
    stored = kept.with_ratings(None, NOW_MS, many)
    assert len(stored["alerts"]) == feedback.MOST_RATED
    assert "a000" in stored["alerts"]
    assert f"a{feedback.MOST_RATED + 4:03}" not in stored["alerts"]


def test_each_copy_fits_into_a_document_by_far() -> None:
    longest = {name: pack(DAY_COLUMNS[name], blank(DAY_COLUMNS[name], 100)) for name in kept.MINUTE_COLUMNS}
    minutes = {day: {"start_s": 1, "rev": 1, "columns": longest} for day in kept.window(DAY)}
    assert document_bytes("homes/h/kept/minutes", {"v": 1, "days": minutes}) < 0.6 * MOST_BYTES
    month: Fields | None = None
    for number in range(1, 32):
        day = f"2026-10-{number:02}"
        whole = days.merge(days.empty(local(day), ZONE), chain(local(day).start_s, [registers(60_000, 1, 2)] * 96))
        month = months.with_day(month, whole)
        entry = month["days"][f"{number:02}"]
        entry["money"] = {f"a_name_as_long_{position}": 10**9 for position in range(10)}
        entry["books"] = {f"{METER}-{which}": entry["books"][METER] for which in range(3)}  # three meters a day
    assert document_bytes("homes/h/kept/months", {"months": {f"m{each}": month for each in range(14)}}) < MOST_BYTES
    prices = {name: pack(column, blank(column, 2980)) for name, column in SPOT_COLUMNS.items()}
    assert document_bytes("homes/h/kept/prices", {"months": {f"m{each}": prices for each in range(14)}}) < MOST_BYTES
