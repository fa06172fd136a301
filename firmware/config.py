"""The meter's configuration: what a signed CONFIG blob says, checked, over what the meter does without one."""

import json

from metering import check_calibration

from contract.refusal import Refusal

MIN_CADENCE_MS, MAX_CADENCE_MS = 500, 60000
_MAX_CONFIG_BYTES = 6144
_PARTS = ("v", "grid", "pv")
_MOST_CALIBRATION = 60000  # a meter counts on from it: there must be versions left
_TRIM_LEAST, _TRIM_MOST = 800000, 1250000  # a bill that asks for more than a quarter is another fault


class Config:
    """Every field has a value that is safe; unknown ones are left alone.

    calibration: {} means the board's own (see metering.NOMINAL for the shape), calibration_version its version;
    trim: {} or what a CONFIG corrects in the calibration of a version it names (see calibration.py); cadence_ms: of the
    readings, unless the hub asks for another one; sags and swells are told of voltages beyond a tenth of nominal_mv,
    the ten-minute rule uses low_dv and high_dv; relay_resumes: whether a load that was on before a restart goes on.
    """

    def __init__(self):
        self.version = 0
        self.cadence_ms = 10000
        self.nominal_mv = 230000
        self.nominal_mhz = 50000
        self.low_dv = 2070
        self.high_dv = 2530
        self.has_pv = True
        self.grid_input, self.pv_input = 1, 2
        self.grid_sign = self.pv_sign = 1
        self.relay_consent = self.relay_resumes = False
        self.calibration = {}
        self.calibration_version = 0
        self.trim = {}


def parse(payload: bytes, provisioned: dict) -> Config:
    """Reads the JSON of a CONFIG; what it leaves out, or leaves empty, stays as the installer provisioned it.

    Raises Refusal with the name of the first field that is wrong.
    """
    if len(payload) > _MAX_CONFIG_BYTES:
        raise Refusal("too_large", "config")
    told = parse_json(payload, "config")
    whole(told, "version", None, 0, 0xFFFFFFFF)
    trim = _part(told, "calibration")
    if "of" in trim:
        del told["calibration"]  # it corrects the one that is there
    else:
        trim = {}
    record = dict(provisioned)
    for name in told:
        if told[name] != {}:
            record[name] = told[name]
    config = from_record(record)
    config.trim = _checked_trim(trim)
    return config


def parse_json(payload: bytes, name: str) -> dict:
    """The object in a JSON text. Raises Refusal("malformed", name)."""
    try:
        record = json.loads(payload)
    except (ValueError, TypeError, RuntimeError, MemoryError):  # a key that cannot be one; a text too deep or too long
        raise Refusal("malformed", name)
    if not isinstance(record, dict):
        raise Refusal("malformed", name)
    return record


def whole(record: dict, name: str, default, least: int, most: int, where: str = "") -> int:
    """An integer of the record within its bounds; `default` where it is left out, unless that is None."""
    number = record.get(name, default)
    if isinstance(number, bool) or not isinstance(number, int):
        raise Refusal("malformed", where + name)
    if not least <= number <= most:
        raise Refusal("out_of_range", where + name)
    return number


def _truth(record: dict, name: str, default: bool, where: str = "") -> bool:
    answer = record.get(name, default)
    if not isinstance(answer, bool):
        raise Refusal("malformed", where + name)
    return answer


def _part(record: dict, name: str, where: str = "") -> dict:
    part = record.get(name, {})
    if not isinstance(part, dict):
        raise Refusal("malformed", where + name)
    return part


def from_record(record: dict) -> Config:
    """A Config from the JSON object of a CONFIG, or of what provisioning stored."""
    config = Config()
    config.version = whole(record, "version", 0, 0, 0xFFFFFFFF)
    config.cadence_ms = whole(record, "cadence_ms", 10000, MIN_CADENCE_MS, MAX_CADENCE_MS)
    config.nominal_mv = 1000 * whole(record, "v_nominal", 230, 100, 277)
    config.nominal_mhz = 1000 * whole(record, "f_nominal", 50, 50, 60)
    config.has_pv = _truth(record, "pv_fitted", True)
    limits = _part(record, "limits")
    nominal_v = config.nominal_mv // 1000
    config.low_dv = 10 * whole(limits, "v_low", nominal_v * 9 // 10, 50, 300, "limits.")
    config.high_dv = 10 * whole(limits, "v_high", nominal_v * 11 // 10, 50, 320, "limits.")
    if config.low_dv >= config.high_dv:
        raise Refusal("out_of_range", "limits.v_high")
    read_clamps(config, _part(record, "clamps"))
    _read_relay(config, _part(record, "relay"))
    config.calibration = record.get("calibration", {})
    check_calibration(config.calibration)
    for part in _PARTS:
        _check_points(config.calibration.get(part, {}), part)
    config.calibration_version = whole(
        config.calibration, "version", 1 if config.calibration else 0, 0, _MOST_CALIBRATION, "calibration."
    )
    return config


def read_clamps(config, clamps: dict) -> None:
    """Sets roles and signs: {"grid": {"input": 1, "sign": 1}, "pv": {"input": 2, "sign": 1}}, parts may be left out."""
    grid = _part(clamps, "grid", "clamps.")
    pv = _part(clamps, "pv", "clamps.")
    grid_input = whole(grid, "input", 1, 1, 2, "clamps.grid.")
    pv_input = whole(pv, "input", 3 - grid_input, 1, 2, "clamps.pv.")
    if config.has_pv and pv_input == grid_input:
        raise Refusal("out_of_range", "clamps.pv.input")
    signs = _sign(grid, "clamps.grid."), _sign(pv, "clamps.pv.")
    config.grid_input, config.pv_input = grid_input, pv_input
    config.grid_sign, config.pv_sign = signs


def _sign(clamp: dict, where: str) -> int:
    sign = whole(clamp, "sign", 1, -1, 1, where)
    if not sign:
        raise Refusal("out_of_range", where + "sign")
    return sign


def _read_relay(config, relay: dict) -> None:
    config.relay_consent = _truth(relay, "consent", False, "relay.")
    on_reset = relay.get("on_reset", "off")
    if not isinstance(on_reset, str):
        raise Refusal("malformed", "relay.on_reset")
    if on_reset not in ("off", "resume"):
        raise Refusal("out_of_range", "relay.on_reset")
    config.relay_resumes = on_reset == "resume"


def _check_points(part: dict, name: str) -> None:
    """A point that lacks a number would stop the metering later."""
    for point in part.get("points", []):
        for field in ("amps", "gain", "phase_deg"):
            if field not in point:
                raise Refusal("malformed", "calibration.%s.points.%s" % (name, field))


def _checked_trim(trim: dict) -> dict:
    """A CONFIG's correction of a calibration: {"version", "of", and by part the factor as {"trim_ppm"}}."""
    if trim:
        whole(trim, "version", None, 1, _MOST_CALIBRATION, "calibration.")
        whole(trim, "of", None, 0, 0xFFFF, "calibration.")
        for part in _PARTS:
            where = "calibration." + part
            whole(_part(trim, part, "calibration."), "trim_ppm", 1000000, _TRIM_LEAST, _TRIM_MOST, where + ".")
    return trim
