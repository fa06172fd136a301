"""Tries of secrets that are short enough to guess, counted per person and per address."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from .clients import Cloud
from .domain.refusals import Refused
from .store import Transaction, plus

WINDOW_MS = 900_000
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Limit:
    """At most so many tries in a window of time, by whomever the key names."""

    purpose: str
    most: int
    window_ms: int = WINDOW_MS


def spend(cloud: Cloud, limit: Limit, key: str) -> None:
    """Counts one try. Raises Refused("try_later") with the time to wait once they are used up.

    A try is counted before it is judged, so that tries made at once cannot slip through together.
    """
    wait_ms = tried(cloud, limit, key)
    if wait_ms is not None:
        raise Refused("try_later", retry_after_s=-(-wait_ms // 1000))


def tried(cloud: Cloud, limit: Limit, key: str) -> int | None:
    """Counts one try by itself and returns None; once they are used up, the time to wait [ms]."""
    return cloud.store.transact(lambda transaction: counted(transaction, limit, key, cloud.now_ms()))


def counted(transaction: Transaction, limit: Limit, key: str, now_ms: int, tries: int = 1) -> int | None:
    """Counts tries and returns None; where there are not as many left, the time to wait [ms] until there are more.

    The last read of a transaction.
    """
    state = transaction.read(_path(limit, key))
    if state is None or now_ms >= state["since_ms"] + limit.window_ms:
        state = {"count": 0, "since_ms": now_ms}
    ends_ms = state["since_ms"] + limit.window_ms
    if state["count"] + tries > limit.most:
        return int(ends_ms - now_ms)
    expires = datetime.fromtimestamp(ends_ms / 1000, UTC)
    transaction.set(_path(limit, key), {**state, "count": state["count"] + tries, "expires": expires})
    return None


def refund(cloud: Cloud, limit: Limit, key: str) -> None:
    """A try that succeeded does not count."""
    cloud.store.update(_path(limit, key), {"count": plus(-1)})


def _path(limit: Limit, key: str) -> str:
    return f"limits/{hashlib.sha256(f'{limit.purpose}|{key}'.encode()).hexdigest()[:32]}"
