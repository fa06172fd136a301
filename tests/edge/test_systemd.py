"""Under systemd: told when it is ready and that it lives, ended and started again when it hangs; the unit's hardening.

systemd itself does not run here: its part, a socket that is listened on and a process that is killed, the test plays.
"""

import asyncio
import contextlib
import logging
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sunmeter_edge import log
from sunmeter_edge.config import Config, write_credential
from sunmeter_edge.store import Database, connect
from sunmeter_edge.watchdog import Watchdog, notify
from tests.edge.conftest import CREDENTIAL, make_known
from tests.edge.fakes import FakeMeter
from tests.edge.faults.kills import ROOT, environment

LIMIT_S = 3.0
UNIT = ROOT / "edge" / "sunmeter-edge.service"


class Systemd:
    """What a Type=notify unit with WatchdogSec and Restart=always makes of its process."""

    def __init__(self, config: Config, folder: Path, *arguments: str):
        address = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(address))
        self.log = folder / "hub.log"
        told = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": str(int(LIMIT_S * 1e6))}
        self._environment = {**environment(config), **told}
        self._command = [sys.executable, str(Path(__file__).parent / "hanging_hub.py"), *arguments]
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            return subprocess.Popen(self._command, env=self._environment, stderr=output)

    def heard(self, within_s: float) -> str:
        """The next state; "" when none comes in time."""
        self.socket.settimeout(within_s)
        try:
            return self.socket.recv(4096).decode()
        except TimeoutError:
            return ""

    def await_life(self) -> None:
        assert self.heard(60) == "READY=1"
        assert [self.heard(LIMIT_S) for _ in range(3)] == ["WATCHDOG=1"] * 3

    def hang(self) -> bool:
        """Makes the hub hang; whether the watchdog's time ran out within three times its limit."""
        self.process.send_signal(signal.SIGUSR1)
        ends_s = time.monotonic() + 3 * LIMIT_S
        while time.monotonic() < ends_s:
            if not self.heard(LIMIT_S):
                return True
        return False

    def restart(self) -> None:
        self.process.send_signal(signal.SIGABRT)
        assert self.process.wait(10) == -signal.SIGABRT
        self.process = self._start()


@contextlib.contextmanager
def systemd(config: Config, folder: Path, *arguments: str) -> Iterator[Systemd]:
    make_known(config, FakeMeter())
    write_credential(config, CREDENTIAL)
    running = Systemd(config, folder, *arguments)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        running.socket.close()


@pytest.mark.parametrize("part", ["loop", "database"])
def test_a_hub_that_hangs_is_noticed_and_started_again(config: Config, tmp_path: Path, part: str) -> None:
    with systemd(config, tmp_path, part) as unit:
        unit.await_life()
        assert httpx.get(f"http://{config.listen}/healthz").json()["ok"] is True
        assert unit.hang()
        unit.restart()
        unit.await_life()
        assert httpx.get(f"http://{config.listen}/healthz").json()["ok"] is True
        assert "in hang" in unit.log.read_text()  # it said where, when it was ended
        unit.process.terminate()
        states = iter(lambda: unit.heard(LIMIT_S), "")
        assert "STOPPING=1" in states
        assert unit.process.wait(10) == 0


def test_a_watchdog_that_does_not_ask_the_database_would_notice_nothing(config: Config, tmp_path: Path) -> None:
    with systemd(config, tmp_path, "database", "unproven") as unit:
        unit.await_life()
        assert not unit.hang()


async def test_without_systemd_nobody_is_told_and_nothing_fails(config: Config) -> None:
    notify("READY=1", {})
    notify("READY=1", {"NOTIFY_SOCKET": "/nowhere/at/all"})
    config.data_dir.mkdir()
    database = Database(connect(config.database))
    running = asyncio.create_task(Watchdog(database, lambda: True, {}).run())
    await asyncio.sleep(0.1)
    assert not running.done()
    running.cancel()
    database.close()


def test_an_abstract_socket_is_reached_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0sunmeter-test-notify")
        listener.settimeout(5)
        notify("READY=1", {"NOTIFY_SOCKET": "@sunmeter-test-notify"})
        assert listener.recv(64) == b"READY=1"


def settings() -> dict[str, str]:
    return dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and line[0] != "#")


def test_the_unit_lets_systemd_watch_and_start_the_hub_again() -> None:
    told = settings()
    assert (told["Type"], told["Restart"], told["StartLimitIntervalSec"]) == ("notify", "always", "0")
    assert 20 <= int(told["WatchdogSec"]) <= 120


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here: the unit is not verified")
def test_systemd_takes_the_unit_and_finds_little_exposed(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/usr/local/bin/sunmeter-edge", "/bin/true"))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    exposure = re.search(r"exposure level for .*: ([0-9.]+)", told)
    assert exposure
    assert float(exposure[1]) <= 1.5, told


def test_a_log_line_is_one_line_whatever_a_field_holds(capsys: pytest.CaptureFixture[str]) -> None:
    had = logging.getLogger("sunmeter.edge")
    handlers, level, propagates = list(had.handlers), had.level, had.propagate
    try:
        log.set_up("info", {})
        log.event("meter silent", meter="m-1", reason='two words\n2026-01-01 ERROR "forged"', empty="")
        log.set_up("info", {"JOURNAL_STREAM": "8:1"})
        log.event("access withdrawn", logging.ERROR, reason="revoked\u2028INFO access\x9b2Kgiven", name="Île")
    finally:
        had.handlers[:], had.level, had.propagate = handlers, level, propagates
    plain, journal = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO meter silent meter=m-1 "
        r'reason="two words\\n2026-01-01 ERROR \\"forged\\"" empty=""',
        plain,
    )
    assert journal == '<3>ERROR access withdrawn reason="revoked\\u2028INFO access\\u009b2Kgiven" name=Île'
