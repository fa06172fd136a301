"""What the meter has measured and the hub has not yet acknowledged: newest in RAM, older ones in files.

A file is a segment of records, each `kind u8 | length u16 | payload | crc32`, only ever appended to within one boot; a
record torn by a power cut ends its segment. When there is room for no more, the oldest segment goes, and is counted.
Every payload begins with its boot id and its sequence number, which are its key.
"""

import os
import struct
from binascii import crc32

_HEAD = "<BH"
_HEAD_BYTES = 3
_CRC_BYTES = 4
_KEY = "<II"
_SUFFIX = ".seg"


class Outbox:
    """dropped: records given up since boot, for want of room."""

    def __init__(self, path: str, ram_records: int, segment_records: int, max_segments: int):
        """path: an existing directory of its own. When ram_records wait, the older half is written to flash."""
        self._path = path
        self._ram_records = ram_records
        self._segment_records = segment_records
        self._max_segments = max_segments
        self.dropped = 0
        self._waiting = []  # (kind, payload), oldest first
        self._segments = _found(path)  # numbers, oldest first
        self._counts = {number: self._count(number) for number in self._segments}
        self._filling = None  # the segment this boot appends to
        self._opened = None  # the segment whose records are being sent …
        self._unsent = []  # … and those of them still to be acknowledged

    def __len__(self) -> int:
        return len(self._waiting) + sum(self._counts.values())

    def add(self, kind: int, payload: bytes) -> None:
        self._waiting.append((kind, payload))
        if len(self._waiting) >= self._ram_records:
            self.flush(len(self._waiting) // 2)

    def newest(self, most: int) -> list:
        """Up to `most` records (kind, payload) to send now: those in RAM first, then the newest segment's."""
        records = self._waiting[-most:]
        if not records and (self._unsent or self._open_newest()):
            records = self._unsent[-most:]
        return records

    def acknowledge(self, boot_id: int, first_seq: int, last_seq: int) -> None:
        """Forgets the records of these keys: the hub has them, or has refused them for good."""
        self._waiting = _without(self._waiting, boot_id, first_seq, last_seq)
        if self._opened is None:
            return
        self._unsent = _without(self._unsent, boot_id, first_seq, last_seq)
        self._counts[self._opened] = len(self._unsent)
        if not self._unsent:
            self._remove(self._opened)

    def flush(self, most: int) -> None:
        """Writes the oldest `most` records that wait in RAM to flash."""
        records = self._waiting[:most]
        while records:
            number, room = self._room()
            if self._append(number, records[:room]):
                self._waiting = self._waiting[len(records[:room]) :]
                records = records[room:]
            elif not self.drop_oldest():
                self.dropped += len(records)
                self._waiting = self._waiting[len(records) :]
                return

    def drop_oldest(self) -> bool:
        """Gives up the oldest segment, and counts its records; False when it is the only one."""
        if len(self._segments) < 2:
            return False
        oldest = self._segments[0]
        self.dropped += self._counts[oldest]
        self._remove(oldest)
        return True

    def _room(self) -> tuple:
        """The segment to append to, and how many records it still takes."""
        if self._filling is not None and self._counts[self._filling] < self._segment_records:
            return self._filling, self._segment_records - self._counts[self._filling]
        while len(self._segments) >= self._max_segments:
            self.drop_oldest()
        number = self._segments[-1] + 1 if self._segments else 1
        self._segments.append(number)
        self._counts[number] = 0
        self._filling = number
        return number, self._segment_records

    def _append(self, number: int, records: list) -> bool:
        """False when the flash did not take them all: the segment then ends where it did."""
        try:
            with open(self._name(number), "ab") as f:
                for kind, payload in records:
                    f.write(_packed(kind, payload))
        except OSError:
            self._filling = None
            return False
        self._counts[number] += len(records)
        return True

    def _open_newest(self) -> bool:
        """Reads the newest segment that holds anything; nothing is appended to it any more."""
        while self._segments:
            number = self._segments[-1]
            self._unsent = self._read(number)
            if self._unsent:
                self._opened = number
                if self._filling == number:
                    self._filling = None
                return True
            self._remove(number)
        return False

    def _remove(self, number: int) -> None:
        self._segments.remove(number)
        del self._counts[number]
        if self._filling == number:
            self._filling = None
        if self._opened == number:
            self._opened = None
            self._unsent = []
        try:
            os.remove(self._name(number))
        except OSError:
            pass  # it was never written

    def _name(self, number: int) -> str:
        return "%s/%08d%s" % (self._path, number, _SUFFIX)

    def _count(self, number: int) -> int:
        return len(self._read(number))

    def _read(self, number: int) -> list:
        """The whole records of a segment."""
        records = []
        try:
            with open(self._name(number), "rb") as f:
                record = _read_record(f)
                while record is not None:
                    records.append(record)
                    record = _read_record(f)
        except OSError:
            pass
        return records


def _found(path: str) -> list:
    names = [name for name in os.listdir(path) if name.endswith(_SUFFIX) and name[:-4].isdigit()]
    return sorted([int(name[:-4]) for name in names])


def _without(records: list, boot_id: int, first_seq: int, last_seq: int) -> list:
    kept = []
    for record in records:
        boot, seq = struct.unpack(_KEY, record[1][:8])
        if boot != boot_id or not first_seq <= seq <= last_seq:
            kept.append(record)
    return kept


def _packed(kind: int, payload: bytes) -> bytes:
    record = struct.pack(_HEAD, kind, len(payload)) + payload
    return record + struct.pack("<I", crc32(record))


def _read_record(f):
    """The next whole record, or None at the end or where the file is torn."""
    head = f.read(_HEAD_BYTES)
    if len(head) < _HEAD_BYTES:
        return None
    kind, length = struct.unpack(_HEAD, head)
    payload = f.read(length)
    crc = f.read(_CRC_BYTES)
    if len(payload) < length or len(crc) < _CRC_BYTES or struct.unpack("<I", crc)[0] != crc32(head + payload):
        return None
    return kind, payload
