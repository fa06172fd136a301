"""Voltage events from waveforms, and a meter without the mains it expects: through sensors, bursts and metering."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.firmware.interpreters import Interpreter
from tests.firmware.player import Played, play, play_aligned
from tests.firmware.waveforms import IDEAL, IDEAL_CALIBRATION, Wave, phasor, spliced
from twin.calibration import calibrate
from twin.sensors import make_board

F_HZ = 50.03  # so that bursts and triples drift past each other
CYCLE = 4000 / F_HZ
Codes = NDArray[np.uint16]


def mains(share: float = 1.0, seconds: float = 2.4) -> Codes:
    return Wave(F_HZ, 230.0 * share, phasor(4.0 * share, 20.0), phasor(2.0 * share)).codes(seconds)


@pytest.fixture(scope="module")
def normal() -> Codes:
    return mains()


def assert_is_one(played: Played, kind: str, first: int, n: int, volts: float) -> None:
    """One event with its end, to half a cycle each, told within 300 ms of what had to be seen."""
    assert [(event.phase, event.kind) for event in played.events] == [("start", kind), ("end", kind)]
    start, end = played.events
    assert start.at_us == start.since_us == end.since_us
    assert abs(start.at_us - 250 * first) <= 10_000
    assert abs(end.at_us - 250 * (first + n)) <= 10_000
    assert abs((end.at_us - end.since_us) - 250 * n) <= 11_000
    assert end.mv / 1000 == pytest.approx(volts, abs=0.5)
    assert start.told_us - (250 * first + 40_000) < 250_000
    assert end.told_us - (250 * (first + n) + 40_000) < 250_000


@pytest.mark.parametrize("cycles", [2, 3, 5, 10, 25])
@pytest.mark.parametrize(
    ("share", "kind"), [(0.85, "sag"), (0.4, "sag"), (0.05, "interruption"), (0.0, "interruption"), (1.15, "swell")]
)
def test_an_event_of_any_length_is_resolved_at_any_phase_of_a_burst(
    unix: Interpreter, normal: Codes, share: float, kind: str, cycles: int
) -> None:
    other = mains(share)
    n = round(cycles * CYCLE)
    for first in range(3000, 3820, 97):
        played = play(unix, spliced(normal, other, first, n))
        assert_is_one(played, kind, first, n, 230.0 * share)
        assert played.rejected == 0


@pytest.mark.parametrize(("first", "cycles"), [(3111, 2), (3333, 5), (3555, 25)])
def test_every_interpreter_tells_the_same_events(
    interpreter: Interpreter, unix: Interpreter, normal: Codes, first: int, cycles: int
) -> None:
    codes = spliced(normal, mains(0.6), first, round(cycles * CYCLE))
    assert play(interpreter, codes).events == play(unix, codes).events


def test_a_noisy_board_resolves_a_sag_as_well(unix: Interpreter) -> None:
    board = make_board(3)
    high, low = (Wave(F_HZ, 230.0 * share, phasor(4.0 * share)).codes(2.4, board) for share in (1.0, 0.6))
    for first in range(3000, 3800, 151):
        played = play(unix, spliced(high, low, first, 160), board, calibrate(board))
        _, end = played.events
        assert abs(end.at_us - end.since_us - 40_000) <= 11_000
        assert end.mv / 1000 == pytest.approx(138.0, rel=0.02)  # a board is calibrated at 230 V


def test_several_sags_in_one_burst_are_told_each(unix: Interpreter, normal: Codes) -> None:
    low, lower = mains(0.8), mains(0.5)
    codes = spliced(spliced(normal, low, 3240, 160), lower, 3640, 240)
    events = play(unix, codes).events
    assert [(event.phase, event.kind) for event in events] == [("start", "sag"), ("end", "sag")] * 2
    assert [event.mv / 1000 for event in events[1::2]] == pytest.approx([184.0, 115.0], abs=0.5)
    for event, at in zip(events, (3240, 3400, 3640, 3880), strict=True):
        assert abs(event.at_us - 250 * at) <= 10_000


def test_a_phase_jump_is_no_event(unix: Interpreter) -> None:
    """A UPS takes over, or a far fault is cleared: the voltage goes on at another phase."""
    base = Wave(50.0, 230.0, phasor(4.0)).codes(2.4, phase=0.37)
    for degrees in (-45, -30, -15, 15, 30, 45):
        for at in range(4000, 4080, 9):
            jumped = Wave(50.0, 230.0, phasor(4.0)).codes(2.4, phase=0.37 + degrees / 360)
            played = play(unix, spliced(base, jumped, at, len(base)))
            assert played.events == []
            assert played.rejected == 0
            assert played.columns["bad_cycles"].sum() <= 2
            assert played.columns["grid_mw"] / 1000 == pytest.approx(920.0, rel=0.06)
            assert (np.abs(played.columns["f_mhz"] - 50_000) < 450).all()


def test_a_front_end_that_loses_time_tells_a_sag_as_well(unix: Interpreter) -> None:
    board = make_board(4, radio_per_s=0.0)
    high, low = (Wave(50.0, 230.0 * share, phasor(5.0)).codes(4.0, board) for share in (1.0, 0.7))
    for first in range(6000, 6900, 111):
        played = play_aligned(unix, spliced(high, low, first, 800), board, calibrate(board))
        assert [(event.phase, event.kind) for event in played.events] == [("start", "sag"), ("end", "sag")]
        start, end = played.events
        assert abs(start.at_us - 250 * first) <= 30_000  # a cycle may be unseen
        assert abs(end.at_us - 250 * (first + 800)) <= 30_000


# Without the mains it expects


def test_mains_that_go_and_come_back_cost_nothing_but_a_cycle(unix: Interpreter) -> None:
    alive, dead = Wave(50.0, 230.0, phasor(3.0)).codes(4.0), Wave(50.0, 0.0).codes(4.0)
    for first, back in ((5000, 9013), (5123, 9777), (5400, 9541)):
        played = play(unix, spliced(alive, dead, first, back - first))
        assert played.rejected == 0
        assert played.coverage() > 0.98
        true_wh = 690.0 * (len(alive) - (back - first)) / 4000 / 3600
        missed = 690.0 * 0.24 / 3600  # what begins before the first crossing and ends after the last burst
        assert true_wh - missed < played.energy_wh("grid") < 1.01 * true_wh
        dark = played.columns["v_max_mv"] < 20_000
        assert dark.sum() >= 4
        assert (played.columns["f_mhz"][dark] == 0).all()
        assert (played.columns["grid_mw"][dark] == 0).all()
        assert played.columns["f_mhz"][-1] == pytest.approx(50_000, abs=3)
        assert played.columns["flat_channels"][dark].astype(int).tolist() == [7] * int(dark.sum())


def test_a_dead_voltage_input_leaves_the_currents_and_no_power(unix: Interpreter) -> None:
    """The transformer has come off; the clamps still hear the house."""
    codes = Wave(50.0, 230.0, phasor(6.0), phasor(2.0)).codes(3.0, make_board(2))
    codes[:, 0] = 1500
    played = play(unix, codes, make_board(2), calibrate(make_board(2)))
    assert played.rejected == 0
    assert played.coverage() == pytest.approx(1.0, abs=1e-3)
    assert (played.columns["f_mhz"] == 0).all()
    assert np.abs(played.columns["grid_mw"]).max() < 2000
    assert played.mean("grid_ma") == pytest.approx(6000, rel=0.02)
    assert (played.columns["flat_channels"] == 1).all()


@pytest.mark.parametrize(("channel", "bit"), [(1, 2), (2, 4)])
def test_a_frozen_clamp_is_flat_and_carries_no_power(unix: Interpreter, channel: int, bit: int) -> None:
    codes = Wave(50.0, 230.0, phasor(6.0), phasor(2.0)).codes(3.0, make_board(2))
    codes[:, channel] = 1777
    played = play(unix, codes, make_board(2), calibrate(make_board(2)))
    assert (played.columns["flat_channels"] == bit).all()
    assert np.abs(played.columns["grid_mw" if channel == 1 else "pv_mw"]).max() < 100
    assert played.columns["bad_cycles"].sum() == 0


def test_mains_of_60_hz_after_a_start_in_the_dark_are_found(unix: Interpreter) -> None:
    wave = Wave(60.0, 230.0, phasor(6.0, 30.0))
    codes = np.concatenate([Wave(60.0, 0.0).codes(1.0), wave.codes(3.0)])
    played = play(unix, codes)
    assert played.rejected == 0
    assert played.columns["f_mhz"][-8:] == pytest.approx(60_000, abs=3)
    assert played.columns["grid_mw"][-8:] / 1000 == pytest.approx(wave.grid_w, rel=0.002)
    told = set(played.columns["f_mhz"].astype(int)) - {0}
    assert all(abs(f_mhz - 60_000) < 100 for f_mhz in told)


@pytest.mark.parametrize("f_hz", [25.0, 40.0, 80.0, 100.0])
def test_a_frequency_that_no_grid_has_is_told_as_none_and_metering_goes_on(unix: Interpreter, f_hz: float) -> None:
    wave = Wave(f_hz, 230.0, phasor(6.0))
    played = play(unix, wave.codes(6.0))
    assert played.rejected == 0
    assert (played.columns["f_mhz"] == 0).all()
    assert played.coverage() > 0.75
    assert played.mean("grid_mw") / 1000 == pytest.approx(1380.0, rel=0.03)


def test_a_generator_that_drifts_is_followed(unix: Interpreter) -> None:
    """One hertz in two seconds."""
    t_s = np.arange(24_000) / 4000
    cycles = 49.0 * t_s + 0.25 * t_s**2
    codes = np.stack([2000 + 1100 * np.sin(2 * np.pi * cycles)] * 3, axis=1).astype(np.uint16)
    played = play(unix, codes, IDEAL, IDEAL_CALIBRATION)
    middle_s = (played.columns["start_us"] + played.columns["end_us"]) / 2e6
    assert played.rejected == 0
    assert played.columns["bad_cycles"].sum() == 0
    assert played.columns["f_mhz"] == pytest.approx(1000 * (49.0 + 0.5 * middle_s), abs=20)
