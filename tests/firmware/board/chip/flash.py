"""A board's flash: littlefs in RAM in the place of the host's files. Import first what is still needed of those."""

import os
import sys

_BLOCK_BYTES = 4096


class _Chip:
    """A flash that reads as erased."""

    def __init__(self, blocks):
        self._bytes = bytearray(b"\xff" * (blocks * _BLOCK_BYTES))

    def readblocks(self, block, buf, offset=0):
        at = block * _BLOCK_BYTES + offset
        buf[:] = self._bytes[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=None):
        at = block * _BLOCK_BYTES + (offset or 0)
        self._bytes[at : at + len(buf)] = buf

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self._bytes) // _BLOCK_BYTES
        return _BLOCK_BYTES if operation == 5 else 0


class _Flashbdev:
    """The module by which the chip's own MicroPython names its flash."""

    bdev = None


def mount(blocks=64):
    """An empty flash of so many blocks of 4 KiB at /."""
    chip = _Chip(blocks)
    os.VfsLfs2.mkfs(chip)
    sys.modules["flashbdev"] = _Flashbdev
    _Flashbdev.bdev = chip
    os.umount("/")
    os.mount(os.VfsLfs2(chip), "/")
    os.chdir("/")
