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
from sunmeter_edge.config import Config, Credential, write_credential
from sunmeter_edge.relay import KEEP_KEY
from sunmeter_edge.store import connect
from tests.edge.conftest import answering, cloud, config
from tests.edge.fakes import EMAIL, HUB, PASSWORD, FakeCloud
from tests.firmware.interpreters import ROOT

__all__ = ["cloud", "config"]

METER = "m-twin000001"
MASTER = bytes(32)
K_METER = wire.meter_key(MASTER, METER, 1)


@pytest.fixture
def hub_port(config: Config, tmp_path: Path) -> Iterator[int]:
    """A running hub that knows the meter's key, on the twin's clock."""
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


def test_an_hour_of_a_house_becomes_its_intervals(hub_port: int, cloud: FakeCloud, tmp_path: Path) -> None:
    assignment = {"v": 1, "version": 1, "meter": METER, "hub": HUB, "home": "home-1", "key_version": 1, "from_s": 0}
    directory = tmp_path / "street" / METER
    directory.mkdir(parents=True)
    blob = wire.seal(wire.Signer(K_METER), METER, wire.ASSIGNMENT, json.dumps(assignment).encode())
    (directory / "assignment.blob").write_bytes(blob)
    command = [
        sys.executable,
        "-m",
        "twin",
        "run",
        "--houses",
        "1",
        "--zone",
        "UTC",
        "--state",
        str(tmp_path / "street"),
    ]
    command += ["--from", "2026-11-20T10:00", "--to", "2026-11-20T11:00:30", "--clock", str(tmp_path / "clock")]
    command += ["--hub", f"127.0.0.1:{hub_port}", "--master", MASTER.hex()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=True)
    truth = json.loads(done.stdout.splitlines()[-1])
    cloud.wait_for(lambda: len(_starts(cloud)) >= 4)
    intervals = list(_best(cloud).values())
    assert [interval["start_s"] % 3600 for interval in intervals] == [0, 900, 1800, 2700]
    assert all(interval["coverage_permille"] >= 990 for interval in intervals)
    assert [interval["regs0"] for interval in intervals[1:]] == [interval["regs1"] for interval in intervals[:-1]]
    grown = [last - first for first, last in zip(intervals[0]["regs0"], intervals[-1]["regs1"], strict=True)]
    beyond_wh = intervals[-1]["minutes"]["pv_w"][-1] * 30 / 3600  # the twin ran half a minute longer
    assert grown[2] / 1000 == pytest.approx(truth["pv_wh"] - beyond_wh, rel=0.005)


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
