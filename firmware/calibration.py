"""The calibrations made on this meter: on flash, each with its checksum, the last ones kept so that they can be undone.

Which one is in force. The signed configuration has a calibration too (its own, or what was provisioned), and each has a
version, which rises with every change, an undo included. The greater version is in force; of two equal ones the one
made on the meter, where the reference instrument was. A CONFIG may also correct instead of replace: {"version": 9,
"of": 8, "grid": {"trim_ppm": 1013000}} is calibration 8 with the grid's gains times 1.013, and nothing where version 8
is not the one it meets. A change made on the meter starts from what is in force, whoever made that.

A record is kept in the file calibration<version % 8>: the version and the one it came from, the clamps' roles and signs
where they were set here, and the numbers as 32-bit floats, which is what the ESP32 computes with.
"""

import struct
from binascii import crc32
from math import log

from metering import NOMINAL

from contract.refusal import Refusal

SLOTS = 8  # so that at least four changes in a row can be undone: an undo takes a slot as well
MOST_POINTS = 16
_SCHEMA = 1
_HEAD = "<BHHBB"  # schema, version, version it came from, roles, what the configuration said of them then
_HEAD_BYTES = 7
_NO_PARENT = 0xFFFF
_V_FIELDS = ("volts_per_step", "noise_v")
_CLAMP_FIELDS = ("amps_per_step", "phase_deg", "noise_a", "offset_w")
_POINT_FIELDS = ("amps", "gain", "phase_deg")
_UNKNOWN = -1000.0  # of a point: it was not measured there, its neighbours tell


class Calibrations:
    """version: of the calibration in force; is_damaged: whether a record on flash is not what had been written."""

    def __init__(self, load, store):
        """load(name), store(name, blob): the meter's flash."""
        self._load = load
        self._store = store
        self._config = None
        self._signed = (0, {}, 0)  # what the configuration itself says: version, calibration, roles
        self._set_here = 0  # roles that a command has set and that hold; 0: the configuration's hold
        self.version = 0
        self.is_damaged = False
        self._own = -1  # version of the newest record
        for slot in range(SLOTS):
            blob = self._blob(slot)
            if blob is not None:
                self._own = max(self._own, _head(blob)[1])
        self._next = 0
        if self.is_damaged:  # a version is never used twice: the one that was lost may have been the newest
            self._next = self._own + SLOTS

    def apply(self, config) -> None:
        """Puts the calibration in force, and the roles that belong to it, into the configuration (a config.Config)."""
        if config is not self._config:
            self._config = config
            self._signed = (config.calibration_version, config.calibration, roles_of(config))
        version, calibration, roles = self._signed
        self._set_here = 0
        if self._own >= version:
            blob = self._blob(self._own % SLOTS)
            _, version, _, set_here, said_then = _head(blob)
            calibration = {} if blob[_HEAD_BYTES:-4] == _packed({}) else _unpacked(blob)
            if said_then == roles:  # since then the configuration has not asked for others
                self._set_here = set_here
        trim = config.trim
        if trim and trim["version"] > version and trim["of"] == version:
            version = trim["version"]
            calibration = _trimmed(calibration, trim)
        _set_roles(config, self._set_here or roles)
        config.calibration = _completed(calibration)
        config.calibration_version = self.version = version

    @property
    def config(self):
        """The configuration in force."""
        return self._config

    def editable(self) -> dict:
        """A copy of the calibration in force, for a change: points may lack what was not measured there."""
        if self._own == self.version:
            return _unpacked(self._blob(self._own % SLOTS))
        return _unpacked(bytes(_HEAD_BYTES) + _packed(self._config.calibration))

    def change(self, calibration: dict, roles: int = 0) -> int:
        """Takes a calibration that follows from the one in force; returns its version. roles: see roles_of, 0 where
        they stay as they are."""
        if self._own != self.version:  # it came from elsewhere: kept first, so that one can go back to it
            self._write(self.version, _NO_PARENT, self._set_here, self._config.calibration)
        return self._follow(self.version, roles or self._set_here, calibration)

    def undo(self) -> int:
        """Goes back to what was in force before the last change. Refusal("stale") where that is not kept any more."""
        parent = _NO_PARENT
        if self._own == self.version:
            parent = _head(self._blob(self._own % SLOTS))[2]
        blob = self._blob(parent % SLOTS) if parent != _NO_PARENT else None
        if blob is None or _head(blob)[1] != parent:
            raise Refusal("stale", "calibration")
        return self._follow(_head(blob)[2], _head(blob)[3], _unpacked(blob))

    def _follow(self, parent: int, roles: int, calibration: dict) -> int:
        version = max(self.version + 1, self._next)
        if version >= _NO_PARENT:
            raise Refusal("out_of_range", "version")
        self._write(version, parent, roles, calibration)
        self.apply(self._config)
        return version

    def _write(self, version: int, parent: int, roles: int, calibration: dict) -> None:
        packed = struct.pack(_HEAD, _SCHEMA, version, parent, roles, self._signed[2]) + _packed(calibration)
        self._store("calibration%d" % (version % SLOTS), packed + struct.pack("<I", crc32(packed)))
        self._own = version

    def _blob(self, slot: int):
        """A slot's record; None where there is none that is good."""
        blob = self._load("calibration%d" % slot)
        if not blob:
            return None
        if len(blob) > 4 and struct.unpack("<I", blob[-4:])[0] == crc32(blob[:-4]) and blob[0] == _SCHEMA:
            return blob
        self.is_damaged = True
        return None


