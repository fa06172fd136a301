"""Gathers bursts into readings, and says how uncertain each one is."""

from math import sqrt

from contract import wire

_PF_LEAST_MA = 250  # P/S is within 0.03 from here on, in a second already, on the worst of the simulated chips …
_PF_LEAST_NOISY_MA = 1000  # … and from here on where the noise was never listened to, and is read as current
_LONG_GAP_US = 250000  # a burst that was lost whole: what happened meanwhile cannot be told from its neighbours
_STEP_SHARE = 0.7  # 1.96 / sqrt(12), and half again in square: a switch within a burst shows as two lesser steps
_MOST_MW = 100000000
_MOST_MA = 400000
_MOST_MV = 600000
_MOST_U16 = 65535


class Reading:
    """Sums over the bursts since the last reading; `take` turns them into a record and starts anew."""

    def __init__(self):
        self._last_grid_mw = self._last_pv_mw = 0
        self._record = {}  # always the same one: a new one would need the largest piece of a heap in small pieces
        self._clear()

    def _clear(self):
        self.bursts = 0
        self.covered_us = 0
        self.clipped = 0
        self.rejected = 0
        self._v2 = self._grid_a2 = self._pv_a2 = 0.0
        self._f_mhz = self._timed = 0
        self._clipped = 0  # samples, not bursts
        self._gaps_us2 = self._grid_gaps2 = self._pv_gaps2 = 0.0
        self._grid_mw = self._grid_mvar = self._pv_mw = self._pv_mvar = self._house_mw = 0

    def add(self, meter, burst) -> None:
        """Adds a burst (see bursts.Bursts); meter: what it was (see metering.Meter)."""
        grid_mw = meter.grid_mw
        pv_mw = meter.pv_mw
        if not self.bursts:
            self._v_min_mv = meter.v_min_mv
            self._v_max_mv = meter.v_max_mv
            self._grid_min_mw = self._grid_max_mw = grid_mw
            self._pv_min_mw = self._pv_max_mw = pv_mw
        if meter.v_min_mv < self._v_min_mv:
            self._v_min_mv = meter.v_min_mv
        if meter.v_max_mv > self._v_max_mv:
            self._v_max_mv = meter.v_max_mv
        if grid_mw < self._grid_min_mw:
            self._grid_min_mw = grid_mw
        elif grid_mw > self._grid_max_mw:
            self._grid_max_mw = grid_mw
        if pv_mw < self._pv_min_mw:
            self._pv_min_mw = pv_mw
        elif pv_mw > self._pv_max_mw:
            self._pv_max_mw = pv_mw
        self.bursts += 1
        self.covered_us += burst.covered_us
        if burst.gap_us:
            self._add_gap(float(burst.gap_us), grid_mw, pv_mw)
        self._last_grid_mw = grid_mw
        self._last_pv_mw = pv_mw
        self._v2 += meter.v2
        self._grid_a2 += meter.grid.a2
        self._grid_mw += grid_mw
        self._grid_mvar += meter.grid_mvar
        self._house_mw += meter.house_mw
        if meter.has_pv:
            self._pv_a2 += meter.pv.a2
            self._pv_mw += pv_mw
            self._pv_mvar += meter.pv_mvar
        if burst.f_mhz:
            self._f_mhz += burst.f_mhz
            self._timed += 1
        if burst.clipped:
            self.clipped += 1
            self._clipped += burst.clipped

    def _add_gap(self, gap_us: float, grid_mw: int, pv_mw: int) -> None:
        """Sums of squares of what gaps may have hidden: they err apart from each other (GUM, 5.1.2).

        A load that was switched may have been so anywhere between two captures: _STEP_SHARE of the step, either way.
        """
        if gap_us > _LONG_GAP_US:
            self._gaps_us2 += gap_us * gap_us
            return
        step = gap_us * (grid_mw - self._last_grid_mw) * _STEP_SHARE
        self._grid_gaps2 += step * step
        step = gap_us * (pv_mw - self._last_pv_mw) * _STEP_SHARE
        self._pv_gaps2 += step * step

    def take(self, window_us: int, meter) -> dict:
        """The electrical fields of a READING over the window, of which at least one burst was added.

        meter: the one whose bursts were added. The record is good until the next one is taken.
        """
        n = self.bursts
        window_us = max(window_us, self.covered_us, 1)
        v_mv = min(_MOST_MV, round(1000 * sqrt(self._v2 / n)))
        record = self._record
        record["window_ms"] = max(1, window_us // 1000)
        record["v_mv"] = v_mv
        record["f_mhz"] = _mean(self._f_mhz, self._timed) if self._timed else 0
        record["house_mw"] = _bounded(_mean(self._house_mw, n))
        record["v_min_mv"] = min(_MOST_MV, self._v_min_mv)
        record["v_max_mv"] = min(_MOST_MV, self._v_max_mv)
        record["grid_min_mw"] = _bounded(self._grid_min_mw)
        record["grid_max_mw"] = _bounded(self._grid_max_mw)
        record["pv_min_mw"] = _bounded(self._pv_min_mw)
        record["pv_max_mw"] = _bounded(self._pv_max_mw)
        record["coverage_permille"] = min(1000, (1000 * self.covered_us + window_us // 2) // window_us)
        record["bursts"] = min(n, _MOST_U16)
        record["clipped"] = min(self.clipped, _MOST_U16)
        record["rejected"] = min(self.rejected, _MOST_U16)
        self._put(record, "grid_", meter, meter.grid, self._grid_a2, self._grid_mw, self._grid_mvar, self._grid_gaps2)
        self._put(record, "pv_", meter, meter.pv, self._pv_a2, self._pv_mw, self._pv_mvar, self._pv_gaps2)
        self._clear()
        return record

    def _put(self, record, channel, meter, clamp, sum_a2, sum_mw, sum_mvar, gaps2):
        v_mv = record["v_mv"]
        ma = min(_MOST_MA, round(1000 * sqrt(max(0.0, sum_a2 / self.bursts))))
        mva = min(_MOST_MW, v_mv * ma // 1000)
        mw = _bounded(_mean(sum_mw, self.bursts))
        mvar = _bounded(_mean(sum_mvar, self.bursts))
        u_mw = meter.uncertainty_mw(clamp, mw, mvar, v_mv, ma, self.covered_us)
        range_mw = record[channel + "max_mw"] - record[channel + "min_mw"]
        unseen_mw = sqrt(gaps2 + self._gaps_us2 * range_mw * range_mw / 4) / (1000 * record["window_ms"])
        record[channel + "ma"] = ma
        record[channel + "mw"] = mw
        record[channel + "mvar"] = mvar
        record[channel + "mva"] = mva
        record[channel + "pf_permille"] = power_factor_permille(mw, mva, ma, clamp.noise_a is not None)
        record[channel + "u_mw"] = min(_MOST_MW, round(joined(u_mw, unseen_mw, self._cut_mw(mva, meter.sample_us))))

    def _cut_mw(self, mva: int, sample_us: int) -> float:
        """What clipping may hide: of a sine that is cut off for a share of the time, up to the square of the share."""
        share = min(1.0, self._clipped * sample_us / max(1, self.covered_us))
        return share * share * mva


def joined(*half_widths) -> float:
    """The interval of a sum from those of its parts, which err apart from each other (GUM, JCGM 100:2008, 5.1.2)."""
    return sqrt(sum([half * half for half in half_widths]))


def power_factor_permille(mw: int, mva: int, ma: int, is_noise_known: bool) -> int:
    """P/S, signed as P; PF_NONE below the current where it means nothing."""
    if ma < (_PF_LEAST_MA if is_noise_known else _PF_LEAST_NOISY_MA) or not mva:
        return wire.PF_NONE
    return max(-1000, min(1000, _mean(1000 * mw, mva)))


def _mean(total: int, n: int) -> int:
    """Rounded to the nearest, halves away from zero, alike on both sides of it."""
    return (total + n // 2) // n if total >= 0 else -((n // 2 - total) // n)


def _bounded(mw: int) -> int:
    return max(-_MOST_MW, min(_MOST_MW, mw))
