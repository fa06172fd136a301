"""Where the sun stands and what a clear sky gives, from place and time alone."""

from dataclasses import dataclass

import numpy as np

from .units import DAY_S, Floats

_J2000_S = 946_728_000  # 2000-01-01T12:00Z


@dataclass(frozen=True)
class SunPosition:
    """Elevation above the horizon and azimuth from north over east [rad]."""

    elevation: Floats
    azimuth: Floats


@dataclass(frozen=True)
class Irradiance:
    """A clear sky [W/m2]: the beam on a surface that faces the sun, and the diffuse light on a level one."""

    beam: Floats
    diffuse: Floats


def sun_position(unix_s: Floats, latitude_deg: float, longitude_deg: float) -> SunPosition:
    """The Astronomical Almanac's low-precision formulas (Michalsky, Solar Energy 40, 1988): within 0.01 degrees."""
    days = (np.asarray(unix_s, dtype=np.float64) - _J2000_S) / DAY_S
    mean_anomaly = np.deg2rad(357.528 + 0.9856003 * days)
    longitude = np.deg2rad(280.460 + 0.9856474 * days + 1.915 * np.sin(mean_anomaly) + 0.020 * np.sin(2 * mean_anomaly))
    obliquity = np.deg2rad(23.439 - 4e-7 * days)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    sidereal_deg = 280.46062 + 360.98564737 * days + longitude_deg
    hour_angle = np.deg2rad(sidereal_deg) - right_ascension
    latitude = np.deg2rad(latitude_deg)
    elevation = np.arcsin(
        np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    )
    azimuth = np.arctan2(
        -np.sin(hour_angle), np.cos(latitude) * np.tan(declination) - np.sin(latitude) * np.cos(hour_angle)
    )
    return SunPosition(elevation, np.asarray(azimuth % (2 * np.pi)))


def clear_sky(sun: SunPosition) -> Irradiance:
    """Beam after Meinel (1976), 1353 * 0.7 ** (air mass ** 0.678), air mass after Kasten and Young (1989).

    Diffuse light is taken as a tenth of the beam.
    """
    up = sun.elevation > 0
    elevation = np.maximum(sun.elevation, 0.0)
    air_mass = 1.0 / (np.sin(elevation) + 0.50572 * (np.rad2deg(elevation) + 6.07995) ** -1.6364)
    beam = np.where(up, 1353.0 * 0.7 ** (air_mass**0.678), 0.0)
    return Irradiance(beam, 0.1 * beam)


def on_plane(sun: SunPosition, sky: Irradiance, tilt_deg: float, azimuth_deg: float) -> Floats:
    """What a tilted plane receives [W/m2]: beam by the angle of incidence, diffuse and ground (albedo 0.2) by view."""
    tilt, facing = np.deg2rad(tilt_deg), np.deg2rad(azimuth_deg)
    incidence = np.sin(sun.elevation) * np.cos(tilt)
    incidence = incidence + np.cos(sun.elevation) * np.sin(tilt) * np.cos(sun.azimuth - facing)
    level = sky.beam * np.maximum(np.sin(sun.elevation), 0.0) + sky.diffuse
    return np.asarray(
        sky.beam * np.maximum(incidence, 0.0)
        + sky.diffuse * (1 + np.cos(tilt)) / 2
        + 0.2 * level * (1 - np.cos(tilt)) / 2
    )
