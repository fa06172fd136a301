"""Cycles that are left out, and those that must not be: what a spike is, and what only looks like one."""

import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from dev.paths import data_dir
from tests.firmware.interpreters import FIRMWARE, Interpreter, start
from tests.firmware.player import Played, play, play_aligned
from tests.firmware.waveforms import IDEAL, Wave, phasor, spiked, spliced
from twin.calibration import calibrate
from twin.sensors import make_board

BOARD = make_board(3, radio_per_s=0.0)
CALIBRATION = calibrate(BOARD)
Codes = NDArray[np.uint16]
FAILED = 65535


def heard(wave: Wave, seconds: float = 12.0) -> Codes:
    return wave.codes(seconds, BOARD)


@pytest.fixture(scope="module")
def house() -> Codes:
    return heard(Wave(50.0, 230.0, phasor(4.0, 20.0, 0.2), phasor(2.0)))


def played(interpreter: Interpreter, codes: Codes) -> Played:
    return play(interpreter, codes, BOARD, CALIBRATION)


def energy_err_pct(found: Played, true: Played, channel: str) -> float:
    n = min(len(found), len(true))
    assert n > 50
    shortened = [
        Played({name: column[:n] for name, column in one.columns.items()}, one.rejected) for one in (found, true)
    ]
    return 100 * abs(shortened[0].energy_wh(channel) / shortened[1].energy_wh(channel) - 1)


@pytest.mark.parametrize("channels", ["all", "one"])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_a_spike_costs_its_cycle_and_no_energy(unix: Interpreter, house: Codes, share: float, channels: str) -> None:
    codes, count = spiked(house, share, 7, channels)
    clean, found = played(unix, house), played(unix, codes)
    bad = found.columns["bad_cycles"].sum() + 10 * found.rejected
    assert 0.9 * count - 2 <= bad <= count if not found.rejected else bad < 1.3 * count
    assert energy_err_pct(found, clean, "grid") < 0.1
    assert energy_err_pct(found, clean, "pv") < 0.1
    assert found.coverage() > 1 - 1.4 * share
    assert found.events == []
    assert np.abs(found.columns["f_mhz"] - 50_000).max() < 60


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_spike_anywhere_costs_one_cycle_and_one_only(unix: Interpreter, channel: int, width: int) -> None:
    """Also at the end of a capture, where the samples behind it come with the next burst only."""
    codes = Wave(50.0, 230.0, phasor(2.0), phasor(2.0)).codes(1.2)
    clean = play(unix, codes)
    for at in [*range(1500, 2300, 41), *range(1645, 1670)]:  # the second capture ends with triple 1659
        hit = codes.copy()
        hit[at : at + width, channel] += np.array([300, 1200, 500], dtype=np.uint16)[:width]
        found = play(unix, hit)
        assert found.rejected == 0
        assert found.columns["bad_cycles"].sum() == 1, at
        assert np.abs(found.columns["grid_mw"] - clean.columns["grid_mw"]).max() < 1500
        assert np.abs(found.columns["grid_mvar"] - clean.columns["grid_mvar"]).max() < 3000
        assert np.abs(found.columns["f_mhz"] - 50_000).max() < 30


@pytest.fixture(scope="module")
def credulous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interpreter]:
    """A build whose bursts believe every sample: this module's tests must be able to fail."""
    folder = tmp_path_factory.mktemp("credulous") / "firmware"
    shutil.copytree(FIRMWARE, folder)
    source = (folder / "bursts.py").read_text()
    kept = source.replace("if count or self._late:", "if False:").replace("bad = self._bad(cycles)", "bad = 0")
    assert kept.count("if False:") == kept.count("bad = 0") == 1
    (folder / "bursts.py").write_text(kept)
    running = start("unix", "16m", firmware=folder)
    yield running
    running.close()


def test_a_build_without_rejection_counts_spikes_as_energy(credulous: Interpreter, unix: Interpreter) -> None:
    quiet = heard(Wave(50.0, 230.0, phasor(0.6), phasor(2.0)))
    codes, _ = spiked(quiet, 0.05, 7)
    clean = played(unix, quiet)
    assert energy_err_pct(played(unix, codes), clean, "grid") < 0.1
    assert energy_err_pct(played(credulous, codes), clean, "grid") > 1.0


