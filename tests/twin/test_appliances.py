"""Appliances draw the power they are asked for, with their own power factor and switching."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.appliances import APPLIANCES, current_per_w, energy_in_minute_j, reactive_per_w
from twin.mains import Mains
from twin.units import power_w, rms

V = Mains().voltage(np.array(230.0))


@pytest.mark.parametrize("key", APPLIANCES)
def test_an_appliance_draws_exactly_the_power_asked_for_harmonics_included(key: str) -> None:
    current = 730.0 * current_per_w(APPLIANCES[key], V)
    assert power_w(V, current) == pytest.approx(730.0, rel=1e-12)


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("kettle", 0.9999, 1.0),
        ("hob", 0.9999, 1.0),
        ("fridge", 0.6, 0.7),
        ("motor", 0.75, 0.82),
        ("electronics", 0.6, 0.75),
        ("lighting", 0.6, 0.75),
        ("car", 0.98, 1.0),
    ],
)
def test_power_factors_are_those_of_real_appliances(key: str, least: float, most: float) -> None:
    current = 100.0 * current_per_w(APPLIANCES[key], V)
    assert least <= 100.0 / (rms(V) * rms(current)) <= most


def test_a_motor_lags_and_electronics_lead() -> None:
    for key, sign in (("motor", 1), ("fridge", 1), ("electronics", -1)):
        current = current_per_w(APPLIANCES[key], V)
        reactive_var = (V[0] * np.conj(current[0])).imag
        assert np.sign(reactive_var) == sign
        assert np.sign(reactive_per_w(APPLIANCES[key])) == sign


def test_electronics_draw_their_current_at_the_crest_of_the_voltage() -> None:
    theta = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    current = current_per_w(APPLIANCES["electronics"], V)
    orders = np.array([1, 3, 5, 7, 9, 11, 13])
    wave = np.imag(np.exp(1j * np.outer(theta, orders)) @ current)
    assert np.deg2rad(60) < theta[np.argmax(wave)] < np.deg2rad(110)
    assert wave.max() / np.sqrt((wave**2).mean()) > 2.2  # crest factor; a sine has 1.41


@given(
    key=st.sampled_from(list(APPLIANCES)),
    mean_w=st.floats(0, 12_000),
    at_s=st.lists(st.floats(0, 60), min_size=1, max_size=20).map(sorted),
)
def test_a_minute_s_energy_is_its_mean_and_never_runs_backwards(key: str, mean_w: float, at_s: list[float]) -> None:
    appliance = APPLIANCES[key]
    energy_j = energy_in_minute_j(appliance, np.full(len(at_s) + 2, mean_w), np.array([0.0, *at_s, 60.0]))
    assert energy_j[0] == 0.0
    assert energy_j[-1] == pytest.approx(60.0 * mean_w, rel=1e-9, abs=1e-6)
    assert (np.diff(energy_j) >= -1e-6 * max(mean_w, 1.0)).all()


def test_a_hob_at_half_power_is_on_for_half_of_every_six_seconds() -> None:
    t_s = np.linspace(0.0, 60.0, 6001)
    watts = np.diff(energy_in_minute_j(APPLIANCES["hob"], np.full(6001, 750.0), t_s)) / np.diff(t_s)
    assert set(np.unique(watts.round())) <= {0.0, 1500.0}
    assert np.count_nonzero(np.diff(watts.round()) > 0) + (watts[0] > 0) == 10
