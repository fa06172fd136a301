"""Updates on a folder that stands for the flash, with power that goes at any operation on it."""

import os

import slots
import update

from contract import wire
from contract.refusal import Refusal

_MOST_LIVES = 12
_MOST_TURNS = 400


class PowerCut(BaseException):
    pass


class _File:
    def __init__(self, flash, path, mode):
        self._flash = flash
        self._file = open(path, mode)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def write(self, content):
        if self._flash.goes_now():
            self._file.write(content[: len(content) // 2])
            self._file.close()
            raise PowerCut
        return self._file.write(content)


class Flash:
    """Stands in for `os` and `open` in the modules. left: writing operations until the power goes; None: never."""

    def __init__(self):
        self.left = None
        self.operations = 0
        self.is_full = False

    def goes_now(self):
        self.operations += 1
        if self.left is None:
            return False
        self.left -= 1
        return self.left < 0

    def _operate(self):
        if self.goes_now():
            raise PowerCut

    def open(self, path, mode):
        if mode == "rb":
            return open(path, mode)
        if self.is_full:
            raise OSError(28)
        self._operate()
        return _File(self, path, mode)

    def mkdir(self, path):
        self._operate()
        os.mkdir(path)

    def remove(self, path):
        self._operate()
        os.remove(path)

    def rmdir(self, path):
        self._operate()
        os.rmdir(path)

    def rename(self, old, new):
        self._operate()
        os.rename(old, new)

    def listdir(self, path):
        return os.listdir(path)

    def stat(self, path):
        return os.stat(path)


class _Hasty(update.Update):
    """Points to the new slot before it is verified: what must not be."""

    def _begin(self, version):
        self._pointer.slot = slots.B if self._running == slots.A else slots.A
        self._pointer.boots_left = slots.TRIAL_BOOTS
        self._pointer.store()
        update.Update._begin(self, version)


def opened(meter, key, held, blob):
    """[version, files] of a manifest, or how it was refused by a meter that runs `held`."""
    signer = wire.Signer(key)
    try:
        version, files = slots.opened(signer, meter, blob)
        if version < held:
            raise Refusal("stale", "manifest")
        return [version, files]
    except Refusal as refusal:
        return ["refused", refusal.code, refusal.field]


def lay(root, tree):
    """Empties the folder and lays these files in it, by path; a folder where the content is None."""
    _clear(root)
    for path in sorted(tree):
        _lay(root, path, tree[path])


def _lay(root, path, content):
    parts = path.split("/")
    for depth in range(2, len(parts) if content is not None else len(parts) + 1):
        try:
            os.mkdir(root + "/".join(parts[:depth]))
        except OSError:
            pass
    if content is not None:
        with open(root + path, "wb") as f:
            f.write(content)


def _clear(folder):
    for name in os.listdir(folder):
        path = folder + "/" + name
        if os.stat(path)[0] & 0xF000 == 0x4000:
            _clear(path)
            os.rmdir(path)
        else:
            os.remove(path)


def _use(flash):
    slots.os = update.os = flash
    slots.open = update.open = flash.open


def _live(root, meter, key, blob, contents, target, kind):
    """Boots, updates and proves itself until the target runs; the folder that runs then."""
    folder = ""
    for _ in range(_MOST_LIVES):
        folder = slots.choose(root, meter, key)
        if not folder:
            return folder
        made = kind(folder, meter, key)
        for _ in range(200):
            made.good_burst(True)
        made.take(blob)
        for turn in range(_MOST_TURNS):
            if made.restarts or not made.is_due(turn):
                break
            wanted = made.wanted(turn)
            if wanted is not None:
                digest, at = wanted
                made.put(contents[digest][at : at + wire.PIECE_BYTES], turn)
        if made.version == target:
            return folder
    return folder


def cut(root, meter, key, tree, blob, contents, target, at, again_after, is_hasty):
    """An update whose power goes before the writing operation `at`, once more so many operations later unless None,
    and is never gone again: what was found after the first cut, and what runs in the end."""
    lay(root, tree)
    flash = Flash()
    _use(flash)
    kind = _Hasty if is_hasty else update.Update
    try:
        flash.left = at
        was_cut = _is_cut(root, meter, key, blob, contents, target, kind)
        flash.left = None
        signer = wire.Signer(key)
        pointer = slots.Pointer(root)
        try:
            pointed = slots.check(root + slots.FOLDERS[pointer.slot], signer, meter)
        except (Refusal, OSError):
            pointed = 0
        if again_after is not None:
            flash.left = again_after
            _is_cut(root, meter, key, blob, contents, target, update.Update)
            flash.left = None
        booted = slots.choose(root, meter, key)
        refusal = slots.Pointer(root).refusal
        last = _live(root, meter, key, blob, contents, target, update.Update)
        pointer = slots.Pointer(root)
        return {
            "was_cut": was_cut,
            "pointed": pointed,
            "booted": slots.version_in(booted, signer, meter) if booted else 0,
            "refusal": refusal,
            "last": slots.version_in(last, signer, meter) if last else 0,
            "proven": pointer.boots_left == slots.PROVEN,
            "floor": pointer.floor,
            "failed": pointer.failed,
        }
    finally:
        slots.os = update.os = os
        slots.open = update.open = open


def _is_cut(root, meter, key, blob, contents, target, kind):
    try:
        _live(root, meter, key, blob, contents, target, kind)
    except PowerCut:
        return True
    return False


def steps(root, meter, key, asked):
    """Plays steps on a flash; what each gave, refusals by code and field."""
    flash = Flash()
    _use(flash)
    made = None
    found = []
    try:
        for step in asked:
            try:
                name = step[0]
                if name == "boot":
                    folder = slots.choose(root, meter, key)
                    found.append(folder[len(root) :])
                    made = update.Update(folder, meter, key) if folder else None
                elif name == "lay":
                    _lay(root, step[1], step[2])
                elif name == "remove":
                    os.remove(root + step[1])
                elif name == "full":
                    flash.is_full = step[1]
                elif name == "bursts":
                    for _ in range(step[1]):
                        made.good_burst(step[2])
                elif name == "pointer":
                    found.append(getattr(slots.Pointer(root), step[1]))
                elif name == "get":
                    found.append(getattr(made, step[1]))
                elif name == "fetch":
                    found.append(_fetch(made, step[1], step[2], step[3]))
                else:
                    found.append(getattr(made, name)(*step[1:]))
            except Refusal as refusal:
                found.append(["refused", refusal.code, refusal.field])
        return found
    finally:
        slots.os = update.os = os
        slots.open = update.open = open


def _fetch(made, contents, most, now_ms):
    """Fetches until nothing is due or so many pieces came: how many."""
    pieces = 0
    while pieces < most and made.is_due(now_ms):
        wanted = made.wanted(now_ms)
        if wanted is not None:
            digest, at = wanted
            made.put(contents[digest][at : at + wire.PIECE_BYTES], now_ms)
            pieces += 1
    return pieces
