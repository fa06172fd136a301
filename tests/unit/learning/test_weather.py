"""A weather series is taken where it is given, and missed where it is not."""

import numpy as np
import pytest

from sunmeter.learning import forecast as forecasting
from sunmeter.learning.forecast import Bands
from sunmeter.learning.series import HOUR_S, Floats, Hourly
from sunmeter.learning.weather import Weather
from tests.unit.learning.homes import START_S, hourly

ZONE, DAYS, DAY_S = "Europe/Paris", 90, 86_400
AHEAD = 12  # days that are forecast, one after the other


def sky(seed: int = 4) -> tuple[Hourly, Hourly]:
    """Light [W/m²] of days that have nothing to do with each other, and the PV it makes."""
    chance = np.random.default_rng(seed)
    hour = np.arange((DAYS + AHEAD + 2) * 24) % 24
    light = (
        900 * np.maximum(0, np.sin((hour - 6) / 12 * np.pi)) * np.repeat(chance.uniform(0.1, 1, len(hour) // 24), 24)
    )
    return Hourly(START_S, light), Hourly(START_S, 4 * light * chance.normal(1, 0.03, len(light)))


def heated(seed: int = 4) -> tuple[Hourly, Hourly]:
    """Warmth [°C] that changes from day to day, and the load of a home that heats with it."""
    chance = np.random.default_rng(seed)
    days = DAYS + AHEAD + 2
    warmth = np.repeat(5 + 6 * chance.standard_normal(days), 24)
    return Hourly(START_S, warmth), Hourly(START_S, hourly(days).wh + 60 * np.maximum(0, 15 - warmth))


def error(told: list[Bands], series: Hourly) -> float:
    apart = [
        np.abs(bands.p50[:24] - series.between(_start_s(day), _start_s(day) + DAY_S)).mean()
        for day, bands in enumerate(told)
    ]
    return float(np.mean(apart))


def _start_s(day: int) -> int:
    return START_S + (DAYS + day) * DAY_S


def test_light_that_is_known_tells_pv_and_warmth_tells_a_heated_home() -> None:
    light, pv = sky()
    weather = Weather(irradiance_wm2=light)
    with_light = [forecasting.pv_bands(pv, _start_s(day), weather) for day in range(AHEAD)]
    without = [forecasting.pv_bands(pv, _start_s(day)) for day in range(AHEAD)]
    assert error(with_light, pv) < 0.3 * error(without, pv)
    warmth, load = heated()
    warm = Weather(temperature_c=warmth)
    told = [forecasting.load_bands(load, _start_s(day), ZONE, days=1, weather=warm)[0] for day in range(AHEAD)]
    blind = [forecasting.load_bands(load, _start_s(day), ZONE, days=1)[0] for day in range(AHEAD)]
    assert error(told, load) < 0.9 * error(blind, load)


@pytest.mark.parametrize("of", ["absent", "unknown", "too short", "of the past alone"])
def test_without_weather_the_forecast_is_what_it_was(of: str) -> None:
    light, pv = sky()
    warmth, load = heated()
    start_s = _start_s(0)

    def cut(series: Hourly) -> Hourly | None:
        unknown: Floats = np.full(len(series.wh), np.nan)
        kept = {
            "absent": None,
            "unknown": Hourly(series.start_s, unknown),
            "too short": Hourly(start_s - 3 * DAY_S, series.wh[: 5 * 24]),
            "of the past alone": series.before(start_s),
        }
        return kept[of]

    weather = Weather(cut(warmth), cut(light))
    with_it = forecasting.forecast(load, pv, start_s, ZONE, weather=weather)
    without = forecasting.forecast(load, pv, start_s, ZONE)
    for ours, plain in ((with_it.load, without.load), (with_it.pv, without.pv)):
        assert ours is not None
        assert plain is not None
        np.testing.assert_array_equal(ours.p50, plain.p50)


def test_hours_without_light_keep_what_was_told_without_it() -> None:
    light, pv = sky()
    start_s = _start_s(0)
    torn = light.wh.copy()
    noon = (start_s - START_S) // HOUR_S + 11
    torn[noon] = np.nan
    told = forecasting.pv_bands(pv, start_s, Weather(irradiance_wm2=Hourly(START_S, torn)))
    plain, whole = forecasting.pv_bands(pv, start_s), forecasting.pv_bands(pv, start_s, Weather(irradiance_wm2=light))
    assert told.p50[11] == plain.p50[11]
    assert told.p50[12] == whole.p50[12] != plain.p50[12]
