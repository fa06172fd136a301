"""How right the meter is, beside its peers, on the same simulated front ends: `make bench NAME=metering`.

The firmware's own modules (kernel, bursts, metering, linearise, reading, registers) run under MicroPython, viper
included, and hear codes of simulated boards (twin/sensors.py). Nothing here was measured on hardware.
algo    no noise, no non-linearity: what sampling, cutting and arithmetic leave; each burst of 200 ms
adc     boards with noise, smooth or harsh non-linearity and radio, after the guided calibration; a reading of 10 s
plaid   recorded currents of appliances, at 50 samples a cycle
energy  a hob that cycles in 1 to 7 s, a quarter hour, while the front end stands still between its captures
cover   how many errors the uncertainty of the reading covers, by state of calibration and by load
The peers (bench/_peers.py) tell what they tell of one window of 200 ms.

`--picture FILE` draws error against load. `SMALL=1` is a look, not a figure.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from bench._front_end import FLAT, Load, Recorded, Switched, lagging
from bench._metering_told import CLASSES_W, Covered, Sight, Table, chart, cover_pct, print_by_load, print_cover
from bench._peers import CtClamp, Emon
from dev.paths import data_dir
from tests.firmware.interpreters import start
from twin.calibration import calibrate
from twin.sensors import Board, Inl, codes_to_lut, ideal_board, make_board
from twin.units import Codes, rms

LEAST_W = 80  # below it the goals of `adc` do not speak; the table by load does
MOST_A = 30.0  # what the clamps are made for
ALGO_LEAST_A = 2.0  # below it the steps of 12 bits, which noise would blur, are the error, and not the arithmetic
SPARE_S = 0.35  # of samples beyond a window: a meter begins at its first crossing
LOST_US = 4000  # an ESP32's arithmetic after a burst; the network's turn and the wait for a crossing come on top
STATES = ("several points", "class 0.5 meter", "one point", "as drawn")


@dataclass(frozen=True)
class Size:
    """How much is played."""

    boards: int = 24
    loads: int = 8
    algo_boards: int = 12
    plaid: int = 125
    hobs: int = 6
    hob_s: int = 900


SMALL = Size(boards=2, loads=4, algo_boards=2, plaid=6, hobs=1, hob_s=60)


class Meter:
    """The firmware under MicroPython, and the board whose codes it hears."""

    def __init__(self) -> None:
        self._interpreter = start("unix", heap="24m")
        self._folder = tempfile.TemporaryDirectory(prefix="sunmeter-bench-")
        self._tape = Path(self._folder.name) / "codes"

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._interpreter.close()
        self._folder.cleanup()

    def use(self, board: Board) -> None:
        """Takes the table that the board's chip gives."""
        self._interpreter.call("probe_readings", "set_lut", codes_to_lut(board.efuse).astype("<u2").tobytes())

    def hear(self, codes: Iterable[Codes]) -> None:
        with self._tape.open("wb") as tape:
            for part in codes:
                tape.write(part.astype("<u2").tobytes())

    def tell(
        self, calibration: dict[str, Any], window_s: float, sample_us: int = 250, lost_us: int = 0
    ) -> dict[str, Any]:
        """What it tells of what it heard last: see tests/firmware/probes/probe_readings.py."""
        settings = {"calibration": calibration}
        arguments = (str(self._tape), settings, round(1000 * window_s), sample_us, lost_us)
        return dict(self._interpreter.call("probe_readings", "play", *arguments))


@dataclass
class Heard:
    """What the boards of one kind of chip gave."""

    sight: Sight = field(default_factory=Sight)
    freq_mhz: list[float] = field(default_factory=list)
    covered: list[Covered] = field(default_factory=list)


