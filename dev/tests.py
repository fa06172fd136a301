"""`make test`: every test, in two halves side by side, since a machine has at least two cores.

One half waits for emulators and browsers, the other computes. Each is a pytest of its own; the second's words
are shown when both are through. With PYTEST_ARGS there is one pytest, with those arguments.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dev.paths import ROOT, RUN

FOLDERS = sorted(path.name for path in (ROOT / "tests").iterdir() if any(path.rglob("test_*.py")))
WAITING = ("browser", "emulator", "smoke")
PYTEST = (sys.executable, "-m", "pytest")


def halves() -> tuple[list[str], list[str]]:
    """The folders of the half that waits, and of the one that computes."""
    waiting = [f"tests/{name}" for name in FOLDERS if name in WAITING]
    return waiting, [f"tests/{name}" for name in FOLDERS if name not in WAITING]


def run_halves(log: Path) -> int:
    """Runs both; 0 when both are green, else the first one's code that is not."""
    first, second = halves()
    log.parent.mkdir(parents=True, exist_ok=True)
    print(f"{' '.join(second)} run beside these, into {log.relative_to(ROOT)}", flush=True)
    with log.open("wb") as output:
        beside = subprocess.Popen([*PYTEST, *second], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            code = subprocess.run([*PYTEST, "-p", "no:cacheprovider", *first], cwd=ROOT, check=False).returncode
            beside_code = beside.wait()
        finally:
            beside.kill()
            beside.wait()
    print(log.read_text(errors="replace"), flush=True)
    return code or beside_code


def main(arguments: list[str]) -> int:
    if arguments:
        return subprocess.run([*PYTEST, *arguments], cwd=ROOT, check=False).returncode
    return run_halves(RUN / "logs" / "tests-beside.log")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
