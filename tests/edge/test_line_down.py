"""The line down, whole: what the cloud has for a meter goes through the real hub into the real firmware, and back.

The hub is off the net while the meter takes it: all of it was cached before.
"""

import asyncio
import contextlib
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from contract import wire
from dev import release
from dev.stack import Stack
from sunmeter_edge import hub as edge
from sunmeter_edge.clock import system_ms
from sunmeter_edge.config import Config
from tests.edge.conftest import Lan, serving
from tests.edge.fakes import FakeMeter
from tests.edge.test_whole import House, RealMeter, _claimed, until
from tests.emulator.world import database
from tests.firmware.meter_process import SlottedProcess, build

pytestmark = pytest.mark.stack

METER = "m-cellar0007"
VECTORS = json.loads((Path(__file__).parents[2] / "contract" / "vectors" / "scorer.json").read_text())
MODEL_VERSION = VECTORS["version"]
CALIBRATION = {"version": 9, "of": 1, "grid": {"trim_ppm": 1_000_000}}
AWAY = "127.0.0.1:9"


class Sealing:
    """The cloud's hand: seals for one meter and writes past the rules, as functions do."""

    def __init__(self, stack: Stack, house: House):
        self.k_meter = wire.meter_key(house.master, METER, 1)
        self.db = database(stack)
        self.downlink = self.db.document(f"downlink/{METER}")

    def sealed(self, kind: int, payload: bytes) -> bytes:
        return wire.seal(wire.Signer(self.k_meter), METER, kind, payload)

    def command(self, number: int, name: str, **arguments: Any) -> dict[str, Any]:
        expires_s = int(time.time()) + 3_600
        body = {"id": number, "name": name, "args": arguments, "expires_ms": expires_s * 1000}
        blob = self.sealed(wire.COMMAND, json.dumps(body).encode())
        return {"id": number, "expires_s": expires_s, "blob": blob}

    def send_all(self) -> None:
        """A model, a configuration with a calibration, and two commands."""
        config_version = int(time.time()) + 60
        config = {"v": 1, "version": config_version, "cadence_ms": 10_000, "calibration": CALIBRATION}
        self.downlink.update(
            {
                "model": self.sealed(wire.MODEL, bytes.fromhex(VECTORS["model"])),
                "model_version": MODEL_VERSION,
                "config": self.sealed(wire.CONFIG, json.dumps(config).encode()),
                "config_version": config_version,
                "commands": [self.command(1, "calibrate", step="status"), self.command(2, "ping")],
            }
        )


def readings(config: Config) -> list[dict[str, int]]:
    """What the hub keeps of the meter, in the order it came."""
    sql = "SELECT kind, schema, payload FROM frame WHERE meter = ? AND kind = ? ORDER BY rowid"
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        found = connection.execute(sql.replace("rowid", "received_ms, boot_id, seq"), (METER, wire.READING)).fetchall()
    return [wire.decode(kind, schema, payload) for kind, schema, payload in found]


async def claimed(house: House, lan: Lan) -> None:
    """A meter knocks, as one that has no assignment does, and its owner types its label."""
    stranger = RealMeter(METER, house.master)
    assert (await lan.post(stranger, stranger.body())).status_code == 404
    await until(lambda: _claimed(house, METER))


async def test_everything_for_a_meter_reaches_its_real_firmware_without_internet(stack: Stack, tmp_path: Path) -> None:
    house = await asyncio.to_thread(House, stack, tmp_path / "hub")
    cloud = Sealing(stack, house)
    newer = build(2)

    hub = house.make_hub()
    async with serving(house.config, hub) as lan:
        await claimed(house, lan)
        await asyncio.to_thread(cloud.send_all)
        await asyncio.to_thread(release.publish, cloud.db, 2, newer)
        await asyncio.to_thread(house.owner.call, "rolloutfirmware", home=house.home, version=2)
        await until(lambda: _is_ready(hub))

    away = {"firestore_emulator": AWAY, "auth_emulator": AWAY, "functions_url": f"http://{AWAY}"}
    offline = Config(**{**house.config.__dict__, **away})
    meter = SlottedProcess(tmp_path / "meter", METER, cloud.k_meter)
    (meter.directory / "assignment.blob").unlink()  # as provisioned: it belongs to nobody yet
    async with serving(offline, edge.Hub(offline, house.credential, system_ms)):
        restarts = await asyncio.to_thread(meter.live, house.config.port, seconds=200)
    assert restarts == 1
    assert meter.console() == ""
    told = await asyncio.to_thread(readings, house.config)
    assert {reading["firmware"] for reading in told} == {1, 2}
    last = max((reading for reading in told if reading["firmware"] == 2), key=lambda reading: reading["seq"])
    config_version = cloud.downlink.get().get("config_version")
    assert (last["model_version"], last["config_version"], last["refusal"]) == (MODEL_VERSION, config_version, 0)
    assert last["calibration"] == CALIBRATION["version"]

    async with serving(house.config, house.make_hub()):
        await until(lambda: not cloud.downlink.get().get("commands"))
        hub_document = await until(lambda: _running(house, 2))
    status, ping = (house.owner.expect(f"homes/{house.home}/jobs/command-{number}") for number in (1, 2))
    assert (status["state"], ping["state"]) == ("done", "done")
    assert json.loads(status["text"])["step"] == "status"
    assert hub_document["meters"][METER]["model"] == MODEL_VERSION


def _is_ready(hub: edge.Hub) -> bool:
    """Whether all of it is cached: key, files, commands."""
    meter = hub.roster.get(METER)
    return bool(meter and meter.signer and meter.has_firmware and meter.downlink and len(meter.downlink.commands) == 2)


def _running(house: House, firmware: int) -> dict[str, Any] | None:
    document = house.owner.expect(f"hubs/{house.credential.hub}")
    return document if document["meters"].get(METER, {}).get("firmware") == firmware else None


async def test_a_meter_that_left_this_hub_hears_nothing_more_of_it(stack: Stack, tmp_path: Path) -> None:
    house = await asyncio.to_thread(House, stack, tmp_path / "hub")
    hub = house.make_hub()
    async with serving(house.config, hub) as lan:
        await claimed(house, lan)
        await until(lambda: METER in hub.roster and hub.roster[METER].signer is not None)
        other = await asyncio.to_thread(House, stack, tmp_path / "other")
        database(stack).document(f"downlink/{METER}").update({"hub": other.credential.hub})
        await until(lambda: hub.roster[METER].signer is None)
        answer = await lan.post(FakeMeter(METER), FakeMeter(METER).body())
        assert answer.status_code == 404
        assert "assignment" not in answer.json()
