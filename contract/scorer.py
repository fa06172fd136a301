"""The anomaly model: features of a minute, conditional Gaussians with extreme-value tails, score, alerts, and rules.

Runs unchanged on CPython and MicroPython (32-bit floats), so that training replays exactly what the meter will do.
A minute is what a day document stores: (minute_s, grid_w, pv_w, v_dv, q_var), integers, None where nothing was measured
and pv_w None where no PV clamp is fitted. One scorer keeps about 3 kB and grows by nothing.

The score of a minute is -1000 log10 of the rate, per hour, at which this home's own history goes at least as far as the
most unusual channel does now: 3000 is once in a thousand hours. The body of each channel is a Gaussian whose mean and
spread follow the time of day; its tail is a generalised Pareto (Coles 2001, section 4.2), joined to the body at u.
"""

import math
import struct
from array import array

from .refusal import Refusal

SCHEMA = 1
MAX_MODEL_BYTES = 1024  # what the reply to a meter has room for beside commands and configuration
SILENT = 65535  # as a threshold: score, but never alert

# (name, unit, kind of an alert when low, kind when high). The index is the channel's id on the wire; append only.
CHANNELS = (
    ("none", "", "anomaly", "anomaly"),
    ("house_1m", "W", "tamper", "overuse"),
    ("house_60m", "W", "tamper", "overuse"),
    ("house_min_3h", "W", "tamper", "hidden_load"),
    ("house_min_24h", "W", "tamper", "hidden_load"),
    ("house_mean_24h", "W", "tamper", "overuse"),
    ("voltage_5m", "mV", "anomaly", "anomaly"),
    ("voltage_24h", "mV", "sensor", "sensor"),
    ("voltage_wobble_10m", "mV", "sensor", "anomaly"),
    ("power_factor_30m", "permille", "hidden_load", "anomaly"),
    ("reactive_60m", "var", "anomaly", "hidden_load"),
    ("switching_60m", "W", "sensor", "anomaly"),
    ("excess_60m", "W", "tamper", "overuse"),
    ("pv_of_envelope_3h", "permille", "pv_low", "sensor"),
    # Facts, told by the rules below and by the firmware, not by the density.
    ("voltage_burst", "mV", "sag", "swell"),
    ("voltage_10m", "mV", "sag", "swell"),
    ("house_below_zero", "W", "tamper", "tamper"),
    ("pv_below_zero", "W", "sensor", "sensor"),
    ("frozen", "min", "sensor", "sensor"),
    ("no_current", "W", "sensor", "sensor"),
    ("power_above_apparent", "W", "sensor", "sensor"),
)
NAMES = tuple([channel[0] for channel in CHANNELS])
(
    NONE,
    HOUSE_1M,
    HOUSE_60M,
    HOUSE_MIN_3H,
    HOUSE_MIN_24H,
    HOUSE_MEAN_24H,
    VOLTAGE_5M,
    VOLTAGE_24H,
    VOLTAGE_WOBBLE_10M,
    POWER_FACTOR_30M,
    REACTIVE_60M,
    SWITCHING_60M,
    EXCESS_60M,
    PV_OF_ENVELOPE_3H,
    VOLTAGE_BURST,
    VOLTAGE_10M,
    HOUSE_BELOW_ZERO,
    PV_BELOW_ZERO,
    FROZEN,
    NO_CURRENT,
    POWER_ABOVE_APPARENT,
) = range(len(CHANNELS))

DENSITY = PV_OF_ENVELOPE_3H + 1  # ids 1 … DENSITY - 1 are scored
# Minutes of measurement a channel needs in its window before it says anything.
WARM_UP_MIN = (0, 1, 48, 160, 1300, 1300, 4, 1300, 8, 24, 48, 48, 48, 144)
# These are Gaussian in the logarithm; below the floor a value counts as the floor (noise of a clamp, of the last digit).
LOG_FLOOR = {
    HOUSE_1M: 5.0,
    HOUSE_60M: 5.0,
    HOUSE_MIN_3H: 5.0,
    HOUSE_MIN_24H: 5.0,
    HOUSE_MEAN_24H: 5.0,
    VOLTAGE_WOBBLE_10M: 10.0,
    SWITCHING_60M: 2.0,
    PV_OF_ENVELOPE_3H: 10.0,
}

_MINUTE_S = 60
_BUCKET_S = 600
_BUCKET_LEAST = 5  # measured minutes that make a 10-minute bucket count
_DAY_S = 86400
_HOUR_S = 3600
_PF_LEAST_W = 60  # below this the power factor is noise
_EMPTY = -32768
_FULL = 32767


def clamped(w: int) -> int:
    """A value as a day document stores it: 16 bits, the least value kept for "not measured"."""
    return max(-_FULL, min(_FULL, w))


