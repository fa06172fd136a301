"""What importing functions/main.py costs, which every cold instance pays: against the bare SDKs, and in memory.

Each import is a fresh interpreter of functions/venv; the least of several counts, since what else runs here only
adds. The peer imports what main.py needs of Google's and Firebase's packages, and nothing of ours.
"""

from __future__ import annotations

import os
import subprocess

from dev.paths import FUNCTIONS, FUNCTIONS_PYTHON
from dev.stack import Stack

RUNS = 7
OURS = "import main"
BARE = (
    "from firebase_functions import firestore_fn, https_fn, options, scheduler_fn, tasks_fn; "
    "import firebase_admin, flask; from firebase_admin import auth, exceptions, functions, messaging; "
    "from google.cloud import firestore"
)
PROGRAM = """
import time
began_s = time.process_time()
{statement}
took_s = time.process_time() - began_s
(resident,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")]
print(took_s, int(resident) / 1024)
"""


def measure(stack: Stack) -> dict[str, float]:
    """`main_import_ratio` of CPU time, and `main_rss_mb` after the import. The stack is not needed."""
    ours, bare = (imported(statement) for statement in (OURS, BARE))
    shown = [f"{cpu_s * 1000:.0f} ms CPU, {rss_mb:.0f} MB" for cpu_s, rss_mb in (ours, bare)]
    print(f"import main: {shown[0]}; the bare SDKs: {shown[1]}")
    return {
        "main_import_ratio": ours[0] / bare[0],
        "main_import_ms": ours[0] * 1000,
        "main_rss_mb": ours[1],
        "bare_import_ms": bare[0] * 1000,
        "bare_rss_mb": bare[1],
    }


def imported(statement: str) -> tuple[float, float]:
    """(CPU seconds, resident MB after it): the least of RUNS fresh interpreters."""
    runs = [_once(statement) for _ in range(RUNS)]
    return min(cpu_s for cpu_s, _ in runs), min(rss_mb for _, rss_mb in runs)


def _once(statement: str) -> tuple[float, float]:
    bare = {"PATH": os.environ["PATH"]}
    command = [str(FUNCTIONS_PYTHON), "-c", PROGRAM.format(statement=statement)]
    done = subprocess.run(command, cwd=FUNCTIONS, env=bare, capture_output=True, text=True, check=True, timeout=120)
    cpu_s, rss_mb = map(float, done.stdout.split())
    return cpu_s, rss_mb
