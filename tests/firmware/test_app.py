"""The whole meter under MicroPython, over real sockets, with a hub that can be made to fail."""

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import wire
from contract.features import HOUSE_BELOW_ZERO, NAMES
from dev import release
from tests.firmware.fake_hub import FakeHub
from tests.firmware.interpreters import HERE, ROOT
from tests.firmware.meter_process import CLOUD, HOUSE, K_LINK, METER, MeterProcess, assignment, sealed
from tests.firmware.waveforms import IDEAL_CALIBRATION, Wave, phasor, spiked, spliced

T0 = 1_795_000_000_000 // 900_000 * 900_000 + 7_300  # 7.3 s after a quarter began
COMPILES = "480k"  # room to compile a module in the middle of a life, which an ESP32 finds compiled
WHOLE = wire.FLAG_CLOCK_SET | wire.FLAG_REGISTERS_RESUMED


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A hub that knows the meter, whose clock says T0 when the meter starts."""
    with FakeHub(METER, K_LINK) as running:
        running.origin_ms = T0
        yield running


def closed_port() -> int:
    """A port where nobody listens."""
    with FakeHub(METER, K_LINK) as briefly:
        return briefly.port


def seqs(hub: FakeHub, boot_id: int) -> list[int]:
    return sorted(seq for boot, seq in hub.records if boot == boot_id)


def boots(hub: FakeHub) -> list[int]:
    return list(dict.fromkeys(boot for boot, _ in hub.records))


def readings(hub: FakeHub) -> list[dict[str, int]]:
    """In the order of time."""
    return sorted(hub.of(wire.READING), key=lambda reading: reading["ts_ms"])


def test_readings_say_what_the_house_does(meter: MeterProcess, hub: FakeHub) -> None:
    meter.run(hub.port, seconds=300)
    found = readings(hub)
    assert 29 <= len(found) <= 31
    for reading in found:
        assert reading["grid_mw"] / 1000 == pytest.approx(HOUSE.grid_w, rel=0.001)
        assert reading["pv_mw"] / 1000 == pytest.approx(HOUSE.pv_w, rel=0.001)
        assert reading["house_mw"] / 1000 == pytest.approx(HOUSE.grid_w + HOUSE.pv_w, rel=0.001)
        assert reading["v_mv"] == pytest.approx(230_000, rel=0.0005)
        assert abs(reading["f_mhz"] - 50_000) <= 2
        assert reading["grid_pf_permille"] == pytest.approx(940, abs=2)
        assert reading["coverage_permille"] == 1000
        assert reading["flags"] & (WHOLE | wire.FLAG_PV_FITTED) == WHOLE | wire.FLAG_PV_FITTED
        assert reading["grid_u_mw"] > 1000


def test_windows_end_with_the_tens_of_seconds_of_utc(meter: MeterProcess, hub: FakeHub) -> None:
    meter.run(hub.port, seconds=120)
    for reading in readings(hub)[2:]:
        assert reading["ts_ms"] % 10_000 <= 201
        assert 9_700 <= reading["window_ms"] <= 10_300


def test_registers_hold_the_energy_to_a_tenth_of_a_percent(meter: MeterProcess, hub: FakeHub) -> None:
    meter.play(Wave(50.0, 230.0, phasor(-3.0, 5.0), phasor(5.0)))
    meter.run(hub.port, seconds=3600)
    first, last = readings(hub)[0], readings(hub)[-1]
    hours = (last["ts_ms"] - first["ts_ms"]) / 3_600_000
    wave = Wave(50.0, 230.0, phasor(-3.0, 5.0), phasor(5.0))
    exported_wh = (last["export_mwh"] - first["export_mwh"]) / 1000
    generated_wh = (last["pv_mwh"] - first["pv_mwh"]) / 1000
    assert exported_wh == pytest.approx(-wave.grid_w * hours, rel=0.001)
    assert generated_wh == pytest.approx(wave.pv_w * hours, rel=0.001)
    assert last["import_mwh"] == last["standby_mwh"] == 0


def test_every_record_arrives_once_and_none_is_missing(meter: MeterProcess, hub: FakeHub) -> None:
    meter.run(hub.port, seconds=1000)
    (boot,) = boots(hub)
    arrived = seqs(hub, boot)
    assert arrived == list(range(1, len(arrived) + 1))
    assert hub.duplicates == 0
    assert hub.connections == 1


def test_a_hub_that_plays_the_past_never_thinks_the_meter_silent(meter: MeterProcess, hub: FakeHub) -> None:
    meter.run(hub.port, seconds=600)
    uptimes_ms = [poll["uptime_ms"] for poll in hub.polls]
    waits_ms = [later - earlier for earlier, later in itertools.pairwise(uptimes_ms)]
    assert max(waits_ms) < 25_000
    assert len(hub.polls) < 60


def test_snapshots_stand_at_the_quarters(meter: MeterProcess, hub: FakeHub) -> None:
    meter.run(hub.port, seconds=2000)
    snapshots = hub.of(wire.SNAPSHOT)
    assert [snapshot["ts_ms"] % 900_000 for snapshot in snapshots] == [0, 0]
    quarter_wh = (snapshots[1]["import_mwh"] - snapshots[0]["import_mwh"]) / 1000
    assert quarter_wh == pytest.approx(HOUSE.grid_w / 4, rel=0.001)
    assert all(snapshot["flags"] & wire.FLAG_REGISTERS_RESUMED for snapshot in snapshots)


class HubSetsItsClockBack(FakeHub):
    """Its clock is 40 s ahead until it is set, just so that a meter follows right behind a quarter's end."""

    def _reply(self, poll: dict[str, int], judged: Any) -> bytes:
        ends_ms = 900_000 - T0 % 900_000 - 40_000  # uptime at which the clock that is ahead reaches the quarter's end
        is_ahead = poll["uptime_ms"] < ends_ms - 145_000  # eight replies, 20 s apart, until a meter believes it
        self.origin_ms = T0 + 40_000 if is_ahead else T0
        return super()._reply(poll, judged)


