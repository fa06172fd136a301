"""When was it? Wall time for what a meter made before its clock was set. Pure."""

from dataclasses import dataclass

from .contract import wire

# A meter's clock comes from its hub; one this far ahead of it is wrong, and time would be cut up to where it points.
FUTURE_MS = 600_000
# A meter's clock is right to a second, and a request is under way for five at most before the meter gives it up.
OFF_MS = 10_000
DRIFT = 10_000  # a quartz is right to 100 ppm, so to a tenth of a second in a thousand


@dataclass(frozen=True)
class Stamp:
    """What one frame says of its time."""

    ts_ms: int  # 0: the meter's clock was not set
    uptime_ms: int | None  # None: a snapshot, which has wall time only


def stamp(kind: int, record: dict[str, int]) -> Stamp | None:
    """The time of a reading, event or snapshot; None for what has none."""
    if kind == wire.RESULT:
        return None
    is_set = kind != wire.READING or record["flags"] & wire.FLAG_CLOCK_SET
    return Stamp(record["ts_ms"] if is_set else 0, record.get("uptime_ms"))


def zero_ms(found: Stamp | None, now_ms: int) -> int | None:
    """Wall time at which the boot's uptime was 0, by a frame that has both times; None when it has not, or is wrong."""
    if found is None or not found.ts_ms or found.uptime_ms is None or found.ts_ms > now_ms + FUTURE_MS:
        return None
    return found.ts_ms - found.uptime_ms


def place(found: Stamp | None, zero: int | None, now_ms: int) -> int | None:
    """Wall time of a frame [ms]: its own, or its uptime counted from its boot's zero; None while that is unknown."""
    if found is None:
        return None
    if 0 < found.ts_ms <= now_ms + FUTURE_MS:
        return found.ts_ms
    if zero is None or found.uptime_ms is None:
        return None
    return zero + found.uptime_ms


def error_ms(zero: int, uptime_ms: int, zeros: tuple[int, ...]) -> int:
    """How far a meter's clock was ahead when it made a frame; 0 where it was right.

    zero: when its boot began by that clock. zeros: when it did by the hub's, as this request tells it, and as the
    boot's first one did. A request that was long under way makes the one too late, a step of the hub's own clock makes
    the other wrong: a time that fits either of them is believed.
    """
    errors = [zero - known for known in zeros]
    return 0 if min(map(abs, errors)) <= OFF_MS + uptime_ms // DRIFT else errors[0]
