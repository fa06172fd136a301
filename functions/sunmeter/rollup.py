"""Day → month: derived from what is stored now, never from the event that woke us, which may be late or out of order."""

from google.cloud import firestore
from google.cloud.firestore_v1.transaction import Transaction
from firebase_functions.firestore_fn import Change, DocumentSnapshot

from . import log
from .clients import Cloud
from .contract import documents
from .domain import days, months


def on_day(change: Change[DocumentSnapshot | None], params: dict[str, str], cloud: Cloud) -> None:
    """Trigger `onday`. Key: (home, day, rev of the day): the month that holds this revision is left alone.

    Returns at once unless a block of the day closed or a closed one changed.
    """
    if change.after is None or not change.after.exists:
        return
    before = change.before.to_dict() if change.before is not None and change.before.exists else None
    after = days.read(change.after.to_dict())
    if months.calls_for_rollup(days.read(before) if before else None, after):
        roll_up(cloud, params["home"], params["day"])


def roll_up(cloud: Cloud, home: str, day_id: str) -> bool:
    """Brings the day, as it is stored now, into its month. Returns False when it was there already."""
    day_reference = cloud.db.document(documents.day(home, day_id))
    month_reference = cloud.db.document(documents.month(home, day_id[:7]))

    @firestore.transactional
    def write(transaction: Transaction) -> bool:
        stored = day_reference.get(transaction=transaction).to_dict()
        month = month_reference.get(transaction=transaction).to_dict()
        if stored is None or months.entry_rev(month, day_id) >= stored["rev"]:
            return False
        written = months.with_day(month, days.read(stored))
        transaction.set(month_reference, {**written, "updated": firestore.SERVER_TIMESTAMP})
        return True

    written: bool = write(cloud.db.transaction())
    if written:
        log.info("month derived", home=home, day=day_id)
    return written
