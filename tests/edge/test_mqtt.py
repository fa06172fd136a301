"""MQTT for Home Assistant: against a real mosquitto, for meters whose owner lets them out, and for no other."""

import asyncio
import contextlib
import dataclasses
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from dev import tools
from sunmeter_edge import hub as edge
from sunmeter_edge.config import Config, write_credential
from sunmeter_edge.contract import wire
from sunmeter_edge.contract.ledger import Registers
from sunmeter_edge.optional import homeassistant as ha
from sunmeter_edge.store import connect
from tests.edge.broker import PASSWORD, USER, Broker, HomeAssistant
from tests.edge.conftest import CREDENTIAL, HandClock, make_known, serving
from tests.edge.fakes import HUB, START_MS, FakeMeter, reading
from tests.edge.faults.kills import ROOT, environment
from tests.edge.test_relay import downlink

SHARED, PRIVATE = FakeMeter("m-shared0001"), FakeMeter("m-private001")
needs_broker = pytest.mark.skipif(not tools.mosquitto(), reason=f"mosquitto is not here: {tools.MOSQUITTO_HINT}")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def assistant(broker: Broker) -> Iterator[HomeAssistant]:
    listening = HomeAssistant(broker.port)
    yield listening
    listening.close()


def with_broker(config: Config, broker: Broker, password: str = PASSWORD) -> Config:
    url = f"mqtt://{USER}:{quote(password, safe='')}@127.0.0.1:{broker.port}"
    return dataclasses.replace(config, mqtt=url)


def share(config: Config, *meters: FakeMeter) -> None:
    """What the listener would have cached."""
    with contextlib.closing(connect(config.database)) as connection:
        for meter in meters:
            sql = "INSERT INTO downlink VALUES (?, 'home1', 0, NULL, 1, NULL, 0, NULL, 0, '[]', NULL, 0, 1, NULL)"
            connection.execute(sql, (meter.meter,))


def make_hub(config: Config, clock: HandClock) -> edge.Hub:
    make_known(config, SHARED, PRIVATE)
    share(config, SHARED)
    return edge.Hub(config, CREDENTIAL, clock)


def state_of(meter: FakeMeter, assistant: HomeAssistant) -> dict[str, Any]:
    return assistant.json(ha.state_topic(meter.meter))


@needs_broker
async def test_a_shared_meter_is_found_with_what_the_energy_dashboard_asks_and_no_other_is(
    config: Config, clock: HandClock, broker: Broker, assistant: HomeAssistant
) -> None:
    told = with_broker(config, broker)
    async with serving(told, make_hub(told, clock)) as lan:
        await asyncio.to_thread(assistant.wait_for, lambda: assistant.kept.get(ha.hub_topic(HUB)) == "online")
        record = reading(import_mwh=12_345_678, export_mwh=2_000_000, pv_mwh=7_000_000)
        for meter in (SHARED, PRIVATE):
            await lan.send(meter, *meter.readings([record]))
        await asyncio.to_thread(assistant.wait_for, lambda: ha.state_topic(SHARED.meter) in assistant.kept)
    found = assistant.json(ha.discovery_topic(SHARED.meter))
    for key in ("import_kwh", "export_kwh", "pv_kwh"):
        sensor = found["components"][key]
        assert (sensor["platform"], sensor["device_class"]) == ("sensor", "energy")
        assert (sensor["state_class"], sensor["unit_of_measurement"]) == ("total_increasing", "kWh")
    power = {key: found["components"][key]["device_class"] for key in ("house_w", "grid_w", "pv_w", "v_v")}
    assert power == {"house_w": "power", "grid_w": "power", "pv_w": "power", "v_v": "voltage"}
    assert len({sensor["unique_id"] for sensor in found["components"].values()}) == len(found["components"])
    state = state_of(SHARED, assistant)
    assert (state["import_kwh"], state["export_kwh"], state["pv_kwh"]) == (12.345678, 2.0, 7.0)
    assert (state["house_w"], state["grid_w"], state["pv_w"], state["v_v"]) == (700.0, 500.0, 200.0, 230.1)
    assert not [topic for topic, text in assistant.heard if PRIVATE.meter in topic and text]


@needs_broker
async def test_a_consent_that_is_withdrawn_takes_the_device_away(
    config: Config, clock: HandClock, broker: Broker, assistant: HomeAssistant
) -> None:
    told = with_broker(config, broker)
    hub = make_hub(told, clock)
    async with serving(told, hub) as lan:
        await lan.send(SHARED, *SHARED.readings([reading()]))
        await asyncio.to_thread(assistant.wait_for, lambda: ha.discovery_topic(SHARED.meter) in assistant.kept)
        await hub._relay.take_in({f"downlink/{SHARED.meter}": downlink(mqtt=False)})
        await asyncio.to_thread(assistant.wait_for, lambda: ha.discovery_topic(SHARED.meter) not in assistant.kept)
        assistant.forget()
        await lan.send(SHARED, *SHARED.readings([reading(seq=2, ts_ms=START_MS + 10_000)]))
        await asyncio.sleep(0.5)
    assert not [topic for topic, text in assistant.heard if SHARED.meter in topic and text]


@needs_broker
async def test_what_the_broker_kept_of_a_meter_goes_when_the_hub_starts_without_its_consent(
    config: Config, clock: HandClock, broker: Broker, assistant: HomeAssistant
) -> None:
    told = with_broker(config, broker)
    async with serving(told, make_hub(told, clock)) as lan:
        await lan.send(SHARED, *SHARED.readings([reading()]))
        await asyncio.to_thread(assistant.wait_for, lambda: ha.meter_topic(SHARED.meter) in assistant.kept)
    assert ha.discovery_topic(SHARED.meter) in assistant.kept
    with contextlib.closing(connect(told.database)) as connection:
        connection.execute("UPDATE downlink SET mqtt = 0")
    async with serving(told, edge.Hub(told, CREDENTIAL, clock)):
        await asyncio.to_thread(assistant.wait_for, lambda: ha.discovery_topic(SHARED.meter) not in assistant.kept)


