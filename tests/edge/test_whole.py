"""The hub against the emulators, the real functions and the real rules: enrolled, claimed, watched, moved."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dev.actors import CallRefused, Person, Place, label_of
from dev.stack import PROJECT, Stack
from sunmeter_edge import hub as edge
from sunmeter_edge.clock import system_ms
from sunmeter_edge.config import Config, Credential
from sunmeter_edge.contract import ledger, wire
from sunmeter_edge.enroll import enroll
from tests.edge.conftest import Lan, free_port, serving
from tests.edge.fakes import FakeMeter, event, reading, unsealed

pytestmark = pytest.mark.stack


class House:
    """A householder with a home, and a hub that was enrolled by its code."""

    def __init__(self, stack: Stack, data_dir: Path):
        self.master = bytes.fromhex(stack.functions_environment["METER_MASTER_KEY"])
        self.owner = Person.somebody(Place.of(stack))
        self.home = self.owner.new_home()
        self.config = Config(
            data_dir=data_dir,
            listen=f"127.0.0.1:{free_port()}",
            project=PROJECT,
            api_key="demo",
            functions_url=stack.functions,
            auth_emulator=stack.auth,
            firestore_emulator=stack.firestore,
        )
        self.credential = self.enrol()

    def enrol(self) -> Credential:
        return enroll(self.config, self._type_code, lambda _: None, "Pi in the cellar")

    def _type_code(self, shown: str) -> None:
        """The owner reads the code off the Pi and types it into the app."""
        code = next(line for line in shown.splitlines() if "║" in line).strip("║ \n").replace(" ", "").replace("-", "")
        self.owner.call("enrolapprove", home=self.home, user_code=code)

    def make_hub(self) -> edge.Hub:
        return edge.Hub(self.config, self.credential, system_ms)

    def claim(self, meter: str) -> None:
        self.owner.call("claimmeter", home=self.home, label=label_of(meter, self.master))


class RealMeter(FakeMeter):
    """A meter whose keys come from the stack's master key and from the assignment it is sent."""

    def __init__(self, meter: str, master: bytes):
        super().__init__(meter)
        self.master = master
        self.hub = ""

    @property
    def k_meter(self) -> bytes:
        return wire.meter_key(self.master, self.meter, 1)

    @property
    def link_key(self) -> bytes:
        return wire.link_key(self.k_meter, self.hub, self.key_version)

    def take(self, assignment: bytes) -> None:
        told = json.loads(wire.unseal(wire.Signer(self.k_meter), self.meter, wire.ASSIGNMENT, assignment))
        self.hub, self.key_version = told["hub"], told["key_version"]


async def until(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    """What the condition gives once it gives something."""
    ends_s = time.monotonic() + timeout_s
    while time.monotonic() < ends_s:
        if found := await asyncio.to_thread(condition):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("waited in vain")


async def joined(lan: Lan, house: House, meter: RealMeter) -> None:
    """The meter knocks, is claimed, takes its assignment and is known."""
    assert (await lan.post(meter, meter.body())).status_code == 404
    await until(lambda: _claimed(house, meter.meter))
    ends_s = time.monotonic() + 20
    while time.monotonic() < ends_s:
        answer = await lan.post(meter, meter.body())
        if answer.status_code == 200:
            return
        if "assignment" in answer.json():
            meter.take(unsealed(answer.json()["assignment"]))
        await asyncio.sleep(0.1)
    raise AssertionError("the meter was never known")


def _claimed(house: House, meter: str) -> bool:
    """False while the sighting is still on its way."""
    try:
        house.claim(meter)
    except CallRefused:
        return False
    return True


def quarter_of_readings(meter: FakeMeter, start_s: int) -> list[bytes]:
    """Readings over one quarter that lies behind us, and one beyond its end."""
    records = []
    for number in range(92):
        at_ms = start_s * 1000 + number * 10_000 + 5_000
        records.append(
            reading(seq=number + 1, ts_ms=at_ms, uptime_ms=number * 10_000 + 10_000, import_mwh=number * 1_000)
        )
    return meter.readings(records)


async def test_from_the_code_on_the_pi_to_a_day_and_a_live_reading(stack: Stack, tmp_path: Path) -> None:
    house = await asyncio.to_thread(House, stack, tmp_path / "hub")
    meter = RealMeter("m-cellar0001", house.master)
    async with serving(house.config, house.make_hub()) as lan:
        await joined(lan, house, meter)

        start_s = ledger.quarter_of(system_ms()) - 2 * ledger.QUARTER_S
        frames = quarter_of_readings(meter, start_s)
        for at in range(0, len(frames), 60):
            assert (await lan.send(meter, *frames[at : at + 60]))["refused"] == []
        days = f"homes/{house.home}/days"
        day = await until(lambda: next(iter(house.owner.list(days).values()), None))
        assert day["totals"]["import_wh"] == 89.5  # 1 Wh every 10 s, from the first reading on

        anomaly = event(seq=500, ts_ms=system_ms(), kind=1, channel=12, value=3_000, usual_lo=0, usual_hi=900)
        await lan.send(meter, meter.frame(wire.EVENT, {**anomaly, "start_seq": 500}))
        alerts = await until(lambda: house.owner.list(f"homes/{house.home}/alerts"))
        assert [alert["kind"] for alert in alerts.values()] == ["overuse"]

        await asyncio.to_thread(stack.warm, ["lease"])
        live_path = f"homes/{house.home}/live/now"
        now = reading(seq=501, ts_ms=system_ms(), uptime_ms=2_000_000, grid_mw=1_234_500)
        await lan.send(meter, *meter.readings([now]))
        assert await asyncio.to_thread(house.owner.get, live_path) is None
        await asyncio.to_thread(house.owner.call, "lease", home=house.home)
        leased_s = time.monotonic()
        live = await until(lambda: house.owner.get(live_path))
        assert time.monotonic() - leased_s < 5
        assert (live["meter"], live["grid_w"], live["ts_ms"]) == (meter.meter, 1_234.5, now["ts_ms"])
        told = await lan.send(meter)
        assert told["cadence_ms"] == 2_000

        for number in range(1, 7):
            fast = reading(seq=501 + number, ts_ms=now["ts_ms"] + 100 * number, grid_mw=number * 1_000)
            await lan.send(meter, *meter.readings([fast]))
        assert await until(lambda: _with(house.owner.get(live_path), grid_w=6))


def _with(document: dict[str, Any] | None, **wanted: Any) -> dict[str, Any] | None:
    matches = document and all(document.get(name) == each for name, each in wanted.items())
    return document if matches else None


async def test_a_hub_that_was_off_the_net_still_relays_what_it_had_cached(stack: Stack, tmp_path: Path) -> None:
    house = await asyncio.to_thread(House, stack, tmp_path / "hub")
    meter = RealMeter("m-cellar0002", house.master)
    async with serving(house.config, house.make_hub()) as lan:
        await joined(lan, house, meter)
    offline = Config(
        **{**house.config.__dict__, "firestore_emulator": "127.0.0.1:9", "functions_url": "http://127.0.0.1:9"}
    )
    async with serving(offline, edge.Hub(offline, house.credential, system_ms)) as lan:
        told = await lan.send(meter, *meter.readings([reading(ts_ms=system_ms())]), assignment_version=0)
    assert told["ack"] == [[7, 1, 1]]
    assert "assignment" in told