def test_where_one_cycle_in_twenty_is_spiked_the_true_energy_stays(unix: Interpreter) -> None:
    wave = Wave(50.0, 230.0, phasor(5.0, 15.0), phasor(3.0))
    codes, _ = spiked(wave.codes(20.0), 0.05, 11)
    found = play(unix, codes)
    hours = (found.columns["end_us"][-1] - found.columns["start_us"][0]) / 3.6e9
    assert found.energy_wh("grid") == pytest.approx(wave.grid_w * hours, rel=0.001)
    assert found.energy_wh("pv") == pytest.approx(wave.pv_w * hours, rel=0.001)
    assert found.coverage() > 0.9


def test_spiked_bursts_are_alike_on_every_interpreter(interpreter: Interpreter, unix: Interpreter) -> None:
    codes, _ = spiked(heard(Wave(49.97, 230.0, phasor(4.0, 20.0)), 2.0), 0.15, 3, "one")
    codes[3333, 1] = FAILED
    one, other = played(interpreter, codes), played(unix, codes)
    assert other.columns["bad_cycles"].sum() > 3
    for name, column in one.columns.items():
        assert column.tolist() == other.columns[name].tolist(), name


def test_conversions_that_fail_cost_their_cycles(unix: Interpreter, house: Codes) -> None:
    codes = house.copy()
    codes[1234::1600, 0] = codes[2005::1600, 1] = codes[2461::1600, 2] = FAILED
    clean, found = played(unix, house), played(unix, codes)
    assert found.rejected == 0
    assert 85 <= found.columns["bad_cycles"].sum() <= 90
    assert energy_err_pct(found, clean, "grid") < 0.1
    assert found.events == []


def test_a_front_end_of_nothing_but_failures_is_rejected_for_a_second_and_then_heard(unix: Interpreter) -> None:
    codes = np.full((16_000, 3), FAILED, dtype=np.uint16)
    found = played(unix, codes)
    assert found.rejected >= 5
    assert len(found) >= 5
    assert (found.columns["bad_cycles"] == 10).all()
    assert (found.columns["grid_mw"] == 0).all()


def test_a_burst_of_spikes_is_rejected_whole_and_its_time_is_a_gap(unix: Interpreter, house: Codes) -> None:
    stormy, _ = spiked(house, 1.0, 5)
    found = played(unix, spliced(house, stormy, 8000, 1000))
    clean = played(unix, house)
    assert 1 <= found.rejected <= 2
    assert found.columns["gap_us"].max() >= 190_000
    starts, ends, gaps = (found.columns[name] for name in ("start_us", "end_us", "gap_us"))
    assert (starts[1:] - ends[:-1] == gaps[1:]).all()
    assert energy_err_pct(found, clean, "grid") < 2.0  # shorter by the bursts rejected
    assert found.events == []


def test_samples_out_of_range_tell_their_channel(unix: Interpreter) -> None:
    for currents, bits in (((60.0, 1.0), 2), ((1.0, 60.0), 4), ((60.0, 60.0), 6)):
        grid_a, pv_a = currents
        found = play(unix, Wave(50.0, 230.0, phasor(grid_a), phasor(pv_a)).codes(2.0))
        assert (found.columns["clipped_channels"] == bits).all()
        assert (found.columns["clipped"] > 50).all()


# What only looks like a spike


def assert_all_good(found: Played) -> None:
    assert found.rejected == 0
    assert found.columns["bad_cycles"].sum() == 0


@pytest.mark.parametrize("seed", range(4))
def test_loads_that_switch_anywhere_in_a_cycle_are_no_spikes(unix: Interpreter, seed: int) -> None:
    chance = np.random.default_rng(seed)
    loads = [heard(Wave(50.0, 230.0, phasor(amps, lag)), 6.0) for amps, lag in ((0.4, 40), (12.0, 0), (18.0, 5))]
    codes = loads[0]
    for first in range(0, len(codes) - 200, 160):
        n = int(chance.integers(20, 60))
        codes = spliced(codes, loads[1 + int(chance.integers(2))], first + int(chance.integers(90)), n)
    assert_all_good(played(unix, codes))


