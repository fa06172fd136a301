"""What the anomaly model looks at: the channels, and their causal features in bounded memory.

Runs unchanged on CPython and MicroPython, so that training computes exactly what the meter will. A minute is what a
day document stores: (minute_s, grid_w, pv_w, v_dv, q_var), integers, None where nothing was measured and pv_w None
where no PV clamp is fitted.
"""

import math
import struct
from array import array

from .refusal import Refusal

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
    # Those of wire.CHECKS that none of the rules above tells, by the same names; without a number.
    ("v_flat", "", "sensor", "sensor"),
    ("v_frequency", "", "sensor", "sensor"),
    ("grid_flat", "", "sensor", "sensor"),
    ("grid_reversed", "", "sensor", "sensor"),
    ("pv_open", "", "sensor", "sensor"),
    ("pv_flat", "", "sensor", "sensor"),
    ("pv_reversed", "", "sensor", "sensor"),
    ("clamps_swapped", "", "sensor", "sensor"),
    ("wrong_phase", "", "sensor", "sensor"),
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
    FIRST_CHECK,
) = range(22)

HOUSE_BEFORE = NONE  # no channel: its place among the values holds the house's power of the two hours before the last
DENSITY = PV_OF_ENVELOPE_3H + 1  # the channels below it, but for NONE, are scored
# Minutes of measurement a channel needs in its window before it says anything.
WARM_UP_MIN = (100, 1, 48, 160, 1300, 1300, 4, 1300, 8, 24, 48, 48, 48, 144)
# These are Gaussian in the logarithm; below the floor a value counts as the floor (a clamp's noise, the last digit).
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

MINUTE_S = 60
BUCKET_S = 600
BEFORE_BUCKETS = 12  # of HOUSE_BEFORE …
SINCE_BUCKETS = 6  # … and those that came after them
BUCKET_LEAST = 5  # measured minutes that make a 10-minute bucket count
PF_LEAST_W = 60  # below this the power factor is noise
EMPTY = -32768  # in a window: not measured
FULL = 32767


def clamped(number: int) -> int:
    """A value as a day document stores it: 16 bits, the least of them kept for "not measured"."""
    return max(-FULL, min(FULL, number))


def before_end_s(end_s: int) -> int:
    """When the hours of HOUSE_BEFORE ended, for the minute that ended at end_s: a bucket closes as the next begins."""
    return (end_s - MINUTE_S) // BUCKET_S * BUCKET_S - SINCE_BUCKETS * BUCKET_S


def house_of(grid_w: int | None, pv_w: int | None) -> int | None:
    """What the house draws [W]; None while the grid clamp measured nothing."""
    if grid_w is None:
        return None
    return clamped(grid_w + pv_w) if pv_w is not None and pv_w > 0 else clamped(grid_w)


class Window:
    """The last `size` values, None where there was none, with their running sum and count."""

    def __init__(self, size: int):
        self.cells = array("h", bytes(2 * size))  # from bytes: a list of this length would fragment a small heap
        for index in range(size):
            self.cells[index] = EMPTY
        self.at = 0
        self.total = 0
        self.count = 0

    def push(self, number: int | None) -> None:
        """Adds the newest value (clamped to 16 bits; None: not measured) and forgets the oldest."""
        oldest = self.cells[self.at]
        if oldest != EMPTY:
            self.total -= oldest
            self.count -= 1
        if number is None:
            self.cells[self.at] = EMPTY
        else:
            number = clamped(number)
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
        found = FULL
        for number in self.cells:
            if number != EMPTY and number < found:
                found = number
        return found

    def oldest(self, size: int, least: int) -> float | None:
        """Mean of the `size` oldest places; None where fewer than `least` of them hold anything."""
        total = count = 0
        at = self.at
        for _ in range(size):
            number = self.cells[at]
            if number != EMPTY:
                total += number
                count += 1
            at = at + 1 if at + 1 < len(self.cells) else 0
        return total / count if count >= least else None

    def restore(self, cells: bytes, at: int) -> None:
        """Puts back what `dump` saved."""
        self.cells = array("h", cells)
        self.at = at
        self.total = 0
        self.count = 0
        for number in self.cells:
            if number != EMPTY:
                self.total += number
                self.count += 1


_DUMP_SCHEMA = 1
_DUMP = "<BBxxI"  # schema, number of windows, last minute; then of each window its position and cells


