"""One boot of a meter's flash, that ends with a power cut: `micropython -m power_cut FOLDER BOOT CUT_AFTER FLAWS`.

FOLDER keeps what outlives the boot: flash.img, and log.txt, in which is written what a hub and an owner may rely on.
The boot mounts littlefs, proves that all of it is there, and goes on measuring until the power goes in the middle of
the block operation CUT_AFTER. It prints one line of JSON. FLAWS: builds that must be found out (see `main`).
"""

import json
import os
import struct
import sys
from binascii import crc32

import journal
import outbox
import registers
from ram_flash import PowerCut, RamFlash

_BLOCKS = 256
_READING, _SNAPSHOT = 2, 4
_READING_BYTES = 213


def _payload(boot, seq, size):
    """A record whose every byte follows from its key."""
    return struct.pack("<II", boot, seq) + bytes([(boot * 31 + seq * 7 + k) & 255 for k in range(size - 8)])


class _Life:
    def __init__(self, folder, boot, flash):
        self.boot = boot
        self.flash = flash
        self.log = open(folder + "/log.txt", "a")
        self.chance = boot * 2654435761 & 0xFFFFFFFF
        self.seq = 0

    def below(self, n):
        self.chance = (self.chance * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.chance >> 8) % n

    def say(self, *words):
        """Written before the meter does anything more: what the log says has happened."""
        self.log.write(" ".join([str(word) for word in words]) + "\n")
        self.log.flush()

    def store(self, name, blob):
        """As hardware.store: at once or not at all."""
        with open("/flash/" + name + ".new", "wb") as f:
            f.write(blob)
        os.rename("/flash/" + name + ".new", "/flash/" + name)
        self.say("store", name, crc32(blob))

    def load(self, name):
        try:
            with open("/flash/" + name, "rb") as f:
                return f.read()
        except OSError:
            return None


def _told(folder):
    """What the log promises: keys on flash, by box; the energy; the checksums of blobs, the last and all before."""
    kept = {"outbox": {}, "snapshots": {}}
    blobs = {}
    energy = 0
    try:
        with open(folder + "/log.txt") as log:
            for line in log:
                words = line.split()
                if words[0] == "commit":
                    for seq in range(int(words[3]), int(words[4]) + 1):
                        kept[words[1]][int(words[2]), seq] = True
                elif words[0] == "acknowledge":
                    for seq in range(int(words[3]), int(words[4]) + 1):
                        kept[words[1]].pop((int(words[2]), seq), None)
                elif words[0] == "store":
                    blobs[words[1]] = int(words[2])
                elif words[0] == "energy":
                    energy = int(words[1])
    except OSError:
        pass
    with open(folder + "/log.txt", "w") as log:  # shorter: what was acknowledged is no promise any more
        for name in kept:
            for boot, seq in kept[name]:
                log.write("commit %s %d %d %d\n" % (name, boot, seq, seq))
        for name in blobs:
            log.write("store %s %d\n" % (name, blobs[name]))
        log.write("energy %d\n" % energy)
    return kept, blobs, energy


def _found(box):
    """Keys of everything a box holds on flash; a payload that is not what was put there is a forgery."""
    keys = {}
    forged = 0
    for number in list(box._segments):
        for _, payload in box._read(number):
            boot, seq = struct.unpack("<II", payload[:8])
            keys[boot, seq] = True
            if payload != _payload(boot, seq, len(payload)):
                forged += 1
    return keys, forged


def _put(life, name, box, kind, size):
    """One record, and what of it and its like has now reached the flash."""
    life.seq += 1
    box.add(kind, _payload(life.boot, life.seq, size))
    waiting = [struct.unpack("<II", payload[:8])[1] for _, payload in box._waiting]
    written = [seq for seq in life.mine[name] + [life.seq] if seq not in waiting]
    life.mine[name] = waiting
    for seq in written:
        life.say("commit", name, life.boot, seq, seq)


def _hub(life, name, box):
    """A hub that is there for a moment takes the newest."""
    for _, payload in box.newest(16):
        boot, seq = struct.unpack("<II", payload[:8])
        life.say("acknowledge", name, boot, seq, seq)
        box.acknowledge(boot, seq, seq)
        if seq in life.mine[name] and boot == life.boot:
            life.mine[name].remove(seq)


