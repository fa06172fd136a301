"""Plays recordings of codes, from files, into bursts, metering, readings and registers: what a meter tells of them."""

from array import array

import bursts
import config
import linearise
import metering
import reading
import registers

from contract.refusal import Refusal

_lut = array("H", bytes(8192))


def set_lut(packed, adc=()):
    """The table of the chip, corrected by the board's own points."""
    memoryview(_lut)[:] = array("H", packed)
    linearise.correct(_lut, adc)


def lut():
    return list(_lut)


def refused(calibration):
    """[code, field] of the refusal of a calibration, None where it is taken."""
    try:
        metering.check_calibration(calibration)
    except Refusal as refusal:
        return [refusal.code, refusal.field]
    return None


class Tape:
    """A front end that plays a file of codes; with `lost_us` it samples only while it is asked to, as an ESP32 does."""

    def __init__(self, path, sample_us, lost_us):
        self.now_us = 0
        self.lost_us = lost_us
        self._file = open(path, "rb")
        self._sample_us = sample_us

    def capture(self, view, n):
        at = -(-self.now_us // self._sample_us)
        if self.lost_us:
            self._file.seek(6 * at)
        wanted = memoryview(view)[: 3 * n]
        if self._file.readinto(wanted) < 6 * n:
            raise OSError("played")
        self.now_us = (at + n) * self._sample_us
        return at * self._sample_us

    def close(self):
        self._file.close()


def play(path, settings, window_ms, sample_us=250, lost_us=0):
    """What a meter configured by `settings` tells of a recording.

    lost_us: of arithmetic after each burst; a front end that loses it waits for the next crossing as well.
    {"bursts": [[f_mhz, v_mv, grid_mw, pv_mw], …], "readings": [record with from_us and to_us, …], "registers": [4],
    "covered_us", "from_us", "to_us"}
    """
    tape = Tape(path, sample_us, lost_us)
    stream = bursts.Bursts(tape.capture, _lut, lambda ticks: ticks, sample_us)
    meter = metering.Meter(config.from_record(settings), sample_us)
    stream.use_lag(meter.best_lag())
    gathered = reading.Reading()
    counted = registers.Registers()
    told = {"bursts": [], "readings": [], "covered_us": 0}
    begin_us = since_us = None
    while True:
        try:
            is_regular = stream.next()
        except OSError:
            break
        if not is_regular:
            gathered.rejected += stream.bad_cycles
            continue
        meter.measure(stream)
        length_us = stream.end_us - stream.start_us
        if begin_us is None:
            begin_us = since_us = stream.start_us
        counted.add(meter.grid_mw, meter.pv_mw, length_us, stream.gap_us)
        gathered.add(meter, stream)
        gathered.rejected += stream.bad_cycles
        told["bursts"].append([stream.f_mhz, meter.v_mv, meter.grid_mw, meter.pv_mw])
        told["covered_us"] += stream.covered_us
        if stream.end_us - since_us >= 1000 * window_ms - 100000:
            record = gathered.take(stream.end_us - since_us, meter)
            record["from_us"], record["to_us"] = since_us, stream.end_us
            told["readings"].append(record)
            since_us = stream.end_us
        if lost_us:
            tape.now_us += lost_us
            tape.now_us += 1000 * stream.wait_ms(tape.now_us, 4)
    tape.close()
    told["registers"] = counted.totals
    told["from_us"], told["to_us"] = begin_us, stream.end_us
    return told