def test_a_clock_that_is_set_back_over_a_quarters_end_makes_no_second_snapshot(meter: MeterProcess) -> None:
    with HubSetsItsClockBack(METER, K_LINK) as hub:
        meter.run(hub.port, seconds=1000)
        ends = [at["ts_ms"] // 900_000 for at in hub.of(wire.SNAPSHOT)]
        found = sorted(hub.of(wire.READING), key=lambda reading: reading["seq"])
    assert any(later["ts_ms"] < earlier["ts_ms"] for earlier, later in itertools.pairwise(found)), "it was not set back"
    assert len(ends) == len(set(ends)) == 1


def test_what_the_hub_refuses_is_not_sent_again(meter: MeterProcess, hub: FakeHub) -> None:
    hub.to_refuse = lambda kind, record: kind == wire.READING and record["seq"] % 3 == 0
    meter.run(hub.port, seconds=400)
    assert len(hub.refused) >= 10
    assert len(set(hub.refused)) == len(hub.refused)


def test_an_old_reply_played_again_acknowledges_nothing(meter: MeterProcess, hub: FakeHub) -> None:
    hub.replays = True  # the first answer, to a mere poll, was good
    meter.start(hub.port, seconds=86_400)
    hub.wait_for(lambda hub: hub.duplicates > 5)
    hub.replays = False
    hub.wait_for(lambda hub: len(hub.records) > 50 and _is_whole(seqs(hub, boots(hub)[0])))
    meter.kill()
    assert wire.REFUSALS.index("bad_mac") in {reading["refusal"] for reading in readings(hub)}


@pytest.mark.parametrize("fault", ["wrong_mac", "answers_nonsense", "is_away"])
def test_a_hub_that_fails_and_recovers_gets_everything(meter: MeterProcess, hub: FakeHub, fault: str) -> None:
    meter.start(hub.port, seconds=86_400)
    hub.wait_for(lambda hub: len(hub.of(wire.READING)) >= 6)
    setattr(hub, fault, True)
    time.sleep(0.5)
    setattr(hub, fault, False)
    held = len(hub.records)
    hub.wait_for(lambda hub: len(hub.records) > held + 50)
    hub.wait_for(lambda hub: _is_whole(seqs(hub, boots(hub)[0])))
    meter.kill()
    assert meter.console() == ""
    if fault != "is_away":
        code = wire.REFUSALS.index("bad_mac")
        assert code in {reading["refusal"] for reading in readings(hub)}


def _is_whole(arrived: list[int]) -> bool:
    """Nothing is missing but, perhaps, what is under way."""
    return len(arrived) >= arrived[-1] - 60 and arrived[: len(arrived) // 2] == list(range(1, len(arrived) // 2 + 1))


def test_a_restart_keeps_outbox_and_registers(meter: MeterProcess, hub: FakeHub) -> None:
    hub.origin_ms = T0
    meter.run(hub.port, seconds=700)
    (first_boot,) = boots(hub)
    before = readings(hub)[-1]
    meter.run(closed_port(), seconds=1800)
    hub.origin_ms = T0 + 10_000_000
    meter.run(hub.port, seconds=300)
    _, *later_boots = boots(hub)
    assert len(later_boots) == 2
    away = [reading for reading in hub.of(wire.READING) if reading["boot_id"] == later_boots[1]]
    covered_s = sum(reading["window_ms"] for reading in away) / 1000
    assert covered_s >= 1190  # of 1,800: at most ten minutes of them were in RAM when the power went
    assert all(reading["flags"] & wire.FLAG_REGISTERS_RESUMED for reading in away)
    assert min(reading["import_mwh"] for reading in away) >= before["import_mwh"]
    last = max(readings(hub), key=lambda reading: reading["import_mwh"])
    true_wh = HOUSE.grid_w * (700 + 1800 + 300) / 3600
    assert true_wh * 0.75 < last["import_mwh"] / 1000 < true_wh  # ten minutes of 47 may be lost, none is invented
    assert first_boot not in later_boots


def test_registers_continue_from_the_hub_when_the_flash_copy_is_old(meter: MeterProcess, hub: FakeHub) -> None:
    hub.registers = [5_000_000, 70, 6_000_000, 80]
    meter.run(hub.port, seconds=100)
    found = readings(hub)
    assert all(reading["import_mwh"] >= 5_000_000 and reading["export_mwh"] == 70 for reading in found)
    grown_wh = (found[-1]["import_mwh"] - 5_000_000) / 1000
    assert grown_wh == pytest.approx(HOUSE.grid_w * found[-1]["uptime_ms"] / 3_600_000, rel=0.01)


def test_a_meter_nobody_knows_waits_for_its_assignment_and_then_sends_all(meter: MeterProcess, hub: FakeHub) -> None:
    (meter.directory / "assignment.blob").unlink()
    known, hub.signer = hub.signer, None
    meter.start(hub.port, seconds=86_400)
    time.sleep(0.3)
    assert hub.polls == []
    hub.blobs["assignment"] = assignment(3)
    hub.signer = known
    hub.wait_for(lambda hub: len(hub.of(wire.READING)) > 30)
    meter.kill()
    assert {poll["assignment_version"] for poll in hub.polls} == {3}
    assert all(reading["flags"] & WHOLE == WHOLE for reading in readings(hub))


def test_a_model_is_taken_and_older_or_forged_ones_are_refused_with_a_code(meter: MeterProcess, hub: FakeHub) -> None:
    packed = bytes.fromhex(json.loads((ROOT / "contract/vectors/scorer.json").read_text())["model"])
    version = int.from_bytes(packed[4:8], "little")
    hub.blobs["model"] = wire.seal(CLOUD, METER, wire.MODEL, packed)
    meter.run(hub.port, seconds=60)
    assert hub.polls[-1]["model_version"] == version
    assert readings(hub)[-1]["model_version"] == version
    older = packed[:4] + (version - 1).to_bytes(4, "little") + packed[8:]
    for blob, code in (
        (wire.seal(CLOUD, METER, wire.MODEL, older), "stale"),
        (wire.seal(wire.Signer(b"no key"), METER, wire.MODEL, packed), "bad_mac"),
    ):
        hub.blobs["model"] = blob
        hub.records.clear()
        meter.run(hub.port, seconds=60)
        assert readings(hub)[-1]["model_version"] == version
        assert wire.REFUSALS.index(code) in {reading["refusal"] for reading in readings(hub)}


BAD_BLOBS = [
    pytest.param("config", sealed(wire.CONFIG, {"version": 9, "cadence_ms": 1}), "out_of_range", id="config"),
    pytest.param("config", wire.seal(CLOUD, "m-9999999999", wire.CONFIG, b"{}"), "bad_mac", id="another's config"),
    pytest.param("model", wire.seal(CLOUD, METER, wire.MODEL, b"x"), "malformed", id="model"),
    pytest.param("assignment", assignment(0), "out_of_range", id="assignment"),
    pytest.param("command", wire.seal(CLOUD, METER, wire.COMMAND, b"{}"), "malformed", id="command"),
    pytest.param(
        "command", sealed(wire.COMMAND, {"id": 1, "name": "ping", "expires_ms": 1}), "stale", id="late command"
    ),
]


@pytest.mark.parametrize(("name", "blob", "code"), BAD_BLOBS)
def test_what_is_refused_travels_as_a_code_and_metering_goes_on(
    meter: MeterProcess, hub: FakeHub, name: str, blob: bytes, code: str
) -> None:
    if name == "command":
        hub.commands = [blob]
    else:
        hub.blobs[name] = blob
    meter.run(hub.port, seconds=100)
    found = readings(hub)
    assert wire.REFUSALS.index(code) in {reading["refusal"] for reading in found}
    assert {reading["coverage_permille"] for reading in found} == {1000}
    assert found[-1]["grid_mw"] / 1000 == pytest.approx(HOUSE.grid_w, rel=0.001)


def test_a_hub_whose_clock_is_beyond_reason_does_not_stop_the_meter(meter: MeterProcess, hub: FakeHub) -> None:
    meter.start(hub.port, seconds=86_400)
    hub.wait_for(lambda hub: len(hub.of(wire.READING)) >= 6)
    hub.origin_ms = 1 << 60
    time.sleep(0.3)
    hub.origin_ms = T0
    held = len(hub.records)
    hub.wait_for(lambda hub: len(hub.records) > held + 50)
    meter.kill()
    assert meter.console() == ""
    assert wire.REFUSALS.index("out_of_range") in {reading["refusal"] for reading in readings(hub)}


def test_a_configuration_turns_the_clamps_at_once(meter: MeterProcess, hub: FakeHub) -> None:
    turned = {"v": 1, "version": 2, "clamps": {"grid": {"input": 1, "sign": -1}}}
    hub.blobs["config"] = sealed(wire.CONFIG, turned)
    meter.run(hub.port, seconds=60)
    last = readings(hub)[-1]
    assert last["config_version"] == 2
    assert last["grid_mw"] / 1000 == pytest.approx(-HOUSE.grid_w, rel=0.001)


def test_the_board_s_own_points_correct_the_table_after_a_restart(meter: MeterProcess, hub: FakeHub) -> None:
    """In force from the next start on, which the meter brings about itself; and so when they are taken back."""
    stretched = {**IDEAL_CALIBRATION, "adc": [[280, 300], [2320, 2300]]}  # by a fiftieth around the middle
    for version, calibration, factor in ((2, stretched, 1.02), (3, {}, 1.0)):
        hub.blobs["config"] = sealed(wire.CONFIG, {"v": 1, "version": version, "calibration": calibration})
        meter.start(hub.port, seconds=100)
        assert meter.wait() == 42
        meter.run(hub.port, seconds=60)
        last = readings(hub)[-1]
        assert last["config_version"] == version
        assert last["v_mv"] == pytest.approx(factor * 230_000, rel=0.001)
        assert last["grid_mw"] / 1000 == pytest.approx(factor**2 * HOUSE.grid_w, rel=0.002)


def test_commands_are_carried_out_once_and_answered(meter: MeterProcess, hub: FakeHub) -> None:
    def command(number: int, name: str, **arguments: Any) -> bytes:
        return sealed(wire.COMMAND, {"id": number, "name": name, "args": arguments, "expires_ms": T0 + 3_600_000})

    hub.commands = [command(1, "ping"), command(2, "relay", on=True, for_s=60), command(3, "dance")]
    meter.run(hub.port, seconds=100)
    results = {record["command_id"]: record["code"] for record in hub.of(wire.RESULT)}
    assert results == {1: 0, 2: wire.REFUSALS.index("foreign"), 3: wire.REFUSALS.index("malformed")}
    assert set(hub.texts.values()) == {"pong", "the owner has not consented", "unknown command"}
    hub.commands = [command(4, "reboot")]
    meter.start(hub.port, seconds=600)
    assert meter.wait() == 42


def test_a_calibration_by_command_changes_the_readings_and_interrupts_nothing(
    meter: MeterProcess, hub: FakeHub
) -> None:
    """An ammeter says 4.1 A where the meter reads 4.0."""
    asked = {"step": "current", "channel": "grid", "ma": 4100, "bursts": 20}
    command = {"id": 1, "name": "calibrate", "args": asked, "expires_ms": T0 + 3_600_000}
    hub.commands = [sealed(wire.COMMAND, command)]
    meter.run(hub.port, seconds=100, heap=COMPILES)
    (result,) = hub.of(wire.RESULT)
    (text,) = hub.texts.values()
    told = json.loads(text)
    assert (result["code"], told["verdict"], told["version"]) == (0, "good", 2)
    assert told["misfit_ppm"] == pytest.approx(25_000, abs=500)
    first, last = readings(hub)[0], readings(hub)[-1]
    assert (first["calibration"], last["calibration"]) == (1, 2)
    assert last["grid_mw"] / 1000 == pytest.approx(1.025 * HOUSE.grid_w, rel=0.001)
    assert {reading["coverage_permille"] for reading in readings(hub)} == {1000}
    assert {reading["checks"] for reading in readings(hub)} == {0}
    assert min(reading["v_min_mv"] for reading in readings(hub)) > 229_000, "no burst is measured by two meters"
    hub.records.clear()
    hub.commands = [sealed(wire.COMMAND, {**command, "id": 2, "args": {"step": "undo"}})]
    meter.run(hub.port, seconds=60, heap=COMPILES)
    last = readings(hub)[-1]
    assert last["calibration"] == 3
    assert last["grid_mw"] / 1000 == pytest.approx(HOUSE.grid_w, rel=0.001)


def test_a_damaged_calibration_is_told_and_the_meter_meters(meter: MeterProcess, hub: FakeHub) -> None:
    meter.hold("calibration5", b"\0" * 60)
    meter.run(hub.port, seconds=60)
    codes = {reading["refusal"] for reading in readings(hub)}
    assert wire.REFUSALS.index("malformed") in codes
    assert readings(hub)[-1]["grid_mw"] / 1000 == pytest.approx(HOUSE.grid_w, rel=0.001)


def test_without_a_pv_clamp_the_grid_is_the_house_and_its_registers_count_alone(
    meter: MeterProcess, hub: FakeHub
) -> None:
    hub.blobs["config"] = sealed(wire.CONFIG, {"version": 2, "pv_fitted": False})
    meter.run(hub.port, seconds=600)
    first, last = readings(hub)[5], readings(hub)[-1]
    assert last["flags"] & wire.FLAG_PV_FITTED == 0
    assert (last["pv_mw"], last["house_mw"]) == (0, last["grid_mw"])
    assert last["pv_mwh"] == first["pv_mwh"]
    grown_wh = (last["import_mwh"] - first["import_mwh"]) / 1000
    hours = (last["ts_ms"] - first["ts_ms"]) / 3_600_000
    assert grown_wh == pytest.approx(HOUSE.grid_w * hours, rel=0.001)


def test_the_relay_closes_with_consent_and_opens_when_its_time_is_over(meter: MeterProcess, hub: FakeHub) -> None:
    consent = {"v": 1, "version": 1, "relay": {"consent": True}}
    hub.blobs["config"] = sealed(wire.CONFIG, consent)
    asked = {"id": 1, "name": "relay", "args": {"on": True, "for_s": 60}, "expires_ms": T0 + 3_600_000}
    hub.commands = [sealed(wire.COMMAND, asked)]
    meter.run(hub.port, seconds=200)
    closed = [reading for reading in readings(hub) if reading["flags"] & wire.FLAG_RELAY_ON]
    assert 50_000 <= sum(reading["window_ms"] for reading in closed) <= 70_000
    assert not readings(hub)[-1]["flags"] & wire.FLAG_RELAY_ON


def test_a_lease_reaches_a_live_meter_within_five_seconds(meter: MeterProcess, hub: FakeHub) -> None:
    hub.origin_ms = None
    meter.start(hub.port, seconds=60, live=True)
    hub.wait_for(lambda hub: len(hub.polls) >= 2)
    hub.cadence_ms, hub.lease_until_ms = 2_000, hub.now_ms() + 30_000
    asked_s = time.monotonic()
    hub.wait_for(lambda hub: any(r["flags"] & wire.FLAG_LEASED for r in hub.of(wire.READING)), 6.0)
    assert time.monotonic() - asked_s < 5.5
    held = len(hub.of(wire.READING))
    time.sleep(5.0)
    assert 2 <= len(hub.of(wire.READING)) - held <= 4
    meter.kill()
    assert meter.console() == ""


def test_a_hub_that_is_slow_costs_a_live_meter_no_burst(meter: MeterProcess, hub: FakeHub) -> None:
    hub.origin_ms = None
    hub.cadence_ms = 1_000
    meter.start(hub.port, seconds=60, live=True)
    hub.wait_for(lambda hub: len(hub.of(wire.READING)) >= 2)
    hub.delay_s = 1.5
    held = len(hub.of(wire.READING))
    hub.wait_for(lambda hub: len(hub.of(wire.READING)) >= held + 3)
    meter.kill()
    assert min(reading["coverage_permille"] for reading in hub.of(wire.READING)[1:]) >= 990
    assert sum(reading["rejected"] for reading in hub.of(wire.READING)) == 0
    assert meter.console() == ""


def test_a_sag_leaves_a_live_meter_within_a_burst_or_two(meter: MeterProcess, hub: FakeHub) -> None:
    hub.origin_ms = None
    meter.play(Wave(50.0, 195.0, phasor(4.0)))
    meter.start(hub.port, seconds=30, live=True)
    hub.wait_for(lambda hub: bool(hub.of(wire.EVENT)))
    heard_ms = hub.now_ms()
    (event,) = hub.of(wire.EVENT)
    meter.kill()
    assert wire.EVENT_KINDS[event["kind"]] == "sag"
    assert event["start_seq"] == event["seq"]
    assert event["value"] == pytest.approx(195_000, rel=0.001)
    reading = hub.of(wire.READING)[0]
    assert reading["seq"] == event["seq"] + 1
    assert heard_ms - reading["ts_ms"] < 1500


def test_voltage_events_reach_the_hub_within_300_ms_with_their_own_times(meter: MeterProcess, hub: FakeHub) -> None:
    """Of what had to be seen: a second cycle beyond the limit, a second cycle inside of it. Simulated time."""
    sags = {10_123: 2, 14_567: 3, 18_888: 5, 23_333: 10, 28_040: 25, 34_001: 60}  # first triple, cycles
    high, low = (Wave(50.0, 230.0 * share, phasor(4.0 * share), phasor(2.0)).codes(12.0) for share in (1.0, 0.7))
    for first, cycles in sags.items():
        high = spliced(high, low, first, 80 * cycles)
    meter.play_codes(high)
    meter.run(hub.port, seconds=71)
    events = sorted(hub.of(wire.EVENT), key=lambda event: event["seq"])
    starts, ends = events[0::2], events[1::2]
    assert len(starts) == len(ends) == 6 * len(sags)
    for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
        loop, number = divmod(k, len(sags))
        first, cycles = list(sags.items())[number]
        begin_ms = 12_000 * loop + first // 4
        assert (start["phase"], end["phase"], end["start_seq"]) == (0, 1, start["seq"])
        assert end["value"] == pytest.approx(161_000, abs=500)
        assert abs(start["uptime_ms"] - begin_ms) <= 11
        assert abs(end["duration_ms"] - 20 * cycles) <= 11
        assert end["uptime_ms"] - start["uptime_ms"] == end["duration_ms"]
        for event, seen_ms in ((start, begin_ms + 40), (end, begin_ms + 20 * cycles + 40)):
            assert wire.EVENT_KINDS[event["kind"]] == "sag"
            assert event["ts_ms"] == pytest.approx(T0 + event["uptime_ms"], abs=1)
            assert hub.arrived_ms[event["boot_id"], event["seq"]] - seen_ms <= 300


def test_spikes_are_counted_and_move_no_register(meter: MeterProcess, hub: FakeHub) -> None:
    codes, _ = spiked(HOUSE.codes(20.0), 0.05, 3)
    meter.play_codes(codes)
    meter.run(hub.port, seconds=400)
    found = readings(hub)
    first, last = found[0], found[-1]
    hours = (last["ts_ms"] - first["ts_ms"]) / 3_600_000
    assert (last["import_mwh"] - first["import_mwh"]) / 1000 == pytest.approx(HOUSE.grid_w * hours, rel=0.001)
    rejected = sum(reading["rejected"] for reading in found)
    assert rejected == pytest.approx(0.05 * 400 * 50, rel=0.25)
    for reading in found:
        assert reading["coverage_permille"] >= 850
        assert reading["coverage_permille"] == pytest.approx(1000 - 1000 * reading["rejected"] / 500, abs=12)
        assert reading["grid_mw"] / 1000 == pytest.approx(HOUSE.grid_w, rel=0.002)
    assert not hub.of(wire.EVENT)


def test_a_live_meter_goes_on_metering_while_its_hub_is_slow(meter: MeterProcess, hub: FakeHub) -> None:
    hub.origin_ms = None
    hub.cadence_ms = 500
    meter.start(hub.port, seconds=60, live=True)
    hub.wait_for(lambda hub: len(hub.of(wire.READING)) >= 2)
    hub.delay_s = 1.5
    hub.wait_for(lambda hub: len(hub.of(wire.READING)) >= 14)
    meter.kill()
    found = readings(hub)
    assert {reading["coverage_permille"] for reading in found[1:]} == {1000}
    assert seqs(hub, boots(hub)[0]) == list(range(1, len(found) + 1))
    assert meter.console() == ""


def test_a_hub_whose_clock_is_an_hour_ahead_for_a_while_does_no_harm(meter: MeterProcess, hub: FakeHub) -> None:
    meter.start(hub.port, seconds=86_400)
    for origin_ms in (T0, T0 + 3_600_000, T0):
        hub.origin_ms = origin_ms
        held = len(hub.records)
        hub.wait_for(lambda hub, held=held: len(hub.records) > held + 60)  # type: ignore[misc]
    meter.kill()
    assert meter.console() == ""
    found = sorted(hub.of(wire.READING), key=lambda reading: reading["uptime_ms"])
    assert found[-1]["ts_ms"] - found[-1]["uptime_ms"] == pytest.approx(T0, abs=2)
    counted_wh = (found[-1]["import_mwh"] - found[0]["import_mwh"]) / 1000
    hours = (found[-1]["uptime_ms"] - found[0]["uptime_ms"]) / 3_600_000
    assert counted_wh == pytest.approx(HOUSE.grid_w * hours, rel=0.001)
    assert all(snapshot["ts_ms"] % 900_000 == 0 for snapshot in hub.of(wire.SNAPSHOT))


def test_a_full_flash_keeps_the_newest_counts_the_rest_and_metering_goes_on(meter: MeterProcess, hub: FakeHub) -> None:
    meter.path = (*meter.path, HERE / "probes")
    meter.littlefs_blocks = 14  # 56 kB: eight of them are directories
    hub.away_between_ms = (100_000, 8_000_000)
    meter.run(hub.port, seconds=8_200, heap="512k")
    found = readings(hub)
    assert 30 < found[-1]["dropped"] < 120  # of 140
    late = [reading["uptime_ms"] for reading in found if reading["uptime_ms"] > 7_000_000]
    assert max(later - earlier for earlier, later in itertools.pairwise(sorted(late))) < 61_000
    assert all(reading["flags"] & WHOLE == WHOLE for reading in found)
    counted_wh = (found[-1]["import_mwh"] - found[0]["import_mwh"]) / 1000
    hours = (found[-1]["uptime_ms"] - found[0]["uptime_ms"]) / 3_600_000
    assert counted_wh == pytest.approx(HOUSE.grid_w * hours, rel=0.001)


def test_ticks_that_wrap_change_nothing(meter: MeterProcess, hub: FakeHub) -> None:
    meter.module = "wrapping"
    meter.run(hub.port, seconds=2500)  # 17.9 minutes each
    found = readings(hub)
    assert all(later["uptime_ms"] > earlier["uptime_ms"] for earlier, later in itertools.pairwise(found))
    assert found[-1]["uptime_ms"] > 2_480_000
    assert {reading["coverage_permille"] for reading in found} == {1000}
    counted_wh = (found[-1]["import_mwh"] - found[0]["import_mwh"]) / 1000
    hours = (found[-1]["ts_ms"] - found[0]["ts_ms"]) / 3_600_000
    assert counted_wh == pytest.approx(HOUSE.grid_w * hours, rel=0.001)


def test_a_hub_away_and_a_power_cut_together_cost_ten_minutes_at_most(meter: MeterProcess, hub: FakeHub) -> None:
    meter.run(hub.port, seconds=100)
    meter.run(closed_port(), seconds=4_000)
    hub.origin_ms = T0 + 10_000_000
    meter.run(hub.port, seconds=100)
    first, last = boots(hub)[0], readings(hub)[-1]["boot_id"]
    minutes = [reading for reading in hub.of(wire.READING) if reading["boot_id"] not in (first, last)]
    covered_s = sum(reading["window_ms"] for reading in minutes) / 1000
    assert 4_000 - 610 <= covered_s <= 4_000
    assert readings(hub)[-1]["import_mwh"] / 1000 >= HOUSE.grid_w * (4_200 - 610) / 3600


def events(hub: FakeHub) -> list[dict[str, Any]]:
    """In the order in which they happened, by the names of their kinds and phases."""
    found = sorted(hub.of(wire.EVENT), key=lambda event: (event["ts_ms"], event["seq"]))
    return [{**event, "kind": wire.EVENT_KINDS[event["kind"]], "phase": wire.PHASES[event["phase"]]} for event in found]


def test_a_sag_that_outlives_a_restart_gets_its_end_from_the_next_boot(meter: MeterProcess, hub: FakeHub) -> None:
    meter.play(Wave(50.0, 195.0, phasor(4.0)))
    meter.run(hub.port, seconds=60)
    hub.origin_ms = T0 + 100_000
    meter.run(hub.port, seconds=60)  # it lasts: no second start
    hub.origin_ms = T0 + 200_000
    meter.play(HOUSE)
    meter.run(hub.port, seconds=60)
    start, end = events(hub)
    assert (start["phase"], start["kind"], end["phase"], end["kind"]) == ("start", "sag", "end", "sag")
    assert (end["start_boot"], end["start_seq"]) == (start["boot_id"], start["seq"])
    assert end["boot_id"] != start["boot_id"]
    assert end["duration_ms"] == end["uptime_ms"]  # it began before the clock was set
    hub.origin_ms = T0 + 300_000
    meter.run(hub.port, seconds=60)
    assert len(events(hub)) == 2


def test_a_broken_rule_that_outlives_a_restart_gets_its_end_from_the_next_boot(
    meter: MeterProcess, hub: FakeHub
) -> None:
    meter.play(Wave(50.0, 230.0, phasor(-3.0), phasor(0.5)))  # more flows out than the panels give
    meter.run(hub.port, seconds=400)
    meter.play(HOUSE)
    hub.origin_ms = T0 + 500_000
    meter.run(hub.port, seconds=1200)
    start, end = [event for event in events(hub) if event["channel"] == HOUSE_BELOW_ZERO]
    assert (start["phase"], start["kind"], end["phase"], end["kind"]) == ("start", "tamper", "end", "tamper")
    assert (end["start_boot"], end["start_seq"]) == (start["boot_id"], start["seq"])
    assert end["duration_ms"] == pytest.approx(end["ts_ms"] - start["ts_ms"], abs=60_000)


def test_a_failed_check_of_the_sensors_is_an_event_and_ends_when_it_is_set_right(
    meter: MeterProcess, hub: FakeHub
) -> None:
    meter.play(Wave(60.0, 230.0, phasor(4.0)), seconds=2.0)
    meter.run(hub.port, seconds=60)
    meter.play(HOUSE)
    hub.origin_ms = T0 + 100_000
    meter.run(hub.port, seconds=120)
    start, end = events(hub)
    assert NAMES[start["channel"]] == NAMES[end["channel"]] == "v_frequency"
    assert (start["phase"], start["kind"], end["phase"]) == ("start", "sensor", "end")
    assert (end["start_boot"], end["start_seq"]) == (start["boot_id"], start["seq"])


def test_all_of_it_fits_into_a_small_heap_even_after_its_hub_was_away(
    meter: MeterProcess, hub: FakeHub, tmp_path: Path
) -> None:
    """64-bit words: the ESP32's objects are half as large. `make bench NAME=device` finds the least."""
    image = tmp_path / "image"
    release.write_image(image, release.UNIX)
    meter.path = (HERE / "board", image)
    hub.away_between_ms = (300_000, 1_200_000)
    meter.run(hub.port, seconds=2000, heap="256k")
    found = readings(hub)
    assert min(reading["free_bytes"] for reading in found) > 20_000
    assert sum(reading["window_ms"] for reading in found) > 1_980_000
