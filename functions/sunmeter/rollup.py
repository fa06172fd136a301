"""Day → month: derived from what is stored now, never from the event that woke us, which may be an old one."""

from . import judge, log
from .clients import Cloud
from .contract import documents
from .domain import days, months
from .domain.days import Day
from .store import Fields, Transaction, stamp


def on_day(before: Fields | None, after: Fields | None, params: dict[str, str], cloud: Cloud) -> None:
    """Trigger `onday`. Key: (home, day, rev of the day): the month that holds this revision is left alone.

    Returns at once unless a block of the day closed or a closed one changed.
    """
    if after and months.calls_for_rollup(days.read(before) if before else None, days.read(after)):
        roll_up(cloud, params["home"], params["day"])


def roll_up(cloud: Cloud, home: str, day_id: str) -> bool:
    """Brings the day, as it is stored now, into its month. Returns False when it was there already."""
    day_path, month_path = documents.day(home, day_id), documents.month(home, day_id[:7])

    def write(transaction: Transaction) -> Day | None:
        stored, month = transaction.read(day_path), transaction.read(month_path)
        if stored is None or months.entry_rev(month, day_id) >= stored["rev"]:
            return None
        day = days.read(stored)
        transaction.set(month_path, {**months.with_day(month, day), **stamp()})
        return day

    day = cloud.store.transact(write)
    if day is None:
        return False
    log.info("month derived", home=home, day=day_id)
    judge.running_day(cloud, home, day)
    return True
