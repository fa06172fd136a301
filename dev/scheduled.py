"""The scheduled functions of the local stack, called over HTTP when they are due, as Cloud Scheduler does.

The Emulator Suite does not fire schedules. Each scheduled function is served by functions-framework, started at its
first call and kept; when it is due is read from its own declaration in functions/main.py.
"""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from zoneinfo import ZoneInfo

from dev.manifest import read_manifest, schedules
from dev.paths import FUNCTIONS_PYTHON
from dev.ports import HOST, answers, free_port
from dev.processes import Processes, Program, ProgramEnded, wait_until

CALL_TIMEOUT_S = 540.0  # the longest a second-generation scheduled function may run


class NotScheduled(Exception):
    """No scheduled function has this name; the message lists those there are."""


class ScheduledCallFailed(Exception):
    """A scheduled function answered with an error, or not at all; the message says what came of the call."""


@dataclass(frozen=True)
class Schedule:
    """When a function is due: a cron line of numbers, `*`, `*/n`, ranges and lists, in a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 and 7 are Sunday
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: str = "Etc/UTC") -> Schedule:
        """Reads a five-field cron line, or `every N hours` / `every N minutes` (N a divisor of 24 or 60)."""
        words = re.fullmatch(r"every (\d+) (hour|minute)s?", text.strip())
        if words:
            text = f"0 */{words[1]} * * *" if words[2] == "hour" else f"*/{words[1]} * * * *"
        cells = text.split()
        if len(cells) != 5:
            raise ValueError(f"not a schedule the local clock knows: '{text}'")
        ranges = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
        minutes, hours, days, months, weekdays = (
            _cron_cell(cell, *ends) for cell, ends in zip(cells, ranges, strict=True)
        )
        return cls(minutes, hours, days, months, weekdays, ZoneInfo(zone))

    def matches(self, moment: datetime) -> bool:
        """Whether the function is due in this moment's minute."""
        local = moment.astimezone(self.zone)
        sunday_first = local.isoweekday() % 7
        return (
            local.minute in self.minutes
            and local.hour in self.hours
            and local.day in self.days
            and local.month in self.months
            and (sunday_first in self.weekdays or (sunday_first == 0 and 7 in self.weekdays))
        )


def _cron_cell(cell: str, lowest: int, highest: int) -> frozenset[int]:
    found: set[int] = set()
    for part in cell.split(","):
        match = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if not match:
            raise ValueError(f"not a part of a cron line: '{part}'")
        first, last, step = match.groups()
        start = int(first) if first else lowest
        end = int(last) if last else (start if first and not step else highest)
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)


class Clock:
    """Calls scheduled functions, each in a functions-framework of its own with the emulated functions' environment."""

    def __init__(self, processes: Processes, functions: Path, environment: Mapping[str, str]) -> None:
        self._processes = processes
        self._functions = functions
        self._environment = environment
        self._served: dict[str, tuple[int, Program]] = {}
        self._schedules: dict[str, Schedule] | None = None

    @property
    def schedules(self) -> dict[str, Schedule]:
        """Name → schedule of every scheduled function, as functions/main.py declares it."""
        if self._schedules is None:
            declared = schedules(read_manifest(self._functions))
            self._schedules = {
                name: Schedule.parse(trigger["schedule"], trigger.get("timeZone") or "Etc/UTC")
                for name, trigger in declared.items()
            }
        return self._schedules

    def fire(self, name: str, at: datetime | None = None) -> None:
        """Calls a scheduled function for the moment `at` (default now), and waits for its end.

        Raises NotScheduled for an unknown name, ScheduledCallFailed for any answer but 2xx and for none, and
        ProgramEnded when the function could not be served.
        """
        if name not in self.schedules:
            raise NotScheduled(f"no scheduled function '{name}'; there are: {', '.join(sorted(self.schedules))}")
        moment = (at or datetime.now(UTC)).astimezone(UTC)
        request = urllib.request.Request(
            f"http://{HOST}:{self._port(name)}/",
            data=b"",
            method="POST",
            headers={
                "X-CloudScheduler-JobName": f"firebase-schedule-{name}",
                "X-CloudScheduler-ScheduleTime": moment.isoformat().replace("+00:00", "Z"),
                "User-Agent": "Google-Cloud-Scheduler",
            },
        )
        try:
            urllib.request.urlopen(request, timeout=CALL_TIMEOUT_S).close()
        except urllib.error.HTTPError as error:
            detail = error.read().decode(errors="replace").strip()
            raise ScheduledCallFailed(f"{name} answered {error.code}: {detail}") from error
        except (OSError, HTTPException) as error:  # refused, reset, cut short, or not answered in time
            raise ScheduledCallFailed(f"{name} did not answer: {error}") from error

    def fire_due(self, moment: datetime, tell: Callable[[str], None]) -> None:
        """Calls every function that is due in this minute; a failure is told, as Cloud Scheduler logs it."""
        for name, schedule in self.schedules.items():
            if schedule.matches(moment):
                try:
                    self.fire(name, moment)
                    tell(f"{name} done")
                except (ScheduledCallFailed, ProgramEnded) as error:
                    tell(str(error))

    def run(self, tell: Callable[[str], None] = print) -> None:
        """Calls the functions when they are due, for ever."""
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        while True:
            minute += timedelta(minutes=1)
            while (wait_s := (minute - datetime.now(UTC)).total_seconds()) > 0:
                time.sleep(min(wait_s, 1.0))
            self.fire_due(minute, tell)

    def _port(self, name: str) -> int:
        served = self._served.get(name)
        if served and not served[1].ended():
            return served[0]
        if served:
            self._processes.stop_program(served[1])
        port = free_port()
        program = self._processes.start(
            f"clock-{name}",
            [FUNCTIONS_PYTHON.parent / "functions-framework", "--target", name, "--host", HOST, "--port", str(port)],
            cwd=self._functions,
            environment=self._environment,
        )
        try:
            wait_until(lambda: answers(port), f"{name} is served", program=program)
        except ProgramEnded:
            self._processes.stop_program(program)  # it is tried again when the function is due again
            raise
        self._served[name] = (port, program)
        return port
