"""The demo as a whole: it comes up, an outage that was wished for happens, and Ctrl-C leaves nothing behind."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import reaper
from dev.paths import ROOT, RUN
from dev.ports import BASE_VARIABLE, PortError, Ports

pytestmark = [pytest.mark.slow, pytest.mark.whole]

UP_WITHIN_S = 300.0  # a minute on an idle machine of two cores
TEST_MARK = "SUNMETER_DEMO_TEST"


def free_base() -> int:
    """Where a row of free ports begins."""
    for base in range(21_000, 60_000, 100):
        with contextlib.suppress(PortError):
            Ports.row(base).require_free()
            return base
    raise AssertionError("there is no free row of ports")


@pytest.fixture
def marked() -> Iterator[str]:
    """A mark in the environment of all that the demo starts; what a failed test leaves is ended."""
    name = secrets.token_hex(8)
    yield name
    for pid in processes_with(name):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def processes_with(mark: str) -> set[int]:
    return reaper.carrying(f"{TEST_MARK}={mark}")


def test_ctrl_c_ends_a_whole_demo_and_leaves_no_process_and_no_secret(marked: str, tmp_path: Path) -> None:
    base = free_base()
    environment = {
        **{name: said for name, said in os.environ.items() if name not in ("RECORDING", "KEEP")},
        BASE_VARIABLE: str(base),
        TEST_MARK: marked,
        "FAULT": "internet@now+2s+5s",
        "PYTHONUNBUFFERED": "1",
    }
    log = tmp_path / "demo.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", "dev.demo"], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as demo,
    ):
        try:
            deadline_s = time.monotonic() + UP_WITHIN_S
            while "the internet is back" not in log.read_text():
                assert demo.poll() is None, log.read_text()
                assert time.monotonic() < deadline_s, log.read_text()
                time.sleep(0.1)
            assert len(processes_with(marked)) > 8  # emulators and workers, hub, three meters, app
            demo.send_signal(signal.SIGINT)
            demo.wait(60)
        finally:
            demo.kill()
    told = log.read_text()
    assert demo.returncode == 0, told
    assert "Ctrl-C stops everything" in told
    assert "the hub has no internet" in told
    assert "nothing is left running" in told
    assert processes_with(marked) == set()
    Ports.row(base).require_free()
    assert not (RUN / f"stack-{base}" / "functions").exists()
    assert not (RUN / f"stack-{base}" / "stack.json").exists()
