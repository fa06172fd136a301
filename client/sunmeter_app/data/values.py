"""Documents as Firestore's REST interface writes them, and as Python has them. Pure."""

import base64
import datetime as dt
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def fields_of(document: Mapping[str, Any]) -> Json:
    """The fields of a document as Python values."""
    return {name: python_of(value) for name, value in document.get("fields", {}).items()}


def value_of(value: Any) -> Json:
    """A Python value as the interface writes it. Raises TypeError for what has no place in a document."""
    match value:
        case None:
            return {"nullValue": None}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"integerValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode()}
        case dt.datetime():
            return {"timestampValue": value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")}
        case Mapping():
            return {"mapValue": {"fields": {name: value_of(each) for name, each in value.items()}}}
        case list() | tuple():
            return {"arrayValue": {"values": [value_of(each) for each in value]}}
    raise TypeError(f"{type(value).__name__} has no place in a document")


def python_of(value: Mapping[str, Any]) -> Any:
    """A value of the interface as Python has it."""
    kind, raw = next(iter(value.items()))
    match kind:
        case "integerValue":
            return int(raw)
        case "bytesValue":
            return base64.b64decode(raw)
        case "timestampValue":
            return dt.datetime.fromisoformat(raw.replace("Z", "+00:00"))
        case "mapValue":
            return fields_of(raw)
        case "arrayValue":
            return [python_of(each) for each in raw.get("values", [])]
        case "nullValue":
            return None
    return raw
