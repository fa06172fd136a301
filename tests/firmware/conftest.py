"""The interpreters, once a session, and the meters that the tests of the whole app start."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .interpreters import NAMES, ROOT, Interpreter, start
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


@pytest.fixture(scope="session")
def model() -> bytes:
    """The model of the golden vectors."""
    vectors = json.loads((ROOT / "contract/vectors/scorer.json").read_text())
    return bytes.fromhex(vectors["model"])


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[MeterProcess]:
    """A meter that is provisioned and switched off."""
    process = MeterProcess(tmp_path / "meter")
    yield process
    process.kill()
