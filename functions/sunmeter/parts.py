"""Alerts that tell a part of what another one tells: people hear of one event once. `kinds` has what is part of what.

A meter tells at once that it measured the mains gone, its area a little later that it is the street's. In an area the
part waits for the whole (`Kind.hold_ms`); what was told before the whole was known makes that no news any more.
"""

from functools import partial

from . import log, queries
from .clients import Cloud
from .contract import documents
from .domain import kinds
from .domain.alerts import Condition
from .store import Fields, Transaction

AROUND_MS = 60_000  # a meter's own moment and that of its silence differ by this at most
LONGEST_MS = 24 * 3_600_000  # so long a whole is looked for


def fold(cloud: Cloud, home: str, whole: Condition) -> bool:
    """Makes what was told of a home at that time part of that alert; were people told of one? Key: (part, alert)."""
    until_ms = (cloud.now_ms() if whole.end_ms is None else whole.end_ms) + AROUND_MS
    found = cloud.store.find(queries.alerts_begun(cloud.store.db, home, whole.start_ms - AROUND_MS, until_ms))
    parts = [each.path for each in found if kinds.of(each.fields["kind"]).part_of == whole.kind]
    told = [cloud.store.transact(partial(_fold, path=path, whole=whole.id)) for path in parts]
    return any(told)


def is_folded(cloud: Cloud, home: str, alert_id: str, alert: Fields) -> bool:
    """Does another alert tell more of this one's event? Then nobody who waits is told of this one. Key: the alert."""
    kind, start_ms = kinds.of(alert["kind"]).part_of, alert["start_ms"]
    if not kind:
        return False
    around = queries.alerts_begun(cloud.store.db, home, start_ms - LONGEST_MS, start_ms + AROUND_MS)
    for each in cloud.store.find(around):
        end_ms = each.fields["end_ms"]
        if each.fields["kind"] == kind and (end_ms is None or end_ms + AROUND_MS >= start_ms):
            cloud.store.transact(partial(_fold, path=documents.alert(home, alert_id), whole=each.id))
            log.info("alert folded", home=home, alert=alert_id, whole=each.id)
            return True
    return False


def _fold(transaction: Transaction, path: str, whole: str) -> bool:
    """Was anybody told of it, or is just being told?"""
    stored = transaction.read(path)
    if stored is None:
        return False
    is_told = any(stored[way] for way in ("pushed", "pushing", "mailed"))
    quiet = {"push": "none", "due_ms": None} if stored["push"] == "pending" and not stored["pushing"] else {}
    changed = {"part_of": whole, **quiet}
    if any(stored.get(name) != now for name, now in changed.items()):
        transaction.update(path, changed)
    return is_told
