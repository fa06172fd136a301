"""`make test` runs every test, and is red when one of its lanes is."""

import sys

import pytest

from dev import tests
from dev.paths import RUN


@pytest.mark.parametrize(
    ("folder", "marks", "lane"),
    [
        ("emulator", {"stack", "slow"}, tests.CLOUD),
        ("edge", {"stack"}, tests.CLOUD),
        ("browser", {"stack", "browser"}, tests.CLOUD),
        ("browser", {"browser"}, tests.WAITING),
        ("edge", {"asyncio"}, tests.WAITING),
        ("smoke", {"whole", "browser"}, tests.CLOUD),
        ("smoke", {"whole", "slow"}, tests.CLOUD),
        ("unit", set(), tests.COMPUTING),
        ("firmware", {"slow"}, tests.COMPUTING),
    ],
)
def test_a_lane_is_chosen_by_what_a_test_waits_for(folder: str, marks: set[str], lane: str) -> None:
    assert tests.lane_of(folder, marks) == lane


@pytest.mark.parametrize("red", tests.LANES)
def test_one_red_lane_is_enough_and_its_words_are_shown(
    red: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lane = f"import sys; print('words of', sys.argv[1]); sys.exit(3 * (sys.argv[1] == '--lane={red}'))"
    monkeypatch.setattr(tests, "PYTEST", (sys.executable, "-c", lane))
    assert tests.run_lanes(RUN / "lanes-tried") == 3
    assert f"words of --lane={red}" in capfd.readouterr().out


def test_all_lanes_green_is_green(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tests, "PYTEST", (sys.executable, "-c", ""))
    assert tests.run_lanes(RUN / "lanes-tried") == 0
