"""A clock whose ticks wrap as the ESP32's do."""

import clock

_WRAP = 1 << 30


def _diff(later, earlier):
    return ((later - earlier + _WRAP // 2) & (_WRAP - 1)) - _WRAP // 2


def uptimes(ticks):
    made = clock.Clock(_diff)
    return [made.uptime_us(t) for t in ticks]


def times(heard, asked_ms):
    """heard: [hub's time, uptime] in turn; after each: [wall time of asked_ms, whether set, what it was off by]."""
    made = clock.Clock(_diff)
    found = [[made.unix_ms(asked_ms), made.is_set, 0]]
    for hub_ms, uptime_ms in heard:
        made.hear(hub_ms, uptime_ms)
        found.append([made.unix_ms(asked_ms), made.is_set, made.error_ms])
    return found
