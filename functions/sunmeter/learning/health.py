"""Shading, soiling and an inverter that trips, told from clouds by the home's own hours.

*Trip*: nothing came for two hours or more of high sun. *Shading*: on clear days some hours stay behind the others, and
did not before. *Soiling*: clear days are as even as ever, at a lower level than in the two months before. What it has
cost is told with an 80 % interval: in tripped and shaded hours against what the day's other hours say, after past days;
of soiling against the level before it.
"""

from dataclasses import dataclass

import numpy as np

from . import sky as sky_of
from .series import DAY_HOURS, HOUR_S, Bools, Floats, Hourly, Ints
from .sky import Sky

DAY_S = DAY_HOURS * HOUR_S
LEAST_DAYS, LEAST_CLEAR = 28, 8  # days of data, and clear ones among them, before anything is told
CAUSES = ("trip", "shading", "soiling")

_LOOKBACK_DAYS = 120  # a loss that has lasted longer has become what is usual
_RECENT_DAYS, _RECENT_CLEAR = 14, 3  # that tell how it is now
_BEFORE_DAYS, _BEFORE_CLEAR = 56, 5  # that tell how it was
_TRIP_DAYS = 3  # a trip this long ago is over
_SHADED, _SHADED_ALONE = 0.78, 0.6  # of what the hour was beside the others; of one hour alone
_MOST_SHADED = 0.6  # of the day's high hours: more is no shade
_SOILED_DAYS = 21  # that tell how it is now
_SOILED = 0.11  # below the level before: air, heat and season alone come to 0.09
_CLEAN = 0.06  # and here it is over
_MARGIN_DAYS = 6  # between how it was and how it is
_Q80 = (0.1, 0.5, 0.9)
_Z80 = 1.2816
_LEVEL_DOUBT = 0.05  # of what tripped and shaded hours could give, however many days tell it
_TOGETHER = 0.5  # how much days err alike: weather lasts
_SOILING_DOUBT = (0.2, 1.9)  # of its energy, downwards and up: the envelope follows what creeps, so it is told low


@dataclass(frozen=True)
class Finding:
    """What a cause has cost from the first day on."""

    cause: str
    first: int  # row of the day it began
    lost: Floats  # days × 24 [Wh], nought before the first
    lo: float  # of the sum [Wh], 80 % interval
    hi: float
    days: int  # clear or tripped days behind it
    hours: tuple[int, ...]  # columns concerned; () for all
    part: float  # of the envelope that is lost while it lasts

    @property
    def lost_wh(self) -> float:
        return float(self.lost.sum())


