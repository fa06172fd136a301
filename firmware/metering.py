"""Turns the kernel's exact sums into volts, amperes, watts and vars.

With x and y the mean-free signals of a window of length T, cov = T * sum(xy) - sum(x) * sum(y) is T^2 times their
mean product, in integers: the offsets are removed exactly, afterwards, and no filter has to settle.

Phase. R(d) = mean of V delayed by d, times I, is for a sinusoid a cosine in d: two delays a and b give every other
one, R(d) = (R(a) sin(b - d) + R(b) sin(d - a)) / sin(b - a). Active power is R at the delay that the sensors' own
phase asks for, from two neighbouring triples; reactive power is R a quarter period further (IEEE 1459, Budeanu's
fundamental), positive where the current lags.
"""

from math import cos, exp, log, pi, sin, sqrt

from bursts import LAG_LEAST, LAG_MOST

from contract.refusal import Refusal

NOMINAL = {  # the board as it is drawn: trimmer at 0.65 V for 230 V, clamps of 1 V at 30 A divided to 0.6
    "v": {"volts_per_step": 0.1769230769, "noise_v": 0.0},
    "grid": {"amps_per_step": 0.025, "phase_deg": 0.0, "noise_a": 0.0, "offset_w": 0.0, "points": []},
    "pv": {"amps_per_step": 0.025, "phase_deg": 0.0, "noise_a": 0.0, "offset_w": 0.0, "points": []},
}
_BOUNDS = {  # a factor of four around the board as it is drawn: beyond it the number is a mistake
    "volts_per_step": (0.04, 0.8),
    "noise_v": (0.0, 20.0),
    "amps_per_step": (0.006, 0.1),
    "noise_a": (0.0, 3.0),
    "offset_w": (-50.0, 50.0),
    "phase_deg": (-65.0, 35.0),
    "gain": (0.25, 4.0),
    "amps": (0.01, 400.0),
    "reference_permille": (0, 100),
}

# What a calibration leaves in doubt: half widths of 95 % intervals, found on simulated boards (docs/accuracy.md).
_GAIN, _GAIN_PER_BEND = 0.0022, 0.68  # calibrated at several points: a share, and what the points say of each other
_GAIN_ONE = 0.011  # calibrated at one point
_GAIN_NOMINAL = 0.055  # not calibrated: clamp, trimmer and reference voltage as they are bought
_UNEVEN_A, _UNEVEN_AT_A = 0.105, 0.5  # what an uneven ADC adds far from calibrated points: see _uneven
_PHASE, _PHASE_ONE, _PHASE_NOMINAL = 0.001, 0.014, 0.06  # [rad]
_NOISE_A, _NOISE_V = 0.2, 1.4  # of an ESP32's ADC behind 100 nF, where nobody has listened
_POINT_SHARE = 0.3 / 40000  # noise that points, heard for 10 s each, leave in the gain, as if it were of the window
_OCTAVE = 0.7  # log 2: so far beyond the outer points they still speak
_SAME_MHZ = 5  # what the angles may be out of date by: 0.01 % of a delay that is a few degrees …
_SAME_RAD = 0.00005  # … and the weights: 0.009 % of the power at a power factor of 0.5
_NORMAL = 1.96  # 95 % of a normal distribution lie within so many standard deviations
_RECTANGLE = 1.13  # the same of one that only knows its limits, added like a normal one: 1.96 / sqrt(3)
_REFERENCE_PERMILLE = 5  # limits of an instrument of class 0.5, where the calibration names no other


