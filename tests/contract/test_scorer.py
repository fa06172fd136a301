"""The scorer's golden vectors, on CPython, MicroPython's unix port and its WebAssembly build."""

import json
import math
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import features, packing, unpacking, wire
from contract.refusal import Refusal
from tests.firmware.interpreters import MICROPYTHON, NAMES, Interpreter, start

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROBES = HERE / "probes"
VECTORS = json.loads((ROOT / "contract" / "vectors" / "scorer.json").read_text())
TOGETHER = {"minutes": VECTORS["minutes"], **json.loads((ROOT / "contract" / "vectors" / "mixture.json").read_text())}
NIGHT = {"minutes": VECTORS["minutes"], **json.loads((ROOT / "contract" / "vectors" / "night.json").read_text())}
EACH = pytest.mark.parametrize("vectors", [VECTORS, TOGETHER, NIGHT], ids=["channels", "together", "night"])
PACKED = bytes.fromhex(VECTORS["model"])
MINUTES = VECTORS["minutes"]
START_S = MINUTES[0][0]


@pytest.fixture(scope="module", params=NAMES)
def interpreter(request: pytest.FixtureRequest) -> Iterator[Interpreter]:
    running = start(request.param, folders=[PROBES])
    yield running
    running.close()


def in_parts(interpreter: Interpreter, function: str, minutes: list[Any]) -> list[Any]:
    """What the probe says of each of these minutes."""
    found = []
    for first in range(0, len(minutes), 60):
        found += interpreter.call("probe_scorer", function, minutes[first : first + 60])
    return found


@EACH
def test_scores_and_leading_channels_are_those_of_the_vector(interpreter: Interpreter, vectors: dict[str, Any]) -> None:
    interpreter.call("probe_scorer", "begin", bytes.fromhex(vectors["model"]))
    found = in_parts(interpreter, "scores", vectors["minutes"])
    assert [channel for _, channel, _ in found] == vectors["channel"]
    # Rounding to thousandths may fall to either side; beyond that log10 p agrees to 1e-4.
    assert max(abs(row[0] - score) for row, score in zip(found, vectors["score_milli"], strict=True)) <= 1


def test_together_the_channels_are_told_earlier_and_by_the_strangest_of_them(interpreter: Interpreter) -> None:
    interpreter.call("probe_scorer", "begin", bytes.fromhex(TOGETHER["model"]))
    found = in_parts(interpreter, "scores", MINUTES)
    events = [(minute[0], *row[2]) for minute, row in zip(MINUTES, found, strict=True) if row[2] is not None]
    assert [[event[0], event[1]] for event in events] == phases(TOGETHER)
    overuse = [event for event in events if event[2] == "overuse"]
    assert overuse[0][0] < VECTORS["alerts"][2][0]
    assert not overuse[0][5] <= overuse[0][4] <= overuse[0][6]


def test_by_night_a_heater_is_told_earlier_and_set_against_the_hours_before_it(interpreter: Interpreter) -> None:
    interpreter.call("probe_scorer", "begin", bytes.fromhex(NIGHT["model"]))
    found = in_parts(interpreter, "scores", MINUTES)
    events = [(minute[0], *row[2]) for minute, row in zip(MINUTES, found, strict=True) if row[2] is not None]
    assert [[event[0], event[1]] for event in events] == phases(NIGHT)
    overuse = [event for event in events if event[2] == "overuse"]
    assert overuse[0][0] < TOGETHER["alerts"][2][0]
    assert features.NAMES[overuse[0][3]] == "excess_60m"
    assert 0 <= overuse[0][5] < overuse[0][6] < overuse[0][4]


def phases(vectors: dict[str, Any]) -> list[list[Any]]:
    return [
        [moment_s, phase] for alert in vectors["alerts"] for moment_s, phase in zip(alert, wire.PHASES, strict=True)
    ]


