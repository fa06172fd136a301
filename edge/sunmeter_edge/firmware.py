"""The firmware shelf: the files that sealed manifests name, fetched once for all meters, and served in pieces.

The hub cannot make a manifest; of one that it relays it reads what to have ready. A file is asked for by its SHA-256
and proved by it, so what an interruption left whole is never fetched twice. A manifest is offered to its meter only
when every file it names is here: an update that began can then end without internet.
"""

import asyncio
import contextlib
import functools
import hashlib
import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import log
from .cloud import Cloud, Forbidden, OutOfReach, Refused
from .contract import wire
from .contract.manifest import File, Manifest, is_digest, parse, payload_of
from .contract.refusal import Refusal
from .roster import Roster

MAX_BYTES = 16 << 20  # a release has 90 kB; this is four of the largest that a manifest can name
LOOK_S = 2.0
FIRST_RETRY_S, LAST_RETRY_S = 5.0, 600.0


class Shelf:
    """A folder of files, each under its SHA-256. Blocking: called from threads."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._whole: set[str] = set()  # digests of the files that proved whole: no other name reaches the disk

    def load(self) -> None:
        """Takes over what earlier runs kept; what is not what its name says is removed. Raises OSError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in self._folder.iterdir():
            if is_digest(path.name) and _digest(path.read_bytes()) == path.name:
                self._whole.add(path.name)
            else:
                path.unlink()

    def has(self, file: File) -> bool:
        """Whether a meter can have it; an empty file is never asked for."""
        return not file.size or file.digest in self._whole

    def put(self, file: File, raw: bytes) -> bool:
        """Keeps a file, on the disk when this returns; False when it is not the one that is named. Raises OSError."""
        if len(raw) != file.size or _digest(raw) != file.digest:
            return False
        new = self._folder / f"{file.digest}.new"
        with new.open("wb") as sink:
            sink.write(raw)
            sink.flush()
            os.fsync(sink.fileno())
        new.replace(self._folder / file.digest)
        self._whole.add(file.digest)
        return True

    def keep_only(self, wanted: set[str]) -> None:
        """Removes what no manifest names any more."""
        for digest in self._whole - wanted:
            self._drop(digest)

    def piece(self, digest: str, at: int) -> bytes | None:
        """At most PIECE_BYTES of a file from `at` on; None when it is not here. A file that rotted is dropped."""
        if digest not in self._whole:
            return None
        try:
            raw = (self._folder / digest).read_bytes()
        except OSError:
            raw = b""
        if _digest(raw) != digest:
            log.event("firmware file damaged", logging.ERROR, sha256=digest)
            self._drop(digest)
            return None
        return raw[at : at + wire.PIECE_BYTES] or None

    def _drop(self, digest: str) -> None:
        self._whole.discard(digest)
        with contextlib.suppress(OSError):
            (self._folder / digest).unlink()


class Firmware:
    """Keeps the shelf in step with the manifests of the hub's meters, and serves it."""

    def __init__(self, folder: Path, cloud: Cloud, roster: Roster):
        self._shelf, self._cloud, self._roster = Shelf(folder), cloud, roster
        self._retry_s = FIRST_RETRY_S
        self._ask_at_s = 0.0  # monotonic

    def route(self) -> Route:
        return Route("/v1/firmware/{digest}", self._piece, methods=["GET"])

    async def _piece(self, http: Request) -> Response:
        """One piece, unsigned: the manifest's hashes are. Anybody on the LAN may read it; it is no secret."""
        digest, at = http.path_params["digest"], http.query_params.get("at", "0")
        if not is_digest(digest) or not (at.isascii() and at.isdecimal() and len(at) < 8):
            return Response(status_code=404)
        piece = await asyncio.to_thread(self._shelf.piece, digest, int(at))
        if piece is None:
            return Response(status_code=404)
        return Response(piece, media_type="application/octet-stream")

    async def run(self) -> None:
        try:
            await asyncio.to_thread(self._shelf.load)
        except OSError as error:
            log.event("no firmware shelf", logging.ERROR, reason=error, retry_s=LAST_RETRY_S)
            await asyncio.sleep(LAST_RETRY_S)
            return
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Fetches what is missing, drops what is not wanted, and lets those manifests be offered that can be served."""
        wanted = _bounded(self._manifests())
        await asyncio.to_thread(self._shelf.keep_only, {file.digest for files in wanted.values() for file in files})
        self._offer()
        missing = [(version, file) for version, files in wanted.items() for file in files if not self._shelf.has(file)]
        if missing and time.monotonic() >= self._ask_at_s:
            await self._fetch(missing)
            self._offer()

    def _manifests(self) -> set[Manifest]:
        found = (_of(meter.downlink.manifest) for meter in self._roster.values() if meter.downlink)
        return {manifest for manifest in found if manifest}

    def _offer(self) -> None:
        for meter in self._roster.values():
            manifest = _of(meter.downlink.manifest) if meter.downlink else None
            meter.has_firmware = manifest is not None and all(map(self._shelf.has, manifest.files))

    async def _fetch(self, missing: list[tuple[int, File]]) -> None:
        for version, file in missing:
            if self._shelf.has(file):
                continue  # another version has the same
            try:
                raw = await asyncio.to_thread(self._cloud.firmware_file, version, file.digest)
                if not await asyncio.to_thread(self._shelf.put, file, raw):
                    raise OutOfReach("not the file that was asked for")
            except (OutOfReach, Refused, Forbidden, OSError) as error:
                self._wait(version, file, error)
                return
            self._retry_s = FIRST_RETRY_S
        log.event("firmware fetched", versions=sorted({version for version, _ in missing}), files=len(missing))

    def _wait(self, version: int, file: File, error: Exception) -> None:
        asked_s = error.retry_after_s if isinstance(error, OutOfReach) else None
        wait_s = asked_s or self._retry_s
        self._ask_at_s = time.monotonic() + wait_s
        self._retry_s = min(2 * self._retry_s, LAST_RETRY_S)
        log.event(
            "firmware not fetched", logging.WARNING, version=version, file=file.name, reason=error, retry_s=wait_s
        )


def _of(blob: bytes | None) -> Manifest | None:
    """What a sealed manifest names; None without a good one."""
    try:
        return _read(payload_of(blob)) if blob else None
    except Refusal:
        return None


@functools.lru_cache(maxsize=16)
def _read(payload: bytes) -> Manifest | None:
    """Read once for all meters: only their seals differ."""
    try:
        return parse(payload)
    except Refusal as refusal:
        log.event("manifest not understood", logging.ERROR, code=refusal.code, field=refusal.field)
        return None


def _bounded(manifests: Iterable[Manifest]) -> dict[int, tuple[File, ...]]:
    """The files of each version, as long as the shelf holds them; the newest first."""
    room = MAX_BYTES
    wanted: dict[int, tuple[File, ...]] = {}
    for manifest in sorted(manifests, key=lambda each: each.version, reverse=True):
        room -= sum(file.size for file in manifest.files)
        if room < 0:
            break
        wanted[manifest.version] = manifest.files + wanted.get(manifest.version, ())
    return wanted


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
