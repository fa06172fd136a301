"""From what a board's flash holds to what it should hold: what is removed, and what is written. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

SETTINGS = "/settings.json"
_KEPT = ("/blobs/", "/flash/")  # what the meter stored itself: registers, readings not yet sent, its assignment
_CALIBRATION = "/blobs/calibration"


@dataclass(frozen=True)
class Plan:
    """Paths to remove, then files to write in this order."""

    remove: tuple[str, ...]
    write: tuple[str, ...]


def plan(
    present: Mapping[str, str], wanted: Mapping[str, bytes], *, is_same_meter: bool, keeps_calibration: bool
) -> Plan:
    """present: the board's files and their SHA-256 in hex; wanted: files with their content.

    What is there already is not written again. The settings come last: without them a board does not start to meter.
    Registers and readings of another meter are removed, those of the same one stay.
    """
    remove = [path for path in present if path not in wanted and not _stays(path, is_same_meter, keeps_calibration)]
    write = [path for path, content in wanted.items() if present.get(path) != digest(content)]
    return Plan(tuple(sorted(remove)), tuple(sorted(write, key=lambda path: (path == SETTINGS, path))))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _stays(path: str, is_same_meter: bool, keeps_calibration: bool) -> bool:
    if path.startswith(_CALIBRATION):
        return keeps_calibration
    return is_same_meter and path.startswith(_KEPT)


def calibration_of(present: Mapping[str, str]) -> list[str]:
    """The files that hold what was calibrated on this board."""
    return sorted(path for path in present if path.startswith(_CALIBRATION))
