"""A backup as it lies on a disk: two gzipped files of JSON lines, and a manifest that vouches for them.

Accounts come with hashes of their passwords, and documents with people's days: files are for their owner alone (0600).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

VERSION = 1
MANIFEST = "manifest.json"
DOCUMENTS, ACCOUNTS = "documents.jsonl.gz", "accounts.jsonl.gz"


class Damaged(Exception):
    """The folder does not hold what its manifest says; the message says which file."""


def write_lines(file: Path, lines: Iterable[Json]) -> int:
    """Writes JSON lines, for their owner alone; how many there were."""
    count = 0
    with gzip.GzipFile(fileobj=os.fdopen(_opened(file), "wb"), mode="wb", mtime=0) as packed:
        for line in lines:
            count += 1
            packed.write(json.dumps(line, separators=(",", ":"), sort_keys=True).encode() + b"\n")
    return count


def read_lines(file: Path) -> Iterator[Json]:
    with gzip.open(file, "rb") as packed:
        for line in packed:
            yield json.loads(line)


def seal(folder: Path, told: Json) -> None:
    """Writes the manifest, last: a folder without one is no backup."""
    digests = {name: _digest(folder / name) for name in (DOCUMENTS, ACCOUNTS)}
    with os.fdopen(_opened(folder / MANIFEST), "w") as file:
        json.dump({"v": VERSION, **told, "sha256": digests}, file, indent=2)


def unsealed(folder: Path) -> Json:
    """The manifest of a backup that is whole. Raises Damaged."""
    try:
        told: Json = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise Damaged(f"{folder} holds no backup, or one that was not finished ({error})") from error
    if told.get("v") != VERSION:
        raise Damaged(f"{folder} holds a backup of form {told.get('v')}, and this reads form {VERSION}")
    for name, digest in told["sha256"].items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise Damaged(f"{folder / name} is not the file that was backed up")
    return told


def _opened(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
