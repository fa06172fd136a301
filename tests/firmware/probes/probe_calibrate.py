"""A meter on the installer's bench: bursts, metering and the command `calibrate`, without an app around them."""

from array import array

import bursts
import calibrate
import calibration
import config
import metering
from probe_metering import Player

from contract.refusal import Refusal

_lut = array("H", bytes(8192))


class _Fitting:
    """One meter from one start to the next."""

    def __init__(self, provisioned, flash):
        self.provisioned = provisioned
        self.flash = flash
        self.configure(config.from_record(provisioned))

    def configure(self, made):
        self.config = made
        self.calibrations = calibration.Calibrations(self.flash.get, self.store)
        self.calibrations.apply(made)
        self.calibrator = calibrate.Calibrator(self.calibrations, 250)

    def store(self, name, blob):
        if "is_full" in self.flash:
            raise OSError(28)
        self.flash[name] = bytes(blob)


_fitting = None


def start(lut, provisioned, flash):
    """Switches the meter on."""
    global _fitting
    if lut:
        memoryview(_lut)[:] = array("H", lut)
    _fitting = _Fitting(provisioned, flash)


def command(command_id, arguments):
    """What the command gives at once; None where it measures."""
    return _fitting.calibrator.begin(command_id, arguments)


def play(packed):
    """Plays codes: [what the step under way came to, [[V, grid W, var, A², PV W, var, A²] of each burst]]."""
    player = Player(packed)
    stream = bursts.Bursts(player.capture, _lut, lambda ticks: ticks)
    meter = metering.Meter(_fitting.config)
    stream.use_lag(meter.best_lag())
    outcome = None
    rows = []
    while True:
        try:
            if not stream.next():
                continue
        except OSError:
            return [outcome, rows]
        meter.measure(stream)
        grid, pv = meter.grid, meter.pv
        rows.append([meter.v_mv / 1000, grid.w, grid.var, grid.a2, pv.w, pv.var, pv.a2])
        if outcome is None:
            outcome = _fitting.calibrator.push(stream)


def take_config(text):
    """A CONFIG of the cloud in place of the one in force; no restart."""
    made = config.parse(text, _fitting.provisioned)
    _fitting.config = made
    _fitting.calibrations.apply(made)


def state():
    """[version, calibration, [grid input, grid sign, PV input, PV sign], whether a record is damaged, flash]."""
    made = _fitting.config
    roles = [made.grid_input, made.grid_sign, made.pv_input, made.pv_sign]
    calibrations = _fitting.calibrations
    return [calibrations.version, made.calibration, roles, calibrations.is_damaged, _fitting.flash]


def changed(count):
    """So many changes in a row, each a point's gain; their versions."""
    versions = []
    for k in range(count):
        known = _fitting.calibrations.editable()
        known["grid"]["points"] = [{"amps": 1.0, "gain": 1.0 + (k + 1) / 64, "phase_deg": 0.0}]
        versions.append(_fitting.calibrations.change(known))
    return versions


def refused(text, provisioned):
    """Of the parsing of a CONFIG: None, or [code, field]."""
    try:
        config.parse(text, provisioned)
    except Refusal as refusal:
        return [refusal.code, refusal.field]
    return None
