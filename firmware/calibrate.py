"""The steps of the guided calibration: each measures over a number of bursts while metering goes on, judges, and keeps.

A step reads the same words as the meter, through a bare Meter of its own that knows the scales and the noise but no
points, and that takes its two channels for the two inputs. What it finds belongs to the input, whatever its role.

With x a burst's figure, n bursts, and d the differences of those that follow each other, the standard error of the mean
is sqrt(mean(d²) / 2 / n) (von Neumann's: blind to a drift), and a drift shows as the difference of the two halves.

    voltage   volts_per_step × reference / sqrt(mean V²)
    current   gain = reference / sqrt(mean I² - noise²), or reference power / sqrt(P² + Q²) with a resistive load
    phase     lead = the lead it was read with - atan(Q / P), which makes Q zero
"""

from math import atan, pi, sqrt

import config
from calibration import MOST_POINTS, on_curve, part_of, roles_of
from metering import Meter

from contract.refusal import Refusal

_LEAST_BURSTS, _MOST_BURSTS = 10, 600
_EDGE_BURSTS = 10  # two seconds that a load must stand, before and after it is switched
_PRESENT_V = 50.0
_ONE_POINT = 1.15  # currents nearer to each other than this share a point
_LOAD_A = 0.03  # what correlates with the voltage beyond this is a load: 7 W
_NOISY_A = 0.4  # ten times what a quiet board hears, twice a bad one
_LEAST_RATIO, _MOST_RATIO = 0.25, 4.0  # beyond it a reference is a slip of the pen (see metering's bounds)
_LIKELY = 0.25  # parts as they are bought are within
_SWITCHED_VA = 300.0  # a kettle has 2,000
_HEARD = 0.2  # a clamp that carries the load hears all of it
_GENERATES_VA = 50.0  # less is an inverter at rest and its filter


class Unfit(Exception):
    """Why a step keeps nothing."""


class _Series:
    """Mean, standard error and drift of n numbers of one magnitude; kept as differences from the first, which 32-bit
    floats resolve."""

    def __init__(self, n: int):
        self._half = n // 2
        self._count = 0
        self._first = self._last = 0.0
        self._early = self._late = self._squares = 0.0

    def add(self, number: float) -> None:
        if not self._count:
            self._first = self._last = number
        self._squares += (number - self._last) ** 2
        self._last = number
        if self._count < self._half:
            self._early += number - self._first
        else:
            self._late += number - self._first
        self._count += 1

    @property
    def mean(self) -> float:
        return self._first + (self._early + self._late) / self._count

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return sqrt(self._squares / (2 * max(1, self._count - 1)) / self._count)

    @property
    def drift(self) -> float:
        """How far the halves lie apart, beyond what the noise explains in all but one of 10⁵ cases."""
        apart = abs(self._late / (self._count - self._half) - self._early / self._half)
        return max(0.0, apart - 9 * self.error)


class _Step:
    """One measurement under way. `add` takes a burst and says whether it was the last; `finish` judges and keeps."""

    bursts = 50
    channels = 7  # inputs that must not be clipped

    def __init__(self, calibrations, arguments: dict):
        self.n = config.whole(arguments, "bursts", self.bursts, _LEAST_BURSTS, _MOST_BURSTS)
        self.calibrations = calibrations
        self.known = calibrations.editable()
        self.count = self.clipped = self.silent = 0
        self._met = calibrations.config

    def add(self, burst, bare) -> bool:
        self.count += 1
        if burst.clipped_channels & self.channels:
            self.clipped += 1
        if not burst.f_mhz or bare.v2 < _PRESENT_V * _PRESENT_V:
            self.silent += 1
        self.listen(bare)
        return self.count >= self.n

    def finish(self) -> tuple:
        """(verdict, pairs of name and number). Raises Unfit."""
        if self._met is not self.calibrations.config:
            raise Unfit("configuration")
        if 10 * self.clipped > self.count:
            raise Unfit("clipped")
        return self.judge()

    def listen(self, bare) -> None:
        """Takes one burst as the bare meter reads it."""
        raise NotImplementedError

    def judge(self) -> tuple:
        """(verdict, what is told), the change put into `known`."""
        raise NotImplementedError

    def need_mains(self) -> None:
        if self.silent:
            raise Unfit("no_voltage")