def test_sags_that_begin_at_the_peak_are_no_spikes(unix: Interpreter) -> None:
    high, low = (heard(Wave(50.0, 230.0 * share, phasor(8.0 * share)), 6.0) for share in (1.0, 0.3))
    codes = high
    for k in range(30):
        codes = spliced(codes, low, 900 + 701 * k, 200)
    found = played(unix, codes)
    assert found.rejected == 0
    assert found.columns["bad_cycles"].sum() <= 3  # cycles whose length a jump has changed


@pytest.mark.parametrize("firing_deg", [30, 90, 150])
def test_a_dimmer_is_no_spike(unix: Interpreter, firing_deg: int) -> None:
    """3 kW behind a triac: every half cycle jumps by up to 18 A, a sample earlier or later as the mains drifts."""
    f_hz = 50.04
    cycles = 0.37 + np.arange(48_000) * f_hz / 4000
    volts = 325.0 * np.sin(2 * np.pi * cycles)
    amps = np.where((cycles % 0.5) * 360 > firing_deg, volts / 17.6, 0.0)
    codes = _codes_of(volts, amps)
    found = play(unix, codes)
    assert_all_good(found)
    true_w = float((volts * amps)[4000:44_000].mean())
    assert found.mean("grid_mw") / 1000 == pytest.approx(true_w, rel=0.01)


def test_the_noise_of_an_inverter_is_no_spike(unix: Interpreter) -> None:
    chance = np.random.default_rng(5)
    cycles = 0.1 + np.arange(24_000) * 50.0 / 4000
    ripple = np.sin(2 * np.pi * 37.3 * cycles)
    volts = 325.0 * np.sin(2 * np.pi * cycles) + 6.0 * ripple + chance.normal(0, 1.5, len(cycles))
    amps = -14.0 * np.sin(2 * np.pi * cycles) + 1.0 * ripple + chance.normal(0, 0.3, len(cycles))
    found = play(unix, _codes_of(volts, amps))
    assert_all_good(found)
    assert found.mean("grid_mw") / 1000 == pytest.approx(-325.0 * 14.0 / 2 + 3.0, rel=0.002)


def test_recorded_appliances_are_no_spikes(unix: Interpreter) -> None:
    path = data_dir() / "plaid_cycles.npz"
    if not path.exists():
        pytest.skip(f"the recordings are not here: {path}")
    with np.load(path) as plaid:
        volts, amps = plaid["v"], plaid["i"]
    volts = volts * 230.0 / np.sqrt((volts**2).mean(axis=1, keepdims=True))
    at = np.arange(4000 * 2) * 60.0 / 4000 % 1.0 * 500
    for k in range(len(volts)):
        one = [np.interp(at, np.arange(501), np.append(row[k], row[k][0])) for row in (volts, amps)]
        found = play(unix, _codes_of(*one))
        assert_all_good(found)
        assert found.events == []


def test_spikes_between_two_captures_cost_no_more_than_their_cycle(unix: Interpreter) -> None:
    codes, _ = spiked(heard(Wave(50.0, 230.0, phasor(5.0))), 0.04, 5)
    found = play_aligned(unix, codes, BOARD, CALIBRATION)
    assert found.rejected == 0
    assert found.columns["bad_cycles"].sum() < 0.05 * 10 * len(found)
    assert found.columns["grid_mw"] / 1000 == pytest.approx(1150.0, rel=0.01)
    assert found.coverage() > 0.85


def _codes_of(volts: NDArray[np.float64], amps: NDArray[np.float64]) -> Codes:
    """What the ideal board makes of these samples; the PV clamp hears nothing."""
    pins = np.stack([volts * IDEAL.v_mv_per_v, amps * IDEAL.clamps[0].mv_per_a, 0.0 * amps]).astype(np.float32)
    return IDEAL.convert(pins, 0)
