"""Reading fields of JSON from outside: the right type within its bounds, or a Refusal that names the field."""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..contract import wire
from ..contract.refusal import Refusal


def mapping(value: Any, field: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refusal("malformed", field)
    return value


@contextmanager
def inside(name: str) -> Iterator[None]:
    """What is refused within is named from the outside: "hours" inside "zones.3" is "zones.3.hours"."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(refusal.code, f"{name}.{refusal.field}".rstrip(".")) from refusal


def entries(record: dict[str, Any], name: str, most: int, least: int = 0) -> list[Any]:
    """A list of that many entries, whatever they are."""
    found = record.get(name)
    if not isinstance(found, list):
        raise Refusal("malformed", name)
    if len(found) > most:
        raise Refusal("too_many", name)
    if len(found) < least:
        raise Refusal("out_of_range", name)
    return found


def date(record: dict[str, Any], name: str) -> dt.date:
    """A calendar day as YYYY-MM-DD, of this century."""
    told = text(record, name, longest=10, pattern=r"20\d{2}-\d{2}-\d{2}")
    try:
        return dt.date.fromisoformat(told)
    except ValueError as error:
        raise Refusal("out_of_range", name) from error


def integer(record: dict[str, Any], name: str, least: int, greatest: int) -> int:
    number = record.get(name)
    if not isinstance(number, int) or isinstance(number, bool):
        raise Refusal("malformed", name)
    if not least <= number <= greatest:
        raise Refusal("out_of_range", name)
    return number


def optional_integer(record: dict[str, Any], name: str, least: int, greatest: int) -> int | None:
    return None if record.get(name) is None else integer(record, name, least, greatest)


def optional_truth(record: dict[str, Any], name: str) -> bool | None:
    """True or false; None where nothing is said."""
    value = record.get(name)
    if not (value is None or isinstance(value, bool)):
        raise Refusal("malformed", name)
    return value


def text(record: dict[str, Any], name: str, *, longest: int, shortest: int = 1, pattern: str | None = None) -> str:
    """A string of printable characters, without surrounding blanks; `pattern` must match the whole of it."""
    value = record.get(name)
    if not isinstance(value, str):
        raise Refusal("malformed", name)
    value = value.strip()
    if not shortest <= len(value) <= longest or not value.isprintable():
        raise Refusal("out_of_range", name)
    if pattern is not None and re.fullmatch(pattern, value) is None:
        raise Refusal("malformed", name)
    return value


def choice(record: dict[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise Refusal("malformed", name)
    if value not in choices:
        raise Refusal("out_of_range", name)
    return value


def document_id(record: dict[str, Any], name: str) -> str:
    """An id as Firestore makes them: never a path, never a reserved name."""
    return text(record, name, longest=128, pattern=r"[A-Za-z0-9_-]+")


def meter_id(record: dict[str, Any], name: str = "meter") -> str:
    value = record.get(name)
    if not wire.is_meter_id(value):
        raise Refusal("malformed", name)
    return str(value)


def area(record: dict[str, Any], name: str = "area") -> str:
    """The name of an area: it is part of paths."""
    return text(record, name, longest=40, pattern=r"[a-z0-9-]+")
