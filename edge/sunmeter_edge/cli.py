"""`sunmeter-edge run | enroll | status | doctor | trace`."""

import argparse
import asyncio
import contextlib
import faulthandler
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import __version__, hub, report, trace
from .clock import Clock, FileClock, SystemClock, system_ms
from .config import HELP, Config, ConfigError, may_read, not_yours, read, read_credential
from .enroll import EnrolmentFailed, enroll
from .log import set_up
from .store import open_for_reading

NEWEST = "SELECT max(last_ms) FROM meter"


def parser() -> argparse.ArgumentParser:
    keys = "\n".join(f"  {key:18} {meaning}" for key, meaning in HELP.items())
    top = argparse.ArgumentParser(
        prog="sunmeter-edge",
        description="Sunmeter's hub: receives meters, keeps their data, carries it to Firebase.",
        epilog=f"Configuration (TOML, or SUNMETER_<KEY> in the environment):\n{keys}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=__version__)
    top.add_argument("--config", type=Path, metavar="FILE", help="default: /etc/sunmeter/edge.toml, if it is there")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    running = commands.add_parser("run", help="receive, keep and carry, until stopped")
    running.add_argument("--clock", type=Path, metavar="FILE", help="simulated time: 8 bytes, Unix ms little-endian")
    running.add_argument("--log", default="info", choices=["debug", "info", "warning", "error"])
    enrolling = commands.add_parser("enroll", help="show a code that makes this hub yours, and wait for it")
    enrolling.add_argument("--name", default="", help="what the app calls this hub; default: the host's name")
    commands.add_parser("status", help="queue, meters and counters")
    commands.add_parser("doctor", help="what is missing, and what to do about it")
    tracing = commands.add_parser("trace", help="where one reading went, and what the logs call it")
    tracing.add_argument("meter")
    tracing.add_argument("boot", type=int, nargs="?", help="of the meter; without it its newest reading")
    tracing.add_argument("number", type=int, nargs="?", help="of the reading in that boot")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = parser().parse_args(arguments)
    try:
        config = read(chosen.config)
        if chosen.command == "run":
            return _run(config, FileClock(chosen.clock) if chosen.clock else SystemClock(_told_ms(config)), chosen.log)
        if chosen.command == "enroll":
            return _enroll(config, chosen.name)
        if chosen.command == "trace":
            return _trace(config, chosen.meter, None if chosen.number is None else (chosen.boot, chosen.number))
        return _status(config) if chosen.command == "status" else _doctor(config)
    except (ConfigError, EnrolmentFailed) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130  # as a shell has it


def _run(config: Config, clock: Clock, level: str) -> int:
    set_up(level)
    credential = read_credential(config)
    faulthandler.enable(2)  # a hub that hangs is ended by systemd's watchdog, and says where it hung
    try:
        asyncio.run(hub.run(config, credential, clock))
    except sqlite3.Error as error:
        raise ConfigError(f"{config.database} cannot be used ({error}). Run: sunmeter-edge doctor") from error
    return 0


def _told_ms(config: Config) -> int:
    """The latest that this hub took for the time; 0 where its database does not say."""
    try:
        with contextlib.closing(open_for_reading(config.database)) as connection:
            (told_ms,) = connection.execute(NEWEST).fetchone()
    except sqlite3.Error:
        return 0
    return int(told_ms or 0)


def _enroll(config: Config, name: str) -> int:
    credential = enroll(config, print, name=name)
    print(f"  This hub is enrolled ({credential.hub}). Start it: sunmeter-edge run")
    return 0


def _status(config: Config) -> int:
    access = report.access(report.running(config))
    return _print(config, lambda connection: [access, *report.status(connection, system_ms)])


def _trace(config: Config, meter: str, key: tuple[int, int] | None) -> int:
    return _print(config, lambda connection: [*trace.lines(connection, meter, key)])


def _print(config: Config, lines: Callable[[sqlite3.Connection], list[str]]) -> int:
    """Lines from the database. Raises ConfigError where that cannot be read."""
    if not may_read(config):
        raise ConfigError(not_yours(config.data_dir))
    if not config.database.exists():
        raise ConfigError(f"There is no database in {config.data_dir}: the hub has not run yet.")
    try:
        with contextlib.closing(open_for_reading(config.database)) as connection:
            print(*lines(connection), sep="\n")
    except sqlite3.Error as error:
        sentence = f"{config.database} cannot be read ({error}). A damaged one is set aside by: sunmeter-edge run"
        raise ConfigError(sentence) from error
    return 0


def _doctor(config: Config) -> int:
    findings = list(report.doctor(config))
    for finding in findings:
        print("ok     " if finding.is_good else "WRONG  ", finding.sentence)
    return 0 if all(finding.is_good for finding in findings) else 1
