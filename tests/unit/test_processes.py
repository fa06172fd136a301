"""Programs are ended however their starter ends, with all that they started themselves."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dev import reaper
from dev.processes import Processes, ProgramEnded, wait_until

# Starts a child in a session of its own, as firebase-tools does with Firestore's emulator, and waits.
PARENT_OF_ONE = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("started", flush=True)
time.sleep(600)
"""

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("started", flush=True)
time.sleep(600)
"""

# Holds such a program and waits for its own end, whatever that is.
HOLDER = f"""
import sys, time
from pathlib import Path
from dev.processes import Processes, signals_unwind, wait_until

secrets = Path(sys.argv[1]) / "functions", Path(sys.argv[1]) / "stack.json"
with signals_unwind(), Processes(Path(sys.argv[1]) / "logs", secrets) as processes:
    parent = processes.start("parent", [sys.executable, "-c", {PARENT_OF_ONE!r}])
    wait_until(lambda: "started" in parent.log.read_text(), "started", program=parent)
    print(processes.run_id, flush=True)
    time.sleep(600)
"""


def soon(condition: Callable[[], bool], within_s: float = 10.0) -> bool:
    deadline_s = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize(
    "how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda how: how.name
)
def test_nothing_is_left_behind_however_the_holder_ends(tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / ".secret.local").write_text("KEY=1")
    (tmp_path / "stack.json").write_text("KEY=1")
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as holder:
        assert holder.stdout
        run_id = holder.stdout.readline().strip()
        assert len(reaper.marked(run_id)) == 2
        os.kill(holder.pid, how)
    assert soon(lambda: reaper.marked(run_id) == set())
    assert soon(lambda: [path.name for path in tmp_path.iterdir()] == ["logs"]), "secrets stay behind"


def test_a_program_that_is_killed_is_not_missed(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        program = processes.start("hub", [sys.executable, "-c", "import time; time.sleep(600)"])
        processes.kill_program(program)
        assert program.process.returncode == -signal.SIGKILL
        processes.check()


def test_a_program_that_ignores_being_asked_is_made_to_end(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        program = processes.start("stubborn", [sys.executable, "-c", STUBBORN])
        wait_until(lambda: "started" in program.log.read_text(), "started", program=program)
        processes.stop_program(program, grace_s=0.1)
        assert program.process.returncode == -signal.SIGKILL


def test_a_program_that_ends_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        program = processes.start("brief", [sys.executable, "-c", "print('no such file'); raise SystemExit(3)"])
        with pytest.raises(ProgramEnded, match=r"brief ended with 3 before ready(.|\n)*no such file"):
            wait_until(lambda: False, "ready", program=program)
        with pytest.raises(ProgramEnded, match="ended with 3"):
            processes.check()


def test_a_program_that_never_gets_ready_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        program = processes.start("slow", [sys.executable, "-c", "import time; time.sleep(600)"])
        with pytest.raises(ProgramEnded, match="slow did not reach: ready"):
            wait_until(lambda: False, "ready", program=program, timeout_s=0.2)


def test_two_runs_do_not_end_each_others_programs(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    with Processes(tmp_path / "kept") as kept:
        survivor = kept.start("survivor", sleep)
        with Processes(tmp_path / "ended") as ended:
            ended.start("other", sleep)
        assert not survivor.ended()
