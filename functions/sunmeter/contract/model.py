"""The anomaly model as the meter holds it. `unpacking.py` reads it from its bytes.

Runs unchanged on CPython and MicroPython (32-bit floats).
"""

from array import array

from .densities import Mixture, Tail

SILENT = 65535  # as a threshold: score, but never alert
HOUR_S = 3600
DAY_S = 86400
MAX_FOURIER = 9  # numbers in a mean or a spread: the constant and four harmonics


class Channel:
    """One conditional Gaussian: mean and log spread are Fourier series over the local day."""

    def __init__(
        self, channel: int, mean: "array[float]", log_spread: "array[float]", low: Tail | None, high: Tail | None
    ):
        self.channel = channel
        self.mean = mean  # array of 1 + 2 k numbers
        self.log_spread = log_spread
        self.low = low  # Tail, or None where this side never alarms
        self.high = high


class Night:
    """The excess between two hours of the local day, beyond what follows of the hours before it.

    What the house drew too much or too little two hours long goes on in part: the rest is what is rare.
    """

    def __init__(self, hours: "tuple[int, int]", carries: float, scale: "tuple[float, float]", tail: Tail):
        self.hours = hours  # of the local day, from the first to the second
        self.carries = carries  # how much of what the hours before were off goes on
        self.usual = scale[0]  # median of what is left, in spreads of the expected power …
        self.spread = scale[1]  # … and how far above it one hour of six lies
        self.tail = tail

    def covers(self, second_of_day: int) -> bool:
        """Whether a minute that ended then is one of these hours."""
        return self.hours[0] * HOUR_S < second_of_day <= self.hours[1] * HOUR_S


class Curve:
    """An hourly series from an hour on: the expected power and its spread, or the envelope of the PV."""

    def __init__(self, start_s: int, numbers: "array[float]"):
        self.start_s = start_s
        self.numbers = numbers

    def mean(self, end_s: int, hours: int) -> float | None:
        """Mean over the `hours` up to end_s, the first and last hour in part; None where the curve does not reach."""
        at_s = end_s - self.start_s - hours * HOUR_S
        first = at_s // HOUR_S
        part = (at_s - first * HOUR_S) / HOUR_S
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

    def __init__(self) -> None:
        self.version = 0
        self.trained_s = 0
        self.threshold_milli = SILENT
        self.offset_s = 0  # of the home's zone from UTC …
        self.next_offset_s = 0  # … and what it becomes
        self.change_s = 0  # at this moment
        self.open_minutes = 5
        self.close_minutes = 30
        self.channels: list[Channel] = []
        self.expected_w: Curve | None = None  # None: EXCESS_60M stays silent
        self.expected_spread_w: Curve | None = None
        self.envelope_w: Curve | None = None  # no PV, or too little of it seen
        self.mixture: Mixture | None = None  # None: the channels are judged one by one alone
        self.night: Night | None = None  # None: the excess is judged alike at all hours

    def second_of_day(self, ts_s: int) -> int:
        """Seconds since local midnight."""
        offset_s = self.next_offset_s if ts_s >= self.change_s else self.offset_s
        return (ts_s + offset_s) % DAY_S
