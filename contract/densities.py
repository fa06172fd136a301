"""The densities of the anomaly model: how rare a distance is, and how unusual the channels are together.

Runs unchanged on CPython and MicroPython (32-bit floats).
"""

import math
from array import array

MOST_MILLI = 30000  # one in 10^30 hours: beyond it a rarer value is not more unusual
_LN10 = 2.302585092994046
FARTHEST = 1000.0  # spreads: beyond them a column is not stranger, and its square stays within 32 bits
MOST_SURPRISED = 30.0  # spreads of -ln p above its median: a minute beyond it would be remembered for hours
MEMORY_MIN = 30  # the smoothing of -ln p: what lasts counts, a moment does not


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
            return MOST_MILLI / 1000.0
        return self.rate + math.log(inside) / (self.xi * _LN10)


class Mixture:
    """Gaussian components with diagonal covariances over columns, each a channel in spreads from its centre.

    One channel may be ordinary by itself and strange beside the others: a base load that is high for how little the
    house does. All columns but one must be measured: the power factor falls silent when next to nothing is drawn.
    """

    def __init__(
        self,
        channels: bytes,
        columns: "tuple[array[float], array[float]]",
        weights: "array[float]",
        components: "tuple[array[float], array[float]]",
        scale: "tuple[float, float]",
        tail: Tail,
    ):
        self.channels = channels  # the id of each column's channel
        self.centres = columns[0]  # of the columns, in their channels' shape …
        self.spreads = columns[1]
        self.weights = weights  # of the components, together 1
        self.means = components[0]  # component by component, in spreads from the centre …
        self.log_variances = components[1]  # … and in squared spreads
        self.usual = scale[0]  # median of the smoothed -ln p …
        self.spread = scale[1]  # … and how far above it one minute of six lies
        self.tail = tail
        self.x = array("f", [0.0] * len(channels))  # the minute, in spreads
        self.known = 0  # bit by bit, the columns that are measured
        self.nearest = 0  # component
        self.smoothed = 0.0
        self.is_empty = True  # nothing smoothed yet

    def begin(self) -> None:
        """Forgets the minutes before."""
        self.is_empty = True

    def set(self, column: int, shaped: float | None) -> None:
        """One column of the minute, in its channel's shape; None: not measured."""
        self.known &= ~(1 << column)
        if shaped is not None:
            apart = (shaped - self.centres[column]) / self.spreads[column]
            self.x[column] = max(-FARTHEST, min(FARTHEST, apart))
            self.known |= 1 << column

    def score(self) -> float:
        """-log10 of how often per hour the smoothed -ln p goes as far as after this minute; 0 with too few columns."""
        missing = 0
        for column in range(len(self.channels)):
            if not self.known >> column & 1:
                missing += 1
        if missing > 1:
            return 0.0
        surprise = min(self._surprise(), self.usual + MOST_SURPRISED * self.spread)
        if self.is_empty:
            self.smoothed = surprise
            self.is_empty = False
        self.smoothed += (surprise - self.smoothed) / MEMORY_MIN
        return self.tail.score((self.smoothed - self.usual) / self.spread)

    def _surprise(self) -> float:
        """-ln p but for a constant, of the columns that are known; finds the nearest component."""
        most = 0.0
        total = 0.0
        for component in range(len(self.weights)):
            log_p = self._log_density(component)
            if component == 0 or log_p > most:
                total = total * math.exp(most - log_p) + 1.0 if component else 1.0
                most = log_p
                self.nearest = component
            else:
                total += math.exp(log_p - most)
        return -most - math.log(total)

    def _log_density(self, component: int) -> float:
        total = math.log(self.weights[component])
        at = component * len(self.channels)
        for column in range(len(self.channels)):
            if self.known >> column & 1:
                apart = self.x[column] - self.means[at + column]
                log_variance = self.log_variances[at + column]
                total -= 0.5 * (apart * apart * math.exp(-log_variance) + log_variance)
        return total

    def leading(self) -> int:
        """The column that lies farthest from the nearest component."""
        farthest = -1.0
        found = 0
        at = self.nearest * len(self.channels)
        for column in range(len(self.channels)):
            if self.known >> column & 1:
                apart = self.x[column] - self.means[at + column]
                squared = apart * apart * math.exp(-self.log_variances[at + column])
                if squared > farthest:
                    farthest = squared
                    found = column
        return found

    def usual_of(self, column: int) -> tuple[float, float]:
        """(mean, spread) of a column in the nearest component, in its channel's shape."""
        at = self.nearest * len(self.channels) + column
        spread = self.spreads[column]
        return self.centres[column] + spread * self.means[at], spread * math.exp(0.5 * self.log_variances[at])
