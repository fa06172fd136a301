"""Made-up homes for the tests of learning: enough life in them to learn from, and the same for the same seed."""

import numpy as np

from sunmeter.learning.minutes import Minutes
from sunmeter.learning.series import Hourly

START_S = 1_767_222_000  # 31 December 2025, 23:00 UTC: midnight in Paris
DAY_MINUTES = 1440


def minutes(days: int, seed: int = 1, pv: bool = False, start_s: int = START_S) -> Minutes:
    """A quiet home in Paris: a fridge, evenings with a stove, kettles by day, nights with next to nothing."""
    chance = np.random.default_rng(seed)
    size = days * DAY_MINUTES
    minute = np.arange(size)
    hour = minute / 60 % 24
    house_w = 70 + 80 * (minute // 20 % 3 == 0) + chance.normal(0, 4, size)
    awake = (hour > 6.5) & (hour < 23)
    for day in range(days):
        house_w[day * DAY_MINUTES :][:DAY_MINUTES] += chance.uniform(0, 40)
        for _ in range(chance.poisson(7)):
            at = day * DAY_MINUTES + int(chance.uniform(7, 22) * 60)
            house_w[at : at + chance.integers(3, 12)] += chance.uniform(800, 2200)
        stove = day * DAY_MINUTES + int(chance.normal(19, 0.5) * 60)
        house_w[stove : stove + chance.integers(20, 70)] += 1500
    house_w += awake * np.maximum(0, chance.normal(80, 40, size))
    pv_w = np.full(size, np.nan)
    if pv:
        clear = np.repeat(chance.uniform(0.15, 1.0, days * 24), 60)
        sun = np.maximum(0, np.sin((hour - 7) / 10 * np.pi)) * ((hour > 7) & (hour < 17))
        pv_w = 3500 * sun * clear * chance.uniform(0.85, 1.0, size) - 3 * (sun == 0)
    grid_w = house_w - np.where(pv_w > 0, pv_w, 0.0)
    v_dv = 2330 + 25 * np.cos(2 * np.pi * hour / 24) + chance.normal(0, 6, size) - house_w / 400
    q_var = 30 + 25 * (minute // 20 % 3 == 0) + chance.normal(0, 4, size)
    return Minutes(start_s, *(np.round(column) for column in (grid_w, pv_w, v_dv, q_var)))


def hourly(days: int, seed: int = 1, start_s: int = START_S) -> Hourly:
    """Hourly energy of a home whose habits repeat by the day and the week, with noise [Wh]."""
    chance = np.random.default_rng(seed)
    hour = np.arange(days * 24)
    weekend = hour // 24 % 7 >= 5
    level = 200 + 250 * np.exp(-(((hour % 24) - 19.5) ** 2) / 6) + 120 * weekend * ((hour % 24) > 9)
    return Hourly(start_s, level * chance.lognormal(0, 0.35, len(hour)))
