"""The meter: joins the modules, and turns in one loop."""

import asyncio
import gc
import os
import sys

from bursts import Bursts
from clock import Clock
from downlink import Downlink
from link import Link
from metering import Meter
from outbox import Outbox
from reading import Reading
from registers import Registers
from score import Watch
from session import Session
from uplink import Uplink

from contract import wire

FIRMWARE = 1  # rises with every release; the cloud knows which is newest

_QUARTER_MS = 900000
_KEEP_REGISTERS_MS = 600000  # flash copy: what a power cut may cost when the hub is away, against wear of the flash
_KEEP_FEATURES_MS = 3600000
_MOST_FAILURES = 50  # bursts in a row, ten seconds: then a restart is the only cure left


class App:
    def __init__(self, hardware, lut, ticks_diff):
        """lut: hardware.codes_to_lut(); ticks_diff(later, earlier) of two hardware.ticks_us."""
        self.hw = hardware
        settings = hardware.settings()
        self.clock = Clock(ticks_diff)
        self.downlink = Downlink(
            settings["meter"], settings["key"], hardware.load, hardware.store, settings.get("config", {})
        )
        self.registers = Registers(hardware.load("registers"))
        self.outbox = Outbox(_folder(hardware.path(), "outbox"), 60, 30, 96)  # ten minutes in RAM, eight hours on flash
        self.snapshots = Outbox(_folder(hardware.path(), "snapshots"), 2, 96, 30)  # one; thirty days
        talk = Session(settings["meter"], hardware.random32() or 1)
        self.boot_id = talk.boot_id
        self.uplink = Uplink(
            Link(settings["hub_host"], settings["hub_port"]),
            talk,
            self.clock,
            self.registers,
            self.outbox,
            self.snapshots,
            self.downlink,
            hardware.random32,
        )
        self.reading = Reading()
        self.watch = Watch(self.downlink.config, self.downlink.model, hardware.load("features"))
        self.bursts = Bursts(hardware.capture, lut, self.clock.uptime_us, hardware.SAMPLE_US)
        self._seq = 0
        self._starts = {}  # of open events: (kind, channel) -> seq
        self._window_from_us = 0
        self._window_until_ms = 0
        self._unix_ms = 0  # wall time at the end of the last burst
        self._registers_kept_ms = self._features_kept_ms = 0
        self._relay_until_ms = 0
        self._reboots_at_ms = 0
        self._failures = 0
        self._speaking = None
        self._configure()

    async def run(self):
        """Sample, measure, score, keep, send, feed the watchdog; for ever."""
        while True:
            try:
                if self.bursts.next():
                    self.meter.measure(self.bursts)
                    self.score()
                    self.keep()
                    self.hw.feed()
                else:
                    self.reading.rejected += 1
                await self.send()
                self._failures = 0
            except Exception as error:  # the outermost loop: what goes wrong is told, counted, and metering goes on
                sys.print_exception(error)
                self._fail()

    def score(self):
        """Counts the burst's energy, watches over it, and tells at once what cannot wait."""
        burst, meter, watch = self.bursts, self.meter, self.watch
        end_us = burst.end_us
        uptime_ms = end_us // 1000
        unix_ms = self.clock.unix_ms(uptime_ms)
        before = self.registers.totals[:] if self._crosses_quarter(unix_ms) else None
        self.registers.add(meter.grid_mw, meter.pv_mw, end_us - burst.start_us, burst.gap_us)
        if before is not None:
            self._put_snapshot(before, unix_ms)
        self._unix_ms = unix_ms
        watch.push(meter, end_us - burst.start_us, uptime_ms, unix_ms)
        if watch.events:
            self._put_events(uptime_ms)

    def keep(self):
        """Adds the burst to the reading, and puts that into the outbox when its window is over."""
        burst = self.bursts
        if not self._window_from_us:
            self._window_from_us = burst.start_us
            self._plan_window(burst.start_us // 1000)
        self.reading.add(self.meter, burst.f_mhz, burst.end_us - burst.start_us, burst.clipped)
        uptime_ms = burst.end_us // 1000
        if uptime_ms >= self._window_until_ms:
            gc.collect()  # while the heap is small: fragments cost more than collections
            self._put_reading(uptime_ms)
            self._house_keeping(uptime_ms)

    async def send(self):
        """Gives the network its turn. A front end that plays the past stands still meanwhile: then speak at once."""
        hw, uplink = self.hw, self.uplink
        idle_ms = hw.idle_ms()
        now_ms = self._now_ms()
        if uplink.is_due(now_ms, idle_ms == 0):
            if not hw.network_up():
                hw.connect()
                uplink.postpone(now_ms)
            elif idle_ms:
                self._speaking = asyncio.create_task(self._speak(False))
            else:
                await self._speak(True)
        if idle_ms:
            await asyncio.sleep_ms(self.bursts.wait_ms(self.clock.uptime_us(hw.ticks_us()), idle_ms))
        if uplink.changed or uplink.commands:
            self._follow_hub()

    async def _speak(self, plays_past):
        try:
            await self.uplink.exchange(self._now_ms, FIRMWARE, plays_past)
        except Exception as error:  # outermost too: a task of its own
            sys.print_exception(error)
            self.uplink.postpone(self._now_ms())

    def _now_ms(self):
        return self.clock.uptime_us(self.hw.ticks_us()) // 1000

    def _fail(self):
        """Counts a burst that was lost to an error; too many in a row are answered with a restart."""
        self.reading.rejected += 1
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            self._restart()

    def _configure(self):
        """Takes the configuration in force."""
        self.meter = Meter(self.downlink.config, self.hw.SAMPLE_US)
        self.bursts.lag = self.meter.best_lag()
        self.watch.use_config(self.downlink.config)

    def _crosses_quarter(self, unix_ms):
        before = self._unix_ms
        return before and before // _QUARTER_MS != unix_ms // _QUARTER_MS and 0 < unix_ms - before < _QUARTER_MS

    def _put_snapshot(self, before, unix_ms):
        """The registers at the boundary, in proportion between the ends of two bursts."""
        boundary_ms = unix_ms // _QUARTER_MS * _QUARTER_MS
        record = {
            "ts_ms": boundary_ms,
            "flags": wire.FLAG_REGISTERS_RESUMED if self.registers.resumed else 0,
        }
        for k in range(4):
            grown = self.registers.totals[k] - before[k]
            record[wire.REGISTERS[k]] = before[k] + grown * (boundary_ms - self._unix_ms) // (unix_ms - self._unix_ms)
        self._put(wire.SNAPSHOT, record, self.snapshots, True)

    def _put_events(self, uptime_ms):
        """An event leaves at once, and the reading of this moment with it."""
        for phase, kind, channel, number, lo, hi, score_milli, since_ms in self.watch.events:
            is_end = phase == "end"
            record = {
                "uptime_ms": uptime_ms,
                "ts_ms": self.clock.unix_ms(uptime_ms),
                "kind": wire.EVENT_KINDS.index(kind),
                "phase": wire.PHASES.index(phase),
                "channel": channel,
                "value": number,
                "usual_lo": lo,
                "usual_hi": hi,
                "score_milli": score_milli,
                "model_version": self.watch.model_version,
                "duration_ms": max(0, uptime_ms - since_ms) if is_end else 0,
                "start_seq": self._seq + 1,
            }
            if is_end:
                record["start_seq"] = self._starts.pop((kind, channel), self._seq + 1)
            else:
                self._starts[(kind, channel)] = self._seq + 1
            self._put(wire.EVENT, record, self.outbox, True)
        self.watch.events.clear()
        self._window_until_ms = 0

    def _put_reading(self, uptime_ms):
        registers, watch, hw = self.registers, self.watch, self.hw
        end_us = self.bursts.end_us
        unix_ms = self._unix_ms
        record = self.reading.take(end_us - self._window_from_us, bool(self.downlink.config.calibration))
        self._window_from_us = end_us
        record.update(
            {
                "uptime_ms": uptime_ms,
                "ts_ms": unix_ms,
                "score_milli": watch.score_milli,
                "model_version": watch.model_version,
                "channel": watch.scorer.channel,
                "flags": self._flags(unix_ms),
                "dropped": self.outbox.dropped + self.snapshots.dropped,
                "outbox": min(65535, len(self.outbox) + len(self.snapshots)),
                "free_bytes": hw.free_bytes(),
                "rssi_dbm": max(-128, min(0, hw.rssi_dbm())),
                "reset_cause": hw.reset_cause(),
                "clock_offset_ms": max(-2000000000, min(2000000000, self.clock.error_ms)),
                "firmware": FIRMWARE,
                "config_version": self.downlink.config.version,
                "refusal": self.downlink.refusal,
            }
        )
        for k in range(4):
            record[wire.REGISTERS[k]] = registers.totals[k]
        self._put(wire.READING, record, self.outbox, False)
        self.downlink.refusal = 0

    def _put(self, kind, record, box, is_urgent):
        self._seq += 1
        record["boot_id"] = self.boot_id
        record["seq"] = self._seq
        box.add(kind, wire.encode(kind, record))
        self.uplink.tell(is_urgent)

    def _flags(self, unix_ms):
        flags = wire.FLAG_CLOCK_SET if unix_ms else 0
        if self.meter.has_pv:
            flags |= wire.FLAG_PV_FITTED
        if self.registers.resumed:
            flags |= wire.FLAG_REGISTERS_RESUMED
        if self._is_leased(unix_ms):
            flags |= wire.FLAG_LEASED
        if self._relay_until_ms:
            flags |= wire.FLAG_RELAY_ON
        return flags

    def _is_leased(self, unix_ms):
        return 0 < unix_ms < self.uplink.lease_until_ms

    def _plan_window(self, uptime_ms):
        """The next reading ends on a multiple of the cadence in UTC: a quarter's last reading ends with the quarter."""
        unix_ms = self._unix_ms
        cadence_ms = self.downlink.config.cadence_ms
        if self._is_leased(unix_ms) or not self.uplink.lease_until_ms:
            cadence_ms = self.uplink.hub_cadence_ms or cadence_ms
        self._window_until_ms = uptime_ms + cadence_ms - unix_ms % cadence_ms

    def _house_keeping(self, uptime_ms):
        """After every reading: what is due on flash, the relay, and a restart that was asked for."""
        self._plan_window(uptime_ms)
        if uptime_ms - self._registers_kept_ms >= _KEEP_REGISTERS_MS:
            self._keep_registers(uptime_ms)
        if uptime_ms - self._features_kept_ms >= _KEEP_FEATURES_MS:
            self._features_kept_ms = uptime_ms
            self.hw.store("features", self.watch.features.dump())
        if self._relay_until_ms and uptime_ms >= self._relay_until_ms:
            self._switch(0)
        if self._reboots_at_ms and uptime_ms >= self._reboots_at_ms:
            self._restart()

    def _keep_registers(self, uptime_ms):
        self._registers_kept_ms = uptime_ms
        self.hw.store("registers", self.registers.dump())

    def _follow_hub(self):
        """Does what the last answers of the hub ask for."""
        uptime_ms = self._now_ms()
        for name in self.uplink.changed:
            if name == "registers":
                self._keep_registers(uptime_ms)
            elif name == "config":
                self._configure()
            elif name == "model":
                self.watch.use_model(self.downlink.model)
            elif name == "cadence":
                self._window_until_ms = 0  # the next burst ends this reading, and the next one follows the cadence
        for command_id, name, arguments in self.uplink.commands:
            code, text = self._carry_out(name, arguments, uptime_ms)
            self._put_result(command_id, code, text)
        self.uplink.changed.clear()
        self.uplink.commands.clear()

    def _carry_out(self, name, arguments, uptime_ms):
        """(refusal's code or "", what came of it)."""
        if name == "ping":
            return "", "pong"
        if name == "reboot":
            self._reboots_at_ms = uptime_ms + 1
            return "", "restarts after the next reading"
        if name == "relay":
            return self._command_relay(arguments, uptime_ms)
        return "malformed", "unknown command"

    def _command_relay(self, arguments, uptime_ms):
        """{"on": true, "for_s": n}: never without the owner's consent, never without an end."""
        for_s = arguments.get("for_s", 0)
        if not self.downlink.config.relay_consent:
            return "foreign", "the owner has not consented"
        if not arguments.get("on"):
            self._switch(0)
            return "", "off"
        if isinstance(for_s, bool) or not isinstance(for_s, int) or not 0 < for_s <= 86400:
            return "out_of_range", "for_s"
        self._switch(uptime_ms + for_s * 1000)
        return "", "on"

    def _switch(self, until_ms):
        self._relay_until_ms = until_ms
        self.hw.relay(bool(until_ms))

    def _put_result(self, command_id, code, text):
        self._seq += 1
        record = {
            "boot_id": self.boot_id,
            "seq": self._seq,
            "command_id": command_id,
            "code": wire.REFUSALS.index(code),
        }
        self.outbox.add(wire.RESULT, wire.encode(wire.RESULT, record, text))
        self.uplink.tell(True)

    def _restart(self):
        """Puts everything on flash first."""
        self.outbox.flush(len(self.outbox))
        self.snapshots.flush(len(self.snapshots))
        self.hw.store("features", self.watch.features.dump())
        self.hw.store("registers", self.registers.dump())
        self.hw.reboot()


def _folder(parent, name):
    """A directory below `parent`, made where it is missing."""
    if name not in os.listdir(parent):
        os.mkdir(parent + "/" + name)
    return parent + "/" + name
