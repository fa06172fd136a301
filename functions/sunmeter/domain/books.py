"""The books of a home: what its meters' registers counted, against the sum of what the ledger holds. Pure.

Every interval brings the registers at both of its ends. Of each meter the first and the last of them are kept by day,
so that what lies between can be compared with the quarters' sum: a difference is energy that was counted and is in no
quarter (yet), or in one too many.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..contract.documents import SPAN
from ..contract.ledger import QUARTER_S, ZERO, Interval, LocalDay, Registers

MOST_OPEN = 31  # days with a difference that are listed, the newest

Fields = dict[str, Any]


class Span(NamedTuple):
    """From the first to the last quarter that one meter told of a day."""

    from_s: int
    to_s: int
    regs0: Registers
    regs1: Registers


Spans = Mapping[str, Span]  # by meter


def extended(spans: Spans, intervals: Iterable[Interval]) -> dict[str, Span]:
    """The spans with intervals that the day took: one that takes the place of another counts as the later told."""
    grown = dict(spans)
    for interval in intervals:
        end_s = interval.start_s + QUARTER_S
        span = grown.get(interval.meter, Span(interval.start_s, end_s, interval.regs0, interval.regs1))
        if interval.start_s <= span.from_s:
            span = span._replace(from_s=interval.start_s, regs0=interval.regs0)
        if end_s >= span.to_s:
            span = span._replace(to_s=end_s, regs1=interval.regs1)
        grown[interval.meter] = span
    return grown


@dataclass(frozen=True)
class Entry:
    """The books of one meter over some time: what its registers counted, and what the ledger holds of it [mWh]."""

    meter: str
    span: Span
    summed: Registers

    @property
    def counted(self) -> Registers:
        return self.span.regs1.since(self.span.regs0)

    @property
    def difference(self) -> Registers:
        return self.counted.since(self.summed)

    def row(self) -> list[int]:
        """As it is stored: numbers in the order of SPAN."""
        return [self.span.from_s, self.span.to_s, *self.span.regs0, *self.span.regs1, *self.summed]

    def then(self, later: "Entry") -> "Entry":
        """Both as one, with what lies between them."""
        span = self.span._replace(to_s=later.span.to_s, regs1=later.span.regs1)
        return Entry(self.meter, span, self.summed.plus(later.summed))


def entries(spans: Spans, local: LocalDay, quarters: Sequence[Registers]) -> list[Entry]:
    """The books of a day. quarters: the energy of each quarter, ZERO where nothing is known."""
    return [_entry(meter, span, local, quarters) for meter, span in sorted(spans.items())]


def _entry(meter: str, span: Span, local: LocalDay, quarters: Sequence[Registers]) -> Entry:
    first, beyond = ((moment_s - local.start_s) // QUARTER_S for moment_s in (span.from_s, span.to_s))
    return Entry(meter, span, total(quarters[first:beyond]))


def total(amounts: Iterable[Registers]) -> Registers:
    summed = ZERO
    for amount in amounts:
        summed = summed.plus(amount)
    return summed


def read(stored: Any) -> list[Entry]:
    """The books of a document; none where it has none yet."""
    return [_read_row(meter, row) for meter, row in sorted((stored or {}).items())]


def _read_row(meter: str, row: Sequence[int]) -> Entry:
    if len(row) != len(SPAN):
        raise ValueError(f"the books of {meter} have {len(row)} numbers")
    from_s, to_s, *registers = row
    regs0, regs1, summed = (Registers(*registers[at : at + 4]) for at in (0, 4, 8))
    return Entry(meter, Span(from_s, to_s, regs0, regs1), summed)


def write(kept: Iterable[Entry]) -> dict[str, list[int]]:
    return {entry.meter: entry.row() for entry in kept}


def balance(months: Iterable[Fields]) -> Fields:
    """The books of a home over those months, as `insight/ledger` holds them.

    `meters`: for each meter in turn what its registers counted from first to last, the sum of its quarters, and the
    difference; `open`: the days that make it, newest first, each with what lies between it and the day before.
    """
    found = sorted(_by_day(months), key=lambda dated: dated[1].span.from_s)
    whole: list[Entry] = []
    open_days: list[Fields] = []
    for day, entry in found:
        missing = entry.difference
        if whole and whole[-1].meter == entry.meter:
            missing = missing.plus(entry.span.regs0.since(whole[-1].span.regs1))
            whole[-1] = whole[-1].then(entry)
        else:
            whole.append(entry)  # another meter: what it counted before is not of this home
        if missing != ZERO:
            open_days.append({"day": day, "meter": entry.meter, "difference_mwh": list(missing)})
    return {
        "meters": [_told(entry) for entry in whole],
        "open": open_days[: -MOST_OPEN - 1 : -1],
        "open_days": len(open_days),
    }


def _told(entry: Entry) -> Fields:
    return {
        "meter": entry.meter,
        "from_s": entry.span.from_s,
        "to_s": entry.span.to_s,
        "counted_mwh": list(entry.counted),
        "ledger_mwh": list(entry.summed),
        "difference_mwh": list(entry.difference),
    }


def _by_day(months: Iterable[Fields]) -> Iterator[tuple[str, Entry]]:
    for month in months:
        for day, told in month["days"].items():
            for entry in read(told.get("books")):
                yield f"{month['month']}-{day}", entry


def says_the_same(balance: Fields, stored: Fields | None) -> bool:
    """Would a night that writes this tell anything new? Only a day more that balances is no news."""
    return stored is not None and _news(balance) == _news(stored)


def _news(balance: Fields) -> tuple[list[tuple[str, list[int]]], list[Fields]]:
    return [(told["meter"], told["difference_mwh"]) for told in balance["meters"]], balance["open"]
