"""What was left undone is found and done again: a trigger is never retried, and any instance may die at any point.

Each look is one named query: days newer than their month (`queries.days_written_since`), alerts whose notification is
pending (`queries.alerts_to_push`), homes not trained (`queries.homes_not_trained`).
"""

from datetime import UTC, datetime, timedelta

from google.cloud import firestore

from . import log, queries, rollup, training
from .alerts import PUSH_QUEUE
from .clients import Cloud
from .contract import documents
from .domain import days, months

STATE = "system/reconcile"
OVERLAP = timedelta(hours=6)  # a running day is called behind only after a block and an hour
MOST = 500  # alerts, homes: what is left over is found an hour later
UNTRAINED_AFTER_MS = 30 * 3_600_000  # a night and the time for its retries


def run(cloud: Cloud) -> None:
    """Schedule `reconcile`, hourly. Keys: those of the work it redoes; it may run twice at once."""
    healed = heal_months(cloud)
    pushes = retry_pushes(cloud)
    homes = retry_training(cloud)
    log.info("reconciled", days=healed, pushes=pushes, homes=homes)


def heal_months(cloud: Cloud) -> int:
    """Brings days into months that were not told of them; looks at those written since the last complete run."""
    started = datetime.fromtimestamp(cloud.now_ms() / 1000, UTC)
    state = cloud.db.document(STATE)
    done_until = (state.get().to_dict() or {}).get("days_until") or datetime(1970, 1, 1, tzinfo=UTC)
    healed = 0
    for found in queries.days_written_since(cloud.db, done_until - OVERLAP).stream():
        home = found.reference.parent.parent.id
        healed += _heal(cloud, home, found)
    state.set({"days_until": started}, merge=True)
    return healed


def _heal(cloud: Cloud, home: str, found: firestore.DocumentSnapshot) -> bool:
    day = days.read(found.to_dict())
    month = cloud.db.document(documents.month(home, day.local.month)).get().to_dict()
    updated_s = int(month["updated"].timestamp()) if month else 0
    if not months.is_behind(month, day, cloud.now_ms() // 1000, updated_s):
        return False
    log.warning("month was behind", home=home, day=day.local.day)
    return rollup.roll_up(cloud, home, day.local.day)


def retry_pushes(cloud: Cloud) -> int:
    """Asks again for notifications that are pending; under a key of this hour, since that of `ingest` may be spent."""
    hour = cloud.now_ms() // 3_600_000
    found = queries.alerts_to_push(cloud.db, MOST).get()
    for alert in found:
        home = alert.reference.parent.parent.id
        cloud.enqueue(PUSH_QUEUE, f"{home}-{alert.id}-{hour}", {"home": home, "alert": alert.id})
    return len(found)


def retry_training(cloud: Cloud) -> int:
    """Asks again for the training of homes whose last one is too long ago."""
    hour = cloud.now_ms() // 3_600_000
    found = queries.homes_not_trained(cloud.db, cloud.now_ms() - UNTRAINED_AFTER_MS, MOST).get()
    for insight in found:
        training.enqueue(cloud, insight.reference.parent.parent.id, again=hour)
    return len(found)
