"""Plays bursts into readings and into the watch over them."""

import config
import metering
import reading
import score
import voltage

from contract import unpacking


class _Clamp:
    def __init__(self):
        self.a2 = 0.0


class _Meter:
    """A meter whose steps are volts."""

    def __init__(self, has_pv):
        self.has_pv = has_pv
        self.grid = _Clamp()
        self.pv = _Clamp()

    def mv_of(self, v2):
        return round(1000 * v2**0.5)

    def v2_of(self, mv):
        return (mv / 1000) ** 2


class _Burst:
    """Ten cycles of 20 ms; `volts` of its half cycles, the one before it first."""

    halves = 21

    def __init__(self):
        self.volts = [0.0] * 21
        self.end_us = 0

    def follow(self, volts):
        """volts: twenty half cycles."""
        self.volts = self.volts[-1:] + list(volts)
        self.end_us += 200000

    def half_v2(self, k):
        return self.volts[k] ** 2

    def cycle_v2(self, k, usual_v2):
        return (self.half_v2(k) + self.half_v2(k + 1)) / 2

    def point_us(self, k):
        return self.end_us - (21 - k) * 10000

    def extremes(self, meter):
        """Sets those of the meter."""
        found = [meter.mv_of(self.cycle_v2(k, 0)) for k in range(0 if self.volts[0] else 1, 20)]
        meter.v_min_mv, meter.v_max_mv = min(found), max(found)


class _Added:
    """What bursts.Bursts would say of a burst that a reading takes."""

    def __init__(self, start_us, f_mhz, length_us, clipped, gap_us=0):
        self.start_us = start_us + gap_us
        self.end_us = self.start_us + length_us
        self.covered_us = length_us
        self.f_mhz = f_mhz
        self.clipped = clipped
        self.gap_us = gap_us


def _real_meter(has_pv, calibration):
    return metering.Meter(config.from_record({"pv_fitted": has_pv, "calibration": dict(calibration)}))


def _burst(meter, v_v, grid_w, grid_var, grid_a, pv_w):
    meter.v_mv = meter.v_min_mv = meter.v_max_mv = round(v_v * 1000)
    meter.v2 = v_v * v_v
    meter.grid_mw = round(grid_w * 1000)
    meter.grid_mvar = round(grid_var * 1000)
    meter.grid.a2 = grid_a * grid_a
    meter.pv_mw = round(pv_w * 1000) if meter.has_pv else 0
    meter.pv_mvar = 0
    meter.pv.a2 = (pv_w / 230) ** 2
    meter.house_mw = meter.grid_mw + max(0, meter.pv_mw)


def read(bursts, window_ms, calibration=(), has_pv=True):
    """bursts: [v, grid W, grid var, grid A, PV W, f_mhz, length_us, clipped, gap_us before it]."""
    meter = _real_meter(has_pv, calibration)
    gathered = reading.Reading()
    end_us = 0
    for burst in bursts:
        _burst(meter, *burst[:5])
        meter.v_min_mv = meter.v_max_mv = meter.v_mv
        added = _Added(end_us, *burst[5:])
        gathered.add(meter, added)
        end_us = added.end_us
    return gathered.take(window_ms * 1000, meter)


def uncertainty(calibration, channel, mw, mvar, v_mv, ma, covered_us):
    """[mW]: what Meter.uncertainty_mw says under a calibration."""
    meter = _real_meter(True, calibration)
    return meter.uncertainty_mw(meter.pv if channel == "pv" else meter.grid, mw, mvar, v_mv, ma, covered_us)


def power_factor(*arguments):
    return reading.power_factor_permille(*arguments)


def watch(spans, start_unix_ms, packed_model=None, has_pv=True, burst_ms=200, high_dv=2530, clock_set_ms=0):
    """spans: [seconds, v, grid W, grid var, grid A, PV W] in turn. Returns the events with their end times, the last
    score and the model's version. clock_set_ms: uptime from which the clock is set; start_unix_ms 0: never."""
    configuration = config.Config()
    configuration.has_pv = has_pv
    configuration.high_dv = high_dv
    model = unpacking.unpack(packed_model) if packed_model else None
    made = score.Watch(configuration, model)
    meter = _Meter(has_pv)
    stream = _Burst()
    told = []
    uptime_ms = 0
    for seconds, v_v, grid_w, grid_var, grid_a, pv_w in spans:
        _burst(meter, v_v, grid_w, grid_var, grid_a, pv_w)
        for k in range(seconds * 1000 // burst_ms):
            meter.grid_mw += 1000 * (k * 7 % 13 - 6) + k * burst_ms // 60000 % 5 * 2000  # nothing real repeats itself
            uptime_ms += burst_ms
            stream.follow([v_v] * 20)
            stream.extremes(meter)
            made.follow(stream, meter)
            is_set = start_unix_ms and uptime_ms >= clock_set_ms
            made.push(meter, burst_ms * 1000, uptime_ms, start_unix_ms + uptime_ms if is_set else 0)
            meter.grid_mw = round(grid_w * 1000)
            for event in made.events:
                told.append([uptime_ms] + list(event))
            made.events.clear()
    return [told, made.score_milli, made.model_version]


def voltages(halves):
    """halves: [volts, how many half cycles] in turn, whole bursts in all. When each event is told, and the event."""
    rule = voltage.VoltageEvents(230000)
    meter, stream = _Meter(False), _Burst()
    volts = []
    for v_v, count in halves:
        volts += [v_v] * count
    told = []
    for at in range(0, len(volts), 20):
        stream.follow(volts[at : at + 20])
        stream.extremes(meter)
        if not rule.is_calm(meter):
            told += [[stream.end_us] + list(event) for event in rule.push(stream, meter)]
    return told


def restarted(dump):
    """Whether a dump is taken: the last minute it knew."""
    return score.Watch(config.Config(), None, dump).features.last_minute


def checks(readings, reopened=()):
    """readings: the bits of wire.CHECKS of each, 10 s apart; reopened: channels of events that were open before the
    restart. Returns (uptime [s], phase, kind, channel, began [s]) of what is told."""
    made = score.Watch(config.Config(), None)
    for channel in reopened:
        made.reopen("sensor", channel, 0)
    told = []
    for k in range(len(readings)):
        made.check(readings[k], 10000 * k)
        told += [[10 * k, event[0], event[1], event[2], event[7] // 1000] for event in made.events]
        made.events.clear()
    return told