def test_alerts_start_and_end_once_and_carry_their_reason(interpreter: Interpreter) -> None:
    interpreter.call("probe_scorer", "begin", PACKED)
    found = in_parts(interpreter, "scores", MINUTES)
    events = [(minute[0], *row[2]) for minute, row in zip(MINUTES, found, strict=True) if row[2] is not None]
    assert [[event[0], event[1]] for event in events] == phases(VECTORS)
    assert [(event[2], features.NAMES[event[3]]) for event in events[::2]] == [
        ("hidden_load", "reactive_60m"),
        ("pv_low", "pv_of_envelope_3h"),
        ("overuse", "excess_60m"),
    ]
    for start_event, end_event in zip(events[::2], events[1::2], strict=True):
        assert start_event[2:4] == end_event[2:4]
        assert start_event[0] == start_event[8] == end_event[8]
        assert not start_event[5] <= start_event[4] <= start_event[6]


def test_a_restart_from_dumped_features_changes_no_score(interpreter: Interpreter) -> None:
    interpreter.call("probe_scorer", "begin", PACKED)
    before = in_parts(interpreter, "scores", MINUTES[:1555])
    interpreter.call("probe_scorer", "restart", PACKED)
    after = in_parts(interpreter, "scores", MINUTES[1555:])
    scores = [row[0] for row in before + after]
    assert max(abs(a - b) for a, b in zip(scores, VECTORS["score_milli"], strict=True)) <= 1


@pytest.mark.parametrize(
    "vector", VECTORS["refused"] + TOGETHER["refused"] + NIGHT["refused"], ids=lambda vector: vector["name"]
)
def test_bad_models_are_refused_with_a_code_and_the_field(interpreter: Interpreter, vector: dict[str, str]) -> None:
    refusal = interpreter.call("probe_scorer", "refusal", bytes.fromhex(vector["model"]))
    assert refusal == [vector["code"], vector["field"]]


def test_foreign_bytes_are_no_features(interpreter: Interpreter) -> None:
    whole = features.Features().dump()
    for dumped in (b"", whole[:-1], b"\x02" + whole[1:], whole[:8] + b"\xff\xff" + whole[10:]):
        assert interpreter.call("probe_scorer", "load_refusal", dumped) == ["malformed", "features"]


def test_rules_tell_facts_from_the_first_minute(interpreter: Interpreter) -> None:
    interpreter.call("probe_scorer", "begin", PACKED)
    told = in_parts(interpreter, "facts", VECTORS["facts"]["minutes"])
    events = [[minute, *event[:3]] for minute, events in enumerate(told) for event in events]
    assert events == VECTORS["facts"]["events"]


