"""The meters of this hub as the request path sees them: in memory, because a reply must not wait for a disk."""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from .contract import wire
from .contract.ledger import Registers
from .store import Damaged

BOOTS_KEPT = 64
METERS = """SELECT meter, link_key, key_version, last_ms, firmware, model_version,
  import_mwh, export_mwh, pv_mwh, standby_mwh, silent FROM meter"""
BOOTS = "SELECT meter, boot_id, request_no FROM boot WHERE request_no > 0 ORDER BY zero_ms"
NOTE_REQUEST = "UPDATE boot SET request_no = max(request_no, ?) WHERE meter = ? AND boot_id = ?"
NOTE_LIFE = "UPDATE meter SET last_ms = ?, firmware = ?, model_version = ? WHERE meter = ?"
DOWNLINKS = """SELECT meter, home, lease_until_ms, assignment, assignment_version, model, model_version,
  config, config_version, commands, manifest, manifest_version, mqtt, page_code FROM downlink"""


@dataclass(frozen=True)
class Downlink:
    """What the cloud has for one meter. The blobs are sealed: the hub relays bytes it cannot make."""

    home: str
    lease_until_ms: int
    assignment: bytes | None
    assignment_version: int
    model: bytes | None
    model_version: int
    config: bytes | None
    config_version: int
    commands: tuple[tuple[int, int, bytes], ...]  # (id, expires_s, blob), by id
    manifest: bytes | None = None
    manifest_version: int = 0
    mqtt: bool = False  # the home's owner lets this hub publish its values over MQTT
    page_code: bytes | None = None  # digest of the code for its live values; None: nobody in the house sees them


@dataclass
class Meter:
    """One meter, known or merely announced by the cloud."""

    meter: str
    signer: wire.Signer | None = None  # None: no link key yet, the meter is unknown
    key_version: int = 0
    last_ms: int = 0
    firmware: int = 0
    model_version: int = 0
    registers: Registers | None = None  # None: nothing acknowledged yet
    silent: bool = False
    downlink: Downlink | None = None
    clock_ms: int = 0  # how far its clock was ahead when it was wrong last; negative: behind
    clocked_ms: int = 0  # when that was; 0: it was not, as far as this start of the hub knows
    has_firmware: bool = False  # every file that the downlink's manifest names can be had here
    requests: dict[int, int] = field(default_factory=dict)  # greatest request number of the last boots

    def heard(self, poll: dict[str, int], now_ms: int) -> bool:
        """Notes a sign of life; False where the request is a repetition of one heard before, which is none."""
        boot_id, request_no = poll["boot_id"], poll["request_no"]
        if request_no <= self.requests.get(boot_id, 0):
            return False
        self.note(boot_id, request_no)
        self.last_ms, self.firmware, self.model_version = now_ms, poll["firmware"], poll["model_version"]
        return True

    def note(self, boot_id: int, request_no: int) -> None:
        """What was heard last of a boot; the one heard longest ago is forgotten where there are too many."""
        self.requests.pop(boot_id, None)
        self.requests[boot_id] = request_no
        if len(self.requests) > BOOTS_KEPT:
            del self.requests[next(iter(self.requests))]


Roster = dict[str, Meter]


def load(connection: sqlite3.Connection) -> Roster:
    """Everything the database knows of meters. Raises Damaged when that is not what was once written."""
    try:
        return _load(connection)
    except (TypeError, ValueError) as error:
        raise Damaged(f"what is kept of the meters cannot be read ({error})") from error


def keep_life(connection: sqlite3.Connection, meter: str, poll: dict[str, int], heard_ms: int | None) -> None:
    """Keeps what `Meter.heard` notes, so that no restart makes news of a request that was recorded.

    heard_ms: None where it was heard before.
    """
    connection.execute(NOTE_REQUEST, (poll["request_no"], meter, poll["boot_id"]))
    if heard_ms is not None:
        connection.execute(NOTE_LIFE, (heard_ms, poll["firmware"], poll["model_version"], meter))


def _load(connection: sqlite3.Connection) -> Roster:
    roster: Roster = {}
    for name, key, version, last_ms, firmware, model_version, *registers, silent in connection.execute(METERS):
        signer = wire.Signer(key) if key else None
        known = Registers(*registers) if registers[0] >= 0 else None
        roster[name] = Meter(name, signer, version, last_ms, firmware, model_version, known, bool(silent))
    for name, boot_id, request_no in connection.execute(BOOTS):
        if name in roster:
            roster[name].note(boot_id, request_no)
    for name, *columns in connection.execute(DOWNLINKS):
        meter = roster.setdefault(name, Meter(name))
        meter.downlink = _downlink(tuple(columns))
    return roster


def _downlink(columns: tuple[Any, ...]) -> Downlink:
    *blobs, commands, manifest, manifest_version, mqtt, page_code = columns
    return Downlink(*(*blobs, _commands(commands), manifest, manifest_version, bool(mqtt), page_code))


def _commands(packed: str) -> tuple[tuple[int, int, bytes], ...]:
    rows: list[Any] = json.loads(packed)
    return tuple((number, expires_s, bytes.fromhex(blob)) for number, expires_s, blob in rows)
