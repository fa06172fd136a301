"""Firestore triggers of a running stack: lost, as when the platform drops an event, which it never sends again."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from dev.processes import wait_until
from dev.stack import PROJECT, REGION, Stack

# What the Functions emulator told Firestore of `onday`, of which there is one trigger in functions/main.py.
FUNCTION = f"{REGION}-onday"
KEY = f"{FUNCTION}-0"
DAYS = "homes/{home}/days/{day}"
NOWHERE = "nowhere/{nothing}"
QUIET_S = 0.5  # without a trigger begun: Firestore sends its events within milliseconds of the commit


@contextmanager
def triggers_lost(stack: Stack) -> Iterator[None]:
    """No Firestore trigger fires; those under way have ended.

    The trigger is pointed at documents that are never written, by telling Firestore of it anew. The suite's own
    switch (`enableBackgroundTriggers`) loads all functions again and leaves every worker behind as an orphan.
    """
    _point(stack, NOWHERE)
    try:
        _settle(stack)
        yield
    finally:
        _point(stack, DAYS)


def _point(stack: Stack, document: str) -> None:
    trigger = {
        "eventType": "google.cloud.firestore.document.v1.written",
        "database": "(default)",
        "namespace": "(default)",
        "document": {"value": document, "matchType": "PATH_PATTERN"},
    }
    url = f"http://{stack.firestore}/emulator/v1/projects/{PROJECT}/eventarcTrigger?eventarcTriggerId={KEY}"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(trigger).encode(), headers, method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def _settle(stack: Stack) -> None:
    """Waits until every trigger that began has ended, and none began for a moment."""
    quiet_since_s, seen = time.monotonic(), -1

    def is_quiet() -> bool:
        nonlocal quiet_since_s, seen
        begun, ended = _runs(stack)
        if begun != seen or begun > ended:
            quiet_since_s, seen = time.monotonic(), begun
        return time.monotonic() - quiet_since_s > QUIET_S

    wait_until(is_quiet, "the triggers under way to end", timeout_s=60)


def _runs(stack: Stack) -> tuple[int, int]:
    log = (stack.folder / "logs" / "emulators.log").read_text(errors="replace")
    return log.count(f'Beginning execution of "{FUNCTION}"'), log.count(f'Finished "{FUNCTION}"')
