"""Two questions to nights: how often a model that is trained anew every night alarms, and whether it tells a heater."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bench._anomaly_judge import opened
from bench._forecast_homes import Home
from bench._minute_faults import COLUMNS, WARM_MINUTES
from bench._minute_house import DAY_MINUTES, DAY_S, FOLD_DAYS
from sunmeter.contract.unpacking import unpack
from sunmeter.learning import anomaly, replay
from sunmeter.learning.minutes import Minutes
from sunmeter.learning.series import Hourly

ORIGINS = (0.45, 0.65, 0.8, 0.95)  # of each recording: no constant was chosen on these nights


def nightly_false_alerts(train: Minutes, month: Minutes) -> int:
    """Alerts of the clean month when every night trains anew on the days before it, as the cloud does."""
    whole = Minutes(train.start_s, *(np.concatenate([getattr(train, c), getattr(month, c)]) for c in COLUMNS))
    found = replay.features(whole)
    over = []
    for night in range(FOLD_DAYS):
        now_s = train.end_s + night * DAY_S
        trained = anomaly.train(whole, zone="UTC", now_s=now_s, version=1)
        part = slice((now_s - whole.start_s) // 60, (now_s - whole.start_s) // 60 + DAY_MINUTES)
        model = unpack(trained.payload or b"") if trained.payload else None
        day = whole.between(now_s, now_s + DAY_S)
        played = replay.replay(model, day, {c: v[part] for c, v in found.items()}) if model else None
        over.append(np.zeros(DAY_MINUTES) if played is None else played.score_milli >= trained.threshold_milli)
    return len(opened(np.concatenate(over).astype(float), 0.5))


@dataclass(frozen=True)
class Nights:
    """What the models of a home told of two kilowatts at night, and what each says it tells of."""

    told: list[bool]
    detectable: list[dict[str, int]]


def nights_2kw(known: Iterable[Home]) -> dict[str, Nights]:
    """By home: nights in which two kilowatts for two hours from one o'clock are told, at the model's own threshold.

    The homes' minutes are the hour's mean, and nothing but power is known of them.
    """
    return {home.name: _home_nights(home.load) for home in known}


def _home_nights(load: Hourly) -> Nights:
    minute_w = np.repeat(load.wh, 60).round(0)
    empty = np.full(len(minute_w), np.nan)
    whole = Minutes(load.start_s, minute_w, empty, empty, empty)
    found = Nights([], [])
    for origin in ORIGINS:
        now_s = int(load.start_s + origin * len(load.wh) * 3600) // DAY_S * DAY_S
        trained = anomaly.train(whole.between(now_s - 60 * DAY_S, now_s), zone="UTC", now_s=now_s, version=1)
        found.told.extend(_nights_told(whole, trained, now_s) if trained.payload else [False, False])
        found.detectable.append(trained.detectable)
    return found


def _nights_told(whole: Minutes, trained: anomaly.Trained, now_s: int) -> list[bool]:
    """Of each of the two nights that the model's expected power reaches."""
    model = unpack(trained.payload or b"")
    told = []
    for first_s in (now_s + 3600, now_s + DAY_S + 3600):
        part = whole.between(first_s - WARM_MINUTES * 60, first_s + 7200)
        grid_w = part.grid_w.copy()
        grid_w[-120:] += 2000
        played = replay.replay(model, Minutes(part.start_s, grid_w, part.pv_w, part.v_dv, part.q_var))
        starts = [start for start, _ in opened(played.score_milli.astype(float), trained.threshold_milli)]
        told.append(any(start >= len(grid_w) - 120 for start in starts))
    return told