def house_of(grid_w, pv_w):
    """What the house draws [W]; None while the grid clamp measured nothing."""
    if grid_w is None:
        return None
    return clamped(grid_w + pv_w) if pv_w is not None and pv_w > 0 else grid_w


class Window:
    """The last `size` values, None where there was none, with their running sum and count."""

    def __init__(self, size: int):
        self.cells = array("h", [_EMPTY] * size)
        self.at = 0
        self.total = 0
        self.count = 0

    def push(self, number) -> None:
        """Adds the newest value (an integer of 16 bits, or None) and forgets the oldest."""
        oldest = self.cells[self.at]
        if oldest != _EMPTY:
            self.total -= oldest
            self.count -= 1
        if number is None:
            self.cells[self.at] = _EMPTY
        else:
            self.cells[self.at] = number
            self.total += number
            self.count += 1
        self.at += 1
        if self.at == len(self.cells):
            self.at = 0

    def mean(self) -> float:
        """Mean of what is there; the caller has checked `count`."""
        return self.total / self.count

    def least(self) -> int:
        """The smallest value there; the caller has checked `count`."""
        found = _FULL
        for number in self.cells:
            if number != _EMPTY and number < found:
                found = number
        return found

    def restore(self, cells: bytes, at: int) -> None:
        """Puts back what `dump` saved."""
        self.cells = array("h", cells)
        self.at = at
        self.total = 0
        self.count = 0
        for number in self.cells:
            if number != _EMPTY:
                self.total += number
                self.count += 1


_DUMP = "<BBHI"  # schema, number of windows, position bytes follow, last minute / 60


