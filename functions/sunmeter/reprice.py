"""Days priced anew after a change of tariffs or market prices: a month at a time, each in one transaction."""

import datetime as dt
from typing import Any

from . import log, queries, terms
from .clients import Cloud
from .contract import documents
from .domain import days, fields, months, repricing
from .domain.days import Day
from .domain.repricing import Job
from .store import NOW, Transaction, stamp

QUEUE = "repricehome"
MONTHS_A_TASK = 24  # about ten seconds; a longer history goes on in the next task


def enqueue(cloud: Cloud, home: str, job: Job, again: int | None = None) -> None:
    """Asks for the rest of a job; `again` tells a repeated request from the one whose key is spent."""
    key = f"{home}-{job['rev']}-{job['left_until']}"
    cloud.enqueue(QUEUE, key if again is None else f"{key}-{again}", {"home": home})


def run(data: Any, cloud: Cloud) -> None:
    """Task `repricehome`. Key: (day, revision of the tariffs): a day that is priced under the newest is left alone.

    How far it came stands in `jobs/reprice`, written together with the days: whoever dies goes on from there.
    """
    home = fields.document_id(fields.mapping(data), "home")
    for _ in range(MONTHS_A_TASK):
        job = cloud.store.read(documents.job(home, repricing.JOB))
        if not job or not job["left_until"]:
            return
        _go_on(cloud, home, job)
    job = cloud.store.read(documents.job(home, repricing.JOB))
    if job and job["left_until"]:
        enqueue(cloud, home, job)


def _go_on(cloud: Cloud, home: str, job: Job) -> None:
    """Prices the newest month that is left, or ends the job."""
    found = list(cloud.store.find(queries.newest_day(cloud.store.db, home, job["first_day"], job["left_until"])))
    newest = found[0].id if found else None
    if newest and job["months"] is None:
        (oldest,) = cloud.store.find(queries.oldest_day(cloud.store.db, home, job["first_day"], newest))
        job = repricing.counted(job, oldest.id, newest)
    after = cloud.store.transact(lambda transaction: _price_month(transaction, home, job, newest))
    log.info("repriced", home=home, until=newest, rev=after["rev"], changed=after["days_changed"])


def _price_month(transaction: Transaction, home: str, job: Job, newest: str | None) -> Job:
    """Prices the days of the month of `newest` up to it, and writes them, their month and the job."""
    path = documents.job(home, repricing.JOB)
    stored = transaction.read(path) or job
    if (stored["rev"], stored["left_until"]) != (job["rev"], job["left_until"]):
        return stored  # another change came between: it begins anew
    if newest is None:
        transaction.set(path, {**repricing.finished(job), "finished": NOW})
        return job
    before = _days(transaction, home, max(job["first_day"], f"{newest[:7]}-01"), newest)
    month_path = documents.month(home, newest[:7])
    month = transaction.read(month_path)
    known = terms.read_all(transaction, home, [day.local for day in before])
    changed = 0
    for day in before:
        own = known[day.local.day]
        if not terms.are_old(day.terms, own.rev):
            continue
        after = days.priced(day, own)
        if after.rev > day.rev:
            changed += 1
            month = months.with_day(month, after)
        transaction.set(documents.day(home, day.local.day), {**days.write(after), **stamp()})
    if changed and month:
        transaction.set(month_path, {**month, **stamp()})
    job = repricing.with_month(job, newest[:7], len(before), changed)
    transaction.set(path, job if job["left_until"] else {**job, "finished": NOW})
    return job


def _days(transaction: Transaction, home: str, first_day: str, last_day: str) -> list[Day]:
    """The days that are stored, of those."""
    first = dt.date.fromisoformat(first_day)
    number = (dt.date.fromisoformat(last_day) - first).days + 1
    paths = [documents.day(home, (first + dt.timedelta(days=ahead)).isoformat()) for ahead in range(number)]
    found = transaction.read_all(paths)
    return [days.read(document) for path in paths if (document := found[path]) is not None]
