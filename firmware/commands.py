"""Carries out what the cloud commands: the load on the relay, a calibration, a restart, a sign of life."""

import gc
import struct
from binascii import crc32

_MOST_RELAY_S = 86400
_KEPT = "<QI"  # wall time at which the load goes off [ms], the longest it may still be on [s]; then a checksum


class Relay:
    """A load that may be shed: off unless the owner consents, a command asked for it, and its time is not over.

    Within one boot uptime alone says when the time is over, so that no clock that is set can prolong or cut it. Over a
    restart only the wall clock can, and a load that was on goes on only where the configuration says so, once the clock
    is set, and never for longer than it was asked for.
    """

    def __init__(self, switch, load, store):
        """switch(on): the relay; load(name), store(name, blob): the meter's flash."""
        self._switch = switch
        self._store = store
        self._until_ms = 0
        self._resume_ms, self._resume_s = _kept(load("relay"))
        self._is_kept = self._resume_ms != 0

    @property
    def is_on(self) -> bool:
        return self._until_ms != 0

    def command(self, arguments: dict, uptime_ms: int, unix_ms: int, config) -> tuple:
        """{"on": true, "for_s": n} or {"on": false}: (code of a refusal or "", what came of it)."""
        if not config.relay_consent:
            return "foreign", "the owner has not consented"
        self._resume_ms = 0  # what was asked before the restart is overtaken
        asked = arguments.get("on")
        if not isinstance(asked, bool):
            return "malformed", "on"
        if not asked:
            was_on = self.is_on
            self._off()
            return "", "off" if was_on else "off, as it was"
        for_s = arguments.get("for_s", 0)
        if isinstance(for_s, bool) or not isinstance(for_s, int) or not 0 < for_s <= _MOST_RELAY_S:
            return "out_of_range", "for_s"
        self._on(uptime_ms, for_s)
        if unix_ms and config.relay_resumes:
            self._keep(unix_ms + for_s * 1000, for_s)
        return "", "on for %d s" % for_s

    def follow(self, uptime_ms: int, unix_ms: int, config) -> None:
        """After every reading and every new configuration: off when the time is over or the consent is withdrawn; on
        again after a restart, where that was agreed."""
        is_over = self.is_on and uptime_ms >= self._until_ms
        if is_over or (not config.relay_consent and (self.is_on or self._is_kept)):
            self._resume_ms = 0
            self._off()
        elif self._resume_ms and unix_ms:
            self._resume(uptime_ms, unix_ms, config)

    def _resume(self, uptime_ms: int, unix_ms: int, config) -> None:
        """What is left of the time that was asked for before the restart."""
        until_ms, self._resume_ms = self._resume_ms, 0
        left_s = min(self._resume_s, (until_ms - unix_ms) // 1000)
        if config.relay_resumes and left_s > 0:
            self._on(uptime_ms, left_s)
            self._keep(until_ms, left_s)
        else:
            self._off()

    def _keep(self, until_ms: int, for_s: int) -> None:
        kept = struct.pack(_KEPT, until_ms, for_s)
        self._store("relay", kept + struct.pack("<I", crc32(kept)))
        self._is_kept = True

    def _on(self, uptime_ms: int, for_s: int) -> None:
        self._until_ms = uptime_ms + for_s * 1000
        self._switch(True)

    def _off(self) -> None:
        self._until_ms = 0
        self._switch(False)
        if self._is_kept:
            self._store("relay", b"")
            self._is_kept = False


def _kept(blob) -> tuple:
    """(wall time, seconds) of a load that was on before the restart; zeros where none was, or the record is bad."""
    size = struct.calcsize(_KEPT)
    if blob is None or len(blob) != size + 4 or struct.unpack("<I", blob[size:])[0] != crc32(blob[:size]):
        return 0, 0
    until_ms, for_s = struct.unpack(_KEPT, blob[:size])
    return until_ms, min(for_s, _MOST_RELAY_S)


class Commands:
    """restarts: whether a restart was asked for; calibrator: None until somebody calibrates."""

    def __init__(self, relay, calibrations, sample_us: int):
        self.relay = relay
        self.calibrator = None
        self._calibrations = calibrations
        self._sample_us = sample_us
        self.restarts = False

    def carry_out(self, command: tuple, uptime_ms: int, unix_ms: int, config):
        """command: (id, name, arguments). (code of a refusal or "", what came of it); None where that comes later."""
        command_id, name, arguments = command
        if name == "ping":
            return "", "pong"
        if name == "reboot":
            self.restarts = True
            return "", "restarts after the next reading"
        if name == "relay":
            return self.relay.command(arguments, uptime_ms, unix_ms, config)
        if name == "calibrate":
            return self._calibrate(command_id, arguments)
        return "malformed", "unknown command"

    def _calibrate(self, command_id: int, arguments: dict):
        """Loads the steps with the first of these commands: most of its days a meter needs the memory elsewhere."""
        if self.calibrator is None:
            gc.collect()
            from calibrate import Calibrator

            self.calibrator = Calibrator(self._calibrations, self._sample_us)
        return self.calibrator.begin(command_id, arguments)
