"""Periods of days that history shows: a day, a week, a month, a year, or any range. Pure."""

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qsl, urlencode

from ..problems import Problem

MOST_DAYS = 1096  # of a range: three years are 37 documents
DAYS_IN_BARS = 92  # a longer range has a bar for each month
LONGEST_QUERY = 200
YEARS = range(1990, 2201)  # that an address may ask for
_WEEKS_OF_YEAR = dt.timedelta(weeks=52)  # the same weekday, a year before


class Span(Enum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    RANGE = "range"


class Against(Enum):
    """What a period is compared with."""

    NOTHING = "nothing"
    BEFORE = "before"  # the one before it
    YEAR = "year"  # the same one a year before


@dataclass(frozen=True)
class Period:
    """Whole days, from the first to the last."""

    span: Span
    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def months(self) -> tuple[str, str]:
        """The first and the last month that it touches."""
        return month_of(self.first), month_of(self.last)

    @property
    def has_months(self) -> bool:
        """Whether it is shown month by month."""
        return self.span is Span.YEAR or self.days > DAYS_IN_BARS

    def holds(self, date: dt.date) -> bool:
        return self.first <= date <= self.last

    def dates(self) -> Iterator[dt.date]:
        return (self.first + dt.timedelta(days=offset) for offset in range(self.days))

    def parts(self) -> tuple["Period", ...]:
        """Its days, or its months where it has too many."""
        if not self.has_months:
            return tuple(holding(Span.DAY, date) for date in self.dates())
        found = [holding(Span.MONTH, self.first)]
        while found[-1].last < self.last:
            found.append(found[-1].shifted(1))
        return tuple(Period(Span.MONTH, max(each.first, self.first), min(each.last, self.last)) for each in found)

    def shifted(self, count: int) -> "Period":
        """The one so many further on; a range by its own length."""
        if self.span is Span.MONTH:
            return holding(Span.MONTH, _month_later(self.first, count))
        if self.span is Span.YEAR:
            return holding(Span.YEAR, self.first.replace(year=self.first.year + count))
        by = dt.timedelta(days=self.days * count)
        return Period(self.span, self.first + by, self.last + by)

    def compared(self, against: Against) -> "Period | None":
        """What it is set against; None: nothing."""
        if against is Against.NOTHING:
            return None
        if against is Against.BEFORE:
            return self.shifted(-1)
        if self.span is Span.MONTH:
            return self.shifted(-12)
        if self.span is Span.YEAR:
            return self.shifted(-1)
        return Period(self.span, self.first - _WEEKS_OF_YEAR, self.last - _WEEKS_OF_YEAR)


def month_of(date: dt.date) -> str:
    return f"{date:%Y-%m}"


def _month_later(first: dt.date, months: int) -> dt.date:
    index = first.year * 12 + first.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)


def holding(span: Span, date: dt.date) -> Period:
    """The period of that span that a date lies in; weeks begin on Mondays. A range is of one day."""
    if span is Span.WEEK:
        monday = date - dt.timedelta(days=date.weekday())
        return Period(span, monday, monday + dt.timedelta(days=6))
    if span is Span.MONTH:
        length = calendar.monthrange(date.year, date.month)[1]
        return Period(span, date.replace(day=1), date.replace(day=length))
    if span is Span.YEAR:
        return Period(span, dt.date(date.year, 1, 1), dt.date(date.year, 12, 31))
    return Period(span, date, date)


def range_of(first: dt.date, last: dt.date) -> Period:
    """Any days. Raises Problem("range", field) where they are in the wrong order, or too many."""
    if last < first or (last - first).days >= MOST_DAYS:
        raise Problem("range", "last")
    return Period(Span.RANGE, first, last)


def spanned(period: Period, span: Span, today: dt.date) -> Period:
    """Another span around what is shown: its last day that has come decides. A range of a day is the week up to it."""
    if span is Span.RANGE:
        first = period.last - dt.timedelta(days=6) if period.days == 1 else period.first
        return Period(span, first, period.last)
    return holding(span, max(period.first, min(period.last, today)))


# --- in an address ---------------------------------------------------------------------------------------------------

_TO = "to"  # between the two days of a range; what else has one is named by its first
_AGAINST = "against"


def query_of(period: Period | None, against: Against) -> str:
    """The query that an address carries: `week=2026-06-15&against=year`; "" for the present and nothing beside it."""
    fields = {}
    if period is not None:
        days = (period.first, period.last) if period.span is Span.RANGE else (period.first,)
        fields[period.span.value] = _TO.join(day.isoformat() for day in days)
    if against is not Against.NOTHING:
        fields[_AGAINST] = against.value
    return urlencode(fields)


def asked_in(query: str) -> tuple[Period | None, Against]:
    """What an address asks for; anybody may have typed it, so that nonsense is the present."""
    fields = dict(parse_qsl(query[:LONGEST_QUERY]))
    against = next((each for each in Against if each.value == fields.get(_AGAINST)), Against.NOTHING)
    for span in Span:
        if span.value in fields:
            return _period_of(span, fields[span.value]), against
    return None, against


def _period_of(span: Span, words: str) -> Period | None:
    try:
        days = [dt.date.fromisoformat(word) for word in words.split(_TO)]
        if any(day.year not in YEARS for day in days):
            return None
        if span is Span.RANGE:
            first, last = days
            return range_of(first, last)
        (day,) = days
        return holding(span, day)
    except (ValueError, Problem):
        return None
