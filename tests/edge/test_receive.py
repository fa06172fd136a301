"""The door, over real sockets: what is let in, what is turned away, and what the reply promises."""

import asyncio
import contextlib
import json
import socket
import sqlite3
import time

import pytest

from sunmeter_edge.config import Config
from sunmeter_edge.contract import wire
from sunmeter_edge.report import status
from sunmeter_edge.serving import listening_socket
from sunmeter_edge.store import connect, open_for_reading
from tests.edge.conftest import HandClock, Serve
from tests.edge.fakes import START_MS, FakeCloud, FakeMeter, event, reading, snapshot, unsealed

HAS_BLOBS = "INSERT INTO downlink VALUES (?, 'home1', 0, ?, ?, ?, ?, ?, ?, ?, NULL, 0, 0, NULL)"


def rows(config: Config, sql: str, *arguments: object) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        return connection.execute(sql, arguments).fetchall()


def frames_kept(config: Config) -> set[tuple[object, ...]]:
    return set(rows(config, "SELECT meter, boot_id, seq FROM frame"))


async def test_a_signed_batch_is_kept_and_acknowledged_as_ranges(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    records = [reading(seq=seq, ts_ms=START_MS + seq * 10_000) for seq in (1, 2, 3, 5)]
    async with serve(meter) as lan:
        told = await lan.send(meter, *meter.readings(records))
    assert told["ack"] == [[7, 1, 3], [7, 5, 5]]
    assert told["refused"] == []
    assert frames_kept(config) == {(meter.meter, 7, seq) for seq in (1, 2, 3, 5)}


async def test_an_empty_poll_is_answered_with_time_and_cadence(serve: Serve, clock: HandClock) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        told = await lan.send(meter)
    assert told == {
        "v": 1,
        "now_ms": clock.now_ms,
        "ack": [],
        "refused": [],
        "regs": None,
        "cadence_ms": 10_000,
        "lease_until_ms": 0,
    }


async def test_a_replayed_request_is_acknowledged_again_and_changes_nothing(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    body = meter.body(*meter.readings([reading(seq=1)]), meter.frame(wire.EVENT, event(seq=2)))
    async with serve(meter) as lan:
        first = await lan.post(meter, body)
        before = rows(config, "SELECT * FROM frame"), rows(config, "SELECT count(*) FROM item")
        again = [await lan.post(meter, body) for _ in range(20)]
        after = rows(config, "SELECT * FROM frame"), rows(config, "SELECT count(*) FROM item")
    assert {answer.content for answer in again} == {first.content}
    assert json.loads(first.content)["ack"] == [[7, 1, 2]]
    assert after == before


async def test_what_was_recorded_passes_for_no_sign_of_life_even_over_a_restart(
    serve: Serve, config: Config, clock: HandClock
) -> None:
    """As when a meter is cut off, and somebody plays what it once said."""
    meter = FakeMeter()
    recorded = [meter.body(*meter.readings([reading(seq=seq)])) for seq in (1, 2)]
    known = "SELECT last_ms FROM meter"
    async with serve(meter) as lan:
        for body in recorded:
            await lan.post(meter, body)
        heard = rows(config, known)
        clock.now_ms += 3_600_000
        await lan.post(meter, recorded[0])
        assert rows(config, known) == heard
    async with serve() as lan:
        clock.now_ms += 3_600_000
        for body in recorded:
            await lan.post(meter, body)
        assert rows(config, known) == heard
        await lan.send(meter, *meter.readings([reading(seq=3)]))
        assert rows(config, known) == [(clock.now_ms,)]


async def test_bad_frames_are_refused_one_by_one_and_the_rest_is_kept(serve: Serve, config: Config) -> None:
    meter, stranger = FakeMeter(), FakeMeter("m-0000000002")
    good = meter.readings([reading(seq=1), reading(seq=9, ts_ms=START_MS + 10_000)])
    forged = bytearray(meter.frame(wire.READING, reading(seq=2)))
    forged[60] ^= 1
    foreign = stranger.frame(wire.READING, reading(seq=3))
    hot = wire.encode(wire.READING, reading(seq=4))
    at = 4 + 4 + 8 + 8 + 4  # v_mv lies behind boot_id, seq, uptime_ms, ts_ms and window_ms
    impossible = hot[:at] + (999_999_999).to_bytes(4, "little") + hot[at + 4 :]
    out_of_range = wire.seal(meter.signer, meter.meter, wire.READING, impossible)
    short = wire.seal(meter.signer, meter.meter, wire.READING, wire.encode(wire.READING, reading(seq=5))[:40])
    sealed = wire.seal(meter.signer, meter.meter, wire.CONFIG, bytes(16))
    unknown = wire.seal(meter.signer, meter.meter, 9, (7).to_bytes(4, "little") + (6).to_bytes(4, "little"))
    async with serve(meter, stranger) as lan:
        told = await lan.send(meter, good[0], bytes(forged), foreign, out_of_range, short, sealed, unknown, good[1])
    assert told["ack"] == [[7, 1, 1], [7, 9, 9]]
    assert told["refused"] == [
        [7, 2, "bad_mac", "mac"],
        [7, 3, "bad_mac", "mac"],
        [7, 4, "out_of_range", "v_mv"],
        [7, 5, "malformed", "payload"],
        [0, 0, "foreign", "kind"],
        [7, 6, "unknown_schema", "kind"],
    ]
    assert frames_kept(config) == {(meter.meter, 7, 1), (meter.meter, 7, 9)}
    assert rows(config, "SELECT boot_id, seq, code, field FROM refused") == [tuple(row) for row in told["refused"]]
    assert ("refused bad_mac mac", 2) in rows(config, "SELECT name, n FROM tally")


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"v_min_mv": 250_000}, "v_mv"),
        ({"v_max_mv": 200_000}, "v_mv"),
        ({"grid_min_mw": 700_000}, "grid_mw"),
        ({"grid_max_mw": -900_000}, "grid_mw"),
        ({"pv_max_mw": 100_000}, "pv_mw"),
        ({"grid_mw": 30_000_000, "grid_ma": 10_000}, "grid_mw"),  # 30 kW out of 2.3 kVA
        ({"grid_mw": -30_000_000, "grid_ma": 10_000}, "grid_mw"),
        ({"pv_mw": 9_000_000, "pv_ma": 0}, "pv_mw"),
    ],
)
async def test_a_reading_that_is_physically_impossible_is_kept_apart_and_shown(
    serve: Serve, config: Config, told: dict[str, int], field: str
) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        told_back = await lan.send(meter, *meter.readings([reading(seq=1), reading(seq=2, **told), reading(seq=3)]))
    assert told_back["ack"] == [[7, 1, 1], [7, 3, 3]]
    assert told_back["refused"] == [[7, 2, "out_of_range", field]]
    assert frames_kept(config) == {(meter.meter, 7, 1), (meter.meter, 7, 3)}
    with contextlib.closing(open_for_reading(config.database)) as connection:
        shown = [line.split(maxsplit=2)[1:] for line in status(connection, lambda: START_MS) if "refused" in line]
    assert shown == [["1", f"refused out_of_range {field}"]]


