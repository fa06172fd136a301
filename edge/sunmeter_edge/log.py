"""Logs are events with fields, one line each: `2026-11-23T10:00:00Z INFO meter silent meter=m-… since_ms=…`.

Under systemd a line begins with its priority instead (sd-daemon(3)): the journal knows the time itself.
"""

import json
import logging
import os
import re
import time
from collections.abc import Mapping

_logger = logging.getLogger("sunmeter.edge")
_PLAIN = re.compile(r"[^\s\"=\\\x00-\x1f\x7f-\x9f]+")
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


def event(message: str, /, level: int = logging.INFO, exc_info: bool = False, **fields: object) -> None:
    """One line. Fields hold no secret and no body; what is not one plain word is quoted, so that no line is forged."""
    told = "".join(f" {name}={_word(value)}" for name, value in fields.items())
    _logger.log(level, "%s%s", message, told, exc_info=exc_info)


class Seldom:
    """Events that come again and again with one cause are told once in ten minutes: a full disk cannot hold more."""

    EVERY_S = 600.0

    def __init__(self) -> None:
        self._told_s: dict[str, float] = {}

    def event(self, message: str, /, cause: str, level: int, exc_info: bool = False, **fields: object) -> None:
        now_s = time.monotonic()
        self._told_s = {known: told_s for known, told_s in self._told_s.items() if now_s - told_s < self.EVERY_S}
        if cause not in self._told_s:
            self._told_s[cause] = now_s
            event(message, level, exc_info, **fields)


def _word(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=not text.isprintable())


class _ForJournal(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).splitlines()
        return "\n".join(f"<{_PRIORITIES.get(record.levelno, 6)}>{line}" for line in lines)


def set_up(level: str, environment: Mapping[str, str] = os.environ) -> None:
    """Lines to standard error; in UTC where nobody else tells the time."""
    if "JOURNAL_STREAM" in environment:
        formatter: logging.Formatter = _ForJournal("%(levelname)s %(message)s")
    else:
        formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    _logger.handlers[:] = [handler]
    _logger.setLevel(level.upper())
    _logger.propagate = False