def random_load(rng: np.random.Generator, least_w: float, most_w: float, lags_deg: Sequence[float]) -> Load:
    """Both clamps: powers even over the decades, either sign, mains of 50 ± 0.1 Hz and 230 ± 12 V."""
    v = rng.uniform(218.0, 242.0) * FLAT
    currents = []
    for lag_deg in rng.choice(lags_deg, 2):
        watts = np.exp(rng.uniform(np.log(least_w), np.log(most_w)))
        amps = min(watts / float(rms(v)) / np.cos(np.deg2rad(lag_deg)), MOST_A)
        currents.append(lagging(v, float(amps * rng.choice([-1, 1])), float(lag_deg)))
    return Load(v, currents[0], currents[1], rng.uniform(49.9, 50.1), rng.uniform())


def algorithm(meter: Meter, boards: int, lag_deg: float, wrong_deg: float = 0.0) -> Sight:
    """Errors of single bursts without noise or non-linearity, 2 to 30 A; wrong_deg spoils the phase on purpose."""
    sight = Sight()
    least_w, most_w = (230.0 * amps * float(np.cos(np.deg2rad(lag_deg))) for amps in (ALGO_LEAST_A, MOST_A))
    for seed in range(boards):
        board = make_board(seed, inl="none", noise_mv=0.0, radio_per_s=0.0)
        calibration = turned(calibrate(board), wrong_deg)
        emon, ct = Emon.calibrated(board), CtClamp.calibrated(board)
        rng = np.random.default_rng([seed, 0xA160])
        meter.use(board)
        for k in range(4):
            load = random_load(rng, least_w, most_w, [lag_deg])
            meter.hear([load.codes(board, 2.0, 100 * seed + k)])
            for _, _, *mw in meter.tell(calibration, 1.0)["bursts"]:
                for told_mw, true_w in zip(mw, load.true_w, strict=True):
                    sight.ours.add(told_mw / 1000, true_w)
            for turn in range(4):
                later = replace(load, phase=load.phase + 0.2 * turn)
                sight.add_peers(later, board, emon, ct, 100 * seed + 10 * k + turn)
    return sight


def turned(calibration: dict[str, Any], degrees: float) -> dict[str, Any]:
    """The same with every phase wrong by so much."""
    spoilt = dict(calibration)
    for name in ("grid", "pv"):
        points = [{**point, "phase_deg": point["phase_deg"] + degrees} for point in calibration[name]["points"]]
        spoilt[name] = {**calibration[name], "phase_deg": calibration[name]["phase_deg"] + degrees, "points": points}
    return spoilt


