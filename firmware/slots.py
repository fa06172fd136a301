"""Which firmware runs: two slots that updates fill in turn, one as provisioned, and the pointer that chooses.

A slot is a folder of modules beside the sealed manifest that lists them. It is started only when every byte of it is
what its manifest says and nothing else lies there. A copy of this module, with what it imports, is the part of the
meter that runs before any firmware and is never updated.
"""

import hashlib
import json
import os
import struct
from binascii import crc32, hexlify

from contract import wire
from contract.refusal import Refusal

FACTORY, A, B = range(3)
FOLDERS = ("/factory", "/a", "/b")
MANIFEST = "manifest"
TRIAL_BOOTS = 5  # a firmware's chances to prove itself: power cuts in its first half minute use them up as well
PROVEN = 255

_POINTER = "/pointer"
_LAYOUT = "<BBHHB"
_MOST_FILES = 64
_MOST_FILE_BYTES = 65536
_MOST_NAME = 40
_IN_NAMES = "abcdefghijklmnopqrstuvwxyz0123456789_"
_CHUNK_BYTES = 1024
_IS_FOLDER = 0x4000  # in the mode that os.stat gives


class Pointer:
    """The one small file that says which slot is started.

    slot: FACTORY, A or B. boots_left: how often a firmware on trial is still started, PROVEN after it. floor: the
    newest firmware that was ever proven. failed: the last one that was given up. refusal: index in wire.REFUSALS of
    why the slot was changed, until it is told. is_found: False where there is no pointer, or a damaged one.
    """

    def __init__(self, root: str):
        """root: what stands before the names of the slots' folders; empty on the ESP32."""
        self._path = root + _POINTER
        self.slot, self.boots_left, self.floor, self.failed, self.refusal = FACTORY, PROVEN, 0, 0, 0
        size = struct.calcsize(_LAYOUT)
        raw = _read(self._path, size + 5)
        self.is_found = len(raw) == size + 4 and crc32(raw[:size]) == struct.unpack("<I", raw[size:])[0]
        self.is_found = self.is_found and raw[0] <= B
        if self.is_found:
            self.slot, self.boots_left, self.floor, self.failed, self.refusal = struct.unpack(_LAYOUT, raw[:size])

    def store(self) -> None:
        """At once or not at all."""
        fields = struct.pack(_LAYOUT, self.slot, self.boots_left, self.floor, self.failed, self.refusal)
        replace(self._path, fields + struct.pack("<I", crc32(fields)))
        self.is_found = True


def choose(root: str, meter: str, k_meter: bytes) -> str:
    """The folder of the firmware to start now, "" when none is whole. Counts the boots of one that is on trial."""
    signer = wire.Signer(k_meter)
    pointer = Pointer(root)
    given_up = None
    if not pointer.boots_left:
        given_up = pointer.slot
        pointer.failed = version_in(root + FOLDERS[given_up], signer, meter)
        pointer.refusal = wire.REFUSALS.index("fell_back")
    for slot in _in_order(root, pointer, signer, meter):
        if slot != given_up and _is_whole(root + FOLDERS[slot], signer, meter, pointer.failed):
            _start(pointer, slot, given_up is not None)
            if given_up is not None:
                _remove(root + FOLDERS[given_up] + "/" + MANIFEST)  # so that it is never taken for a good one
            return root + FOLDERS[slot]
    if given_up is not None and _is_whole(root + FOLDERS[given_up], signer, meter, 0):
        return root + FOLDERS[given_up]  # it is all there is
    return ""


def _start(pointer: Pointer, slot: int, falls_back: bool) -> None:
    """Stores that `slot` is started, where that is news."""
    before = (pointer.slot, pointer.boots_left)
    if slot != pointer.slot:
        if not pointer.refusal:
            pointer.refusal = wire.REFUSALS.index("damaged")
        pointer.slot = slot
        pointer.boots_left = PROVEN if falls_back or slot == FACTORY else TRIAL_BOOTS
    if pointer.boots_left != PROVEN:
        pointer.boots_left -= 1
    if before != (pointer.slot, pointer.boots_left):
        try:
            pointer.store()
        except OSError:
            pass  # a full flash: this boot is not counted, and the next one chooses the same


def _in_order(root: str, pointer: Pointer, signer, meter: str) -> tuple:
    """The slots, the one to start first; without a pointer the newest."""
    first = pointer.slot
    if not pointer.is_found:
        versions = [version_in(root + FOLDERS[slot], signer, meter) for slot in (A, B)]
        first = A if versions[0] >= versions[1] else B
    if first == FACTORY:
        return FACTORY, A, B
    return first, A + B - first, FACTORY


def version_in(folder: str, signer, meter: str) -> int:
    """The firmware's version that a slot's manifest names; 0 without a good one."""
    try:
        return opened(signer, meter, manifest_in(folder))[0]
    except Refusal:
        return 0