class Zero(_Step):
    """No load in the clamps: what they hear is noise, and what of it correlates with the voltage is an offset."""

    bursts = 150
    channels = 6

    def __init__(self, calibrations, arguments):
        _Step.__init__(self, calibrations, arguments)
        self._noises = [_Series(self.n) for _ in range(2)]
        self._offsets = [_Series(self.n) for _ in range(2)]
        self._mvars = [0.0, 0.0]
        self._v2 = 0.0

    def listen(self, bare) -> None:
        self._v2 += bare.v2
        for k in range(2):
            clamp = bare.pv if k else bare.grid
            self._noises[k].add(clamp.a2)
            self._offsets[k].add(clamp.w)
            self._mvars[k] += clamp.var

    def judge(self):
        v = sqrt(max(0.0, self._v2 / self.count))
        verdict = "good"
        told = []
        for k, part in enumerate(("grid", "pv")):
            offset_w = self._offsets[k].mean
            var = self._mvars[k] / self.count
            if v > _PRESENT_V and sqrt(offset_w * offset_w + var * var) > _LOAD_A * v:
                raise Unfit("load_%d" % (k + 1))
            noise_a = sqrt(max(0.0, self._noises[k].mean))
            if abs(offset_w) < 3 * self._offsets[k].error:
                offset_w = 0.0  # the noise explains it
            if noise_a > _NOISY_A:
                verdict = "poor"
            self.known[part]["noise_a"] = noise_a
            self.known[part]["offset_w"] = offset_w if v > _PRESENT_V else 0.0
            told.append(("noise_%d_ua" % (k + 1), round(noise_a * 1e6)))
            told.append(("offset_%d_mw" % (k + 1), round(offset_w * 1000)))
            told.append(("residual_%d_mw" % (k + 1), round(self._offsets[k].error * 1000)))
        if v < _PRESENT_V:
            self.known["v"]["noise_v"] = v
        return verdict, told


class Voltage(_Step):
    """Beside a voltmeter at the same socket."""

    channels = 1

    def __init__(self, calibrations, arguments):
        _Step.__init__(self, calibrations, arguments)
        self._v = config.whole(arguments, "mv", None, 80000, 300000) / 1000
        self._ratios = _Series(self.n)

    def listen(self, bare) -> None:
        self._ratios.add(bare.v2 / (self._v * self._v) - 1.0)

    def judge(self):
        self.need_mains()
        ratio = _scale(self._ratios, 0.5)
        self.known["v"]["volts_per_step"] *= ratio
        self.known["v"]["noise_v"] *= ratio
        verdict = _steady(self._ratios, 0.5, ratio)
        return verdict, [("ratio_ppm", round(1e6 * ratio)), ("residual_ppm", round(5e5 * self._ratios.error))]


class _OneClamp(_Step):
    def __init__(self, calibrations, arguments):
        _Step.__init__(self, calibrations, arguments)
        channel = arguments.get("channel")
        if channel not in ("grid", "pv") or (channel == "pv" and not calibrations.config.has_pv):
            raise Refusal("malformed" if channel != "pv" else "out_of_range", "channel")
        self.channel = channel
        self.part = part_of(calibrations.config, channel)
        self.channels = 2 if self.part == "grid" else 4
        self.here = self.known[self.part]
        self.v2 = self.a2 = self.va = 0.0

    def clamp_of(self, bare):
        clamp = bare.grid if self.part == "grid" else bare.pv
        self.v2 += bare.v2
        self.a2 += clamp.a2
        self.va += sqrt(clamp.w * clamp.w + clamp.var * clamp.var)
        return clamp

    def point(self, amps: float) -> dict:
        """The point at this current, as the scale reads it: so it is looked up. Made where there is none."""
        points = self.here["points"]
        for point in points:
            if amps < point["amps"] * _ONE_POINT and point["amps"] < amps * _ONE_POINT:
                point["amps"] = amps
                return point
        if len(points) >= MOST_POINTS:
            raise Unfit("points")
        points.append({"amps": amps})
        return points[-1]

    def need_current(self, least_a: float) -> float:
        """The current as the bare meter reads it [A]."""
        self.need_mains()
        amps = sqrt(max(0.0, self.a2 / self.count))
        if self.va / self.count < least_a * sqrt(self.v2 / self.count):
            raise Unfit("no_current")
        if not self.here["noise_a"] and amps < 5.0:
            raise Unfit("zero_first")  # the noise would count as current
        return amps

    def need_resistive(self, amps: float) -> None:
        """Where V × I is more than the fundamental's P and Q explain, the load draws pulses (IEEE 1459: distortion)."""
        if self.va / self.count < 0.96 * amps * sqrt(self.v2 / self.count):
            raise Unfit("not_resistive")


