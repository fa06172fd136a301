"""The measured set against a model's hourly curves, at many moments at once, as the contract's scorer does."""

import numpy as np
import numpy.typing as npt

from ..contract import features as ids
from ..contract.model import HOUR_S, Curve, Model, Night
from ..contract.scorer import ENVELOPE_LEAST
from .series import Floats

Moments = npt.NDArray[np.int64]  # unix time [s]


def curve_mean(curve: Curve | None, end_s: Moments, hours: int) -> Floats:
    """`Curve.mean` at many moments; NaN where the curve does not reach."""
    if curve is None:
        return np.full(len(end_s), np.nan)
    numbers = np.concatenate([[0.0], np.cumsum(np.asarray(curve.numbers, float))])
    at = (end_s - curve.start_s) / HOUR_S
    inside = (at - hours >= 0) & (at <= len(curve.numbers))
    hour = np.arange(len(numbers))
    total = np.interp(at, hour, numbers) - np.interp(at - hours, hour, numbers)
    return np.where(inside, total / hours, np.nan)


def of_envelope(pv_w: Floats, envelope_w: Curve | None, end_s: Moments) -> Floats:
    """PV of three hours against the envelope of the same hours [permille]; NaN while the sun is low."""
    usual_w = curve_mean(envelope_w, end_s, 3)
    least_w = ENVELOPE_LEAST * max(envelope_w.numbers) if envelope_w is not None else 0.0
    high = (usual_w >= least_w) & (usual_w > 0)
    return np.where(high, 1000 * pv_w / np.where(high, usual_w, 1.0), np.nan)


def by_night(night: Night, model: Model, found: dict[int, Floats], end_s: Moments, second_of_day: Moments) -> Floats:
    """How many spreads the excess lies above what follows of the hours before; NaN by day, or where it is not known."""
    before_end_s = (end_s - ids.MINUTE_S) // ids.BUCKET_S * ids.BUCKET_S - ids.SINCE_BUCKETS * ids.BUCKET_S
    before_w = found[ids.HOUSE_BEFORE] - curve_mean(model.expected_w, before_end_s, 2)
    left_w = found[ids.EXCESS_60M] - curve_mean(model.expected_w, end_s, 1) - night.carries * before_w
    z = (left_w / curve_mean(model.expected_spread_w, end_s, 1) - night.usual) / night.spread
    covered = (second_of_day > night.hours[0] * HOUR_S) & (second_of_day <= night.hours[1] * HOUR_S)
    return np.where(covered, z, np.nan)
