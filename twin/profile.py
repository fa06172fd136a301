"""A profile: what a house does, minute by minute in UTC. People and recordings make them, the house plays them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .appliances import APPLIANCES, INVERTER_FILTER_VAR, reactive_per_w
from .units import MINUTE_S, Floats


@dataclass(frozen=True)
class Profile:
    """Minute means. All arrays have one length; start_s is a whole minute of Unix time.

    House power is what the meter will call so: appliances and the inverter's own consumption at night.
    """

    start_s: int
    loads_w: Mapping[str, Floats]  # by key of APPLIANCES; never negative
    pv_w: Floats  # generation positive; negative: the inverter's standby
    extra_var: Floats  # fundamental reactive power beyond that of the appliances
    v_v: Floats
    has_pv: bool = True

    @property
    def end_s(self) -> int:
        return self.start_s + self.minutes * MINUTE_S

    @property
    def minutes(self) -> int:
        return len(self.pv_w)

    @property
    def house_w(self) -> Floats:
        return np.asarray(self.load_w - np.minimum(self.pv_w, 0.0))

    @property
    def load_w(self) -> Floats:
        return np.asarray(sum(self.loads_w.values(), np.zeros(self.minutes)))

    @property
    def grid_w(self) -> Floats:
        """Positive when the house imports."""
        return np.asarray(self.load_w - self.pv_w)

    @property
    def load_var(self) -> Floats:
        """Fundamental reactive power of the house's appliances, positive when inductive."""
        own = sum((reactive_per_w(APPLIANCES[k]) * w for k, w in self.loads_w.items()), np.zeros(self.minutes))
        return np.asarray(own + self.extra_var)

    @property
    def grid_var(self) -> Floats:
        """Fundamental reactive power at the grid clamp; the inverter's filter supplies a part of it."""
        return self.load_var - (INVERTER_FILTER_VAR if self.has_pv else 0.0)

    def cut(self, from_s: int, to_s: int) -> "Profile":
        """The minutes of [from_s, to_s), which must lie within."""
        a, b = (from_s - self.start_s) // MINUTE_S, (to_s - self.start_s) // MINUTE_S
        if a < 0 or b > self.minutes:
            raise ValueError(f"{from_s}..{to_s} is not within the profile")
        return Profile(
            start_s=self.start_s + a * MINUTE_S,
            loads_w={k: w[a:b] for k, w in self.loads_w.items()},
            pv_w=self.pv_w[a:b],
            extra_var=self.extra_var[a:b],
            v_v=self.v_v[a:b],
            has_pv=self.has_pv,
        )


class Source(Protocol):
    """Where profiles come from: endless, and the same minutes whatever the range they are asked in."""

    def minutes(self, from_s: int, to_s: int) -> Profile:
        """The profile of [from_s, to_s), both whole minutes of Unix time."""
        ...


@dataclass(frozen=True)
class Steady:
    """A source for tests and benches: constant loads, constant PV, constant voltage."""

    loads_w: Mapping[str, float]
    pv_w: float = 0.0
    extra_var: float = 0.0
    v_v: float = 230.0
    has_pv: bool = True

    def minutes(self, from_s: int, to_s: int) -> Profile:
        n = (to_s - from_s) // MINUTE_S
        return Profile(
            start_s=from_s,
            loads_w={k: np.full(n, w) for k, w in self.loads_w.items()},
            pv_w=np.full(n, self.pv_w),
            extra_var=np.full(n, self.extra_var),
            v_v=np.full(n, self.v_v),
            has_pv=self.has_pv,
        )