class Current(_OneClamp):
    """A load beside an ammeter (ma), or a resistive one beside a wattmeter (mw)."""

    def __init__(self, calibrations, arguments):
        _OneClamp.__init__(self, calibrations, arguments)
        self._w = self._a = 0.0
        if "mw" in arguments:
            self._w = config.whole(arguments, "mw", None, 5000, 15000000) / 1000
        else:
            self._a = config.whole(arguments, "ma", None, 20, 60000) / 1000
        self._ratios = _Series(self.n)

    def listen(self, bare) -> None:
        clamp = self.clamp_of(bare)
        if self._w:
            self._ratios.add(sqrt(clamp.w * clamp.w + clamp.var * clamp.var) / self._w - 1.0)
        else:
            self._ratios.add(clamp.a2 / (self._a * self._a) - 1.0)

    def judge(self):
        reference_a = self._a or self._w / sqrt(max(1.0, self.v2 / self.count))
        read_a = self.need_current(reference_a / 8)
        if self._w:
            self.need_resistive(read_a)
        exponent = 1.0 if self._w else 0.5
        gain = _scale(self._ratios, exponent)
        curve = on_curve(self.here["points"], "gain", reference_a / gain, 0.0)
        verdict = _steady(self._ratios, exponent, gain / (curve or 1.0))
        self.point(reference_a / gain)["gain"] = gain
        told = [
            ("ma", round(1000 * reference_a)),
            ("gain_ppm", round(1e6 * gain)),
            ("residual_ppm", round(1e6 * exponent * self._ratios.error)),
        ]
        if curve:
            told.append(("misfit_ppm", round(1e6 * (gain / curve - 1.0))))
        return verdict, told


class Phase(_OneClamp):
    """A resistive load: its reactive power is zero, so what is read is the sensors' own angle."""

    _MOST_RAD = 15 * pi / 180  # a kettle that seems further off is none
    _UNSTEADY_RAD = 0.01  # 0.6°: one percent of the power at PF 0.5
    _POOR_RAD = 0.003

    def __init__(self, calibrations, arguments):
        _OneClamp.__init__(self, calibrations, arguments)
        self._tangents = _Series(self.n)

    def listen(self, bare) -> None:
        clamp = self.clamp_of(bare)
        self._tangents.add(clamp.var / clamp.w if abs(clamp.w) > abs(clamp.var) else 1.0)

    def judge(self):
        read_a = self.need_current(0.1)
        self.need_resistive(read_a)
        found_deg = self.here["phase_deg"] - atan(self._tangents.mean) * 180 / pi
        curve_deg = on_curve(self.here["points"], "phase_deg", read_a, self.here["phase_deg"])
        if abs(found_deg - curve_deg) * pi / 180 > self._MOST_RAD:
            raise Unfit("not_resistive")
        if self._tangents.error > self._UNSTEADY_RAD or self._tangents.drift > self._UNSTEADY_RAD:
            raise Unfit("unsteady")
        is_good = self._tangents.error < self._POOR_RAD and self._tangents.drift < self._POOR_RAD
        self.point(read_a)["phase_deg"] = found_deg
        if read_a == max(
            [point["amps"] for point in self.here["points"] if "phase_deg" in point]
        ):  # what holds where no point does, and what the voltage is delayed by as a whole
            self.here["phase_deg"] = found_deg
        return "good" if is_good else "poor", [
            ("ma", round(1000 * read_a * on_curve(self.here["points"], "gain", read_a, 1.0))),
            ("phase_mdeg", round(1000 * found_deg)),
            ("residual_mdeg", round(1000 * self._tangents.error * 180 / pi)),
            ("misfit_mdeg", round(1000 * (found_deg - curve_deg))),
        ]


