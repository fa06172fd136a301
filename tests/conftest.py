"""What every suite shares: the lanes, the local stack, started once a session, and the public recordings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.paths import data_dir
from dev.ports import Ports
from dev.stack import Stack
from dev.tests import LANES, lane_of

TESTS = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lane", choices=LANES, help="only the tests of this lane of `make test`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Lets through what is in the lane. A test that takes the stack says so by its marker, as the lanes go by those."""
    for item in items:
        if "session_stack" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("stack"):
            raise pytest.UsageError(f"{item.nodeid} takes the stack: mark it with `stack`")
    if lane := config.getoption("lane"):
        out = [item for item in items if _lane_of(item) != lane]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if _lane_of(item) == lane]


def _lane_of(item: pytest.Item) -> str:
    return lane_of(item.path.relative_to(TESTS).parts[0], {mark.name for mark in item.iter_markers()})


@pytest.fixture(scope="session")
def session_stack() -> Iterator[Stack]:
    """The Emulator Suite on ports of its own, for the whole session. Tests ask for `stack`, which is empty."""
    with Stack(Ports.free()) as running:
        yield running


@pytest.fixture
def stack(session_stack: Stack) -> Stack:
    """The running stack, without documents, accounts or sent messages of an earlier test."""
    session_stack.clear()
    return session_stack


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of public recordings; the test is skipped, in words, where they are not."""
    folder = data_dir()
    if not (folder / "uci_minute_60d.csv.gz").is_file():
        pytest.skip(f"the public recordings are not in {folder}: set SUNMETER_DATA to their folder")
    return folder
