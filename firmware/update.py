"""Fetches a newer firmware into the slot that does not run, and starts it once every byte of it is as signed.

One step a turn, so that metering goes on: one piece fetched, or one file checked. All that it must know after a power
cut lies in the slot itself: the manifest, the files that are whole, and how long the one is that is not.
"""

import os

import slots

from contract import wire
from contract.refusal import Refusal

_PROVES_HEARD = 150  # good bursts, 30 s, by when a hub has acknowledged what this firmware measured …
_PROVES_ALONE = 4500  # … or 15 min of metering without one: it must not cost a good firmware that a hub is away
_WAIT_MS = 30000
_MOST_DOUBLINGS = 7  # a hub with damaged files is asked once an hour: fetching wears the flash


class Update:
    """version: of the firmware that runs, as its manifest says. held: the newest that runs, is fetched or was given up:
    an older manifest is refused. restarts: whether a newer firmware waits for a restart. refusal: index in
    wire.REFUSALS of what the boot had to say."""

    def __init__(self, folder, meter: str, k_meter: bytes):
        """folder: of the slot that runs, as slots.choose gave it; None where the modules lie in no slot, and nothing is
        updated."""
        self._updates = False
        self._meter = meter
        self._signer = wire.Signer(k_meter)
        self.version = self.held = 0
        self.restarts = False
        self.refusal = 0
        self._good = 0  # bursts of a firmware on trial
        self._fetches = False
        self._index = 0  # in the manifest, of the file that is fetched …
        self._file = ["", 0, ""]  # … its line there …
        self._is_open = False  # … and whether it is begun
        self._at = 0
        self._damaged = 0
        self._wait_until_ms = 0
        if folder is not None:
            self._start(folder)

    def _start(self, folder: str) -> None:
        """Takes over what the boot chose, and goes on with what a power cut ended."""
        root, _, name = folder.rpartition("/")
        self._running = slots.FOLDERS.index("/" + name)
        self._pointer = pointer = slots.Pointer(root)
        self.version = slots.version_in(folder, self._signer, self._meter)
        self.held = max(self.version, pointer.failed)
        self._updates = pointer.slot == self._running  # else the flash was too full to say so
        if pointer.refusal:
            self.refusal = pointer.refusal
            pointer.refusal = 0
            self._stores()
        self._folder = root + slots.FOLDERS[slots.A if self._running != slots.A else slots.B]
        pending = slots.version_in(self._folder, self._signer, self._meter)
        if self._updates and self._is_proven() and pending > self.held and pending >= pointer.floor:
            self._begin(pending)

    def _stores(self) -> bool:
        """Whether the flash took the pointer."""
        try:
            self._pointer.store()
            return True
        except OSError:
            return False

    def _is_proven(self) -> bool:
        return self._pointer.boots_left == slots.PROVEN

    def good_burst(self, is_heard: bool) -> None:
        """One more burst was metered. is_heard: whether a hub has acknowledged what this boot measured."""
        if not self._updates or self._is_proven() or self.restarts:
            return
        self._good += 1
        if self._good >= (_PROVES_HEARD if is_heard else _PROVES_ALONE):
            before = self._pointer.boots_left
            self._pointer.boots_left = slots.PROVEN
            self._pointer.floor = max(self._pointer.floor, self.version)
            if not self._stores():
                self._pointer.boots_left = before
                self._good = 0  # once more, when the flash may have room

    def take(self, blob: bytes) -> None:
        """Begins what a manifest asks for. Raises Refusal; a firmware on trial leaves it for later."""
        if not self._updates or not self._is_proven():
            return
        version, _ = slots.opened(self._signer, self._meter, blob)
        if version == self.held:
            return
        if version < max(self.held, self._pointer.floor):
            raise Refusal("stale", "manifest")
        try:
            if not self._pointer.is_found:
                self._pointer.store()  # without one, the boot would start what is newest and whole
            _make_folder(self._folder)
            self._clear([])  # a file of the firmware before would be taken for the beginning of a newer one
            slots.replace(self._folder + "/" + slots.MANIFEST, blob)
        except OSError:
            raise Refusal("too_large", "flash")
        self._begin(version)

    def _begin(self, version: int) -> None:
        self.held = version
        self._fetches = True
        self._wait_until_ms = self._damaged = 0
        self._start_over()

    def _start_over(self) -> None:
        """Looks at every file again; those that are whole are not fetched twice."""
        self._index = 0
        self._is_open = False
        self._clear(self._files())

    def _clear(self, files: list) -> None:
        """Leaves nothing in the slot but these files and the manifest."""
        for name in slots.strangers(self._folder, files):
            path = self._folder + "/" + name
            try:
                os.remove(path)
            except OSError:
                _remove_folder(path)

    def _files(self) -> list:
        """Read anew each time: the list would cost 6 kB of RAM for as long as the update takes."""
        try:
            return slots.opened(self._signer, self._meter, slots.manifest_in(self._folder))[1]
        except Refusal:
            self._fetches = False  # damaged on flash: the hub will send it again
            self.held = max(self.version, self._pointer.failed)
            raise

    def is_due(self, now_ms: int) -> bool:
        """Whether `wanted` has anything to do."""
        return self._fetches and now_ms >= self._wait_until_ms

    def wait(self, now_ms: int) -> None:
        """The hub does not have the file yet, or did not answer."""
        self._wait_until_ms = now_ms + _WAIT_MS

    def wanted(self, now_ms: int):
        """The next piece to fetch: (SHA-256 in hex, where it begins); None when something else was done this turn.
        Raises Refusal for a file that is not as signed: it will be fetched again."""
        try:
            return self._next(now_ms)
        except OSError:
            raise self._flash_refuses(now_ms)

    def _next(self, now_ms: int):
        if not self._is_open:
            files = self._files()
            if self._index == len(files):
                self._finish(now_ms)
                return None
            self._open(files[self._index])
        name, length, digest = self._file
        if self._at < length:
            return digest, self._at
        self._is_open = False
        path = self._folder + "/" + name
        if slots.digest_of(path) == digest:
            self._index += 1
            self._damaged = 0
            return None
        os.remove(path)
        self._refuse_damage(now_ms, name)

    def _open(self, file: list) -> None:
        name, length, _ = file
        path = self._folder + "/" + name
        at = slots.size_of(path)
        if not 0 <= at <= length:
            folder, _, _ = name.rpartition("/")
            if folder:
                _make_folder(self._folder + "/" + folder)
            with open(path, "wb"):
                at = 0
        self._file = file
        self._is_open = True
        self._at = at

    def put(self, piece: bytes, now_ms: int) -> None:
        """Keeps the piece that was asked for. Raises Refusal, and waits then."""
        name, length, _ = self._file
        if not piece or len(piece) > wire.PIECE_BYTES or self._at + len(piece) > length:
            self.wait(now_ms)
            raise Refusal("too_large" if piece else "malformed", name)
        try:
            with open(self._folder + "/" + name, "ab") as f:
                f.write(piece)
        except OSError:
            self._is_open = False  # how much of it was kept, the file itself will tell
            raise self._flash_refuses(now_ms)
        self._at += len(piece)
        self._wait_until_ms = 0

    def _finish(self, now_ms: int) -> None:
        """Reads all of it once more from flash; only then the pointer may name it."""
        try:
            slots.check(self._folder, self._signer, self._meter)
        except Refusal as refusal:
            self._start_over()
            self._refuse_damage(now_ms, refusal.field)
        self._pointer.slot = slots.B if self._running == slots.A else slots.A
        self._pointer.boots_left = slots.TRIAL_BOOTS
        if not self._stores():
            self._pointer.slot, self._pointer.boots_left = self._running, slots.PROVEN
            raise self._flash_refuses(now_ms)
        self._fetches = False
        self.restarts = True

    def _flash_refuses(self, now_ms: int):
        self.wait(now_ms)
        return Refusal("too_large", "flash")

    def _refuse_damage(self, now_ms: int, name: str) -> None:
        self._wait_until_ms = now_ms + (_WAIT_MS << min(self._damaged, _MOST_DOUBLINGS))
        self._damaged += 1
        raise Refusal("damaged", name)


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path)
    except OSError:
        if slots.size_of(path) < 0:
            raise


def _remove_folder(path: str) -> None:
    """An empty one; what lies deeper was never written by this firmware, and keeps the slot from being started."""
    try:
        os.rmdir(path)
    except OSError:
        pass
