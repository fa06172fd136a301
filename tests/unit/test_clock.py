"""The local clock's reading of schedules."""

from datetime import UTC, datetime, timedelta

import pytest

from dev.clock import Schedule


def due(text: str, first: datetime, hours: int, zone: str = "Etc/UTC") -> list[str]:
    """The minutes in which a schedule is due, from `first` on."""
    schedule = Schedule.parse(text, zone)
    moments = (first + timedelta(minutes=minute) for minute in range(hours * 60))
    return [f"{moment:%d %H:%M}" for moment in moments if schedule.matches(moment)]


MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hours", "expected"),
    [
        ("10 2 * * *", 48, ["23 02:10", "24 02:10"]),
        ("0 * * * *", 3, ["23 00:00", "23 01:00", "23 02:00"]),
        ("*/20 0 * * *", 24, ["23 00:00", "23 00:20", "23 00:40"]),
        ("5,35 1-2 * * *", 24, ["23 01:05", "23 01:35", "23 02:05", "23 02:35"]),
        ("0 12 * * 2", 48, ["24 12:00"]),
        ("0 12 * * 0", 24 * 7, ["29 12:00"]),
        ("0 12 * * 7", 24 * 7, ["29 12:00"]),
        ("0 0 1 12 *", 24 * 9, ["01 00:00"]),
        ("every 6 hours", 24, ["23 00:00", "23 06:00", "23 12:00", "23 18:00"]),
        ("every 1 hours", 2, ["23 00:00", "23 01:00"]),
        ("every 30 minutes", 1, ["23 00:00", "23 00:30"]),
    ],
)
def test_a_schedule_is_due_when_its_line_says(text: str, hours: int, expected: list[str]) -> None:
    assert due(text, MONDAY, hours) == expected


def test_a_schedule_follows_its_zone_through_the_change_of_clocks() -> None:
    saturday = datetime(2026, 10, 24, tzinfo=UTC)
    assert due("10 4 * * *", saturday, 48, "Europe/Paris") == ["24 02:10", "25 03:10"]


@pytest.mark.parametrize("text", ["", "10 2 * *", "x 2 * * *", "sometimes", "1- 2 * * *"])
def test_a_line_that_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        Schedule.parse(text)
