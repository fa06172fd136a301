"""History that an owner brings along: a file is sent in pieces, shown as it was understood, then brought in.

What was read waits as one document a month beneath the job, so that the file is sent once, and nothing is stored among
the home's days before its owner has seen what it will be.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from firebase_functions.https_fn import CallableRequest

from . import homes, identity, limits, log, queries, terms
from .clients import Cloud
from .contract import documents, ledger
from .contract.ledger import LocalDay, Registers
from .domain import days, fields
from .domain.imports import batches, detect, spec
from .domain.imports.reader import Cells, Reader
from .domain.refusals import Refused
from .domain.roles import OWNER
from .limits import Limit
from .store import NOW, Fields, Transaction, stamp

QUEUE = "applyimport"
STARTS = Limit("importstart", 30, limits.DAY_MS)  # of one home: each may leave a file's months to lie for a week
MAX_PIECES = 500  # of one file: four years of minutes have a third of it
MAX_PIECE_CHARS = 1 << 20
MAX_MONTHS = 40  # that one piece may touch: a megabyte of hours is two years
KEPT = timedelta(days=7)  # an import that nobody brings in
DONE_KEPT = timedelta(days=30)


def start(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `importstart`: {"home", "name", "head", "options"?} → {"job", "understood"}. Key: none.

    head: the beginning of the file, at most a megabyte; nothing of it is stored. See `detect` for the options.
    """
    uid, home, asked = _asked(request)
    profile = homes.member_of(cloud, home, uid, (OWNER,))
    head = asked.get("head")
    if not isinstance(head, str):
        raise Refused("malformed", "head")
    understood = detect.detect(head, fields.mapping(asked.get("options", {}), "options"), profile["zone"])
    limits.spend(cloud, STARTS, home)
    job = f"import-{secrets.token_hex(8)}"
    document = {
        "kind": "import",
        "state": "reading",
        "by": uid,
        "name": fields.text(asked, "name", longest=120),
        "spec": spec.written(understood),
        "next_piece": 0,
        "reader": {},
        "months": [],
        "created": NOW,
        "expires": _after(cloud, KEPT),
    }
    cloud.store.create(documents.job(home, job), document)
    log.info("import started", home=home, uid=uid, job=job, format=understood.format)
    return {"job": job, "understood": spec.written(understood)}


