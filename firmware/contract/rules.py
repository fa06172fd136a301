"""Rules beside the density: facts that need no learning, told from the first minute.

Runs unchanged on CPython and MicroPython.
"""

from .features import (
    CHANNELS,
    FROZEN,
    FULL,
    HOUSE_BELOW_ZERO,
    MINUTE_S,
    NO_CURRENT,
    POWER_ABOVE_APPARENT,
    PV_BELOW_ZERO,
    VOLTAGE_10M,
    Window,
    house_of,
)

_PRESENT_DV = 500  # below 50 V there is no mains to judge: an interruption, which the bursts tell
_NO_CURRENT_W = 5  # what a clamp that hears nothing may show
_FROZEN_MINUTES = 10  # in 60 days of a real house three minutes in a row were equal, never four

_RULES = (  # channel, minutes until it opens, minutes until it closes
    (VOLTAGE_10M, 1, 10),
    (HOUSE_BELOW_ZERO, 3, 10),
    (PV_BELOW_ZERO, 3, 10),
    (FROZEN, 1, 1),
    (NO_CURRENT, 10, 3),
    (POWER_ABOVE_APPARENT, 3, 10),
)


class Latch:
    """Opens after `opening` minutes on, in a row, and closes after `closing` minutes off."""

    def __init__(self, opening: int, closing: int):
        self.opening = opening
        self.closing = closing
        self.is_open = False
        self._run = 0

    def push(self, on: bool) -> bool:
        """True when it has just opened or closed."""
        self._run = self._run + 1 if on != self.is_open else 0
        if self._run < (self.closing if self.is_open else self.opening):
            return False
        self.is_open = not self.is_open
        self._run = 0
        return True

    def interrupt(self) -> None:
        """What comes next does not follow in a row."""
        self._run = 0


class Rules:
    """Facts that need no learning and are never a matter of degree, from the first minute.

    `push` returns how many events there are; `events[:n]` are as the scorer's, score 0. The limits are those of the
    supply (EN 50160: 230 V ± 10 % over ten minutes).
    """

    def __init__(self, low_dv: int = 2070, high_dv: int = 2530):
        self.low_dv = low_dv
        self.high_dv = high_dv
        self.events = [("", "", 0, 0, 0, 0, 0, 0)] * len(_RULES)
        self._voltage_10 = Window(10)
        self._same = 0  # minutes in a row that repeat the one before to the last digit
        self._now: tuple[int | None, ...] = ()
        self._last_minute = 0
        self._verdicts = (self._voltage, self._house, self._pv, self._frozen, self._no_current, self._apparent)
        self._latches = [Latch(opening, closing) for _, opening, closing in _RULES]
        self._since_s = [0] * len(_RULES)
        self._lows = [False] * len(_RULES)

    def push(
        self,
        minute_s: int,
        grid_w: int | None,
        pv_w: int | None,
        v_dv: int | None,
        q_var: int | None,
        grid_va: int | None = None,
    ) -> int:
        """Judges the next minute; grid_va is the apparent power where it is known. 0 for a minute already seen."""
        minute = minute_s // MINUTE_S
        if minute <= self._last_minute:
            return 0
        if minute - self._last_minute > 1:
            self._forget()
        self._last_minute = minute
        self._follow(grid_w, pv_w, v_dv, q_var)
        told = 0
        for index in range(len(_RULES)):
            verdict = self._verdicts[index](grid_w, pv_w, v_dv, q_var, grid_va)
            if verdict is not None and self._latches[index].push(verdict[0]):
                self.events[told] = self._event(index, minute_s, verdict[1], verdict[2], verdict[3])
                told += 1
        return told

    def reopen(self, kind: str, channel: int, since_s: int) -> None:
        """Goes on with an event that was open before a restart; a channel without a rule is left alone."""
        for index in range(len(_RULES)):
            if _RULES[index][0] == channel:
                self._latches[index].is_open = True
                self._since_s[index] = since_s
                self._lows[index] = kind == CHANNELS[channel][2]

    def _forget(self) -> None:
        """After a gap nothing is in a row."""
        self._now = ()
        for latch in self._latches:
            latch.interrupt()
        for _ in range(10):
            self._voltage_10.push(None)

    def _follow(self, grid_w: int | None, pv_w: int | None, v_dv: int | None, q_var: int | None) -> None:
        present = v_dv is not None and v_dv >= _PRESENT_DV
        self._voltage_10.push(v_dv if present else None)
        now = (grid_w, pv_w, v_dv, q_var)
        self._same = self._same + 1 if present and grid_w is not None and now == self._now else 0
        self._now = now

    def _event(
        self, index: int, minute_s: int, number: int, lo: int, hi: int
    ) -> "tuple[str, str, int, int, int, int, int, int]":
        channel = _RULES[index][0]
        is_open = self._latches[index].is_open
        if is_open:
            self._since_s[index] = minute_s
            self._lows[index] = number < lo
        kind = CHANNELS[channel][2 if self._lows[index] else 3]
        return ("start" if is_open else "end", kind, channel, number, lo, hi, 0, self._since_s[index])

    # Each verdict: (is the rule broken, number, least and greatest that are possible), or None where this minute
    # cannot tell.

    def _voltage(self, *_: int | None) -> "tuple[bool, int, int, int] | None":
        if self._voltage_10.count < 8:
            return None
        mean_dv = self._voltage_10.mean()
        is_out = mean_dv < self.low_dv or mean_dv > self.high_dv
        return is_out, int(mean_dv * 100 + 0.5), self.low_dv * 100, self.high_dv * 100

    def _house(self, grid_w: int | None, pv_w: int | None, *_: int | None) -> "tuple[bool, int, int, int] | None":
        house_w = house_of(grid_w, pv_w)
        if house_w is None:
            return None
        least_w = -50 - (max(pv_w, 0) // 25 if pv_w is not None else 0)  # two clamps of 2 % each may differ
        return house_w < least_w, house_w, least_w, FULL

    def _pv(self, grid_w: int | None, pv_w: int | None, *_: int | None) -> "tuple[bool, int, int, int] | None":
        return None if pv_w is None else (pv_w < -50, pv_w, -50, FULL)  # an inverter's standby is a few watts

    def _frozen(self, *_: int | None) -> "tuple[bool, int, int, int] | None":
        return self._same >= _FROZEN_MINUTES - 1, self._same + 1, 1, _FROZEN_MINUTES - 1

    def _no_current(
        self, grid_w: int | None, pv_w: int | None, v_dv: int | None, q_var: int | None, *_: int | None
    ) -> "tuple[bool, int, int, int] | None":
        if grid_w is None or q_var is None or v_dv is None or v_dv < _PRESENT_DV:
            return None
        is_silent = abs(grid_w) <= _NO_CURRENT_W and abs(q_var) <= _NO_CURRENT_W
        return is_silent, grid_w, _NO_CURRENT_W + 1, FULL

    def _apparent(
        self, grid_w: int | None, pv_w: int | None, v_dv: int | None, q_var: int | None, grid_va: int | None
    ) -> "tuple[bool, int, int, int] | None":
        if grid_w is None or grid_va is None:
            return None
        most_w = grid_va + grid_va // 50 + 20
        return abs(grid_w) > most_w, grid_w, -most_w, most_w