def test_scoring_runs_in_a_small_heap_and_leaves_nothing_behind(tmp_path: Path) -> None:
    blob = tmp_path / "model.bin"
    blob.write_bytes(bytes.fromhex(NIGHT["model"]))
    path = f"{PROBES}:{ROOT / 'firmware'}:.frozen"
    command = [str(MICROPYTHON), "-X", "heapsize=100k", str(PROBES / "probe_heap.py"), str(blob), "5760"]
    ran = subprocess.run(
        command, env={**os.environ, "MICROPYPATH": path}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert int(ran.stdout) <= 0


def test_every_channel_names_its_unit_and_known_kinds() -> None:
    for name, unit, low, high in features.CHANNELS[1:]:
        assert name
        assert (unit == "") == (name in wire.CHECKS)
        assert {low, high} <= set(wire.EVENT_KINDS)
    assert set(features.NAMES[features.FIRST_CHECK :]) < set(wire.CHECKS)
    assert features.NAMES[features.POWER_ABOVE_APPARENT] == "power_above_apparent"
    assert len(set(features.NAMES)) == len(features.NAMES)
    assert len(features.WARM_UP_MIN) == features.DENSITY


def described(**other: Any) -> dict[str, Any]:
    """A model of one channel, as training describes it."""
    tail = {"u": 2.0, "sigma": 0.5, "xi": 0.1, "rate": 1.2}
    channel = {"channel": "house_60m", "mean": [6.0, 0.1, -0.2], "log_spread": [-0.8], "low": None, "high": tail}
    return {
        "version": 7,
        "trained_s": START_S,
        "offset_s": 3600,
        "next_offset_s": 7200,
        "change_s": START_S + 86400,
        "threshold_milli": 4200,
        "open_minutes": 5,
        "close_minutes": 60,
        "channels": [channel],
        "expected": {"start_s": START_S, "mean_w": [250.0, -40.0], "spread_w": [60.0, 900.0]},
        "envelope": {"start_s": START_S, "w": [0.0, 2500.0]},
        **other,
    }


def test_a_model_takes_another_number_and_nothing_else_changes() -> None:
    again = packing.renumbered(PACKED, 20_300_101)
    assert unpacking.unpack(again).version == 20_300_101
    assert packing.renumbered(again, VECTORS["version"]) == PACKED
    with pytest.raises(Refusal):
        packing.renumbered(PACKED, 0)


def mixture(**other: Any) -> dict[str, Any]:
    return {
        "channels": ["house_60m", "voltage_5m"],
        "weights": [0.8, 0.2],
        "means": [[-0.5, 0.25], [2.0, -90.0]],
        "log_variances": [[-1.5, 0.0], [0.5, -0.25]],
        "usual": 2.25,
        "spread": 1.5,
        "tail": {"u": 1.5, "sigma": 0.75, "xi": 0.1, "rate": 1.0},
        **other,
    }


def two_channels(**other: Any) -> dict[str, Any]:
    volts = {"channel": "voltage_5m", "mean": [230_000.0], "log_spread": [7.0], "low": None, "high": None}
    return described(channels=[*described()["channels"], volts], **other)


def test_a_mixture_survives_packing() -> None:
    read = unpacking.unpack(packing.pack(two_channels(mixture=mixture()))).mixture
    assert read is not None
    assert list(read.channels) == [features.HOUSE_60M, features.VOLTAGE_5M]
    assert list(read.weights) == pytest.approx([0.8, 0.2], abs=2e-3)
    assert list(read.means) == [-0.5, 0.25, 2.0, -8.0]  # as far as a byte goes
    assert list(read.log_variances) == [-1.5, 0.0, 0.5, -0.25]
    assert list(read.centres) == pytest.approx([6.0, 230_000.0], rel=1e-4)
    assert list(read.spreads) == pytest.approx([math.exp(-0.8), math.exp(7.0)], rel=1e-3)
    assert (read.usual, read.spread, read.tail.u, read.tail.rate) == (2.25, 1.5, 1.5, 1.0)


@pytest.mark.parametrize(
    ("other", "code", "field"),
    [
        ({"channels": ["house_60m", "excess_60m"]}, "out_of_range", "mixture.channels"),
        ({"channels": ["house_60m", "house_1m"]}, "out_of_range", "mixture.channels"),
        ({"weights": []}, "out_of_range", "mixture.weights"),
        ({"weights": [0.5, -0.5]}, "out_of_range", "mixture.weights"),
        ({"means": [[0.0, 0.0]]}, "malformed", "mixture"),
        ({"log_variances": [[0.0], [0.0]]}, "malformed", "mixture"),
        ({"means": [[0.0, 0.0], [0.0, float("nan")]]}, "out_of_range", "mixture.means"),
        ({"usual": float("nan")}, "out_of_range", "mixture.usual"),
        ({"spread": 0.0}, "out_of_range", "mixture.spread"),
    ],
)
def test_a_mixture_out_of_bounds_is_never_packed(other: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        packing.pack(two_channels(mixture=mixture(**other)))
    assert (caught.value.code, caught.value.field) == (code, field)


def test_a_model_survives_packing() -> None:
    read = unpacking.unpack(packing.pack(described()))
    assert read.mixture is None
    assert (read.version, read.trained_s, read.threshold_milli) == (7, START_S, 4200)
    assert (read.open_minutes, read.close_minutes) == (5, 60)
    assert read.second_of_day(START_S + 86400) - read.second_of_day(START_S) == 3600
    channel = read.channels[0]
    assert channel.channel == features.HOUSE_60M
    assert list(channel.mean) == pytest.approx([6.0, 0.1, -0.2], abs=2e-4)
    assert list(channel.log_spread) == pytest.approx([-0.8], abs=1e-3)
    assert channel.low is None
    assert channel.high is not None
    assert (channel.high.u, channel.high.sigma, channel.high.xi, channel.high.rate) == (2.0, 0.5, 0.1, 1.2)
    assert read.expected_w is not None
    assert list(read.expected_w.numbers) == [250, -40]
    assert read.expected_spread_w is not None
    assert list(read.expected_spread_w.numbers) == pytest.approx([60.0, 900.0], rel=0.03)
    assert read.envelope_w is not None
    assert list(read.envelope_w.numbers) == pytest.approx([0.0, 2500.0])


def night(**other: Any) -> dict[str, Any]:
    tail = {"u": 2.5, "sigma": 0.75, "xi": 0.1, "rate": 3.0}
    return {"hours": [0, 6], "carries": 0.6, "usual": -0.125, "spread": 0.75, "tail": tail, **other}


def test_a_night_survives_packing() -> None:
    read = unpacking.unpack(packing.pack(described(night=night()))).night
    assert read is not None
    assert (read.hours, read.carries, read.usual, read.spread) == ((0, 6), 0.6, -0.125, 0.75)
    assert (read.tail.u, read.tail.rate) == (2.5, 3.0)
    covered = [second for second in (0, 60, 21_600, 21_660, 86_340) if read.covers(second)]
    assert covered == [60, 21_600]


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"hours": [6, 6]}, "night.hours"),
        ({"hours": [0, 25]}, "night.hours"),
        ({"carries": 1.5}, "night.carries"),
        ({"usual": float("nan")}, "night.usual"),
        ({"spread": 0.0}, "night.spread"),
    ],
)
def test_a_night_out_of_bounds_is_never_packed(other: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as caught:
        packing.pack(described(night=night(**other)))
    assert (caught.value.code, caught.value.field) == ("out_of_range", field)


@pytest.mark.parametrize(
    ("other", "code", "field"),
    [
        ({"version": None}, "malformed", "version"),
        ({"version": 1 << 32}, "out_of_range", "version"),
        ({"threshold_milli": float("nan")}, "out_of_range", "threshold_milli"),
        ({"channels": [{"channel": "frozen"}]}, "out_of_range", "channel"),
        ({"expected": {"start_s": START_S, "mean_w": [1.0], "spread_w": []}}, "malformed", "expected.spread_w"),
        (
            {"expected": {"start_s": START_S, "mean_w": [float("nan")], "spread_w": [9.0]}},
            "out_of_range",
            "expected.mean_w",
        ),
        ({"envelope": {"start_s": START_S, "w": []}}, "out_of_range", "envelope.hours"),
        ({"envelope": {"start_s": START_S, "w": [-1.0]}}, "out_of_range", "envelope.w"),
    ],
)
def test_a_model_out_of_bounds_is_never_packed(other: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        packing.pack(described(**other))
    assert (caught.value.code, caught.value.field) == (code, field)


def test_a_model_that_does_not_fit_is_refused() -> None:
    tail = {"u": 2.0, "sigma": 0.5, "xi": 0.1, "rate": 1.2}
    channels = [
        {"channel": name, "mean": [1.0] * 9, "log_spread": [0.0] * 9, "low": tail, "high": tail}
        for name in features.NAMES[1 : features.DENSITY]
    ]
    curve = {"start_s": START_S, "mean_w": [1.0] * 72, "spread_w": [9.0] * 72}
    with pytest.raises(Refusal) as caught:
        packing.pack(described(channels=channels, expected=curve))
    assert (caught.value.code, caught.value.field) == ("too_large", "model")
