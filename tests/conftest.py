"""What every suite shares: the local stack, started once a session, and the public recordings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.paths import data_dir
from dev.ports import Ports
from dev.stack import Stack


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
