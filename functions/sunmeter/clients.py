"""What handlers may reach outside themselves, made once and only when first needed: importing this makes nothing.

Handlers take a `Cloud`; tests hand them their own.
"""

import functools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import firebase_admin
from firebase_admin import auth, exceptions, functions
from firebase_functions.params import SecretParam
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from . import log

REGION = "us-central1"
METER_MASTER_KEY = SecretParam("METER_MASTER_KEY")


@dataclass(frozen=True)
class Cloud:
    """One project's services."""

    db: firestore.Client
    now_ms: Callable[[], int]
    master_key: Callable[[], bytes]
    enqueue: Callable[[str, str, dict[str, Any]], None]  # (queue, key, data): the key makes a repetition harmless
    verify_token: Callable[[str], dict[str, Any]]  # raises auth.InvalidIdTokenError, ValueError


@functools.cache
def cloud() -> Cloud:
    """The services of the project that this instance serves; one per process, safe to share between threads."""
    return Cloud(
        db=_database(),
        now_ms=lambda: time.time_ns() // 1_000_000,
        master_key=master_key,
        enqueue=enqueue,
        verify_token=_verify_token,
    )


def app() -> firebase_admin.App:
    """The default Firebase app."""
    return firebase_admin.get_app() if firebase_admin._apps else firebase_admin.initialize_app()


def master_key() -> bytes:
    """The secret all meters' keys derive from; only in functions that list METER_MASTER_KEY among their secrets."""
    return bytes.fromhex(METER_MASTER_KEY.value)


def enqueue(queue: str, key: str, data: dict[str, Any]) -> None:
    """Puts a task into the queue of the function of that name, unless one with this key was there before."""
    target = functions.task_queue(f"locations/{REGION}/functions/{queue}", app=app())
    try:
        target.enqueue({"data": data}, functions.TaskOptions(task_id=key))
    except (exceptions.AlreadyExistsError, exceptions.ConflictError):
        log.info("task was there before", queue=queue, key=key)
    except ValueError:
        if not os.environ.get("CLOUD_TASKS_EMULATOR_HOST"):
            raise  # the SDK cannot read the emulator's answer to a named task, which by then is in the queue


def _database() -> firestore.Client:
    if os.environ.get("FIRESTORE_EMULATOR_HOST"):
        return firestore.Client(project=app().project_id, credentials=AnonymousCredentials())
    return firestore.Client(project=app().project_id)


def _verify_token(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = auth.verify_id_token(token, app=app())
    return claims
