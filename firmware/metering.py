"""Turns the kernel's exact sums into volts, amperes, watts and vars.

With x and y the mean-free signals of a window of length T, cov = T * sum(xy) - sum(x) * sum(y) is T^2 times their
mean product, in integers: the offsets are removed exactly, afterwards, and no filter has to settle.

Phase. R(d) = mean of V delayed by d, times I, is for a sinusoid a cosine in d: two delays a and b give every other
one, R(d) = (R(a) sin(b - d) + R(b) sin(d - a)) / sin(b - a). Active power is R at the delay that the sensors' own
phase asks for, from two neighbouring triples; reactive power is R a quarter period further (IEEE 1459, Budeanu's
fundamental), positive where the current lags.
"""

from math import cos, log, pi, sin, sqrt

from bursts import LAG_LEAST, LAG_MOST

from contract.refusal import Refusal

NOMINAL = {  # the board as it is drawn: trimmer at 0.65 V for 230 V, clamps of 1 V at 30 A divided to 0.6
    "v": {"volts_per_step": 0.1769230769, "noise_v": 0.0},
    "grid": {"amps_per_step": 0.025, "phase_deg": 0.0, "noise_a": 0.0, "points": []},
    "pv": {"amps_per_step": 0.025, "phase_deg": 0.0, "noise_a": 0.0, "points": []},
}
_BOUNDS = {  # a factor of four around the board as it is drawn: beyond it the number is a mistake
    "volts_per_step": (0.04, 0.8),
    "noise_v": (0.0, 20.0),
    "amps_per_step": (0.006, 0.1),
    "noise_a": (0.0, 3.0),
    "phase_deg": (-65.0, 35.0),
    "gain": (0.25, 4.0),
    "amps": (0.01, 400.0),
}


def check_calibration(calibration) -> None:
    """Raises Refusal, with the field's dotted name, for a calibration that cannot be one; parts may be left out."""
    if not isinstance(calibration, dict):
        raise Refusal("malformed", "calibration")
    for part in ("v", "grid", "pv"):
        known = calibration.get(part, {})
        _check_numbers(known, "calibration." + part)
        points = known.get("points", [])
        if not isinstance(points, list) or len(points) > 16:
            raise Refusal("malformed", "calibration." + part + ".points")
        for point in points:
            _check_numbers(point, "calibration." + part + ".points")


def _check_numbers(known, where: str) -> None:
    if not isinstance(known, dict):
        raise Refusal("malformed", where)
    for name, number in known.items():
        if name not in _BOUNDS:
            continue
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise Refusal("malformed", where + "." + name)
        least, most = _BOUNDS[name]
        if not least <= number <= most:
            raise Refusal("out_of_range", where + "." + name)


class Clamp:
    """One current channel: where its words are, its sign, and its gain and phase against the current.

    After `measure`: a2 [A²], below zero where nothing but noise was heard, so that means stay true; w; var.
    """

    def __init__(self, index: int, sign: int, known: dict):
        """index: 1 or 2, the input it is on; known: see NOMINAL."""
        self._sum = index
        self._square = 3 + index
        self._lag = 3 + 3 * index
        self._amps_per_step = known["amps_per_step"]
        self._sign = sign
        self._noise_a2 = known["noise_a"] ** 2
        self.lead = known["phase_deg"] * pi / 180  # by which the current is read ahead of the voltage [rad]
        self._points = [(log(p["amps"]), p["gain"], p["phase_deg"] * pi / 180) for p in known["points"]]
        self._points.sort()
        self._near = 0  # the point below the last current: the next one is rarely far from it
        self.a2 = self.w = self.var = 0.0

    def measure(self, words: list, length: int, turn, volts_per_step: float) -> None:
        """words: of a burst, see bursts.Bursts; turn: the angles of this frequency."""
        scale = self._amps_per_step / length
        sum_i = words[self._sum]
        a2 = (words[self._square] * length - sum_i * sum_i) * scale * scale - self._noise_a2
        gain = self._correct(log(a2) / 2) if a2 > 0.0 and self._points else 1.0
        self.a2 = a2 * gain * gain
        sums = words[0] * sum_i
        lag = self._lag
        at_lag = words[lag] * length - sums
        at_quarter = words[lag + 2] * length - sums
        scale *= self._sign * gain * volts_per_step / length
        d = -self.lead - turn.delay
        self.w = scale * (at_lag * sin(turn.step - d) + (words[lag + 1] * length - sums) * sin(d)) / turn.sin_step
        self.var = scale * (at_quarter * cos(d) - at_lag * cos(turn.quarter - d)) / turn.sin_quarter

    def _correct(self, log_a: float) -> float:
        """Sets the phase for this current and returns its gain, linear in its logarithm between calibrated points."""
        points = self._points
        near = self._near
        last = len(points) - 1
        while near and points[near][0] > log_a:
            near -= 1
        while near < last and points[near + 1][0] <= log_a:
            near += 1
        self._near = near
        low, low_gain, low_lead = points[near]
        if near == last or log_a <= low:
            self.lead = low_lead
            return low_gain
        high, high_gain, high_lead = points[near + 1]
        share = (log_a - low) / (high - low)
        self.lead = low_lead + share * (high_lead - low_lead)
        return low_gain + share * (high_gain - low_gain)


