"""`status` and `doctor`: what a person asks a hub."""

import contextlib
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from . import damage
from .clock import Clock
from .cloud import Cloud, Forbidden, Identity, OutOfReach, Refused
from .config import MQTT_PORTS, Config, ConfigError, may_read, not_yours, read_credential
from .contract import wire
from .serving import listening_socket
from .store import open_for_reading
from .upkeep import MIN_FREE_BYTES

QUEUE = "SELECT (SELECT count(*) FROM quarter WHERE state = 1), (SELECT count(*) FROM item WHERE state = 1)"
REJECTED = "SELECT (SELECT count(*) FROM quarter WHERE state = 2) + (SELECT count(*) FROM item WHERE state = 2)"
METERS = """SELECT meter, link_key IS NOT NULL, last_ms, newest_ms, firmware, model_version, silent,
  refusal, refused_ms FROM meter ORDER BY meter"""
TALLIES = "SELECT name, n FROM tally ORDER BY name"
ANSWER_S = 2.0
NTP_YEAR_S = 1_767_225_600  # 2026: a Pi that never heard the time stands before it


def status(connection: sqlite3.Connection, clock: Clock) -> Iterator[str]:
    """Lines on queue, meters and counters."""
    quarters, items = connection.execute(QUEUE).fetchone()
    (rejected,) = connection.execute(REJECTED).fetchone()
    yield f"queue     {quarters} intervals, {items} other items; {rejected} rejected and kept apart"
    now_ms = clock()
    for meter, is_known, last_ms, newest_ms, firmware, model, silent, *refused in connection.execute(METERS):
        state = "no key" if not is_known else "silent" if silent else "ok"
        heard, measured = _ago(now_ms, last_ms), _ago(now_ms, newest_ms)
        runs = f"firmware {firmware}, model {model}{_refusal(now_ms, *refused)}"
        yield f"{meter}  {state:7} heard {heard}, newest sample {measured}, {runs}"
    for name, n in connection.execute(TALLIES):
        yield f"counted   {n:6} {name}"


def _refusal(now_ms: int, code: int, refused_ms: int) -> str:
    """What a meter last refused of what the cloud had for it; "" where that is nothing."""
    if not code:
        return ""
    name = wire.REFUSALS[code] if code < len(wire.REFUSALS) else str(code)
    return f", refused what it was sent ({name}) {_ago(now_ms, refused_ms)}"


def _ago(now_ms: int, then_ms: int) -> str:
    if not then_ms:
        return "never"
    seconds = max(0, now_ms - then_ms) // 1000
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


@dataclass(frozen=True)
class Finding:
    """One thing the doctor looked at."""

    is_good: bool
    sentence: str


def doctor(config: Config) -> Iterator[Finding]:
    """Looks at everything the hub needs, and says what to do about what is missing."""
    yield Finding(sys.version_info >= (3, 11), f"Python {sys.version.split()[0]} (3.11 or newer is needed)")
    yield Finding(sqlite3.sqlite_version_info >= (3, 37), f"SQLite {sqlite3.sqlite_version} (3.37 or newer is needed)")
    yield _time()
    yield _disk(config)
    if may_read(config):
        yield _owner(config)
        yield _database(config)
        yield _aside(config)
    yield _port(config)
    yield _account(config)
    if config.mqtt:
        yield _broker(config)


def _time() -> Finding:
    is_set = time.time() > NTP_YEAR_S
    return Finding(is_set, "the clock is set" if is_set else "the clock is wrong: start NTP")


def _disk(config: Config) -> Finding:
    if not config.data_dir.is_dir():
        return Finding(False, f"{config.data_dir} is missing: it is made by enroll and by run")
    if not may_read(config):
        return Finding(False, not_yours(config.data_dir))
    free_mb, least_mb = shutil.disk_usage(config.data_dir).free // 1_000_000, MIN_FREE_BYTES // 1_000_000
    if free_mb >= least_mb:
        return Finding(True, f"{free_mb} MB free in {config.data_dir}")
    return Finding(False, f"{free_mb} MB free in {config.data_dir}: free {least_mb}, or the oldest readings go")


def _owner(config: Config) -> Finding:
    """A hub that was once run by somebody else, root for example, leaves files that it cannot write as itself."""
    folder = config.data_dir
    others = [each.name for each in folder.glob("*") if each.stat().st_uid != folder.stat().st_uid]
    if not others:
        return Finding(True, f"all in {folder} belongs to one user")
    names = ", ".join(sorted(others))
    return Finding(False, f"not the hub's in {folder}: {names}. Run: sudo chown -R --reference={folder} {folder}/")


def _database(config: Config) -> Finding:
    if not config.database.exists():
        return Finding(True, "no database yet: run makes it")
    try:
        with contextlib.closing(open_for_reading(config.database)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        verdict = str(error)
    return Finding(verdict == "ok", f"database {config.database}: {verdict}")


def _aside(config: Config) -> Finding:
    kept = damage.found(config.database)
    if not kept:
        return Finding(True, "no damaged database lies aside")
    sentence = f"{len(kept)} damaged database(s) lie aside, the newest {kept[-1]}: check the disk, then remove them"
    return Finding(False, sentence)


def _port(config: Config) -> Finding:
    try:
        listening_socket(config.listen).close()
    except ConfigError as error:
        if running(config):
            return Finding(True, f"{config.listen} answers: a hub is running")
        return Finding(False, str(error))
    return Finding(True, f"{config.listen} is free")


def running(config: Config) -> dict[str, Any] | None:
    """What the hub that listens there tells of its health; None when none does."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)
    at = f"[{host}]" if ":" in host else host
    try:
        told = requests.get(f"http://{at}:{config.port}/healthz", timeout=ANSWER_S).json()
    except (requests.RequestException, ValueError):
        return None
    return told if isinstance(told, dict) and told.get("ok") is True else None


def access(told: dict[str, Any] | None) -> str:
    """One line on the running hub and the cloud."""
    if told is None:
        return "hub       is not running: sunmeter-edge run"
    if told.get("is_refused"):
        return f"hub       runs; the cloud accepts it no more ({told['cloud']}): sunmeter-edge enroll"
    cloud = "out of reach: what meters say is kept" if told.get("cloud") == "away" else "reached"
    return f"hub       runs; the cloud is {cloud}"


def _account(config: Config) -> Finding:
    """Signs in, and asks the functions for nothing: they know whether the hub's access still stands."""
    try:
        identity = Identity(config, read_credential(config))
        identity.token()
        Cloud(config, identity).link_keys([])
    except ConfigError as error:
        return Finding(False, str(error))
    except (OutOfReach, Refused) as error:
        return Finding(False, f"the cloud does not answer as it should ({error}): check the internet and functions_url")
    except Forbidden as error:
        return Finding(False, f"the hub's account is refused ({error}): run sunmeter-edge enroll again")
    return Finding(True, "the hub's account is accepted")


def _broker(config: Config) -> Finding:
    """Whether anything listens where the broker should; what it says to a name and a password, the hub's log tells."""
    url = urlsplit(config.mqtt)
    address = (url.hostname or "", url.port or MQTT_PORTS[url.scheme])
    try:
        socket.create_connection(address, ANSWER_S).close()
    except OSError as error:
        return Finding(False, f"no MQTT broker answers at {address[0]}:{address[1]} ({error}): check mqtt")
    return Finding(True, f"something answers at {address[0]}:{address[1]}, where the MQTT broker is")
