"""A simulated disk that loses power: an SQLite VFS that knows which bytes an fsync made safe, and which it did not.

SQLite works on real files, its database, log and journal, through this VFS. Beside each file stands what would be
found of it after a power cut: what was written when it was last synced. At a cut, what was written since is lost whole,
kept whole, or kept in any subset of sectors, in any order, some of them torn. Files that were made or deleted and not
yet synced may be missing, or back. Syncs cost nothing here: nothing but this model promises anything.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path

import apsw

SECTOR = 512  # the least that a card or disk writes at once
TORN = 0.02  # part of the surviving sectors of which only the beginning was written


@dataclass
class _Held:
    """One file as the platter has it, and what the cache still owes it."""

    safe: bytearray | None = None  # None: its name is not on the disk yet
    owed: list[tuple[int, bytes | None]] = field(default_factory=list)  # (offset, bytes), or (size, None): cut to it

    def sync(self) -> None:
        self.safe = self.safe if self.safe is not None else bytearray()
        for at, data in self.owed:
            _apply(self.safe, at, data)
        self.owed.clear()


def _apply(image: bytearray, at: int, data: bytes | None) -> None:
    if data is None:
        del image[at:]
        return
    if len(image) < at:
        image.extend(bytes(at - len(image)))
    image[at : at + len(data)] = data


class Disk(apsw.VFS):
    """The files of one folder. Give its `name` to SQLite; one disk at a time has a name."""

    def __init__(self, name: str, chance: random.Random):
        super().__init__(name, "unix")
        self.name, self._chance = name, chance
        self._files: dict[str, _Held] = {}
        self._deleted: dict[str, _Held] = {}  # their names come back unless the folder is synced
        self.left: int | None = None  # operations until the power fails; None: it does not
        self.room: int | None = None  # bytes that files may still grow; None: the disk is never full
        self.is_dead = False
        self.harmed = 0  # cuts that found writes not yet synced

    def xOpen(self, name: "apsw.URIFilename | str | None", flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None:
            return apsw.VFSFile("unix", None, flags)
        if path not in self._files:
            found = Path(path)
            self._files[path] = _Held(bytearray(found.read_bytes()) if found.exists() else None)
        return _File(self, self._files[path], name, flags)

    def xDelete(self, path: str, syncs_folder: bool) -> None:
        self.operate()
        super().xDelete(path, syncs_folder)
        self._deleted[path] = self._files.pop(path, _Held())
        if syncs_folder:
            self._deleted.clear()

    def operate(self, grows: int = 0) -> None:
        """One write, truncation, sync or deletion, which the power may not last for, nor the room."""
        if self.left is not None:
            self.left -= 1
            self.is_dead = self.is_dead or self.left < 0
        if self.is_dead:
            raise apsw.exception_for(apsw.SQLITE_IOERR)
        if self.room is not None and grows:
            self.room -= grows
            if self.room < 0:
                raise apsw.exception_for(apsw.SQLITE_FULL)

    def sync(self, held: _Held) -> None:
        if held.safe is None:
            self._deleted.clear()  # a new file is synced with its folder
        held.sync()

    def cut(self) -> None:
        """The power is gone: the folder now holds what a machine that starts again would find."""
        self.is_dead = True
        self.harmed += any(held.owed for held in self._files.values())
        for path, held in self._deleted.items():
            if held.safe is not None and self._chance.random() < 0.5:
                self._files.setdefault(path, held)
        for path, held in self._files.items():
            self._leave(Path(path), held)
            Path(f"{path}-shm").unlink(missing_ok=True)  # was memory
        self._files.clear()
        self._deleted.clear()

    def power_up(self, left: int | None = None) -> None:
        self.is_dead, self.left = False, left

    def _leave(self, path: Path, held: _Held) -> None:
        kept = self._chance.choice((0.0, self._chance.random(), self._chance.random(), 1.0))
        if held.safe is None and self._chance.random() >= kept:
            path.unlink(missing_ok=True)
            return
        image = held.safe if held.safe is not None else bytearray()
        for at, data in held.owed:
            if data is None:
                if self._chance.random() < kept:
                    _apply(image, at, None)
                continue
            for start in range(0, len(data), SECTOR):
                if self._chance.random() < kept:
                    _apply(image, at + start, self._torn(data[start : start + SECTOR]))
        path.write_bytes(image)

    def _torn(self, sector: bytes) -> bytes:
        is_torn = self._chance.random() < TORN
        return sector[: self._chance.randrange(len(sector))] if is_torn else sector


class _File(apsw.VFSFile):
    """One open file."""

    def __init__(self, disk: Disk, held: _Held, name: "apsw.URIFilename | str | None", flags: list[int]):
        super().__init__("unix", name, flags)
        self._disk, self._held = disk, held

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.operate(max(0, offset + len(data) - self.xFileSize()))
        super().xWrite(data, offset)
        self._held.owed.append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        self._disk.operate()
        super().xTruncate(size)
        self._held.owed.append((size, None))

    def xSync(self, flags: int) -> None:
        self._disk.operate()
        self._disk.sync(self._held)