def manifest_in(folder: str) -> bytes:
    """The sealed manifest of a slot; empty without one."""
    return _read(folder + "/" + MANIFEST, wire.MAX_PAYLOAD_BYTES)


def _is_whole(folder: str, signer, meter: str, failed: int) -> bool:
    try:
        return check(folder, signer, meter) != failed
    except (Refusal, OSError):
        return False


def check(folder: str, signer, meter: str) -> int:
    """The version of a slot that may be started. Raises Refusal, with the name of a file that is not as it should be:
    foreign, damaged; or of what is wrong with the manifest."""
    version, files = opened(signer, meter, manifest_in(folder))
    for name in strangers(folder, files):
        raise Refusal("foreign", name)
    for name, length, digest in files:
        path = folder + "/" + name
        if size_of(path) != length or digest_of(path) != digest:
            raise Refusal("damaged", name)
    return version


def opened(signer, meter: str, blob: bytes) -> tuple:
    """(version, files) of a sealed manifest; a file is [name, bytes, SHA-256 in hex]. Raises Refusal."""
    if len(blob) > wire.HEADER_BYTES + wire.MAX_MANIFEST_BYTES + wire.MAC_BYTES:
        raise Refusal("too_large", "manifest")
    payload = wire.unseal(signer, meter, wire.MANIFEST, blob)
    try:
        told = json.loads(payload)
    except (ValueError, UnicodeError):
        raise Refusal("malformed", "manifest")
    if not isinstance(told, dict) or not _is_number(told.get("version")) or not isinstance(told.get("files"), list):
        raise Refusal("malformed", "manifest")
    if not 1 <= told["version"] <= 0xFFFF:
        raise Refusal("out_of_range", "version")
    _check_files(told["files"])
    return told["version"], told["files"]


def _check_files(files: list) -> None:
    if len(files) > _MOST_FILES:
        raise Refusal("too_large", "files")
    names = set()
    for file in files:
        if not isinstance(file, list) or len(file) != 3:
            raise Refusal("malformed", "files")
        name, length, digest = file
        if not _is_name(name) or name in names or not _is_number(length) or not _is_digest(digest):
            raise Refusal("malformed", "files")
        if not 0 <= length <= _MOST_FILE_BYTES:
            raise Refusal("out_of_range", "files")
        names.add(name)
    if "main.py" not in names and "main.mpy" not in names:
        raise Refusal("malformed", "main")


def _is_number(thing) -> bool:
    return isinstance(thing, int) and not isinstance(thing, bool)


def _is_digest(thing) -> bool:
    if not isinstance(thing, str) or len(thing) != 64:
        return False
    for character in thing:
        if character not in "0123456789abcdef":
            return False
    return True


def _is_name(thing) -> bool:
    """A module's file, at most one folder deep."""
    if not isinstance(thing, str) or len(thing) > _MOST_NAME:
        return False
    folder, _, file = thing.rpartition("/")
    stem, _, ending = file.partition(".")
    return ending in ("py", "mpy") and _is_plain(stem) and (file == thing or _is_plain(folder))


def _is_plain(word: str) -> bool:
    for character in word:
        if character not in _IN_NAMES:
            return False
    return word != ""


def strangers(folder: str, files: list) -> list:
    """What lies in a slot and is not in its manifest: files, and folders that no file needs. A folder comes after
    what lies in it."""
    known = {file[0] for file in files}
    known.add(MANIFEST)
    folders = {name.rpartition("/")[0] for name in known}
    found = []
    for name in os.listdir(folder):
        if not _is_folder(folder + "/" + name):
            if name not in known:
                found.append(name)
            continue
        for inner in os.listdir(folder + "/" + name):
            if name + "/" + inner not in known or _is_folder(folder + "/" + name + "/" + inner):
                found.append(name + "/" + inner)
        if name not in folders:
            found.append(name)
    return found


def _is_folder(path: str) -> bool:
    return os.stat(path)[0] & 0xF000 == _IS_FOLDER


def size_of(path: str) -> int:
    """A file's length, -1 where there is none."""
    try:
        return os.stat(path)[6]
    except OSError:
        return -1


def digest_of(path: str) -> str:
    """SHA-256 of a file in hex, in little memory. Raises OSError."""
    digest = hashlib.sha256()
    chunk = bytearray(_CHUNK_BYTES)
    whole = memoryview(chunk)
    with open(path, "rb") as f:
        size = f.readinto(chunk)
        while size:
            digest.update(whole[:size])
            size = f.readinto(chunk)
    return hexlify(digest.digest()).decode()


def replace(path: str, content: bytes) -> None:
    """Writes a file at once or not at all: littlefs renames atomically. Raises OSError."""
    with open(path + ".new", "wb") as f:
        f.write(content)
    os.rename(path + ".new", path)


def _read(path: str, most: int) -> bytes:
    try:
        with open(path, "rb") as f:
            return f.read(most)
    except OSError:
        return b""


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass  # it is not there
