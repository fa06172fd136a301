"""Logs are events with fields, one JSON object a line, as Cloud Logging reads them. Never a secret, never a body."""

import traceback

from firebase_functions import logger

Field = str | int | float | bool | None


def info(event: str, **fields: Field) -> None:
    logger.info(event, **fields)


def warning(event: str, **fields: Field) -> None:
    logger.warn(event, **fields)


def failure(event: str, error: BaseException, **fields: Field) -> None:
    """An error nobody expected, with its traceback: the SDK's own handlers log only its text."""
    logger.error(event, traceback="".join(traceback.format_exception(error)), **fields)
