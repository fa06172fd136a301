"""What a cell of a file says: a moment, or an exact number. Each fault has a name; nothing is guessed. Pure."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

MISSING = frozenset({"", "?", "nan", "null", "none", "na", "n/a", "unknown", "unavailable", "-"})
FIRST_S = int(dt.datetime(1990, 1, 1, tzinfo=dt.UTC).timestamp())  # no house was metered by software before
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{0,12})?([eE][+-]?\d{1,2})?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d{1,15},\d{1,12}", re.ASCII)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)
_DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4}) (\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_UNIX = re.compile(r"(\d{9,10})(?:\.\d{1,9})?|(\d{12,13})", re.ASCII)


class CellError(Exception):
    """A cell that cannot be taken; `code` says why."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Moment:
    """What a cell says of a time: Unix seconds, or a wall clock's time in a zone that the file does not tell."""

    ts_s: int | None  # None: the wall clock's time counts
    wall: dt.datetime | None


def number(cell: str, decimal_comma: bool) -> Decimal | None:
    """The number in a cell; None: the file says that it has none. Raises CellError("malformed_number")."""
    text = cell.strip()
    if text.lower() in MISSING:
        return None
    if decimal_comma and _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if _NUMBER.fullmatch(text) is None:
        raise CellError("malformed_number")
    return Decimal(text)


def moment(cell: str) -> Moment:
    """The moment in a cell; a date with slashes or dots has its day first. Raises CellError("malformed_time")."""
    text = cell.strip()
    if found := _UNIX.fullmatch(text):
        return Moment(int(found[1]) if found[1] else int(found[2]) // 1000, None)
    try:
        if found := _ISO.fullmatch(text):
            return _dated(found[1], found[2], found[3], found[4], found[5], found[6], found[7])
        if found := _DAY_FIRST.fullmatch(text):
            return _dated(found[3], found[2], found[1], found[4], found[5], found[6], None)
    except ValueError:
        pass
    raise CellError("malformed_time")


def in_zone(told: Moment, zone: ZoneInfo, after_s: int | None) -> int:
    """Unix seconds of a moment. A wall clock's hour that occurs twice is the second once the first has been told.

    after_s: the moment of the row before. Raises CellError("no_such_time") for an hour that the clocks leave out.
    """
    if told.wall is None:
        return int(told.ts_s or 0)
    first = int(told.wall.replace(tzinfo=zone).timestamp())
    if dt.datetime.fromtimestamp(first, zone).replace(tzinfo=None) != told.wall:
        raise CellError("no_such_time")
    if after_s is None or first > after_s:
        return first
    second = int(told.wall.replace(tzinfo=zone, fold=1).timestamp())
    return second if second > first and second > after_s else first


def _dated(year: str, month: str, day: str, hour: str, minute: str, second: str | None, offset: str | None) -> Moment:
    wall = dt.datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
    if offset is None:
        return Moment(None, wall)
    utc = wall.replace(tzinfo=dt.UTC).timestamp()
    return Moment(int(utc) - _offset_s(offset), None)


def _offset_s(offset: str) -> int:
    if offset.upper() == "Z":
        return 0
    seconds = int(offset[1:3]) * 3600 + int(offset[-2:]) * 60
    return -seconds if offset[0] == "-" else seconds
