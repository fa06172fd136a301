"""A home's own copy of all that is stored of it, in pages that the app puts together.

The pages are made as they are asked for. Kept as documents they would cost a write each, a megabyte at most, and lie
about as a second copy of somebody's life; Cloud Storage, which would hold one file, is no part of this project.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, limits, log, queries
from .clients import Cloud
from .contract import documents
from .domain import exports, fields
from .domain.refusals import Refused
from .limits import Limit
from .store import NOW, Fields

FORMATS = ("csv", "json")
STARTS = Limit("exportstart", 30, limits.DAY_MS)  # of one person
AT_ONCE = 300  # documents of a page; of days, a month
LEFT_OUT = ("days", "months", "kept", "live", "invitations")  # days come last; months and what is kept derive from them
KEPT = timedelta(days=30)
HEAD, DAYS = "head", "days"


def start(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `exportstart`: {"home", "format", "year"?} → {"export", "file", "cursor"}. Key: none.

    CSV is one year of quarters, JSON everything. The job tells members who took a copy, and how far it is.
    """
    uid, home, asked = _asked(request)
    profile = homes.member_of(cloud, home, uid)
    kind = fields.choice(asked, "format", FORMATS)
    year = fields.integer(asked, "year", 1990, 2200) if kind == "csv" else None
    limits.spend(cloud, STARTS, uid)
    job = f"export-{secrets.token_hex(8)}"
    name = f"{fields.text(profile, 'name', longest=80)} {year}.csv" if year else f"{profile['name']}.json"
    expires = datetime.fromtimestamp(cloud.now_ms() / 1000, UTC) + KEPT
    document = {"kind": "export", "state": "reading", "by": uid, "format": kind, "year": year, "file": name}
    cloud.store.create(documents.job(home, job), {**document, "pages": 0, "created": NOW, "expires": expires})
    log.info("export started", home=home, uid=uid, job=job, format=kind)
    return {"export": job, "file": name, "cursor": f"{DAYS}/{year}-01" if year else HEAD}


def page(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `exportpage`: {"home", "export", "cursor"} → {"text", "cursor" (null: that was the last)}.

    Key: (export, cursor): asked again, a page is made again. A page holds a month of days or AT_ONCE other documents.
    """
    uid, home, asked = _asked(request)
    profile = homes.member_of(cloud, home, uid)
    path = documents.job(home, fields.document_id(asked, "export"))
    cursor = fields.text(asked, "cursor", longest=200, pattern=r"head|[a-z]+/[A-Za-z0-9_.-]*")
    job = cloud.store.read(path)
    if job is None or job.get("kind") != "export":
        raise Refused("no_such_job", "export")
    text, following = _csv_page(cloud, home, cursor) if job["format"] == "csv" else _page(cloud, home, profile, cursor)
    moved = {"at": cursor, "pages": job["pages"] + 1, "state": "reading" if following else "done"}
    cloud.store.update(path, moved)
    return {"text": text, "cursor": following}


def _csv_page(cloud: Cloud, home: str, cursor: str) -> tuple[str, str | None]:
    month = _month(cursor.removeprefix(f"{DAYS}/"))
    heading = exports.CSV_HEADER if month.endswith("-01") else ""
    following = None if month.endswith("-12") else f"{DAYS}/{_next_month(month)}"
    return heading + exports.csv_of(_days(cloud, home, month)), following


def _page(cloud: Cloud, home: str, profile: Fields, cursor: str) -> tuple[str, str | None]:
    collections = [name for name in cloud.store.collections(documents.home(home)) if name not in LEFT_OUT]
    if cursor == HEAD:
        periods = cloud.store.find(queries.assignments_to(cloud.store.db, home))
        meters = [{"meter": each.path.split("/")[1], **_times(each.fields)} for each in periods]
        return exports.head(profile, meters, cloud.now_ms()), _after_collection("", collections)
    name, _, after = cursor.partition("/")
    if name == DAYS:
        return _days_page(cloud, home, _month(after) if after else "")
    if name not in collections:
        raise Refused("malformed", "cursor")
    names = frozenset({*profile["roles"], *profile.get("former_uids", [])})
    found = list(cloud.store.find(queries.documents_after(cloud.store.db, f"homes/{home}/{name}", after, AT_ONCE)))
    is_last = len(found) < AT_ONCE
    lines = [exports.document_line(each.id, each.fields, names) for each in found]
    following = _after_collection(name, collections) if is_last else f"{name}/{found[-1].id}"
    return exports.section(name, lines, not after, is_last), following


def _days_page(cloud: Cloud, home: str, month: str) -> tuple[str, str | None]:
    """The days of a month; without one, of the first."""
    first = next(cloud.store.find(queries.first_day(cloud.store.db, home)), None)
    last = next(cloud.store.find(queries.last_day(cloud.store.db, home)), None)
    if first is None or last is None:
        return exports.section(DAYS, [], True, True, "]}\n"), None
    month = month or first.id[:7]
    lines = [exports.day_line(each) for each in _days(cloud, home, month)]
    is_last = month >= last.id[:7]
    text = exports.section(DAYS, lines, month == first.id[:7], is_last, "]}\n")
    return text, None if is_last else f"{DAYS}/{_next_month(month)}"


def _days(cloud: Cloud, home: str, month: str) -> list[Fields]:
    found = cloud.store.find(queries.days_between(cloud.store.db, home, f"{month}-01", f"{month}-31"))
    return [each.fields for each in found]


def _after_collection(name: str, collections: list[str]) -> str:
    following = next((each for each in collections if each > name), DAYS)
    return f"{following}/"


def _month(told: str) -> str:
    return fields.text({"cursor": told}, "cursor", longest=7, pattern=r"\d{4}-(0[1-9]|1[0-2])")


def _next_month(month: str) -> str:
    year, number = int(month[:4]), int(month[5:7])
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


def _times(period: Fields) -> Fields:
    return {name: period[name] for name in ("from_s", "to_s")}


def _asked(request: CallableRequest[Any]) -> tuple[str, str, Fields]:
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    return uid, fields.document_id(asked, "home"), asked
