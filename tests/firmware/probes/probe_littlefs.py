"""The outbox on littlefs, the file system of the ESP32, in a piece of RAM; only the unix port has both."""

import gc
import os
import struct

import outbox

_BLOCK_BYTES = 4096


class _RamFlash:
    """A block device; `erases` counts what wears a real flash out."""

    def __init__(self, blocks):
        self._bytes = bytearray(blocks * _BLOCK_BYTES)
        self.erases = 0

    def readblocks(self, block, buf, offset=0):
        at = block * _BLOCK_BYTES + offset
        for k in range(len(buf)):
            buf[k] = self._bytes[at + k]

    def writeblocks(self, block, buf, offset=0):
        at = block * _BLOCK_BYTES + offset
        self._bytes[at : at + len(buf)] = buf

    def ioctl(self, operation, block):
        if operation == 4:
            return len(self._bytes) // _BLOCK_BYTES
        if operation == 5:
            return _BLOCK_BYTES
        if operation == 6:
            self.erases += 1
        return 0


def fill(blocks, records, record_bytes):
    """Adds more records than the flash can hold: [kept, dropped, newest sequence number, oldest kept, erases]."""
    flash = _RamFlash(blocks)
    os.VfsLfs2.mkfs(flash)
    os.mount(os.VfsLfs2(flash), "/small")
    try:
        box = outbox.Outbox("/small", 60, 30, 1000)
        for seq in range(1, records + 1):
            box.add(2, struct.pack("<II", 1, seq) + bytes(record_bytes - 8))
            if not seq % 100:
                gc.collect()
        return [len(box), box.dropped, box.newest(1)[0][1][4] | box.newest(1)[0][1][5] << 8, flash.erases]
    finally:
        os.umount("/small")
