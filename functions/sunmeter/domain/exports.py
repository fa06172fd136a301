"""What a home takes along: its quarters as CSV, all of it as JSON. Pure.

Both are made in pieces whose texts, one after the other, are the file. Each day of the JSON has a line to itself.
"""

import base64
import datetime as dt
import json
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from ..contract.documents import CAUSES
from ..contract.ledger import QUALITIES, QUARTER_S
from . import days
from .days import Day
from .farewell import without

FORMAT = "sunmeter"
VERSION = 1
CSV_HEADER = (
    "start_utc,start_local,import_wh,export_wh,pv_wh,standby_wh,house_wh,"
    "quality,cause,coverage_permille,v_min_v,v_max_v\n"
)
_OWN_OF_CLOUD = (
    "pushed",
    "pushing",
    "push",
    "reader",
    "spec",
    "updated",
    "request",
)  # how things are kept, not what they are


def csv_of(documents: Iterable[dict[str, Any]]) -> str:
    """Every quarter of some days, one a line, energies in Wh to the mWh; what is not known is empty."""
    return "".join(line for document in documents for line in _csv_lines(days.read(document)))


def _csv_lines(day: Day) -> Iterable[str]:
    zone = ZoneInfo(day.zone)
    registers = [day.column(f"{name}_mwh") for name in ("import", "export", "pv", "standby")]
    facts = [day.column(name) for name in ("quality", "cause", "coverage_permille", "v_min_dv", "v_max_dv")]
    rows = zip(zip(*registers, strict=True), zip(*facts, strict=True), strict=True)
    for index, (energy, (quality, cause, coverage, v_min_dv, v_max_dv)) in enumerate(rows):
        moment = dt.datetime.fromtimestamp(day.local.start_s + index * QUARTER_S, dt.UTC)
        imported, exported, pv, _ = energy
        is_known = imported is not None and exported is not None and pv is not None
        house = imported - exported + pv if is_known else None
        cells = [
            moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z"),
            *(_scaled(mwh, 1000) for mwh in (*energy, house)),
            QUALITIES[quality or 0],
            CAUSES[cause or 0],
            "" if coverage is None else str(coverage),
            _scaled(v_min_dv, 10),
            _scaled(v_max_dv, 10),
        ]
        yield ",".join(cells) + "\n"


def _scaled(number: int | None, parts: int) -> str:
    """An exact decimal of a number of thousandths or tenths."""
    if number is None:
        return ""
    whole, rest = divmod(abs(number), parts)
    return f"{'-' if number < 0 else ''}{whole}.{rest:0{len(str(parts)) - 1}}"


def head(home: dict[str, Any], meters: list[dict[str, Any]], now_ms: int) -> str:
    """The beginning of the JSON: what it is, the home, the meters it had. People are counted, not named."""
    roles = sorted(home["roles"].values())
    profile = {name: home[name] for name in ("name", "zone", "currency", "area", "budget")}
    members = {role: roles.count(role) for role in sorted(set(roles))}
    told = {"format": FORMAT, "v": VERSION, "exported_ms": now_ms, "home": {**profile, "members": members}}
    return json.dumps({**told, "meters": meters}, ensure_ascii=False)[:-1] + ",\n"


def section(name: str, lines: list[str], is_first: bool, is_last: bool, closes: str = "],\n") -> str:
    """Some entries of one list of the JSON, with what stands before the first and after the last of them."""
    opening = f'"{name}":[\n' if is_first else ""
    joint = ",\n" if lines and not is_first else ""
    return opening + joint + ",\n".join(lines) + (f"\n{closes}" if is_last else "")


def day_line(document: dict[str, Any]) -> str:
    """One day with its columns as numbers; null where nothing is known."""
    day = days.read(document)
    told = {name: document[name] for name in ("day", "zone", "start_s", "quarters", "regs0", "regs1")}
    columns = {name: day.column(name) for name in day.columns}
    return json.dumps({**told, "columns": columns}, separators=(",", ":"))


def document_line(document_id: str, fields: dict[str, Any], names: frozenset[str]) -> str:
    """Any other document, without the names of people."""
    kept = {name: each for name, each in without(fields, names).items() if name not in _OWN_OF_CLOUD}
    return json.dumps({"id": document_id, **_plain(kept)}, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value.isoformat() if isinstance(value, dt.datetime) else value