class Features:
    """Causal features of the last 24 hours in bounded memory.

    After `push`, `values[channel]` holds each density channel in its unit (EXCESS_60M the 60-minute mean, PV_OF_ENVELOPE_3H
    the 3-hour mean of PV [W]: the scorer sets them against the model) and bit `channel` of `warm` says whether it counts.
    Slow channels are formed of 10-minute means, on the ten minutes of UTC, and move when a bucket closes.
    """

    def __init__(self):
        self.values = array("f", [0.0] * DENSITY)
        self.warm = 0
        self.last_minute = 0
        self._house_60 = Window(60)
        self._switching_60 = Window(60)
        self._reactive_60 = Window(60)
        self._house_30 = Window(30)
        self._reactive_30 = Window(30)
        self._voltage_5 = Window(5)
        self._wobble_10 = Window(10)
        self._pv_180 = Window(180)
        self._house_bucket = Window(10)  # the bucket that is filling
        self._voltage_bucket = Window(10)
        self._house_3h = Window(18)
        self._house_24h = Window(144)
        self._voltage_24h = Window(144)
        self._previous = Window(2)  # house power and voltage of the minute before
        self._minute_windows = (
            self._house_60,
            self._switching_60,
            self._reactive_60,
            self._house_30,
            self._reactive_30,
            self._voltage_5,
            self._wobble_10,
            self._pv_180,
        )
        self._windows = self._minute_windows + (
            self._house_bucket,
            self._voltage_bucket,
            self._house_3h,
            self._house_24h,
            self._voltage_24h,
            self._previous,
        )

    def push(self, minute_s: int, grid_w, pv_w, v_dv, q_var) -> bool:
        """Takes the next minute; minutes left out count as not measured. False, and nothing changes, for an old one."""
        minute = minute_s // _MINUTE_S
        if minute <= self.last_minute:
            return False
        if self.last_minute:
            self._skip(minute)
        self._add(house_of(grid_w, pv_w), pv_w, v_dv, q_var)
        self.last_minute = minute
        self._fill()
        return True

    def _skip(self, minute: int) -> None:
        """Brings the windows to just before `minute`: gaps empty, buckets that ended closed."""
        gap = minute - self.last_minute - 1
        for window in self._minute_windows:
            for _ in range(min(gap, len(window.cells))):
                window.push(None)
        if gap:
            self._remember(None, None)
        buckets = minute * _MINUTE_S // _BUCKET_S - self.last_minute * _MINUTE_S // _BUCKET_S
        for _ in range(min(buckets, 145)):
            self._close_bucket()

    def _close_bucket(self) -> None:
        house = self._house_bucket
        voltage = self._voltage_bucket
        mean_w = house.total // house.count if house.count >= _BUCKET_LEAST else None
        self._house_3h.push(mean_w)
        self._house_24h.push(mean_w)
        self._voltage_24h.push(voltage.total // voltage.count if voltage.count >= _BUCKET_LEAST else None)
        for _ in range(10):
            house.push(None)
            voltage.push(None)

    def _add(self, house_w, pv_w, v_dv, q_var) -> None:
        both = house_w is not None and q_var is not None
        house_before, v_before = self._previous.cells[0], self._previous.cells[1]
        self._house_60.push(house_w)
        self._switching_60.push(_step(house_before, house_w))
        self._reactive_60.push(q_var)
        self._house_30.push(house_w if both else None)
        self._reactive_30.push(q_var if both else None)
        self._voltage_5.push(v_dv)
        self._wobble_10.push(_step(v_before, v_dv))
        self._pv_180.push(pv_w)
        self._house_bucket.push(house_w)
        self._voltage_bucket.push(v_dv)
        self._remember(house_w, v_dv)

    def _remember(self, house_w, v_dv) -> None:
        self._previous.at = 0
        self._previous.push(house_w)
        self._previous.push(v_dv)

    def _fill(self) -> None:
        self.warm = 0
        house_w = self._previous.cells[0]
        if house_w != _EMPTY:
            self._set(HOUSE_1M, house_w)
        self._mean(HOUSE_60M, self._house_60, 1)
        self._mean(EXCESS_60M, self._house_60, 1)
        self._mean(SWITCHING_60M, self._switching_60, 1)
        self._mean(REACTIVE_60M, self._reactive_60, 1)
        self._mean(VOLTAGE_5M, self._voltage_5, 100)
        self._mean(VOLTAGE_WOBBLE_10M, self._wobble_10, 100)
        self._mean(PV_OF_ENVELOPE_3H, self._pv_180, 1)
        if self._house_3h.count * 10 >= WARM_UP_MIN[HOUSE_MIN_3H]:
            self._set(HOUSE_MIN_3H, self._house_3h.least())
        if self._house_24h.count * 10 >= WARM_UP_MIN[HOUSE_MIN_24H]:
            self._set(HOUSE_MIN_24H, self._house_24h.least())
            self._set(HOUSE_MEAN_24H, self._house_24h.mean())
        if self._voltage_24h.count * 10 >= WARM_UP_MIN[VOLTAGE_24H]:
            self._set(VOLTAGE_24H, self._voltage_24h.mean() * 100)
        self._fill_power_factor()

    def _fill_power_factor(self) -> None:
        count = self._house_30.count
        total_w = self._house_30.total
        if count < WARM_UP_MIN[POWER_FACTOR_30M] or total_w < _PF_LEAST_W * count:
            return
        mean_w = total_w / count
        mean_var = self._reactive_30.total / count
        self._set(POWER_FACTOR_30M, 1000.0 * mean_w / math.sqrt(mean_w * mean_w + mean_var * mean_var))

    def _mean(self, channel: int, window, scale: int) -> None:
        if window.count >= WARM_UP_MIN[channel]:
            self._set(channel, window.mean() * scale)

    def _set(self, channel: int, number) -> None:
        self.values[channel] = number
        self.warm |= 1 << channel

    def dump(self) -> bytes:
        """Everything `load` needs to go on after a restart (about 2 kB)."""
        parts = [struct.pack(_DUMP, SCHEMA, len(self._windows), 0, self.last_minute)]
        for window in self._windows:
            parts.append(struct.pack("<H", window.at))
            parts.append(bytes(window.cells))
        return b"".join(parts)

    def load(self, dumped: bytes) -> None:
        """Goes on where `dump` stopped. Raises Refusal("malformed", "features"), and changes nothing, for other bytes."""
        head = struct.calcsize(_DUMP)
        size = head
        for window in self._windows:
            size += 2 + 2 * len(window.cells)
        if len(dumped) != size:
            raise Refusal("malformed", "features")
        schema, windows, _, last_minute = struct.unpack(_DUMP, dumped[:head])
        if schema != SCHEMA or windows != len(self._windows):
            raise Refusal("malformed", "features")
        positions = []
        at = head
        for window in self._windows:
            position = dumped[at] | dumped[at + 1] << 8
            if position >= len(window.cells):
                raise Refusal("malformed", "features")
            positions.append(position)
            at += 2 + 2 * len(window.cells)
        at = head
        for window, position in zip(self._windows, positions):
            end = at + 2 + 2 * len(window.cells)
            window.restore(dumped[at + 2 : end], position)
            at = end
        self.last_minute = last_minute
        self._fill()


def _step(before: int, now):
    """How far a value moved since the minute before; None where either was not measured."""
    if before == _EMPTY or now is None:
        return None
    return min(_FULL, abs(now - before))


# --- the model -------------------------------------------------------------------------------------------------------

_HEADER = "<BxHIIiiIBB"  # schema, threshold, version, trained, offset, next offset, change, open, close
_SECTION_CHANNEL, _SECTION_EXPECTED, _SECTION_ENVELOPE = 1, 2, 3  # a receiver skips sections it does not know
_CHANNEL = "<BBBBf"  # id, sides, numbers in the mean, numbers in the spread, scale of the mean
_TAIL = "<hhhh"  # u and sigma in thousandths of a spread, xi in ten-thousandths, -log10 of the rate at u in thousandths
_CURVE = "<IHB"  # start, scale, hours
LOW, HIGH = 1, 2  # bits of a channel's sides
MAX_FOURIER = 9  # numbers in a mean or a spread: the constant and four harmonics
MAX_CURVE_HOURS = 72
_MOST_MILLI = 30000  # one in 10^30 hours: beyond it a rarer value is not more unusual
_SPREAD_STEP = 0.04332169878499658  # ln 2 / 16: a spread of the expected power takes one byte
_LN10 = 2.302585092994046


class Tail:
    """Generalised Pareto tail of one side: how often per hour the distance z from the mean goes beyond."""

    def __init__(self, u: float, sigma: float, xi: float, rate: float):
        self.u = u  # where the body ends, in spreads
        self.sigma = sigma
        self.xi = xi
        self.rate = rate  # -log10 of how often per hour z passes u

    def score(self, z: float) -> float:
        """-log10 of the rate per hour beyond z; 0 at the mean."""
        if z <= 0.0:
            return 0.0
        if z <= self.u:
            return self.rate * (z / self.u) * (z / self.u)
        y = (z - self.u) / self.sigma
        if abs(self.xi) < 1e-3:
            return self.rate + y / _LN10
        inside = 1.0 + self.xi * y
        if inside <= 1e-9:
            return _MOST_MILLI / 1000.0
        return self.rate + math.log(inside) / (self.xi * _LN10)


class Channel:
    """One conditional Gaussian: mean and log spread are Fourier series over the local day."""

    def __init__(self, channel: int, mean, log_spread, low, high):
        self.channel = channel
        self.mean = mean  # array of 1 + 2 k numbers
        self.log_spread = log_spread
        self.low = low  # Tail, or None where this side never alarms
        self.high = high


class Curve:
    """An hourly series from an hour on: the expected power and its spread, or the envelope of the PV."""

    def __init__(self, start_s: int, numbers):
        self.start_s = start_s
        self.numbers = numbers

    def mean(self, end_s: int, hours: int):
        """Mean over the `hours` up to end_s, the first and last hour in part; None where the curve does not reach."""
        at_s = end_s - self.start_s - hours * _HOUR_S
        first = at_s // _HOUR_S
        part = (at_s - first * _HOUR_S) / _HOUR_S
        if first < 0 or first + hours > len(self.numbers) - (1 if part > 0 else 0):
            return None
        total = self.numbers[first] * (1.0 - part)
        for hour in range(first + 1, first + hours):
            total += self.numbers[hour]
        if part > 0:
            total += self.numbers[first + hours] * part
        return total / hours


class Model:
    """A model as the meter holds it, checked."""

    def __init__(self):
        self.version = 0
        self.trained_s = 0
        self.threshold_milli = SILENT
        self.offset_s = 0  # of the home's zone from UTC …
        self.next_offset_s = 0  # … and what it becomes
        self.change_s = 0  # at this moment
        self.open_minutes = 5
        self.close_minutes = 30
        self.channels = []
        self.expected_w = None  # Curve, or None: EXCESS_60M stays silent
        self.expected_spread_w = None
        self.envelope_w = None  # Curve, or None: no PV, or too little of it seen

    def second_of_day(self, ts_s: int) -> int:
        """Seconds since local midnight."""
        offset_s = self.next_offset_s if ts_s >= self.change_s else self.offset_s
        return (ts_s + offset_s) % _DAY_S


def _number(number, name: str, least: float, greatest: float) -> float:
    """The number, if it is one and within its bounds; NaN is not."""
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise Refusal("malformed", name)
    if not least <= number <= greatest:
        raise Refusal("out_of_range", name)
    return number


_HEADER_FIELDS = (  # name, least, greatest, in the order of _HEADER
    ("threshold_milli", 500, SILENT),
    ("version", 1, 0xFFFFFFFF),
    ("trained_s", 0, 0xFFFFFFFF),
    ("offset_s", -50400, 50400),
    ("next_offset_s", -50400, 50400),
    ("change_s", 0, 0xFFFFFFFF),
    ("open_minutes", 1, 60),
    ("close_minutes", 1, 240),
)
_TAIL_FIELDS = (("u", 0.2, 32.0, 1000), ("sigma", 0.001, 32.0, 1000), ("xi", -0.5, 1.0, 10000), ("rate", 0.0, 10.0, 1000))


def pack(model: dict) -> bytes:
    """The bytes of a model, at most MAX_MODEL_BYTES.

    Keys: version, trained_s, offset_s, next_offset_s, change_s, threshold_milli, open_minutes, close_minutes;
    channels: [{"channel": name, "mean": [...], "log_spread": [...], "low": tail or None, "high": tail or None}] with tail
    {"u", "sigma", "xi", "rate"}, means and spreads in the channel's unit or in its natural logarithm (LOG_FLOOR);
    expected: None or {"start_s", "mean_w": [...], "spread_w": [...]}; envelope: None or {"start_s", "w": [...]}.
    Raises Refusal("malformed" | "out_of_range", field) and ("too_large", "model").
    """
    numbers = []
    for name, least, greatest in _HEADER_FIELDS:
        numbers.append(int(_number(model.get(name), name, least, greatest)))
    parts = [struct.pack(_HEADER, SCHEMA, *numbers)]
    for channel in model["channels"]:
        parts.append(_section(_SECTION_CHANNEL, _packed_channel(channel)))
    if model.get("expected") is not None:
        parts.append(_section(_SECTION_EXPECTED, _packed_expected(model["expected"])))
    if model.get("envelope") is not None:
        parts.append(_section(_SECTION_ENVELOPE, _packed_envelope(model["envelope"])))
    packed = b"".join(parts)
    unpack(packed)
    return packed


def _section(tag: int, body: bytes) -> bytes:
    if len(body) > 255:
        raise Refusal("too_large", "section")
    return bytes([tag, len(body)]) + body


def _packed_channel(channel: dict) -> bytes:
    name = channel.get("channel")
    if name not in NAMES[1:DENSITY]:
        raise Refusal("out_of_range", "channel")
    mean, spread = channel["mean"], channel["log_spread"]
    for series, part, most in ((mean, "mean", 1e7), (spread, "log_spread", 30.0)):
        _check_fourier_length(len(series), name, part)
        for number in series:
            _number(number, name + "." + part, -most, most)
    scale = max(max([abs(number) for number in mean]) / _FULL, 1e-9)
    low, high = channel.get("low"), channel.get("high")
    sides = (LOW if low is not None else 0) | (HIGH if high is not None else 0)
    parts = [struct.pack(_CHANNEL, NAMES.index(name), sides, len(mean), len(spread), scale)]
    for number in mean:
        parts.append(struct.pack("<h", clamped(round(number / scale))))
    for number in spread:
        parts.append(struct.pack("<h", round(number * 1000)))
    for tail in (low, high):
        if tail is not None:
            parts.append(_packed_tail(tail, name))
    return b"".join(parts)


def _packed_tail(tail: dict, name: str) -> bytes:
    numbers = []
    for field, least, greatest, scale in _TAIL_FIELDS:
        numbers.append(round(_number(tail.get(field), name + "." + field, least, greatest) * scale))
    return struct.pack(_TAIL, *numbers)


def _packed_curve(start_s, name: str, peak: int, hours: int) -> bytes:
    _number(start_s, name + ".start_s", 0, 0xFFFFFFFF)
    _number(hours, name + ".hours", 1, MAX_CURVE_HOURS)
    return struct.pack(_CURVE, int(start_s), peak, hours)


def _packed_expected(expected: dict) -> bytes:
    mean_w, spread_w = expected["mean_w"], expected["spread_w"]
    if len(mean_w) != len(spread_w):
        raise Refusal("malformed", "expected.spread_w")
    parts = [_packed_curve(expected.get("start_s"), "expected", 1, len(mean_w))]
    for number in mean_w:
        parts.append(struct.pack("<h", round(_number(number, "expected.mean_w", -_FULL, _FULL))))
    for number in spread_w:
        _number(number, "expected.spread_w", 1.0, _FULL)
        parts.append(bytes([min(255, round(math.log(number) / _SPREAD_STEP))]))
    return b"".join(parts)


def _packed_envelope(envelope: dict) -> bytes:
    w = envelope["w"]
    for number in w:
        _number(number, "envelope.w", 0.0, _FULL)
    peak = max(1, math.ceil(max(w))) if w else 1
    head = _packed_curve(envelope.get("start_s"), "envelope", peak, len(w))
    return head + bytes([round(number * 255 / peak) for number in w])


def unpack(packed: bytes) -> Model:
    """Reads and checks a model.

    Raises Refusal: ("too_large", "model"), ("malformed", what) for lengths that do not add up or a channel given twice,
    ("unknown_schema", "schema"), ("out_of_range", field) for a number beyond its bounds or NaN.
    """
    if len(packed) > MAX_MODEL_BYTES:
        raise Refusal("too_large", "model")
    head = struct.calcsize(_HEADER)
    if len(packed) < head:
        raise Refusal("malformed", "header")
    numbers = struct.unpack(_HEADER, packed[:head])
    if numbers[0] != SCHEMA:
        raise Refusal("unknown_schema", "schema")
    model = Model()
    for (name, least, greatest), number in zip(_HEADER_FIELDS, numbers[1:]):
        setattr(model, name, _number(number, name, least, greatest))
    at = head
    while at < len(packed):
        if at + 2 > len(packed) or at + 2 + packed[at + 1] > len(packed):
            raise Refusal("malformed", "section")
        end = at + 2 + packed[at + 1]
        _unpack_section(model, packed[at], packed[at + 2 : end])
        at = end
    return model


def _unpack_section(model: Model, tag: int, body: bytes) -> None:
    if tag == _SECTION_CHANNEL:
        _unpack_channel(model, body)
    elif tag == _SECTION_EXPECTED:
        _unpack_expected(model, body)
    elif tag == _SECTION_ENVELOPE:
        start_s, peak, hours = _unpack_curve(body, "envelope", 1)
        at = struct.calcsize(_CURVE)
        model.envelope_w = Curve(start_s, array("f", [b * peak / 255 for b in body[at : at + hours]]))


def _check_fourier_length(length: int, name: str, part: str) -> None:
    if not 1 <= length <= MAX_FOURIER or length % 2 == 0:
        raise Refusal("out_of_range", name + "." + part)


def _unpack_channel(model: Model, body: bytes) -> None:
    at = struct.calcsize(_CHANNEL)
    if len(body) < at:
        raise Refusal("malformed", "channel")
    channel, sides, means, spreads, scale = struct.unpack(_CHANNEL, body[:at])
    if not 1 <= channel < DENSITY:
        return  # a channel of a newer schema: this meter cannot compute it
    name = NAMES[channel]
    if channel in [known.channel for known in model.channels]:
        raise Refusal("malformed", name)
    _check_fourier_length(means, name, "mean")
    _check_fourier_length(spreads, name, "log_spread")
    _number(scale, name + ".scale", 1e-12, 1e6)
    tails = (sides & LOW) + ((sides & HIGH) >> 1)
    if len(body) < at + 2 * (means + spreads) + struct.calcsize(_TAIL) * tails:
        raise Refusal("malformed", name)
    mean = array("f", [number * scale for number in struct.unpack("<%dh" % means, body[at : at + 2 * means])])
    at += 2 * means
    spread = array("f", [number / 1000 for number in struct.unpack("<%dh" % spreads, body[at : at + 2 * spreads])])
    at += 2 * spreads
    low = high = None
    if sides & LOW:
        low = _unpack_tail(body, at, name)
        at += struct.calcsize(_TAIL)
    if sides & HIGH:
        high = _unpack_tail(body, at, name)
    model.channels.append(Channel(channel, mean, spread, low, high))


def _unpack_tail(body: bytes, at: int, name: str) -> Tail:
    found = []
    packed = struct.unpack(_TAIL, body[at : at + struct.calcsize(_TAIL)])
    for (field, least, greatest, scale), number in zip(_TAIL_FIELDS, packed):
        found.append(_number(number, name + "." + field, round(least * scale), round(greatest * scale)) / scale)
    return Tail(*found)


def _unpack_curve(body: bytes, name: str, hour_bytes: int) -> tuple:
    head = struct.calcsize(_CURVE)
    if len(body) < head:
        raise Refusal("malformed", name)
    start_s, peak, hours = struct.unpack(_CURVE, body[:head])
    _number(hours, name + ".hours", 1, MAX_CURVE_HOURS)
    if len(body) < head + hour_bytes * hours:
        raise Refusal("malformed", name)
    return start_s, peak, hours


def _unpack_expected(model: Model, body: bytes) -> None:
    start_s, _, hours = _unpack_curve(body, "expected", 3)
    at = struct.calcsize(_CURVE)
    model.expected_w = Curve(start_s, array("h", struct.unpack("<%dh" % hours, body[at : at + 2 * hours])))
    steps = body[at + 2 * hours : at + 3 * hours]
    model.expected_spread_w = Curve(start_s, array("f", [math.exp(b * _SPREAD_STEP) for b in steps]))


# --- scoring ---------------------------------------------------------------------------------------------------------


class Latch:
    """Opens after `opening` minutes on, in a row, and closes after `closing` minutes off."""

    def __init__(self, opening: int, closing: int):
        self.opening = opening
        self.closing = closing
        self.is_open = False
        self._run = 0

    def push(self, on: bool) -> bool:
        """True when it has just opened or closed."""
        self._run = self._run + 1 if on != self.is_open else 0
        if self._run < (self.closing if self.is_open else self.opening):
            return False
        self.is_open = not self.is_open
        self._run = 0
        return True


def _fourier(series, basis) -> float:
    total = 0.0
    for index in range(len(series)):
        total += series[index] * basis[index]
    return total


_ENVELOPE_LEAST = 0.15  # of its peak: with the sun lower than that the ratio says little


class Scorer:
    """p(x) of every minute, and the start and end of an anomaly.

    After `push`: `channel`, `number`, `usual_lo`, `usual_hi` (integers in the channel's unit; mean ± 2 spreads) and `is_low`
    tell of the most unusual channel; `event` is None or, once each,
    (phase "start" | "end", kind, channel, number, usual_lo, usual_hi, score_milli, since_s).
    """

    def __init__(self, features: Features, model=None):
        self.features = features
        self.event = None
        self.channel = NONE
        self.number = 0
        self.usual_lo = 0
        self.usual_hi = 0
        self.is_low = False
        self._basis = array("f", [1.0] * MAX_FOURIER)
        self._open = None
        self._latch = Latch(1, 1)
        self.use(model)

    def use(self, model) -> None:
        """Takes another model (None: none); an anomaly that is open stays open until the new one sees it end."""
        self.model = model
        if model is not None:
            self._latch.opening = model.open_minutes
            self._latch.closing = model.close_minutes

    def push(self, minute_s: int, grid_w, pv_w, v_dv, q_var) -> int:
        """Scores the next minute: -1000 log10 of its rate per hour; 0 without a model, or for a minute already seen."""
        self.event = None
        if not self.features.push(minute_s, grid_w, pv_w, v_dv, q_var) or self.model is None:
            return 0
        score_milli = self._judge(minute_s + _MINUTE_S)
        threshold = self.model.threshold_milli
        if self._latch.push(threshold != SILENT and score_milli >= threshold):
            self._tell(minute_s, score_milli)
        return score_milli

    def _judge(self, end_s: int) -> int:
        """Finds the most unusual channel of the minute that ended at end_s."""
        self._set_basis(self.model.second_of_day(end_s))
        most = 0.0
        self.channel = NONE
        self.number = self.usual_lo = self.usual_hi = 0
        self.is_low = False
        for channel in self.model.channels:
            if not self.features.warm >> channel.channel & 1:
                continue
            score = self._score(channel, end_s)
            if score > most:
                most = score
                self._explain(channel, end_s)
        return min(_MOST_MILLI, int(most * 1000 + 0.5))

    def _set_basis(self, second: int) -> None:
        angle = 2.0 * math.pi * second / _DAY_S
        for harmonic in range(1, MAX_FOURIER // 2 + 1):
            self._basis[2 * harmonic - 1] = math.cos(harmonic * angle)
            self._basis[2 * harmonic] = math.sin(harmonic * angle)

    def _score(self, channel: Channel, end_s: int) -> float:
        number = self._measured(channel.channel, end_s)
        mean = self._mean_of(channel, end_s)
        if number is None or mean is None:
            return 0.0
        z = (_shaped(channel.channel, number) - mean) / self._spread_of(channel, end_s)
        if z < 0.0:
            return channel.low.score(-z) if channel.low is not None else 0.0
        return channel.high.score(z) if channel.high is not None else 0.0

    def _measured(self, channel: int, end_s: int):
        """The channel's value in its unit; None where the model has nothing to set it against."""
        if channel != PV_OF_ENVELOPE_3H:
            return self.features.values[channel]
        envelope_w = self.model.envelope_w.mean(end_s, 3) if self.model.envelope_w is not None else None
        if envelope_w is None or envelope_w < _ENVELOPE_LEAST * max(self.model.envelope_w.numbers) or envelope_w <= 0:
            return None
        return 1000.0 * self.features.values[channel] / envelope_w

    def _mean_of(self, channel: Channel, end_s: int):
        """Where the channel's Gaussian is centred now, in its shape; EXCESS_60M: the expected power plus the usual bias."""
        mean = _fourier(channel.mean, self._basis)
        if channel.channel != EXCESS_60M:
            return mean
        expected_w = self.model.expected_w.mean(end_s, 1) if self.model.expected_w is not None else None
        return None if expected_w is None else mean + expected_w

    def _spread_of(self, channel: Channel, end_s: int) -> float:
        spread = math.exp(_fourier(channel.log_spread, self._basis))
        if channel.channel != EXCESS_60M:
            return spread
        return spread * self.model.expected_spread_w.mean(end_s, 1)

    def _explain(self, channel: Channel, end_s: int) -> None:
        number = self._measured(channel.channel, end_s)
        mean = self._mean_of(channel, end_s)
        spread = self._spread_of(channel, end_s)
        self.channel = channel.channel
        self.number = int(round(number))
        self.is_low = _shaped(channel.channel, number) < mean
        self.usual_lo = _unshaped(channel.channel, mean - 2.0 * spread)
        self.usual_hi = _unshaped(channel.channel, mean + 2.0 * spread)

    def _tell(self, minute_s: int, score_milli: int) -> None:
        if self._latch.is_open:
            kind = CHANNELS[self.channel][2 if self.is_low else 3]
            self._open = (kind, self.channel, minute_s)
        kind, channel, since_s = self._open
        phase = "start" if self._latch.is_open else "end"
        self.event = (phase, kind, channel, self.number, self.usual_lo, self.usual_hi, score_milli, since_s)


def _shaped(channel: int, number: float) -> float:
    """The number in the shape in which its channel is Gaussian."""
    floor = LOG_FLOOR.get(channel)
    return number if floor is None else math.log(max(number, floor))


def _unshaped(channel: int, number: float) -> int:
    if channel in LOG_FLOOR:
        number = math.exp(min(number, 20.0))
    return int(round(number))


# --- rules -----------------------------------------------------------------------------------------------------------

_PRESENT_DV = 500  # below 50 V there is no mains to judge: an interruption, which the bursts tell
_NO_CURRENT_W = 2  # what a clamp that hears nothing may show

_RULES = (  # channel, minutes until it opens, minutes until it closes
    (VOLTAGE_10M, 1, 10),
    (HOUSE_BELOW_ZERO, 3, 10),
    (PV_BELOW_ZERO, 3, 10),
    (FROZEN, 1, 1),
    (NO_CURRENT, 10, 3),
    (POWER_ABOVE_APPARENT, 3, 10),
)


class Rules:
    """Facts that need no learning and are never a matter of degree, from the first minute.

    `push` returns how many events there are; `events[:n]` are as the scorer's, score 0. Limits are of the supply contract,
    EN 50160: 230 V ± 10 % over ten minutes.
    """

    def __init__(self, low_dv: int = 2070, high_dv: int = 2530):
        self.low_dv = low_dv
        self.high_dv = high_dv
        self.events = [None] * len(_RULES)
        self._voltage_10 = Window(10)
        self._same = 0  # minutes in a row that repeat the one before to the last digit
        self._before = None
        self._last_minute = 0
        self._latches = [Latch(opening, closing) for _, opening, closing in _RULES]
        self._since_s = [0] * len(_RULES)
        self._lows = [False] * len(_RULES)

    def push(self, minute_s: int, grid_w, pv_w, v_dv, q_var, grid_va=None) -> int:
        """Judges the next minute; grid_va is the apparent power where it is known. 0 for a minute already seen."""
        minute = minute_s // _MINUTE_S
        if minute <= self._last_minute:
            return 0
        if minute - self._last_minute > 1:
            self._forget()
        self._last_minute = minute
        self._follow(grid_w, pv_w, v_dv, q_var)
        told = 0
        for index in range(len(_RULES)):
            verdict = self._verdict(_RULES[index][0], grid_w, pv_w, v_dv, q_var, grid_va)
            if verdict is None:
                continue
            is_broken, number, lo, hi = verdict
            if self._latches[index].push(is_broken):
                self.events[told] = self._event(index, minute_s, number, lo, hi)
                told += 1
        return told

    def _forget(self) -> None:
        """After a gap nothing is in a row."""
        self._before = None
        self._same = 0
        for _ in range(10):
            self._voltage_10.push(None)

    def _follow(self, grid_w, pv_w, v_dv, q_var) -> None:
        present = v_dv is not None and v_dv >= _PRESENT_DV
        self._voltage_10.push(v_dv if present else None)
        now = (grid_w, pv_w, v_dv, q_var)
        self._same = self._same + 1 if present and grid_w is not None and now == self._before else 0
        self._before = now

    def _event(self, index: int, minute_s: int, number: int, lo: int, hi: int) -> tuple:
        channel = _RULES[index][0]
        is_open = self._latches[index].is_open
        if is_open:
            self._since_s[index] = minute_s
            self._lows[index] = number < lo
        kind = CHANNELS[channel][2 if self._lows[index] else 3]
        return ("start" if is_open else "end", kind, channel, number, lo, hi, 0, self._since_s[index])

    def _verdict(self, channel: int, grid_w, pv_w, v_dv, q_var, grid_va):
        """(is the rule broken, number, least and greatest possible), or None where this minute cannot tell."""
        if channel == VOLTAGE_10M:
            return self._voltage_verdict()
        if grid_w is None:
            return None
        if channel == HOUSE_BELOW_ZERO:
            least_w = -50 - (max(pv_w, 0) // 25 if pv_w is not None else 0)  # two clamps of 2 % each may differ
            house_w = house_of(grid_w, pv_w)
            return house_w < least_w, house_w, least_w, _FULL
        if channel == PV_BELOW_ZERO:
            return None if pv_w is None else (pv_w < -50, pv_w, -50, _FULL)  # an inverter's standby is a few watts
        if channel == FROZEN:
            return self._same >= 9, self._same + 1, 1, 9
        if channel == NO_CURRENT:
            if q_var is None or v_dv is None or v_dv < _PRESENT_DV:
                return None
            return abs(grid_w) <= _NO_CURRENT_W and abs(q_var) <= _NO_CURRENT_W, grid_w, _NO_CURRENT_W + 1, _FULL
        if grid_va is None:
            return None
        most_w = grid_va + grid_va // 50 + 20
        return abs(grid_w) > most_w, grid_w, -most_w, most_w

    def _voltage_verdict(self):
        if self._voltage_10.count < 8:
            return None
        mean_dv = self._voltage_10.mean()
        is_out = mean_dv < self.low_dv or mean_dv > self.high_dv
        return is_out, int(mean_dv * 100 + 0.5), self.low_dv * 100, self.high_dv * 100