class Turn:
    """Angles [rad] at a frequency: of one triple, of the whole triples the voltage is delayed, of the quarter."""

    def __init__(self):
        self.f_mhz = self.lag = 0
        self.step = self.delay = self.quarter = 0.0
        self.sin_step = self.sin_quarter = 1.0

    def set(self, f_mhz: int, lag: int, quarter: int, sample_us: int) -> None:
        self.f_mhz = f_mhz
        self.lag = lag
        self.step = f_mhz * sample_us * (2 * pi / 1e9)
        self.delay = lag * self.step
        self.quarter = quarter * self.step
        self.sin_step = sin(self.step)
        self.sin_quarter = sin(self.quarter)


class Meter:
    """What a burst was. After `measure`: v2 [V²], grid and pv (see Clamp); as integers v_mv, grid_mw, grid_mvar, pv_mw,
    pv_mvar, house_mw, what the house drew, and v_min_mv, v_max_mv, the least and the greatest single cycle."""

    def __init__(self, config, sample_us: int = 250):
        """config: see config.Config."""
        v = _known(config.calibration, "v")
        clamps = (None, _known(config.calibration, "grid"), _known(config.calibration, "pv"))
        self._sample_us = sample_us
        self._volts_per_step = v["volts_per_step"]
        self._noise_v2 = v["noise_v"] ** 2
        self.grid = Clamp(config.grid_input, config.grid_sign, clamps[config.grid_input])
        self.pv = Clamp(config.pv_input, config.pv_sign, clamps[config.pv_input])
        self.has_pv = config.has_pv
        self._turn = Turn()
        self._turn.set(50000, 0, 20, sample_us)
        self.v2 = 0.0
        self.v_min_mv = self.v_max_mv = 0
        self.v_mv = self.grid_mw = self.grid_mvar = self.pv_mw = self.pv_mvar = self.house_mw = 0

    def best_lag(self) -> int:
        """The whole triples of voltage delay that serve the clamps best, at 50 Hz."""
        lead = (self.grid.lead + self.pv.lead) / 2 if self.has_pv else self.grid.lead
        return max(LAG_LEAST, min(LAG_MOST, int(-lead // (self._sample_us * 1e-4 * pi))))

    def mv_of(self, v2: float) -> int:
        """The voltage [mV] of a mean square [steps²]."""
        scale = self._volts_per_step
        return round(1000 * sqrt(max(0.0, v2 * scale * scale - self._noise_v2)))

    def v2_of(self, v_mv: int) -> float:
        """The mean square [steps²] of a voltage."""
        steps = v_mv / 1000 / self._volts_per_step
        return steps * steps

    def measure_cycles(self, burst) -> None:
        """Reads the extremes of a burst, which even one that was rejected has."""
        self.v_min_mv = self.mv_of(burst.v2_least)
        self.v_max_mv = self.mv_of(burst.v2_most)

    def measure(self, burst) -> None:
        """Reads a burst that was added up (see bursts.Bursts)."""
        self.measure_cycles(burst)
        words = burst.words
        length = burst.length
        turn = self._turn
        if burst.f_mhz and burst.f_mhz != turn.f_mhz:
            turn.set(burst.f_mhz, burst.lag, burst.quarter, self._sample_us)
        scale = self._volts_per_step / length
        self.v2 = max(0.0, (words[3] * length - words[0] * words[0]) * scale * scale - self._noise_v2)
        self.v_mv = round(1000 * sqrt(self.v2))
        self.grid.measure(words, length, turn, self._volts_per_step)
        self.grid_mw = self.house_mw = round(1000 * self.grid.w)
        self.grid_mvar = round(1000 * self.grid.var)
        if self.has_pv:
            self.pv.measure(words, length, turn, self._volts_per_step)
            self.pv_mw = round(1000 * self.pv.w)
            self.pv_mvar = round(1000 * self.pv.var)
            if self.pv_mw > 0:
                self.house_mw = self.grid_mw + self.pv_mw


def _known(calibration: dict, part: str) -> dict:
    """A part of the calibration, completed by that of the board as it is drawn."""
    known = dict(NOMINAL[part])
    known.update(calibration.get(part, {}))
    return known
