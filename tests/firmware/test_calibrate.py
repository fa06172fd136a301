"""The guided calibration: what an installer's commands make of a simulated board, and what they refuse."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contract import wire
from sunmeter.domain import corrections, downlinks
from tests.firmware.interpreters import ROOT, Interpreter
from tests.firmware.waveforms import IDEAL, IDEAL_LUT, packed, phasor
from twin.calibration import calibrate as calibrated_by_twin
from twin.mains import Mains
from twin.sensors import Board, codes_to_lut, make_board
from twin.synth import coefficients, harmonics_of
from twin.units import Phasors

NOTHING: Phasors = phasor(0.0)


def quiet_radio(seed: int) -> Board:
    """Cycles that a packet hit are left out of the sums: here there are none."""
    return replace(make_board(seed), radio_per_s=0.0)


def mains(volts: float) -> Phasors:
    return Mains().voltage(np.array(volts))


def resistive(amps: float) -> Phasors:
    return Mains().voltage(np.array(amps))


def turned(amps: float, lag_deg: float) -> Phasors:
    """A resistive load's current, seen from another phase."""
    orders = np.array([1, 3, 5, 7, 9, 11, 13])
    return np.asarray(resistive(amps) * np.exp(-1j * np.deg2rad(lag_deg) * orders))


def heard(
    board: Board, volts: Phasors, grid: Phasors, pv: Phasors, seconds: float, take: int = 0, f_hz: float = 50.0
) -> NDArray[np.uint16]:
    """Codes (n, 3) of a steady house."""
    n = round(seconds * 4000)
    phase = ((0.37 + np.arange(n) * f_hz / 4000) % 1.0).astype(np.float32)
    pins = np.stack([board.pin_mv(k, x, np.array(f_hz)) for k, x in enumerate((volts, grid, pv))])
    return board.convert(coefficients(pins) @ harmonics_of(phase), 1000 + take)


@dataclass
class Bench:
    """A meter beside perfect instruments."""

    interpreter: Interpreter
    board: Board
    number: int = 0

    def start(self, provisioned: dict[str, Any] | None = None, flash: dict[str, bytes] | None = None) -> "Bench":
        lut = IDEAL_LUT if self.board is IDEAL else codes_to_lut(self.board.efuse).astype("<u2").tobytes()
        self.interpreter.call("probe_calibrate", "start", lut, provisioned or {}, flash or {})
        return self

    def ask(self, step: str, **arguments: Any) -> tuple[str, dict[str, Any]] | None:
        """The command's outcome where it comes at once."""
        self.number += 1
        told = self.interpreter.call("probe_calibrate", "command", self.number, {"step": step, **arguments})
        return None if told is None else (told[0], read(told[1]))

    def measure(
        self, step: str, grid: Phasors = NOTHING, pv: Phasors = NOTHING, volts: float = 230.0, **arguments: Any
    ) -> tuple[str, dict[str, Any]]:
        """A step, and its outcome after a few seconds of this house."""
        assert self.ask(step, **arguments) is None
        seconds = 0.22 * arguments.get("bursts", 150 if step == "zero" else 50) + 1.2
        return self.finish(heard(self.board, mains(volts), grid, pv, seconds, self.number))

    def finish(self, codes: NDArray[np.uint16]) -> tuple[str, dict[str, Any]]:
        for outcome, _ in self.played(codes):
            if outcome is not None:
                break
        assert outcome is not None, "the step has not come to an end"
        assert outcome[0] == self.number
        return outcome[1], read(outcome[2])

    def reads(self, grid: Phasors, pv: Phasors = NOTHING, volts: float = 230.0, seconds: float = 10.0) -> Any:
        """Means of [V, grid W, grid var, grid A², PV W, PV var, PV A²]."""
        codes = heard(self.board, mains(volts), grid, pv, seconds, 900)
        return np.array([row for _, rows in self.played(codes) for row in rows]).mean(axis=0)

    def played(self, codes: NDArray[np.uint16]) -> Iterator[tuple[list[Any] | None, list[list[float]]]]:
        """Four seconds at a time: a recording must fit into a small heap."""
        for first in range(0, len(codes), 16_000):
            outcome, rows = self.interpreter.call("probe_calibrate", "play", packed(codes[first : first + 16_000]))
            yield outcome, rows

    @property
    def state(self) -> dict[str, Any]:
        names = ("version", "calibration", "roles", "damaged", "flash")
        return dict(zip(names, self.interpreter.call("probe_calibrate", "state"), strict=True))


