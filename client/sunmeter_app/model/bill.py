"""Where a month's bill will end, and what another tariff would have made of the past. Money in micro-units."""

from dataclasses import dataclass
from typing import Any

from . import fields as read


@dataclass(frozen=True)
class Bill:
    """The running month as of last night: what it has cost, and where it will end (80 %)."""

    month: str
    so_far_micro: int
    lo_micro: int
    p50_micro: int
    hi_micro: int


def bill_from(found: read.Fields | None) -> Bill | None:
    """Reads `insight/forecast.bill`; None without a tariff, or while there are too few days."""
    bill = read.mapping(found or {}, "bill")
    amounts = [read.whole(bill, name) for name in ("so_far_micro", "lo_micro", "p50_micro", "hi_micro")]
    month = read.text(bill, "month")
    if month is None or None in amounts:
        return None
    so_far, lo, p50, hi = (each or 0 for each in amounts)
    return Bill(month, so_far, lo, p50, hi)


@dataclass(frozen=True)
class TriedMonth:
    month: str
    cost_micro: int
    now_micro: int | None  # None: the month has no price as it was


@dataclass(frozen=True)
class WhatIf:
    """A tariff over one's own last months."""

    cost_micro: int
    now_micro: int | None
    difference_micro: int | None  # over the days that have both prices; None: there are none
    days: int
    is_exact: bool
    needs: str  # "prices", "days" or "": what would make it exact
    months: tuple[TriedMonth, ...]


def what_if_from(answer: dict[str, Any]) -> WhatIf:
    """Reads the answer of `whatif`."""
    total, now = read.mapping(answer, "total"), read.mapping(answer, "now")
    return WhatIf(
        cost_micro=read.whole(total, "cost_micro") or 0,
        now_micro=read.whole(now, "cost_micro"),
        difference_micro=read.whole(answer, "difference_micro"),
        days=read.whole(total, "days") or 0,
        is_exact=answer.get("exact") is True,
        needs=read.text(answer, "needs") or "",
        months=tuple(_month(each) for each in answer.get("months") or ()),
    )


def _month(found: read.Fields) -> TriedMonth:
    now_micro = read.whole(read.mapping(found, "now"), "cost_micro")
    return TriedMonth(read.text(found, "month") or "", read.whole(found, "cost_micro") or 0, now_micro)
