"""Months of a home's calendar. Pure."""

import datetime as dt
from zoneinfo import ZoneInfo

from ..contract import ledger
from ..contract.ledger import LocalDay


def month_of(month: str, zone: ZoneInfo) -> LocalDay:
    """The whole of a month (`YYYY-MM`) as if it were one day: its start, and how many quarters it has."""
    first = dt.date.fromisoformat(f"{month}-01")
    start, following = ledger.day_of(first, zone), ledger.day_of((first + dt.timedelta(days=31)).replace(day=1), zone)
    return LocalDay(month, start.start_s, (following.start_s - start.start_s) // ledger.QUARTER_S)


def days_of(month: str, zone: ZoneInfo) -> list[LocalDay]:
    """The days of a month, in order."""
    first = dt.date.fromisoformat(f"{month}-01")
    following = (first + dt.timedelta(days=31)).replace(day=1)
    return [ledger.day_of(first + dt.timedelta(days=day), zone) for day in range((following - first).days)]


def before(day: str) -> str:
    """The day before."""
    return (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()


def months_between(first: str, last: str) -> int:
    """How many months there are from one to the other, both counted."""
    return 12 * (int(last[:4]) - int(first[:4])) + int(last[5:7]) - int(first[5:7]) + 1


def month_ago(month: str, number: int) -> str:
    """The month that many months before."""
    months = 12 * int(month[:4]) + int(month[5:7]) - 1 - number
    return f"{months // 12:04}-{months % 12 + 1:02}"