def read(text: str) -> dict[str, Any]:
    """A result's text, which must fit the wire."""
    assert len(text.encode()) <= wire.MAX_RESULT_TEXT_BYTES
    told: dict[str, Any] = json.loads(text)
    return told


POINTS_A = (20.0, 10.0, 5.0, 2.5, 1.25, 0.6, 0.3, 0.15)


def guided(bench: Bench, channel: str) -> Bench:
    """The whole procedure of docs/calibration.md for one clamp, the other beside it."""
    assert bench.measure("zero", bursts=60)[1]["verdict"] == "good"
    assert bench.measure("voltage", mv=230_000, bursts=20)[1]["verdict"] == "good"
    for amps in POINTS_A:
        load = resistive(amps)
        bursts = 20 if amps > 1 else 50
        code, told = bench.measure("current", load, load, channel=channel, ma=round(1000 * amps), bursts=bursts)
        assert code == "", (amps, told)
        code, told = bench.measure("phase", load, load, channel=channel, bursts=bursts)
        assert code == "", (amps, told)
    return bench


def test_a_kettle_and_its_reference_make_the_meter_right(interpreter: Interpreter) -> None:
    bench = Bench(interpreter, quiet_radio(5)).start()
    assert bench.measure("zero")[1]["verdict"] == "good"
    code, told = bench.measure("voltage", mv=230_000)
    assert (code, told["verdict"]) == ("", "good")
    assert abs(told["ratio_ppm"] - 1_000_000) < 60_000
    assert told["residual_ppm"] < 300
    kettle = resistive(8.7)
    code, told = bench.measure("current", kettle, channel="grid", ma=8_700)
    assert (code, told["verdict"], told["version"]) == ("", "good", 3)
    code, told = bench.measure("phase", kettle, channel="grid")
    assert (code, told["verdict"], told["version"]) == ("", "good", 4)
    volts, watts, var, a2, *_ = bench.reads(kettle)
    assert volts == pytest.approx(230.0, rel=0.001)
    assert watts == pytest.approx(230.0 * 8.7, rel=0.002)
    assert abs(var) < 0.002 * 230 * 8.7
    assert np.sqrt(a2) == pytest.approx(8.7, rel=0.002)


@pytest.mark.parametrize(("seed", "channel"), [(1, "grid"), (4, "pv"), (7, "grid")])
def test_the_whole_procedure_leaves_less_than_a_percent(unix: Interpreter, seed: int, channel: str) -> None:
    """Smooth boards, loads between the calibrated points; and no worse than the twin's calibration of all samples."""
    board = quiet_radio(seed)
    flash = guided(Bench(unix, board).start(), channel).state["flash"]
    column = 1 if channel == "grid" else 4
    worst = []
    for provisioned, kept in (({}, flash), ({"calibration": calibrated_by_twin(board)}, {})):
        bench = Bench(unix, board).start(provisioned, kept)
        errors = []
        for watts in (80, 170, 400, 1600, 5500):
            load = resistive(watts / 230.0)
            errors.append(abs(bench.reads(load, load)[column] / watts - 1))
        worst.append(max(errors))
    assert worst[0] < 0.01
    assert worst[0] < worst[1] + 0.004


def loaded(bench: Bench, amps: float = 8.7, **more: Any) -> tuple[str, dict[str, Any]]:
    return bench.measure("current", resistive(amps), channel="grid", ma=round(1000 * amps), bursts=10, **more)


