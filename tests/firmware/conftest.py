"""The interpreters, once a session, and the meters that the tests of the whole app start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .interpreters import NAMES, Interpreter, start
from .meter_process import MeterProcess


@pytest.fixture(scope="session", params=NAMES)
def interpreter(request: pytest.FixtureRequest) -> Iterator[Interpreter]:
    """Each interpreter in turn: what a test asserts must hold on all of them."""
    running = start(request.param)
    yield running
    running.close()


@pytest.fixture(scope="session")
def unix() -> Iterator[Interpreter]:
    """MicroPython's unix port, for what only it has: viper, files, speed."""
    running = start("unix", heap="16m")
    yield running
    running.close()


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[MeterProcess]:
    """A meter that is provisioned and switched off."""
    process = MeterProcess(tmp_path / "meter")
    yield process
    process.kill()
