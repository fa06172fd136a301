"""To the cloud over a real socket: what goes first, what waits, what is kept apart, and what is never forgotten."""

import asyncio
import contextlib
import itertools
import json
import logging
import re
import sqlite3
import time
from typing import Any

import pytest

from sunmeter_edge import send
from sunmeter_edge.cloud import FRESH_S, OFFLINE_RETRY_S, Cloud, Identity, OutOfReach
from sunmeter_edge.config import Config
from sunmeter_edge.contract import wire
from sunmeter_edge.contract.ledger import QUARTER_S
from sunmeter_edge.report import status
from sunmeter_edge.store import WAITING, connect
from tests.edge.conftest import CREDENTIAL, HandClock, Lan, Serve
from tests.edge.fakes import START_MS, FakeCloud, FakeMeter, event, reading

FIRST_S = START_MS // 1000 // QUARTER_S * QUARTER_S
HOUR_MS = 3_600_000
DAY_S = 86_400


async def arrives(cloud: FakeCloud, condition: Any, timeout_s: float = 10.0) -> None:
    await asyncio.to_thread(cloud.wait_for, condition, timeout_s)


async def measure(lan: Lan, meter: FakeMeter, clock: HandClock, seconds: int, first_seq: int = 1) -> int:
    """A meter that reads every 10 s for so long, and a hub's clock that goes with it; returns the next seq."""
    records = []
    for seq in range(first_seq, first_seq + seconds // 10):
        at_ms = START_MS + seq * 10_000
        records.append(reading(seq=seq, ts_ms=at_ms, uptime_ms=seq * 10_000, import_mwh=seq * 1_389))
    for at in range(0, len(records), 64):
        clock.now_ms = max(clock.now_ms, records[at : at + 64][-1]["ts_ms"] + 100)
        await lan.send(meter, *meter.readings(records[at : at + 64]))
    clock.now_ms += 15_000
    return first_seq + seconds // 10


def waiting(config: Config) -> int:
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        (intervals,) = connection.execute("SELECT count(*) FROM quarter WHERE state = 1").fetchone()
        (items,) = connection.execute("SELECT count(*) FROM item WHERE state = 1").fetchone()
    return int(intervals + items)


async def settled(config: Config) -> None:
    for _ in range(100):
        if not waiting(config):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("something goes on waiting")


def queue_intervals(config: Config, meter: FakeMeter, quarters: int) -> None:
    """A backlog as a hub that was offline would have it."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    minutes = {name: [None] * 15 for name in ("grid_w", "pv_w", "v_dv", "q_var")}
    extremes = dict.fromkeys(("grid_min_w", "grid_max_w", "pv_max_w", "v_min_dv", "v_max_dv", "u_w"))
    with contextlib.closing(connect(config.database)) as connection:
        connection.execute("BEGIN")
        for number in range(quarters):
            regs = [[1000 * number] * 4, [1000 * number + 1000] * 4]
            start_s = FIRST_S - (quarters - number) * QUARTER_S
            body = {"type": "interval", "v": 1, "meter": meter.meter, "start_s": start_s, "regs0": regs[0]}
            body |= {"regs1": regs[1], "coverage_permille": 0, "minutes": minutes, **extremes, "evidence": {}}
            row = (meter.meter, start_s, START_MS, json.dumps(regs[0]), json.dumps(regs[1]), "", json.dumps(body))
            connection.execute("INSERT INTO quarter VALUES (?, ?, ?, ?, ?, ?, ?, 1, NULL, NULL)", row)
        connection.execute("COMMIT")


async def test_an_hour_of_readings_becomes_its_intervals(
    serve: Serve, cloud: FakeCloud, clock: HandClock, config: Config
) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        await measure(lan, meter, clock, 3600)
        await arrives(cloud, lambda: len(cloud.intervals) == 4)
        await settled(config)
    intervals = [cloud.intervals[meter.meter, start_s] for start_s in sorted(start for _, start in cloud.intervals)]
    assert [interval.start_s for interval in intervals] == [FIRST_S + n * QUARTER_S for n in range(4)]
    assert [interval.coverage_permille for interval in intervals[1:]] == [1000] * 3
    assert sum(interval.energy.import_mwh for interval in intervals) == (
        intervals[-1].regs1.import_mwh - 1_389  # what the first reading said
    )
    assert intervals[1].minutes["grid_w"] == (500,) * 15
    assert intervals[1].rev >= clock.now_ms - 3_600_000


async def test_a_late_reading_cuts_its_quarter_and_the_neighbour_again(
    serve: Serve, cloud: FakeCloud, clock: HandClock
) -> None:
    meter = FakeMeter()
    boundary_ms = (FIRST_S + QUARTER_S) * 1000
    samples = [(-5, 1, 5_000), (300, 2, 5_300), (885, 3, 5_885), (930, 5, 5_975), (1830, 6, 6_875)]
    records = {seq: reading(seq=seq, ts_ms=FIRST_S * 1000 + at_s * 1000, import_mwh=mwh) for at_s, seq, mwh in samples}
    async with serve(meter) as lan:
        clock.now_ms = boundary_ms + 960_000
        await lan.send(meter, *meter.readings(records.values()))
        clock.now_ms += 15_000
        await arrives(cloud, lambda: (meter.meter, FIRST_S + QUARTER_S) in cloud.intervals)
        first, second = (cloud.intervals[meter.meter, FIRST_S + n * QUARTER_S] for n in (0, 1))
        assert first.regs1 == second.regs0
        assert first.regs1.import_mwh == 5_915  # a third of the way from 5,885 to 5,975

        late = reading(seq=4, ts_ms=boundary_ms + 5_000, import_mwh=5_905)
        await lan.send(meter, *meter.readings([late]))
        clock.now_ms += 5_000
        await arrives(cloud, lambda: cloud.intervals[meter.meter, FIRST_S].rev > first.rev)
        await arrives(cloud, lambda: cloud.intervals[meter.meter, FIRST_S + QUARTER_S].rev > second.rev)
    again, neighbour = (cloud.intervals[meter.meter, FIRST_S + n * QUARTER_S] for n in (0, 1))
    assert again.regs1 == neighbour.regs0
    assert again.regs1.import_mwh == 5_900  # three quarters of the way from 5,885 to 5,905
    assert again.regs0 == first.regs0
    assert neighbour.regs1 == second.regs1


async def test_events_go_at_once_and_before_any_backlog(
    serve: Serve, cloud: FakeCloud, config: Config, clock: HandClock
) -> None:
    meter = FakeMeter()
    queue_intervals(config, meter, 3000)
    async with serve(meter) as lan:
        sent_s = time.monotonic()
        frame = meter.frame(wire.EVENT, event(seq=5, kind=6, phase=1, channel=14, value=190_000, start_seq=4))
        await lan.send(meter, frame)
        await arrives(cloud, lambda: any(item["type"] == "event" for item in cloud.items))
        took_s = time.monotonic() - sent_s
        await arrives(cloud, lambda: len(cloud.intervals) == 3000, 30)
    assert took_s < 1.0
    (told,) = cloud.of_type("event")
    assert told == {
        "type": "event",
        "v": 1,
        "meter": meter.meter,
        "boot_id": 7,
        "seq": 5,
        "ts_ms": START_MS,
        "kind": "sag",
        "phase": "end",
        "channel": "voltage_burst",
        "unit": "mV",
        "value": 190_000,
        "usual_lo": 0,
        "usual_hi": 0,
        "score_milli": 0,
        "model_version": 0,
        "duration_ms": 0,
        "start_seq": 4,
        "start_boot": 7,
    }


async def test_what_came_of_a_command_returns_to_the_cloud(serve: Serve, cloud: FakeCloud) -> None:
    meter = FakeMeter()
    result = {"boot_id": 7, "seq": 6, "command_id": 40, "code": 0}
    async with serve(meter) as lan:
        await lan.send(meter, meter.frame(wire.RESULT, result, "zero set: 3 mV"))
        await arrives(cloud, lambda: any(item["type"] == "result" for item in cloud.items))
    (told,) = cloud.of_type("result")
    assert told == {"type": "result", "v": 1, "meter": meter.meter, "text": "zero set: 3 mV", **result}


async def test_a_week_offline_arrives_newest_first_and_whole(serve: Serve, cloud: FakeCloud, config: Config) -> None:
    meter = FakeMeter()
    cloud.away = True
    queue_intervals(config, meter, 2 * 672)
    async with serve(meter):
        await asyncio.sleep(0.5)
        assert not cloud.items
        cloud.away = False
        await arrives(cloud, lambda: len(cloud.intervals) == 2 * 672, 30)
        await settled(config)
    starts = [item["start_s"] for item in cloud.of_type("interval")]
    assert starts == sorted(starts, reverse=True)
    assert len(starts) == len(set(starts))


async def test_the_newest_hour_goes_before_the_backlog_and_that_by_meter_and_day(
    serve: Serve, cloud: FakeCloud, config: Config
) -> None:
    meters = [FakeMeter(f"m-000000000{number}") for number in range(1, 9)]
    for meter in meters:
        queue_intervals(config, meter, 300)
    async with serve(*meters):
        await arrives(cloud, lambda: len(cloud.intervals) == 8 * 300, 30)
    parcels = [[item for item in parcel if item["type"] == "interval"] for parcel in cloud.parcels]
    newest, *backlog = [[(item["start_s"], item["meter"]) for item in parcel] for parcel in parcels if parcel]
    assert {start_s for start_s, _ in newest} == {FIRST_S - n * QUARTER_S for n in (1, 2, 3, 4)}  # of the last hour
    assert {name for _, name in newest} == {meter.meter for meter in meters}
    days = [{start_s // DAY_S for start_s, _ in parcel} for parcel in backlog]
    assert all(len(of_parcel) == 1 for of_parcel in days)
    told = [next(iter(of_parcel)) for of_parcel in days]
    assert told == sorted(told, reverse=True)
    parts = [(start_s // DAY_S, name) for parcel in backlog for start_s, name in parcel]
    assert len([part for part, _ in itertools.groupby(parts)]) == len(set(parts)), "a meter's day was torn apart"


async def test_a_heartbeat_travels_with_what_travels_anyway(
    serve: Serve, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sunmeter_edge.cloud.LEAST_BEAT_S", 0.6)
    monkeypatch.setattr("sunmeter_edge.watch.RIDES_S", 0.5)
    meter = FakeMeter()
    async with serve(meter) as lan:
        await arrives(cloud, lambda: bool(cloud.of_type("heartbeat")))
        for seq in range(1, 13):
            await lan.send(meter, meter.frame(wire.EVENT, event(seq=seq)))
            await asyncio.sleep(0.15)
    alone = [parcel for parcel in cloud.parcels[1:] if {item["type"] for item in parcel} == {"heartbeat"}]
    assert len(cloud.of_type("event")) == 12
    assert len(cloud.of_type("heartbeat")) > 2
    assert not alone


@pytest.mark.parametrize("failures", [0, 1])
async def test_damage_is_told_at_the_start_and_again_where_that_failed(
    serve: Serve, cloud: FakeCloud, config: Config, failures: int
) -> None:
    config.data_dir.mkdir()
    (config.data_dir / "hub.db.damaged-20260921T141500.000000Z").touch()
    cloud.answers += [(500, {}, {})] * failures
    async with serve(FakeMeter()):
        await arrives(cloud, lambda: bool(cloud.parcels), 5.0)
    assert [item["damaged_ms"] for item in cloud.parcels[0]] == [START_MS]


async def test_a_token_is_renewed_before_it_ends(serve: Serve, cloud: FakeCloud, config: Config) -> None:
    meter = FakeMeter()
    cloud.token_lasts_s = FRESH_S + 1
    async with serve(meter) as lan:
        for seq in range(1, 9):
            await lan.send(meter, meter.frame(wire.EVENT, event(seq=seq)))
            await arrives(cloud, lambda seq=seq: len(cloud.of_type("event")) == seq)
            await asyncio.sleep(0.4)
    assert cloud.refreshes >= 2
    assert cloud.refused_tokens == 0
    assert cloud.sign_ins == 1


async def test_the_wait_between_tries_grows_and_differs(
    serve: Serve, cloud: FakeCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Hubs that lost the same cloud together do not come back together."""
    caplog.set_level(logging.DEBUG, "sunmeter.edge")
    cloud.answers += [(500, {}, {})] * 9
    async with serve(FakeMeter()) as lan:
        await lan.send(FakeMeter(), FakeMeter().frame(wire.EVENT, event(seq=1)))
        await asyncio.sleep(8)
    waits_s = [float(told) for told in re.findall(r"lane=item .*retry_s=([0-9.]+)", caplog.text)]
    assert len(waits_s) >= 3
    assert all(2**n / 2 <= wait_s <= 2**n for n, wait_s in enumerate(waits_s))
    assert waits_s != [2**n for n in range(len(waits_s))]


async def test_a_week_of_the_same_failure_is_one_line_of_the_log_and_its_end_another(
    serve: Serve, cloud: FakeCloud, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "sunmeter.edge")
    monkeypatch.setattr("sunmeter_edge.send.FIRST_RETRY_S", 0.02)
    monkeypatch.setattr("sunmeter_edge.send.LAST_RETRY_S", 0.05)
    cloud.answers += [(500, {}, {})] * 5 + [(503, {}, {})] * 5
    async with serve(FakeMeter()):
        await arrives(cloud, lambda: bool(cloud.items))
    told = re.findall(r'sent lane=item (?:reason="HTTP (\d+)"|items=(\d+))', caplog.text)
    assert told == [("500", ""), ("503", ""), ("", "0")]


@pytest.mark.parametrize("answer", [{}, {"results": None}, {"results": []}, {"results": ["ok"]}, {"results": [None]}])
def test_results_that_are_none_stand_for_a_cloud_out_of_reach(
    config: Config, cloud: FakeCloud, answer: dict[str, Any]
) -> None:
    cloud.answers.append((200, answer, {}))
    with pytest.raises(OutOfReach):
        Cloud(config, Identity(config, CREDENTIAL)).ingest([{"type": "sighting", "meter": "m-0000000009"}], START_MS)


@pytest.mark.parametrize("answer", [{}, {"idToken": "t", "refreshToken": "r", "expiresIn": "soon"}])
def test_a_sign_in_that_is_none_stands_for_a_cloud_out_of_reach(
    config: Config, cloud: FakeCloud, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "_sign_in", lambda _: (200, answer, {}))
    with pytest.raises(OutOfReach, match="not the cloud's"):
        Identity(config, CREDENTIAL).token()


@pytest.mark.parametrize("keys", [None, [], {"m-0000000009": {}}, {"m-0000000009": {"key": "no hex", "version": 1}}])
def test_link_keys_that_are_none_stand_for_a_cloud_out_of_reach(
    config: Config, cloud: FakeCloud, keys: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "_link_keys", lambda _: (200, {"result": {"keys": keys}}, {}))
    functions = Cloud(config, Identity(config, CREDENTIAL))
    with pytest.raises(OutOfReach, match="not the cloud's"):
        functions.link_keys(["m-0000000009"])


async def test_without_internet_the_cloud_is_looked_for_every_few_seconds(
    serve: Serve, cloud: FakeCloud, config: Config, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG, "sunmeter.edge")
    monkeypatch.setattr("sunmeter_edge.send.FIRST_RETRY_S", 50.0)  # as after a week
    cloud.away = True
    queue_intervals(config, FakeMeter(), 3)
    async with serve(FakeMeter()):
        await asyncio.sleep(1.0)
        cloud.away = False
        await arrives(cloud, lambda: len(cloud.intervals) == 3)
    waits_s = [float(told) for told in re.findall(r"retry_s=([0-9.]+)", caplog.text)]
    assert waits_s
    assert max(waits_s) <= OFFLINE_RETRY_S


async def test_a_refused_token_is_replaced_and_the_parcel_sent_again(
    serve: Serve, cloud: FakeCloud, config: Config
) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        await lan.send(meter, meter.frame(wire.EVENT, event(seq=1)))
        await arrives(cloud, lambda: len(cloud.of_type("event")) == 1)
        sign_ins = cloud.sign_ins
        cloud.valid = "another"  # what the hub holds is now refused with 401
        await lan.send(meter, meter.frame(wire.EVENT, event(seq=2)))
        await arrives(cloud, lambda: len(cloud.of_type("event")) == 2)
        await settled(config)
    assert cloud.sign_ins == sign_ins + 1


async def test_too_many_requests_waits_as_long_as_the_cloud_asks(
    serve: Serve, cloud: FakeCloud, config: Config
) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        await arrives(cloud, lambda: bool(cloud.items))  # the first heartbeat
        cloud.answers.append((429, {}, {"Retry-After": "2"}))
        refused_s = time.monotonic()
        await lan.send(meter, meter.frame(wire.EVENT, event(seq=1)))
        await arrives(cloud, lambda: len(cloud.of_type("event")) == 1)
        assert 2.0 <= time.monotonic() - refused_s < 4.0


@pytest.mark.parametrize(("told", "kept_s"), [("7", 7), ("99999999", 3600), ("²", None), ("-1", None), ("soon", None)])
def test_nobody_makes_a_hub_wait_for_more_than_an_hour(
    config: Config, cloud: FakeCloud, told: str, kept_s: float | None
) -> None:
    cloud.answers.append((429, {}, {"Retry-After": told}))
    with pytest.raises(OutOfReach) as raised:
        Cloud(config, Identity(config, CREDENTIAL)).ingest([], START_MS)
    assert raised.value.retry_after_s == kept_s


@pytest.mark.parametrize("status", [500, 503])
async def test_a_failing_cloud_is_tried_again(serve: Serve, cloud: FakeCloud, status: int) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        cloud.answers += [(status, {}, {})] * 2
        await lan.send(meter, meter.frame(wire.EVENT, event(seq=1)))
        await arrives(cloud, lambda: len(cloud.of_type("event")) == 1)


async def test_a_lost_reply_means_the_same_again_which_changes_nothing(
    serve: Serve, cloud: FakeCloud, config: Config, clock: HandClock
) -> None:
    meter = FakeMeter()
    clock.now_ms += 2 * HOUR_MS
    queue_intervals(config, meter, 10)
    cloud.forgets_replies = 2
    async with serve(meter):
        await arrives(cloud, lambda: len(cloud.of_type("interval")) >= 20)
        await settled(config)
    assert len(cloud.intervals) == 10


async def test_a_rejected_interval_is_kept_apart_with_its_reason_and_blocks_nothing(
    serve: Serve, cloud: FakeCloud, config: Config
) -> None:
    meter = FakeMeter()
    queue_intervals(config, meter, 20)
    cloud.rejects = lambda item: "too_old" if item.get("start_s") == FIRST_S - 5 * QUARTER_S else None
    async with serve(meter):
        await arrives(cloud, lambda: len(cloud.intervals) == 19)
        await settled(config)
        parcels = len(cloud.parcels)
        await asyncio.sleep(0.5)
        assert len(cloud.parcels) == parcels, "the rejected one is not sent for ever"
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        apart = connection.execute("SELECT start_s, code, field FROM quarter WHERE state = 2").fetchall()
        tallies = dict(connection.execute("SELECT name, n FROM tally").fetchall())
    assert apart == [(FIRST_S - 5 * QUARTER_S, "too_old", "meter")]
    assert tallies["rejected interval too_old meter"] == 1


async def test_an_item_the_cloud_cannot_take_now_stays(serve: Serve, cloud: FakeCloud, config: Config) -> None:
    meter = FakeMeter()
    cloud.rejects = lambda item: "too_many" if item["type"] == "event" else None
    async with serve(meter) as lan:
        await lan.send(meter, meter.frame(wire.EVENT, event(seq=1)))
        await arrives(cloud, lambda: any(item["type"] == "event" for parcel in cloud.parcels for item in parcel))
        cloud.rejects = lambda item: None
        await arrives(cloud, lambda: len(cloud.of_type("event")) == 1)
        await settled(config)


async def test_a_parcel_too_large_is_sent_in_pieces(
    serve: Serve, cloud: FakeCloud, config: Config, clock: HandClock
) -> None:
    meter = FakeMeter()
    clock.now_ms += 2 * HOUR_MS
    queue_intervals(config, meter, 100)
    cloud.answers += [(413, {}, {})] * 4
    async with serve(meter):
        await arrives(cloud, lambda: len(cloud.intervals) == 100)
        await settled(config)


async def test_one_item_the_cloud_cannot_read_is_found_and_kept_apart(
    serve: Serve, cloud: FakeCloud, config: Config
) -> None:
    meter = FakeMeter()
    config.data_dir.mkdir()
    with contextlib.closing(connect(config.database)) as connection:
        for number in range(9):
            item = json.dumps({"type": "poison" if number == 4 else "event", "number": number})
            connection.execute("INSERT INTO item (body, state) VALUES (?, ?)", (item, WAITING))
    plain = cloud._ingest

    def choking(items: list[dict[str, Any]]) -> Any:
        return (400, {}, {}) if any(item["type"] == "poison" for item in items) else plain(items)

    cloud._ingest = choking  # type: ignore[method-assign]
    async with serve(meter):
        await arrives(cloud, lambda: len(cloud.of_type("event")) == 8)
        await settled(config)
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        apart = connection.execute("SELECT json_extract(body, '$.number'), code FROM item WHERE state = 2").fetchall()
    assert apart == [(4, "malformed")]


def test_an_interval_cut_again_while_it_was_on_its_way_is_sent_again(config: Config) -> None:
    meter = FakeMeter()
    queue_intervals(config, meter, 1)
    with contextlib.closing(connect(config.database)) as connection:
        parcel = send.take(connection, send.INTERVALS, 10, START_MS)
        connection.execute("UPDATE quarter SET rev = rev + 1")
        send.settle(connection, send.INTERVALS, parcel, [{"ok": True}], START_MS)
        (again,) = send.take(connection, send.INTERVALS, 10, START_MS).items
        assert again["rev"] == parcel.items[0]["rev"] + 1
        send.settle(
            connection, send.INTERVALS, send.take(connection, send.INTERVALS, 10, START_MS), [{"ok": True}], START_MS
        )
        assert send.take(connection, send.INTERVALS, 10, START_MS).items == []


async def test_a_heartbeat_tells_version_queue_and_meters(serve: Serve, cloud: FakeCloud, clock: HandClock) -> None:
    meter = FakeMeter()
    async with serve(meter):
        await arrives(cloud, lambda: bool(cloud.of_type("heartbeat")))
    beat = cloud.of_type("heartbeat")[0]
    assert beat["version"] == "0.1.0"
    assert (beat["queue"], beat["damaged_ms"]) == (0, 0)
    assert beat["meters"] == {meter.meter: {"last_ms": 0, "firmware": 0, "model": 0}}


async def test_a_heartbeat_tells_what_a_meter_last_refused_also_after_a_new_start(
    serve: Serve, cloud: FakeCloud, clock: HandClock, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A meter tells it in one reading. What comes late is no news."""
    monkeypatch.setattr("sunmeter_edge.cloud.LEAST_BEAT_S", 0.2)
    monkeypatch.setattr("sunmeter_edge.hub.WATCH_EVERY_S", 0.05)
    meter = FakeMeter()
    told = {1: "damaged", 2: "", 3: "fell_back", 4: ""}
    records = {
        seq: reading(seq=seq, ts_ms=START_MS + seq * 10_000, uptime_ms=seq * 10_000, refusal=wire.REFUSALS.index(code))
        for seq, code in told.items()
    }
    clock.now_ms += 60_000

    def refusals() -> list[Any]:
        beats = [beat["meters"][meter.meter] for beat in cloud.of_type("heartbeat")]
        return [(beat.get("refusal"), beat.get("refused_ms")) for beat in beats]

    fell_back = 9, START_MS + 30_000
    async with serve(meter) as lan:
        await lan.send(meter, *meter.readings([records[2], records[3], records[4]]), uptime_ms=60_000)
        await arrives(cloud, lambda: fell_back in refusals())
        await lan.send(meter, *meter.readings([records[1]]), uptime_ms=60_000)
        seen = len(refusals())
        await arrives(cloud, lambda: len(refusals()) > seen + 1)
    assert refusals()[0] == (None, None)
    assert set(refusals()[seen:]) == {fell_back}
    before = len(refusals())
    async with serve(meter):
        await arrives(cloud, lambda: len(refusals()) > before)
    assert refusals()[before] == fell_back
    with contextlib.closing(sqlite3.connect(config.database)) as connection:
        (line,) = [line for line in status(connection, lambda: START_MS + 90_000) if line.startswith(meter.meter)]
    assert line.endswith("firmware 3, model 0, refused what it was sent (fell_back) 60 s ago")


async def test_a_heartbeat_tells_of_a_wrong_clock_until_the_next_one_is_known(
    serve: Serve, cloud: FakeCloud, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sunmeter_edge.cloud.LEAST_BEAT_S", 0.2)
    monkeypatch.setattr("sunmeter_edge.hub.WATCH_EVERY_S", 0.05)
    meter, hour_ms = FakeMeter(), 3_600_000
    clock.now_ms += 60_000

    def told(seq: int, uptime_ms: int, ahead_ms: int) -> dict[str, int]:
        return reading(seq=seq, ts_ms=START_MS + uptime_ms + ahead_ms, uptime_ms=uptime_ms)

    def clocks() -> list[Any]:
        beats = [beat["meters"][meter.meter] for beat in cloud.of_type("heartbeat")]
        return [(beat.get("clock_ms"), beat.get("clocked_ms")) for beat in beats]

    async with serve(meter) as lan:
        await lan.send(meter, *meter.readings([told(1, 50_000, 0)]), uptime_ms=60_000)
        await arrives(cloud, lambda: len(clocks()) > 1)
        assert set(clocks()) == {(None, None)}
        for seq, uptime_ms in ((2, 55_000), (3, 58_000)):  # the second within the hour is no news
            await lan.send(meter, *meter.readings([told(seq, uptime_ms, -hour_ms)]), uptime_ms=60_000)
            await arrives(cloud, lambda: (-hour_ms, START_MS + 55_000) in clocks())
        await lan.send(meter, *meter.readings([told(4, 59_000, 0)]), uptime_ms=60_000)
        seen = len(clocks())
        await arrives(cloud, lambda: len(clocks()) > seen + 1)
    assert set(clocks()[seen:]) == {(-hour_ms, START_MS + 55_000)}


@pytest.mark.parametrize(("told", "kept"), [(900, 900), (60, 60), (5, 60), (10**9, 3600), ("900", 60), (None, 60)])
def test_the_cloud_says_how_often_it_wants_to_hear_from_a_hub(
    config: Config, cloud: FakeCloud, told: Any, kept: int
) -> None:
    """Within bounds: a hub neither floods the cloud nor falls silent because of an answer."""
    functions = Cloud(config, Identity(config, CREDENTIAL))
    assert functions.beat_s == 60
    cloud.adds = {} if told is None else {"beat_s": told}
    functions.ingest([{"type": "sighting", "meter": "m-0000000009"}], START_MS)
    assert functions.beat_s == kept


async def test_a_silent_meter_is_told_and_its_return_too(serve: Serve, cloud: FakeCloud, clock: HandClock) -> None:
    meter, steady = FakeMeter(), FakeMeter("m-0000000002")
    async with serve(meter, steady) as lan:
        await lan.send(meter)
        heard_ms = clock.now_ms
        clock.now_ms += 26_000
        await lan.send(steady)
        await arrives(cloud, lambda: bool(cloud.of_type("status")))
        await lan.send(meter)
        back_ms = clock.now_ms
        await arrives(cloud, lambda: len(cloud.of_type("status")) == 2)
    silent, back = cloud.of_type("status")
    assert silent == {"type": "status", "meter": meter.meter, "state": "silent", "since_ms": heard_ms}
    assert back == {"type": "status", "meter": meter.meter, "state": "back", "since_ms": back_ms}


async def test_a_replayed_poll_is_no_sign_of_life(serve: Serve, cloud: FakeCloud, clock: HandClock) -> None:
    meter = FakeMeter()
    async with serve(meter) as lan:
        old, new = meter.body(), meter.body()
        await lan.post(meter, old)
        await lan.post(meter, new)
        clock.now_ms += 26_000
        assert (await lan.post(meter, old)).status_code == 200
        await arrives(cloud, lambda: bool(cloud.of_type("status")))
    assert cloud.of_type("status")[0]["state"] == "silent"


async def test_time_without_the_cloud_is_noted_in_the_quarters_it_touched(
    serve: Serve, cloud: FakeCloud, clock: HandClock
) -> None:
    meter = FakeMeter()
    cloud.away = True
    async with serve(meter) as lan:
        next_seq = await measure(lan, meter, clock, 900)
        await asyncio.sleep(0.3)
        await measure(lan, meter, clock, 900, next_seq)
        await asyncio.sleep(0.3)
        cloud.away = False
        await arrives(cloud, lambda: len(cloud.intervals) == 2)
    evidence = cloud.intervals[meter.meter, FIRST_S + QUARTER_S].evidence
    assert evidence["offline_s"] > 500
    assert (evidence["cloud_s"], evidence["hub_s"]) == (0, 0)


async def test_what_was_not_acknowledged_survives_a_restart(serve: Serve, cloud: FakeCloud, clock: HandClock) -> None:
    meter = FakeMeter()
    cloud.away = True
    async with serve(meter) as lan:
        await measure(lan, meter, clock, 1200)
        await lan.send(meter, meter.frame(wire.EVENT, event(seq=5000)))
    cloud.away = False
    async with serve(meter):
        await arrives(cloud, lambda: len(cloud.intervals) == 1 and len(cloud.of_type("event")) == 1)
