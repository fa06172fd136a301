"""The job of pricing days anew after their tariff changed, from the newest month to the oldest. Pure.

`left_until` is the last day still to be looked at, None once none is left: a job that dies is found by it.
"""

from dataclasses import dataclass
from typing import Any

from . import calendar

KIND = "reprice"
JOB = "reprice"  # one of a home: a change that comes while it runs widens it
RUNNING, DONE = "running", "done"
Job = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """Tariffs changed, and with them what these days cost."""

    rev: int
    first_day: str
    last_day: str
    reason: str  # "tariff" or "prices"


def asked(job: Job | None, change: Change) -> Job | None:
    """The job after a change; None when no day has begun that it concerns, and nothing is left from before."""
    if change.first_day > change.last_day:
        return None
    first_day, last_day = change.first_day, change.last_day
    if job and job["left_until"]:
        first_day, last_day = min(first_day, job["first_day"]), max(last_day, job["left_until"])
    return {
        "kind": KIND,
        "state": RUNNING,
        "reason": change.reason,
        "rev": change.rev,
        "first_day": first_day,
        "last_day": last_day,
        "left_until": last_day,
        "months": None,
        "months_done": 0,
        "days": 0,
        "days_changed": 0,
    }


def counted(job: Job, oldest_day: str, newest_day: str) -> Job:
    """The job once it is known which days there are: from here on it can tell how far it came."""
    return {**job, "months": calendar.months_between(oldest_day, newest_day)}


def with_month(job: Job, month: str, days: int, changed: int) -> Job:
    """The job after a month, and all that follow it, are priced."""
    done = {
        "days": job["days"] + days,
        "days_changed": job["days_changed"] + changed,
        "months_done": min(job["months_done"] + 1, job["months"] or 1),
    }
    left_until = calendar.before(f"{month}-01")
    return {**job, **done, "left_until": left_until} if left_until >= job["first_day"] else finished({**job, **done})


def finished(job: Job) -> Job:
    """The job with no day left."""
    return {**job, "state": DONE, "left_until": None, "months_done": job["months"] or 0}
