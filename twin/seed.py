"""History of a home as the intervals a hub would have sent: exact integer registers from the minutes of a source.

Pure: whoever wants the history sends it, through the hub's own code or to `ingest`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .profile import Profile, Source
from .units import MINUTE_S, Floats, Ints

QUARTER_S = 900
_MINUTES = QUARTER_S // MINUTE_S
_READINGS = QUARTER_S // 10
_DAY_S = 86_400
_ASSEMBLED_MS = 20_000  # after a quarter's end a hub has heard the next reading and cuts it
_INT_LIMIT_W = 200_000


def history(
    meter: str,
    source: Source,
    start_s: int,
    end_s: int,
    registers_mwh: tuple[int, int, int, int] = (0, 0, 0, 0),
    boot_id: int = 1,
) -> Iterator[dict[str, Any]]:
    """Intervals of [start_s, end_s), both on a quarter, in order; registers begin at registers_mwh.

    Registers never fall, each interval begins with the registers its neighbour ends with, and the sum of all is what
    the minutes hold to the milliwatt-hour.
    """
    if start_s % QUARTER_S or end_s % QUARTER_S:
        raise ValueError("history begins and ends on a quarter")
    counted = np.array(registers_mwh, dtype=np.int64)
    carry_mwh = np.zeros(4)
    for day_s in range(start_s, end_s, _DAY_S):
        profile = source.minutes(day_s, min(day_s + _DAY_S, end_s))
        exact_mwh = carry_mwh[:, None] + np.cumsum(_minute_mwh(profile), axis=1)
        quarters_mwh = np.floor(exact_mwh[:, _MINUTES - 1 :: _MINUTES])
        edges = np.concatenate([counted[:, None], counted[:, None] + quarters_mwh.astype(np.int64)], axis=1)
        for quarter in range(edges.shape[1] - 1):
            part = profile.cut(day_s + quarter * QUARTER_S, day_s + (quarter + 1) * QUARTER_S)
            resets = ["power_on"] if part.start_s == start_s else []
            yield _interval(meter, part, edges[:, quarter], edges[:, quarter + 1], boot_id, resets)
        counted, carry_mwh = edges[:, -1], exact_mwh[:, -1] - quarters_mwh[:, -1]


def _minute_mwh(profile: Profile) -> Floats:
    """Energy of each minute by register: shape (4, minutes)."""
    grid_w, pv_w = profile.grid_w, profile.pv_w
    parts = (np.maximum(grid_w, 0.0), np.maximum(-grid_w, 0.0), np.maximum(pv_w, 0.0), np.maximum(-pv_w, 0.0))
    return np.asarray(np.stack(parts) * (1000.0 * MINUTE_S / 3600.0))


def _interval(meter: str, part: Profile, regs0: Ints, regs1: Ints, boot_id: int, resets: list[str]) -> dict[str, Any]:
    grid_w, pv_w, v_dv = _whole(part.grid_w), _whole(part.pv_w), _whole(part.v_v * 10)
    return {
        "type": "interval",
        "v": 1,
        "meter": meter,
        "start_s": part.start_s,
        "rev": part.end_s * 1000 + _ASSEMBLED_MS,
        "regs0": regs0.tolist(),
        "regs1": regs1.tolist(),
        "coverage_permille": 1000,
        "minutes": {"grid_w": grid_w, "pv_w": pv_w, "v_dv": v_dv, "q_var": _whole(part.grid_var)},
        "grid_max_w": max(grid_w),
        "grid_min_w": min(grid_w),
        "pv_max_w": max(pv_w),
        "v_min_dv": min(v_dv),
        "v_max_dv": max(v_dv),
        "u_w": round(3 + 0.01 * float(np.abs(part.grid_w).mean())),
        "evidence": {
            "boots": [boot_id],
            "resets": resets,  # of the boots that began in this quarter
            "readings": _READINGS,
            "snapshots": 1,
            "late": 0,
            "dropped": 0,
            "clipped": 0,
            "rejected": 0,
            "edges": "measured",
            "offline_s": 0,
        },
    }


def _whole(series: Floats) -> list[int]:
    clipped = np.clip(np.rint(series), -_INT_LIMIT_W, _INT_LIMIT_W)
    return [int(number) for number in clipped]