def check_calibration(calibration) -> None:
    """Raises Refusal, with the field's dotted name, for a calibration that cannot be one; parts may be left out."""
    if not isinstance(calibration, dict):
        raise Refusal("malformed", "calibration")
    _check_numbers({"reference_permille": calibration.get("reference_permille", 0)}, "calibration")
    if "adc" in calibration:
        import linearise  # a heap that is nearly full holds no module without need

        linearise.check_points(calibration["adc"])
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
    noise_a: what is heard without a current [A], None where nobody has listened; phase_error: half width of the 95 %
    interval of the lead [rad].
    """

    def __init__(self, index: int, sign: int, known: dict, volts_per_step: float):
        """index: 1 or 2, the input it is on; known: see NOMINAL; volts_per_step: of the voltage it is set against."""
        self._sum = index
        self._square = 3 + index
        self._lag = 3 + 3 * index
        self._amps2 = known["amps_per_step"] ** 2
        self._watts = sign * known["amps_per_step"] * volts_per_step
        self.noise_a = known["noise_a"] or None
        self._noise_a2 = known["noise_a"] ** 2
        self._offset_w = sign * known["offset_w"]  # what it hears of the voltage without a current
        self.lead = known["phase_deg"] * pi / 180  # by which the current is read ahead of the voltage [rad]
        self._points = [(log(p["amps"]), p["gain"], p["phase_deg"] * pi / 180) for p in known["points"]]
        self._points.sort()
        self._bends = _bends(self._points)
        self.is_calibrated = known["is_calibrated"]
        self.phase_error = _PHASE_ONE if known["is_turned"] else _PHASE_NOMINAL
        if self._bends and self._points[0][2] != self._points[-1][2]:
            self.phase_error = _PHASE
        self._near = 0  # the point below the last current: the next one is rarely far from it
        self._turned = 0  # the turn that the weights are for …
        self._weighed_lead = 0.0  # … and the lead
        self._at_lag = self._at_next = self._quarter = self._of_lag = 0.0
        self.a2 = self.w = self.var = 0.0

    def measure(self, words: list, length: int, turn) -> None:
        """words: of a burst, see bursts.Bursts; turn: the angles of this frequency."""
        sum_i = words[self._sum]
        length2 = length * length
        a2 = (words[self._square] * length - sum_i * sum_i) * self._amps2 / length2 - self._noise_a2
        scale = self._watts / length2
        gain = 1.0
        if self._points and a2 > 0.0:
            gain = self._correct(log(a2) / 2)
            scale *= gain
            a2 *= gain * gain
        self.a2 = a2
        self._weigh(turn)
        sums = words[0] * sum_i
        lag = self._lag
        at_lag = words[lag] * length - sums
        self.w = (at_lag * self._at_lag + (words[lag + 1] * length - sums) * self._at_next) * scale
        if self._offset_w:
            self.w -= gain * self._offset_w
        self.var = ((words[lag + 2] * length - sums) * self._quarter - at_lag * self._of_lag) * scale

    def _weigh(self, turn) -> None:
        """Sets the weights of the lag products, anew where the frequency or the lead has moved."""
        lead = self.lead
        if turn.number == self._turned and -_SAME_RAD < lead - self._weighed_lead < _SAME_RAD:
            return
        self._turned = turn.number
        self._weighed_lead = lead
        d = -lead - turn.delay
        self._at_lag = sin(turn.step - d) / turn.sin_step
        self._at_next = sin(d) / turn.sin_step
        self._quarter = cos(d) / turn.sin_quarter
        self._of_lag = cos(turn.quarter - d) / turn.sin_quarter

    def gain_error(self, a: float) -> float:
        """Half width of the 95 % interval of power's gain at a current [A], as a share."""
        points = self._points
        rest = _GAIN_ONE if self.is_calibrated else _GAIN_NOMINAL
        uneven = _uneven(a)
        if self._bends:
            log_a = log(max(a, 0.001))
            if log_a < points[-1][0] + _OCTAVE:
                rest = _GAIN
            bend = _GAIN_PER_BEND * self._bends[min(self._find(log_a), len(self._bends) - 1)]
            rest = sqrt(rest * rest + bend * bend)
            uneven = max(0.0, _uneven(2 * a) - _uneven(exp(points[0][0])))
        return sqrt(rest * rest + uneven * uneven)

    def _find(self, log_a: float) -> int:
        """The point at or below this current, the first one where there is none."""
        points = self._points
        near = self._near
        last = len(points) - 1
        while near and points[near][0] > log_a:
            near -= 1
        while near < last and points[near + 1][0] <= log_a:
            near += 1
        self._near = near
        return near

    def _correct(self, log_a: float) -> float:
        """Sets the phase for this current and returns its gain, linear in its logarithm between calibrated points."""
        points = self._points
        near = self._find(log_a)
        low, low_gain, low_lead = points[near]
        if near == len(points) - 1 or log_a <= low:
            self.lead = low_lead
            return low_gain
        high, high_gain, high_lead = points[near + 1]
        share = (log_a - low) / (high - low)
        self.lead = low_lead + share * (high_lead - low_lead)
        return low_gain + share * (high_gain - low_gain)


