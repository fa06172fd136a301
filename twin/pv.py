"""A photovoltaic array: sun, clouds, inverter."""

from dataclasses import dataclass

import numpy as np

from .chance import noise
from .sun import clear_sky, on_plane, sun_position
from .units import DAY_S, Floats

_WEATHER_DAYS = 2.3  # how long a kind of weather lasts
_CLOUD_S = (5400.0, 900.0, 240.0)  # fields of clouds, clouds, and their edges
_CLOUD_WEIGHTS = (0.55, 0.3, 0.15)
_THICK = 0.78  # share of the light that a closed cover keeps off
_PERFORMANCE = 0.86  # wiring, dust, warm modules and the inverter's losses together


@dataclass(frozen=True)
class PvArray:
    """Modules on one roof and their inverter.

    Azimuth is from north over east: 180 faces south. standby_w is what the inverter draws at night, a positive number.
    """

    peak_w: float
    latitude_deg: float = 47.66
    longitude_deg: float = 9.18
    tilt_deg: float = 32.0
    azimuth_deg: float = 180.0
    seed: int = 0
    limit_w: float | None = None  # of the inverter; None: 90 % of the peak power
    standby_w: float = 4.0
    wake_w: float = 15.0  # below this the inverter does not start

    def power_w(self, unix_s: Floats) -> Floats:
        """AC power at each moment: generation positive, standby negative."""
        sun = sun_position(unix_s, self.latitude_deg, self.longitude_deg)
        plane = on_plane(sun, clear_sky(sun), self.tilt_deg, self.azimuth_deg)
        clear_w = self.peak_w * _PERFORMANCE * plane / 1000.0
        limit_w = 0.9 * self.peak_w if self.limit_w is None else self.limit_w
        ac_w = np.minimum(clear_w * self.transmittance(unix_s), limit_w)
        return np.where(ac_w < self.wake_w, -self.standby_w, ac_w)

    def transmittance(self, unix_s: Floats) -> Floats:
        """Share of the clear sky's light that the clouds let through, 0.22 to 1.05 (a cloud's edge adds a little)."""
        unix_s = np.asarray(unix_s, dtype=np.float64)
        cover = 0.5 + 0.75 * noise(self.seed, "weather", unix_s / DAY_S / _WEATHER_DAYS)
        field = sum(
            (w * noise(self.seed, f"cloud {t:g}", unix_s / t) for w, t in zip(_CLOUD_WEIGHTS, _CLOUD_S, strict=True)),
            np.zeros_like(unix_s),
        )
        depth = 1.0 / (1.0 + np.exp(-9.0 * (field + 1.4 * (cover - 0.5))))
        return np.asarray(1.05 - (0.05 + _THICK) * np.maximum(depth, 0.06))
