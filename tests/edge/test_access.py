"""A hub's access: the listener is reopened in time; revoked, the hub says so, goes on, and is enrolled again."""

import asyncio
import contextlib
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev.stack import Stack
from sunmeter_edge import relay
from sunmeter_edge.clock import system_ms
from sunmeter_edge.cloud import Cloud, Forbidden, Identity
from sunmeter_edge.config import Config, Credential, read_credential, write_credential
from sunmeter_edge.contract import listen, wire
from sunmeter_edge.enroll import enroll
from sunmeter_edge.hub import _token_of
from sunmeter_edge.optional.codes import Doorkeeper
from sunmeter_edge.report import access, doctor, running
from tests.edge.conftest import CREDENTIAL, Lan, Serve, answering, make_known, serving
from tests.edge.fakes import FakeCloud, FakeMeter, event, reading
from tests.edge.faults.kills import environment
from tests.edge.test_cli import APPROVED, OPENED
from tests.edge.test_whole import House, RealMeter, joined, until


def _started(config: Config, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        command = [sys.executable, "-m", "sunmeter_edge", "run"]
        return subprocess.Popen(command, env=environment(config), stderr=output)


@contextlib.asynccontextmanager
async def process(config: Config, log: Path) -> AsyncIterator[Lan]:
    """`sunmeter-edge run`, as systemd starts it."""
    hub = _started(config, log)
    try:
        async with httpx.AsyncClient(base_url=f"http://{config.listen}", timeout=10) as client:
            await answering(client)
            yield Lan(config, client)
    finally:
        hub.terminate()
        assert await asyncio.to_thread(hub.wait, 15) == 0


def wrong(config: Config) -> list[str]:
    return [finding.sentence for finding in doctor(config) if not finding.is_good]


async def test_a_revoked_hub_says_so_and_goes_on_taking_what_meters_say(
    serve: Serve, config: Config, cloud: FakeCloud, caplog: pytest.LogCaptureFixture
) -> None:
    write_credential(config, CREDENTIAL)
    meter = FakeMeter()
    cloud.is_revoked = True
    with caplog.at_level(logging.INFO, "sunmeter.edge"):
        async with serve(meter) as lan:
            told = await until(lambda: _refused(config))
            assert access(told) == "hub       runs; the cloud accepts it no more (revoked): sunmeter-edge enroll"
            found = await asyncio.to_thread(wrong, config)
            assert found == ["the hub's account is refused (revoked): run sunmeter-edge enroll again"]
            assert (await lan.send(meter, *meter.readings([reading()])))["ack"] == [[7, 1, 1]]
            await until(lambda: "access withdrawn" in caplog.text)
    assert "reason=revoked" in caplog.text


def _refused(config: Config) -> dict[str, Any] | None:
    told = running(config)
    return told if told and told["is_refused"] else None


def test_access_that_is_given_again_is_known_by_the_next_good_answer(config: Config, cloud: FakeCloud) -> None:
    identity = Identity(config, CREDENTIAL)
    client = Cloud(config, identity)
    cloud.is_revoked = True
    with pytest.raises(Forbidden, match="revoked"):
        client.link_keys([])
    assert identity.refusal == "revoked"
    cloud.is_revoked = False
    client.link_keys([])
    assert identity.refusal == ""


async def test_a_credential_that_was_replaced_is_taken_up_by_the_running_hub(
    config: Config, cloud: FakeCloud, tmp_path: Path
) -> None:
    make_known(config, FakeMeter())
    write_credential(config, Credential("hub-old", "old@example.org", "gone"))
    async with process(config, tmp_path / "hub.log") as lan:
        await until(lambda: _refused(config))
        write_credential(config, CREDENTIAL)
        await until(lambda: cloud.sign_ins)
        await answering(lan.client)
        meter = FakeMeter()
        assert (await lan.send(meter, *meter.readings([reading()])))["ack"] == [[7, 1, 1]]
        assert await until(lambda: (running(config) or {}).get("cloud") == "ok")
    assert "enrolled anew" in (tmp_path / "hub.log").read_text()


def test_a_hub_that_enrols_again_says_as_what_it_was_enrolled(config: Config, cloud: FakeCloud) -> None:
    for _ in range(2):
        cloud.enrolment = [OPENED, APPROVED]
        enroll(config, lambda _: None, lambda _: None, "Pi")
    starts = [each for each in cloud.enrolment_asked if "hub_name" in each]
    assert starts == [{"hub_name": "Pi"}, {"hub_name": "Pi", "hub": "h1"}]


async def test_the_token_of_a_listener_outlasts_it(config: Config, cloud: FakeCloud) -> None:
    identity = Identity(config, CREDENTIAL)
    token = _token_of(identity)
    await token()
    await token()
    assert (cloud.sign_ins, cloud.refreshes) == (1, 0)
    assert identity._tokens is not None
    lasts_s = identity._tokens.fresh_until_s
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sunmeter_edge.cloud.time.monotonic", lambda: lasts_s - listen.REOPEN_S + 1)
        await token()
    assert cloud.refreshes == 1


@pytest.mark.stack
async def test_the_line_down_survives_its_planned_reopenings_and_sees_a_denial(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listen, "REOPEN_S", 0.4)
    monkeypatch.setattr(relay, "DENIED_RETRY_S", 0.2)
    house = await asyncio.to_thread(House, stack, tmp_path / "hub")
    meter = RealMeter("m-cellar0021", house.master)
    hub = house.make_hub()
    tokens = 0

    async def counted() -> str:
        nonlocal tokens
        tokens += 1
        return await _token_of(hub._identity)()

    hub._store._token = counted
    async with serving(house.config, hub) as lan:
        await joined(lan, house, meter)
        await asyncio.sleep(1.5)
        before = tokens
        await asyncio.to_thread(house.owner.call, "sharelocally", home=house.home, mqtt=True)
        await until(lambda: (downlink := hub.roster[meter.meter].downlink) and downlink.mqtt)
        assert before >= 4
        code = (await asyncio.to_thread(house.owner.call, "sharelocally", home=house.home, page=True))["code"]
        await until(lambda: Doorkeeper(hub.roster).open(code, "somebody", 0.0))
        await asyncio.to_thread(house.owner.call, "revokehub", hub=house.credential.hub)
        await until(lambda: "downlink denied" in caplog.text)
        assert hub.roster[meter.meter].signer is not None
        assert (await lan.send(meter, *meter.readings([reading(ts_ms=system_ms())])))["ack"]


@pytest.mark.stack
async def test_revoked_and_enrolled_again_it_is_the_same_hub_and_has_lost_nothing(stack: Stack, tmp_path: Path) -> None:
    house = await asyncio.to_thread(House, stack, tmp_path / "hub")
    meter = RealMeter("m-cellar0022", house.master)
    async with process(house.config, tmp_path / "hub.log") as lan:
        await joined(lan, house, meter)
        await asyncio.to_thread(house.owner.call, "revokehub", hub=house.credential.hub)
        anomaly = event(seq=500, start_seq=500, ts_ms=system_ms(), kind=1, channel=12, value=3_000, usual_hi=900)
        assert (await lan.send(meter, meter.frame(wire.EVENT, anomaly)))["ack"] == [[7, 500, 500]]
        await until(lambda: _refused(house.config))
        assert house.owner.list(f"homes/{house.home}/alerts") == {}

        again = await asyncio.to_thread(house.enrol)
        assert again.hub == house.credential.hub
        assert read_credential(house.config) == again
        await until(lambda: house.owner.list(f"homes/{house.home}/alerts"))
        await answering(lan.client)
        assert (await lan.send(meter, *meter.readings([reading(seq=501, ts_ms=system_ms())])))["ack"]
        assert await asyncio.to_thread(wrong, house.config) == []
