"""What a firmware's manifest names, as hub, functions and release tool read it; the meter's own reader is `slots.py`.

The payload of a MANIFEST is JSON: {"v": 1, "version": 1…65535, "files": [[name, bytes, SHA-256 in hex], …]}.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from . import wire
from .refusal import Refusal

MAX_FILES = 64
MAX_FILE_BYTES = 65_536
_NAME = re.compile(r"([a-z0-9_]+/)?[a-z0-9_]+\.m?py", re.ASCII)
_MAX_NAME = 40
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class File:
    """One module of a firmware."""

    name: str
    size: int  # bytes
    digest: str  # SHA-256 in hex: a hub serves the file by it


@dataclass(frozen=True)
class Manifest:
    """One firmware."""

    version: int
    files: tuple[File, ...]


def is_digest(told: object) -> bool:
    """True for 64 lower-case hexadecimal digits: such a text is safe as the name of a file."""
    return isinstance(told, str) and _DIGEST.fullmatch(told) is not None


def payload_of(blob: bytes) -> bytes:
    """The payload of a sealed manifest, its mac unverified: who has no k_meter can only look. Raises Refusal."""
    if len(blob) < wire.HEADER_BYTES + wire.MAC_BYTES or blob[0] != wire.MANIFEST:
        raise Refusal("malformed", "manifest")
    return blob[wire.HEADER_BYTES : -wire.MAC_BYTES]


def parse(payload: bytes) -> Manifest:
    """Raises Refusal: too_large, malformed, out_of_range, as the meter would."""
    if len(payload) > wire.MAX_MANIFEST_BYTES:
        raise Refusal("too_large", "manifest")
    try:
        told: Any = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Refusal("malformed", "manifest") from error
    if not isinstance(told, dict) or not _is_number(told.get("version")) or not isinstance(told.get("files"), list):
        raise Refusal("malformed", "manifest")
    if not 1 <= told["version"] <= 0xFFFF:
        raise Refusal("out_of_range", "version")
    return Manifest(told["version"], _files(told["files"]))


def _files(told: list[Any]) -> tuple[File, ...]:
    if len(told) > MAX_FILES:
        raise Refusal("too_large", "files")
    files = tuple(_file(line) for line in told)
    names = {file.name for file in files}
    if len(names) < len(files):
        raise Refusal("malformed", "files")
    if not names & {"main.py", "main.mpy"}:
        raise Refusal("malformed", "main")
    return files


def _file(line: Any) -> File:
    if not isinstance(line, list) or len(line) != 3:
        raise Refusal("malformed", "files")
    name, size, digest = line
    is_named = isinstance(name, str) and len(name) <= _MAX_NAME and _NAME.fullmatch(name)
    if not is_named or not _is_number(size) or not is_digest(digest):
        raise Refusal("malformed", "files")
    if not 0 <= size <= MAX_FILE_BYTES:
        raise Refusal("out_of_range", "files")
    return File(name, size, digest)


def _is_number(told: object) -> bool:
    return isinstance(told, int) and not isinstance(told, bool)
