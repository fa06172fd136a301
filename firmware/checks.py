"""What the meter can tell from its own data about its own sensors: a bit for each of wire.CHECKS, in every reading.

Facts (missing, flat, clipped, frequency) are counted burst by burst over the reading's window. What a clamp hears and
how is weighed minute by minute: evidence raises a score, counter-evidence lowers it; the bit is set at a height and
cleared at zero. Which mistake it is follows from what is possible. With the load L ≥ 0 and the generation G ≥ 0:

                    grid hears   PV hears    what is impossible otherwise
    as it should be  L - G        G           PV below zero; grid below zero in the dark
    grid reversed    G - L        G           grid below zero while PV is dark; PV and grid move the same way
    PV reversed      L - G        -G          PV below zero, with the grid below zero or less than it
    exchanged        G            L - G       PV below zero, and yet PV and grid move against each other
    PV clamp off     L - G        0           grid below zero while PV is dark, and not always
    other phase      |P| ≈ S/2    S sin ±60°  a heavy load that looks like half a one

Everything is an integer, but for the squares of the currents; nothing is kept over a restart.
"""

from math import sqrt

from micropython import const

_MINUTE_US = const(60000000)
_PRESENT_MV = const(50000)  # below 50 V there is no mains to judge
_FLAT_GRID_MS = const(60000)  # an idle house moves a clamp within a minute …
_FLAT_PV_MS = const(86400000)  # … a dark roof only with the noise, and a quiet front end not before the sun
_SILENT_W = const(5)  # what a clamp that hears nothing may show, as contract/rules.py has it
_DARK_W = const(20)  # an inverter at rest, and its filter
_FILTER_VAR = const(150)  # its capacitors
_CLEAR_W = const(50)  # beyond the errors of two clamps at small powers
_MOVED_W = const(100)  # of the PV within a minute: a cloud
_HEAVY_VA = const(1500)
_HEAVY_PV_VA = const(300)
_MOST_A2 = const(3600)  # 60 A: the ADC's range ends at 58
_DAY_LONG_MIN = const(720)  # no roof generates for longer than its clamp could be off, nights in between
_SURE = const(8)  # clouds that agree

# positions in wire.CHECKS
_V_MISSING = const(0)
_V_FLAT = const(1)
_V_CLIPPED = const(2)
_V_FREQUENCY = const(3)
_GRID_OPEN = const(4)
_GRID_FLAT = const(5)
_GRID_CLIPPED = const(6)
_GRID_REVERSED = const(7)
_PV_OPEN = const(8)
_PV_FLAT = const(9)
_PV_CLIPPED = const(10)
_PV_REVERSED = const(11)
_SWAPPED = const(12)
_WRONG_PHASE = const(13)
_IMPOSSIBLE = const(14)
_OPENS = const(5)  # minutes of evidence
_OPENS_GRID_OPEN = const(10)  # an idle house may be quiet for less


