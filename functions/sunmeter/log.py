"""Logs are events with fields, one JSON object a line, as Cloud Logging reads them. Never a secret, never a body.

Each line names the request that it was written for (`request`), and so do the documents that it changed and the tasks
that it asked for: docs/operations.md follows one from the meter to the screen.
"""

import re
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from firebase_functions import logger

Field = str | int | float | bool | None

HEADER = "Sunmeter-Request"  # a hub names its requests; all others are named here
_NAME = re.compile(r"[0-9a-f]{16}")  # nothing else gets into a log
_followed: ContextVar[str] = ContextVar("request", default="")


@contextmanager
def following(name: object) -> Iterator[None]:
    """Lines within belong to the request of that name; one that has none, or no good one, gets one."""
    token = _followed.set(name if isinstance(name, str) and _NAME.fullmatch(name) else secrets.token_hex(8))
    try:
        yield
    finally:
        _followed.reset(token)


def request() -> str:
    """The request that is being served; "" where none is."""
    return _followed.get()


def info(event: str, **fields: Field) -> None:
    logger.info(event, **_named(fields))


def warning(event: str, **fields: Field) -> None:
    logger.warn(event, **_named(fields))


def failure(event: str, error: BaseException, **fields: Field) -> None:
    """An error nobody expected, with its traceback: the SDK's own handlers log only its text."""
    logger.error(event, traceback="".join(traceback.format_exception(error)), **_named(fields))


def _named(fields: dict[str, Field]) -> dict[str, Field]:
    return {**fields, "request": request()} if request() else fields
