"""What the hub keeps of failures around it: whose they were, and how much of each quarter they took."""

from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection

import pytest

from sunmeter_edge import failures
from sunmeter_edge.failures import ALIVE_EVERY_MS, CLOUD, INTERNET
from sunmeter_edge.store import connect

START_MS = 1_790_000_100_000 // 900_000 * 900_000
END_MS = START_MS + 900_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    opened = connect(tmp_path / "hub.db")
    yield opened
    opened.close()


def seconds(connection: Connection, now_ms: int = END_MS + HOUR_MS) -> tuple[int, int, int]:
    """(offline, of which the cloud's, hub) within the quarter."""
    found = failures.within(connection, START_MS // 1000, now_ms)
    return found["offline_s"], found["cloud_s"], found["hub_s"]


def test_without_failures_there_is_nothing_to_tell(connection: Connection) -> None:
    failures.ends(connection, START_MS)
    failures.alive(connection, START_MS)
    assert seconds(connection) == (0, 0, 0)


def test_an_outage_counts_from_its_first_failure_to_what_got_through(connection: Connection) -> None:
    for minute in (5, 6, 7):
        failures.begins(connection, INTERNET, START_MS + minute * MINUTE_MS)
    failures.ends(connection, START_MS + 9 * MINUTE_MS)
    assert seconds(connection) == (240, 0, 0)


def test_one_that_lasts_counts_until_now_and_no_further_than_the_quarter(connection: Connection) -> None:
    failures.begins(connection, INTERNET, START_MS - HOUR_MS)
    assert seconds(connection, START_MS + MINUTE_MS) == (60, 0, 0)
    assert seconds(connection) == (900, 0, 0)


def test_a_cloud_that_answers_but_not_now_is_told_apart_from_a_line_that_is_cut(connection: Connection) -> None:
    failures.begins(connection, INTERNET, START_MS)
    failures.begins(connection, CLOUD, START_MS + 4 * MINUTE_MS)
    failures.begins(connection, CLOUD, START_MS + 5 * MINUTE_MS)
    failures.ends(connection, START_MS + 10 * MINUTE_MS)
    assert seconds(connection) == (600, 360, 0)


def test_a_hub_that_was_away_knows_it_when_it_comes_back(connection: Connection) -> None:
    failures.started(connection, START_MS - HOUR_MS)
    failures.alive(connection, START_MS + 2 * MINUTE_MS)
    failures.started(connection, START_MS + 12 * MINUTE_MS)
    assert seconds(connection) == (0, 0, 600)


def test_a_restart_is_no_absence_and_a_first_start_neither(connection: Connection) -> None:
    failures.started(connection, START_MS)
    failures.started(connection, START_MS + ALIVE_EVERY_MS)
    assert seconds(connection) == (0, 0, 0)


def test_a_clock_that_starts_behind_makes_no_absence(connection: Connection) -> None:
    failures.started(connection, START_MS)
    failures.started(connection, 0)
    failures.started(connection, START_MS + ALIVE_EVERY_MS)
    assert seconds(connection) == (0, 0, 0)
