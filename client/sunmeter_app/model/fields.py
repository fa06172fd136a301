"""Reading fields of documents that another program wrote: a missing or odd field becomes None, never an error."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, Any]


def number(fields: Fields, name: str) -> float | None:
    """A finite number, or None."""
    found = fields.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or found != found or abs(found) == float("inf"):
        return None
    return float(found)


def whole(fields: Fields, name: str) -> int | None:
    found = number(fields, name)
    return None if found is None else round(found)


def text(fields: Fields, name: str) -> str | None:
    """A non-empty string, or None."""
    found = fields.get(name)
    return found if isinstance(found, str) and found else None


def mapping(fields: Fields, name: str) -> Fields:
    """A nested map, empty where there is none."""
    found = fields.get(name)
    return found if isinstance(found, Mapping) else {}


def moment_s(fields: Fields, name: str) -> int | None:
    """A timestamp (Firestore timestamp, or a number of Unix ms) in Unix seconds."""
    found = fields.get(name)
    if isinstance(found, dt.datetime):
        return int(found.timestamp())
    as_number = number(fields, name)
    return None if as_number is None else int(as_number) // 1000
