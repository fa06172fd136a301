"""`make test`: every test, in three lanes side by side, since most of them wait for something else than the processor.

Each lane is a pytest of its own: the first is seen as it runs, the words of the others are shown when all are through.
With PYTEST_ARGS there is one pytest, with those arguments.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Set
from pathlib import Path

from dev.paths import ROOT, RUN

CLOUD = "cloud"  # on one stack that lives as long as the lane, then whole products with stacks of their own
WAITING = "waiting"  # hubs on fakes, and browsers: many pauses
COMPUTING = "computing"
LANES = (CLOUD, WAITING, COMPUTING)
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")


def lane_of(folder: str, marks: Set[str]) -> str:
    """The lane of a test in tests/`folder` with these markers (pyproject.toml names them)."""
    if marks & {"stack", "whole"}:
        return CLOUD
    return WAITING if folder == "edge" or "browser" in marks else COMPUTING


def run_lanes(logs: Path) -> int:
    """Runs all; 0 when all are green, else the code of one that is not."""
    logs.mkdir(parents=True, exist_ok=True)
    beside = {lane: logs / f"tests-{lane}.log" for lane in LANES[1:]}
    for lane, log in beside.items():
        print(f"the lane `{lane}` runs beside this one, into {log.relative_to(ROOT)}", flush=True)
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(_started(lane, log)) for lane, log in beside.items()]
        codes = [subprocess.run([*PYTEST, f"--lane={LANES[0]}"], cwd=ROOT, check=False).returncode]
        codes += [lane.wait() for lane in running]
    for log in beside.values():
        print(log.read_text(errors="replace"), flush=True)
    return max(codes, key=abs)


@contextlib.contextmanager
def _started(lane: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen([*PYTEST, f"--lane={lane}"], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def main(arguments: list[str]) -> int:
    if arguments:
        return subprocess.run([*PYTEST, *arguments], cwd=ROOT, check=False).returncode
    return run_lanes(RUN / "logs")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