class Clamps(_Step):
    """A load is switched on while it listens: the clamp that hears it, and how, is the grid's. Changes nothing."""

    bursts = 100
    channels = 6

    def __init__(self, calibrations, arguments):
        _Step.__init__(self, calibrations, arguments)
        self._before = [0.0] * 4
        self._after = [0.0] * 4
        self._stands = 0
        self._pv = [0.0, 0.0]

    def listen(self, bare) -> None:
        """The load stands when two seconds in a row differ from the first two."""
        now = (bare.grid.w, bare.grid.var, bare.pv.w, bare.pv.var)
        if self.count <= _EDGE_BURSTS:
            for k in range(4):
                self._before[k] += now[k] / _EDGE_BURSTS
            return
        change = [now[k] - self._before[k] for k in range(4)]
        if max(_va(change, 0), _va(change, 2)) < _SWITCHED_VA:
            self._stands = 0
            return
        if not self._stands:
            self._after = [0.0] * 4
        self._stands += 1
        for k in range(4):
            self._after[k] += change[k]
        if self._stands >= _EDGE_BURSTS:
            self.n = self.count

    def judge(self):
        self.need_mains()
        if self._stands < _EDGE_BURSTS:
            raise Unfit("no_current")
        after = [change / self._stands for change in self._after]
        at = 0 if _va(after, 0) >= _va(after, 2) else 2  # the input that hears the load
        va = _va(after, at)
        grid = _heard(after, at)
        pv = "load" if _va(after, 2 - at) > _HEARD * va else "idle"
        if pv == "idle" and _va(self._before, 2 - at) > _GENERATES_VA:
            pv = _heard(self._before, 2 - at)
        known = self.calibrations.config
        roles = config.Config()
        roles.grid_input, roles.pv_input = (1, 2) if at == 0 else (2, 1)
        roles.grid_sign = -1 if grid == "reversed" else 1
        roles.pv_sign = -1 if pv == "reversed" else 1
        if pv == "idle" and roles.pv_input == known.pv_input:
            roles.pv_sign = known.pv_sign
        told = [("va", round(va)), ("grid", grid), ("pv", pv)]
        if "other_phase" in (grid, pv) or pv == "load":
            return "poor", told
        if roles_of(roles) == roles_of(known):
            return "good", told
        told.append(("set", roles))
        return "poor", told


def _va(change: list, at: int) -> float:
    """Apparent power [VA] of a change: active and reactive beside each other."""
    return sqrt(change[at] ** 2 + change[at + 1] ** 2)


def _heard(powers: list, at: int) -> str:
    """How a clamp hears what it should: cos φ above 0.87 is right, below -0.87 a clamp that is turned round."""
    share = powers[at] / _va(powers, at)
    return "right" if share > 0.87 else "reversed" if share < -0.87 else "other_phase"


def _scale(ratios, exponent: float) -> float:
    """What brings a series of `1 / exponent`th powers, each over the reference's less one, to the reference."""
    read = 1.0 + ratios.mean
    if read < 0.02:
        raise Unfit("reference")
    return read**-exponent


def _steady(ratios, exponent: float, ratio: float) -> str:
    """The verdict on a scale found from a series of its `exponent`th power; Unfit where it cannot be one."""
    if not _LEAST_RATIO <= ratio <= _MOST_RATIO:
        raise Unfit("reference")
    error, drift = exponent * ratios.error, exponent * ratios.drift
    if error > 0.02 or drift > 0.01:
        raise Unfit("unsteady")
    return "good" if error < 0.003 and drift < 0.003 and abs(ratio - 1.0) <= _LIKELY else "poor"


_STEPS = {
    "zero": Zero,
    "voltage": Voltage,
    "current": Current,
    "phase": Phase,
    "clamps": Clamps,
}


