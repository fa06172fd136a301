"""The meter: joins the modules, and turns in one loop."""

import asyncio
import gc
import os
import sys

from bursts import CYCLES, Bursts
from calibration import Calibrations
from checks import Checks
from clock import Clock
from commands import Commands, Relay
from downlink import Downlink
from journal import Journal
from link import Link
from metering import Meter
from outbox import Outbox
from reading import Reading
from registers import Registers
from score import Watch
from session import Session
from update import Update
from uplink import Uplink

from contract import wire
from contract.refusal import Refusal

FIRMWARE = 1  # rises with every release; the cloud knows which is newest

_QUARTER_MS = 900000
_STEP_US = 60000000  # a clock that follows the hub's is set by seconds
_KEEP_REGISTERS_MS = 600000  # flash copy: what a power cut may cost when the hub is away, against wear of the flash
_KEEP_FEATURES_MS = 3600000
_AWAY_CADENCE_MS = 60000  # all that a quarter is made of; six times as much would wear the flash out for nobody
_MOST_FAILURES = 50  # bursts in a row, ten seconds: then a restart is the only cure left
_MOST_I32 = 0x7FFFFFFF


class App:
    def __init__(self, hardware, lut, ticks_diff):
        """lut: hardware.codes_to_lut(); ticks_diff(later, earlier) of two hardware.ticks_us."""
        self.hw = hardware
        settings = hardware.settings()
        meter, path = settings["meter"], hardware.path()
        self.clock = Clock(ticks_diff)
        self.downlink = Downlink(meter, settings["key"], hardware.load, self._store, settings.get("config", {}))
        self.update = Update(hardware.firmware_path(), meter, settings["key"])
        self.downlink.refusal = self.downlink.refusal or self.update.refusal
        self.registers = Registers(hardware.load("registers"))
        outbox = Outbox(_folder(path, "outbox"), 24, 20, 144)  # a segment fills a block of flash: two days of minutes
        snapshots = Outbox(_folder(path, "snapshots"), 4, 96, 30)  # two or three in RAM, thirty days on flash
        self.uplink = Uplink(
            Link(settings["hub_host"], settings["hub_port"]),
            Session(meter, hardware.random32() or 1),
            self.clock,
            self.registers,
            outbox,
            snapshots,
            self.downlink,
            self.update,
            hardware.random32,
        )
        self.journal = Journal(self.uplink.boot_id, outbox, snapshots, self.uplink.tell, hardware.load("events"))
        self.calibrations = Calibrations(hardware.load, self._store)
        if self.calibrations.is_damaged:
            self.downlink.refuse(Refusal("malformed", "calibration"))
        relay = Relay(hardware.relay, hardware.load, self._store)
        self.commands = Commands(relay, self.calibrations, hardware.SAMPLE_US)
        self.checks = Checks(self.downlink.config)
        self.reading = Reading()
        self.watch = Watch(self.downlink.config, self.downlink.model, hardware.load("features"))
        self.bursts = Bursts(hardware.capture, lut, self.clock.uptime_us, hardware.SAMPLE_US)
        self._adc = self.downlink.config.calibration.get("adc", [])  # in force in the table until the next start
        if self._adc:
            import linearise  # only where there are points: see metering

            linearise.correct(lut, self._adc)
        self._window_from_us = 0
        self._window_until_ms = 0
        self._unix_ms = 0  # wall time at the end of the last burst
        self._quarter_us = -_STEP_US  # uptime at which a quarter ended last
        self._registers_kept_ms = self._features_kept_ms = 0
        self._failures = 0
        self._speaking = None
        self._configure()

    async def run(self):
        """Sample, measure, score, keep, send, feed the watchdog; for ever."""
        while True:
            try:
                if self.bursts.next():
                    self.meter.measure(self.bursts)
                    self.checks.add(self.bursts, self.meter)
                    self.count()
                    self.score()
                    self.keep()
                    self.calibrate()
                    self.hw.feed()
                else:
                    self.reject()
                await self.send()
                self._failures = 0
            except Exception as error:  # the outermost loop: what goes wrong is told, counted, and metering goes on
                sys.print_exception(error)
                self._fail()

    def calibrate(self):
        """Gives the burst to the step of a calibration that is under way."""
        calibrator = self.commands.calibrator
        if calibrator is not None:
            outcome = calibrator.push(self.bursts)
            if outcome is not None:
                self.journal.put_result(*outcome)
                self._calibrate()

    def count(self):
        """Adds the burst's energy to the registers, and takes a snapshot of them where a quarter ends."""
        burst, meter, registers = self.bursts, self.meter, self.registers
        before_ms, self._unix_ms = self._unix_ms, self.clock.unix_ms(burst.end_us // 1000)
        ends_quarter = _same_run(before_ms, self._unix_ms) and before_ms // _QUARTER_MS != self._unix_ms // _QUARTER_MS
        if ends_quarter:
            before_us, self._quarter_us = self._quarter_us, burst.end_us
            ends_quarter = burst.end_us - before_us > _STEP_US  # else the clock was set back, and it was told already
        before = registers.totals[:] if ends_quarter else None
        registers.add(meter.grid_mw, meter.pv_mw, burst.end_us - burst.start_us, burst.gap_us)
        if before is not None:
            self._put_snapshot(before, before_ms)

    def score(self):
        """Watches over the burst, and tells at once what cannot wait, with the reading of this moment."""
        burst, watch = self.bursts, self.watch
        watch.follow(burst, self.meter)
        watch.push(self.meter, burst.covered_us, burst.end_us // 1000, self._unix_ms)
        self._tell_events()

    def reject(self):
        """Counts a burst that disturbances have spoilt; its voltage is judged all the same."""
        self.reading.rejected += self.bursts.bad_cycles
        self.meter.measure_cycles(self.bursts)
        self.watch.follow(self.bursts, self.meter)
        self._tell_events()

    def _tell_events(self):
        watch, uptime_ms = self.watch, self.bursts.end_us // 1000
        if watch.events:
            unix_ms = self.clock.unix_ms(uptime_ms)
            for event in watch.events:
                self.journal.put_event(event, uptime_ms, unix_ms, watch.model_version)
            watch.events.clear()
            self._window_until_ms = 0

    def keep(self):
        """Adds the burst to the reading, and puts that into the outbox when its window is over."""
        burst = self.bursts
        if not self._window_from_us:
            self._window_from_us = burst.start_us
            self._plan_window(burst.start_us // 1000)
        self.update.good_burst(self.uplink.is_accepted)
        self.reading.add(self.meter, burst)
        self.reading.rejected += burst.bad_cycles
        uptime_ms = burst.end_us // 1000
        if uptime_ms >= self._window_until_ms:
            gc.collect()  # while nothing is in flight: fragments cost more than collections
            self._put_reading(uptime_ms)
            self._plan_window(uptime_ms)
            self._keep_house(uptime_ms)

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
        self.reading.rejected += CYCLES
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            self._restart()

    def _configure(self):
        """Takes the configuration in force, and the calibration that it meets."""
        self.calibrations.apply(self.downlink.config)
        self.checks.use_config(self.downlink.config)
        if self.downlink.config.calibration.get("adc", []) != self._adc:
            self.commands.restarts = True  # another table needs 8 kB in one piece: only a fresh heap has them
        self.meter = Meter(self.downlink.config, self.hw.SAMPLE_US)
        self.bursts.use_lag(self.meter.best_lag())
        self.watch.use_config(self.downlink.config)
        for kind, channel, since_s in self.journal.open_events():
            self.watch.reopen(kind, channel, since_s)

    def _calibrate(self):
        """Takes the calibration in force, where a command has changed it."""
        calibrator = self.commands.calibrator
        if calibrator is not None and calibrator.changed:
            calibrator.changed = False
            self._configure()

    def _put_snapshot(self, before, before_ms):
        """The registers at the boundary, in proportion between the ends of two bursts."""
        boundary_ms = self._unix_ms // _QUARTER_MS * _QUARTER_MS
        part_ms, whole_ms = boundary_ms - before_ms, self._unix_ms - before_ms
        totals = [old + (new - old) * part_ms // whole_ms for old, new in zip(before, self.registers.totals)]
        self.journal.put_snapshot(boundary_ms, totals, self._flags() & wire.FLAG_REGISTERS_RESUMED)

    def _put_reading(self, uptime_ms):
        watch, hw, downlink = self.watch, self.hw, self.downlink
        end_us = self.bursts.end_us
        record = self.reading.take(end_us - self._window_from_us, self.meter)
        self._window_from_us = end_us
        record["uptime_ms"] = uptime_ms
        record["ts_ms"] = self._unix_ms
        record["score_milli"] = watch.score_milli
        record["model_version"] = watch.model_version
        record["channel"] = watch.scorer.channel
        record["flags"] = self._flags()
        record["free_bytes"] = hw.free_bytes()
        record["rssi_dbm"] = max(-128, min(0, hw.rssi_dbm()))
        record["reset_cause"] = hw.reset_cause()
        record["clock_offset_ms"] = max(-_MOST_I32, min(_MOST_I32, self.clock.error_ms))
        record["firmware"] = FIRMWARE
        record["config_version"] = downlink.config.version
        record["refusal"] = downlink.refusal
        record["calibration"] = self.calibrations.version
        record["checks"] = checks = self.checks.take()
        watch.check(checks, uptime_ms)  # told with the next burst
        self.journal.put_reading(record, self.registers.totals)
        downlink.refusal = 0

    def _flags(self):
        flags = 0
        for flag, is_set in (
            (wire.FLAG_CLOCK_SET, self._unix_ms),
            (wire.FLAG_PV_FITTED, self.meter.has_pv),
            (wire.FLAG_REGISTERS_RESUMED, self.registers.resumed),
            (wire.FLAG_LEASED, self._is_leased()),
            (wire.FLAG_RELAY_ON, self.commands.relay.is_on),
        ):
            if is_set:
                flags |= flag
        return flags

    def _is_leased(self):
        return 0 < self._unix_ms < self.uplink.lease_until_ms

    def _plan_window(self, uptime_ms):
        """The next reading ends on a multiple of the cadence in UTC: a quarter's last reading ends with the quarter."""
        cadence_ms = self.downlink.config.cadence_ms
        if self.uplink.is_away:
            cadence_ms = _AWAY_CADENCE_MS
        elif self._is_leased() or not self.uplink.lease_until_ms:
            cadence_ms = self.uplink.hub_cadence_ms or cadence_ms
        left_ms = cadence_ms - self._unix_ms % cadence_ms
        if 4 * left_ms < cadence_ms:
            left_ms += cadence_ms  # the clock was set back a little: no sliver of a reading
        self._window_until_ms = uptime_ms + left_ms

    def _keep_house(self, uptime_ms):
        """After every reading: what is due on flash, the relay, and a restart that was asked for."""
        if self.journal.has_news:
            self._store("events", self.journal.dump())
        if uptime_ms - self._registers_kept_ms >= _KEEP_REGISTERS_MS:
            self._keep_registers(uptime_ms)
        if uptime_ms - self._features_kept_ms >= _KEEP_FEATURES_MS:
            self._features_kept_ms = uptime_ms
            self._store("features", self.watch.features.dump())
        self.commands.relay.follow(uptime_ms, self._unix_ms, self.downlink.config)
        if self.commands.restarts or self.update.restarts:
            self._restart()

    def _keep_registers(self, uptime_ms):
        """With a hub away for so long, what was measured meanwhile goes on flash too."""
        self._registers_kept_ms = uptime_ms
        self._store("registers", self.registers.dump())
        if self.uplink.is_away:
            self.journal.flush_readings()

    def _store(self, name, blob):
        """Keeps a blob on flash; where that is full, the oldest readings make room. OSError when that is in vain."""
        while True:
            try:
                return self.hw.store(name, blob)
            except OSError:
                if not self.journal.make_room():
                    raise

    def _follow_hub(self):
        """Does what the last answers of the hub ask for."""
        uptime_ms = self._now_ms()
        changed, commands = self.uplink.taken()
        for name in changed:
            if name == "registers":
                self._keep_registers(uptime_ms)
            elif name == "config":
                self._configure()
                self.commands.relay.follow(uptime_ms, self._unix_ms, self.downlink.config)
            elif name == "model":
                self.watch.use_model(self.downlink.model)
            elif name == "cadence":
                self._window_until_ms = 0  # the next burst ends this reading, and the next one follows the cadence
        for command in commands:
            outcome = self.commands.carry_out(command, uptime_ms, self._unix_ms, self.downlink.config)
            if outcome is not None:
                self.journal.put_result(command[0], *outcome)
        self._calibrate()

    def _restart(self):
        """Puts everything on flash first."""
        self.journal.flush()
        self._store("events", self.journal.dump())
        self._store("features", self.watch.features.dump())
        self._store("registers", self.registers.dump())
        self.hw.reboot()


def _same_run(before_ms, now_ms):
    """Whether both are wall times, and no clock was set between them."""
    return before_ms and 0 < now_ms - before_ms < _QUARTER_MS


def _folder(parent, name):
    """A directory below `parent`, made where it is missing."""
    if name not in os.listdir(parent):
        os.mkdir(parent + "/" + name)
    return parent + "/" + name
