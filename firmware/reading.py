"""Gathers bursts into readings, and says how uncertain each one is."""

from math import sqrt

from contract import wire

_PF_LEAST_MA = 250  # below it the power factor of a 30 A clamp is noise
_MOST_MW = 100000000
_MOST_MA = 400000
_MOST_MV = 600000
_MOST_U16 = 65535

# Uncertainty of active power, 95 %, see `uncertainty_mw`.
_GAIN_CALIBRATED, _GAIN_NOMINAL = 0.01, 0.06  # of P; parts as they are bought: 3 % clamp, 3 % voltage, 1 % reference
_PHASE_CALIBRATED, _PHASE_NOMINAL = 0.006, 0.10  # [rad] of Q; 0.35° and 6°, what the sensors' leads add up to
_NOISE_MW_SQRT_S = 1300  # ±1.3 W in one second, found in simulation of the ESP32's ADC; it averages out
_FLOOR_MW = 500  # what does not: the ADC's non-linearity at small currents


class Reading:
    """Sums over the bursts since the last reading; `take` turns them into a record and starts anew."""

    def __init__(self):
        self._clear()

    def _clear(self):
        self.bursts = 0
        self.covered_us = 0
        self.clipped = 0
        self.rejected = 0
        self._v2 = self._grid_a2 = self._pv_a2 = 0.0
        self._f_mhz = self._timed = 0
        self._grid_mw = self._grid_mvar = self._pv_mw = self._pv_mvar = self._house_mw = 0

    def add(self, meter, f_mhz: int, length_us: int, clipped: int) -> None:
        """Adds a burst; meter: what it was (see metering.Meter)."""
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
        self.covered_us += length_us
        self._v2 += meter.v2
        self._grid_a2 += meter.grid.a2
        self._grid_mw += grid_mw
        self._grid_mvar += meter.grid_mvar
        self._house_mw += meter.house_mw
        if meter.has_pv:
            self._pv_a2 += meter.pv.a2
            self._pv_mw += pv_mw
            self._pv_mvar += meter.pv_mvar
        if f_mhz:
            self._f_mhz += f_mhz
            self._timed += 1
        if clipped:
            self.clipped += 1

    def take(self, window_us: int, is_calibrated: bool) -> dict:
        """The electrical fields of a READING over the window, at least one burst of which was added."""
        n = self.bursts
        window_us = max(window_us, self.covered_us, 1)
        v_mv = min(_MOST_MV, round(1000 * sqrt(self._v2 / n)))
        record = {
            "window_ms": max(1, window_us // 1000),
            "v_mv": v_mv,
            "f_mhz": _mean(self._f_mhz, self._timed) if self._timed else 0,
            "house_mw": _bounded(_mean(self._house_mw, n)),
            "v_min_mv": min(_MOST_MV, self._v_min_mv),
            "v_max_mv": min(_MOST_MV, self._v_max_mv),
            "grid_min_mw": _bounded(self._grid_min_mw),
            "grid_max_mw": _bounded(self._grid_max_mw),
            "pv_min_mw": _bounded(self._pv_min_mw),
            "pv_max_mw": _bounded(self._pv_max_mw),
            "coverage_permille": min(1000, (1000 * self.covered_us + window_us // 2) // window_us),
            "bursts": min(n, _MOST_U16),
            "clipped": min(self.clipped, _MOST_U16),
            "rejected": min(self.rejected, _MOST_U16),
        }
        spread_mw = self._grid_max_mw - self._grid_min_mw
        self._put(record, "grid_", v_mv, self._grid_a2 / n, self._grid_mw, self._grid_mvar, spread_mw, is_calibrated)
        spread_mw = self._pv_max_mw - self._pv_min_mw
        self._put(record, "pv_", v_mv, self._pv_a2 / n, self._pv_mw, self._pv_mvar, spread_mw, is_calibrated)
        self._clear()
        return record

    def _put(self, record, channel, v_mv, a2, sum_mw, sum_mvar, spread_mw, is_calibrated):
        ma = min(_MOST_MA, round(1000 * sqrt(max(0.0, a2))))
        mva = min(_MOST_MW, v_mv * ma // 1000)
        mw = _bounded(_mean(sum_mw, self.bursts))
        mvar = _bounded(_mean(sum_mvar, self.bursts))
        record[channel + "ma"] = ma
        record[channel + "mw"] = mw
        record[channel + "mvar"] = mvar
        record[channel + "mva"] = mva
        record[channel + "pf_permille"] = power_factor_permille(mw, mva, ma)
        missing = 1000 - record["coverage_permille"]
        u_mw = uncertainty_mw(mw, mvar, record["window_ms"], missing, spread_mw, is_calibrated)
        record[channel + "u_mw"] = min(_MOST_MW, u_mw)


def power_factor_permille(mw: int, mva: int, ma: int) -> int:
    """P/S, signed as P; PF_NONE below the current where it means nothing."""
    if ma < _PF_LEAST_MA or not mva:
        return wire.PF_NONE
    return max(-1000, min(1000, _mean(1000 * mw, mva)))


def uncertainty_mw(
    mw: int, mvar: int, window_ms: int, missing_permille: int, spread_mw: int, is_calibrated: bool
) -> int:
    """Half width of the 95 % interval of a mean active power.

    Root of the sum of squares (GUM, JCGM 100:2008, section 5.1.2) of: gain error, a share of P; phase error, an angle
    times Q; noise, falling with the root of the time; a floor; and what was not sampled, which may have been anywhere
    in half the range seen.
    """
    gain = (_GAIN_CALIBRATED if is_calibrated else _GAIN_NOMINAL) * mw
    phase = (_PHASE_CALIBRATED if is_calibrated else _PHASE_NOMINAL) * mvar
    noise = _NOISE_MW_SQRT_S / sqrt(window_ms / 1000)
    unseen = missing_permille * spread_mw / 2000
    return round(sqrt(gain * gain + phase * phase + noise * noise + _FLOOR_MW * _FLOOR_MW + unseen * unseen))


def _mean(total: int, n: int) -> int:
    """Rounded to the nearest, halves away from zero, alike on both sides of it."""
    return (total + n // 2) // n if total >= 0 else -((n // 2 - total) // n)


def _bounded(mw: int) -> int:
    return max(-_MOST_MW, min(_MOST_MW, mw))