def piece(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `importpiece`: {"home", "job", "number", "text", "last"?} → what was read so far. Key: (job, number).

    Pieces are whole lines, at most a megabyte each, numbered from 0; one that was taken before is taken for done.
    Refused: no_such_job, wrong_piece, too_large, too_many, malformed.
    """
    uid, home, asked = _asked(request)
    homes.member_of(cloud, home, uid, (OWNER,))
    path = documents.job(home, fields.document_id(asked, "job"))
    number = fields.integer(asked, "number", 0, MAX_PIECES - 1)
    text, last = asked.get("text"), asked.get("last", False)
    if not isinstance(text, str) or not isinstance(last, bool) or not (last or text.endswith("\n")):
        raise Refused("malformed", "text")
    if len(text) > MAX_PIECE_CHARS:
        raise Refused("too_large", "text")
    job = _job(cloud.store.read(path))
    if number < job["next_piece"]:
        summed = _summed(cloud, home, path) if job["state"] == "ready" and "preview" not in job else {}
        return _progress({**job, **summed})
    _check_next(job, number)
    reader = Reader(spec.read(job["spec"]), cloud.now_ms() // 1000, job["reader"])
    months = batches.by_month(reader.read(text))
    if len(months) > MAX_MONTHS:
        raise Refused("too_many", "text")
    taken = _Piece(number, reader, months, last)
    after = cloud.store.transact(lambda transaction: _take_in(transaction, path, taken, _after(cloud, KEPT)))
    return _progress({**after, **(_summed(cloud, home, path) if last else {})})


class _Piece:
    """One piece as it was read."""

    def __init__(self, number: int, reader: Reader, months: dict[str, Cells], last: bool):
        self.number, self.reader, self.months, self.last = number, reader, months, last


def _take_in(transaction: Transaction, path: str, taken: _Piece, expires: datetime) -> Fields:
    """Adds a piece to the months and moves the job on, together; what another call was first to take stays as it is."""
    job = _job(transaction.read(path))
    if taken.number < job["next_piece"]:
        return job
    _check_next(job, taken.number)
    stored = transaction.read_all(f"{path}/batches/{month}" for month in taken.months)
    series = len(taken.reader.spec.series)
    for month, cells in taken.months.items():
        merged = batches.added(stored[f"{path}/batches/{month}"], month, cells, series)
        transaction.set(f"{path}/batches/{month}", {**merged, "expires": expires})
    moved = {
        "next_piece": taken.number + 1,
        "reader": taken.reader.state,
        "months": sorted({*job["months"], *taken.months}),
        "state": "ready" if taken.last else "reading",
        "expires": expires,
    }
    transaction.update(path, moved)
    return {**job, **moved}


def _summed(cloud: Cloud, home: str, path: str) -> Fields:
    """How many quarters the whole file gives, and from when to when: kept in the job for the preview."""
    found = [each.fields for each in cloud.store.find(queries.batches_of(cloud.store.db, home, path.split("/")[3]))]
    counts = [batches.counts(each) for each in found]
    starts = [start_s for each in (found[:1] + found[-1:]) for start_s, _ in batches.whole(each)]
    summed: Fields = {
        "quarters": sum(whole for whole, _ in counts),
        "partial": sum(part for _, part in counts),
        "from_s": min(starts, default=None),
        "to_s": max(starts, default=-ledger.QUARTER_S) + ledger.QUARTER_S if starts else None,
        "energy_wh": _energy_wh(found),
    }
    cloud.store.update(path, {"preview": summed})
    return {"preview": summed}


def _energy_wh(found: list[Fields]) -> dict[str, float]:
    total = ledger.ZERO
    for each in found:
        for _, energy in batches.whole(each):
            total = total.plus(energy)
    return days.totals(total)


def apply(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `importapply`: {"home", "job"}: brings in what the preview showed. Key: job."""
    uid, home, asked = _asked(request)
    homes.member_of(cloud, home, uid, (OWNER,))
    job_id = fields.document_id(asked, "job")
    path = documents.job(home, job_id)
    job = _job(cloud.store.read(path))
    if job["state"] == "ready":
        if not job.get("preview", {}).get("quarters"):
            raise Refused("nothing_to_import", "job")
        moved = {"state": "applying", "applied": [], "stored": 0, "kept": 0}
        cloud.store.update(path, {**moved, "expires": _after(cloud, DONE_KEPT)})
    elif job["state"] not in ("applying", "done"):
        raise Refused("not_ready", "job")
    if job["state"] != "done":
        cloud.enqueue(QUEUE, f"{home}-{job_id}", {"home": home, "job": job_id})
    log.info("import applied", home=home, uid=uid, job=job_id)
    return {"job": job_id}


def cancel(request: CallableRequest[Any], cloud: Cloud) -> Fields:
    """Callable `importcancel`: {"home", "job"}. Key: job. What is brought in already stays."""
    uid, home, asked = _asked(request)
    homes.member_of(cloud, home, uid, (OWNER,))
    path = documents.job(home, fields.document_id(asked, "job"))
    job = cloud.store.read(path)
    if job and job["kind"] == "import" and job["state"] in ("reading", "ready"):
        cloud.store.delete_below(path, ("batches",), 100)
        cloud.store.delete(path)
    return {}


def run(data: Any, cloud: Cloud) -> None:
    """Task `applyimport`. Key: (job, month): a month that is in already is left alone, the rest is brought in."""
    asked = fields.mapping(data)
    home, job_id = fields.document_id(asked, "home"), fields.document_id(asked, "job")
    path = documents.job(home, job_id)
    job, profile = cloud.store.read(path), cloud.store.read(documents.home(home))
    if job is None or profile is None or job["state"] != "applying":
        return
    for found in cloud.store.find(queries.batches_of(cloud.store.db, home, job_id)):
        if found.id not in job["applied"]:
            stored, kept = _bring_in(cloud, home, profile["zone"], dict(batches.whole(found.fields)))
            job["applied"] = [*job["applied"], found.id]
            job["stored"], job["kept"] = job["stored"] + stored, job["kept"] + kept
            cloud.store.update(path, {name: job[name] for name in ("applied", "stored", "kept")})
    cloud.store.update(path, {"state": "done", "finished": NOW})
    cloud.store.delete_below(path, ("batches",), 100)
    log.info("import done", home=home, job=job_id, stored=job["stored"], kept=job["kept"])


def _bring_in(cloud: Cloud, home: str, zone: str, quarters: dict[int, Registers]) -> tuple[int, int]:
    """Stores quarters in their days; how many were taken, and how many a meter had told of before."""
    by_day: dict[LocalDay, dict[int, Registers]] = {}
    for start_s, energy in quarters.items():
        by_day.setdefault(ledger.local_day(start_s, ledger.zone_named(zone)), {})[start_s] = energy
    taken = sum(_store_day(cloud, home, local, zone, each) for local, each in by_day.items())
    return taken, len(quarters) - taken


def _store_day(cloud: Cloud, home: str, local: LocalDay, zone: str, quarters: dict[int, Registers]) -> int:
    path = documents.day(home, local.day)

    def write(transaction: Transaction) -> int:
        stored = transaction.read(path)
        before = days.read(stored) if stored else days.empty(local, zone)
        after, taken = days.with_imported(before, quarters)
        if after is not before:
            after = days.priced(after, terms.read(transaction, home, local))
            transaction.set(path, {**days.write(after), **stamp()})
        return taken

    return cloud.store.transact(write)


def _asked(request: CallableRequest[Any]) -> tuple[str, str, Fields]:
    uid = identity.person(request)
    asked = fields.mapping(request.data)
    return uid, fields.document_id(asked, "home"), asked


def _job(document: Fields | None) -> Fields:
    if document is None or document.get("kind") != "import":
        raise Refused("no_such_job", "job")
    return document


def _check_next(job: Fields, number: int) -> None:
    if job["state"] != "reading":
        raise Refused("not_ready", "job")
    if number != job["next_piece"]:
        raise Refused("wrong_piece", "number")


def _progress(job: Fields) -> Fields:
    told = {name: each for name, each in job["reader"].items() if name != "last"}
    return {"state": job["state"], "next_piece": job["next_piece"], "preview": job.get("preview"), **told}


def _after(cloud: Cloud, lasting: timedelta) -> datetime:
    return datetime.fromtimestamp(cloud.now_ms() / 1000, UTC) + lasting