@needs_broker
async def test_a_broker_that_comes_back_hears_everything_again(
    config: Config, clock: HandClock, broker: Broker, assistant: HomeAssistant
) -> None:
    told = with_broker(config, broker)
    async with serving(told, make_hub(told, clock)) as lan:
        await lan.send(SHARED, *SHARED.readings([reading()]))
        await asyncio.to_thread(assistant.wait_for, lambda: ha.state_topic(SHARED.meter) in assistant.kept)
        broker.stop()
        assert (await lan.send(SHARED, *SHARED.readings([reading(seq=2, ts_ms=START_MS + 10_000)])))["ack"]
        assistant.forget()
        broker.start()
        # What the broker keeps: the state is for those who hear it, and the hub may be back before them.
        again = {ha.hub_topic(HUB), ha.discovery_topic(SHARED.meter), ha.meter_topic(SHARED.meter)}
        await asyncio.to_thread(assistant.wait_for, lambda: again <= set(dict(assistant.heard)), 60.0)
        assistant.forget()
        assistant.is_born()  # Home Assistant itself was started anew
        told_again = {ha.discovery_topic(SHARED.meter), ha.state_topic(SHARED.meter)}
        await asyncio.to_thread(assistant.wait_for, lambda: told_again <= set(dict(assistant.heard)))
    await asyncio.to_thread(assistant.wait_for, lambda: assistant.kept.get(ha.hub_topic(HUB)) == "offline")


@needs_broker
async def test_a_meter_that_fell_silent_is_unavailable(
    config: Config, clock: HandClock, broker: Broker, assistant: HomeAssistant
) -> None:
    told = with_broker(config, broker)
    async with serving(told, make_hub(told, clock)) as lan:
        topic = ha.meter_topic(SHARED.meter)
        await lan.send(SHARED, *SHARED.readings([reading()]))
        await asyncio.to_thread(assistant.wait_for, lambda: assistant.kept.get(topic) == "online")
        clock.now_ms += 40_000
        await asyncio.to_thread(assistant.wait_for, lambda: assistant.kept.get(topic) == "offline")
        await lan.send(SHARED, *SHARED.readings([reading(seq=2, ts_ms=clock.now_ms)]))
        await asyncio.to_thread(assistant.wait_for, lambda: assistant.kept.get(topic) == "online")


@needs_broker
async def test_a_hub_that_is_killed_is_called_offline_by_the_broker(
    config: Config, broker: Broker, assistant: HomeAssistant
) -> None:
    told = with_broker(config, broker)
    make_known(told, SHARED)
    write_credential(told, CREDENTIAL)
    command = [sys.executable, "-m", "sunmeter_edge", "run"]
    variables = {**environment(told), "SUNMETER_MQTT": told.mqtt}
    hub = await asyncio.to_thread(subprocess.Popen, command, env=variables)
    topic = ha.hub_topic(HUB)
    try:
        await asyncio.to_thread(assistant.wait_for, lambda: assistant.kept.get(topic) == "online", 60.0)
    finally:
        hub.kill()
        hub.wait()
    await asyncio.to_thread(assistant.wait_for, lambda: assistant.kept.get(topic) == "offline")


@needs_broker
async def test_a_password_that_is_refused_is_told_and_costs_no_reading(
    config: Config, clock: HandClock, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    told = with_broker(config, broker, password="wrong")
    with caplog.at_level(logging.INFO, "sunmeter.edge"):
        async with serving(told, make_hub(told, clock)) as lan:
            for _ in range(200):
                if "mqtt refused" in caplog.text:
                    break
                await asyncio.sleep(0.05)
            assert (await lan.send(SHARED, *SHARED.readings([reading()])))["ack"] == [[7, 1, 1]]
    assert "mqtt refused" in caplog.text
    assert "wrong" not in caplog.text


async def test_without_a_broker_the_hub_is_the_hub(config: Config, clock: HandClock) -> None:
    told = dataclasses.replace(config, mqtt="mqtt://127.0.0.1:9")
    async with serving(told, make_hub(told, clock)) as lan:
        assert (await lan.send(SHARED, *SHARED.readings([reading()])))["ack"] == [[7, 1, 1]]


def test_energy_is_that_of_the_registers_that_never_fall() -> None:
    apart = reading(import_mwh=3, flags=wire.FLAG_CLOCK_SET)  # counted apart, after a power cut
    assert ha.state(apart, Registers(5_000_000, 0, 0, 0))["import_kwh"] == 5.0
    assert ha.state(apart, None)["import_kwh"] is None


def test_a_house_without_pv_has_no_pv_sensors() -> None:
    keys = set(ha.discovery("m-0000000001", HUB, False, "1")["components"])
    assert keys == {"import_kwh", "export_kwh", "house_w", "grid_w", "v_v", "f_hz"}


def test_nothing_optional_is_loaded_by_a_hub_that_is_not_asked_for_it() -> None:
    program = (
        "import sys, sunmeter_edge.cli; print(*(name for name in sys.modules if 'paho' in name or 'optional.' in name))"
    )
    command = [sys.executable, "-c", program]
    variables = {"PYTHONPATH": str(ROOT / "edge"), "PATH": "/usr/bin:/bin"}
    assert subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout.strip() == ""