@pytest.mark.parametrize(
    "told",
    [
        {"grid_mw": 40_000, "grid_ma": 0},  # the clamp's noise is taken off its current
        {"v_min_mv": 230_500},  # the cycle that would tell less was left out
        {"grid_min_mw": 500_001},
        {"v_mv": 0, "v_min_mv": 0, "v_max_mv": 300, "grid_mw": 0, "grid_ma": 5_000, "pv_mw": 0},  # no mains
    ],
)
async def test_rounding_and_noise_make_no_reading_impossible(serve: Serve, told: dict[str, int]) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        assert (await lan.send(meter, *meter.readings([reading(**told)])))["refused"] == []


async def test_every_flipped_bit_of_a_frame_is_refused(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    frame = meter.frame(wire.SNAPSHOT, snapshot())
    header, bits = 4, range(32, len(frame) * 8)  # the lengths are judged with the request as a whole
    flipped = []
    for bit in bits:
        bent = bytearray(frame)
        bent[bit // 8] ^= 1 << bit % 8
        flipped.append(bytes(bent))
    assert header * 8 == bits.start
    async with serve(meter) as lan:
        for at in range(0, len(flipped), 60):
            told = await lan.send(meter, *flipped[at : at + 60])
            assert told["ack"] == []
            assert {row[2] for row in told["refused"]} == {"bad_mac"}
    assert frames_kept(config) == set()


async def test_a_newer_schema_is_kept_whole_and_counted(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    payload = wire.encode(wire.READING, reading(seq=1)) + b"what a newer meter adds"
    header = bytes([wire.READING, wire.SCHEMA + 1]) + len(payload).to_bytes(2, "little")
    mac = meter.signer.digest(b"sunmeter/frame/v1|", meter.meter.encode(), b"|", header + payload)[: wire.MAC_BYTES]
    async with serve(meter) as lan:
        told = await lan.send(meter, header + payload + mac)
    assert told["ack"] == [[7, 1, 1]]
    assert rows(config, "SELECT schema, payload FROM frame") == [(wire.SCHEMA + 1, payload)]
    assert ("newer schema", 1) in rows(config, "SELECT name, n FROM tally")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"\x01\x01", 400, "malformed"),
        (b"\x01\x01\xff\xff" + bytes(100), 400, "malformed"),
        (bytes(wire.MAX_BODY_BYTES + 1), 413, "too_large"),
    ],
)
async def test_a_request_that_cannot_be_read_is_refused_whole(
    serve: Serve, body: bytes, status: int, code: str
) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        answer = await lan.post(meter, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (await lan.send(meter))["ack"] == []


async def test_more_frames_than_allowed_are_refused_whole(serve: Serve) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        answer = await lan.post(meter, meter.body(*[meter.frame(wire.SNAPSHOT, snapshot(seq=n)) for n in range(1, 66)]))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_request_without_a_signed_poll_is_refused_whole(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    forged = FakeMeter(meter.meter, key_version=2)
    async with serve(meter) as lan:
        no_poll = await lan.post(meter, meter.frame(wire.READING, reading()))
        wrong_key = await lan.post(meter, forged.body(*meter.readings([reading()])))
        unreadable_name = await lan.client.post("/v1/meters/m-UPPERCASE/frames", content=meter.body())
    assert (no_poll.status_code, no_poll.json()["code"]) == (400, "malformed")
    assert (wrong_key.status_code, wrong_key.json()["code"]) == (401, "bad_mac")
    assert unreadable_name.status_code == 400
    assert "Sunmeter-Mac" not in wrong_key.headers
    assert frames_kept(config) == set()


async def test_requests_turned_away_whole_are_counted_and_shown(serve: Serve, config: Config) -> None:
    meter, stranger = FakeMeter(), FakeMeter("m-newcomer03")
    forged = FakeMeter(meter.meter, key_version=2)
    async with serve(meter) as lan:
        for _ in range(3):
            await lan.post(stranger, stranger.body())
        await lan.post(meter, forged.body())
        await lan.post(meter, b"\x01\x01")
        await lan.post(meter, bytes(wire.MAX_BODY_BYTES + 1))
    with contextlib.closing(open_for_reading(config.database)) as connection:
        shown = [line.split(maxsplit=2)[1:] for line in status(connection, lambda: START_MS) if "turned away" in line]
    assert shown == [
        ["1", "turned away bad_mac mac"],
        ["1", "turned away malformed frames"],
        ["1", "turned away too_large body"],
        ["3", "turned away unknown_meter meter"],
    ]


async def test_counts_are_kept_while_the_hub_runs_and_only_once(
    serve: Serve, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sunmeter_edge.hub.WATCH_EVERY_S", 0.05)
    stranger = FakeMeter("m-newcomer04")
    async with serve() as lan:
        for asked in (1, 2):
            await lan.post(stranger, stranger.body())
            for _ in range(100):
                if ("turned away unknown_meter meter", asked) in rows(config, "SELECT name, n FROM tally"):
                    break
                await asyncio.sleep(0.05)
    assert rows(config, "SELECT name, n FROM tally") == [("turned away unknown_meter meter", 2)]


async def test_an_unknown_meter_is_turned_away_and_told_to_the_cloud_once(serve: Serve, cloud: FakeCloud) -> None:
    meter = FakeMeter("m-newcomer01")
    async with serve() as lan:
        answers = [await lan.post(meter, meter.body()) for _ in range(5)]
        await asyncio.to_thread(cloud.wait_for, lambda: any(item["type"] == "sighting" for item in cloud.items))
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].json() == {"v": 1, "code": "unknown_meter", "field": "meter"}
    assert cloud.of_type("sighting") == [{"type": "sighting", "meter": "m-newcomer01"}]


async def test_a_claimed_meter_gets_its_sealed_assignment_before_it_can_sign(serve: Serve, config: Config) -> None:
    meter = FakeMeter("m-newcomer02")
    config.data_dir.mkdir()
    with contextlib.closing(connect(config.database)) as connection:
        blobs = (meter.assignment(), 1, None, 0, None, 0, "[]")
        connection.execute(HAS_BLOBS, (meter.meter, *blobs))
    not_yet = FakeMeter(meter.meter, key_version=9)
    async with serve() as lan:
        without_key = await lan.post(meter, not_yet.body())
    async with serve(meter) as lan:
        with_key = await lan.post(meter, not_yet.body())
        told = await lan.send(meter)
        told_again = await lan.send(meter, assignment_version=0)
    assert (without_key.status_code, with_key.status_code) == (404, 401)
    for answer in (without_key, with_key):
        assert unsealed(answer.json()["assignment"]) == meter.assignment()
    assert "assignment" not in told
    assert unsealed(str(told_again["assignment"])) == meter.assignment()


async def test_the_reply_carries_the_greatest_registers_not_counted_apart(serve: Serve) -> None:
    meter = FakeMeter()
    resumed = reading(seq=1, import_mwh=500, export_mwh=20, pv_mwh=40, standby_mwh=1)
    apart = reading(seq=2, import_mwh=900_000, flags=wire.FLAG_CLOCK_SET)
    late = reading(seq=3, import_mwh=400, export_mwh=30)
    async with serve(meter) as lan:
        assert (await lan.send(meter, *meter.readings([resumed])))["regs"] == [500, 20, 40, 1]
        assert (await lan.send(meter, *meter.readings([apart, late])))["regs"] == [500, 30, 40, 1]
    async with serve(meter) as lan:
        assert (await lan.send(meter))["regs"] == [500, 30, 40, 1]


async def test_only_blobs_newer_than_the_poll_names_are_handed_on(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    config.data_dir.mkdir()
    commands = json.dumps([[1, 2**33, "aa"], [2, 1, "bb"], [3, 2**33, "cc"]])
    with contextlib.closing(connect(config.database)) as connection:
        blobs = (None, 0, b"model 4", 4, b"config 6", 6, commands)
        connection.execute(HAS_BLOBS, (meter.meter, *blobs))
    async with serve(meter) as lan:
        fresh = await lan.send(meter)
        up_to_date = await lan.send(meter, model_version=4, config_version=6, command_id=3)
    assert unsealed(str(fresh["model"])) == b"model 4"
    assert unsealed(str(fresh["config"])) == b"config 6"
    assert [unsealed(blob) for blob in fresh["commands"]] == [b"\xaa", b"\xcc"]  # the second has expired
    assert not {"model", "config", "commands"} & set(up_to_date)


async def test_many_meters_at_once_each_get_their_own_signed_reply(serve: Serve, config: Config) -> None:
    meters = [FakeMeter(f"m-{number:010d}") for number in range(60)]
    async with serve(*meters) as lan:
        told = await asyncio.gather(*[lan.send(meter, *meter.readings([reading(seq=4)])) for meter in meters])
    assert all(answer["ack"] == [[7, 4, 4]] for answer in told)
    assert frames_kept(config) == {(meter.meter, 7, 4) for meter in meters}


async def test_nothing_but_the_two_routes_is_served(serve: Serve) -> None:
    async with serve() as lan:
        assert (await lan.client.get("/")).status_code == 404
        assert (await lan.client.get("/docs")).status_code == 404
        assert (await lan.client.get(FakeMeter().path)).status_code == 405
        assert (await lan.client.get("/healthz")).json()["ok"] is True


async def test_when_the_disk_refuses_nothing_is_acknowledged(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        with contextlib.closing(sqlite3.connect(config.database)) as connection:
            connection.execute("CREATE TRIGGER full BEFORE INSERT ON frame BEGIN SELECT RAISE(ABORT, 'full'); END")
            connection.commit()
        answer = await lan.post(meter, meter.body(*meter.readings([reading()])))
        assert (answer.status_code, answer.json()["code"]) == (503, "not_kept")
        assert answer.headers["Retry-After"]
        with contextlib.closing(sqlite3.connect(config.database)) as connection:
            connection.execute("DROP TRIGGER full")
            connection.commit()
        assert (await lan.send(meter, *meter.readings([reading()])))["ack"] == [[7, 1, 1]]


async def test_a_client_that_hangs_up_midway_harms_nobody(serve: Serve, config: Config) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        for _ in range(10):
            _, writer = await asyncio.open_connection(config.host, config.port)
            writer.write(f"POST {meter.path} HTTP/1.1\r\nHost: hub\r\nContent-Length: 9000\r\n\r\nhalf".encode())
            await writer.drain()
            writer.close()
        assert (await lan.send(meter, *meter.readings([reading()])))["ack"] == [[7, 1, 1]]


async def test_half_a_request_is_let_go_in_time(serve: Serve, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sunmeter_edge.receive.BODY_TIMEOUT_S", 0.2)
    meter = FakeMeter()
    async with serve(meter):
        reader, writer = await asyncio.open_connection(config.host, config.port)
        writer.write(f"POST {meter.path} HTTP/1.1\r\nHost: hub\r\nContent-Length: 9000\r\n\r\nhalf".encode())
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408")


async def test_a_lease_quickens_the_cadence_until_it_ends(serve: Serve, config: Config, clock: HandClock) -> None:
    meter = FakeMeter()
    config.data_dir.mkdir()
    until_ms = int(time.time() * 1000) + 60_000
    with contextlib.closing(connect(config.database)) as connection:
        connection.execute(
            "INSERT INTO downlink VALUES (?, 'home1', ?, NULL, 0, NULL, 0, NULL, 0, '[]', NULL, 0, 0, NULL)",
            (meter.meter, until_ms),
        )
    async with serve(meter) as lan:
        told = await lan.send(meter)
    assert told["cadence_ms"] == 2_000
    left_ms = int(str(told["lease_until_ms"])) - clock.now_ms  # in the hub's time, which may be simulated
    assert 50_000 < left_ms <= 60_000


def test_no_part_of_an_answer_waits_for_the_acknowledgement_of_another(config: Config) -> None:
    """Head and body are two writes: with Nagle's algorithm the second would wait for a delayed acknowledgement."""
    with listening_socket(config.listen) as door, socket.create_connection(door.getsockname()):
        connection, _ = door.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
