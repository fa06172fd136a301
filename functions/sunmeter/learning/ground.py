"""The minutes a model learns from, with all that is formed of them once; and what a model would have said of them."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..contract import features as ids
from ..contract.model import DAY_S, Curve, Model
from . import expected as expecting
from .curves import curve_mean, of_envelope
from .minutes import MINUTE_S, Minutes
from .replay import Clock, features, replay, shaped
from .series import HOUR_S, Floats, offsets_s


@dataclass(frozen=True)
class Ground:
    """The minutes to learn from, with all that is computed of them once."""

    minutes: Minutes
    found: dict[int, Floats]  # features
    end_s: npt.NDArray[np.int64]  # of each minute
    clock: Clock
    expected: expecting.Expected
    envelope: Curve | None  # None: no PV, or too little of it yet

    def since(self, from_s: int) -> "Ground":
        """The same from a moment on, with what is known of the minutes before it."""
        first = int(np.searchsorted(self.end_s, from_s, side="right"))
        return replace(
            self,
            minutes=self.minutes.between(self.minutes.start_s + first * MINUTE_S, self.minutes.end_s),
            found={channel: values[first:] for channel, values in self.found.items()},
            end_s=self.end_s[first:],
            clock=self.clock.since(first),
        )

    def past(self, model: Model) -> Model:
        """The model with the curves of the past, to set the history against."""
        past = Model()
        past.channels, past.mixture, past.night = model.channels, model.mixture, model.night
        past.expected_w, past.expected_spread_w = self.expected.mean_w, self.expected.spread_w
        past.envelope_w = self.envelope
        return past


def ground(minutes: Minutes, now_s: int, zone: str) -> Ground:
    end_s = minutes.ts_s + MINUTE_S
    hours = (len(end_s) + 119) // 60
    first_s = minutes.start_s // HOUR_S * HOUR_S
    offset_s = offsets_s(zone, first_s, hours)[(end_s - first_s) // HOUR_S]
    return Ground(
        minutes=minutes,
        found=features(minutes),
        end_s=end_s,
        clock=Clock.at((end_s + offset_s) % DAY_S),
        expected=expecting.power(minutes.hourly(minutes.house_w), now_s, zone),
        envelope=expecting.envelope(minutes.hourly(minutes.pv_w), now_s) if np.isfinite(minutes.pv_w).any() else None,
    )


def centred(known: Ground, channel: int) -> tuple[Floats, Floats]:
    """A channel's values in the shape in which it is Gaussian, and the scale that the model knows beforehand."""
    values = known.found[channel]
    if channel == ids.EXCESS_60M:
        usual_w = curve_mean(known.expected.mean_w, known.end_s, 1)
        return values - usual_w, curve_mean(known.expected.spread_w, known.end_s, 1)
    if channel == ids.PV_OF_ENVELOPE_3H:
        values = of_envelope(values, known.envelope, known.end_s)
    return shaped(channel, values), np.ones(len(values))


def replayed(known: Ground, model: Model) -> npt.NDArray[np.int64]:
    """Scores over the history, set against the curves of the past and on the clock of the past."""
    return replay(known.past(model), known.minutes, known.found, known.clock).score_milli
