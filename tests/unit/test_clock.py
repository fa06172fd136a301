"""The local clock: how it reads schedules, and that no call that fails stops it."""

import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dev.ports import HOST, free_port
from dev.processes import Processes
from dev.scheduled import Clock, Schedule


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


class ClockOfOne(Clock):
    """A clock with one function that is always due, served on a given port."""

    def __init__(self, processes: Processes, port: int) -> None:
        super().__init__(processes, Path(), {})
        self._schedules = {"nightly": Schedule.parse("* * * * *")}
        self._one_port = port

    def _port(self, name: str) -> int:
        return self._one_port


def told_by(clock: Clock) -> list[str]:
    told: list[str] = []
    clock.fire_due(MONDAY, told.append)
    return told


def test_a_function_that_nobody_serves_is_told_and_the_clock_goes_on(tmp_path: Path) -> None:
    (told,) = told_by(ClockOfOne(Processes(tmp_path), free_port()))
    assert told.startswith("nightly did not answer: ")
    assert "refused" in told


def test_a_call_that_is_cut_off_is_told_and_the_clock_goes_on(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(65_536)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        (told,) = told_by(ClockOfOne(Processes(tmp_path), server.getsockname()[1]))
        thread.join()
    assert told.startswith("nightly did not answer: ")


def test_a_function_that_cannot_be_served_is_told_and_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "functions-framework").write_text("#!/bin/sh\necho no such target\nexit 3\n")
    (tmp_path / "functions-framework").chmod(0o755)
    monkeypatch.setattr("dev.scheduled.FUNCTIONS_PYTHON", tmp_path / "python")
    with Processes(tmp_path / "logs") as processes:
        clock = Clock(processes, tmp_path, {})
        clock._schedules = {"nightly": Schedule.parse("* * * * *")}
        for _ in range(2):
            (told,) = told_by(clock)
            assert "clock-nightly ended with 3" in told
            assert "no such target" in told
        processes.check()  # that it ended is no reason to end the rest