def _live(life, outboxes, counted, kept_events):
    """Ten seconds a turn: readings, snapshots, blobs, and now and then a hub."""
    life.mine = {"outbox": [], "snapshots": []}
    turn = 0
    while True:
        turn += 1
        counted.add(3600000 + life.below(999999), 0, 10000000, 0)
        _put(life, "outbox", outboxes["outbox"], _READING, _READING_BYTES)
        if turn % 9 == 0:
            _put(life, "snapshots", outboxes["snapshots"], _SNAPSHOT, 50)
        if turn % 6 == 0:
            life.store("registers", counted.dump())
            life.say("energy", counted.totals[0])
        if turn % 20 == 0:
            life.store("features", bytes([turn & 255]) * 1580)
        if life.below(12) == 0:
            phase = "end" if kept_events.open_events() else "start"
            at_ms = turn * 10000
            kept_events.put_event((phase, "sag", 14, 1, 2, 3, 4, 5, at_ms), at_ms, 0, 0)
            life.store("events", kept_events.dump())
        if life.below(25) == 0:
            for _ in range(1 + life.below(8)):
                for name in outboxes:
                    _hub(life, name, outboxes[name])


class _Nowhere:
    dropped = 0

    def add(self, kind, payload):
        pass


def _break(flaws):
    """Builds of the outbox that lose or forge records: the harness must find each of them out."""
    if "no_crc" in flaws:

        def unchecked(f):
            head = f.read(3)
            if len(head) < 3:
                return None
            kind, length = struct.unpack("<BH", head)
            payload = f.read(length)
            f.read(4)
            return (kind, payload) if len(payload) > 7 else None

        outbox._read_record = unchecked
    if "in_place" in flaws:

        def rewritten(self, number, records):
            kept = self._read(number)
            os.remove(self._name(number)) if kept else None
            with open(self._name(number), "wb") as f:
                for kind, payload in kept + records:
                    f.write(outbox._packed(kind, payload))
            self._counts[number] += len(records)
            return True

        outbox.Outbox._append = rewritten


def main(folder, boot, cut_after, flaws):
    """FLAWS, by commas: no_crc, in_place (a segment is written anew with every batch), bit_rot (flips a bit)."""
    _break(flaws)
    try:
        with open(folder + "/flash.img", "rb") as f:
            image = bytearray(f.read())
    except OSError:
        image = None
    flash = RamFlash(_BLOCKS, image)
    if image is None:
        os.VfsLfs2.mkfs(flash)
    if "bit_rot" in flaws:
        _rot(flash)
    kept, blobs, energy = _told(folder)
    os.mount(os.VfsLfs2(flash), "/flash")
    for name in kept:
        if name not in os.listdir("/flash"):
            os.mkdir("/flash/" + name)
    outboxes = {"outbox": outbox.Outbox("/flash/outbox", 24, 24, 96)}
    outboxes["snapshots"] = outbox.Outbox("/flash/snapshots", 2, 96, 30)
    life = _Life(folder, boot, flash)
    result = {"lost": 0, "forged": 0, "found": 0, "promised": 0, "blobs": len(blobs), "blobs_lost": 0}
    for name in kept:
        found, forged = _found(outboxes[name])
        result["lost"] += len([key for key in kept[name] if key not in found])
        result["forged"] += forged
        result["found"] += len(found)
        result["promised"] += len(kept[name])
    counted = registers.Registers(life.load("registers"))
    counted.resume(None)
    result["energy_lost"] = max(0, energy - counted.totals[0])
    for name in blobs:
        result["blobs_lost"] += life.load(name) is None
    kept_events = journal.Journal(boot, _Nowhere(), _Nowhere(), lambda is_urgent: None, life.load("events"))
    flash.cut_after = flash.operations + cut_after
    try:
        _live(life, outboxes, counted, kept_events)
    except (PowerCut, OSError):  # littlefs turns it into EIO where a file is open
        result["cut"] = flash.is_off
    with open(folder + "/flash.img", "wb") as f:
        f.write(flash.bytes)
    result["dropped"] = outboxes["outbox"].dropped + outboxes["snapshots"].dropped
    print(json.dumps(result))


def _rot(flash):
    """Flips a bit in the first record of every segment that has a block of its own."""
    head = struct.pack("<BH", _READING, _READING_BYTES)
    for at in range(0, len(flash.bytes), 4096):
        if flash.bytes[at : at + 3] == head:
            flash.bytes[at + 50] ^= 4


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split(","))
