"""Tries of secrets that are short enough to guess, counted per person and per address."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from .clients import Cloud
from .domain.refusals import Refused
from .store import Transaction, plus

WINDOW_MS = 900_000


@dataclass(frozen=True)
class Limit:
    """At most so many tries in a quarter of an hour, by whomever the key names."""

    purpose: str
    most: int


def spend(cloud: Cloud, limit: Limit, key: str) -> None:
    """Counts one try. Raises Refused("try_later") with the time to wait once they are used up.

    A try is counted before it is judged, so that tries made at once cannot slip through together.
    """
    now_ms = cloud.now_ms()

    def count(transaction: Transaction) -> int | None:
        state = transaction.read(_path(limit, key))
        if state is None or now_ms >= state["since_ms"] + WINDOW_MS:
            state = {"count": 0, "since_ms": now_ms}
        ends_ms = state["since_ms"] + WINDOW_MS
        if state["count"] >= limit.most:
            return int(ends_ms - now_ms)
        expires = datetime.fromtimestamp(ends_ms / 1000, UTC)
        transaction.set(_path(limit, key), {**state, "count": state["count"] + 1, "expires": expires})
        return None

    wait_ms = cloud.store.transact(count)
    if wait_ms is not None:
        raise Refused("try_later", retry_after_s=-(-wait_ms // 1000))


def refund(cloud: Cloud, limit: Limit, key: str) -> None:
    """A try that succeeded does not count."""
    cloud.store.update(_path(limit, key), {"count": plus(-1)})


def _path(limit: Limit, key: str) -> str:
    return f"limits/{hashlib.sha256(f'{limit.purpose}|{key}'.encode()).hexdigest()[:32]}"