class Calibrator:
    """Carries out the command `calibrate`, one step at a time. `changed`: whether the meter must be made anew."""

    def __init__(self, calibrations, sample_us: int):
        self._calibrations = calibrations
        self._sample_us = sample_us
        self._step = None
        self.changed = False

    @property
    def is_busy(self) -> bool:
        return self._step is not None

    def begin(self, command_id: int, arguments: dict):
        """(code, text) where the outcome is known at once; None where it comes with one of the next bursts."""
        name = arguments.get("step")
        if not isinstance(name, str):
            name = ""
        try:
            if self._step is not None and (name in _STEPS or name in _CHANGES):
                return "out_of_range", _text(name, "refused", [("reason", "busy")])
            if name in _STEPS and "set" not in arguments:
                self._step = _STEPS[name](self._calibrations, arguments)
                self._name = name
                self._command_id = command_id
                self._bare = self._bare_meter(name)
                return None
            return "", _text(name, "good", self._at_once(name, arguments))
        except OSError:
            return "out_of_range", _text(name, "refused", [("reason", "flash")])
        except Refusal as refusal:
            known = name if name in _STEPS or name in _CHANGES else ""
            return refusal.code, _text(known, "refused", [("reason", refusal.code), ("field", refusal.field)])

    def push(self, burst):
        """Gives the burst to the step under way; (command_id, code, text) when that was its last."""
        if self._step is None:
            return None
        self._bare.measure(burst)
        if not self._step.add(burst, self._bare):
            return None
        step, self._step, self._bare = self._step, None, None
        try:
            verdict, told = step.finish()
            if self._name != "clamps":
                told.append(("version", self._calibrations.change(step.known)))
                self.changed = True
            return self._command_id, "", _text(self._name, verdict, told)
        except Unfit as unfit:
            reason = unfit.args[0]
        except OSError:
            reason = "flash"
        except Refusal as refusal:
            reason = refusal.field
        return self._command_id, "out_of_range", _text(self._name, "refused", [("reason", reason)])

    def _at_once(self, name, arguments: dict) -> list:
        """Steps that measure nothing; returns what they tell."""
        calibrations = self._calibrations
        if name == "status":
            known = calibrations.config.calibration
            counts = [len(known.get(part, {}).get("points", [])) for part in ("grid", "pv")]
            told = [("version", calibrations.version), ("points_1", counts[0]), ("points_2", counts[1])]
            return told + [("busy", 1 if self._step else 0), ("set", calibrations.config)]
        if name == "undo":
            version = calibrations.undo()
        elif name == "clear":
            version = calibrations.change(self._cleared(arguments))
        elif name != "clamps":
            raise Refusal("malformed", "step")
        else:
            roles = config.Config()
            roles.has_pv = calibrations.config.has_pv
            if not isinstance(arguments["set"], dict):
                raise Refusal("malformed", "set")
            config.read_clamps(roles, arguments["set"])
            version = calibrations.change(calibrations.editable(), roles_of(roles))
        self.changed = True
        return [("version", version)]

    def _cleared(self, arguments: dict) -> dict:
        """The calibration without that of a channel, or of everything: the board as it is drawn."""
        if "channel" not in arguments:
            return {}
        known = self._calibrations.editable()
        channel = arguments["channel"]
        if channel == "v":
            del known["v"]
        elif channel in ("grid", "pv"):
            del known[part_of(self._calibrations.config, channel)]
        else:
            raise Refusal("malformed", "channel")
        return known

    def _bare_meter(self, name: str):
        """Reads inputs 1 and 2 by the scales in force, without points; for `zero`, without what zero finds."""
        bare = config.Config()
        bare.calibration = self._calibrations.editable()
        for part in ("grid", "pv"):
            bare.calibration[part]["points"] = []
            if name == "zero":
                bare.calibration[part]["noise_a"] = bare.calibration[part]["offset_w"] = 0.0
        return Meter(bare, self._sample_us)


_CHANGES = ("undo", "clear")  # … and clamps, with what to set: at once


def _text(step: str, verdict: str, pairs: list) -> str:
    """Compact JSON, at most 200 bytes: the wire's limit for a result."""
    text = '{"step":"%s","verdict":"%s"' % (step, verdict)
    for name, told in pairs:
        text += ',"%s":%s' % (name, told if isinstance(told, int) else _worded(told))
    return text + "}"


def _worded(told) -> str:
    """A word in quotes, or a configuration's clamps as the next command, or a CONFIG, would set them."""
    if isinstance(told, str):
        return '"%s"' % told
    return '{"grid":{"input":%d,"sign":%d},"pv":{"input":%d,"sign":%d}}' % (
        told.grid_input,
        told.grid_sign,
        told.pv_input,
        told.pv_sign,
    )
