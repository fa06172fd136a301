"""The meter's configuration: what a signed CONFIG blob says, checked, over what the meter does without one."""

import json

from metering import check_calibration

from contract.refusal import Refusal

MIN_CADENCE_MS, MAX_CADENCE_MS = 500, 60000
_MAX_CONFIG_BYTES = 6144


class Config:
    """Every field has a value that is safe; unknown ones are left alone.

    calibration: {} means the board's own (see metering.NOMINAL for the shape); cadence_ms: of the readings, unless the
    hub asks for another one; sags and swells are told of voltages beyond a tenth of nominal_mv, the ten-minute rule
    uses low_dv and high_dv.
    """

    def __init__(self):
        self.version = 0
        self.cadence_ms = 10000
        self.nominal_mv = 230000
        self.low_dv = 2070
        self.high_dv = 2530
        self.has_pv = True
        self.grid_input, self.pv_input = 1, 2
        self.grid_sign = self.pv_sign = 1
        self.relay_consent = False
        self.calibration = {}


def parse(payload: bytes, provisioned: dict) -> Config:
    """Reads the JSON of a CONFIG; what it leaves out, or leaves empty, stays as the installer provisioned it.

    Raises Refusal with the name of the first field that is wrong.
    """
    if len(payload) > _MAX_CONFIG_BYTES:
        raise Refusal("too_large", "config")
    told = parse_json(payload, "config")
    whole(told, "version", None, 0, 0xFFFFFFFF)
    record = dict(provisioned)
    for name in told:
        if told[name] != {}:
            record[name] = told[name]
    return from_record(record)


def parse_json(payload: bytes, name: str) -> dict:
    """The object in a JSON text. Raises Refusal("malformed", name)."""
    try:
        record = json.loads(payload)
    except (ValueError, UnicodeError):
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
    config.has_pv = _truth(record, "pv_fitted", True)
    limits = _part(record, "limits")
    nominal_v = config.nominal_mv // 1000
    config.low_dv = 10 * whole(limits, "v_low", nominal_v * 9 // 10, 50, 300, "limits.")
    config.high_dv = 10 * whole(limits, "v_high", nominal_v * 11 // 10, 50, 320, "limits.")
    _read_clamps(config, _part(record, "clamps"))
    config.relay_consent = _truth(_part(record, "relay"), "consent", False, "relay.")
    config.calibration = record.get("calibration", {})
    check_calibration(config.calibration)
    return config


def _read_clamps(config: Config, clamps: dict) -> None:
    grid = _part(clamps, "grid", "clamps.")
    pv = _part(clamps, "pv", "clamps.")
    config.grid_input = whole(grid, "input", 1, 1, 2, "clamps.grid.")
    config.pv_input = whole(pv, "input", 3 - config.grid_input, 1, 2, "clamps.pv.")
    if config.has_pv and config.pv_input == config.grid_input:
        raise Refusal("out_of_range", "clamps.pv.input")
    config.grid_sign = _sign(grid, "clamps.grid.")
    config.pv_sign = _sign(pv, "clamps.pv.")


def _sign(clamp: dict, where: str) -> int:
    sign = whole(clamp, "sign", 1, -1, 1, where)
    if not sign:
        raise Refusal("out_of_range", where + "sign")
    return sign
