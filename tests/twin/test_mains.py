"""The supply: continuous phase, drifting frequency, the distortion of a real street."""

import numpy as np
import pytest

from twin.mains import Mains
from twin.units import rms


def test_the_frequency_stays_within_a_tenth_of_a_hertz_and_moves() -> None:
    hz = Mains(50.0, seed=4).frequency_hz(np.arange(0, 3600.0))
    assert 49.9 <= hz.min() < 49.96
    assert 50.04 < hz.max() <= 50.1


@pytest.mark.parametrize("nominal_hz", [50.0, 60.0])
def test_the_phase_is_the_integral_of_the_frequency(nominal_hz: float) -> None:
    mains = Mains(nominal_hz, seed=9)
    t_s = np.linspace(0.0, 600.0, 600_001)
    hz = mains.frequency_hz(t_s)
    summed = np.concatenate([[0.0], np.cumsum((hz[1:] + hz[:-1]) / 2 * np.diff(t_s))])
    assert np.abs(mains.phase_cycles(t_s) - summed).max() < 1e-6


def test_the_voltage_has_the_rms_it_is_asked_for_and_a_street_s_distortion() -> None:
    v = Mains().voltage(np.array([207.0, 230.0, 253.0]))
    assert rms(v) == pytest.approx([207.0, 230.0, 253.0])
    distortion = rms(v[1][1:]) / abs(v[1][0])
    assert distortion == pytest.approx(0.027, abs=0.001)


def test_two_houses_of_one_street_hear_the_same_phase() -> None:
    t_s = np.array([0.0, 12.5, 86_399.0])
    assert (Mains(50.0, 3).phase_cycles(t_s) == Mains(50.0, 3).phase_cycles(t_s)).all()
    assert (Mains(50.0, 3).phase_cycles(t_s)[1:] != Mains(50.0, 4).phase_cycles(t_s)[1:]).all()
