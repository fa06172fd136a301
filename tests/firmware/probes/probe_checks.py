"""Feeds the self-checks: minutes of a house, or single bursts."""

from array import array

import bursts as stream
import checks
import config
import metering
import probe_metering

from contract import wire


class _Burst:
    def __init__(self):
        self.start_us = self.end_us = self.gap_us = 0
        self.f_mhz = 50000
        self.flat_channels = self.clipped_channels = 0


class _Clamp:
    def __init__(self):
        self.a2 = 0.0


class _Meter:
    def __init__(self):
        self.grid, self.pv = _Clamp(), _Clamp()
        self.v_mv = 230000
        self.grid_mw = self.grid_mvar = self.pv_mw = self.pv_mvar = 0


_made = None


def start(has_pv, fields=None):
    """A meter that has just been switched on."""
    global _made
    record = {"pv_fitted": has_pv}
    record.update(fields or {})
    _made = checks.Checks(config.from_record(record))


def minutes(packed, bursts=2):
    """int16 rows of grid W, grid var, PV W, PV var, V. [[minute, names] at which the bits changed].

    Each minute is so many bursts of equal power: what lies between two minutes is a jump between two bursts.
    """
    rows = array("h", packed)
    burst, meter = _Burst(), _Meter()
    told = []
    before = 0
    for minute in range(len(rows) // 5):
        grid_w, grid_var, pv_w, pv_var, v_v = rows[5 * minute : 5 * minute + 5]
        meter.grid_mw, meter.grid_mvar = 1000 * grid_w, 1000 * grid_var
        meter.pv_mw, meter.pv_mvar = 1000 * pv_w, 1000 * pv_var
        meter.v_mv = 1000 * v_v
        meter.grid.a2 = (grid_w * grid_w + grid_var * grid_var) / max(1, v_v * v_v)
        meter.pv.a2 = (pv_w * pv_w + pv_var * pv_var) / max(1, v_v * v_v)
        for _ in range(bursts):
            burst.start_us = burst.end_us
            burst.end_us += 60000000 // bursts
            _made.add(burst, meter)
        bits = _made.take()
        if bits != before:
            told.append([minute, _names(bits)])
            before = bits
    return told


def bursts(spans):
    """spans: [count, {"v_mv", "f_mhz", "flat", "clipped", "grid_mw", "pv_mw", "grid_a2"}]; names after each span's
    last burst, as a reading of its last ten seconds."""
    told = []
    burst, meter = _Burst(), _Meter()
    for count, fields in spans:
        meter.v_mv = fields.get("v_mv", 230000)
        meter.grid_mw = fields.get("grid_mw", 500000)
        meter.pv_mw = fields.get("pv_mw", 0)
        meter.grid.a2 = fields.get("grid_a2", (meter.grid_mw / 230000) ** 2)
        burst.f_mhz = fields.get("f_mhz", 50000)
        burst.flat_channels = fields.get("flat", 0)
        burst.clipped_channels = fields.get("clipped", 0)
        for k in range(count):
            if k == count - 50:
                _made.take()
            burst.start_us = burst.end_us
            burst.end_us += 200000
            _made.add(burst, meter)
        told.append(_names(_made.take()))
    return told


class _Stretched:
    """A burst that stands for several like it."""

    def __init__(self, burst, by, start_us):
        length_us = by * (burst.end_us - burst.start_us)
        self.start_us, self.end_us, self.gap_us = start_us, start_us + length_us, 0
        self.f_mhz = burst.f_mhz
        self.flat_channels, self.clipped_channels = burst.flat_channels, burst.clipped_channels


def listen(packed, calibration, by):
    """Plays codes into bursts, metering and the checks; the names at its end, as a reading over all of it."""
    player = probe_metering.Player(packed)
    source = stream.Bursts(player.capture, probe_metering._lut, lambda ticks: ticks)
    meter = metering.Meter(config.from_record({"calibration": calibration, "pv_fitted": _made._has_pv}))
    source.use_lag(meter.best_lag())
    end_us = 0
    while True:
        try:
            if not source.next():
                continue
        except OSError:
            return _names(_made.take())
        meter.measure(source)
        burst = _Stretched(source, by, end_us)
        end_us = burst.end_us
        _made.add(burst, meter)


def _names(bits):
    return [name for k, name in enumerate(wire.CHECKS) if bits & 1 << k]
