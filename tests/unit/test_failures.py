"""Commands that cannot be carried out end with 1 and a sentence, not with a traceback."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import path
from dev import app, bench, clock, demo, doctor
from dev.actors import CallRefused, Denied
from dev.neighbourhood import NotReached
from dev.paths import ROOT
from dev.ports import Ports
from dev.processes import ProgramEnded
from dev.running import StackError
from dev.scheduled import ScheduledCallFailed
from dev.smoke import __main__ as smoke
from twin.server import TwinError

Main = Callable[[], int]
RUNS: dict[str, Main] = {"demo": demo.main, "smoke": smoke.main, "path": path.main}
FAILURES = (
    TwinError("the firmware ended five times"),
    CallRefused(503, "unavailable", "", "try again", {}),
    Denied("permission denied"),
    ScheduledCallFailed("nightly answered 500: no"),
    NotReached("the whole day did not come about"),
    ProgramEnded("hub ended with 3"),
    StackError("the checkout is not set up"),
    ConnectionResetError("reset while saving"),
)


@contextlib.contextmanager
def failing(error: Exception) -> Iterator[None]:
    raise error
    yield


@pytest.fixture(autouse=True)
def free_row(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("RECORDING", "FAULT", "KEEP", "SUNMETER_PORT_BASE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Ports, "default", Ports.free)


@pytest.mark.parametrize("name", RUNS)
def test_a_recording_that_is_not_there_is_told(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECORDING", "no-such.csv")
    assert RUNS[name]() == 1
    assert capsys.readouterr().err.startswith(f"{name}: [Errno 2] No such file or directory: 'no-such.csv'")


@pytest.mark.parametrize("name", RUNS)
def test_a_malformed_recording_is_told_with_its_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("home,datetime,load_kwh,pv_kwh\n1,yesterday,1,0\n")
    monkeypatch.setenv("RECORDING", str(file))
    assert RUNS[name]() == 1
    assert "bad.csv, line 2, column 'datetime'" in capsys.readouterr().err


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", ["demo", "smoke"])
def test_whatever_keeps_a_run_from_going_on_is_told(
    name: str, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "started", lambda *_: failing(error))
    monkeypatch.setattr(smoke, "played", lambda _: failing(error))
    assert RUNS[name]() == 1
    assert capsys.readouterr().err == f"{name}: {error}\n"


@pytest.mark.parametrize("main", [app.main, lambda: clock.main([]), demo.main], ids=["app", "clock", "demo"])
def test_a_base_that_is_no_port_is_told(
    main: Main, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("SUNMETER_PORT_BASE", "eighty")
    assert main() == 1
    assert "SUNMETER_PORT_BASE must be a number from 1024 to 65000, not 'eighty'" in capsys.readouterr().err


def test_a_benchmark_that_is_not_there_is_told_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["nothing"]) == 2
    told = capsys.readouterr().err
    assert "no benchmark 'nothing'" in told
    assert "path" in told


@pytest.mark.parametrize("target", ["doctor", "setup"])
def test_without_python_make_says_what_brings_it(target: str) -> None:
    command = ["make", target, "PYTHON=no-such-python"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    for way in ("'no-such-python' was not found", "apt-get install python3.11", "pyenv install 3.11", "PYTHON=/"):
        assert way in result.stdout


def test_the_doctor_names_what_is_missing_and_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    monkeypatch.setenv("SUNMETER_CHROMIUM", "no-such-browser")
    assert doctor.main() == 1
    missing = [line for line in capsys.readouterr().out.splitlines() if "MISSING" in line]
    assert len(missing) == 2
    assert "this is 3.12.1" in missing[0]
    assert "apt-get install python3.11" in missing[0]
    assert "apt-get install chromium" in missing[1]
