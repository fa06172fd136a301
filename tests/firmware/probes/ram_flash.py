"""A flash chip in RAM for littlefs, which counts what wears it out and can lose its power in the middle of a write."""

_BLOCK_BYTES = 4096


class PowerCut(Exception):
    """The power is gone: nothing of this boot may touch the flash any more."""


class RamFlash:
    """erases: blocks erased; cut_after: program and erase operations until the power goes, None: never."""

    def __init__(self, blocks, image=None):
        """image: bytes that an earlier boot left, or None for a chip from the factory."""
        self.bytes = image if image is not None else bytearray(b"\xff" * (blocks * _BLOCK_BYTES))
        self.erases = 0
        self.operations = 0
        self.cut_after = None
        self.is_off = False

    def readblocks(self, block, buf, offset=0):
        self._check()
        at = block * _BLOCK_BYTES + offset
        buf[:] = self.bytes[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        self._check()
        at = block * _BLOCK_BYTES + offset
        cut = self._counts()
        size = len(buf) if not cut else (self.operations * 7919) % (len(buf) + 1)  # torn: the first bytes only
        self.bytes[at : at + size] = buf[:size]
        if cut:
            self._off()

    def ioctl(self, operation, block):
        if operation == 4:
            return len(self.bytes) // _BLOCK_BYTES
        if operation == 5:
            return _BLOCK_BYTES
        if operation == 6:
            self._check()
            cut = self._counts()
            self.erases += 1
            at = block * _BLOCK_BYTES
            size = _BLOCK_BYTES // 2 if cut else _BLOCK_BYTES
            self.bytes[at : at + size] = b"\xff" * size
            if cut:
                self._off()
        return 0

    def _counts(self):
        """Counts an operation; True for the one in whose middle the power goes."""
        self.operations += 1
        return self.cut_after is not None and self.operations > self.cut_after

    def _check(self):
        if self.is_off:
            raise PowerCut()

    def _off(self):
        self.is_off = True
        raise PowerCut()
