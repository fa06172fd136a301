"""A house's truth: waveforms and ledger agree, whatever the pieces in which time is played."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.faults import Fault, Faults
from twin.house import House
from twin.local_time import midnight_s
from twin.mains import Mains
from twin.people import demo_households
from twin.profile import Source, Steady
from twin.sensors import ideal_board, make_board

START_MS = 1_763_856_000_000
MIXED = Steady({"fridge": 110.0, "electronics": 150.0, "hob": 900.0, "kettle": 400.0}, pv_w=820.0)


def house_of(source: Source, start_ms: int = START_MS, nominal_hz: float = 50.0, *faults: Fault) -> House:
    return House(source, ideal_board(), start_ms, Mains(nominal_hz), Faults(faults))


@pytest.mark.parametrize("nominal_hz", [50.0, 60.0])
def test_the_ledger_is_the_integral_of_the_true_waveforms(nominal_hz: float) -> None:
    house = house_of(MIXED, START_MS, nominal_hz)
    v, grid_a, pv_a = np.concatenate([house.true_samples() for _ in range(30)], axis=1).astype(np.float64)
    true = house.energy_between(START_MS, START_MS + 60_000)
    per_wh = 4000 * 3600
    assert (v * grid_a).sum() / per_wh == pytest.approx(true.import_wh - true.export_wh, rel=3e-4)
    assert (v * pv_a).sum() / per_wh == pytest.approx(true.pv_wh, rel=3e-4)


def test_import_and_export_are_kept_apart_within_seconds() -> None:
    """A hob that pulses around the PV power imports and exports in turn; a minute's mean would hide both."""
    house = house_of(Steady({"hob": 750.0}, pv_w=750.0))
    house.skip(60 * 4000)
    true = house.energy
    assert true.import_wh == pytest.approx(750 / 120, rel=0.05)
    assert true.export_wh == pytest.approx(true.import_wh, rel=0.02)
    assert true.house_wh == pytest.approx(750 / 60, rel=1e-3)


def test_the_waveform_is_continuous_across_chunks() -> None:
    house = house_of(Steady({"water_heater": 2000.0}))
    v = np.concatenate([house.true_samples()[0] for _ in range(4)]).astype(np.float64)
    bend = np.abs(np.diff(v, 2))
    seams = [k * 8000 + d for k in (1, 2, 3) for d in (-2, -1, 0)]
    assert bend[seams].max() <= bend[:7000].max() * 1.01


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 9000), min_size=1, max_size=12))
def test_samples_do_not_depend_on_how_they_are_asked_for(pieces: list[int]) -> None:
    whole = House(MIXED, make_board(5), START_MS).take(sum(pieces))
    house = House(MIXED, make_board(5), START_MS)
    assert (np.concatenate([house.take(n) for n in pieces]) == whole).all()


def test_long_and_short_stretches_make_the_same_samples_and_energy() -> None:
    short, long = (House(MIXED, make_board(5), START_MS) for _ in range(2))
    long.stretch_chunks = 8
    a, b = short.take(160_000), long.take(160_000)
    assert (np.abs(a.astype(int) - b.astype(int)) <= 1).all()
    assert (a != b).mean() < 1e-4
    assert long.energy.import_wh == pytest.approx(short.energy.import_wh, rel=1e-9)


def test_skipping_books_the_same_energy_as_listening() -> None:
    heard, skipped = (house_of(MIXED) for _ in range(2))
    heard.take(50_000)
    skipped.skip(50_000)
    assert skipped.energy == heard.energy
    assert (heard.take(100) == skipped.take(100)).all()


def test_a_house_of_people_uses_what_its_minutes_say() -> None:
    start_s = midnight_s(date(2026, 6, 20), ZoneInfo("Europe/Paris"))
    source = demo_households()[0]
    house = house_of(source, start_s * 1000)
    house.stretch_chunks = 30
    house.skip(86_400 * 4000)
    profile = source.minutes(start_s, start_s + 86_400)
    for hour in range(24):
        true = house.energy_between((start_s + hour * 3600) * 1000, (start_s + (hour + 1) * 3600) * 1000)
        minutes = slice(hour * 60, hour * 60 + 60)
        assert true.house_wh == pytest.approx(profile.house_w[minutes].sum() / 60, rel=1e-3)
        assert true.pv_wh == pytest.approx(np.maximum(profile.pv_w[minutes], 0).sum() / 60, rel=1e-3, abs=0.02)


def test_an_inverter_s_night_is_standby_not_generation() -> None:
    house = house_of(Steady({"base": 100.0}, pv_w=-4.0))
    house.skip(900 * 4000)
    assert house.energy.pv_wh == 0.0
    assert house.energy.standby_wh == pytest.approx(1.0, rel=1e-3)
    assert house.energy.house_wh == pytest.approx(26.0, rel=1e-3)


def test_a_forgotten_heater_adds_its_energy_while_it_is_on() -> None:
    heater = Fault("heater", START_MS + 20_000, START_MS + 50_000, 2000.0)
    plain, hot = house_of(MIXED), house_of(MIXED, START_MS, 50.0, heater)
    for house in (plain, hot):
        house.skip(60 * 4000)
    assert hot.energy.house_wh - plain.energy.house_wh == pytest.approx(2000 * 30 / 3600, rel=1e-3)


def test_a_house_without_power_uses_generates_and_hears_nothing() -> None:
    cut = Fault("power", START_MS + 4000, START_MS + 10_000)
    house = house_of(MIXED, START_MS, 50.0, cut)
    codes = house.take(14 * 4000)
    dark = house.energy_between(START_MS + 4100, START_MS + 9900)
    assert (dark.import_wh, dark.export_wh, dark.pv_wh) == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)
    assert np.ptp(codes[5 * 4000 : 9 * 4000].astype(int), axis=0).max() <= 1
    assert np.ptp(codes[11 * 4000 :, 0].astype(int)) > 2000


def test_a_sag_lasts_as_long_as_it_should_to_the_cycle() -> None:
    sag = Fault("sag", START_MS + 1000, START_MS + 1100, 0.6)
    house = house_of(Steady({"water_heater": 1000.0}), START_MS, 50.0, sag)
    v = house.true_samples()[0].astype(np.float64)
    cycle_rms = np.sqrt((v[: 4000 * 2].reshape(-1, 80) ** 2).mean(axis=1))
    assert (cycle_rms < 180).sum() in (4, 5, 6)
    assert cycle_rms.min() == pytest.approx(0.6 * 230, rel=0.01)


def test_the_relay_switches_its_load() -> None:
    house = House(Steady({"base": 100.0}, has_pv=False), ideal_board(), START_MS, relay_w=1800.0)
    house.skip(8000)
    house.relay_on = True
    house.skip(8000)
    assert house.energy_between(START_MS + 2100, START_MS + 4000).import_wh * 3600 / 1.9 == pytest.approx(
        1900, rel=0.01
    )


def test_a_day_of_samples_is_made_in_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the throughput; the figure depends on the machine and is not asserted."""
    from time import perf_counter

    house = House(demo_households()[0], make_board(1), START_MS)
    house.stretch_chunks = 8
    house.take(8000)
    began = perf_counter()
    for _ in range(300):
        codes = house.take(8000)
    seconds = perf_counter() - began
    with capsys.disabled():
        print(f"\n  twin: {300 * 24000 / seconds / 1e6:.0f} M samples/s, a day in {seconds * 144:.0f} s")
    assert codes.shape == (8000, 3)
