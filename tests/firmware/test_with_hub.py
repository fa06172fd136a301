"""The firmware in the twin's house, the real hub, and a cloud that only listens: samples in, intervals out."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract import wire
from sunmeter_edge.config import Credential, write_credential
from tests.edge.conftest import answering, cloud, config
from tests.edge.fakes import EMAIL, HUB, PASSWORD, FakeCloud
from tests.firmware.interpreters import ROOT
from twin.provision import Identity

__all__ = ["cloud", "config"]

METER = "m-twin000001"
MASTER = bytes(32)
K_METER = wire.meter_key(MASTER, METER, 1)


@pytest.fixture
def hub_port(config: Any, tmp_path: Path) -> Iterator[int]:
    """A running hub that knows the meter's key, on the twin's clock."""
    from sunmeter_edge.relay import KEEP_KEY
    from sunmeter_edge.store import connect

    write_credential(config, Credential(HUB, EMAIL, PASSWORD))
    with contextlib.closing(connect(config.database)) as connection:
        connection.execute(KEEP_KEY, (METER, wire.link_key(K_METER, HUB, 1), 1))
    told = {f"SUNMETER_{name.upper()}": str(text) for name, text in vars(config).items()}
    told |= {"FIREBASE_AUTH_EMULATOR_HOST": config.auth_emulator, "FIRESTORE_EMULATOR_HOST": config.firestore_emulator}
    clock = tmp_path / "clock"
    clock.write_bytes(bytes(8))
    command = [sys.executable, "-m", "sunmeter_edge", "run", "--clock", str(clock), "--log", "warning"]
    environment = {**os.environ, **told, "PYTHONPATH": str(ROOT / "edge")}
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        asyncio.run(_answers(config.port))
        yield config.port
    finally:
        process.terminate()
        process.wait(10)


async def _answers(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        await answering(client)


def test_two_hours_of_a_house_become_its_intervals(hub_port: int, cloud: FakeCloud, tmp_path: Path) -> None:
    assignment = {"v": 1, "version": 1, "meter": METER, "hub": HUB, "home": "home-1", "key_version": 1, "from_s": 0}
    directory = tmp_path / "street" / METER
    directory.mkdir(parents=True)
    blob = wire.seal(wire.Signer(K_METER), METER, wire.ASSIGNMENT, json.dumps(assignment).encode())
    (directory / "assignment.blob").write_bytes(blob)
    command = [sys.executable, "-m", "twin", "run", "--houses", "1", "--zone", "UTC", "--state", str(tmp_path / "street")]
    command += ["--from", "2026-11-20T10:00", "--to", "2026-11-20T11:16", "--clock", str(tmp_path / "clock")]
    command += ["--hub", f"127.0.0.1:{hub_port}", "--master", MASTER.hex()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    truth = json.loads(done.stdout.splitlines()[-1])
    cloud.wait_for(lambda: len(_starts(cloud)) >= 5)
    intervals = _best(cloud)
    last = max(intervals)
    assert [start % 900 for start in intervals] == [0] * len(intervals)
    assert all(intervals[start]["coverage_permille"] >= 990 for start in list(intervals)[1:5])
    grown = {k: intervals[last]["regs1"][k] - intervals[min(intervals)]["regs0"][k] for k in range(4)}
    seconds = last + 900 - min(intervals)
    share = seconds / (76 * 60)
    assert grown[2] / 1000 == pytest.approx(truth["pv_wh"] * share, rel=0.1)


def _starts(cloud: FakeCloud) -> set[int]:
    return {item["start_s"] for item in cloud.of_type("interval")}


def _best(cloud: FakeCloud) -> dict[int, dict[str, Any]]:
    """The interval that stands for each quarter: the greatest (coverage, rev)."""
    best: dict[int, dict[str, Any]] = {}
    for item in cloud.of_type("interval"):
        known = best.get(item["start_s"])
        rank = (item["coverage_permille"], item["rev"])
        if known is None or rank > (known["coverage_permille"], known["rev"]):
            best[item["start_s"]] = item
    return dict(sorted(best.items()))


def test_the_twin_provisions_what_the_firmware_reads() -> None:
    assert Identity(meter=METER, k_meter=K_METER).hub_host == "127.0.0.1"