@pytest.fixture
def bench(interpreter: Interpreter) -> Bench:
    """An ideal board, as drawn; its noise is known, as after `zero`."""
    known = {"grid": {"noise_a": 0.004}, "pv": {"noise_a": 0.004}}
    return Bench(interpreter, IDEAL).start({"calibration": {"version": 3, **known}})


def test_a_wattmeter_serves_as_well_as_an_ammeter(bench: Bench) -> None:
    code, told = bench.measure("current", resistive(8.7), channel="grid", mw=2_001_000, bursts=10)
    assert (code, told["verdict"]) == ("", "good")
    assert told["ma"] == pytest.approx(8_700, rel=0.002)
    assert bench.reads(resistive(8.7), seconds=2.0)[1] == pytest.approx(2001.0, rel=0.001)


REFUSED = [
    pytest.param("current", {"channel": "grid", "ma": 8_700}, NOTHING, 230.0, "no_current", id="nothing plugged in"),
    pytest.param("current", {"channel": "grid", "ma": 40_000}, resistive(2.0), 230.0, "no_current", id="mW for mA"),
    pytest.param("current", {"channel": "grid", "ma": 1_500}, resistive(8.0), 230.0, "reference", id="another load"),
    pytest.param(
        "current", {"channel": "grid", "ma": 8_700}, resistive(8.7), 0.0, "no_voltage", id="current, no mains"
    ),
    pytest.param("voltage", {"mv": 230_000}, NOTHING, 0.0, "no_voltage", id="voltage, no mains"),
    pytest.param("phase", {"channel": "grid"}, resistive(8.7), 0.0, "no_voltage", id="phase, no mains"),
    pytest.param("phase", {"channel": "grid"}, NOTHING, 230.0, "no_current", id="phase, nothing plugged in"),
    pytest.param("phase", {"channel": "grid"}, phasor(8.7, 40.0), 230.0, "not_resistive", id="a motor"),
    pytest.param("phase", {"channel": "grid"}, phasor(4.0, 0.0, 0.9), 230.0, "not_resistive", id="a rectifier"),
    pytest.param("zero", {}, resistive(0.5), 230.0, "load_1", id="a clamp on a wire"),
]


@pytest.mark.parametrize(("step", "arguments", "grid", "volts", "reason"), REFUSED)
def test_what_cannot_be_measured_is_refused_with_the_reason_and_changes_nothing(
    bench: Bench, step: str, arguments: dict[str, Any], grid: Phasors, volts: float, reason: str
) -> None:
    code, told = bench.measure(step, grid, volts=volts, bursts=10, **arguments)
    assert (code, told) == ("out_of_range", {"step": step, "verdict": "refused", "reason": reason})
    assert bench.state["version"] == 3
    assert bench.state["flash"] == {}


def changing(first: Phasors, second: Phasors, seconds: float = 1.7) -> NDArray[np.uint16]:
    """A house whose load changes."""
    parts = [heard(IDEAL, mains(230.0), grid, NOTHING, seconds) for grid in (first, second)]
    return np.concatenate(parts)


def test_a_load_that_changes_is_refused(bench: Bench) -> None:
    bench.ask("current", channel="grid", ma=8_700, bursts=12)
    code, told = bench.finish(changing(resistive(8.7), resistive(8.0)))
    assert (code, told["reason"]) == ("out_of_range", "unsteady")


def test_a_full_flash_refuses_and_changes_nothing(bench: Bench) -> None:
    known = {"calibration": {"version": 3, "grid": {"noise_a": 0.004}}}
    bench.start(known, {"is_full": b"1"})
    assert loaded(bench)[1]["reason"] == "flash"
    assert bench.ask("clear") == ("out_of_range", {"step": "clear", "verdict": "refused", "reason": "flash"})
    assert bench.state["version"] == 3
    assert bench.reads(resistive(8.7), seconds=2.0)[1] == pytest.approx(2001.0, rel=0.002)


def test_currents_whose_noise_is_unknown_ask_for_zero_first(unix: Interpreter) -> None:
    assert loaded(Bench(unix, IDEAL).start(), 1.0)[1]["reason"] == "zero_first"