def findings(series: Hourly, end_s: int, standing: tuple[str, int] | None = None) -> list[Finding] | None:
    """What is wrong with the PV on the day that ends then, the costliest first; None: too little is known to tell.

    standing: a cause that stood the night before, and the start of its first day [s].
    """
    sky = sky_of.sky(series, end_s)
    if len(sky.wh) < LEAST_DAYS or np.isfinite(sky.level).sum() < LEAST_CLEAR:
        return None
    stood = (standing[0], len(sky.wh) - (end_s - standing[1]) // DAY_S) if standing else None
    stiff = sky_of.sky(series, end_s, sky_of.STIFF)
    found = [_trip(sky), _shading(sky, stood), _soiling(stiff, stood)]
    return sorted((each for each in found if each), key=lambda each: -each.lost_wh)


def can_tell(series: Hourly, end_s: int, cause: str) -> bool:
    """Were there clear days enough of late to say that a cause is gone? A trip is told from any day with sun."""
    recent = {"trip": 0, "shading": _RECENT_DAYS, "soiling": _SOILED_DAYS}[cause]
    level = sky_of.sky(series, end_s).level
    return not recent or int(np.isfinite(level[-recent:]).sum()) >= _RECENT_CLEAR


# --- an inverter that trips ------------------------------------------------------------------------------------------


def _tripped(sky: Sky) -> Bools:
    """Days × 24: the dead hours that have another beside them; one alone may be a thunderstorm."""
    dead = sky.is_dead
    beside = np.zeros_like(dead)
    beside[:, 1:] |= dead[:, :-1]
    beside[:, :-1] |= dead[:, 1:]
    return dead & beside


def _trip(sky: Sky) -> Finding | None:
    tripped = _tripped(sky)
    days = np.flatnonzero(tripped.any(axis=1))
    days = days[days >= len(sky.wh) - _LOOKBACK_DAYS]
    if not days.size or days[-1] < len(sky.wh) - _TRIP_DAYS:
        return None
    gaps = np.flatnonzero(np.diff(days) > _RECENT_DAYS)
    days = days[gaps[-1] + 1 :] if gaps.size else days
    concerned = np.zeros_like(tripped)
    concerned[days] = tripped[days]
    lost, lo, hi = _missed(sky, _with_edges(sky, concerned), np.asarray(tripped.any(axis=1)))
    hours = tuple(np.flatnonzero(concerned.any(axis=0)).tolist())
    return Finding("trip", int(days[0]), lost, lo, hi, len(days), hours, 1.0)


def _with_edges(sky: Sky, tripped: Bools) -> Bools:
    """The hours in which it went off and came back are partly lost, and dim hours of the same run too."""
    sunny = sky.envelope > 0
    edges = np.zeros_like(tripped)
    edges[:, 1:] |= tripped[:, :-1]
    edges[:, :-1] |= tripped[:, 1:]
    dark = sunny & (sky.wh <= sky_of.DEAD * sky.envelope) & tripped.any(axis=1, keepdims=True)
    concerned: Bools = tripped | dark | (edges & sunny)
    return concerned


# --- shading ---------------------------------------------------------------------------------------------------------


def _shading(sky: Sky, standing: tuple[str, int] | None) -> Finding | None:
    beside = np.where(sky.is_high, sky.ratio / sky.level[:, None], np.nan)  # known on clear days alone
    days, first = len(sky.wh), _first(sky, standing, "shading", _RECENT_DAYS)
    now = _best(beside[days - _RECENT_DAYS :], _RECENT_CLEAR)
    before = _usual(beside[max(0, first - _BEFORE_DAYS) : first], _BEFORE_CLEAR)
    shaded = np.isfinite(now) & np.isfinite(before) & (now < _SHADED * before)
    if shaded.sum() == 1:
        shaded &= now < _SHADED_ALONE * before
    if not 0 < shaded.sum() <= _MOST_SHADED * int(sky.is_high[-1].sum()):
        return None
    clear = np.flatnonzero(np.isfinite(sky.level))
    behind = (beside / before)[:, shaded]
    known = np.isfinite(behind).sum(axis=1)
    is_shaded = np.nansum(behind, axis=1) < known * (1.0 + _SHADED) / 2
    first = _since(clear[clear >= max(0, days - _LOOKBACK_DAYS)], is_shaded)
    concerned = np.zeros_like(sky.is_high)
    concerned[first:, shaded] = sky.envelope[first:, shaded] > 0
    lost, lo, hi = _missed(sky, concerned, np.arange(days) >= first)
    part = 1.0 - float(np.mean((now / before)[shaded]))
    told_by = int((clear >= first).sum())
    return Finding("shading", first, lost, lo, hi, told_by, tuple(np.flatnonzero(shaded).tolist()), part)


def _best(rows: Floats, least: int) -> Floats:
    """The second highest of each column: what shades is there every day; NaN where fewer than `least` are known."""
    ranked = np.sort(np.where(np.isfinite(rows), rows, -1.0), axis=0)[::-1]
    return np.where(np.isfinite(rows).sum(axis=0) >= least, ranked[1], np.nan)


def _usual(rows: Floats, least: int) -> Floats:
    """The median of each column; NaN where fewer than `least` are known."""
    enough = np.isfinite(rows).sum(axis=0) >= least
    usual = np.full(DAY_HOURS, np.nan)
    if enough.any():
        usual[enough] = np.nanmedian(rows[:, enough], axis=0)
    return usual


# --- soiling ---------------------------------------------------------------------------------------------------------


def _soiling(sky: Sky, standing: tuple[str, int] | None) -> Finding | None:
    days, first = len(sky.wh), _first(sky, standing, "soiling", _SOILED_DAYS)
    now = sky.level[days - _SOILED_DAYS :]
    before = sky.level[max(0, first - _BEFORE_DAYS) : first]
    now, before = now[np.isfinite(now)], before[np.isfinite(before)]
    if len(now) < _RECENT_CLEAR or len(before) < _BEFORE_CLEAR:
        return None
    usual = float(np.median(before))
    part = 1.0 - float(np.median(now)) / usual
    if part < (_CLEAN if standing and standing[0] == "soiling" else _SOILED):
        return None
    clear = np.flatnonzero(np.isfinite(sky.level))
    kept = clear[clear >= max(0, days - _LOOKBACK_DAYS)]
    first = _since(kept, sky.level < (1.0 - _CLEAN) * usual)
    parts = _parts(sky, kept[kept >= first], usual)
    lost = np.where(np.arange(days)[:, None] >= first, np.nan_to_num(sky.wh), 0.0) * (parts / (1.0 - parts))[:, None]
    total, behind = float(lost.sum()), int((kept >= first).sum())
    lo, hi = total * (1.0 - _SOILING_DOUBT[0]), total * (1.0 + _SOILING_DOUBT[1])
    return Finding("soiling", first, lost, lo, hi, behind, (), part)


def _parts(sky: Sky, clear: Ints, usual: float) -> Floats:
    """Of each day, the part that is lost: between clear days as between them, from three of them each."""
    levels = sky.level[clear]
    smooth = np.array([np.median(levels[max(0, at - 1) : at + 2]) for at in range(len(levels))])
    part = np.clip(1.0 - smooth / usual, 0.0, 0.9)
    found: Floats = np.interp(np.arange(len(sky.wh)), clear, part)
    return found


# --- what is common --------------------------------------------------------------------------------------------------


def _first(sky: Sky, standing: tuple[str, int] | None, cause: str, recent_days: int) -> int:
    """The row before which all was well: where a standing cause began, else somewhat before the recent days."""
    if standing and standing[0] == cause:
        return max(0, standing[1])
    return max(0, len(sky.wh) - recent_days - _MARGIN_DAYS)


def _since(clear: Ints, is_wrong: Bools) -> int:
    """The first of the clear days from which on nearly all are wrong: two in a row that are not end it."""
    first = int(clear[-1])
    right = 0
    for day in clear[::-1].tolist():
        right = 0 if is_wrong[day] else right + 1
        if right == 2:
            break
        if is_wrong[day]:
            first = int(day)
    return first


def _missed(sky: Sky, concerned: Bools, wrong: Bools) -> tuple[Floats, float, float]:
    """What came less in the hours concerned than the rest of each day says: days × 24, and the sum's 80 % interval.

    How well the rest of a day tells them is learnt from the days of two months that are not wrong.
    """
    known = np.isfinite(sky.wh)
    lost = np.zeros_like(sky.envelope)
    doubts = []
    for day in np.flatnonzero(concerned.any(axis=1)).tolist():
        hours = concerned[day] & known[day]
        past = np.arange(max(0, day - _BEFORE_DAYS), day)
        past = past[~wrong[past]] if (~wrong[past]).sum() >= _BEFORE_CLEAR else np.flatnonzero(~wrong)
        if not hours.any() or not past.size:
            continue
        rest = (sky.envelope[day] > 0) & ~concerned[day] & known[day]
        ours = _clearness(sky, past, hours)
        if sky.envelope[day][rest].sum() >= 0.1 * sky.envelope[day].sum():
            ours = _clearness(sky, np.array([day]), rest)[0] + ours - _clearness(sky, past, rest)
        possible = float(sky.envelope[day][hours].sum())
        lo, mid, hi = np.nanquantile(np.clip(ours, 0.0, 1.2), _Q80) * possible - float(sky.wh[day][hours].sum())
        lost[day, hours] = max(0.0, mid) * sky.envelope[day][hours] / possible
        doubts.append((mid - lo, hi - mid))
    total = float(lost.sum())
    low, high = (_summed(np.array(side)) for side in zip(*doubts, strict=True)) if doubts else (0.0, 0.0)
    systematic = _Z80 * _LEVEL_DOUBT * total
    return lost, max(0.0, total - float(np.hypot(low, systematic))), total + float(np.hypot(high, systematic))


def _summed(doubts: Floats) -> float:
    """The doubt of a sum of days that err together in part."""
    return float(np.sqrt((1.0 - _TOGETHER) * (doubts**2).sum() + _TOGETHER * doubts.sum() ** 2))


def _clearness(sky: Sky, days: Ints, hours: Bools) -> Floats:
    """Of each of these days, the part of the envelope that the hours gave; NaN where it is not known."""
    known = np.isfinite(sky.wh[days]) & hours
    possible = np.where(known, sky.envelope[days], 0.0).sum(axis=1)
    given = np.where(known, sky.wh[days], 0.0).sum(axis=1)
    return np.where(possible > 0, given / np.maximum(possible, 1.0), np.nan)
