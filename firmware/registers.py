"""The four energy registers: integer mWh that never fall, and never start anew when the power was gone.

A register is settled + apart + counted. `settled` is what the hub and the meter last agreed on, `apart` what earlier
boots counted since then without hearing from the hub, `counted` what this boot has. When the hub is heard, its last
acknowledged registers may be ahead of the settled ones (the flash copy is up to ten minutes old when the power fails):
the greater of the two is taken, and what was counted apart follows it.
"""

import struct
from binascii import crc32

IMPORT, EXPORT, PV, STANDBY = range(4)
MAX_FILL_US = 60000000  # a longer gap has no neighbours that could speak for it

_MW_US_PER_MWH = 3600 * 1000 * 1000
_COPY = "<B12Q"  # schema; settled, apart, correction: four registers each
_SCHEMA = 1


class Registers:
    """totals: the four registers [mWh]; resumed: whether they continue those before the last power cut."""

    def __init__(self, copy=None):
        """copy: what `dump` made before the power went, or None."""
        self.totals = [0, 0, 0, 0]
        self.resumed = False
        self.correction = [0, 0, 0, 0]  # what records counted apart, and not yet sent, must be raised by
        self._settled = [0, 0, 0, 0]
        self._apart = [0, 0, 0, 0]
        self._rest_mwus = [0, 0, 0, 0]  # less than a mWh each [mW µs]
        self._last_grid_mw = self._last_pv_mw = 0
        if copy is not None:
            self._load(copy)

    def add(self, grid_mw: int, pv_mw: int, duration_us: int, gap_us: int) -> None:
        """Counts a burst, and the gap before it: half at the power before, half at the power after."""
        if 0 < gap_us <= MAX_FILL_US:
            half_us = gap_us // 2
            self._count(self._last_grid_mw, self._last_pv_mw, half_us)
            duration_us += gap_us - half_us
        self._count(grid_mw, pv_mw, duration_us)
        self._last_grid_mw = grid_mw
        self._last_pv_mw = pv_mw

    def _count(self, grid_mw: int, pv_mw: int, us: int) -> None:
        if grid_mw >= 0:
            self._raise(IMPORT, grid_mw * us)
        else:
            self._raise(EXPORT, -grid_mw * us)
        if pv_mw > 0:
            self._raise(PV, pv_mw * us)
        elif pv_mw:
            self._raise(STANDBY, -pv_mw * us)

    def _raise(self, register: int, mwus: int) -> None:
        mwus += self._rest_mwus[register]
        if mwus >= _MW_US_PER_MWH:
            mwh = mwus // _MW_US_PER_MWH
            self.totals[register] += mwh
            mwus -= mwh * _MW_US_PER_MWH
        self._rest_mwus[register] = mwus

    def resume(self, heard) -> bool:
        """Continues from the greater of the flash copy and what the hub last acknowledged (None: nothing yet).

        True the first time in a boot: the copy on flash should be renewed, and records that were counted apart be
        raised by `correction` when they are sent.
        """
        if self.resumed:
            return False
        heard = heard or [0, 0, 0, 0]
        for k in range(4):
            ahead = max(0, heard[k] - self._settled[k])
            self.correction[k] = ahead
            self.totals[k] += ahead
            self._apart[k] = 0
        self.resumed = True
        return True

    def dump(self) -> bytes:
        """The copy for the flash."""
        if self.resumed:
            numbers = self.totals + [0, 0, 0, 0] + self.correction
        else:
            apart = [self.totals[k] - self._settled[k] for k in range(4)]
            numbers = self._settled + apart + self.correction
        copy = struct.pack(_COPY, _SCHEMA, *numbers)
        return copy + struct.pack("<I", crc32(copy))

    def _load(self, copy: bytes) -> None:
        """Takes a copy; one that is damaged counts as none."""
        size = struct.calcsize(_COPY)
        if len(copy) != size + 4 or struct.unpack("<I", copy[size:])[0] != crc32(copy[:size]) or copy[0] != _SCHEMA:
            return
        numbers = struct.unpack(_COPY, copy[:size])
        self._settled = list(numbers[1:5])
        self._apart = list(numbers[5:9])
        self.correction = list(numbers[9:13])
        self.totals = [self._settled[k] + self._apart[k] for k in range(4)]
