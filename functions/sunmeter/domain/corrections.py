"""A correction of the grid channel as a CONFIG carries it: what it does to the one that is sealed already. Pure."""

from typing import Any

from .billfit import LEAST_PPM, MOST_PPM
from .refusals import Refused

UNIT_PPM = 1_000_000
_MOST_VERSION = 60_000  # firmware/config.py


def corrected(config: dict[str, Any], in_force: int, gain_ppm: int, version: int) -> dict[str, Any]:
    """The configuration of that version, with the gain on top of calibration `in_force`, which the meter told.

    A correction that is in force already is made one with the new: both start from the calibration below it.
    Refused: calibration_unknown, where the configuration holds a whole calibration; out_of_range, where both together
    are more than a meter takes.
    """
    held = config.get("calibration") or {}
    base, trim_ppm = in_force, gain_ppm
    if held and "of" not in held:
        raise Refused("calibration_unknown", "home")
    if held and held["version"] == in_force:
        base = held["of"]
        trim_ppm = round(held["grid"]["trim_ppm"] * gain_ppm / UNIT_PPM)
    if not LEAST_PPM <= trim_ppm <= MOST_PPM:
        raise Refused("out_of_range", "gain_ppm")
    number = max(in_force, held.get("version", 0)) + 1
    if number > _MOST_VERSION:
        raise Refused("out_of_range", "version")
    return {
        **config,
        "version": version,
        "calibration": {"version": number, "of": base, "grid": {"trim_ppm": trim_ppm}},
    }
