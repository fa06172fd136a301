"""Tries of secrets that are short enough to guess, counted per person and per address."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from google.cloud import firestore
from google.cloud.firestore_v1.transaction import Transaction

from .clients import Cloud
from .domain.refusals import Refused

WINDOW_MS = 900_000


@dataclass(frozen=True)
class Limit:
    """At most so many tries in a quarter of an hour, by whom the key names."""

    purpose: str
    most: int


def spend(cloud: Cloud, limit: Limit, key: str) -> None:
    """Counts one try. Raises Refused("try_later") with the time to wait once they are used up.

    A try is counted before it is judged, so that tries made at once cannot slip through together.
    """
    reference = _reference(cloud, limit, key)
    now_ms = cloud.now_ms()

    @firestore.transactional
    def count(transaction: Transaction) -> int | None:
        state = reference.get(transaction=transaction).to_dict()
        if state is None or now_ms >= state["since_ms"] + WINDOW_MS:
            state = {"count": 0, "since_ms": now_ms}
        if state["count"] >= limit.most:
            return -((now_ms - state["since_ms"] - WINDOW_MS) // 1000)
        expires = datetime.fromtimestamp((state["since_ms"] + WINDOW_MS) / 1000, UTC)
        transaction.set(reference, {**state, "count": state["count"] + 1, "expires": expires})
        return None

    wait_s = count(cloud.db.transaction())
    if wait_s is not None:
        raise Refused("try_later", "", retry_after_s=wait_s)


def refund(cloud: Cloud, limit: Limit, key: str) -> None:
    """A try that succeeded does not count."""
    _reference(cloud, limit, key).update({"count": firestore.Increment(-1)})


def _reference(cloud: Cloud, limit: Limit, key: str) -> firestore.DocumentReference:
    digest = hashlib.sha256(f"{limit.purpose}|{key}".encode()).hexdigest()[:32]
    return cloud.db.document(f"limits/{digest}")
