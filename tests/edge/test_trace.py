"""A reading can be followed: the hub says where it went, and under which words the logs tell of it."""

import contextlib

import pytest

from sunmeter_edge import log, trace
from sunmeter_edge.cloud import Cloud, Identity, OutOfReach
from sunmeter_edge.config import Config
from sunmeter_edge.contract import ledger
from sunmeter_edge.store import connect, open_for_reading

from .conftest import CREDENTIAL, HandClock, Serve
from .fakes import START_MS, FakeCloud, FakeMeter, reading
from .test_send import arrives

REFUSED = "meter, boot_id, seq, code, field, received_ms, frame"


def traced(config: Config, meter: str, key: tuple[int, int] | None = None) -> list[str]:
    with contextlib.closing(open_for_reading(config.database)) as connection:
        return list(trace.lines(connection, meter, key))


async def test_a_reading_is_followed_from_its_number_to_the_request_that_carried_it(
    serve: Serve, config: Config, cloud: FakeCloud, clock: HandClock, capsys: pytest.CaptureFixture[str]
) -> None:
    log.set_up("info", {})
    meter = FakeMeter()
    name = ledger.named([(meter.meter, ledger.quarter_of(START_MS + 20_000))])
    async with serve(meter) as lan:
        for seq in (1, 2):
            clock.now_ms = START_MS + seq * 10_000
            record = reading(seq=seq, ts_ms=clock.now_ms, uptime_ms=60_000 + seq * 10_000)
            await lan.send(meter, *meter.readings([record]))
        assert "not cut yet" in traced(config, meter.meter, (7, 1))[1]
        clock.now_ms = START_MS + ledger.QUARTER_MS + 60_000
        record = reading(seq=3, ts_ms=clock.now_ms, uptime_ms=60_000 + ledger.QUARTER_MS)
        await lan.send(meter, *meter.readings([record]))
        clock.now_ms += 60_000
        await arrives(cloud, lambda: "the cloud has it" in traced(config, meter.meter, (7, 1))[1])
    told = traced(config, meter.meter, (7, 1))
    assert told[0].startswith(f"meter     {meter.meter}, boot 7, number 1: a reading, received 2026-09-21T")
    assert "the cloud has it" in told[1]
    assert name in told[2]
    assert traced(config, meter.meter)[0].startswith(f"meter     {meter.meter}, boot 7, number 3")
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "quarters carried" in line]
    assert f"quarters={name}" in line
    assert line.split("request=")[1].split()[0] in cloud.request_names


def test_a_request_that_the_cloud_failed_is_named_once_so_that_its_log_can_be_asked(
    config: Config, cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    log.set_up("info", {})
    functions = Cloud(config, Identity(config, CREDENTIAL))
    cloud.answers += [(503, {}, {}), (503, {}, {})]
    for _ in range(2):
        with pytest.raises(OutOfReach):
            functions.ingest([{"type": "sighting", "meter": "m-0000000009"}], START_MS)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "cloud failed" in line]
    assert line.endswith(f'request={cloud.request_names[0]} reason="HTTP 503"')
    assert len(set(cloud.request_names)) == 2


def test_what_a_hub_has_not_is_said(config: Config) -> None:
    config.data_dir.mkdir(parents=True)
    connect(config.database).close()
    assert "has nothing of m-1 with boot 7 and number 9" in traced(config, "m-1", (7, 9))[0]
    with contextlib.closing(connect(config.database)) as connection:
        row = ("m-1", 7, 9, "bad_mac", "mac", START_MS, b"")
        connection.execute(f"INSERT INTO refused ({REFUSED}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    assert "refused it 2026-09-21T14:15:00Z: bad_mac mac" in traced(config, "m-1", (7, 9))[0]