def test_an_unlikely_result_is_kept_but_called_poor(bench: Bench) -> None:
    code, told = bench.measure("current", resistive(8.0), channel="grid", ma=5_000, bursts=10)
    assert (code, told["verdict"]) == ("", "poor")


def test_one_step_at_a_time(bench: Bench) -> None:
    assert bench.ask("phase", channel="grid", bursts=600) is None
    others: list[tuple[str, dict[str, Any]]] = [("zero", {}), ("undo", {}), ("clamps", {"set": {}})]
    for step, arguments in others:
        code, told = bench.ask(step, **arguments) or ("", {})
        assert (code, told["reason"]) == ("out_of_range", "busy")
    assert bench.ask("status") is not None


def test_every_change_raises_the_version_and_can_be_undone(bench: Bench) -> None:
    first = loaded(bench, 8.7)[1]
    second = loaded(bench, 2.0)[1]
    assert [first["version"], second["version"]] == [4, 5]
    assert len(bench.state["calibration"]["grid"]["points"]) == 2
    assert bench.ask("undo") == ("", {"step": "undo", "verdict": "good", "version": 6})
    assert len(bench.state["calibration"]["grid"]["points"]) == 1
    assert bench.ask("undo") == ("", {"step": "undo", "verdict": "good", "version": 7})
    assert bench.state["calibration"]["grid"]["points"] == []
    assert bench.state["calibration"]["grid"]["noise_a"] == pytest.approx(0.004)
    code, told = bench.ask("undo") or ("", {})
    assert (code, told["field"]) == ("stale", "calibration")
    assert bench.state["version"] == 7


def test_clear_takes_a_clamp_or_everything_back_to_the_board_as_drawn(bench: Bench) -> None:
    loaded(bench)
    assert bench.ask("clear", channel="grid") is not None
    assert bench.state["calibration"]["grid"]["points"] == []
    assert bench.state["calibration"]["pv"]["noise_a"] == pytest.approx(0.004)
    assert bench.ask("clear") is not None
    assert (bench.state["version"], bench.state["calibration"]) == (6, {})
    assert bench.ask("undo") is not None
    assert bench.ask("undo") is not None
    assert len(bench.state["calibration"]["grid"]["points"]) == 1


def test_at_least_four_changes_in_a_row_can_be_undone(bench: Bench) -> None:
    bench.interpreter.call("probe_calibrate", "changed", 20)
    gains = [bench.state["calibration"]["grid"]["points"][0]["gain"]]
    for _ in range(4):
        assert bench.ask("undo") == ("", {"step": "undo", "verdict": "good", "version": bench.state["version"]})
        gains.append(bench.state["calibration"]["grid"]["points"][0]["gain"])
    assert gains == [1 + k / 64 for k in (20, 19, 18, 17, 16)]
    assert len(bench.state["flash"]) <= 8


def test_a_calibration_survives_a_restart(bench: Bench) -> None:
    loaded(bench)
    before = bench.state
    bench.start({"calibration": {"version": 3}}, before["flash"])
    assert bench.state["calibration"] == before["calibration"]
    assert bench.state["version"] == 4


def test_a_damaged_record_is_told_and_the_one_before_it_holds(bench: Bench) -> None:
    loaded(bench, 8.7)
    loaded(bench, 2.0)
    flash = bench.state["flash"]
    newest = flash["calibration5"]
    for damaged in (newest[:-1], newest[:20] + bytes([newest[20] ^ 1]) + newest[21:], b"x", newest[:9]):
        bench.start({"calibration": {"version": 3}}, {**flash, "calibration5": damaged})
        state = bench.state
        assert (state["version"], state["damaged"]) == (4, True)
        assert len(state["calibration"]["grid"]["points"]) == 1
    told = loaded(bench, 3.0)[1]
    assert told["version"] > 5, "a version is never used twice"