def _head(blob) -> tuple:
    """(schema, version, parent, roles, what the configuration said of them) of a record."""
    return struct.unpack(_HEAD, blob[:_HEAD_BYTES])


def roles_of(config) -> int:
    """The clamps' inputs and signs of a configuration in one byte, never 0."""
    return (
        1
        | (config.grid_input - 1) << 1
        | (config.pv_input - 1) << 2
        | (8 if config.grid_sign < 0 else 0)
        | (16 if config.pv_sign < 0 else 0)
    )


def part_of(config, channel: str) -> str:
    """The part of a calibration that belongs to the clamp in this role: it stays with the input, whatever the role."""
    return "grid" if (config.grid_input if channel == "grid" else config.pv_input) == 1 else "pv"


def on_curve(points: list, field: str, amps: float, otherwise: float) -> float:
    """A field at a current, linear in its logarithm between the points that know it; `otherwise` where none does."""
    low = high = None
    for point in points:
        if field in point:
            if point["amps"] <= amps and (low is None or point["amps"] > low["amps"]):
                low = point
            if point["amps"] >= amps and (high is None or point["amps"] < high["amps"]):
                high = point
    if low is None or high is None or low["amps"] == high["amps"]:
        nearest = low or high
        return otherwise if nearest is None else nearest[field]
    share = log(amps / low["amps"]) / log(high["amps"] / low["amps"])
    return low[field] + share * (high[field] - low[field])


def _set_roles(config, roles: int) -> None:
    config.grid_input = 1 + (roles >> 1 & 1)
    config.pv_input = 1 + (roles >> 2 & 1)
    config.grid_sign = -1 if roles & 8 else 1
    config.pv_sign = -1 if roles & 16 else 1


def _trimmed(calibration: dict, trim: dict) -> dict:
    """The calibration with the scale of each part times the factor that the trim gives it."""
    made = {}
    for part in NOMINAL:
        known = known_part(calibration, part)
        factor = trim.get(part, {}).get("trim_ppm", 1000000) / 1000000
        for field in ("volts_per_step", "noise_v", "amps_per_step", "noise_a"):
            if field in known:
                known[field] *= factor
        made[part] = known
    return made


def known_part(calibration: dict, part: str) -> dict:
    """A part of the calibration, completed by that of the board as it is drawn."""
    known = dict(NOMINAL[part])
    known.update(calibration.get(part, {}))
    return known


def _completed(calibration: dict) -> dict:
    """The calibration with every point's gain and phase known; the same object where they are."""
    made = calibration
    for part in ("grid", "pv"):
        points = calibration.get(part, {}).get("points", [])
        if any(len(point) < len(_POINT_FIELDS) for point in points):
            made = dict(made)
            known = dict(made[part])
            known["points"] = [
                {
                    "amps": point["amps"],
                    "gain": on_curve(points, "gain", point["amps"], 1.0),
                    "phase_deg": on_curve(points, "phase_deg", point["amps"], known.get("phase_deg", 0.0)),
                }
                for point in points
            ]
            made[part] = known
    return made


def _packed(calibration: dict) -> bytes:
    v = known_part(calibration, "v")
    packed = struct.pack("<ff", v["volts_per_step"], v["noise_v"])
    for part in ("grid", "pv"):
        known = known_part(calibration, part)
        packed += struct.pack("<ffff", *[known.get(field, 0.0) for field in _CLAMP_FIELDS])
        packed += bytes([len(known["points"])])
        for point in known["points"]:
            packed += struct.pack("<fff", *[point.get(field, _UNKNOWN) for field in _POINT_FIELDS])
    return packed


def _unpacked(blob: bytes) -> dict:
    """The calibration in a record."""
    at = _HEAD_BYTES + 8
    calibration = {"v": _named(_V_FIELDS, blob, _HEAD_BYTES)}
    for part in ("grid", "pv"):
        known = _named(_CLAMP_FIELDS, blob, at)
        at += 17
        points = known["points"] = []
        for _ in range(blob[at - 1]):
            points.append(_named(_POINT_FIELDS, blob, at))
            at += 12
        calibration[part] = known
    return calibration


def _named(fields: tuple, blob: bytes, at: int) -> dict:
    numbers = struct.unpack("<%df" % len(fields), blob[at : at + 4 * len(fields)])
    return {field: number for field, number in zip(fields, numbers) if number != _UNKNOWN}