class Features:
    """Causal features of the last 24 hours: 1.6 kB of windows, and no allocation that stays.

    After `push`, `values[channel]` holds each density channel in its unit, and bit `channel` of `warm` says whether it
    counts; so does HOUSE_BEFORE [W]. EXCESS_60M is the 60-minute mean and PV_OF_ENVELOPE_3H the 3-hour mean of PV [W]:
    the scorer sets both against the model. Slow channels are formed of 10-minute means, on the ten minutes of UTC; they
    move when one ends.
    """

    def __init__(self) -> None:
        self.values = array("f", bytes(4 * DENSITY))
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
        self._house_3h = Window(BEFORE_BUCKETS + SINCE_BUCKETS)
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

    def push(self, minute_s: int, grid_w: int | None, pv_w: int | None, v_dv: int | None, q_var: int | None) -> bool:
        """Takes the next minute; minutes left out count as not measured. False, and nothing changes, for an old one."""
        minute = minute_s // MINUTE_S
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
        buckets = minute * MINUTE_S // BUCKET_S - self.last_minute * MINUTE_S // BUCKET_S
        for _ in range(min(buckets, 145)):
            self._close_bucket()

    def _close_bucket(self) -> None:
        house = self._house_bucket
        voltage = self._voltage_bucket
        mean_w = house.total // house.count if house.count >= BUCKET_LEAST else None
        self._house_3h.push(mean_w)
        self._house_24h.push(mean_w)
        self._voltage_24h.push(voltage.total // voltage.count if voltage.count >= BUCKET_LEAST else None)
        for _ in range(10):
            house.push(None)
            voltage.push(None)

    def _add(self, house_w: int | None, pv_w: int | None, v_dv: int | None, q_var: int | None) -> None:
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

    def _remember(self, house_w: int | None, v_dv: int | None) -> None:
        self._previous.at = 0
        self._previous.push(house_w)
        self._previous.push(v_dv)

    def _fill(self) -> None:
        self.warm = 0
        house_w = self._previous.cells[0]
        if house_w != EMPTY:
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
            self._set(VOLTAGE_24H, self._voltage_24h.total * 100 / self._voltage_24h.count)
        self._fill_power_factor()
        before_w = self._house_3h.oldest(BEFORE_BUCKETS, WARM_UP_MIN[HOUSE_BEFORE] // 10)
        if before_w is not None:
            self._set(HOUSE_BEFORE, before_w)

    def _fill_power_factor(self) -> None:
        count = self._house_30.count
        total_w = self._house_30.total
        if count < WARM_UP_MIN[POWER_FACTOR_30M] or total_w < PF_LEAST_W * count:
            return
        mean_w = total_w / count
        mean_var = self._reactive_30.total / count
        self._set(POWER_FACTOR_30M, 1000.0 * mean_w / math.sqrt(mean_w * mean_w + mean_var * mean_var))

    def _mean(self, channel: int, window: Window, scale: int) -> None:
        if window.count >= WARM_UP_MIN[channel]:
            self._set(channel, window.total * scale / window.count)  # one rounding, not two: 32-bit floats

    def _set(self, channel: int, number: float) -> None:
        self.values[channel] = number
        self.warm |= 1 << channel

    def dump(self) -> bytes:
        """Everything `load` needs to go on after a restart (about 1.6 kB)."""
        parts = [struct.pack(_DUMP, _DUMP_SCHEMA, len(self._windows), self.last_minute)]
        for window in self._windows:
            parts.append(struct.pack("<H", window.at))
            parts.append(bytes(window.cells))
        return b"".join(parts)

    def load(self, dumped: bytes) -> None:
        """Goes on where `dump` stopped. Other bytes: Refusal("malformed", "features"), and nothing changes."""
        head = struct.calcsize(_DUMP)
        size = head
        for window in self._windows:
            size += 2 + 2 * len(window.cells)
        if len(dumped) != size:
            raise Refusal("malformed", "features")
        schema, windows, last_minute = struct.unpack(_DUMP, dumped[:head])
        if schema != _DUMP_SCHEMA or windows != len(self._windows):
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


def _step(before: int, now: int | None) -> int | None:
    """How far a value moved since the minute before; None where either was not measured."""
    if before == EMPTY or now is None:
        return None
    return min(FULL, abs(now - before))
