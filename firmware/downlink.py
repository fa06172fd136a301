"""What the cloud sealed for this meter: checked, kept on flash, and the last good one used until a better one comes."""

import struct
import sys

import config

from contract import wire
from contract.refusal import Refusal

_MAX_BLOB_BYTES = wire.MAX_PAYLOAD_BYTES
_KEPT = (("assignment", wire.ASSIGNMENT), ("config", wire.CONFIG), ("model", wire.MODEL))


class Downlink:
    """assignment, config and model in force (model and assignment None until there is one), and their versions.

    refusal: index in wire.REFUSALS of the last blob that was not taken, until a reading has told of it.
    """

    def __init__(self, meter: str, k_meter: bytes, load, store, provisioned: dict):
        """load(name) and store(name, blob): the meter's flash; provisioned: a configuration in the shape of CONFIG."""
        self._meter = meter
        self._k_meter = k_meter
        self._signer = wire.Signer(k_meter)
        self._load = load
        self._store = store
        self._provisioned = {}
        self.refusal = 0
        self.assignment = None
        self.model = None
        self.config = config.Config()
        self._start_from(provisioned)
        self.versions = {"assignment": 0, "config": 0, "model": 0}
        kept = load("command")
        self.command_id = struct.unpack("<Q", kept)[0] if kept is not None and len(kept) == 8 else 0
        for name, kind in _KEPT:
            blob = load(name)
            if blob is not None:
                self._try(name, kind, blob, False)

    def _start_from(self, provisioned: dict) -> None:
        """Takes what provisioning stored; a mistake in it leaves the board as it is drawn, and is told."""
        try:
            self.config = config.from_record(provisioned)
            self._provisioned = provisioned
        except Refusal as refusal:
            self.refuse(refusal)

    def poll_versions(self, firmware: int, manifest_version: int) -> dict:
        """What a poll says the meter holds."""
        return {
            "firmware": firmware,
            "model_version": self.versions["model"],
            "config_version": self.versions["config"],
            "assignment_version": self.versions["assignment"],
            "command_id": self.command_id,
            "manifest_version": manifest_version,
        }

    def link_key(self):
        """k_link of the hub this meter is assigned to; None without an assignment."""
        if self.assignment is None:
            return None
        return wire.link_key(self._k_meter, self.assignment["hub"], self.assignment["key_version"])

    def take(self, blobs: dict) -> list:
        """Takes what a reply brought; returns the names of what changed. What is refused changes nothing."""
        return [
            name for name, kind in _KEPT if blobs.get(name) is not None and self._try(name, kind, blobs[name], True)
        ]

    def commands(self, blobs: list, unix_ms: int) -> list:
        """Commands to carry out now, each once: (id, name, arguments). What is refused or expired is left out."""
        found = []
        for blob in blobs:
            try:
                found.append(self._command(blob, unix_ms))
            except Refusal as refusal:
                self.refuse(refusal)
        return [command for command in found if command is not None]

    def refuse(self, refusal) -> None:
        code = refusal.code
        self.refusal = wire.REFUSALS.index(code) if code in wire.REFUSALS else wire.REFUSALS.index("malformed")

    def _try(self, name: str, kind: int, blob: bytes, is_new: bool) -> bool:
        try:
            version, found = self._read(name, kind, blob)
            if version == self.versions[name] and is_new:
                return False
            if version < self.versions[name]:
                raise Refusal("stale", name)
            if is_new:
                self._keep(name, blob)
        except Refusal as refusal:
            self.refuse(refusal)
            return False
        self.versions[name] = version
        setattr(self, name, found)
        return True

    def _keep(self, name: str, blob: bytes) -> None:
        """What does not outlive a restart is not taken: the hub would hear of another version after it."""
        try:
            self._store(name, blob)
        except OSError:
            raise Refusal("too_large", "flash")

    def _opened(self, name: str, kind: int, blob: bytes) -> bytes:
        if len(blob) > _MAX_BLOB_BYTES:
            raise Refusal("too_large", name)
        return wire.unseal(self._signer, self._meter, kind, blob)

    def _read(self, name: str, kind: int, blob: bytes) -> tuple:
        payload = self._opened(name, kind, blob)
        if kind == wire.MODEL:
            model = _unpacked_model(payload)
            return model.version, model
        if kind == wire.CONFIG:
            found = config.parse(payload, self._provisioned)
            return found.version, found
        record = config.parse_json(payload, name)
        config.whole(record, "key_version", None, 0, 0xFFFFFFFF)
        if not isinstance(record.get("hub"), str):
            raise Refusal("malformed", "hub")
        if record.get("meter", self._meter) != self._meter:
            raise Refusal("foreign", "meter")
        return config.whole(record, "version", None, 1, 0xFFFFFFFF), record

    def _command(self, blob: bytes, unix_ms: int):
        """One command, remembered before it is carried out; None for one that was."""
        record = config.parse_json(self._opened("command", wire.COMMAND, blob), "command")
        command_id = config.whole(record, "id", None, 1, 1 << 48)
        arguments = record.get("args", {})
        if not isinstance(record.get("name"), str) or not isinstance(arguments, dict):
            raise Refusal("malformed", "command")
        if command_id <= self.command_id:
            return None
        self._keep("command", struct.pack("<Q", command_id))
        self.command_id = command_id
        if config.whole(record, "expires_ms", None, 0, 1 << 48) < unix_ms:
            raise Refusal("stale", "command")
        return command_id, record["name"], arguments


def _unpacked_model(payload: bytes):
    """Reads a model with code that is imported for it, and forgotten after: one comes once a day. Raises Refusal."""
    import contract
    from contract import unpacking

    try:
        return unpacking.unpack(payload)
    finally:
        del sys.modules["contract.unpacking"]
        delattr(contract, "unpacking")
