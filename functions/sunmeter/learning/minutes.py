"""Minutes of a home as arrays: what day documents hold, ready for training."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .series import HOUR_S, Floats, Hourly

MINUTE_S = 60
HOUR_MINUTES = 60
_FULL = 32767  # a day document clamps powers to 16 bits
_COLUMNS = {"grid_w": ("<i2", -32768), "pv_w": ("<i2", -32768), "v_dv": ("<u2", 65535), "q_var": ("<i2", -32768)}


@dataclass(frozen=True)
class Minutes:
    """Minute means from start_s on, one element a minute: integers, NaN where nothing was measured."""

    start_s: int
    grid_w: Floats
    pv_w: Floats
    v_dv: Floats
    q_var: Floats

    @property
    def end_s(self) -> int:
        return self.start_s + MINUTE_S * len(self.grid_w)

    @property
    def ts_s(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Start of each minute."""
        return self.start_s + MINUTE_S * np.arange(len(self.grid_w), dtype=np.int64)

    @property
    def house_w(self) -> Floats:
        """What the house draws, as `contract.features.house_of` has it."""
        generated = np.where(self.pv_w > 0, self.pv_w, 0.0)
        return np.clip(self.grid_w + generated, -_FULL, _FULL)

    @property
    def measured_days(self) -> float:
        """Days' worth of measured minutes."""
        return float(np.isfinite(self.grid_w).sum()) / (24 * HOUR_MINUTES)

    def between(self, start_s: int, end_s: int) -> "Minutes":
        """The minutes from start_s until end_s, as far as they are here."""
        first = max(0, (start_s - self.start_s) // MINUTE_S)
        last = max(first, (end_s - self.start_s) // MINUTE_S)
        parts = (column[first:last] for column in (self.grid_w, self.pv_w, self.v_dv, self.q_var))
        return Minutes(self.start_s + first * MINUTE_S, *parts)

    def without(self, spans_s: Iterable[tuple[int, int]]) -> "Minutes":
        """These minutes as if nothing had been measured in those spans of time."""
        ts_s = self.ts_s
        left_out = np.zeros(len(ts_s), bool)
        for from_s, until_s in spans_s:
            left_out |= (ts_s >= from_s) & (ts_s < until_s)
        columns = (self.grid_w, self.pv_w, self.v_dv, self.q_var)
        return Minutes(self.start_s, *(np.where(left_out, np.nan, column) for column in columns))

    def hourly(self, power_w: Floats) -> Hourly:
        """Energy per hour of UTC of a power of these minutes; NaN where less than half of the hour was measured."""
        lead = (self.start_s % HOUR_S) // MINUTE_S
        tail = -(lead + len(power_w)) % HOUR_MINUTES
        rows = np.pad(power_w, (lead, tail), constant_values=np.nan).reshape(-1, HOUR_MINUTES)
        count = np.isfinite(rows).sum(axis=1)
        total = np.where(np.isfinite(rows), rows, 0.0).sum(axis=1)
        wh = np.where(count >= HOUR_MINUTES // 2, total / np.maximum(count, 1), np.nan)
        return Hourly(self.start_s - lead * MINUTE_S, wh)


def of_days(days: Iterable[tuple[int, Mapping[str, bytes]]]) -> Minutes:
    """From the packed columns of day documents, (start_s, columns) each, in any order; what lies between is missing.

    Raises ValueError when there is no day.
    """
    known = sorted(days, key=lambda day: day[0])
    if not known:
        raise ValueError("no days")
    start_s = known[0][0]
    lengths = {day_s: max(len(columns[name]) // 2 for name in _COLUMNS) for day_s, columns in known}
    size = max((day_s - start_s) // MINUTE_S + length for day_s, length in lengths.items())
    series = {name: np.full(size, np.nan) for name in _COLUMNS}
    for day_s, columns in known:
        at = (day_s - start_s) // MINUTE_S
        for name, (code, missing) in _COLUMNS.items():
            numbers = np.frombuffer(columns[name], code)
            series[name][at : at + len(numbers)] = np.where(numbers == missing, np.nan, numbers)
    return Minutes(start_s, **series)
