"""What a home's panels give under a clear sky, learnt from their own hours by the sun's position; no weather, no place.

At one hour of UTC the sun's place in the sky depends on its declination and on the equation of time alone, so each
hour has a regression on these. It is fitted to the upper mode: first to the ninth decile, then to the hours near to it,
since clear hours agree with each other and cloudy ones lie anywhere below. Panels of any number, slope and direction,
and whatever has always shaded them, are in it.

A clear day is known by its shape, not by how much it gave: most of its hours stand at the same part of the envelope. So
a roof that is dirty still has clear days, at a lower level; under clouds hours differ from each other.
"""

from dataclasses import dataclass

import numpy as np

from .days import past_of
from .series import DAY_HOURS, HOUR_S, Bools, Floats, Hourly

DAYS = 365  # that are looked at
DARK = 0.03  # of the greatest hour: an hour that never gave more has no sun
HIGH = 0.35  # of the day's greatest hour: clear days are told from the hours above it
DEAD = 0.003  # of the envelope: no cloud is so black for a whole hour, and hardly any snow
SEEN_DAYS, SEEN = 12, 0.25  # an hour that gave so much of the envelope in as many days is not behind a hill yet

_DAY_S = DAY_HOURS * HOUR_S
_J2000_S = 946_728_000
_SPAN = (0.41, 0.17, 16.0)  # of declination [rad], its square, and the equation of time [min]: to make them alike
SUPPLE = (1e-5, 0.003, 0.01, 0.003)  # penalties: each hour follows the season closely
STIFF = (1e-5, 0.09, 0.3, 0.09)  # season is doubted more than a change: young homes have seen little of it
_QUANTILE_ROUNDS, _MODE_ROUNDS = 12, 12
_NEAR = 0.06  # of the envelope: hours closer to it are clear ones
_ALIKE = 0.07  # hours of a clear day differ by less
_LEAST_ALIKE, _MOST_OF_THEM = 4, 0.5  # hours, and their part of the day's high hours
_LEAST_LEVEL = 0.35  # a sky as even, and as grey, is not clear
_LEAST_ROWS = 10
_SEASON_DAYS = 25  # to either side: as long does the sun take to come from behind a hill
_BEHIND, _LIT = 0.15, 0.8  # of the envelope


@dataclass(frozen=True)
class Sky:
    """Days as rows of 24 hours, the last ending at a given moment, against what a clear sky gives."""

    wh: Floats  # NaN where nothing is known
    envelope: Floats  # [Wh], 0 where there is no sun
    level: Floats  # of each day: which part of the envelope it gave under a clear sky; NaN: it was not clear

    @property
    def ratio(self) -> Floats:
        """Days × 24: what was given of the envelope; NaN where there is no sun or nothing is known."""
        return np.where(self.envelope > 0, self.wh / np.maximum(self.envelope, 1.0), np.nan)

    @property
    def is_high(self) -> Bools:
        """Days × 24: hours with much sun, were it clear."""
        high: Bools = self.envelope > HIGH * self.envelope.max(axis=1, keepdims=True)
        return high

    @property
    def is_dead(self) -> Bools:
        """Days × 24: hours with much sun in which nothing came, of whole days or where the sun was seen of late."""
        dead = self.is_high & (self.wh <= DEAD * self.envelope)
        padded = np.pad(np.nan_to_num(self.ratio), ((SEEN_DAYS, 0), (0, 0)))
        seen = np.lib.stride_tricks.sliding_window_view(padded[:-1], SEEN_DAYS, axis=0).max(axis=-1) > SEEN
        whole = (dead.sum(axis=1) >= 0.9 * self.is_high.sum(axis=1))[:, None] & dead
        found: Bools = (dead & seen) | whole
        return found


def sky(series: Hourly, end_s: int, penalty: tuple[float, ...] = SUPPLE) -> Sky:
    """The last year against its envelope."""
    rows = past_of(series, end_s, "UTC").wh[-DAYS:]
    if not rows.size or not np.nansum(rows):
        return Sky(rows, np.zeros_like(rows), np.full(len(rows), np.nan))
    noon_s = end_s - _DAY_S * np.arange(len(rows), 0, -1) + _DAY_S // 2
    found = Sky(rows, _envelope(rows, _regressors(noon_s.astype(float)), penalty), np.empty(0))
    return Sky(rows, found.envelope, _levels(np.where(found.is_high & ~found.is_dead, found.ratio, np.nan)))


