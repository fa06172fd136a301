"""What a night keeps for the next one, so that it reads only what changed: copies of what training takes. Pure.

`kept/minutes` holds the minutes of the days that training takes, each with its day's revision; `kept/months` and
`kept/prices` hold months as they were up to a moment; `kept/ratings` what people said of alerts up to one. All of it
can be made again from what it was copied from, and is where it is missing or of another version.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from . import feedback, months

VERSION = 1
MINUTE_DAYS = 45  # of minutes that a model is trained on
MINUTE_COLUMNS = ("grid_w", "pv_w", "v_dv", "q_var")
WAITING_DAYS = 3  # half a megabyte is written in one night of three; the others read up to two days once more
OVERLAP = dt.timedelta(hours=1)  # what was written meanwhile, by another clock
YEAR = dt.timedelta(days=365)
_DAY_MS = 86_400_000

Fields = dict[str, Any]


def readable(stored: Fields | None) -> Fields | None:
    """What was kept, if it is of this version."""
    return stored if stored is not None and stored.get("v") == VERSION else None


# --- minutes ---


def window(day: str) -> list[str]:
    """The days whose minutes a model is trained on, the last of them `day`."""
    last = dt.date.fromisoformat(day)
    return [(last - dt.timedelta(days=ago)).isoformat() for ago in range(MINUTE_DAYS - 1, -1, -1)]


def minutes_of(document: Fields) -> Fields:
    """What is kept of a day's document."""
    columns = {name: bytes(document["columns"][name]) for name in MINUTE_COLUMNS}
    return {"start_s": document["start_s"], "rev": document["rev"], "columns": columns}


def changed_days(stored: Fields, day: str, by_month: Mapping[str, Fields]) -> list[str]:
    """The days of the window of which their months tell a later revision than what is kept, or any where nothing is."""
    known = stored["days"]
    return [
        each
        for each in window(day)
        if months.entry_rev(by_month.get(each[:7]), each) > known.get(each, {"rev": 0})["rev"]
    ]


def with_days(stored: Fields | None, day: str, found: Mapping[str, Fields]) -> Fields:
    """What is kept with the days that were read, and without those that have left the window."""
    known = {**(stored["days"] if stored else {}), **{each: minutes_of(document) for each, document in found.items()}}
    return {"v": VERSION, "days": {each: known[each] for each in window(day) if each in known}}


def is_worth_writing(stored: Fields | None, after: Fields) -> bool:
    """Are there so many days that would be read again?"""
    known = stored["days"] if stored else {}
    waiting = [each for each, minutes in after["days"].items() if minutes["rev"] != known.get(each, {"rev": 0})["rev"]]
    return len(waiting) >= WAITING_DAYS


# --- months and prices ---


def first_month(day: str) -> str:
    """The first month that a night looks at: a year of them, and the running one."""
    return (dt.date.fromisoformat(day) - YEAR).isoformat()[:7]


def seen_from(stored: Fields) -> dt.datetime:
    """The moment from which writings are looked for."""
    return dt.datetime.fromtimestamp(stored["seen_ms"] / 1000, dt.UTC) - OVERLAP


def with_months(stored: Fields | None, day: str, found: Mapping[str, Fields], now_ms: int) -> Fields:
    """What is kept with the months that were read, and without those before the year."""
    known = {**(stored["months"] if stored else {}), **found}
    within = {each: known[each] for each in sorted(known) if each >= first_month(day)}
    return {"v": VERSION, "seen_ms": now_ms, "months": within}


def has_old_news(stored: Fields | None, day: str, found: Mapping[str, Fields]) -> bool:
    """Did a month change that is over? The running one changes every day and is read anyway, and with it later ones."""
    known = stored["months"] if stored else {}
    return any(month != known.get(each) for each, month in found.items() if each < day[:7])


def up_to(kept: Fields, day: str) -> dict[str, Fields]:
    """The months that a night looks at, oldest first."""
    return {each: kept["months"][each] for each in sorted(kept["months"]) if first_month(day) <= each <= day[:7]}


# --- ratings ---


def rated_from(stored: Fields | None, now_ms: int) -> int:
    """The moment from which ratings are looked for [ms]."""
    oldest_ms = now_ms - feedback.RATED_DAYS * _DAY_MS
    return max(oldest_ms, stored["seen_ms"] - OVERLAP // dt.timedelta(milliseconds=1)) if stored else oldest_ms


def still_open(stored: Fields | None) -> list[str]:
    """The alerts that had no end when they were kept."""
    return [each for each, alert in stored["alerts"].items() if alert["end_ms"] is None] if stored else []


def with_ratings(stored: Fields | None, now_ms: int, found: Mapping[str, Fields | None]) -> Fields:
    """What is kept with the alerts that were read (None: gone), of those that began in the last RATED_DAYS."""
    told = {each: feedback.rated(alert) for each, alert in found.items() if alert is not None}
    known = {**(stored["alerts"] if stored else {}), **told}
    since_ms = now_ms - feedback.RATED_DAYS * _DAY_MS
    kept = {
        each: alert
        for each, alert in known.items()
        if alert["rating"] != "none" and alert["start_ms"] >= since_ms and found.get(each, alert) is not None
    }
    newest = sorted(kept, key=lambda each: (-kept[each]["start_ms"], each))[: feedback.MOST_RATED]
    return {"v": VERSION, "seen_ms": now_ms, "alerts": {each: kept[each] for each in newest}}
