"""Logs are events with fields, one line each: `2026-11-23T10:00:00Z INFO meter silent meter=m-… since_ms=…`."""

import logging
import time

_logger = logging.getLogger("sunmeter.edge")


def event(message: str, /, level: int = logging.INFO, exc_info: bool = False, **fields: object) -> None:
    """One line. Fields hold no secret and no body."""
    told = "".join(f" {name}={value}" for name, value in fields.items())
    _logger.log(level, "%s%s", message, told, exc_info=exc_info)


def set_up(level: str) -> None:
    """Lines to standard error, in UTC."""
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    _logger.handlers[:] = [handler]
    _logger.setLevel(level.upper())
    _logger.propagate = False