def sun(ts_s: Floats) -> tuple[Floats, Floats]:
    """Declination [rad] and equation of time [min]; the Astronomical Almanac's low-precision formulas, to 0.1 min."""
    days = (ts_s - _J2000_S) / _DAY_S
    anomaly = np.deg2rad(357.529 + 0.98560028 * days)
    mean = 280.459 + 0.98564736 * days
    longitude = np.deg2rad(mean + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    slope = np.deg2rad(23.439)
    ascension = np.rad2deg(np.arctan2(np.cos(slope) * np.sin(longitude), np.cos(longitude)))
    minutes: Floats = 4.0 * ((mean - ascension + 180.0) % 360.0 - 180.0)
    return np.arcsin(np.sin(slope) * np.sin(longitude)), minutes


def _regressors(noon_s: Floats) -> Floats:
    declination, minutes = sun(noon_s)
    columns = (declination, declination**2, minutes)
    scaled = [column / span for column, span in zip(columns, _SPAN, strict=True)]
    return np.stack([np.ones(len(noon_s)), *scaled], axis=1)


def _envelope(rows: Floats, x: Floats, penalty: tuple[float, ...]) -> Floats:
    """Days × 24 [Wh]: the upper mode of each hour, by iteratively reweighted least squares."""
    dark_wh = DARK * np.nanmax(rows)
    known = np.isfinite(rows)
    known &= np.where(known, rows, 0.0).max(axis=0) > dark_wh
    known &= known.sum(axis=0) >= _LEAST_ROWS
    y, weight = np.where(known, rows, 0.0), known.astype(float)
    for number in range(_QUANTILE_ROUNDS + _MODE_ROUNDS):
        gram = np.einsum("dk,dh,dl->hkl", x, weight, x) + np.diag(penalty) * (weight.sum(axis=0) + 1e-9)[:, None, None]
        slope = np.linalg.solve(gram, np.einsum("dk,dh->hk", x, weight * y)[..., None])[..., 0]
        fitted = np.maximum(x @ slope.T, dark_wh)
        apart = (y - fitted) / fitted
        if number < _QUANTILE_ROUNDS:
            near = np.where(apart > 0, 0.9, 0.1) / np.maximum(np.abs(apart), 0.02)
        else:
            near = np.exp(-0.5 * (apart / _NEAR) ** 2) + 1e-6
        weight = known * near / fitted
    return np.where(known.any(axis=0) & (fitted > dark_wh) & ~_is_never_lit(y, known, fitted), fitted, 0.0)


def _is_never_lit(rows: Floats, known: Bools, fitted: Floats) -> Bools:
    """Days × 24: hours that stay dark for weeks while others of the same days are clear: the sun is behind a hill."""
    ratio = np.where(known, rows / fitted, 0.0)
    padded = np.pad(ratio, ((_SEASON_DAYS, _SEASON_DAYS), (0, 0)))
    most = np.lib.stride_tricks.sliding_window_view(padded, 2 * _SEASON_DAYS + 1, axis=0).max(axis=-1)
    never: Bools = (most < _BEHIND) & (most.max(axis=1, keepdims=True) > _LIT)
    return never


def _levels(ratio: Floats) -> Floats:
    """Of each day the part of the envelope that most of its hours agree on; NaN where they do not."""
    told = np.nan_to_num(ratio)
    alike = np.abs(ratio[:, :, None] / np.maximum(told, 0.01)[:, None, :] - 1.0) < _ALIKE  # day, hour, beside which
    count = alike.sum(axis=1)
    most, hours = count.max(axis=1), np.isfinite(ratio).sum(axis=1)
    centre = np.where(count == most[:, None], told, 0.0).max(axis=1)  # the highest that as many agree on
    agreeing = np.where(np.abs(ratio / np.maximum(centre, 0.01)[:, None] - 1.0) < _ALIKE, ratio, np.nan)
    is_clear = (most >= np.maximum(_LEAST_ALIKE, _MOST_OF_THEM * hours)) & (centre > _LEAST_LEVEL)
    levels = np.full(len(ratio), np.nan)
    if is_clear.any():
        levels[is_clear] = np.nanmedian(agreeing[is_clear], axis=1)
    return levels
