"""Starts programs and ends them all: on leaving the `with`, on Ctrl-C or SIGTERM, and when we are killed ourselves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from dev import reaper
from dev.paths import ROOT


class ProgramEnded(Exception):
    """A program ended, or did not come up; the message carries the end of its log."""


@dataclass
class Program:
    """One started program, in a session of its own, its output in `log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def ended(self) -> bool:
        return self.process.poll() is not None

    def failure(self, why: str, lines: int = 15) -> ProgramEnded:
        """An error that says what happened and shows the end of the log."""
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ProgramEnded(f"{self.name} {why}; the end of {self.log}:\n{tail}")


class Processes:
    """Everything one run starts. Use as a context manager.

    `secrets` are files and folders that are removed when the run ends, in whatever way.
    """

    def __init__(self, logs: Path, secrets: Sequence[Path] = ()) -> None:
        self._secrets = secrets
        self.run_id = uuid.uuid4().hex
        self._logs = logs
        self._programs: list[Program] = []
        self._reaper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._reaper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(reaper.__file__)), self.run_id, *map(str, self._secrets)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> Program:
        """Starts a program. Its environment is ours, what is given, and the mark by which all it starts is found."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env={**os.environ, **(environment or {}), reaper.MARK: self.run_id},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the terminal's Ctrl-C reaches us alone; we end the rest in order
            )
        program = Program(name, process, log)
        self._programs.append(program)
        return program

    def mark_children(self) -> None:
        """Also ends what this process starts by other means from now on (the twin starts its meters itself)."""
        os.environ[reaper.MARK] = self.run_id

    def running(self, *names: str) -> list[Program]:
        """Those of these names that were started and have not been stopped."""
        return [program for program in self._programs.copy() if program.name in names and not program.ended()]

    def stop_program(self, program: Program, grace_s: float = 10.0) -> None:
        """Ends one program and its process group: asked first, then made to."""
        _signal_group(program.process.pid, signal.SIGTERM)
        try:
            program.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            _signal_group(program.process.pid, signal.SIGKILL)
            program.process.wait()
        _signal_group(program.process.pid, signal.SIGKILL)
        if program in self._programs:
            self._programs.remove(program)

    def kill_program(self, program: Program) -> None:
        """Ends one program as a power failure would, without a word; from now on it is not one that should run."""
        self._programs.remove(program)
        _signal_group(program.process.pid, signal.SIGKILL)
        program.process.wait()

    def stop(self) -> None:
        """Ends every program, last started first, and whatever else carries this run's mark."""
        for program in reversed(self._programs.copy()):
            self.stop_program(program)
        reaper.end_all(self.run_id)
        if os.environ.get(reaper.MARK) == self.run_id:
            del os.environ[reaper.MARK]
        if self._reaper and self._reaper.stdin:
            self._reaper.stdin.close()
            self._reaper.wait()
            self._reaper = None

    def check(self) -> None:
        """Raises when a program that should be running has ended."""
        for program in self._programs.copy():  # another thread may start and end some meanwhile
            if program.ended():
                raise program.failure(f"ended with {program.process.returncode}")


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


class Stopped(BaseException):
    """SIGTERM or SIGHUP arrived. Like KeyboardInterrupt it unwinds, so that everything is stopped in order."""


@contextlib.contextmanager
def signals_unwind() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into `Stopped`; a caller's `with` blocks then stop what they started."""

    def unwind(number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)  # stopping is under way: a second signal does not interrupt it
        raise KeyboardInterrupt if number == signal.SIGINT else Stopped

    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = {number: signal.signal(number, unwind) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_until(
    condition: Callable[[], bool], what: str, *, program: Program | None = None, timeout_s: float = 60.0
) -> None:
    """Polls until `condition()` is true; raises when the program ends first or the time is over."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if program and program.ended():
            raise program.failure(f"ended with {program.process.returncode} before {what}")
        if time.monotonic() > deadline_s:
            why = f"did not reach: {what}, in {timeout_s:.0f} s"
            raise program.failure(why) if program else ProgramEnded(why)
        time.sleep(0.05)