class Turn:
    """Angles [rad] at a frequency: of one triple, of the whole triples the voltage is delayed, of the quarter.

    number: changes with them.
    """

    def __init__(self):
        self.number = self.f_mhz = self.lag = self.quarter_triples = 0
        self.step = self.delay = self.quarter = 0.0
        self.sin_step = self.sin_quarter = 1.0

    def follow(self, f_mhz: int, lag: int, quarter: int, sample_us: int) -> None:
        is_same = -_SAME_MHZ < f_mhz - self.f_mhz < _SAME_MHZ
        if is_same and lag == self.lag and quarter == self.quarter_triples:
            return
        self.number += 1
        self.f_mhz = f_mhz
        self.lag = lag
        self.quarter_triples = quarter
        self.step = f_mhz * sample_us * (2 * pi / 1e9)
        self.delay = lag * self.step
        self.quarter = quarter * self.step
        self.sin_step = sin(self.step)
        self.sin_quarter = sin(self.quarter)


class Meter:
    """What a burst was. After `measure`: v2 [V²], grid and pv (see Clamp); as integers v_mv, grid_mw, grid_mvar, pv_mw,
    pv_mvar, house_mw, what the house drew, and v_min_mv, v_max_mv, the least and the greatest single cycle. sample_us:
    time between triples; reference: error limit of the instrument that the calibration was made with, as a share."""

    def __init__(self, config, sample_us: int = 250):
        """config: see config.Config."""
        v = _known(config.calibration, "v")
        clamps = (None, _known_clamp(config.calibration, "grid"), _known_clamp(config.calibration, "pv"))
        self.sample_us = sample_us
        self.reference = config.calibration.get("reference_permille", _REFERENCE_PERMILLE) / 1000
        volts_per_step = v["volts_per_step"]
        self._volts2 = volts_per_step**2
        self.noise_v = v["noise_v"] or _NOISE_V
        self._noise_v2 = v["noise_v"] ** 2
        self.grid = Clamp(config.grid_input, config.grid_sign, clamps[config.grid_input], volts_per_step)
        self.pv = Clamp(config.pv_input, config.pv_sign, clamps[config.pv_input], volts_per_step)
        self.has_pv = config.has_pv
        self._turn = Turn()
        self._turn.follow(50000, 0, 20, sample_us)
        self.v2 = 0.0
        self.v_min_mv = self.v_max_mv = 0
        self.v_mv = self.grid_mw = self.grid_mvar = self.pv_mw = self.pv_mvar = self.house_mw = 0

    def best_lag(self) -> int:
        """The whole triples of voltage delay that serve the clamps best, at 50 Hz."""
        lead = (self.grid.lead + self.pv.lead) / 2 if self.has_pv else self.grid.lead
        return max(LAG_LEAST, min(LAG_MOST, int(-lead // (self.sample_us * 1e-4 * pi))))

    def uncertainty_mw(self, clamp, mw: int, mvar: int, v_mv: int, ma: int, covered_us: int) -> float:
        """Half width of the 95 % interval of a mean active power, of what was sampled for covered_us.

        Root of the sum of squares (GUM, JCGM 100:2008, 5.1.2) of: gain, a share of P that depends on the current; the
        instrument of the calibration; phase, an angle times Q; and noise. The mean of n products of a steady signal
        with noise is as noisy as the signal's RMS times the noise, over the root of n (4.2.3).
        """
        gain = clamp.gain_error(ma / 1000) * mw
        reference = _RECTANGLE * self.reference * mw if clamp.is_calibrated else 0.0
        phase = clamp.phase_error * mvar
        noise_i = _NORMAL * v_mv * (clamp.noise_a or _NOISE_A)
        noise_v = _NORMAL * ma * self.noise_v
        share = 1 / max(1, covered_us // self.sample_us)
        if clamp.is_calibrated:
            share += _POINT_SHARE
        noise2 = (noise_i * noise_i + noise_v * noise_v) * share
        return sqrt(gain * gain + reference * reference + phase * phase + noise2)

    def mv_of(self, v2: float) -> int:
        """The voltage [mV] of a mean square [steps²]."""
        return round(1000 * sqrt(max(0.0, v2 * self._volts2 - self._noise_v2)))

    def v2_of(self, v_mv: int) -> float:
        """The mean square [steps²] of a voltage."""
        return v_mv * v_mv / (1000000 * self._volts2)

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
        turn.follow(burst.f_mhz or turn.f_mhz, burst.lag, burst.quarter, self.sample_us)
        cov = words[3] * length - words[0] * words[0]
        self.v2 = max(0.0, cov * self._volts2 / (length * length) - self._noise_v2)
        self.v_mv = round(1000 * sqrt(self.v2))
        self.grid.measure(words, length, turn)
        self.grid_mw = self.house_mw = round(1000 * self.grid.w)
        self.grid_mvar = round(1000 * self.grid.var)
        if self.has_pv:
            self.pv.measure(words, length, turn)
            self.pv_mw = round(1000 * self.pv.w)
            self.pv_mvar = round(1000 * self.pv.var)
            if self.pv_mw > 0:
                self.house_mw = self.grid_mw + self.pv_mw


def _known(calibration: dict, part: str) -> dict:
    """A part of the calibration, completed by that of the board as it is drawn."""
    known = dict(NOMINAL[part])
    known.update(calibration.get(part, {}))
    return known


def _known_clamp(calibration: dict, part: str) -> dict:
    """The same of a clamp, and whether somebody has set its gain (and the voltage's) and its phase."""
    known = _known(calibration, part)
    drawn = NOMINAL[part]
    has_volts = _known(calibration, "v")["volts_per_step"] != NOMINAL["v"]["volts_per_step"]
    has_amps = known["amps_per_step"] != drawn["amps_per_step"] or bool(known["points"])
    known["is_calibrated"] = has_volts and has_amps
    known["is_turned"] = known["phase_deg"] != drawn["phase_deg"]
    return known


def _uneven(a: float) -> float:
    """The share by which an uneven ADC changes the gain at a current [A], set against the gain at a large one."""
    return _UNEVEN_A / sqrt(a * a + _UNEVEN_AT_A * _UNEVEN_AT_A)


def _bends(points: list) -> list:
    """For each interval between points: RMS of how far the gain of a point lies from the straight line between its
    neighbours, points farther away counting half as much each; none of fewer than three points.

    It is the calibration's own sign of how well straight lines fit between its points.
    """
    bends = []
    last = len(points) - 1
    for near in range(last if last > 1 else 0):
        total = weight = 0.0
        for k in range(1, last):
            off = points[k][1] - (points[k - 1][1] + points[k + 1][1]) / 2
            share = 1 / (1 << (near - k if k <= near else k - near - 1))
            total += share * off * off
            weight += share
        bends.append(sqrt(total / weight))
    return bends
