"""Periods in words: what they are called, their parts, and runs of days."""

import datetime as dt
from collections.abc import Sequence

from ..model.period import Period, Span
from ..speech import Speech

RUNS_NAMED = 5


def name_of(period: Period, speech: Speech) -> str:
    """As a heading: "Wed 17 June 2026", "15–21 Jun 2026", "June 2026", "2026"."""
    if period.span is Span.DAY:
        return speech.date_full(period.first)
    if period.span is Span.MONTH and period.first.day == 1:
        return speech.month(period.first)
    if period.span is Span.YEAR:
        return str(period.first.year)
    return speech.dates(period.first, period.last)


def spoken(period: Period, speech: Speech) -> str:
    """As tests and screen readers find it: "Month shown: 2026-06"."""
    first, last = period.first.isoformat(), period.last.isoformat()
    told = {Span.DAY: first, Span.MONTH: first[:7], Span.YEAR: first[:4]}.get(period.span)
    shown = told or speech.say("history.from_to", first=first, last=last)
    return speech.say(f"history.shown_{period.span.value}", shown=shown)


def part_of(part: Period, within: Period, speech: Speech) -> str:
    """A bar's name within its chart: "Wed 17 June", "June 2026"."""
    return name_of(part, speech) if within.has_months else speech.date_long(part.first)


def days_in_words(days: Sequence[dt.date], speech: Speech) -> str:
    """Days by name, runs as one, the first few of many."""
    told = [_run(first, last, speech) for first, last in _runs(days)]
    listed = ", ".join(told[:RUNS_NAMED])
    more = len(told) - RUNS_NAMED
    return speech.say("history.and_more", days=listed, n=more) if more > 0 else listed


def _runs(days: Sequence[dt.date]) -> list[tuple[dt.date, dt.date]]:
    runs: list[tuple[dt.date, dt.date]] = []
    for day in days:
        if runs and (day - runs[-1][1]).days == 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _run(first: dt.date, last: dt.date, speech: Speech) -> str:
    return speech.date_short(first) if first == last else f"{speech.date_short(first)} – {speech.date_short(last)}"
