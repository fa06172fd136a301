"""Quiet hours on the wall clock of the home, over midnight and over changes of the clock."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sunmeter.domain.quiet import Quiet, over_ms

PARIS = ZoneInfo("Europe/Paris")
NIGHT = Quiet(22 * 60, 7 * 60)


def ms(text: str, fold: int = 0) -> int:
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold).timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "over"),
    [
        ("2026-11-22T21:59:59", "2026-11-22T21:59:59"),
        ("2026-11-22T22:00:00", "2026-11-23T07:00:00"),
        ("2026-11-23T06:59:59", "2026-11-23T07:00:00"),
        ("2026-11-23T07:00:00", "2026-11-23T07:00:00"),
    ],
)
def test_who_is_quiet_over_midnight_is_told_in_the_morning(moment: str, over: str) -> None:
    assert over_ms(ms(moment), PARIS, NIGHT) == ms(over)


def test_quiet_hours_within_a_day_end_on_that_day() -> None:
    nap = Quiet(13 * 60, 15 * 60)
    assert over_ms(ms("2026-11-22T14:00:00"), PARIS, nap) == ms("2026-11-22T15:00:00")
    assert over_ms(ms("2026-11-22T12:59:00"), PARIS, nap) == ms("2026-11-22T12:59:00")


def test_none_and_hours_of_no_length_are_never_quiet() -> None:
    assert over_ms(5, PARIS, None) == 5
    assert over_ms(5, PARIS, Quiet(60, 60)) == 5


def test_an_end_that_the_clock_skips_is_when_it_has_skipped_it() -> None:
    assert over_ms(ms("2026-03-29T01:30:00"), PARIS, Quiet(0, 150)) == ms("2026-03-29T03:30:00")


def test_an_end_that_the_clock_shows_twice_ends_what_is_still_quiet() -> None:
    early, late = ms("2026-10-25T02:30:00"), ms("2026-10-25T02:30:00", fold=1)
    assert late - early == 3_600_000
    assert over_ms(ms("2026-10-25T01:00:00"), PARIS, Quiet(0, 150)) == early
    assert over_ms(ms("2026-10-25T02:10:00", fold=1), PARIS, Quiet(0, 150)) == late


@given(
    some.integers(1_700_000_000_000, 1_900_000_000_000),
    some.sampled_from(["Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"]),
    some.builds(Quiet, some.integers(0, 1439), some.integers(0, 1439)),
)
def test_quiet_is_over_within_a_day_and_an_hour(moment_ms: int, zone: str, hours: Quiet) -> None:
    over = over_ms(moment_ms, ZoneInfo(zone), hours)
    assert moment_ms <= over <= moment_ms + 25 * 3_600_000
    local = dt.datetime.fromtimestamp(moment_ms / 1000, ZoneInfo(zone))
    assert (over == moment_ms) == (not hours.holds(local.hour * 60 + local.minute))
