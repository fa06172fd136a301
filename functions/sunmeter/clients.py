"""What handlers may reach outside themselves, made once and only when first needed: importing this makes nothing.

Handlers take a `Cloud`; tests hand them their own.
"""

import functools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from firebase_admin import auth, exceptions
from firebase_admin.functions import TaskOptions, task_queue
from google.cloud import firestore

from . import accounts, fcm, log
from .domain.pushes import Notice
from .project import METER_MASTER_KEY, REGION, anonymous, app
from .store import Store


class Enqueue(Protocol):
    """Asks for a task; with a key that is known it does nothing. It runs at once, or at `at_ms`."""

    def __call__(self, queue: str, key: str, data: dict[str, Any], at_ms: int | None = None) -> None: ...


@dataclass(frozen=True)
class Cloud:
    """One project's services."""

    store: Store
    now_ms: Callable[[], int]
    master_key: Callable[[], bytes]  # only in functions that list METER_MASTER_KEY among their secrets
    enqueue: Enqueue
    deliver: Callable[[list[Notice]], list[str]]  # sends to devices; SENT, DEAD, BUSY or FAILED for each
    email_of: Callable[[str], str | None]  # of a person, once it is verified
    verify_token: Callable[[str], dict[str, Any]]  # claims of an ID token; raises auth.InvalidIdTokenError, ValueError
    people: Callable[[list[str]], dict[str, dict[str, str]]]  # name and email by uid
    forget_person: Callable[[str], None]  # deletes an account


@functools.cache
def cloud() -> Cloud:
    """The services of the project that this instance serves; one per process, shared by its threads."""
    return Cloud(
        store=Store(_database()),
        now_ms=_now_ms,
        master_key=_master_key,
        enqueue=_enqueue,
        deliver=fcm.deliver,
        email_of=accounts.verified_email,
        verify_token=_verified,
        people=accounts.known,
        forget_person=accounts.forget,
    )


def _database() -> firestore.Client:
    emulated = os.environ.get("FIRESTORE_EMULATOR_HOST")
    return firestore.Client(project=app().project_id, credentials=anonymous() if emulated else None)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _master_key() -> bytes:
    return bytes.fromhex(METER_MASTER_KEY.value)


def _enqueue(queue: str, key: str, data: dict[str, Any], at_ms: int | None = None) -> None:
    at = None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
    try:
        target = task_queue(f"locations/{REGION}/functions/{queue}", app=app())
        target.enqueue({"data": {**data, "request": log.request()}}, TaskOptions(task_id=key, schedule_time=at))
    except (exceptions.AlreadyExistsError, exceptions.ConflictError):
        log.info("task was there before", queue=queue, key=key)
    except ValueError:
        if not os.environ.get("CLOUD_TASKS_EMULATOR_HOST"):
            raise  # the SDK cannot read the emulator's answer to a named task, which by then is in the queue


def _verified(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = auth.verify_id_token(token, app=app())
    return claims
