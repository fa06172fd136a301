"""What may keep a command from being carried out: told in a sentence, where anything else is a fault of our own."""

from __future__ import annotations

from dev.actors import CallRefused, Denied
from dev.clock import NotScheduled, ScheduledCallFailed
from dev.manifest import ManifestError
from dev.neighbourhood import NotReached
from dev.paths import BadSetting
from dev.ports import PortError
from dev.processes import ProgramEnded
from dev.stack import StackError
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