def in_state(state: str, calibration: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """The calibration as it would be, had less been done for it, or with an instrument that errs."""
    if state == "as drawn":
        return {}
    if state == "one point":
        return {
            **calibration,
            **{name: {**calibration[name], "points": []} for name in ("grid", "pv")},
        }
    if state == "class 0.5 meter":
        factor = 1.0 + rng.uniform(-0.005, 0.005)
        v = {**calibration["v"], "volts_per_step": calibration["v"]["volts_per_step"] * factor}
        return {**calibration, "v": v, "reference_permille": 5}
    return calibration


def boards_heard(meter: Meter, inl: Inl, size: Size) -> Heard:
    """Boards of one kind of chip, each calibrated, at random loads and power factors."""
    heard = Heard()
    lags_deg = (0.0, 0.0, 0.0, 10.0, 25.0, 45.0, 60.0, -20.0, -37.0)
    for seed in range(1, size.boards + 1):
        board = make_board(seed, inl=inl)
        rng = np.random.default_rng([seed, 0xADC])
        full = calibrate(board)
        states = {state: in_state(state, full, rng) for state in STATES}
        silent = replace(board, radio_per_s=0.0)
        emon, ct = Emon.calibrated(silent), CtClamp.calibrated(silent)
        meter.use(board)
        for k in range(size.loads):
            window_s = 1.0 if k % 4 == 3 else 10.0
            load = random_load(rng, CLASSES_W[0], CLASSES_W[-1], lags_deg)
            meter.hear([load.codes(board, window_s + SPARE_S, 1000 * seed + k)])
            for state, calibration in states.items():
                told = meter.tell(calibration, window_s)
                add_reading(heard, state, window_s, told["readings"][0], load)
                if state == STATES[0]:
                    heard.freq_mhz += [abs(burst[0] - 1000 * load.f_hz) for burst in told["bursts"] if burst[0]]
            heard.sight.add_peers(load, silent, emon, ct, 1000 * seed + k)
    return heard


def add_reading(heard: Heard, state: str, window_s: float, reading: dict[str, int], load: Load) -> None:
    for name, true_w in zip(("grid", "pv"), load.true_w, strict=True):
        told_w = reading[f"{name}_mw"] / 1000
        heard.covered.append(Covered(state, window_s, true_w, told_w, reading[f"{name}_u_mw"] / 1000))
        if state == STATES[0] and window_s >= 10.0:
            heard.sight.ours.add(told_w, true_w)


@dataclass
class Appliances:
    """Errors over recorded appliances [%]: of current; of power, relative to it; of power, relative to volt-amperes."""

    i: Sight = field(default_factory=Sight)
    p: Sight = field(default_factory=Sight)


def appliances(meter: Meter, most: int) -> Appliances | None:
    """Recorded cycles, each drawn to the clamp's range, at 50 samples a cycle; None without the recordings."""
    file = data_dir() / "plaid_cycles.npz"
    if not file.exists():
        return None
    found = Appliances()
    board = ideal_board()
    calibration, emon, ct = calibrate(board), Emon.calibrated(board), CtClamp.calibrated(board)
    meter.use(board)
    with np.load(file) as plaid:
        cycles = list(zip(plaid["v"].astype(float), plaid["i"].astype(float), strict=True))
    for seed, (volts, amps) in enumerate(cycles[:: max(1, len(cycles) // most)]):
        centred = amps - amps.mean()
        cycle = Recorded(volts - volts.mean(), centred * (MOST_A / np.abs(centred).max()), seed)
        _, true_a, true_w = cycle.true
        meter.hear([cycle.codes(board, 10.0 + SPARE_S, 2500.0)])
        reading = meter.tell(calibration, 10.0, sample_us=400)["readings"][0]
        found.p.ours.add(reading["grid_mw"] / 1000, true_w)
        found.i.ours.add(reading["grid_ma"] / 1000, true_a)
        _, emon_a, emon_w = emon.measure(cycle.codes(board, emon.WINDOW_S, 2500.0))
        ct_a, ct_w = ct.measure(cycle.codes(board, ct.WINDOW_S, ct.SAMPLES_PER_S))
        for errors, told, true in (
            (found.p.emon, emon_w, true_w),
            (found.i.emon, emon_a, true_a),
            (found.p.ct, ct_w, true_w),
            (found.i.ct, ct_a, true_a),
        ):
            errors.add(told, true)
    return found


def cycling(meter: Meter, size: Size) -> tuple[Sight, list[Covered]]:
    """Energy of a hob that cycles in 1 to 7 s; and its readings beside the truth."""
    sight, covered = Sight(), []
    for seed in range(1, size.hobs + 1):
        board = make_board(100 + seed)
        rng = np.random.default_rng([seed, 0x40B])
        v = rng.uniform(225.0, 235.0) * FLAT
        current = lagging(v, 1800.0 / float(rms(v)), 0.0)
        steady = Load(v, current, current, rng.uniform(49.9, 50.1), rng.uniform())
        edges = np.cumsum(np.round(steady.f_hz * rng.uniform(1.0, 7.0, size.hob_s))).astype(np.int64)
        hob = Switched(steady, edges)
        meter.use(board)
        meter.hear(hob.codes(board, at_s, 10.0, 1000 * seed + at_s) for at_s in range(0, size.hob_s, 10))
        told = meter.tell(calibrate(board), 10.0, lost_us=LOST_US)
        span_s = told["from_us"] / 1e6, told["to_us"] / 1e6
        told_w = told["registers"][0] * 3.6 / (span_s[1] - span_s[0])
        sight.ours.add(told_w, hob.true_w(*span_s))
        for reading in told["readings"]:
            true_w = hob.true_w(reading["from_us"] / 1e6, reading["to_us"] / 1e6)
            covered.append(Covered("hob", 10.0, true_w, reading["grid_mw"] / 1000, reading["grid_u_mw"] / 1000))
        emon, ct = Emon.calibrated(board), CtClamp.calibrated(board)
        every_5_s = [
            emon.measure(hob.codes(board, at_s, emon.WINDOW_S, 7000 * seed + at_s, emon.PAIRS_PER_S))[2]
            for at_s in range(0, size.hob_s, 5)
        ]
        every_60_s = [
            ct.measure(hob.codes(board, at_s, ct.WINDOW_S, 7000 * seed + at_s, ct.SAMPLES_PER_S))[1]
            for at_s in range(0, size.hob_s, 60)
        ]
        sight.emon.add(float(np.mean(every_5_s)), hob.true_w(0.0, size.hob_s))
        sight.ct.add(float(np.mean(every_60_s)), hob.true_w(0.0, size.hob_s))
    return sight, covered


def run(size: Size, picture: Path | None = None) -> dict[str, float]:
    """Plays everything, prints the tables, and returns the figures."""
    table = Table()
    print("Simulated front ends; P95 of |error| in % unless the row says otherwise. – : has none.")
    print(f"{'':24} {'':58} {'goal':>8} {'Sunmeter':>9} {'emonLib':>9} {'ct_clamp':>9}")
    with Meter() as meter:
        pf1, pf05 = (algorithm(meter, size.algo_boards, lag_deg) for lag_deg in (0.0, 60.0))
        table.sight("algo_p_err_pct_pf1", "one burst, no noise, 2–30 A, power factor 1", pf1)
        table.sight("algo_p_err_pct_pf05", "the same, power factor 0.5", pf05)
        smooth, harsh = (boards_heard(meter, inl, size) for inl in ("smooth", "harsh"))
        chips = f"{size.boards} boards, {LEAST_W} W – 7 kW, PF 0.5 ind – 0.8 cap"
        table.sight("adc_p_err_pct", f"smooth ADC, {chips}", smooth.sight, LEAST_W)
        table.sight("adc_harsh_p_err_pct", f"harsh ADC, {chips}", harsh.sight, LEAST_W)
        recorded = appliances(meter, size.plaid)
        if recorded is None:
            print("plaid_p_err_pct, plaid_i_err_pct: skipped, no plaid_cycles.npz in", data_dir())
        else:
            table.sight("plaid_p_err_pct", "recorded appliances, 50 samples a cycle: power", recorded.p)
            table.sight("plaid_i_err_pct", "the same: RMS current", recorded.i)
        wrong = [sum(s.each()[k].wrong_signs for s in (smooth.sight, harsh.sight)) for k in range(3)]
        table.row("wrong_signs", "import told as export or the reverse, 20 W – 7 kW", *wrong)
        freq_mhz = float(np.percentile([*smooth.freq_mhz, *harsh.freq_mhz], 95))
        table.row("freq_err_mhz", "one burst, all boards [mHz]", freq_mhz)
        hob, hob_covered = cycling(meter, size)
        table.sight("energy_err_cycling_pct", f"hob cycling in 1–7 s, {size.hob_s} s, with gaps", hob)
    covered = smooth.covered + harsh.covered
    table.row("uncertainty_cover_pct", "errors within the 95 % interval [%], all states", cover_pct(covered))
    print_cover(covered + hob_covered)
    print_by_load("smooth ADC", smooth.sight)
    print_by_load("harsh ADC", harsh.sight)
    if picture:
        picture.write_text(chart(smooth.sight, harsh.sight), encoding="utf-8")
        print(f"\n{picture} drawn")
    return table.figures


def main(arguments: Sequence[str] = ()) -> None:
    picture = Path(arguments[1]) if list(arguments[:1]) == ["--picture"] else None
    figures = run(SMALL if os.environ.get("SMALL") else Size(), picture)
    print(json.dumps({"name": "metering", "figures": figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
