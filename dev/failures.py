"""What may keep a command from being carried out: told in a sentence, where anything else is a fault of our own."""

from __future__ import annotations

import sys
from collections.abc import Callable

from dev.actors import CallRefused, Denied
from dev.manifest import ManifestError
from dev.neighbourhood import NotReached
from dev.paths import BadSetting
from dev.ports import PortError
from dev.processes import ProgramEnded, Stopped
from dev.running import StackError
from dev.scheduled import NotScheduled, ScheduledCallFailed
from twin.faults import BadFault
from twin.recordings import BadRecording
from twin.server import TwinError

FAILURES = (
    BadFault,
    BadRecording,
    BadSetting,
    CallRefused,
    Denied,
    ManifestError,
    NotReached,
    NotScheduled,
    OSError,  # what files, sockets, urllib and requests raise
    PortError,
    ProgramEnded,
    ScheduledCallFailed,
    StackError,
    TwinError,
)


def carried_out(name: str, work: Callable[[], bool]) -> int:
    """The exit status of a command: 0 where its verdict is good; what keeps it from being carried out is told."""
    try:
        return 0 if work() else 1
    except FAILURES as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Stopped):
        return 130