def test_the_greater_version_is_in_force_and_changes_start_from_it(bench: Bench) -> None:
    """A calibration fitted to the utility's bill comes as a CONFIG."""
    loaded(bench)

    def cloud(config_version: int, **calibration: Any) -> None:
        body = {"version": config_version, "calibration": calibration}
        bench.interpreter.call("probe_calibrate", "take_config", json.dumps(body).encode())

    cloud(1, version=3, v={"volts_per_step": 0.2, "noise_v": 0.0})
    assert bench.state["version"] == 4, "an older one changes nothing"
    cloud(2, version=4, v={"volts_per_step": 0.2, "noise_v": 0.0})
    assert bench.state["calibration"]["grid"]["points"], "of two equal ones the meter's own"
    cloud(3, version=9, v={"volts_per_step": 0.2, "noise_v": 0.0}, grid={"noise_a": 0.004})
    assert (bench.state["version"], bench.state["calibration"]["v"]["volts_per_step"]) == (9, 0.2)
    assert loaded(bench)[1]["version"] == 10
    assert bench.state["calibration"]["v"]["volts_per_step"] == pytest.approx(0.2)
    assert bench.ask("undo") == ("", {"step": "undo", "verdict": "good", "version": 11})
    assert bench.state["calibration"]["grid"]["points"] == []
    assert bench.state["calibration"]["v"]["volts_per_step"] == pytest.approx(0.2)


def test_a_configuration_may_correct_the_calibration_it_names(bench: Bench) -> None:
    gain = loaded(bench)[1]["gain_ppm"]
    before_w = bench.reads(resistive(8.7), seconds=2.0)[1]

    def cloud(**calibration: Any) -> None:
        body = {"version": 1, "calibration": calibration}
        bench.interpreter.call("probe_calibrate", "take_config", json.dumps(body).encode())

    cloud(version=5, of=3, grid={"trim_ppm": 1_020_000})
    assert bench.state["version"] == 4, "made for a calibration that is not there any more"
    cloud(version=5, of=4, grid={"trim_ppm": 1_020_000})
    assert bench.state["version"] == 5
    assert bench.reads(resistive(8.7), seconds=2.0)[1] == pytest.approx(1.02 * before_w, rel=0.0005)
    assert loaded(bench)[1]["gain_ppm"] == pytest.approx(gain / 1.02, rel=0.001)


def test_the_cloud_s_corrections_from_bills_add_up_on_the_meter(bench: Bench) -> None:
    """Made from the version that the meter's `status` tells; the second bill was read with the first in force."""
    version = loaded(bench)[1]["version"]
    before_w = bench.reads(resistive(8.7), seconds=2.0)[1]
    config = downlinks.default_config(1)
    for number, (gain_ppm, total) in enumerate(((1_030_000, 1.03), (990_000, 1.03 * 0.99)), 2):
        told = bench.ask("status")
        assert told is not None
        config = corrections.corrected(config, told[1]["version"], gain_ppm, number)
        bench.interpreter.call("probe_calibrate", "take_config", json.dumps(config).encode())
        assert bench.state["version"] == version + number - 1
        assert bench.reads(resistive(8.7), seconds=2.0)[1] == pytest.approx(total * before_w, rel=0.0005)


def test_a_load_that_is_switched_on_tells_which_clamp_is_which(bench: Bench) -> None:
    def switched(grid: Phasors, pv: Phasors, roof: Phasors = NOTHING) -> tuple[str, dict[str, Any]]:
        bench.ask("clamps", bursts=26)
        codes = np.concatenate(
            [
                heard(IDEAL, mains(230.0), phasor(0.5), roof, 3.2),
                heard(IDEAL, mains(230.0), phasor(0.5) + grid, roof + pv, 3.5),
            ]
        )
        return bench.finish(codes)

    kettle = resistive(8.7)
    code, told = switched(kettle, NOTHING)
    assert (code, told["verdict"], told["grid"], told["pv"]) == ("", "good", "right", "idle")
    assert switched(kettle, NOTHING, resistive(3.0))[1]["pv"] == "right"
    _, told = switched(-kettle, NOTHING, -resistive(3.0))
    assert (told["verdict"], told["grid"], told["pv"]) == ("poor", "reversed", "reversed")
    assert told["set"] == {"grid": {"input": 1, "sign": -1}, "pv": {"input": 2, "sign": -1}}
    _, told = switched(NOTHING, kettle)
    assert told["set"] == {"grid": {"input": 2, "sign": 1}, "pv": {"input": 1, "sign": 1}}
    _, told = switched(turned(8.7, 120.0), NOTHING)
    assert (told["verdict"], told["grid"]) == ("poor", "other_phase")
    assert "set" not in told
    assert switched(kettle, kettle)[1]["pv"] == "load"
    assert switched(NOTHING, NOTHING) == (
        "out_of_range",
        {"step": "clamps", "verdict": "refused", "reason": "no_current"},
    )
    assert bench.state["version"] == 3, "evidence alone changes nothing"


