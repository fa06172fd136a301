"""How every part is, in one place: `make health`, of the stack that is running here or of the project FIREBASE_PROJECT.

What it reads: each hub's document (one read a hub), which tells of the hub and of its meters, and what waits to be
done, by the queries of the hourly `reconcile`. It writes nothing. 1 where something is wrong.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import requests
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import firestore

from dev.operator import PROJECT_VARIABLE
from dev.ports import PortError, Ports
from dev.running import StackDescription, StackError
from dev.stack import PROJECT, REGION
from sunmeter import queries, reconcile
from sunmeter.domain import presence
from sunmeter_edge.contract import wire
from sunmeter_edge.report import Finding

Json = dict[str, Any]

MOST = 1000  # of each kind of work: beyond it the number is of no more use
QUIET_MS = 1_800_000  # two quarters: nobody is told of a meter that is silent for less
LATE_MS = 2 * 3_600_000  # `reconcile` runs hourly
PUSH_LATE_MS = 300_000  # a task that failed is tried again within minutes
ANSWER_S = 20.0


def of_hubs(hubs: Mapping[str, Json], now_ms: int) -> Iterator[Finding]:
    """A line for each hub, and one for each of its meters that is not as it should be."""
    for name, hub in sorted(hubs.items()):
        yield from _of_hub(f"hub {name} ({hub['name']})", hub, now_ms)
        for meter, told in sorted(hub["meters"].items()):
            yield from _of_meter(meter, told, hub["last_ms"])


def _of_hub(named: str, hub: Json, now_ms: int) -> Iterator[Finding]:
    heard = f"heard {_ago(now_ms - hub['last_ms'])}"
    if hub["revoked"]:
        yield Finding(True, f"{named}: its access was withdrawn")
    elif hub.get("silent_ms") is not None or presence.is_overdue(hub, now_ms):
        yield Finding(False, f"{named}: silent, {heard}; {hub['queue']} intervals waited then")
    else:
        meters = f"{len(hub['meters'])} meters, {hub['queue']} intervals wait"
        yield Finding(True, f"{named}: {heard}, version {hub['version']}, {meters}")
    if hub.get("damaged_ms"):
        yield Finding(False, f"{named}: lost its database {_ago(now_ms - hub['damaged_ms'])}: check its card")


def _of_meter(meter: str, told: Json, hub_ms: int) -> Iterator[Finding]:
    """Beside when its hub was heard: while that is away, nobody knows of the meter."""
    if not told["last_ms"]:
        yield Finding(False, f"meter {meter}: not heard yet when its hub last told")
    elif hub_ms - told["last_ms"] > QUIET_MS:
        yield Finding(False, f"meter {meter}: silent to its hub for {_span(hub_ms - told['last_ms'])}")
    if code := told.get("refusal"):
        name = wire.REFUSALS[code] if code < len(wire.REFUSALS) else str(code)
        yield Finding(False, f"meter {meter}: refused what it was sent ({name})")


def of_work(left: Mapping[str, int], reconciled_ms: int | None, now_ms: int) -> Iterator[Finding]:
    """What waits to be done, and whether somebody looks after it."""
    for what, number in left.items():
        yield Finding(not number, f"{what}: {number if number < MOST else f'{MOST} or more'}")
    if reconciled_ms is None:
        yield Finding(False, "reconcile: never ran: is Cloud Scheduler on?")
    else:
        ran = f"reconcile: ran {_ago(now_ms - reconciled_ms)}"
        yield Finding(now_ms - reconciled_ms < LATE_MS, ran)


def _ago(ms: int) -> str:
    return f"{_span(ms)} ago"


def _span(ms: int) -> str:
    seconds = max(0, ms) // 1000
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


# ------------------------------------------------------------------ looking


def left_to_do(db: firestore.Client, now_ms: int) -> dict[str, int]:
    """How much waits that ought to be done, at most MOST of each."""
    untrained_ms = now_ms - reconcile.UNTRAINED_AFTER_MS
    return {
        "notifications overdue": _number(queries.alerts_to_push(db, now_ms - PUSH_LATE_MS, MOST)),
        "homes not trained for 30 h": _number(queries.homes_not_trained(db, untrained_ms, MOST)),
        "re-pricings unfinished": _number(queries.repricings_left(db, MOST)),
        "imports unfinished": _number(queries.imports_to_finish(db, MOST)),
        "homes to erase": _number(queries.homes_to_erase(db, MOST)),
        "loads to be switched on": _number(queries.loads_to_switch(db, now_ms, MOST)),
    }


def _number(query: Any) -> int:
    return sum(1 for _ in query.select([]).stream())


def answers(functions: str) -> Finding:
    """Whether the functions answer at all."""
    try:
        told = requests.get(f"{functions}/healthz", timeout=ANSWER_S)
    except requests.RequestException as error:
        return Finding(False, f"functions: out of reach ({type(error).__name__}) at {functions}")
    return Finding(told.ok, f"functions: answer {told.status_code}")


def look(db: firestore.Client, functions: str, now_ms: int) -> Iterator[Finding]:
    yield answers(functions)
    hubs = {each.id: each.to_dict() or {} for each in db.collection("hubs").stream()}
    yield from of_hubs(hubs, now_ms)
    until: datetime | None = (db.document(reconcile.STATE).get().to_dict() or {}).get("days_until")
    reconciled_ms = round(until.astimezone(UTC).timestamp() * 1000) if until else None
    yield from of_work(left_to_do(db, now_ms), reconciled_ms, now_ms)


def told(findings: Iterable[Finding]) -> bool:
    """Prints them as they come; whether all is well."""
    is_well = True
    for finding in findings:
        is_well &= finding.is_good
        print("  ok     " if finding.is_good else "  WRONG  ", finding.sentence, flush=True)
    return is_well


def meant() -> tuple[firestore.Client, str]:
    """The database, and where the functions answer. Raises StackError, PortError, GoogleAuthError."""
    if project := os.environ.get(PROJECT_VARIABLE):
        functions = os.environ.get("FUNCTIONS_URL") or f"https://{REGION}-{project}.cloudfunctions.net"
        return firestore.Client(project=project), functions
    ports = Ports.default()
    os.environ |= StackDescription.of_running(ports).environment
    functions = f"http://127.0.0.1:{ports.functions}/{PROJECT}/{REGION}"
    return firestore.Client(project=PROJECT, credentials=AnonymousCredentials()), functions  # type: ignore[no-untyped-call]


def main() -> int:
    try:
        return 0 if told(look(*meant(), time.time_ns() // 1_000_000)) else 1
    except StackError as error:
        print(f"{error}\nor name a real project: {PROJECT_VARIABLE}=… make health", file=sys.stderr)
    except (GoogleAPICallError, GoogleAuthError, PortError) as error:
        print(f"health: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
