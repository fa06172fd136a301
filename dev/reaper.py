"""Outlives the program that started it, just long enough to end what that program left behind.

Started with the run's id and the paths of its secrets as arguments, and a pipe as its standard input. The pipe closes
when the starter ends, in whatever way (`kill -9` included); then the secrets are removed, and every process that
carries the run's id in its environment is ended. The mark is inherited by grandchildren, whatever sessions or process
groups they make for themselves: firebase-tools starts the Firestore emulator in a session of its own, and leaves its
Python workers behind when it ends the shell around them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

MARK = "SUNMETER_RUN"
GRACE_S = 5.0


def marked(run_id: str) -> set[int]:
    """Living processes (zombies apart) that carry the mark of this run."""
    return carrying(f"{MARK}={run_id}")


def carrying(mark: str) -> set[int]:
    """Living processes but this one that have NAME=VALUE in the environment they were started with."""
    found = _marked_by_proc(mark.encode()) if Path("/proc/self/environ").exists() else _marked_by_ps(mark)
    return found - {os.getpid()}


def _marked_by_proc(mark: bytes) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # A zombie's environment reads as empty.
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


def _marked_by_ps(mark: str) -> set[int]:
    """The same where there is no /proc (macOS): `ps -E` shows the environment of one's own processes."""
    listing = subprocess.run(
        ["ps", "-A", "-E", "-ww", "-o", "pid=,stat=,command="], capture_output=True, text=True, check=False
    ).stdout
    rows = (line.split(None, 2) for line in listing.splitlines())
    return {int(row[0]) for row in rows if len(row) == 3 and "Z" not in row[1] and mark in row[2].split()}


def end_all(run_id: str, grace_s: float = GRACE_S) -> set[int]:
    """Ends every marked process: asked first, then made to. Returns those that had to be made to."""
    _signal(marked(run_id), signal.SIGTERM)
    deadline_s = time.monotonic() + grace_s
    while (left := marked(run_id)) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    stubborn = left
    while left:
        _signal(left, signal.SIGKILL)
        time.sleep(0.02)
        left = marked(run_id)
    return stubborn


def _signal(pids: set[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def remove(path: Path) -> None:
    """Removes a file or a whole folder; one that is not there is none."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def main(run_id: str, *secrets: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # its end is the pipe's end, nothing else
    while sys.stdin.buffer.read(4096):
        pass
    for path in secrets:  # first: as long as the run's servers hold its ports, no new run can have put its own there
        remove(Path(path))
    end_all(run_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