def test_roles_set_by_command_hold_until_a_configuration_asks_for_others(bench: Bench) -> None:
    asked = {"grid": {"input": 2, "sign": -1}, "pv": {"input": 1, "sign": 1}}
    code, told = bench.ask("clamps", set=asked) or ("", {})
    assert (code, told["verdict"], told["version"]) == ("", "good", 4)
    assert bench.state["roles"] == [2, -1, 1, 1]

    def cloud(version: int, **fields: Any) -> list[int]:
        body = {"version": version, **fields}
        bench.interpreter.call("probe_calibrate", "take_config", json.dumps(body).encode())
        roles: list[int] = bench.state["roles"]
        return roles

    assert cloud(1, cadence_ms=5000) == [2, -1, 1, 1]
    assert cloud(2, clamps={"grid": {"input": 1, "sign": 1}}) == [2, -1, 1, 1], "it says what it always said"
    loaded(bench, 8.7)
    assert bench.state["roles"] == [2, -1, 1, 1], "a later step keeps them"
    assert cloud(3, clamps={"grid": {"input": 1, "sign": -1}}) == [1, -1, 2, 1]
    assert cloud(4, clamps={"grid": {"input": 1, "sign": 1}}) == [2, -1, 1, 1]
    assert bench.ask("undo")
    assert bench.ask("undo")
    assert bench.state["roles"] == [1, 1, 2, 1]


def test_a_calibration_stays_with_the_input_when_the_roles_change(bench: Bench) -> None:
    loaded(bench)
    points = bench.state["calibration"]["grid"]["points"]
    bench.ask("clamps", set={"grid": {"input": 2, "sign": 1}})
    assert bench.state["calibration"]["grid"]["points"] == points
    bench.measure("current", NOTHING, resistive(4.0), channel="grid", ma=4_000, bursts=10)
    assert len(bench.state["calibration"]["pv"]["points"]) == 1


def test_points_measured_for_gain_alone_take_their_phase_from_their_neighbours(bench: Bench) -> None:
    for amps in (8.0, 4.0, 2.0):
        loaded(bench, amps)
    bench.measure("phase", phasor(8.0, 2.0), channel="grid", bursts=10)
    bench.measure("phase", phasor(2.0, 4.0), channel="grid", bursts=10)
    points = sorted(bench.state["calibration"]["grid"]["points"], key=lambda point: float(point["amps"]))
    assert [point["phase_deg"] for point in points] == pytest.approx([-4.0, -3.0, -2.0], abs=0.05)


VECTORS = json.loads((ROOT / "contract/vectors/wire.json").read_text())["calibrate"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: json.dumps(vector["args"]))
def test_the_commands_of_the_golden_vectors_are_taken_or_refused_by_name(bench: Bench, vector: dict[str, Any]) -> None:
    arguments = dict(vector["args"])
    step = arguments.pop("step", None)
    outcome = bench.ask(step, **arguments)
    if vector["code"]:
        assert outcome is not None
        assert (outcome[0], outcome[1]["verdict"], outcome[1]["field"]) == (vector["code"], "refused", vector["field"])
    else:
        assert (outcome is None) == vector["measures"]
        assert outcome is None or outcome[1]["verdict"] == "good"
