"""Progress as people read it: what is being done, and how long it took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Prints a line for a step, and its time when it is done."""
    print(f"  {what} …", end="", flush=True)
    started_s = time.monotonic()
    try:
        yield
    except Exception:
        print(" failed", flush=True)
        raise
    except BaseException:
        print(flush=True)  # stopped by a signal: no failure
        raise
    print(f" {time.monotonic() - started_s:.1f} s", flush=True)