class Checks:
    """`add` takes every burst, `take` gives the bits of the window since the last one."""

    def __init__(self, config):
        self._roles = None
        self.use_config(config)

    def use_config(self, config) -> None:
        """Clamps that changed their roles or signs have no past."""
        self._config = config
        roles = (config.has_pv, config.grid_input, config.pv_input, config.grid_sign, config.pv_sign)
        if roles == self._roles:
            return
        self._roles = roles
        self._has_pv = config.has_pv
        self._clamp_bits = (1 << config.grid_input, 1 << config.pv_input)
        self._flat_ms = [0, 0]
        self._is_noisy = False  # whether the PV channel should move even in the dark
        self._scores = [0] * 15
        self._grid_phase = self._pv_phase = 0
        self._set = 0
        self._forget()
        self._last_grid_mw = self._last_pv_mw = 0
        self._clear_minute()
        self._clear_window()

    def add(self, burst, meter) -> None:
        length_us = burst.end_us - burst.start_us
        self._count(burst, meter, length_us // 1000)
        grid_mw, pv_mw = meter.grid_mw, meter.pv_mw
        self._watch_jumps(grid_mw, pv_mw)
        self._n += 1
        sums = self._sums  # in tenths of a watt: a minute of them stays a small integer on 32 bits
        sums[0] += grid_mw // 100
        sums[1] += meter.grid_mvar // 100
        sums[2] += pv_mw // 100
        sums[3] += meter.pv_mvar // 100
        sums[4] += meter.v_mv
        self._grid_a2 += meter.grid.a2
        self._pv_a2 += meter.pv.a2
        self._minute_us += length_us + max(0, burst.gap_us)
        if self._minute_us >= _MINUTE_US:
            n = self._n
            v_mv = sums[4] // n
            powers = [round(total / n / 10) for total in sums[:4]]
            self.judge(powers[0], powers[1], powers[2], powers[3], v_mv, self._grid_a2 / n, self._pv_a2 / n)
            self._clear_minute()

    def take(self) -> int:
        """The bits of wire.CHECKS of the window."""
        n = max(1, self._window)
        bits = self._set
        for bit, count, share in (
            (_V_MISSING, self._missing, 2),
            (_V_FLAT, self._v_flat, 2),
            (_V_FREQUENCY, self._off_frequency, 2),
            (_V_CLIPPED, self._clipped[0], 10),
            (_GRID_CLIPPED, self._clipped[1], 10),
            (_PV_CLIPPED, self._clipped[2], 10),
        ):
            if count > 1 and share * count >= n:  # one burst may be a spike, and a tenth of them an inrush
                bits |= 1 << bit
        if self._flat_ms[0] >= _FLAT_GRID_MS:
            bits |= 1 << _GRID_FLAT
        if self._flat_ms[1] >= (_FLAT_GRID_MS if self._is_noisy or self._has_fallen else _FLAT_PV_MS):
            bits |= 1 << _PV_FLAT
        self._clear_window()
        return bits

    def _clear_window(self) -> None:
        self._window = self._missing = self._v_flat = self._off_frequency = 0
        self._clipped = [0, 0, 0]

    def _clear_minute(self) -> None:
        self._n = self._minute_us = 0
        self._sums = [0] * 5
        self._grid_a2 = self._pv_a2 = 0.0

    def _forget(self) -> None:
        """What comes next does not follow what was before."""
        self._before = None  # grid and PV of the minute before
        self._slope = 0  # clouds that moved both the same way, less those that moved them against each other …
        self._slope_below = 0  # … with the PV below zero
        self._below = 0  # minutes in a row, but for bright ones, with the grid below zero in the dark
        self._was_above = False  # whether the grid was above zero in the dark before that
        self._has_turned = self._has_fallen = False  # a jump of the grid to its negative; of the PV to nothing

    def _count(self, burst, meter, length_ms: int) -> None:
        self._window += 1
        flat, clipped = burst.flat_channels, burst.clipped_channels
        if flat & 1:
            self._v_flat += 1
        elif meter.v_mv < self._config.nominal_mv // 10:
            self._missing += 1
        if burst.f_mhz and 50 * abs(burst.f_mhz - self._config.nominal_mhz) > 3 * self._config.nominal_mhz:
            self._off_frequency += 1  # EN 50160 never allows more than 6 % below
        if clipped & 1:
            self._clipped[0] += 1
        for k in range(2 if self._has_pv else 1):
            bit = self._clamp_bits[k]
            if clipped & bit:
                self._clipped[1 + k] += 1
            self._flat_ms[k] = self._flat_ms[k] + length_ms if flat & bit else 0
        if self._has_pv and not flat & self._clamp_bits[1] and abs(meter.pv_mw) < 1000 * _SILENT_W:
            self._is_noisy = True

    def _watch_jumps(self, grid_mw: int, pv_mw: int) -> None:
        """What changes within a burst is no cloud: a clamp that was turned round, or fell off."""
        last_grid_mw, last_pv_mw = self._last_grid_mw, self._last_pv_mw
        self._last_grid_mw, self._last_pv_mw = grid_mw, pv_mw
        if abs(pv_mw) < 1000 * _DARK_W:
            jump_mw = abs(grid_mw - last_grid_mw)
            if jump_mw > 200000 and 5 * abs(grid_mw + last_grid_mw) < jump_mw:
                self._has_turned = True
            if last_pv_mw > 100000 and 3 * jump_mw < last_pv_mw:
                self._has_fallen = True
        elif pv_mw > 1000 * _CLEAR_W:
            self._has_fallen = False

    def judge(
        self, grid_w: int, grid_var: int, pv_w: int, pv_var: int, v_mv: int, grid_a2: float, pv_a2: float
    ) -> None:
        """A minute's means. Without mains it says nothing, and separates what was before from what comes."""
        if v_mv < _PRESENT_MV:
            self._before = None
            return
        v_v = v_mv // 1000
        self._judge_range(grid_w, pv_w, v_v, grid_a2, pv_a2)
        self._grid_phase = _weighed(self._grid_phase, _odd_angle(grid_w, grid_var, _HEAVY_VA))
        if self._has_pv:
            self._pv_phase = _weighed(self._pv_phase, _odd_angle(pv_w, pv_var, _HEAVY_PV_VA))
        self._put(_WRONG_PHASE, max(self._grid_phase, self._pv_phase))
        is_silent = abs(grid_w) <= _SILENT_W and abs(grid_var) <= _SILENT_W
        if not self._flat_ms[0]:
            self._weigh(_GRID_OPEN, 1 if is_silent else -4)
        is_dark = not self._has_pv or (abs(pv_w) <= _DARK_W and abs(pv_var) <= _FILTER_VAR)
        grid_w = _in_phase(grid_w, grid_var, self._grid_phase)
        pv_w = _in_phase(pv_w, pv_var, self._pv_phase)
        if self._has_pv:
            self._judge_moves(grid_w, pv_w)
            self._judge_pv(grid_w, pv_w)
        if is_dark:
            self._judge_dark(grid_w, is_silent)

    def _judge_range(self, grid_w: int, pv_w: int, v_v: int, grid_a2: float, pv_a2: float) -> None:
        """More than volts times amperes, or than the ADC can say."""
        is_broken = v_v * 1000 > self._config.nominal_mv * 13 // 10
        for watts, a2 in ((grid_w, grid_a2), (pv_w, pv_a2)):
            va = round(v_v * sqrt(max(0.0, a2)))
            if a2 > _MOST_A2 or abs(watts) > va + va // 50 + _DARK_W:
                is_broken = True
        self._weigh(_IMPOSSIBLE, 1 if is_broken else -1)

    def _judge_moves(self, grid_w: int, pv_w: int) -> None:
        """A cloud takes from the PV what it gives to the grid."""
        before, self._before = self._before, (grid_w, pv_w)
        if before is None:
            return
        grid_moved_w = grid_w - before[0]
        pv_moved_w = pv_w - before[1]
        size_w = abs(pv_moved_w)
        if size_w < _MOVED_W:
            return
        by = 1 if 4 * abs(grid_moved_w - pv_moved_w) < size_w else 0
        if 4 * abs(grid_moved_w + pv_moved_w) < size_w:
            by = -1
        if pv_w < 0 and before[1] < 0:
            self._slope_below = _bounded(self._slope_below + by)
        else:
            self._slope = _bounded(self._slope + by)

    def _judge_pv(self, grid_w: int, pv_w: int) -> None:
        if pv_w < -_CLEAR_W:
            if grid_w < -_CLEAR_W or grid_w + pv_w < -_CLEAR_W:  # exchanged clamps would hear G ≥ 0 and L ≥ 0 there
                self._weigh(_PV_REVERSED, 1)
                self._weigh(_SWAPPED, -1)
            elif 2 * self._slope_below <= -_SURE and grid_w > _CLEAR_W:
                self._weigh(_SWAPPED, 1)
        elif pv_w > _CLEAR_W:
            self._was_above = False  # what is below zero in the next dark may have been turned by day
            self._weigh(_PV_REVERSED, -1)
            self._weigh(_PV_OPEN, -1)
            if abs(self._slope) >= _SURE:
                self._weigh(_GRID_REVERSED, 1 if self._slope > 0 else -1)
        if grid_w < -_CLEAR_W:  # exchanged, it would hear the roof
            self._weigh(_SWAPPED, -1)

    def _judge_dark(self, grid_w: int, is_silent: bool) -> None:
        """The grid below zero with nothing to come from: the clamp is turned round, or the PV's hears nothing."""
        if is_silent:  # the clamp was off: it may have been put on either way
            self._below = 0
            self._was_above = False
        elif grid_w > _CLEAR_W:
            self._above()
        elif grid_w < -_CLEAR_W:
            self._go_below()

    def _above(self) -> None:
        if self._has_pv and self._below >= 30 and not self._has_turned:
            self._put(_PV_OPEN, _OPENS)  # it was the roof, which the clamp did not hear
        self._weigh(_GRID_REVERSED, -1)
        self._below = 0
        self._was_above = True
        self._has_turned = False

    def _go_below(self) -> None:
        self._below += 1
        if not self._has_pv or self._has_turned or self._below >= _DAY_LONG_MIN:
            self._weigh(_GRID_REVERSED, 1)
        elif self._flat_ms[1]:
            self._is_noisy = True  # it feeds in, and the channel does not move
        elif self._was_above or self._has_fallen:
            self._weigh(_PV_OPEN, 1)

    def _is_set(self, bit: int) -> bool:
        return self._set & 1 << bit != 0

    def _weigh(self, bit: int, by: int) -> None:
        self._put(bit, _weighed(self._scores[bit], by, _opens_at(bit)))

    def _put(self, bit: int, score: int) -> None:
        self._scores[bit] = score
        if score >= _opens_at(bit):
            self._set |= 1 << bit
        elif not score:
            self._set &= ~(1 << bit)


def _bounded(slope: int) -> int:
    return max(-_SURE - 4, min(_SURE + 4, slope))


def _opens_at(bit: int) -> int:
    return _OPENS_GRID_OPEN if bit == _GRID_OPEN else _OPENS


def _weighed(score: int, by: int, opens: int = _OPENS) -> int:
    return max(0, min(2 * opens, score + by))


def _odd_angle(watts: int, var: int, least_va: int) -> int:
    """1 for a heavy load 110° to 130°, or 50° to 70°, off the voltage; -1 for a heavy one that is not; 0 else."""
    p2, s2 = watts * watts, watts * watts + var * var
    if s2 < least_va * least_va:
        return 0
    if 12 * s2 <= 100 * p2 <= 42 * s2:
        return 1
    return -1 if 2 * p2 > s2 else 0


def _in_phase(watts: int, var: int, odd: int) -> int:
    """Watts where they say something about a sign: below zero not beside half as many vars, nor on another phase."""
    return 0 if watts < 0 and (odd or 2 * abs(var) > -watts) else watts
