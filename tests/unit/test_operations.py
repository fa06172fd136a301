"""What docs/operations.md quotes of logs and screens is what the programs say."""

import re
from pathlib import Path

import pytest

from dev.paths import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text()
QUOTED = "\n".join(re.findall(r"^```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
OF_HUB = re.compile(r"^(?:INFO|WARNING|ERROR) ([a-z ]+?) \w+=", re.MULTILINE)
OF_FUNCTIONS = re.compile(r'"message": "([^"]+)"')
OF_HEALTH = re.compile(r"^  (?:ok   |WRONG)   ([a-z -]+):", re.MULTILINE)


def source(*folders: str) -> str:
    return "\n".join(file.read_text() for folder in folders for file in Path(ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize(
    ("pattern", "folders", "least"),
    [(OF_HUB, ("edge/sunmeter_edge",), 8), (OF_FUNCTIONS, ("functions/sunmeter",), 5), (OF_HEALTH, ("dev",), 4)],
)
def test_every_quoted_event_is_one_that_a_program_tells(
    pattern: re.Pattern[str], folders: tuple[str, ...], least: int
) -> None:
    events = set(pattern.findall(QUOTED))
    assert len(events) >= least
    code = source(*folders)
    assert [event for event in sorted(events) if f'"{event}' not in code] == []


def test_there_are_ten_and_each_says_what_to_do() -> None:
    sections = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    assert [section.split(".")[0] for section in sections] == [str(number) for number in range(1, 11)]
    assert all(re.search(r"\bDo[:,]", section) for section in sections)
